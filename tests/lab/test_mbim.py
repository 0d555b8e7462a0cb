# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Tests of the MBIM codec and of the network's packets: no lab needed."""

import struct
import unittest

import mbim
import net
from mbim import BASIC, MS_UICC, Basic, Kind, Protocol, Reader, Writer


class Codec(unittest.TestCase):
    def test_fields_come_back(self):
        data = Writer().u32(7).string("süper").u64(1 << 40).data(b"abc").uicc_data(b"\x01\x02").finish()
        self.assertEqual(len(data) % 4, 0)
        reader = Reader(data)
        self.assertEqual((reader.u32(), reader.string(), reader.u32(), reader.u32()), (7, "süper", 0, 256))
        self.assertEqual((reader.data(), reader.uicc_data()), (b"abc", b"\x01\x02"))

    def test_uicc_arrays_have_the_length_first(self):
        self.assertEqual(Writer().uicc_data(b"abc").finish(), struct.pack("<II", 3, 8) + b"abc\0")
        self.assertEqual(Writer().data(b"abc").finish(), struct.pack("<II", 8, 3) + b"abc\0")

    def test_empty_arrays_point_nowhere(self):
        self.assertEqual(Writer().data(b"").finish(), bytes(8))

    def test_buffer_that_contradicts_itself_is_refused(self):
        for data in (b"\1\0", struct.pack("<II", 8, 1), struct.pack("<II", 6, 2) + bytes(4), struct.pack("<II", 8, 99)):
            with self.assertRaises(mbim.BadBuffer):
                Reader(data).data()
        with self.assertRaises(mbim.BadBuffer):
            Reader(bytes(16)).items(3)
        with self.assertRaises(mbim.BadBuffer):
            Reader(struct.pack("<HBBI", 10, 0, 0, 2) + b"ab\0\0").tlvs()

    def test_tlvs_come_back(self):
        data = Writer().u32(1).string_tlv("ab").string_tlv("c").finish()
        reader = Reader(data)
        reader.u32()
        self.assertEqual(reader.tlvs(), [(10, "ab".encode("utf-16-le")), (10, "c".encode("utf-16-le"))])

    def _reassemble(self, fragments):
        reassembler = mbim.Reassembler()
        messages, rest = mbim.split_stream(b"".join(fragments))
        self.assertEqual(rest, b"")
        for message in messages:
            _, transaction, body = mbim.header(message)
            command = reassembler.add(transaction, body)
        return command

    def test_fragments_are_put_together(self):
        info = bytes(range(256)) * 10
        fragments = mbim.pack_command(9, MS_UICC, 4, Kind.SET, info, max_transfer=128)
        self.assertEqual(len(fragments), 24)  # 2560 + 28 bytes, 108 in each
        self.assertTrue(all(len(fragment) <= 128 for fragment in fragments))
        self.assertEqual(self._reassemble(fragments), mbim.Command(9, MS_UICC, 4, Kind.SET, info))

    def test_fragment_out_of_sequence(self):
        fragments = mbim.pack_command(9, MS_UICC, 4, Kind.SET, bytes(1000), max_transfer=128)
        with self.assertRaises(mbim.MessageError) as caught:
            self._reassemble([fragments[0], fragments[2]])
        self.assertEqual(caught.exception.code, Protocol.FRAGMENT_OUT_OF_SEQUENCE)
        with self.assertRaises(mbim.MessageError):
            self._reassemble(fragments[1:])

    def test_length_that_cannot_be(self):
        for length in (11, mbim.MAX_TRANSFER + 1):
            with self.assertRaises(mbim.MessageError) as caught:
                mbim.split_stream(struct.pack("<III", 3, length, 5))
            self.assertEqual((caught.exception.code, caught.exception.transaction), (Protocol.LENGTH_MISMATCH, 5))
        with self.assertRaises(mbim.MessageError):
            bad = bytearray(mbim.pack_command(1, BASIC, Basic.PIN, Kind.QUERY, b"1234")[0])
            bad[44] = 5  # the buffer's length
            self._reassemble([bytes(bad)])

    def test_stream_is_cut_at_messages(self):
        whole = mbim.pack_command(1, BASIC, 1, Kind.QUERY, b"")[0]
        messages, rest = mbim.split_stream(whole + whole[:20])
        self.assertEqual((messages, rest), ([whole], whole[:20]))


class Packets(unittest.TestCase):
    QUERY = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0)

    def test_dns_knows_one_name(self):
        answer = net.dns_answer(self.QUERY + b"\x04HOST\x05esimd\x04test\x00\x00\x01\x00\x01")
        self.assertEqual(struct.unpack_from(">HHHH", answer), (7, 0x8180, 1, 1))
        self.assertTrue(answer.endswith(net.HOST.packed))
        answer = net.dns_answer(self.QUERY + b"\x05other\x00\x00\x01\x00\x01")
        self.assertEqual(struct.unpack_from(">HHHH", answer), (7, 0x8183, 1, 0))

    def test_dns_ignores_rubbish(self):
        for rubbish in (b"", bytes(12), self.QUERY, self.QUERY + b"\x3fabcdefgh", bytes(40)):
            self.assertIsNone(net.dns_answer(rubbish))

    def test_checksum_of_a_checked_header_is_zero(self):
        head = bytes.fromhex("45000054000040004001") + bytes(2) + bytes.fromhex("0a400102c6336407")
        head = head[:10] + struct.pack(">H", net.checksum(head)) + head[12:]
        self.assertEqual(net.checksum(head), 0)


if __name__ == "__main__":
    unittest.main()
