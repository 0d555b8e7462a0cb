# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The MBIM codec, modem's side: messages, fragments and information buffers as in MBIM 1.0 (USB-IF); no I/O."""

import enum
import struct
import uuid
from collections import namedtuple

MAX_TRANSFER = 4096  # wMaxControlMessage of the simulated function
MAX_INFORMATION = 65536  # what this function is willing to reassemble

OPEN, CLOSE, COMMAND, HOST_ERROR = 1, 2, 3, 4
OPEN_DONE, CLOSE_DONE, COMMAND_DONE, FUNCTION_ERROR, INDICATE_STATUS = (
    0x80000001, 0x80000002, 0x80000003, 0x80000004, 0x80000007)

BASIC = uuid.UUID("a289cc33-bcbb-8b4f-b6b0-133ec2aae6df")
MS_BASIC_EXT = uuid.UUID("3d01dcc5-fef5-4d05-0d3a-bef7058e9aaf")
MS_UICC = uuid.UUID("c2f6588e-f037-4bc9-8665-f4d44bd09367")
QMI = uuid.UUID("d1a30bc2-f97a-6e43-bf65-c7e24fb0f0d3")
CONTEXT_NONE = uuid.UUID("b43f758c-a560-4b46-b35e-c5869641fb54")
CONTEXT_INTERNET = uuid.UUID("7e5e2a7e-4e6f-7272-736b-656e7e5e2a7e")


TLV_WCHAR_STRING, TLV_UINT16_TABLE = 10, 11  # MBIMEx 3.0


class Kind(enum.IntEnum):
    QUERY = 0
    SET = 1


class Basic(enum.IntEnum):
    """The CIDs of Basic Connect (MBIM 1.0, 10.5) that the modem knows."""
    DEVICE_CAPS = 1
    SUBSCRIBER_READY_STATUS = 2
    RADIO_STATE = 3
    PIN = 4
    PIN_LIST = 5
    HOME_PROVIDER = 6
    REGISTER_STATE = 9
    PACKET_SERVICE = 10
    SIGNAL_STATE = 11
    CONNECT = 12
    PROVISIONED_CONTEXTS = 13
    IP_CONFIGURATION = 15
    DEVICE_SERVICES = 16
    DEVICE_SERVICE_SUBSCRIBE_LIST = 19
    PACKET_STATISTICS = 20


class Ext(enum.IntEnum):
    """The CIDs of Microsoft's Basic Connect Extensions that the modem knows."""
    SYS_CAPS = 5
    DEVICE_CAPS = 6
    DEVICE_SLOT_MAPPINGS = 7
    SLOT_INFO_STATUS = 8
    DEVICE_RESET = 10
    VERSION = 15


class Uicc(enum.IntEnum):
    """The CIDs of Microsoft's UICC Low Level Access."""
    ATR = 1
    OPEN_CHANNEL = 2
    CLOSE_CHANNEL = 3
    APDU = 4
    TERMINAL_CAPABILITY = 5
    RESET = 6


class Qmi(enum.IntEnum):
    """The one CID of the service that carries QMI's frames."""
    MSG = 1


SERVICES = {BASIC: Basic, MS_BASIC_EXT: Ext, MS_UICC: Uicc, QMI: Qmi}


class Status(enum.IntEnum):
    """The status codes (MBIM 1.0, 9.4.5, and the UICC service's own) that the modem uses."""
    SUCCESS = 0
    BUSY = 1
    FAILURE = 2
    SIM_NOT_INSERTED = 3
    NOT_REGISTERED = 7
    NO_DEVICE_SUPPORT = 9
    PACKET_SERVICE_DETACHED = 12
    MAX_ACTIVATED_CONTEXTS = 13
    NOT_INITIALIZED = 14
    CONTEXT_NOT_ACTIVATED = 16
    RADIO_POWER_OFF = 20
    INVALID_PARAMETERS = 21
    NO_LOGICAL_CHANNELS = 0x87430001
    SELECT_FAILED = 0x87430002
    INVALID_LOGICAL_CHANNEL = 0x87430003


class Protocol(enum.IntEnum):
    """Error codes of MBIM_FUNCTION_ERROR_MSG (MBIM 1.0, 9.3.4)."""
    TIMEOUT_FRAGMENT = 1
    FRAGMENT_OUT_OF_SEQUENCE = 2
    LENGTH_MISMATCH = 3
    DUPLICATED_TID = 4
    NOT_OPENED = 5
    UNKNOWN = 6
    CANCEL = 7
    MAX_TRANSFER = 8


class MessageError(Exception):
    """The host broke the message layer: answered by MBIM_FUNCTION_ERROR_MSG."""

    def __init__(self, code, transaction):
        super().__init__(f"{Protocol(code).name}, transaction {transaction}")
        self.code, self.transaction = Protocol(code), transaction


class BadBuffer(Exception):
    """The host sent an information buffer that contradicts itself: answered by status INVALID_PARAMETERS."""


class Refused(Exception):
    """A CID's refusal: a status, and the information buffer that goes with it."""

    def __init__(self, status, info=b""):
        super().__init__(getattr(status, "name", hex(status)))
        self.status, self.info = int(status), info


Command = namedtuple("Command", "transaction service cid kind info")


class Reader:
    """Reads one information buffer from its start; every offset and length is checked against the buffer."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def _take(self, length):
        if self._at + length > len(self._data):
            raise BadBuffer(f"buffer of {len(self._data)} bytes ends within a field at {self._at}")
        self._at += length
        return self._data[self._at - length:self._at]

    def _slice(self, offset, length):
        if length and (offset % 4 or offset + length > len(self._data)):
            raise BadBuffer(f"{length} bytes at {offset} in a buffer of {len(self._data)}")
        return self._data[offset:offset + length] if length else b""

    def u16(self):
        return struct.unpack("<H", self._take(2))[0]

    def u32(self):
        return struct.unpack("<I", self._take(4))[0]

    def uuid(self):
        return uuid.UUID(bytes=self._take(16))

    def data(self):
        """A byte array by (offset, length): what all of MBIM uses, except the UICC service's arrays."""
        offset, length = self.u32(), self.u32()
        return self._slice(offset, length)

    def uicc_data(self):
        """A byte array by (length, offset), the order of Microsoft's UICC service."""
        length, offset = self.u32(), self.u32()
        return self._slice(offset, length)

    def string(self):
        try:
            return self.data().decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise BadBuffer(f"string: {error}") from error

    def tlvs(self):
        """The TLVs of MBIMEx 3.0 up to the buffer's end: [(type, value)]."""
        found = []
        while self._at < len(self._data):
            kind, _, padding, length = struct.unpack("<HBBI", self._take(8))
            if padding != -length % 4:
                raise BadBuffer(f"TLV {kind} of {length} bytes with {padding} bytes of padding")
            found.append((kind, self._take(length)))
            self._take(padding)
        return found

    def items(self, count):
        """COUNT byte arrays of an (offset, length) list."""
        if count > len(self._data) // 8:
            raise BadBuffer(f"{count} list elements in a buffer of {len(self._data)} bytes")
        return [self.data() for _ in range(count)]

    def whole(self):
        return self._data


class Writer:
    """Builds an information buffer: fixed fields first, then the data they point to, padded to 4 bytes."""

    def __init__(self):
        self._fields = []  # bytes, or (data, is_uicc) for a pair that finish() computes

    def _add(self, field):
        self._fields.append(field)
        return self

    def u32(self, *values):
        return self._add(struct.pack(f"<{len(values)}I", *values))

    def u16(self, *values):
        return self._add(struct.pack(f"<{len(values)}H", *values))

    def u64(self, *values):
        return self._add(struct.pack(f"<{len(values)}Q", *values))

    def uuid(self, value):
        return self._add(value.bytes)

    def data(self, value):
        return self._add((value, False))

    def uicc_data(self, value):
        return self._add((value, True))

    def string(self, text):
        return self.data(text.encode("utf-16-le"))

    def items(self, values):
        for value in values:
            self.data(value)
        return self

    def tlv(self, kind, value):
        """A TLV of MBIMEx 3.0; only after all other fields."""
        return self._add(struct.pack("<HBBI", kind, 0, -len(value) % 4, len(value)) + value + bytes(-len(value) % 4))

    def string_tlv(self, text):
        return self.tlv(TLV_WCHAR_STRING, text.encode("utf-16-le"))

    def finish(self):
        at = sum(8 if isinstance(field, tuple) else len(field) for field in self._fields)
        fixed, tail = b"", b""
        for field in self._fields:
            if isinstance(field, bytes):
                fixed += field
                continue
            value, is_uicc = field
            offset = at + len(tail) if value else 0
            pair = (len(value), offset) if is_uicc else (offset, len(value))
            fixed += struct.pack("<II", *pair)
            tail += value + bytes(-len(value) % 4)
        return fixed + tail


def split_stream(data):
    """Cut complete messages off DATA; return (messages, rest). MessageError when a length cannot be."""
    messages = []
    while len(data) >= 12:
        _, length, transaction = struct.unpack_from("<III", data)
        if length < 12 or length > MAX_TRANSFER:
            raise MessageError(Protocol.LENGTH_MISMATCH, transaction)
        if len(data) < length:
            break
        messages.append(bytes(data[:length]))
        data = data[length:]
    return messages, data


def header(message):
    """(type, transaction, body) of one complete message."""
    kind, _, transaction = struct.unpack_from("<III", message)
    return kind, transaction, message[12:]


class Reassembler:
    """Puts the fragments of one host command at a time together again (MBIM 1.0, 9.5)."""

    def __init__(self):
        self.pending = None  # the transaction whose fragments are awaited
        self._total = self._next = 0
        self._parts = b""

    def drop(self):
        self.pending, self._parts = None, b""

    def add(self, transaction, body):
        """Take the BODY of a COMMAND message; return a Command when it is whole, else None."""
        if len(body) < 8:
            raise MessageError(Protocol.LENGTH_MISMATCH, transaction)
        total, current = struct.unpack_from("<II", body)
        self._check_sequence(transaction, total, current)
        self._parts += body[8:]
        if len(self._parts) > MAX_INFORMATION:
            self.drop()
            raise MessageError(Protocol.MAX_TRANSFER, transaction)
        if current + 1 < total:
            self.pending, self._total, self._next = transaction, total, current + 1
            return None
        whole = self._parts
        self.drop()
        return _command(transaction, whole)

    def _check_sequence(self, transaction, total, current):
        expected = (0, total, transaction)
        if self.pending is not None:
            expected = (self._next, self._total, self.pending)
        if (current, total, transaction) != expected or current >= total:
            self.drop()
            raise MessageError(Protocol.FRAGMENT_OUT_OF_SEQUENCE, transaction)


def _command(transaction, whole):
    if len(whole) < 28:
        raise MessageError(Protocol.LENGTH_MISMATCH, transaction)
    cid, kind, length = struct.unpack_from("<III", whole, 16)
    if length != len(whole) - 28 or kind > 1:
        raise MessageError(Protocol.LENGTH_MISMATCH, transaction)
    return Command(transaction, uuid.UUID(bytes=whole[:16]), cid, Kind(kind), whole[28:])


def _message(kind, transaction, body):
    return struct.pack("<III", kind, 12 + len(body), transaction) + body


def _fragments(kind, transaction, payload, max_transfer):
    room = max_transfer - 20
    parts = [payload[at:at + room] for at in range(0, len(payload), room)]
    return [_message(kind, transaction, struct.pack("<II", len(parts), index) + part)
            for index, part in enumerate(parts)]


def command_done(command, status, info, max_transfer=MAX_TRANSFER):
    """The fragments that answer COMMAND."""
    payload = command.service.bytes + struct.pack("<III", command.cid, status, len(info)) + info
    return _fragments(COMMAND_DONE, command.transaction, payload, max_transfer)


def indicate(service, cid, info, max_transfer=MAX_TRANSFER):
    """The fragments of an unsolicited indication: transaction 0."""
    payload = service.bytes + struct.pack("<II", cid, len(info)) + info
    return _fragments(INDICATE_STATUS, 0, payload, max_transfer)


def done(kind, transaction, status=Status.SUCCESS):
    """OPEN_DONE or CLOSE_DONE."""
    return _message(kind | 0x80000000, transaction, struct.pack("<I", status))


def function_error(transaction, code):
    return _message(FUNCTION_ERROR, transaction, struct.pack("<I", code))


def pack_command(transaction, service, cid, kind, info, max_transfer=MAX_TRANSFER):
    """The host's side of a command, for tests: its fragments."""
    payload = service.bytes + struct.pack("<III", cid, kind, len(info)) + info
    return _fragments(COMMAND, transaction, payload, max_transfer)
