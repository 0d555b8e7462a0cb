# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Tests of the lab's card: APDUs and channels, profiles, notifications, persistence and ordered faults."""

import os
import tempfile
import unittest

import certificates
import control
import euicc
import pki
import tlv
from euicc import ISDR_AID
from rsp_peer import Lpa

A, B, C = "89883070000000000017", "89883070000000000025", "8988307000000000003"
SMDP = "smdp.esimd.test"
OK = "9000"


def iccid(text):
    return tlv.tlv(0x5A, euicc.iccid_bytes(text))


def switch(tag, text, refresh=b"\0"):
    """EnableProfile (BF31) or DisableProfile (BF32) by ICCID."""
    return tlv.tlv(tag, tlv.tlv(0xA0, iccid(text)), tlv.tlv(0x81, refresh))


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
        self.power_up()

    def power_up(self):
        self.card = euicc.Euicc(FOLDER.name, self.state, self.faults)
        self.verbs = euicc.CONTROL_VERBS(self.card)
        self.lpa = None

    def t(self, apdu):
        return self.card.transmit(bytes.fromhex(apdu)).hex()

    def es10(self, command):
        if self.lpa is None:
            self.lpa = Lpa(self.card)
        return self.lpa.es10(command)

    def result(self, command, inner=0x80):
        answer = self.es10(command)
        self.assertEqual(self.lpa.sw, 0x9000)
        return tlv.to_int(tlv.find(answer, tlv.parse_header(command)[0], inner))

    def add(self, *iccids, **fields):
        for text in iccids:
            self.verbs["add_profile"](iccid=text, **{"notify": [SMDP], **fields})

    def states(self):
        return {row["iccid"]: row["state"] for row in self.verbs["profiles"]()["profiles"]}


class TestApdus(Case):
    def test_channels(self):
        self.assertEqual([self.t("0070000001") for _ in range(4)], ["01" + OK, "02" + OK, "03" + OK, "6a81"])
        self.assertEqual(self.verbs["channels"](), {"channels": [1, 2, 3]})
        self.assertEqual(self.t("00708002"), OK)
        self.assertEqual(self.t("00708002"), "6881")
        self.assertEqual(self.t("0070000001"), "02" + OK)
        self.card.reset()
        self.assertEqual(self.verbs["channels"](), {"channels": []})
        self.assertEqual(self.t("01a4040010" + ISDR_AID.hex()), "6881")

    def test_manage_channel_refusals(self):
        for apdu, sw in (("00700000", "6700"), ("0070000002", "6c01"), ("0070000101", "6a86"), ("00708000", "6a86"),
                         ("00708004", "6a86"), ("00700100", "6a86"), ("8070000001", "6e00"), ("007000000101", "6700")):
            self.assertEqual(self.t(apdu), sw, apdu)

    def test_select(self):
        for p2, answer in (("00", "611a"), ("04", "611a"), ("0c", OK), ("08", "6a86")):
            self.assertEqual(self.t(f"00a404{p2}10{ISDR_AID.hex()}"), answer)
        self.assertEqual(self.t("00a4040010" + ISDR_AID.hex() + "00"), "611a")
        self.assertTrue(self.t("00c000001a").startswith("6f188410" + ISDR_AID.hex()))
        self.assertEqual(self.t("00a4040010" + ISDR_AID.hex()[:-2] + "01"), "6a82")
        self.assertEqual(self.t("00a4040004a0000000"), "6700")
        self.assertEqual(self.t("80a4040010" + ISDR_AID.hex()), "6e00")
        self.assertEqual(self.t("00a4010410" + ISDR_AID.hex()), "6a86")

    def test_usim_needs_an_enabled_profile(self):
        self.assertEqual(self.t("00a4040007a0000000871002"), "6a82")
        self.add(A, state="enabled")
        self.assertEqual(self.t("00a4040007a0000000871002")[:2], "61")
        self.assertEqual(self.t("80e2910003bf2e00"), "6d00")

    def test_what_modems_send_by_themselves(self):
        asked = ("0020000100", "002c000100", "0020008100", "002c008100")
        self.assertEqual([self.t(apdu) for apdu in asked], ["6a88"] * 4)
        self.add(A, state="enabled")
        self.assertEqual([self.t(apdu) for apdu in asked], ["63c3", "63ca", "63c3", "63ca"])
        self.assertEqual(self.t("80aa000005a903830107"), OK)

    def test_malformed(self):
        for apdu, sw in (("", "6700"), ("00a404", "6700"), ("00a4040005a000", "6700"), ("00a404000000", "6700"),
                         ("00b0000000", "6d00"), ("a0a40000023f00", "6e00"), ("ffa40000", "6e00"),
                         ("10a40400023f00", "6884"), ("0ca40400023f00", "6882"), ("40a40400023f00", "6881"),
                         ("c0e2910003bf2e00", "6881"), ("80e2910003bf2e00", "6d00"), ("00c0000000", "6985")):
            self.assertEqual(self.t(apdu), sw, apdu)

    def test_any_bytes_have_an_answer(self):
        self.add(A, state="enabled")
        self.card.open_channel(ISDR_AID)
        for cla in (0x00, 0x01, 0x80, 0x81, 0x82):
            for ins in range(256):
                for body in (b"", b"\0", b"\x01", b"\x02\xbf\x2e", b"\x05\xbf\x2d\x02\x5c\x01"):
                    answer = self.card.transmit(bytes([cla, ins, 0x91, 0]) + body)
                    self.assertGreaterEqual(len(answer), 2)

    def test_chain(self):
        self.card.open_channel(ISDR_AID)
        self.assertEqual(self.t("81e2110001bf"), OK)
        self.assertEqual(self.t("81e29101022e00"), "6115")
        for first, second in (("81e2110001bf", "81e29102022e00"), ("81e2110001bf", "81e29100022e00")):
            self.assertEqual((self.t(first), self.t(second)), (OK, "6a86"))
        self.assertEqual(self.t("81e29101022e00"), "6a86")  # a broken chain is forgotten
        for apdu, sw in (("81e2900003bf2e00", "6a86"), ("81e29100", "6700"), ("01e2910003bf2e00", "6e00"),
                         ("81e2910002bf2e", "6a80"), ("81e2910003bf2700", "6a88"), ("81e2910004bf2e0000", "6a80")):
            self.assertEqual(self.t(apdu), sw, apdu)

    def test_chain_of_more_than_256_blocks(self):
        self.card.open_channel(ISDR_AID)
        for number in range(300):
            self.assertEqual(self.t(f"81e211{number & 0xFF:02x}0100"), OK)

    def test_get_response(self):
        self.add(A, B, C, name="x" * 64, provider="y" * 32, nickname="z" * 60)
        whole = self.es10(tlv.tlv(0xBF2D))
        self.assertGreater(len(whole), 512)
        self.assertEqual(self.t("81e2910003bf2d00"), "6100")
        self.assertEqual(self.t("01c0000010"), whole[:16].hex() + "6100")
        self.assertEqual(self.t("81c00000ff"), whole[16:271].hex() + "6100")
        self.assertEqual(self.t("81c0000000")[-4:], f"61{len(whole) - 527:02x}")
        self.assertEqual(self.t("81c00000ff"), f"6c{len(whole) - 527:02x}")
        self.assertEqual(self.t(f"81c00000{len(whole) - 527:02x}"), whole[527:].hex() + OK)
        self.assertEqual(self.t("81c0000001"), "6985")
        self.t("81e2910003bf2e00")
        self.t("81e2910003bf9f00")
        self.assertEqual(self.t("81c0000015"), "6985")  # another command drops the answer

    def test_channels_do_not_disturb_each_other(self):
        self.card.open_channel(ISDR_AID)
        self.card.open_channel(ISDR_AID)
        self.assertEqual(self.t("81e2110001bf"), OK)
        self.assertEqual(self.t("82e2910003bf2e00"), "6115")
        self.assertEqual(self.t("81e29101022000"), "6138")
        self.assertEqual(len(self.t("82c0000015")), 2 * 23)

    def test_open_helper(self):
        channel, sw, fci = self.card.open_channel(ISDR_AID)
        self.assertEqual((channel, sw, fci[0]), (1, 0x9000, 0x6F))
        self.assertEqual(self.card.open_channel(bytes(16)), (0, 0x6A82, b""))
        self.assertEqual(self.card.open_channels(), [1])
        self.assertEqual(self.card.close_channel(1), 0x9000)
        self.assertEqual(self.card.close_channel(1), 0x6881)


class TestInformation(Case):
    def test_eid_and_addresses(self):
        eid = self.es10(tlv.tlv(0xBF3E, tlv.tlv(0x5C, b"\x5a")))
        self.assertEqual(tlv.find(eid, 0xBF3E, 0x5A).hex(), pki.EID)
        self.assertIsNone(tlv.find(self.es10(tlv.tlv(0xBF3C)), 0xBF3C, 0x80))
        self.assertEqual(self.result(tlv.tlv(0xBF3F, tlv.tlv(0x80, SMDP.encode()))), 0)
        self.power_up()
        addresses = self.es10(tlv.tlv(0xBF3C))
        self.assertEqual(tlv.find(addresses, 0xBF3C, 0x80), SMDP.encode())
        self.assertEqual(tlv.find(addresses, 0xBF3C, 0x81), b"smds.esimd.test")

    def test_info(self):
        known = certificates.key_id(pki.load(FOLDER.name, "ci")[1])
        for tag in (0xBF20, 0xBF22):
            answer = self.es10(tlv.tlv(tag))
            self.assertEqual(tlv.find(answer, tag, 0x82), b"\x02\x02\x02")
            self.assertEqual(tlv.find(answer, tag, 0xA9, 0x04), known)
        self.verbs["set_memory"](5000)
        free = tlv.find(self.es10(tlv.tlv(0xBF22)), 0xBF22, 0x84, 0x82)
        self.assertEqual(int.from_bytes(free, "big"), 5000)

    def test_rat(self):
        self.verbs["set_rat"]([{"rules": 0x60, "owners": ["eeeeee", "00f110"], "consent": True},
                               {"rules": 0x40, "owners": ["00f110"], "consent": False}])
        self.assertEqual(self.es10(tlv.tlv(0xBF43)).hex(), "bf432e" "a02c"
                         "3018" "80020560" "a10e" "30058003eeeeee" "3005800300f110" "82020780"
                         "3010" "80020640" "a107" "3005800300f110" "820100")

    def test_profiles_info(self):
        self.add(A, ppr="ppr1", nickname="mine", owner="800300f110")
        self.add(B, **{"class": "test"}, icon="00ff", icon_type=1)
        rows = tlv.parse(tlv.find(self.es10(tlv.tlv(0xBF2D)), 0xBF2D, 0xA0))
        self.assertEqual([[item.tag for item in tlv.parse(row.value)] for row in rows],
                         [[0x5A, 0x4F, 0x9F70, 0x90, 0x91, 0x92, 0x95],
                          [0x5A, 0x4F, 0x9F70, 0x91, 0x92, 0x93, 0x94, 0x95]])
        tags = tlv.tlv(0x5C, bytes.fromhex("5a9f7099b6b7"))
        (row,) = tlv.parse(tlv.find(self.es10(tlv.tlv(0xBF2D, tlv.tlv(0xA0, iccid(A)), tags)), 0xBF2D, 0xA0))
        members = {item.tag: item.value for item in tlv.parse(row.value)}
        self.assertEqual(sorted(members), [0x5A, 0x99, 0xB6, 0xB7, 0x9F70])
        self.assertEqual((members[0x99].hex(), members[0xB7].hex()), ("0640", "800300f110"))
        self.assertEqual(tlv.find(members[0xB6], 0x30, 0x80).hex(), "04f0")

    def test_profiles_search(self):
        self.add(A, B)
        aid = bytes.fromhex(self.verbs["profiles"]()["profiles"][1]["aid"])
        (row,) = tlv.parse(tlv.find(self.es10(tlv.tlv(0xBF2D, tlv.tlv(0xA0, tlv.tlv(0x4F, aid)))), 0xBF2D, 0xA0))
        self.assertEqual(tlv.find(row.value, 0x5A), euicc.iccid_bytes(B))
        self.assertEqual(self.es10(tlv.tlv(0xBF2D, tlv.tlv(0xA0, iccid(C)))).hex(), "bf2d02a000")
        self.assertEqual(self.result(tlv.tlv(0xBF2D, tlv.tlv(0xA0, tlv.tlv(0x5A, bytes(9)))), 0x81), 1)

    def test_nickname(self):
        self.add(A)
        self.assertEqual(self.result(tlv.tlv(0xBF29, iccid(A), tlv.tlv(0x90, "Büro".encode()))), 0)
        self.assertEqual(self.verbs["profiles"]()["profiles"][0]["nickname"], "Büro")
        self.assertEqual(self.result(tlv.tlv(0xBF29, iccid(B), tlv.tlv(0x90, b""))), 1)
        self.es10(tlv.tlv(0xBF29, iccid(A), tlv.tlv(0x90, bytes(65))))
        self.assertEqual(self.lpa.sw, 0x6A80)


class TestProfiles(Case):
    def test_enable_takes_the_others_place(self):
        self.add(A, B)
        self.assertEqual(self.result(switch(0xBF31, A)), 0)
        self.assertEqual(self.result(switch(0xBF31, A)), 2)
        self.assertEqual(self.result(switch(0xBF31, C)), 1)
        self.assertEqual(self.result(switch(0xBF31, B)), 0)
        self.assertEqual(self.states(), {A: 0, B: 1})
        self.assertEqual(self.card.enabled_profile()["iccid"], B)
        self.assertEqual([row["event"] for row in self.verbs["notifications"]()["notifications"]], [0x40, 0x20, 0x40])
        self.es10(tlv.tlv(0xBF31, tlv.tlv(0xA0, iccid(A))))
        self.assertEqual(self.lpa.sw, 0x6A80)  # the refresh flag is mandatory

    def test_disable_and_delete(self):
        self.add(A)
        self.assertEqual(self.result(switch(0xBF32, A)), 2)
        self.assertEqual(self.result(switch(0xBF32, B)), 1)
        self.assertEqual(self.result(switch(0xBF31, A)), 0)
        self.assertEqual(self.result(tlv.tlv(0xBF33, iccid(A))), 2)
        self.assertEqual(self.result(switch(0xBF32, A)), 0)
        aid = bytes.fromhex(self.verbs["profiles"]()["profiles"][0]["aid"])
        self.assertEqual(self.result(tlv.tlv(0xBF33, tlv.tlv(0x4F, aid))), 0)
        self.assertEqual(self.result(tlv.tlv(0xBF33, tlv.tlv(0x4F, aid))), 1)
        self.assertEqual(self.states(), {})

    def test_policy_rules(self):
        self.add(A, ppr="ppr1,ppr2", state="enabled")
        self.add(B)
        self.assertEqual(self.result(switch(0xBF32, A)), 3)
        self.assertEqual(self.result(switch(0xBF31, B)), 3)
        self.power_up()
        self.add(C, ppr="ppr2")
        self.assertEqual(self.result(tlv.tlv(0xBF33, iccid(C))), 3)
        self.assertEqual(self.states(), {A: 1, B: 0, C: 0})

    def test_test_profile(self):
        self.add(A, state="enabled")
        self.add(B)
        self.add(C, **{"class": "test"})
        self.assertEqual(self.result(switch(0xBF31, C)), 0)
        self.assertEqual(self.result(switch(0xBF31, B)), 4)
        self.assertEqual(self.result(switch(0xBF31, A)), 0)

    def test_refresh(self):
        seen = []
        self.card.on_refresh = lambda: seen.append(self.card.open_channels())
        self.add(A)
        self.assertEqual(self.result(switch(0xBF31, A, b"\xff")), 0)
        self.assertEqual(seen, [])
        self.card.after_response()
        self.card.after_response()
        self.assertEqual(seen, [[]])
    def test_refresh_waits_for_its_result(self):
        seen = []
        self.card.on_refresh = lambda: seen.append("refresh")
        self.add(A)
        self.card.open_channel(ISDR_AID)
        command = switch(0xBF31, A, b"\xff")
        self.assertEqual(self.t(f"81e29100{len(command):02x}{command.hex()}"), "6106")
        self.card.after_response()
        self.assertEqual((self.t("81c0000006"), seen), ("bf3103800100" + OK, []))
        self.card.after_response()
        self.assertEqual((self.card.open_channels(), seen), ([], ["refresh"]))

    def test_no_refresh_unasked(self):
        seen = []
        self.add(A, state="enabled")
        self.card.on_refresh = lambda: seen.append("refresh")
        self.assertEqual(self.result(switch(0xBF32, A)), 0)
        self.card.after_response()
        self.assertEqual(seen, [])

    def test_memory_reset(self):
        def reset(mask):
            return self.result(tlv.tlv(0xBF34, tlv.tlv(0x82, mask)))
        self.assertEqual(reset(b"\x07\x80"), 1)
        self.add(A, state="enabled", ppr="ppr1,ppr2")
        self.add(B, **{"class": "test"})
        self.add(C, **{"class": "provisioning"})
        self.assertEqual(reset(b"\x05\xa0"), 0)
        self.assertEqual(self.states(), {B: 0, C: 0})
        self.assertTrue(self.card.isdr.refresh_due)
        self.assertEqual(reset(b"\x06\x40"), 0)
        self.assertEqual(self.states(), {C: 0})
        self.verbs["set_addresses"](default_dp=SMDP)
        self.assertEqual((reset(b"\x05\x20"), reset(b"\x05\x20")), (0, 1))


class TestNotifications(Case):
    def setUp(self):
        super().setUp()
        self.add(A, notify=[SMDP, "two.esimd.test"])
        self.result(switch(0xBF31, A))
        self.result(switch(0xBF32, A))

    def listed(self, *criterion):
        rows = tlv.parse(tlv.find(self.es10(tlv.tlv(0xBF28, *criterion)), 0xBF28, 0xA0))
        members = ([tlv.find(row.value, tag) for tag in (0x80, 0x81, 0x0C)] for row in rows)
        return [(tlv.to_int(number), event.hex(), address.decode()) for number, event, address in members]

    def test_one_per_address(self):
        two = "two.esimd.test"
        every = [(0, "0640", SMDP), (1, "0640", two), (2, "0520", SMDP), (3, "0520", two)]
        self.assertEqual(self.listed(), every)
        self.assertEqual(self.listed(tlv.tlv(0x81, b"\x05\x20")), every[2:])

    def test_retrieve(self):
        answer = self.es10(tlv.tlv(0xBF2B, tlv.tlv(0xA0, tlv.tlv(0x80, b"\x02"))))
        (row,) = tlv.parse(tlv.find(answer, 0xBF2B, 0xA0))
        metadata, signature, card, eum = tlv.parse(row.value)
        self.assertTrue(certificates.verify(certificates.load(card.raw).public_key(), signature.value, metadata.raw))
        certificates.check_issued(certificates.load(card.raw), certificates.load(eum.raw))
        self.assertEqual(len(tlv.parse(tlv.find(self.es10(tlv.tlv(0xBF2B)), 0xBF2B, 0xA0))), 4)
        self.assertEqual(self.result(tlv.tlv(0xBF2B, tlv.tlv(0xA0, tlv.tlv(0x80, b"\x09"))), 0x81), 1)

    def test_remove_and_restart(self):
        remove = tlv.tlv(0xBF30, tlv.tlv(0x80, b"\0"))
        self.assertEqual((self.result(remove), self.result(remove)), (0, 1))
        for number in (1, 2, 3):
            self.result(tlv.tlv(0xBF30, tlv.tlv(0x80, bytes([number]))))
        self.power_up()
        self.assertEqual(self.listed(), [])
        self.result(switch(0xBF31, A))
        self.assertEqual([row[0] for row in self.listed()], [4, 5])  # the counter goes on


class TestLabSide(Case):
    def test_restart_keeps_the_card(self):
        self.add(A, B, state="disabled")
        self.result(switch(0xBF31, B))
        before = open(self.state, encoding="utf-8").read()
        self.power_up()
        self.assertEqual(self.states(), {A: 0, B: 1})
        self.assertEqual(open(self.state, encoding="utf-8").read(), before)
        self.assertFalse(os.path.exists(self.state + ".new"))

    def test_counters(self):
        self.add(A)
        self.es10(tlv.tlv(0xBF2D))
        self.verbs["reset_counters"]()
        self.es10(tlv.tlv(0xBF2E))
        self.result(switch(0xBF31, A))
        counted = self.verbs["apdus"]()
        self.assertEqual(counted["count"], 4)
        self.assertEqual(counted["functions"], {"es10b.getEuiccChallenge": 1, "es10c.enableProfile": 1})
        self.assertEqual(counted["writes"], {"es10c.enableProfile": 1})

    def test_add_profile_refusals(self):
        self.add(A, state="enabled")
        for wrong in ({"iccid": A}, {"iccid": "123"}, {"iccid": B, "colour": "red"}, {"iccid": B, "state": "enabled"}):
            with self.subTest(wrong), self.assertRaises(ValueError):
                self.verbs["add_profile"](**wrong)

    def test_faults(self):
        eid = tlv.tlv(0xBF3E, tlv.tlv(0x5C, b"\x5a"))
        good = self.es10(eid)
        self.faults.order("es10c.getEid", "sw", sw="6985")
        self.assertEqual((self.es10(eid), self.lpa.sw), (b"", 0x6985))
        self.faults.order("es10c.getEid", "rubbish")
        self.assertNotEqual((self.es10(eid), self.lpa.sw), (good, 0x6A80))
        self.faults.order("es10c.getEid", "truncated")
        self.assertEqual(self.es10(eid), good[:len(good) // 2])
        self.faults.order("es10c.getEid", "silent")
        self.assertRaises(euicc.CardSilent, self.es10, eid)
        self.assertEqual(self.es10(eid), good)
        self.faults.order("apdu", "sw", sw="6f00", skip=1)
        self.assertEqual((self.es10(eid), self.lpa.sw), (b"", 0x6F00))
        for point in ("select", "manageChannel"):
            self.faults.order(point, "sw", sw="6a81")
            self.assertEqual(self.card.open_channel(ISDR_AID), (0, 0x6A81, b""))
        self.assertEqual(self.card.open_channels(), [1])

    def test_faults_before_and_after_the_work(self):
        self.add(A)
        self.faults.order("es10c.enableProfile", "result", code=5)
        self.assertEqual(self.result(switch(0xBF31, A)), 5)
        self.faults.order("es10c.enableProfile", "silent")
        self.assertRaises(euicc.CardSilent, self.es10, switch(0xBF31, A))
        self.assertEqual(self.states(), {A: 0})
        self.faults.order("es10c.enableProfile", "sw", sw="6f00", executed=True)
        self.es10(switch(0xBF31, A))
        self.assertEqual((self.lpa.sw, self.states()), (0x6F00, {A: 1}))


if __name__ == "__main__":
    unittest.main()
