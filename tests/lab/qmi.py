# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The QMI codec, modem's side: QMUX frames, messages and their TLVs; no I/O."""

import enum
import struct
from collections import namedtuple

MARKER, FROM_SERVICE, CTL_CID, BROADCAST = 0x01, 0x80, 0, 0xFF
RESULT = 0x02  # the TLV of every response


class Service(enum.IntEnum):
    """The services that the modem has."""
    CTL = 0x00
    WDS = 0x01
    DMS = 0x02
    NAS = 0x03
    UIM = 0x0B
    WDA = 0x1A


class Result(enum.IntEnum):
    """The error codes that the modem answers with."""
    NONE = 0
    MALFORMED_MESSAGE = 1
    INTERNAL = 3
    CLIENT_IDS_EXHAUSTED = 5
    INVALID_CLIENT_ID = 7
    INVALID_HANDLE = 9
    CALL_FAILED = 14
    OUT_OF_CALL = 15
    NOT_PROVISIONED = 16
    MISSING_ARGUMENT = 17
    NO_EFFECT = 26
    INVALID_SERVICE_TYPE = 31
    INVALID_ARGUMENT = 48
    DEVICE_NOT_READY = 52
    INSUFFICIENT_RESOURCES = 68
    INVALID_QMI_COMMAND = 71
    SIM_FILE_NOT_FOUND = 80
    ACCESS_DENIED = 82


class BadMessage(Exception):
    """What the host sent contradicts itself."""


class Refused(Exception):
    """A request's refusal: a result, and the TLVs that go with it."""

    def __init__(self, result, tlvs=()):
        super().__init__(getattr(result, "name", str(result)))
        self.result, self.tlvs = int(result), list(tlvs)


class Request(namedtuple("Request", "service client transaction id tlvs")):
    """One request; TLVS by type."""

    def get(self, kind, size=None):
        """The value of TLV KIND, which must be there, and SIZE bytes long if that is given."""
        if kind not in self.tlvs:
            raise Refused(Result.MISSING_ARGUMENT)
        if size is not None and len(self.tlvs[kind]) != size:
            raise Refused(Result.MALFORMED_MESSAGE)
        return self.tlvs[kind]

    def number(self, kind, size=1):
        return int.from_bytes(self.get(kind, size), "little")

    def counted(self, kind, prefix=1):
        """The array in TLV KIND, behind its length of PREFIX bytes."""
        value = self.get(kind)
        if len(value) < prefix or len(value) != prefix + int.from_bytes(value[:prefix], "little"):
            raise Refused(Result.MALFORMED_MESSAGE)
        return value[prefix:]

    def text(self, kind):
        return self.get(kind).decode() if kind in self.tlvs else ""


def split_stream(data):
    """Cut complete frames off DATA; return (frames, rest). BadMessage where no frame begins."""
    frames = []
    while len(data) >= 3:
        if data[0] != MARKER:
            raise BadMessage(f"frame begins with {data[0]:02x}")
        end = 1 + int.from_bytes(data[1:3], "little")
        if len(data) < end:
            break
        frames.append(bytes(data[:end]))
        data = data[end:]
    return frames, data


def _heads(service):
    """The SDU's header, and the flag bits of response and indication in it."""
    return ("<BBHH", 1, 2) if service == Service.CTL else ("<BHHH", 2, 4)


def parse(frame):
    """The Request in one frame; BadMessage for what is none."""
    if len(frame) < 6:
        raise BadMessage("short frame")
    flags, service, client = frame[3:6]
    layout, *_ = _heads(service)
    size = struct.calcsize(layout)
    if flags != 0 or len(frame) < 6 + size:
        raise BadMessage("not from a control point, or short")
    kind, transaction, number, length = struct.unpack_from(layout, frame, 6)
    body = frame[6 + size:]
    if kind != 0 or length != len(body):
        raise BadMessage("no request, or the TLVs' length is wrong")
    return Request(service, client, transaction, number, _parse_tlvs(body))


def _parse_tlvs(body):
    tlvs = {}
    while body:
        if len(body) < 3:
            raise BadMessage("a TLV is cut off")
        kind, length = struct.unpack_from("<BH", body)
        if len(body) < 3 + length or kind in tlvs:
            raise BadMessage(f"TLV {kind:02x} is cut off, or twice there")
        tlvs[kind] = body[3:3 + length]
        body = body[3 + length:]
    return tlvs


def tlv(kind, value):
    return struct.pack("<BH", kind, len(value)) + value


def counted(value, prefix=1):
    return len(value).to_bytes(prefix, "little") + value


def _frame(service, client, sdu):
    return struct.pack("<BHBBB", MARKER, len(sdu) + 5, FROM_SERVICE, service, client) + sdu


def response(request, result, tlvs=(), shuffled=False):
    """The frame that answers REQUEST; SHUFFLED: with its TLVs in another order than usual."""
    values = [tlv(RESULT, struct.pack("<HH", int(result != 0), result)), *(tlv(*item) for item in tlvs)]
    body = b"".join(reversed(values) if shuffled else values)
    layout, flag, _ = _heads(request.service)
    return _frame(request.service, request.client,
                  struct.pack(layout, flag, request.transaction, request.id, len(body)) + body)


def indication(service, client, number, tlvs):
    body = b"".join(tlv(*item) for item in tlvs)
    layout, _, flag = _heads(service)
    return _frame(service, client, struct.pack(layout, flag, 0, number, len(body)) + body)
