# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""BER-TLV with DER lengths, as SGP.22's ASN.1 needs it: builds and, strictly, parses.

A tag is an integer that reads as the bytes do: 0x5A, 0xBF36, 0x9F70.
"""

import collections

Tlv = collections.namedtuple("Tlv", "tag value raw")


class TlvError(ValueError):
    """The bytes are not a well-formed sequence of TLVs."""


def tlv(tag, *parts):
    """Return the TLV of TAG whose value is PARTS, joined."""
    value = b"".join(parts)
    return _tag_bytes(tag) + length(len(value)) + value


def length(number):
    """Return the DER length field of NUMBER bytes."""
    if number < 0x80:
        return bytes([number])
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(content)]) + content


def integer(number):
    """Return the shortest two's complement content of an INTEGER (0x80 becomes 00 80)."""
    bits = (number if number >= 0 else ~number).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def to_int(content):
    """Return the number that an INTEGER's CONTENT holds; empty or padded content raises TlvError."""
    if not content:
        raise TlvError("an INTEGER without content")
    if len(content) > 1 and integer(int.from_bytes(content, "big", signed=True)) != content:
        raise TlvError(f"INTEGER {content.hex()} is not in its shortest form")
    return int.from_bytes(content, "big", signed=True)


def parse(data):
    """Return the TLVs that DATA consists of, a list of Tlv (tag, value, raw); anything left over raises TlvError."""
    found, at = [], 0
    while at < len(data):
        item, at = parse_one(data, at)
        found.append(item)
    return found


def parse_one(data, at=0):
    """Return the TLV that begins at offset AT of DATA, and the offset behind it."""
    tag, value_at, size = parse_header(data, at)
    end = value_at + size
    if end > len(data):
        raise TlvError(f"tag {tag:X} at {at}: {size} bytes announced, {len(data) - value_at} there")
    return Tlv(tag, bytes(data[value_at:end]), bytes(data[at:end])), end


def parse_header(data, at=0):
    """Return (tag, offset of the value, length of the value) of the TLV at offset AT; the value may be cut short."""
    tag, next_at = _parse_tag(data, at)
    size, next_at = _parse_length(data, next_at)
    return tag, next_at, size


def find(data, *tags):
    """Walk down the nested TAGS from DATA and return the last one's value; None where one is missing."""
    for tag in tags:
        data = next((item.value for item in parse(data) if item.tag == tag), None)
        if data is None:
            return None
    return data


def _tag_bytes(tag):
    content = tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")
    if _parse_tag(content, 0)[1] != len(content):
        raise TlvError(f"{tag:X} is not a tag")
    return content


def _parse_tag(data, at):
    end = at + 1
    if at >= len(data):
        raise TlvError(f"a tag is missing at {at}")
    if data[at] & 0x1F == 0x1F:
        while end < len(data) and data[end] & 0x80:
            end += 1
        end += 1
        if end > len(data) or end - at > 4:
            raise TlvError(f"a tag without end at {at}")
    return int.from_bytes(data[at:end], "big"), end


def _parse_length(data, at):
    if at >= len(data):
        raise TlvError(f"a length is missing at {at}")
    if data[at] < 0x80:
        return data[at], at + 1
    count = data[at] & 0x7F
    content = data[at + 1:at + 1 + count]
    if not 1 <= count <= 4 or len(content) < count:
        raise TlvError(f"a bad length field at {at}")
    size = int.from_bytes(content, "big")
    if length(size) != bytes(data[at:at + 1 + count]):
        raise TlvError(f"the length field at {at} is not in its shortest form")
    return size, at + 1 + count
