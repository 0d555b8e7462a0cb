# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The protection of a bound profile package (SCP03t, SGP.22 clause 2.6.4): keys, and segments made and opened.

A segment is tag | length | payload | 8 bytes of MAC. Bsp serves both sides: the SM-DP+ calls encrypt(), mac() and
protect(), the card decrypt() and check(). Both keep the MAC chaining value and the block counter in step.
"""

import collections

from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from tlv import length, parse_header

KEY_TYPE_AES = 0x88
KEY_LENGTH = 16
MAC_LENGTH = 8
SEGMENT_MAX = 1020  # tag, length and MAC included (clause 2.5.3)

Keys = collections.namedtuple("Keys", "s_enc s_mac mac_chaining")


class BspError(ValueError):
    """A segment's structure is wrong."""


class MacError(BspError):
    """A segment's MAC, or the padding under it, does not verify."""


def derive(shared_secret, host_id, eid, key_type=KEY_TYPE_AES, key_length=KEY_LENGTH):
    """Derive the session keys (clause 2.6.4.2, annex G) from the ECDH x coordinate; EID as its 16 bytes."""
    shared_info = bytes([key_type, key_length]) + length(len(host_id)) + host_id + length(len(eid)) + eid
    output = X963KDF(hashes.SHA256(), 3 * key_length, shared_info).derive(shared_secret)
    chaining, s_enc, s_mac = (output[at:at + key_length] for at in range(0, 3 * key_length, key_length))
    return Keys(s_enc, s_mac, chaining)


class Bsp:
    """One direction of one secure channel, from its KEYS on."""

    def __init__(self, keys):
        self._s_enc, self._s_mac, self._chaining = keys
        self._block = 1

    def encrypt(self, tag, plaintext):
        """Return the segment that carries PLAINTEXT encrypted (tags 87, 86)."""
        padded = plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % 16)
        cipher = self._cipher().encryptor()
        return self._seal(tag, cipher.update(padded) + cipher.finalize())

    def mac(self, tag, plaintext):
        """Return the segment that carries PLAINTEXT in the clear (tag 88)."""
        self._block += 1  # counted for segments with a MAC alone too (clause 2.6.4.4)
        return self._seal(tag, plaintext)

    def protect(self, tag, data, encrypted):
        """Return DATA cut into segments of at most SEGMENT_MAX bytes, a list."""
        room = SEGMENT_MAX - 4 - MAC_LENGTH
        room -= room % 16 + 1 if encrypted else 0
        make = self.encrypt if encrypted else self.mac
        return [make(tag, data[at:at + room]) for at in range(0, len(data), room)]

    def decrypt(self, tag, segment):
        """Verify SEGMENT, which must have TAG, and return what it carries encrypted; raises BspError or MacError."""
        ciphertext = self._unseal(tag, segment)
        if not ciphertext or len(ciphertext) % 16:
            raise BspError(f"{len(ciphertext)} bytes of ciphertext are not whole blocks")
        cipher = self._cipher().decryptor()
        stripped = (cipher.update(ciphertext) + cipher.finalize()).rstrip(b"\0")
        if not stripped.endswith(b"\x80"):
            raise MacError("the padding is not 80 00 ...")
        return stripped[:-1]

    def check(self, tag, segment):
        """Verify SEGMENT, which must have TAG, and return what it carries in the clear; raises BspError or MacError."""
        self._block += 1
        return self._unseal(tag, segment)

    def _cipher(self):
        """CBC whose ICV is the block counter, encrypted under S-ENC."""
        single = Cipher(algorithms.AES(self._s_enc), modes.ECB()).encryptor()
        icv = single.update(self._block.to_bytes(16, "big")) + single.finalize()
        self._block += 1
        return Cipher(algorithms.AES(self._s_enc), modes.CBC(icv))

    def _cmac(self, data):
        cmac = CMAC(algorithms.AES(self._s_mac))
        cmac.update(self._chaining + data)
        return cmac.finalize()

    def _seal(self, tag, payload):
        body = bytes([tag]) + length(len(payload) + MAC_LENGTH) + payload
        self._chaining = self._cmac(body)
        return body + self._chaining[:MAC_LENGTH]

    def _unseal(self, tag, segment):
        found, value_at, size = parse_header(segment)
        if found != tag or len(segment) != value_at + size or size < MAC_LENGTH:
            raise BspError(f"not a whole segment {tag:02X}")
        full = self._cmac(segment[:-MAC_LENGTH])
        if not constant_time.bytes_eq(full[:MAC_LENGTH], segment[-MAC_LENGTH:]):
            raise MacError("wrong MAC")
        self._chaining = full
        return segment[value_at:-MAC_LENGTH]
