# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Tests of the QMI codec and of the modem's clients and channels: as strict as a modem."""

import struct
import unittest

import qmi
from qmi import Refused, Result, Service
from qmi_modem import QmiHost
from radio import Ready
from uim import LOGICAL_CHANNEL, OPEN, SEND_APDU, Uim, swapped

AID = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
KNOBS = {"collect": True, "long_from": 20, "chunk": 10, "chunks_first": True}


def frame(service, client, number, *tlvs, transaction=1):
    """A request as a host sends it."""
    body = b"".join(qmi.tlv(*item) for item in tlvs)
    sdu = struct.pack("<BBHH" if service == Service.CTL else "<BHHH", 0, transaction, number, len(body)) + body
    return struct.pack("<BHBBB", 1, len(sdu) + 5, 0, service, client) + sdu


class Codec(unittest.TestCase):
    def test_stream(self):
        one, two = frame(Service.CTL, 0, 0x21), frame(Service.UIM, 3, OPEN, (1, b"\1"), (0x10, b"\2\3\4"))
        self.assertEqual(qmi.split_stream(one + two + one[:4]), ([one, two], one[:4]))
        with self.assertRaises(qmi.BadMessage):
            qmi.split_stream(b"\2" + one[1:])

    def test_request(self):
        request = qmi.parse(frame(Service.UIM, 3, OPEN, (1, b"\1"), (0x10, b"\2\3\4"), transaction=0x1234))
        self.assertEqual((request.service, request.client, request.transaction, request.id), (11, 3, 0x1234, OPEN))
        self.assertEqual((request.number(1), request.counted(0x10)), (1, b"\3\4"))
        for read, result in ((lambda: request.get(2), Result.MISSING_ARGUMENT),
                             (lambda: request.number(1, 4), Result.MALFORMED_MESSAGE),
                             (lambda: request.counted(0x10, 2), Result.MALFORMED_MESSAGE)):
            with self.assertRaises(Refused) as caught:
                read()
            self.assertEqual(caught.exception.result, result)

    def test_what_contradicts_itself(self):
        good = frame(Service.UIM, 3, OPEN, (1, b"\1"))
        twice = frame(Service.UIM, 3, OPEN, (1, b"\1"), (1, b"\1"))
        for bad in (good[:8], good[:11] + b"\3" + good[12:], good[:6] + b"\2" + good[7:], good[:-1], twice):
            with self.assertRaises(qmi.BadMessage):
                qmi.parse(bad)


class Card:
    """A card with three channels that echoes APDUs."""

    eid = "89" + "0" * 30

    def __init__(self):
        self.open = set()

    def open_channel(self, _aid):
        free = [number for number in (1, 2, 3) if number not in self.open]
        if not free:
            return 0, 0x6A81, b""
        self.open.add(free[0])
        return free[0], 0x9000, b"\x6f\0"

    def close_channel(self, number):
        self.open.discard(number)

    @staticmethod
    def transmit(apdu):
        return apdu + b"\x90\0"


class Device:
    """What a QmiHost needs of its device."""

    plugged, loop, reset = True, None, None

    @staticmethod
    def execute(_point, run, _refuse):
        run(None, True)

    def after_apdu(self):
        pass


class Radio:
    profile, ready = None, Ready.NO_ESIM_PROFILE

    def lose_card(self):
        pass


class Host(unittest.TestCase):
    """Clients, and the channels that belong to them."""

    def setUp(self):
        self.card, self.sent = Card(), []
        uim = Uim(self.card, dict(KNOBS), Radio(), lambda *words: self.host.indicate(*words))
        self.host = QmiHost(Device(), Radio(), uim, self.sent.append)

    def ask(self, service, client, number, *tlvs):
        """(result, TLVs) of the response."""
        self.host.request(frame(service, client, number, *tlvs), self.sent.append)
        head = 12 if service == Service.CTL else 13
        body, found = self.sent[-1][head:], {}
        while body:
            kind, length = struct.unpack_from("<BH", body)
            found[kind] = body[3:3 + length]
            body = body[3 + length:]
        return struct.unpack("<HH", found.pop(qmi.RESULT))[1], found

    def allocate(self):
        result, tlvs = self.ask(Service.CTL, 0, 0x22, (1, bytes((Service.UIM,))))
        self.assertEqual(result, 0)
        return tlvs[1][1]

    def open(self, client):
        return self.ask(Service.UIM, client, OPEN, (1, b"\1"), (0x10, qmi.counted(AID)))

    def close(self, client, channel):
        return self.ask(Service.UIM, client, LOGICAL_CHANNEL, (1, b"\1"), (0x11, bytes((channel,))))[0]

    def test_no_client_no_service(self):
        self.assertEqual(self.open(1)[0], Result.INVALID_CLIENT_ID)
        self.assertEqual(self.ask(Service.CTL, 0, 0x22, (1, b"\x55"))[0], Result.INVALID_SERVICE_TYPE)
        self.assertEqual(self.ask(Service.CTL, 0, 0x23, (1, bytes((Service.UIM, 9))))[0], Result.INVALID_CLIENT_ID)

    def test_a_channel_is_its_openers(self):
        mine, other = self.allocate(), self.allocate()
        self.assertEqual(self.open(mine)[1][0x10], b"\1")
        self.assertEqual(self.close(other, 1), Result.INVALID_ARGUMENT)
        apdu = (1, b"\1"), (2, qmi.counted(b"\x81\xe2\x91\0", 2)), (0x10, b"\1")
        self.assertEqual(self.ask(Service.UIM, other, SEND_APDU, *apdu)[0], Result.INVALID_ARGUMENT)
        self.assertEqual(self.ask(Service.UIM, mine, SEND_APDU, *apdu)[0], 0)
        self.assertEqual((self.close(mine, 1), self.close(mine, 1)), (0, Result.INVALID_ARGUMENT))

    def test_a_released_clients_channels_stay_open(self):
        for _ in range(3):
            client = self.allocate()
            self.assertEqual(self.open(client)[0], 0)
            self.ask(Service.CTL, 0, 0x23, (1, bytes((Service.UIM, client))))
        self.assertEqual(self.open(self.allocate()), (Result.INSUFFICIENT_RESOURCES, {0x11: b"\x6a\x81"}))

    def test_long_answer(self):
        client = self.allocate()
        self.open(client)
        del self.sent[:]
        apdu = b"\x81\xe2\x91\0" + bytes(range(21))
        result, tlvs = self.ask(Service.UIM, client, SEND_APDU, (1, b"\1"), (0x10, b"\1"), (2, qmi.counted(apdu, 2)))
        self.assertEqual((result, tlvs), (Result.INSUFFICIENT_RESOURCES, {0x11: struct.pack("<HI", 27, 1)}))
        parts = [struct.unpack_from("<IHHH", sent, 16) + (sent[26:],) for sent in self.sent[:-1]]
        self.assertEqual([part[:4] for part in parts], [(1, 27, 0, 10), (1, 27, 10, 10), (1, 27, 20, 7)])
        self.assertEqual(b"".join(part[4] for part in parts), apdu + b"\x90\0")

    def test_digits(self):
        self.assertEqual((swapped("8988"), swapped("898")), ("9888", "98F8"))


if __name__ == "__main__":
    unittest.main()
