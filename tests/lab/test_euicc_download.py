# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Tests of the lab's card: mutual authentication and the bound profile package, the good way and every tampered one."""

import os
import tempfile
import unittest

import certificates
import control
import euicc
import pki
import rsp_peer
import tlv
from rsp_peer import Lpa, Server, begin, metadata, outcome, profile_package, send

ICCID = "89883070000000000017"


def flip(data, at=-1):
    """Return DATA with one bit changed."""
    changed = bytearray(data)
    changed[at] ^= 0x01
    return bytes(changed)


def setUpModule():
    global FOLDER  # one PKI for all, since keys take their time
    FOLDER = tempfile.TemporaryDirectory()
    pki.make(FOLDER.name)


def tearDownModule():
    FOLDER.cleanup()


class Case(unittest.TestCase):
    def setUp(self):
        self.state = os.path.join(FOLDER.name, self.id() + ".json")
        self.faults = control.Faults()
        self.card = euicc.Euicc(FOLDER.name, self.state, self.faults)
        self.verbs = euicc.CONTROL_VERBS(self.card)
        self.lpa, self.server = Lpa(self.card), Server(FOLDER.name)

    def challenge(self):
        return tlv.find(self.lpa.es10(tlv.tlv(0xBF2E)), 0xBF2E, 0x80)

    def assert_refused(self, response, tag, code):
        error = tlv.find(response, tag, 0xA1)
        self.assertEqual(tlv.find(error, 0x80), self.server.transaction)
        self.assertEqual(tlv.to_int(tlv.find(error, 0x02)), code)


class TestAuthentication(Case):
    def refused(self, code, request=None):
        self.assert_refused(self.lpa.es10(request or self.server.authenticate(self.challenge())), 0xBF38, code)

    def test_good(self):
        members = self.server.take_authentication(self.lpa.es10(self.server.authenticate(self.challenge())))
        self.assertEqual(list(members), [0x80, 0x83, 0x84, 0xBF22, 0xA0])
        self.assertEqual(members[0x80], self.server.transaction)

    def test_no_session(self):
        self.refused(4, self.server.authenticate(bytes(16)))
        request = self.server.authenticate(self.challenge())
        self.lpa.es10(request)
        self.refused(4, request)

    def test_new_challenge_ends_the_old_one(self):
        request = self.server.authenticate(self.challenge())
        self.challenge()
        self.refused(6, request)

    def test_session_survives_its_channel_and_not_a_reset(self):
        request = self.server.authenticate(self.challenge())
        self.card.close_channel(self.lpa.channel)
        self.lpa = Lpa(self.card)
        self.server.take_authentication(self.lpa.es10(request))
        self.card.reset()
        self.lpa = Lpa(self.card)
        self.assert_refused(self.lpa.es10(self.server.prepare()), 0xBF21, 4)

    def test_signature(self):
        self.server.auth = self.server.load("dppb")[0], self.server.auth[1]
        self.refused(2)

    def test_role(self):
        self.server.auth = self.server.load("dppb")
        self.refused(5)

    def test_other_ci(self):
        self.server.auth = self.server.load("dpauth2")
        self.refused(7)
        self.server = Server(FOLDER.name)
        self.server.ci_id = certificates.key_id(pki.load(FOLDER.name, "ci2")[1])
        self.refused(7)

    def test_forged_certificate(self):
        key, der = self.server.auth
        self.server.auth = key, flip(der)
        self.refused(1)

    def test_expired_certificate_is_not_the_cards_business(self):
        self.server.auth = self.server.load("dpauth-expired")
        self.server.take_authentication(self.lpa.es10(self.server.authenticate(self.challenge())))

    def test_malformed(self):
        request = self.server.authenticate(self.challenge())
        tac = tlv.tlv(0xA1, tlv.tlv(0x80, bytes(3)), tlv.tlv(0xA1))
        short_tac = request.replace(tlv.tlv(0xA0, tlv.tlv(0x80, b"MATCH-1"), rsp_peer.DEVICE), tlv.tlv(0xA0, tac))
        short_tac = tlv.tlv(0xBF38, short_tac[tlv.parse_header(request)[1]:])
        for bad in (short_tac, tlv.tlv(0xBF38), tlv.tlv(0xBF38, b"\x30\x05\x80"), request + b"\0", request[:-1]):
            self.assertEqual((self.lpa.es10(bad), self.lpa.sw), (b"", 0x6A80))


class TestPreparation(Case):
    def authenticated(self):
        self.server.take_authentication(self.lpa.es10(self.server.authenticate(self.challenge())))

    def refused(self, code, **options):
        self.assert_refused(self.lpa.es10(self.server.prepare(**options)), 0xBF21, code)

    def test_good_and_again(self):
        self.authenticated()
        self.server.take_preparation(self.lpa.es10(self.server.prepare()))
        first, self.server.transaction = self.server.point, os.urandom(16)
        self.authenticated()
        self.server.take_preparation(self.lpa.es10(self.server.prepare()))
        self.assertEqual(self.server.point, first)  # the server named it in smdpSigned2

    def test_confirmation_code(self):
        self.authenticated()
        self.refused(127, code_required=True)
        response = self.lpa.es10(self.server.prepare(code_required=True, hash_cc=bytes(32)))
        self.assertEqual(tlv.find(response, 0xBF21, 0xA0, 0x30, 0x04), bytes(32))

    def test_refusals(self):
        self.authenticated()
        genuine = self.server.transaction
        self.server.transaction = os.urandom(16)
        self.refused(5)
        self.server.transaction = genuine
        for name in ("dpauth", "dppb2"):  # wrong role; another CI
            self.server.binder = self.server.load(name)
            self.refused(1)
        self.server.binder = self.server.load("dpauth")[0], self.server.load("dppb")[1]
        self.refused(2)

    def test_servers_of_two_owners(self):
        self.server.auth = self.server.load("dsauth")
        self.authenticated()
        self.refused(1)

    def test_cancel(self):
        self.authenticated()
        request = tlv.tlv(0xBF41, tlv.tlv(0x80, self.server.transaction), tlv.tlv(0x81, b"\x01"))
        wrong = tlv.tlv(0xBF41, tlv.tlv(0x80, bytes(16)), tlv.tlv(0x81, b"\x01"))
        self.assertEqual(self.lpa.result(wrong, 0xBF41, 0x81), 5)
        signed, signature = tlv.parse(tlv.find(self.lpa.es10(request), 0xBF41, 0xA0))
        self.assertTrue(certificates.verify(self.server.card_key, signature.value, signed.raw))
        self.assertEqual([item.tag for item in tlv.parse(signed.value)], [0x80, 0x81, 0x82])
        self.assertEqual(self.lpa.result(request, 0xBF41, 0x81), 5)


class TestPackage(Case):
    def load(self, parts):
        """Send PARTS, whose BF37 must be signed and kept as a notification; return its outcome."""
        result = send(self.lpa, parts)
        self.assertEqual(self.lpa.sw, 0x9000)
        data, signature = tlv.parse(tlv.find(result, 0xBF37))
        self.assertTrue(certificates.verify(self.server.card_key, signature.value, data.raw))
        self.assertEqual(tlv.find(data.value, 0x80), self.server.transaction)
        self.assertIn(result.hex(), [row["raw"] for row in self.verbs["notifications"]()["notifications"]])
        return outcome(result)

    def parts(self, *more, size=2000, iccid=ICCID, **options):
        begin(self.lpa, self.server)
        return self.server.package(metadata(iccid, *more), profile_package(ICCID, size), **options)

    def index(self, parts, tag):
        """The place of the first part that begins with TAG."""
        return next(at for at, part in enumerate(parts) if tlv.parse_header(part)[0] == tag)

    def assert_nothing_installed(self):
        self.assertEqual(self.verbs["profiles"]()["profiles"], [])
        self.assertEqual(self.lpa.es10(self.parts()[1]), b"")
        self.assertEqual(self.lpa.sw, 0x6985)  # no load has begun

    def test_good(self):
        for replace_keys in (False, True):
            with self.subTest(replace_keys=replace_keys):
                free = self.card.store.free_memory()
                self.assertRegex(self.load(self.parts(replace_keys=replace_keys)), "^A0000005591010FFFFFFFF890000")
                (profile,) = self.verbs["profiles"]()["profiles"]
                self.assertEqual((profile["iccid"], profile["imsi"], profile["state"]), (ICCID, "001010123456789", 0))
                self.assertLess(self.card.store.free_memory(), free - 2000)
                self.lpa.es10(tlv.tlv(0xBF33, tlv.tlv(0x5A, euicc.iccid_bytes(ICCID))))
                self.assertEqual(self.card.store.free_memory(), free)

    def test_17_kb_in_few_apdus(self):
        parts = self.parts(size=17000)
        self.card.reset_counters()
        self.load(parts)
        self.assertLessEqual(self.verbs["apdus"]()["count"], 92)

    def test_small_blocks(self):
        self.lpa.block = 120
        self.assertIsInstance(self.load(self.parts()), str)

    def test_flipped_macs(self):
        for tag, expected in ((0xA0, (1, 8)), (0x88, (2, 8)), (0x86, (5, 8))):
            parts = self.parts()
            at = self.index(parts, tag)
            parts[at] = flip(parts[at])
            self.assertEqual(self.load(parts), expected)
        parts = self.parts(replace_keys=True)
        at = self.index(parts, 0xA2)
        parts[at] = flip(parts[at])
        self.assertEqual(self.load(parts), (4, 8))
        self.assert_nothing_installed()

    def test_segments_swapped_or_of_another_card(self):
        parts = self.parts()
        parts[-2], parts[-3] = parts[-3], parts[-2]
        self.assertEqual(self.load(parts), (5, 8))
        self.assertEqual(self.load(self.parts(eid=bytes(16))), (1, 8))

    def test_secure_channel(self):
        for bend, reason in (({"signature": bytes(64)}, 2), ({"transaction": bytes(16)}, 3), ({"key_type": b"\x80"}, 4),
                             ({"operation": b"\x02"}, 5)):
            with self.subTest(bend):
                self.assertEqual(self.load(self.parts(**bend)), (0, reason))
        self.assert_nothing_installed()

    def test_wrong_segmentation(self):
        def joined(tag, count=2):
            def change(parts):
                at = self.index(parts, tag)
                return parts[:at] + [b"".join(parts[at:at + count])] + parts[at + count:]
            return change

        def whole_bf36(parts):
            return [b"".join(parts)]

        def a0_cut(parts):
            return [parts[0], parts[1][:2], parts[1][2:], *parts[2:]]

        def a3_left_out(parts):
            at = self.index(parts, 0xA3)
            return parts[:at] + parts[at + 1:]

        def segment_too_many(parts):
            at = self.index(parts, 0xA1)
            return parts[:at + 2] + parts[at + 1:]

        for change, expected in ((whole_bf36, (0, 7)), (joined(0xBF36), (0, 7)), (a0_cut, (1, 7)),
                                 (joined(0xA1), (2, 7)), (joined(0xA3), (5, 7)), (joined(0x86), (5, 7)),
                                 (a3_left_out, (5, 7)), (segment_too_many, (5, 7))):
            with self.subTest(change.__name__, expected=expected):
                self.assertEqual(self.load(change(self.parts())), expected)
        self.assert_nothing_installed()

    def test_total_length(self):
        parts = self.parts()
        first = tlv.parse_header(parts[0])[1]
        longer = tlv.tlv(0xBF36, bytes(sum(map(len, parts)) - first + 5))[:first]
        self.assertEqual(self.load([longer + parts[0][first:], *parts[1:]]), (5, 7))

    def test_missing_end_is_no_success(self):
        self.assertEqual(send(self.lpa, self.parts()[:-1]), b"")
        self.assertEqual(self.lpa.sw, 0x9000)
        cancel = tlv.tlv(0xBF41, tlv.tlv(0x80, self.server.transaction), tlv.tlv(0x81, b"\x05"))
        self.assertIsNotNone(tlv.find(self.lpa.es10(cancel), 0xBF41, 0xA0))
        self.assert_nothing_installed()

    def test_duplicate_iccid(self):
        self.verbs["add_profile"](iccid=ICCID)
        self.assertEqual(self.load(self.parts()), (2, 9))

    def test_memory_full(self):
        self.verbs["set_memory"](1500)
        self.assertEqual(self.load(self.parts()), (5, 10))
        self.verbs["set_memory"](400000)
        self.faults.order("es10b.loadBoundProfilePackage", "memory-full")
        self.assertEqual(self.load(self.parts()), (5, 10))
        self.assertIsInstance(self.load(self.parts()), str)

    def test_data_mismatch(self):
        self.assertEqual(self.load(self.parts(iccid="89883070000000000025")), (5, 13))

    def test_bad_elements(self):
        begin(self.lpa, self.server)
        package = profile_package(ICCID)
        self.assertEqual(self.load(self.server.package(metadata(ICCID), package[:-4])), (5, 12))
        begin(self.lpa, self.server)
        self.assertEqual(self.load(self.server.package(metadata(ICCID), package[:-1])), (5, 12))

    def test_policy_rules(self):
        owner, ppr1 = tlv.tlv(0xB7, tlv.tlv(0x80, bytes.fromhex("00f110"))), tlv.tlv(0x99, b"\x06\x40")
        self.assertEqual(self.load(self.parts(ppr1)), (2, 15))  # no owner
        self.verbs["set_rat"]([{"rules": 0x40, "owners": ["00f120"], "consent": True}])
        self.assertEqual(self.load(self.parts(owner, ppr1)), (2, 15))
        self.verbs["set_rat"]([{"rules": 0x40, "owners": ["00f1e0"], "consent": True}])
        self.verbs["add_profile"](iccid="89883070000000000025")
        self.assertEqual(self.load(self.parts(owner, ppr1)), (2, 15))  # beside an operational profile
        self.lpa.es10(tlv.tlv(0xBF33, tlv.tlv(0x5A, euicc.iccid_bytes("89883070000000000025"))))
        self.assertIsInstance(self.load(self.parts(owner, ppr1)), str)

    def test_notifications_of_an_installation(self):
        begin(self.lpa, self.server)
        self.load(self.server.package(metadata(ICCID, address="other.esimd.test"), profile_package(ICCID)))
        rows = self.verbs["notifications"]()["notifications"]
        addresses = [tlv.find(bytes.fromhex(row["metadata"]), 0xBF2F, 0x0C) for row in rows]
        self.assertEqual(addresses, [b"smdp.esimd.test", b"other.esimd.test"])
        self.assertEqual([row["sequence"] for row in rows], [0, 1])
        self.assertEqual([bytes.fromhex(row["raw"])[0] for row in rows], [0xBF, 0x30])

    def test_no_preparation_no_load(self):
        parts = self.parts()
        self.challenge()
        self.assertEqual((send(self.lpa, parts), self.lpa.sw), (b"", 0x6985))

    def test_ordered_reason_at_a_segment(self):
        self.faults.order("es10b.loadBoundProfilePackage", "result", code=11, skip=5)
        self.assertEqual(self.load(self.parts()), (5, 11))
        self.assertIsInstance(self.load(self.parts()), str)


if __name__ == "__main__":
    unittest.main()
