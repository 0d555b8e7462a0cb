# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The smallest SM-DP+ and LPA that a card accepts, without network: for tests of the card, which bend every field."""

import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_der_x509_certificate

import bsp
import certificates
import pki
import tlv
from card_store import iccid_bytes

ISDR = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
DEVICE = tlv.tlv(0xA1, tlv.tlv(0x80, bytes.fromhex("53987010")), tlv.tlv(0xA1), tlv.tlv(0x82, bytes(8)))
HOST_ID = b"lab-host"
PPK = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
EF_IMSI = bytes.fromhex("080910101032547698")  # 001010123456789


class Lpa:
    """Sends ES10 commands on a logical channel of its own and collects the answers."""

    def __init__(self, card, block=255):
        self.card, self.block = card, block
        self.channel, self.sw, _ = card.open_channel(ISDR)

    def es10(self, command):
        """Send COMMAND as one STORE DATA chain; return its response data, self.sw being the last status word."""
        blocks = [command[at:at + self.block] for at in range(0, len(command), self.block)]
        for number, block in enumerate(blocks):
            p1 = 0x91 if number == len(blocks) - 1 else 0x11
            answer = self.transmit(bytes([0x80 | self.channel, 0xE2, p1, number & 0xFF, len(block)]) + block)
            if self.sw != 0x9000 and self.sw >> 8 != 0x61:
                break
        return answer

    def transmit(self, apdu):
        """Send one APDU and follow 61xx."""
        data = b""
        while True:
            answer = self.card.transmit(apdu)
            data, self.sw = data + answer[:-2], int.from_bytes(answer[-2:], "big")
            if self.sw >> 8 != 0x61:
                return data
            apdu = bytes([0x80 | self.channel, 0xC0, 0, 0, self.sw & 0xFF])

    def result(self, command, *path):
        """Send COMMAND and return the INTEGER at PATH in its answer."""
        return tlv.to_int(tlv.find(self.es10(command), *path))


def profile_package(iccid, size=2000, imsi=EF_IMSI):
    """Return an unprotected profile package: header, USIM with EF_IMSI, filler up to about SIZE bytes, end."""
    header = tlv.tlv(0xA0, tlv.tlv(0x80, b"\x02"), tlv.tlv(0x81, b"\x03"), tlv.tlv(0x82, b"lab"),
                     tlv.tlv(0x83, iccid_bytes(iccid)))
    usim = tlv.tlv(0xB3, tlv.tlv(0xA8, tlv.tlv(0x82, imsi)))
    filler = tlv.tlv(0xA6, tlv.tlv(0x04, bytes(size)))
    return header + usim + filler + tlv.tlv(0xAA, tlv.tlv(0xA0, b""))


def metadata(iccid, *more, address="smdp.esimd.test", events=b"\x04\xf0"):
    """Return StoreMetadata's BF25; MORE are further members (ASN.1's order)."""
    notify = tlv.tlv(0xB6, tlv.tlv(0x30, tlv.tlv(0x80, events), tlv.tlv(0x81, address.encode())))
    return tlv.tlv(0xBF25, tlv.tlv(0x5A, iccid_bytes(iccid)), tlv.tlv(0x91, b"Lab"), tlv.tlv(0x92, b"Super"),
                   tlv.tlv(0x95, b"\x02"), notify, *more)


class Server:
    """One RSP session of an SM-DP+, whose attributes a test may bend before the step that uses them."""

    def __init__(self, pki_dir, auth="dpauth", binder="dppb"):
        self.pki_dir = pki_dir
        self.auth, self.binder = self.load(auth), self.load(binder)
        self.ci_id = certificates.key_id(pki.load(pki_dir, "ci")[1])
        self.transaction = os.urandom(16)
        self.point = None

    def load(self, name):
        key, certificate = pki.load(self.pki_dir, name)
        return key, certificate.public_bytes(serialization.Encoding.DER)

    def authenticate(self, challenge):
        """Return AuthenticateServer's BF38."""
        signed = tlv.tlv(0x30, tlv.tlv(0x80, self.transaction), tlv.tlv(0x81, challenge),
                         tlv.tlv(0x83, b"smdp.esimd.test"), tlv.tlv(0x84, bytes(16)))
        signature = tlv.tlv(0x5F37, certificates.sign(self.auth[0], signed))
        return tlv.tlv(0xBF38, signed, signature, tlv.tlv(0x04, self.ci_id), self.auth[1],
                       tlv.tlv(0xA0, tlv.tlv(0x80, b"MATCH-1"), DEVICE))

    def take_authentication(self, response):
        """Verify the card's side of the authentication; return euiccSigned1's members by tag."""
        signed, signature, euicc, eum = tlv.parse(tlv.find(response, 0xBF38, 0xA0))
        certificates.check_issued(load_der_x509_certificate(euicc.raw), load_der_x509_certificate(eum.raw))
        self.card_key = load_der_x509_certificate(euicc.raw).public_key()
        assert certificates.verify(self.card_key, signature.value, signed.raw), "euiccSignature1"
        self.signature1 = signature.raw
        return {item.tag: item.value for item in tlv.parse(signed.value)}

    def prepare(self, code_required=False, hash_cc=None):
        """Return PrepareDownload's BF21."""
        point = [tlv.tlv(0x5F49, self.point)] if self.point else []
        required = tlv.tlv(0x01, b"\xff" if code_required else b"\0")
        signed = tlv.tlv(0x30, tlv.tlv(0x80, self.transaction), required, *point)
        self.signature2 = tlv.tlv(0x5F37, certificates.sign(self.binder[0], signed + self.signature1))
        return tlv.tlv(0xBF21, signed, self.signature2, *([tlv.tlv(0x04, hash_cc)] if hash_cc else []), self.binder[1])

    def take_preparation(self, response):
        """Verify euiccSigned2 and learn the card's one-time key."""
        signed, signature = tlv.parse(tlv.find(response, 0xBF21, 0xA0))
        assert certificates.verify(self.card_key, signature.value, signed.raw + self.signature2), "euiccSignature2"
        self.point = tlv.find(signed.value, 0x5F49)

    def package(self, store_metadata, profile, replace_keys=False, eid=bytes.fromhex(pki.EID), **bend):
        """Return the bound profile package as the parts of clause 2.5.5, a list; BEND bends BF23 (see _initialise)."""
        one_time = ec.generate_private_key(ec.SECP256R1())
        card_point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.point)
        channel = bsp.Bsp(bsp.derive(one_time.exchange(ec.ECDH(), card_point), HOST_ID, eid))
        bf23 = self._initialise(certificates.point(one_time.public_key()), **bend)
        configure = tlv.tlv(0xA0, *channel.protect(0x87, tlv.tlv(0xBF24), True))
        described = channel.protect(0x88, store_metadata, False)
        keys = []
        if replace_keys:
            request = tlv.tlv(0xBF26, *(tlv.tlv(0x80 + number, key) for number, key in enumerate(PPK)))
            keys = [tlv.tlv(0xA2, *channel.protect(0x87, request, True))]
            channel = bsp.Bsp(bsp.Keys(PPK[1], PPK[2], PPK[0]))
        elements = channel.protect(0x86, profile, True)
        rest = [configure, _header(0xA1, described), *described, *keys, _header(0xA3, elements), *elements]
        return [_header(0xBF36, [bf23, *rest]) + bf23, *rest]

    def _initialise(self, point, operation=b"\x01", transaction=None, key_type=b"\x88", signature=None):
        """InitialiseSecureChannel's BF23, signed as it is."""
        parts = (tlv.tlv(0x82, operation), tlv.tlv(0x80, transaction or self.transaction),
                 tlv.tlv(0xA6, tlv.tlv(0x80, key_type), tlv.tlv(0x81, b"\x10"), tlv.tlv(0x84, HOST_ID)),
                 tlv.tlv(0x5F49, point))
        signed = b"".join(parts) + tlv.tlv(0x5F49, self.point)
        return tlv.tlv(0xBF23, *parts, tlv.tlv(0x5F37, signature or certificates.sign(self.binder[0], signed)))


def _header(tag, members):
    """The tag and length of the sequence that MEMBERS will fill."""
    content = b"".join(members)
    return tlv.tlv(tag, content)[:-len(content)]


def begin(lpa, server):
    """Authenticate both sides and prepare the download."""
    challenge = tlv.find(lpa.es10(tlv.tlv(0xBF2E)), 0xBF2E, 0x80)
    server.take_authentication(lpa.es10(server.authenticate(challenge)))
    server.take_preparation(lpa.es10(server.prepare()))


def send(lpa, parts):
    """Send a package's parts; return the first data that the card answers with (a BF37), or b""."""
    for part in parts:
        answer = lpa.es10(part)
        if answer or lpa.sw != 0x9000:
            return answer
    return b""


def outcome(result):
    """Return (command, reason) of a BF37 that failed, or the new AID in hex."""
    failed = tlv.find(result, 0xBF37, 0xBF27, 0xA2, 0xA1)
    if failed is None:
        return tlv.find(result, 0xBF37, 0xBF27, 0xA2, 0xA0, 0x4F).hex().upper()
    return tlv.to_int(tlv.find(failed, 0x80)), tlv.to_int(tlv.find(failed, 0x81))
