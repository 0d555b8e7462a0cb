# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Tests of the modem's UICC service, by a raw MBIM client through the real mbim-proxy; they enter tests/lab/run."""

import os
import select
import socket
import struct
import sys
import tempfile
import unittest
import uuid

import bed
import mbim
from control import ask
from mbim import BASIC, MS_BASIC_EXT, MS_UICC, Basic, Ext, Kind, Reader, Status, Uicc, Writer

RUN = os.path.join(bed.HERE, "run")
PROXY_CONTROL = uuid.UUID("838cf7fb-8d0d-4d7f-871e-d71dbefbb39b")
ISD_R = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
GET_EID = bytes.fromhex("80E2910006BF3E035C015A00")
GROUP = 2


def setUpModule():
    if "LAB_DIR" not in os.environ:
        os.execv(RUN, [RUN, "--bare", *sys.orig_argv])


class Client:
    """A host behind mbim-proxy, which speaks MBIM on an abstract socket once it is told the device."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(5)
        self.socket.connect("\0mbim-proxy")
        self.transaction, self.input = 0, b""
        self.command(PROXY_CONTROL, 1, Kind.SET, Writer().string("/dev/cdc-wdm0").u32(5).finish())
        self._send([struct.pack("<IIII", mbim.OPEN, 16, self._next(), mbim.MAX_TRANSFER)])
        self._receive(mbim.OPEN_DONE)

    def _next(self):
        self.transaction += 1
        return self.transaction

    def _send(self, messages):
        self.socket.sendall(b"".join(messages))

    def _receive(self, wanted):
        """The body of the next message of type WANTED for our transaction."""
        while True:
            messages, self.input = mbim.split_stream(self.input)
            for position, message in enumerate(messages):
                kind, transaction, body = mbim.header(message)
                if kind == wanted and transaction == self.transaction:
                    self.input = b"".join(messages[position + 1:]) + self.input
                    return body
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionResetError("mbim-proxy closed the connection")
            self.input += data

    def command(self, service, cid, kind, info=b""):
        """(status, information buffer) of one command."""
        self._send(mbim.pack_command(self._next(), service, cid, kind, info, self.max_transfer))
        payload = b""
        while True:
            body = self._receive(mbim.COMMAND_DONE)
            total, current = struct.unpack_from("<II", body)
            payload += body[8:]
            if current + 1 == total:
                status, length = struct.unpack_from("<II", payload, 20)
                assert length == len(payload) - 28
                return status, payload[28:]

    max_transfer = mbim.MAX_TRANSFER

    def open(self, aid=ISD_R, group=GROUP):
        wish = Writer().uicc_data(aid).u32(0, group).finish()
        status, info = self.command(MS_UICC, Uicc.OPEN_CHANNEL, Kind.SET, wish)
        reader = Reader(info)
        return (status, *((reader.u32(), reader.u32(), reader.uicc_data()) if info else ()))

    def apdu(self, channel, apdu):
        status, info = self.command(MS_UICC, Uicc.APDU, Kind.SET, Writer().u32(channel, 0, 0).uicc_data(apdu).finish())
        if status:
            return status, None, None
        reader = Reader(info)
        return status, reader.u32(), reader.uicc_data()

    def close(self, channel, group=0):
        return self.command(MS_UICC, Uicc.CLOSE_CHANNEL, Kind.SET, Writer().u32(channel, group).finish())[0]


class UiccService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = bed.Lab(tempfile.mkdtemp(dir=os.environ["LAB_DIR"]), with_mm=False)
        cls.addClassCleanup(cls.lab.stop)
        cls.lab.start()

    def setUp(self):
        self.client = Client()
        self.addCleanup(self._close_group)
        self.addCleanup(self.client.socket.close)

    def _close_group(self):
        """By a new client, as after a crash."""
        client = Client()
        client.close(0, GROUP)
        client.socket.close()

    def modem(self, do, **arguments):
        return ask("modem", do, self.lab.dir, **arguments)

    def set(self, **knobs):
        before = self.modem("state")["knobs"]
        self.addCleanup(self.modem, "set", **{name: before[name] for name in knobs})
        self.modem("set", **knobs)

    def test_eid(self):
        status, word, channel, fci = self.client.open()
        self.assertEqual((status, word), (Status.SUCCESS, 0x0090))  # SW1 is the low byte
        self.assertTrue(fci.startswith(b"\x6f"))
        status, word, data = self.client.apdu(channel, GET_EID)
        self.assertEqual((status, word, data[:5].hex()), (Status.SUCCESS, 0x0090, "bf3e125a10"))
        self.assertEqual(self.client.close(channel), Status.SUCCESS)
        self.assertEqual(self.client.close(channel), Status.INVALID_LOGICAL_CHANNEL)
        self.assertEqual(self.client.apdu(channel, GET_EID)[0], Status.INVALID_LOGICAL_CHANNEL)

    def test_more_data_is_for_the_host_when_the_modem_does_not_collect(self):
        self.set(collect=False)
        _, _, channel, _ = self.client.open()
        status, word, data = self.client.apdu(channel, GET_EID)
        self.assertEqual((status, word & 0xFF, data), (Status.SUCCESS, 0x61, b""))
        status, word, data = self.client.apdu(channel, bytes((0x80, 0xC0, 0, 0, word >> 8)))
        self.assertEqual((word, data[:5].hex()), (0x0090, "bf3e125a10"))

    def test_three_channels_and_closing_a_group(self):
        opened = [self.client.open()[0] for _ in range(3)]
        self.assertEqual(opened, [Status.SUCCESS] * 3)
        self.assertEqual(self.client.open()[0], Status.NO_LOGICAL_CHANNELS)
        self.assertEqual(self.client.close(0, GROUP + 1), Status.SUCCESS)  # another's group: nothing of ours is closed
        self.assertEqual(len(self.modem("state")["groups"]), 3)
        self.assertEqual(self.client.close(0, GROUP), Status.SUCCESS)
        self.assertEqual(self.modem("state")["groups"], {})
        self.assertEqual(self.client.open()[0], Status.SUCCESS)

    def test_unknown_application(self):
        self.assertEqual(self.client.open(bytes.fromhex("A0000000000000"))[0], Status.SELECT_FAILED)
        self.assertEqual(self.modem("state")["groups"], {})

    def test_bad_buffers_are_refused(self):
        for cid, info in ((Uicc.APDU, b""), (Uicc.APDU, struct.pack("<IIIII", 0, 0, 0, 5, 24)),
                          (Uicc.OPEN_CHANNEL, Writer().uicc_data(b"abc").u32(0, 2).finish()),
                          (Uicc.TERMINAL_CAPABILITY, struct.pack("<I", 900))):
            self.assertEqual(self.client.command(MS_UICC, cid, Kind.SET, info)[0], Status.INVALID_PARAMETERS)
        self.assertEqual(self.client.command(MS_UICC, 99, Kind.SET)[0], Status.NO_DEVICE_SUPPORT)
        self.assertEqual(self.client.command(MS_UICC, Uicc.APDU, Kind.QUERY)[0], Status.NO_DEVICE_SUPPORT)

    def test_terminal_capability_comes_back(self):
        info = Writer().u32(1).items([bytes.fromhex("830107")]).finish()
        self.assertEqual(self.client.command(MS_UICC, Uicc.TERMINAL_CAPABILITY, Kind.SET, info), (0, info))
        self.assertEqual(self.client.command(MS_UICC, Uicc.TERMINAL_CAPABILITY, Kind.QUERY), (0, info))

    def test_reset_closes_channels(self):
        _, _, channel, _ = self.client.open()
        status, _ = self.client.command(MS_UICC, Uicc.RESET, Kind.SET, Writer().u32(0).finish())
        self.assertEqual(status, Status.SUCCESS)
        self.assertEqual(self.client.apdu(channel, GET_EID)[0], Status.INVALID_LOGICAL_CHANNEL)

    def test_refresh_after_the_profile_is_enabled(self):
        self.set(refresh_seconds=0.1, register_seconds=0.1)
        self.lab.wait(lambda: self.modem("state")["ready"] == "NO_ESIM_PROFILE", 5, "the card is read")
        ask("euicc", "add_profile", self.lab.dir, iccid="8988303000000000001", imsi="901280000000001")
        _, _, channel, _ = self.client.open()
        iccid = bytes.fromhex("988803030000000000F1")  # as EF.ICCID has it: digits swapped in pairs
        enable = bytes.fromhex("80E2910014BF3111A00C5A0A") + iccid + bytes.fromhex("8101FF00")
        self.assertEqual(self.client.apdu(channel, enable)[1:], (0x0090, bytes.fromhex("bf3103800100")))
        self.lab.wait(lambda: self.modem("state")["register"] == "ROAMING", 5, "registered")
        state = self.modem("state")
        self.assertEqual((state["profile"]["iccid"], state["groups"]), ("8988303000000000001", {}))
        self.assertEqual(self.client.close(channel), Status.INVALID_LOGICAL_CHANNEL)
        status, info = self.client.command(BASIC, Basic.SUBSCRIBER_READY_STATUS, Kind.QUERY)
        reader = Reader(info)
        self.assertEqual((status, reader.u32(), reader.string(), reader.string()),
                         (Status.SUCCESS, 1, "901280000000001", "8988303000000000001"))

    def test_slot_says_what_the_card_has(self):
        self.lab.wait(lambda: self.modem("state")["ready"] != "NOT_INITIALIZED", 5, "the card is read")
        status, info = self.client.command(MS_BASIC_EXT, Ext.SLOT_INFO_STATUS, Kind.QUERY, Writer().u32(0).finish())
        profile = self.modem("state")["profile"]
        self.assertEqual((status, struct.unpack("<II", info)), (Status.SUCCESS, (0, 7 if profile else 8)))

    def test_fragments_of_a_large_command(self):
        self.client.max_transfer = 64
        status, _, _ = self.client.apdu(0, bytes.fromhex("00A40400C8") + bytes(200))
        self.assertEqual(status, Status.SUCCESS)

    def test_faults(self):
        _, _, channel, _ = self.client.open()
        self.modem("fault", at="uicc.apdu", how="status", code=int(Status.BUSY))
        self.assertEqual(self.client.apdu(channel, GET_EID)[0], Status.BUSY)
        self.modem("fault", at="uicc.apdu", how="response", data="6f00")
        self.assertEqual(self.client.apdu(channel, GET_EID), (Status.SUCCESS, 0x006F, b""))
        self.modem("fault", at="uicc.apdu", how="delay", seconds=0.2)
        self.assertEqual(self.client.apdu(channel, GET_EID)[1], 0x0090)

    def test_unplugging_is_seen_at_once(self):
        self.modem("unplug")
        self.addCleanup(self.modem, "plug")
        readable, _, _ = select.select([self.client.socket], [], [], 2)
        self.assertTrue(readable)
        self.assertEqual(self.client.socket.recv(1), b"")


if __name__ == "__main__":
    unittest.main()
