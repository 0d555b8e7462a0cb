# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A profile as its order describes it: the metadata a person sees (BF25), and the unprotected package (UPP) itself."""

import hashlib
import struct
import zlib

from tlv import tlv

EVENT_BITS = {"install": 0x80, "enable": 0x40, "disable": 0x20, "delete": 0x10}
PPR_BITS = {"ppr1": 0x40, "ppr2": 0x20}
PNG = 1
FILLER = 2000


def swapped(digits, size):
    """DIGITS two to a byte, the first in the low nibble, filled with F to SIZE bytes."""
    padded = digits.upper().ljust(2 * size, "F")
    return bytes.fromhex("".join(padded[i + 1] + padded[i] for i in range(0, 2 * size, 2)))


def imsi_of(order):
    return order["imsi"] or "23450" + order["iccid"][-11:-1]


def _imsi_bytes(imsi):
    """EF_IMSI as 3GPP TS 31.102 clause 4.2.2 has it: length, then parity and the digits."""
    parity = "9" if len(imsi) % 2 else "1"
    return b"\x08" + swapped(parity + imsi, 8)


def plmn(imsi):
    """MCC and a two-digit MNC as in TS 24.008."""
    mcc, mnc = imsi[:3], imsi[3:5]
    return bytes.fromhex(mcc[1] + mcc[0] + "F" + mcc[2] + mnc[1] + mnc[0])


def icon():
    """A PNG of 16 by 16 pixels: one disc."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def row(y):
        return b"\0" + bytes(60 if (x - 7.5) ** 2 + (y - 7.5) ** 2 < 50 else 255 for x in range(16))

    header = struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(row(y) for y in range(16)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _bits(value):
    """A BIT STRING's content, DER: no trailing zero bits (X.690 clause 11.2.2)."""
    unused = (value & -value).bit_length() - 1 if value else 8
    return bytes([unused, value]) if value else b"\0"


def _notify(order, host):
    rows = order["notify"] or [[["install", "enable", "disable", "delete"], host]]
    return tlv(0xB6, *(tlv(0x30, tlv(0x80, _bits(sum(EVENT_BITS[event] for event in events))), tlv(0x81, to.encode()))
                       for events, to in rows))


def _rules(order):
    rules = order["ppr"]
    if not rules:
        return b""
    if isinstance(rules, str):
        rules = rules.replace(",", " ").split()
    return tlv(0x99, _bits(sum(PPR_BITS[rule.lower()] for rule in rules)))


def metadata(order, host):
    """StoreMetadataRequest (SGP.22 clause 5.5.3), which is also what AuthenticateClient shows."""
    owner = [tlv(0x80, plmn(imsi_of(order)))]
    if order["gid1"]:
        owner.append(tlv(0x81, bytes.fromhex(order["gid1"])))
    picture = [tlv(0x93, bytes([PNG])), tlv(0x94, icon())] if order["icon"] else []
    return tlv(0xBF25, tlv(0x5A, swapped(order["iccid"], 10)), tlv(0x91, order["provider"].encode()),
               tlv(0x92, order["name"].encode()), *picture, tlv(0x95, bytes([order["profile_class"]])),
               _notify(order, host), tlv(0xB7, *owner), _rules(order))


def _filler(number, size):
    """A generic file management element of about SIZE bytes that do not compress."""
    seed = hashlib.sha256(bytes([number & 0xFF])).digest()
    content = b"".join(hashlib.sha256(seed + bytes([i & 0xFF, i >> 8])).digest() for i in range(size // 32 + 1))[:size]
    return tlv(0xA1, tlv(0xA0, tlv(0x80), tlv(0x81, bytes([number & 0x7F]))), tlv(0xA1, tlv(0x30, tlv(0x81, content))))


def elements(order):
    """The profile elements, SAIP fashion: header, fillers, USIM, end.

    Together at least order['size'] bytes, and at most a filler's own tags more.
    """
    header = tlv(0xA0, tlv(0x80, b"\x02"), tlv(0x81, b"\x03"), tlv(0x82, order["name"].encode()),
                 tlv(0x83, swapped(order["iccid"], 10)), tlv(0xA5, tlv(0x81), tlv(0x84)),
                 tlv(0xA6, tlv(0x06, bytes.fromhex("67810f010201"))))
    usim = tlv(0xB3, tlv(0xA0, tlv(0x80), tlv(0x81, b"\x02")), tlv(0xA8, tlv(0x82, _imsi_bytes(imsi_of(order)))))
    end = tlv(0xAA, tlv(0xA0, tlv(0x80), tlv(0x81, b"\x03")))
    fillers, number, rest = [], 4, order["size"] - len(header + usim + end)
    while rest > 0:
        fillers.append(_filler(number, min(FILLER, rest)))
        number, rest = number + 1, rest - len(fillers[-1])
    return [header, *fillers, usim, end]


def upp(order):
    """The unprotected profile package (SGP.22 clause 2.5.2)."""
    return b"".join(elements(order))
