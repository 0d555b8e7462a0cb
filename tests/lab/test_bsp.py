# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Known-answer tests of bsp.py: a commercial SM-DP+'s figures, as the pySim project published them."""

import unittest

import bsp

KEYS = bsp.Keys(*map(bytes.fromhex, ("472f5bfadd97f21d34f3ce9b51b92751", "9ec07f5b36a13e12a991d66e294e6242",
                                     "406d507b448a699e7a36a38494debbde")))
CONFIGURE_ISDP = ("bf2400", "8718f6fe031e4b9cfe87c8e1e62f3fde85c49412d7722a6a2d89")
METADATA = ("bf252d5a0a98001032547698103214910947534d415f54455354921147534d415f544553545f50524f46494c45950100",
            "8838bf252d5a0a98001032547698103214910947534d415f54455354921147534d415f544553545f50524f46494c4595"
            "01008a62cc9adbb5ccbc")
REPLACE_KEYS = ("bf26368010000102030405060708090a0b0c0d0e0f8110010102030405060708090a0b0c0d0e0f8210020102030405"
                "060708090a0b0c0d0e0f",
                "8748a14c800a001992351cd46ad2945654674369701d82b7b46567652bc8fbed234939fc57fba748015525fd6c651e9d"
                "3d1330652d42a0cfad950e912122af4ec5362d3c0bc535729c40")


class TestBsp(unittest.TestCase):
    def test_derive(self):
        keys = bsp.derive(bytes.fromhex("c9a993dd4879a8f7161f2085410edd4f9652f1df37be097ba96ba2ca6be528fe"),
                          b"\x80" * 8, bytes.fromhex("89049032123451234512345678901235"))
        self.assertEqual(keys, KEYS)
        keys = bsp.derive(bytes.fromhex("8902dca391bbb22570fe60c176076246f568b1941265dff1d729e63039658089"),
                          b"\x80" * 8, bytes.fromhex("89049032123451234512345678901335"))
        self.assertEqual([key.hex() for key in keys],
                         ["d782d575b22a38334556a3d9a1e2ae6b", "a35addc192ae8f934e2932116c7e89e7",
                          "734bc93ddb10c71c5ad13d420dc08b5b"])

    def test_server_side(self):
        server = bsp.Bsp(KEYS)
        self.assertEqual(server.encrypt(0x87, bytes.fromhex(CONFIGURE_ISDP[0])).hex(), CONFIGURE_ISDP[1])
        self.assertEqual(server.mac(0x88, bytes.fromhex(METADATA[0])).hex(), METADATA[1])
        self.assertEqual(server.encrypt(0x87, bytes.fromhex(REPLACE_KEYS[0])).hex(), REPLACE_KEYS[1])

    def test_card_side(self):
        card = bsp.Bsp(KEYS)
        self.assertEqual(card.decrypt(0x87, bytes.fromhex(CONFIGURE_ISDP[1])).hex(), CONFIGURE_ISDP[0])
        self.assertEqual(card.check(0x88, bytes.fromhex(METADATA[1])).hex(), METADATA[0])
        self.assertEqual(card.decrypt(0x87, bytes.fromhex(REPLACE_KEYS[1])).hex(), REPLACE_KEYS[0])

    def test_refused(self):
        good = bytes.fromhex(CONFIGURE_ISDP[1])
        for at in range(2, len(good)):
            with self.subTest(flipped=at):
                bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
                self.assertRaises(bsp.MacError, bsp.Bsp(KEYS).decrypt, 0x87, bad)
        self.assertRaises(bsp.BspError, bsp.Bsp(KEYS).decrypt, 0x86, good)
        self.assertRaises(bsp.BspError, bsp.Bsp(KEYS).decrypt, 0x87, good[:-1])
        card = bsp.Bsp(KEYS)  # a segment left out breaks the chain
        card.decrypt(0x87, good)
        self.assertRaises(bsp.MacError, card.decrypt, 0x87, bytes.fromhex(REPLACE_KEYS[1]))

    def test_protect(self):
        data = bytes(range(256)) * 20
        for encrypted in (True, False):
            segments = bsp.Bsp(KEYS).protect(0x86, data, encrypted)
            self.assertLessEqual(max(map(len, segments)), bsp.SEGMENT_MAX)
            self.assertGreater(len(segments[0]), bsp.SEGMENT_MAX - 16)
            card = bsp.Bsp(KEYS)
            take = card.decrypt if encrypted else card.check
            self.assertEqual(b"".join(take(0x86, segment) for segment in segments), data)


if __name__ == "__main__":
    unittest.main()
