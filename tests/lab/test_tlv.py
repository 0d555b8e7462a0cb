# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Tests of tlv.py: lengths, long tags, and what strictness refuses."""

import unittest

import tlv
from tlv import TlvError


class TestTlv(unittest.TestCase):
    def test_build(self):
        self.assertEqual(tlv.tlv(0xBF3E, tlv.tlv(0x5C, b"\x5a")).hex(), "bf3e035c015a")
        self.assertEqual(tlv.tlv(0x04, bytes(127))[:2].hex(), "047f")
        self.assertEqual(tlv.tlv(0x04, bytes(128))[:3].hex(), "048180")
        self.assertEqual(tlv.tlv(0xBF36, bytes(70000))[:6].hex(), "bf3683011170")
        self.assertRaises(TlvError, tlv.tlv, 0x1F, b"")

    def test_parse(self):
        raw = tlv.tlv(0xBF2D, tlv.tlv(0xE3, tlv.tlv(0x9F70, b"\x01"), tlv.tlv(0x5A, bytes(10))))
        (item,) = tlv.parse(raw)
        self.assertEqual((item.tag, item.raw), (0xBF2D, raw))
        self.assertEqual(tlv.find(raw, 0xBF2D, 0xE3, 0x9F70), b"\x01")
        self.assertIsNone(tlv.find(raw, 0xBF2D, 0xA0))
        self.assertEqual(tlv.parse(b""), [])

    def test_refused(self):
        for bad in ("5a", "5a02ff", "bf", "bf3e", "9fff", "5a8101ff", "5a80", "5a85000000000100", "5a8200",
                    "1fffffffff00"):
            with self.subTest(bad):
                self.assertRaises(TlvError, tlv.parse, bytes.fromhex(bad))

    def test_integer(self):
        for number, content in ((0, "00"), (127, "7f"), (128, "0080"), (256, "0100"), (-1, "ff"), (-129, "ff7f")):
            self.assertEqual(tlv.integer(number).hex(), content)
            self.assertEqual(tlv.to_int(bytes.fromhex(content)), number)
        for bad in ("", "0001", "ffff"):
            self.assertRaises(TlvError, tlv.to_int, bytes.fromhex(bad))


if __name__ == "__main__":
    unittest.main()
