# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card itself over the bus: what it is, its default SM-DP+, its lists, its reset; switching while it is busy."""

import unittest

import rig
from rig import GLib

rig.enter_lab()

ONE, TWO = "8988307000000000019", "8988307000000000027"
TEST = "89000123456789012341"  # as factories leave it; in the list of those that are known


class Card(rig.SharedRigCase):
    """One service, one card, which every test puts back to what it was: no profile, no address."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.empty)

    def empty(self):
        """The modem may leave in the middle of it, too."""
        self.clear_faults()
        self.until(lambda: self.reset("operational", "test", "default-smdp")["State"] == "done", 30, "the card is empty")
        self.assertEqual((self.profiles(), self.on_card()), ({}, {}))

    def begin(self, path, interface, method, signature="(a{sv})", *arguments):
        """start_job() once the modem is there: ModemManager drops it for a moment after every switch."""
        def started():
            try:
                return self.start_job(path, interface, method, signature, *arguments)
            except GLib.Error as error:
                if "DeviceGone" not in error.message:
                    raise
                return None

        return self.until(started, 20, f"the modem is there for {method}")

    def run_job(self, method, signature="(a{sv})", *arguments):
        return self.finish(self.begin(self.euicc()[0], "Euicc", method, signature, *arguments))

    def reset(self, *what):
        return self.run_job("Reset", "(asa{sv})", list(what), {})

    def refresh(self, **options):
        packed = {name: GLib.Variant("b", value) for name, value in options.items()}
        return self.assert_done(self.run_job("Refresh", "(a{sv})", packed))

    def add(self, iccid, **fields):
        self.card("add_profile", iccid=iccid, **fields)

    def run_profile(self, iccid, method, **options):
        packed = {name.replace("_", "-"): GLib.Variant("b", value) for name, value in options.items()}
        return self.finish(self.begin(self.profiles()[iccid][0], "Profile", method, "(a{sv})", packed))

    def on_card(self):
        return {profile["iccid"]: ("disabled", "enabled")[profile["state"]] for profile in self.card("profiles")["profiles"]}

    def functions(self):
        return self.card("apdus")["functions"]


class TestWords(Card):
    def test_what_the_card_says_of_itself(self):
        _, euicc = self.euicc()
        self.assertEqual(euicc["SpecVersion"], "2.2.2")
        self.assertEqual((euicc["ProfileVersion"], euicc["FirmwareVersion"]), ("2.3.1", "1.0.0"))
        self.assertEqual((euicc["Category"], euicc["Accreditation"]), ("medium", "LAB-0000000"))
        self.assertEqual(euicc["Capabilities"], [
            "usim", "isim", "csim", "aka-milenage", "aka-cave", "aka-tuak-128", "aka-tuak-256", "gba-usim", "gba-isim",
            "eap-client", "javacard", "multiple-usim", "multiple-isim",
            "additional-profile", "test-profile", "device-info-extensibility"])
        self.assertEqual(euicc["ForbiddenRules"], [])

    def test_rules(self):
        self.card("set_rat", rat=[])
        self.assertEqual(self.assert_done(self.run_job("ListRules"))["Result"]["rules"], [])
        self.card("set_rat", rat=[{"rules": 0x60, "owners": ["32f450"], "consent": True},
                                  {"rules": 0x20, "owners": ["eeeeee"], "consent": False}])
        self.assertEqual(self.assert_done(self.run_job("ListRules"))["Result"]["rules"], [
            {"rules": ["no-disable", "no-delete"], "operators": ["23405"], "consent": True},
            {"rules": ["no-delete"], "operators": ["*"], "consent": False}])


class TestAddress(Card):
    def set(self, address):
        return self.run_job("SetDefaultSmdp", "(sa{sv})", address, {})

    def test_set_use_and_remove(self):
        self.assert_done(self.set("SMDP.esimd.test"))
        self.assertEqual(self.euicc()[1]["DefaultSmdp"], "smdp.esimd.test")
        self.order(iccid=ONE, eid=self.euicc()[1]["Eid"])
        self.assertEqual(self.assert_done(self.download(""))["Result"]["iccid"], ONE)
        self.assert_done(self.set(""))
        self.assertEqual(self.euicc()[1]["DefaultSmdp"], "")
        self.assert_failed(self.download(""), "InvalidArgument")

    def test_no_addresses(self):
        for wrong in ("https://smdp.esimd.test", "two words", "a$b", "LPA:1$host$ID"):
            with self.subTest(wrong):
                self.assertIn(wrong, self.refused("InvalidArgument", self.set, wrong))

    def test_refused_by_the_card(self):
        self.card("fault", at="es10a.setDefaultDpAddress", how="result", code=127)
        self.assert_failed(self.set("smdp.esimd.test"), "CardRefused")
        self.assertEqual(self.euicc()[1]["DefaultSmdp"], "")


class TestReset(Card):
    def test_each_thing_alone(self):
        self.add(ONE)
        self.add(TEST, **{"class": "test"})
        self.card("set_addresses", default_dp="smdp.esimd.test", root_ds="")
        self.refresh()
        self.assert_done(self.reset("test"))
        self.assertEqual(set(self.profiles()), {ONE})
        self.assertEqual(self.euicc()[1]["DefaultSmdp"], "smdp.esimd.test")
        self.assert_done(self.reset("default-smdp"))
        self.assertEqual(self.euicc()[1]["DefaultSmdp"], "")
        self.assertEqual(set(self.profiles()), {ONE})
        self.assert_done(self.reset("operational"))
        self.assertEqual(self.profiles(), {})
        self.assertEqual(self.euicc()[1]["ProvisioningState"], "suspended")

    def test_an_enabled_profile_with_rules(self):
        """Rules protect nothing from a reset, and the card's REFRESH is waited out."""
        self.add(ONE, state="enabled", ppr="ppr1,ppr2")
        self.refresh()
        self.assert_done(self.reset("operational"))
        self.assertEqual((self.profiles(), self.on_card()), ({}, {}))

    def test_nothing_and_nonsense(self):
        self.assert_done(self.reset("operational"))
        self.refused("InvalidArgument", self.reset)
        self.assertIn("everything", self.refused("InvalidArgument", self.reset, "operational", "everything"))

    def test_busy(self):
        self.add(ONE)
        self.refresh()
        self.card("reset_counters")
        self.card("fault", at="es10c.euiccMemoryReset", how="result", code=5, times=100)
        self.assert_failed(self.reset("operational"), "CardBusy")
        self.assertEqual(set(self.profiles()), {ONE})
        self.assertEqual(self.functions()["es10c.euiccMemoryReset"], 4)

    def test_busy_for_a_moment(self):
        self.add(ONE)
        self.refresh()
        self.card("fault", at="es10c.euiccMemoryReset", how="result", code=5, times=2)
        self.assert_done(self.reset("operational"))
        self.assertEqual((self.profiles(), self.on_card()), ({}, {}))


class TestLists(Card):
    def test_notifications(self):
        """They stay on the card: a list is no sending."""
        self.smdp("fault", at="es9.handleNotification", how="status", code=500, times=100)
        self.add(ONE, notify=["smdp.esimd.test"])
        self.refresh()
        self.assert_done(self.run_profile(ONE, "Delete", even_last=True))
        rows = self.assert_done(self.run_job("ListNotifications"))["Result"]["notifications"]
        self.assertEqual([(row["operation"], row["address"], row["iccid"]) for row in rows],
                         [("delete", "smdp.esimd.test", ONE)])
        listed = [row["sequence"] for row in self.card("notifications")["notifications"]]
        self.assertEqual([row["sequence"] for row in rows], listed)
        self.clear_faults()
        self.assert_done(self.run_job("SendNotifications"))
        self.assertEqual(self.assert_done(self.run_job("ListNotifications"))["Result"]["notifications"], [])

    def test_icons(self):
        """They cost: only who asks gets them, and they stay."""
        icon = bytes.fromhex("89504e470d0a1a0a") + bytes(range(200)) * 5
        self.add(ONE, icon=icon.hex(), icon_type=1)
        plain = self.refresh()["Result"]["cost"]["apdu-bytes"]
        self.assertEqual((self.profiles()[ONE][1]["Icon"], self.profiles()[ONE][1]["IconType"]), ([], ""))
        with_icons = self.refresh(icons=True)["Result"]["cost"]["apdu-bytes"]
        self.assertGreater(with_icons, plain + len(icon))
        self.refresh()
        values = self.profiles()[ONE][1]
        self.assertEqual((bytes(values["Icon"]), values["IconType"]), (icon, "image/png"))


class TestRubbish(Card):
    """Cards that say what can't be."""

    def test_one_bad_entry_hides_no_other(self):
        self.add(ONE, owner="8002aabb")
        self.add(TWO)
        self.refresh()
        self.assertEqual(set(self.profiles()), {ONE, TWO})
        self.assertIn("80", self.profiles()[ONE][1]["Problem"])
        self.assertEqual(self.profiles()[TWO][1]["Problem"], "")
        self.assert_done(self.run_profile(ONE, "Delete"))

    def test_no_eid(self):
        """A named error; the card stays, and is there when it answers well again."""
        for data in ("bf3e0f5a0d89044145000000000000000000",  # too short
                     "bf3e125a10890441450000000000000000000001ff",  # no digits
                     "bf3e00"):
            with self.subTest(data):
                self.modem("fault", at="uicc.apdu", how="response", data=data + "9000", times=1)
                self.assert_failed(self.run_job("Refresh"), "CardRubbish")
        self.add(ONE)
        self.refresh()
        self.assertEqual(set(self.profiles()), {ONE})


class TestSwitch(Card):
    def prepare_two(self):
        self.add(ONE, state="enabled")
        self.add(TWO)
        self.refresh()
        self.card("reset_counters")

    def test_busy_for_a_moment(self):
        self.prepare_two()
        self.card("fault", at="es10c.enableProfile", how="result", code=5, times=2)
        self.assert_done(self.run_profile(TWO, "Enable"))
        self.assertEqual(self.on_card(), {ONE: "disabled", TWO: "enabled"})
        self.assertEqual(self.functions()["es10c.enableProfile"], 3)

    def test_busy_with_every_refresh(self):
        """The last try is without REFRESH, and then the service sees to it that the modem notices."""
        self.prepare_two()
        self.card("fault", at="es10c.enableProfile", how="result", code=5, times=4)
        self.assert_done(self.run_profile(TWO, "Enable"))
        self.assertEqual(self.profiles()[TWO][1]["State"], "enabled")
        self.assertEqual(self.functions()["es10c.enableProfile"], 5)

    def test_busy_for_ever(self):
        self.prepare_two()
        self.card("fault", at="es10c.disableProfile", how="result", code=5, times=100)
        job = self.assert_failed(self.run_profile(ONE, "Disable"), "CardBusy")
        self.assertEqual(job["Error"][4]["result"], "5")
        self.assertEqual(self.on_card(), {ONE: "enabled", TWO: "disabled"})
        self.assertEqual(self.functions()["es10c.disableProfile"], 5)

    def test_no_refresh_on_this_card(self):
        """127 twice (by ICCID, by AID), then without REFRESH it works."""
        self.prepare_two()
        self.card("fault", at="es10c.enableProfile", how="result", code=127, times=2)
        self.assert_done(self.run_profile(TWO, "Enable"))
        self.assertEqual(self.on_card(), {ONE: "disabled", TWO: "enabled"})

    def test_waiting_can_be_cancelled(self):
        self.prepare_two()
        self.card("fault", at="es10c.enableProfile", how="result", code=5, times=100)
        path = self.begin(self.profiles()[TWO][0], "Profile", "Enable")
        self.until(lambda: self.functions().get("es10c.enableProfile", 0) >= 1, 10, "the card is asked")
        self.cancel(path)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assertLess(self.functions()["es10c.enableProfile"], 5)
        self.assertEqual(self.on_card(), {ONE: "enabled", TWO: "disabled"})


class TestDelete(Card):
    def test_enabled_needs_to_be_meant(self):
        self.add(ONE, state="enabled")
        self.add(TWO)
        self.refresh()
        self.assertIn("disable-first", self.refused("ProfileState", self.run_profile, ONE, "Delete"))
        self.assertEqual(self.on_card(), {ONE: "enabled", TWO: "disabled"})
        self.assert_done(self.run_profile(ONE, "Delete", disable_first=True))
        self.assertEqual((self.on_card(), set(self.profiles())), ({TWO: "disabled"}, {TWO}))

    def test_the_last_one_needs_to_be_meant(self):
        """A test profile beside it is no service; an enabled one takes both options."""
        self.add(ONE)
        self.add(TEST, **{"class": "test"})
        self.refresh()
        self.assertIn("even-last", self.refused("ProfileState", self.run_profile, ONE, "Delete"))
        self.assert_done(self.run_profile(TEST, "Delete"))
        self.assertEqual(self.on_card(), {ONE: "disabled"})
        self.assert_done(self.run_profile(ONE, "Delete", even_last=True))
        self.add(TWO, state="enabled")
        self.refresh()
        self.refused("ProfileState", lambda: self.run_profile(TWO, "Delete", even_last=True))
        self.refused("ProfileState", lambda: self.run_profile(TWO, "Delete", disable_first=True))
        self.assert_done(self.run_profile(TWO, "Delete", disable_first=True, even_last=True))
        self.assertEqual((self.on_card(), self.profiles()), ({}, {}))

    def test_a_factory_profile_is_one_of_test(self):
        """Some are marked as operational on the card: they are known by their ICCIDs."""
        self.add(TEST)
        self.refresh()
        self.assertEqual(self.profiles()[TEST][1]["Class"], "test")

    def test_two_clients_delete_the_last_two(self):
        """Neither was the last when it was asked for: the card decides when its turn has come."""
        self.add(ONE)
        self.add(TWO)
        self.refresh()
        self.modem("set", apdu_seconds=0.05)
        self.addCleanup(self.modem, "set", apdu_seconds=0.0)
        first, second = (self.start_job(self.profiles()[iccid][0], "Profile", "Delete") for iccid in (ONE, TWO))
        self.assert_done(self.finish(first))
        self.assert_failed(self.finish(second), "ProfileState")
        self.assertEqual(self.on_card(), {TWO: "disabled"})

    def test_disabled_does_not_mind(self):
        self.add(ONE)
        self.add(TWO)
        self.refresh()
        self.card("reset_counters")
        self.assert_done(self.run_profile(ONE, "Delete", disable_first=True))
        self.assertEqual(self.on_card(), {TWO: "disabled"})
        self.assertNotIn("es10c.disableProfile", self.functions())

    def test_rules(self):
        """A profile that must not be deleted is told as it is now: disabled."""
        self.add(ONE, state="enabled", ppr="ppr2")
        self.refresh()
        self.assert_failed(self.run_profile(ONE, "Delete", disable_first=True, even_last=True), "PolicyRules")
        self.assertEqual(self.on_card(), {ONE: "disabled"})
        self.assertEqual(self.profiles()[ONE][1]["State"], "disabled")


if __name__ == "__main__":
    unittest.main()
