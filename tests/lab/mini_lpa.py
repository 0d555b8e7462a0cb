# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The least LPA that can download a profile: what the lab's own tests join the card and the SM-DP+ with.

It checks nothing (the two stand-ins are under test, not it) and so can carry any tampered thing from one to the other.
"""

import base64
import hashlib
import http.client
import json
import socket
import ssl

from tlv import find, integer, parse, parse_header, tlv, to_int

ISDR = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
PREFIX = "/gsma/rsp2/es9plus/"
HEADERS = {"User-Agent": "gsma-rsp-lpad", "X-Admin-Protocol": "gsma/rsp/v2.2.2", "Content-Type": "application/json"}


class Failed(Exception):
    """The SM-DP+ answered with status Failed."""

    def __init__(self, data):
        super().__init__(data)
        self.code = f"{data['subjectCode']}/{data['reasonCode']}"


class HttpError(Exception):
    """The SM-DP+ answered with another HTTP status than it ought to."""

    def __init__(self, status, body):
        super().__init__(status, body)
        self.status = status


def encode(data):
    return base64.b64encode(data).decode()


def decode(text):
    return base64.b64decode(text, validate=True)


def segments(package):
    """Cut a bound profile package as SGP.22 clause 2.5.5 has it."""
    _, value_at, _ = parse_header(package)
    first, *parts = parse(package[value_at:])
    yield package[:value_at] + first.raw
    for part in parts:
        if part.tag in (0xA0, 0xA2):
            yield part.raw
            continue
        yield part.raw[:len(part.raw) - len(part.value)]
        yield from (segment.raw for segment in parse(part.value))


class MiniLpa:
    """One LPA between CARD (euicc.Euicc) and the SM-DP+ HOST at 127.0.0.1:PORT, trusting the certificate file CA."""

    def __init__(self, card, port, ca, host="smdp.esimd.test"):
        self._card, self._port, self.host = card, port, host
        self._tls = ssl.create_default_context(cafile=ca)
        self._connection = None
        self._channel = self._open()

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    # the card

    def _open(self):
        channel = self._card.transmit(bytes.fromhex("0070000001"))[0]
        self._apdu(bytes([channel, 0xA4, 4, 0, len(ISDR)]) + ISDR + b"\0", channel)
        return channel

    def reopen(self):
        """After a reset of the card."""
        self._channel = self._open()

    def _apdu(self, apdu, channel):
        data, answer = b"", self._card.transmit(apdu)
        while answer[-2] == 0x61:
            data += answer[:-2]
            answer = self._card.transmit(bytes([0x80 | channel, 0xC0, 0, 0, answer[-1]]))
        if answer[-2:] != b"\x90\x00":
            raise RuntimeError(f"the card answers {answer[-2:].hex()} to {apdu[:8].hex()}")
        return data + answer[:-2]

    def es10(self, command):
        """Send COMMAND in blocks of 255 bytes; return the answer."""
        blocks = [command[at:at + 255] for at in range(0, len(command), 255)]
        for number, block in enumerate(blocks):
            last = number == len(blocks) - 1
            head = bytes([0x80 | self._channel, 0xE2, 0x91 if last else 0x11, number & 0xFF, len(block)])
            answer = self._apdu(head + block + (b"\0" if last else b""), self._channel)
        return answer

    # the server

    def raw(self, path, body, headers=None):
        """POST BODY; return (status, answer's bytes)."""
        if self._connection is None:
            self._connection = _Connection(self.host, self._port, context=self._tls, timeout=20)
        self._connection.request("POST", path, body, HEADERS if headers is None else headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def post(self, function, **fields):
        """Call FUNCTION; bytes among FIELDS are encoded. Returns the answer's members but the header."""
        fields = {key: encode(value) if isinstance(value, bytes) else value for key, value in fields.items()}
        status, body = self.raw(PREFIX + function, json.dumps(fields))
        if status == 204 and not body:
            return None
        if status != 200:
            raise HttpError(status, body)
        answer = json.loads(body)
        state = answer.pop("header")["functionExecutionStatus"]
        if state["status"] != "Executed-Success":
            raise Failed(state["statusCodeData"])
        return answer

    # the steps of a download

    def initiate(self, address=None):
        challenge = find(self.es10(tlv(0xBF2E)), 0xBF2E, 0x80)
        return self.post("initiateAuthentication", smdpAddress=address or self.host, euiccChallenge=challenge,
                         euiccInfo1=self.es10(tlv(0xBF20)))

    def authenticate_server(self, begun, matching_id="", tac="35290611"):
        """ES10b.AuthenticateServer with what InitiateAuthentication answered; returns BF38."""
        swapped = bytes.fromhex("".join(tac[i + 1] + tac[i] for i in range(0, 8, 2)))
        device = tlv(0xA1, tlv(0x80, swapped), tlv(0xA1, tlv(0x85, b"\x0e\0\0")))
        context = tlv(0xA0, tlv(0x80, matching_id.encode()), device)
        return self.es10(tlv(0xBF38, decode(begun["serverSigned1"]), decode(begun["serverSignature1"]),
                             decode(begun["euiccCiPKIdToBeUsed"]), decode(begun["serverCertificate"]), context))

    def authenticate(self, matching_id="", tac="35290611"):
        """Up to the metadata; returns what AuthenticateClient answered."""
        begun = self.initiate()
        return self.post("authenticateClient", transactionId=begun["transactionId"],
                         authenticateServerResponse=self.authenticate_server(begun, matching_id, tac))

    def prepare(self, offer, code=None):
        """ES10b.PrepareDownload; returns BF21."""
        hashed = b""
        if code is not None:
            inner = hashlib.sha256(code.encode()).digest()
            hashed = tlv(0x04, hashlib.sha256(inner + bytes.fromhex(offer["transactionId"])).digest())
        return self.es10(tlv(0xBF21, decode(offer["smdpSigned2"]), decode(offer["smdpSignature2"]), hashed,
                             decode(offer["smdpCertificate"])))

    def package(self, offer, code=None):
        answer = self.post("getBoundProfilePackage", transactionId=offer["transactionId"],
                           prepareDownloadResponse=self.prepare(offer, code))
        return decode(answer["boundProfilePackage"])

    def load(self, package):
        """Send the package to the card; returns BF37, or b"" when the card said nothing to the end."""
        for segment in segments(package):
            answer = self.es10(segment)
            if answer:
                return answer
        return b""

    def cancel(self, transaction_id, reason):
        """ES10b.CancelSession and ES9+.CancelSession."""
        response = self.es10(tlv(0xBF41, tlv(0x80, bytes.fromhex(transaction_id)), tlv(0x81, integer(reason))))
        return self.post("cancelSession", transactionId=transaction_id, cancelSessionResponse=response)

    def notify(self, notification):
        return self.post("handleNotification", pendingNotification=notification)

    def download(self, matching_id="", code=None):
        """All of it, result sent; returns BF37."""
        result = self.load(self.package(self.authenticate(matching_id), code))
        self.notify(result)
        return result

    def pending(self):
        """The notifications the card holds, each as the bytes to send."""
        listed = find(self.es10(tlv(0xBF2B)), 0xBF2B, 0xA0)
        return [item.raw for item in parse(listed or b"")]


def outcome(result):
    """(True, None) of a load that went well, else (False, (command, reason))."""
    final = find(result, 0xBF37, 0xBF27, 0xA2)
    failed = find(final, 0xA1)
    if failed is None:
        return True, None
    return False, (to_int(find(failed, 0x80)), to_int(find(failed, 0x81)))


class _Connection(http.client.HTTPSConnection):
    """HTTPS to 127.0.0.1 under the server's own name."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
