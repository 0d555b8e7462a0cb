# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What a person does with profiles over the bus: enable, disable, delete, name; and what cards forbid."""

import rig
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

ENABLED, DISABLED = "8988307000000000100", "8988307000000000101"
LOCKED, KEPT = "8988307000000000102", "8988307000000000103"


class ProfilesCase(SharedRigCase):
    """Each test begins with ENABLED enabled and DISABLED not."""

    @classmethod
    def prepare(cls, rig):
        rig.card("add_profile", iccid=ENABLED, state="enabled", name="One", provider="Op", owner="800332f410", imsi="234010000000001")
        rig.card("add_profile", iccid=DISABLED, name="Two", imsi="234010000000002")
        rig.card("add_profile", iccid=KEPT, name="Kept", ppr="ppr2", imsi="234010000000003")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.restore)

    def restore(self):
        self.clear_faults()
        if self.on_card(ENABLED) != 1:
            self.assert_done(self.do(ENABLED, "Enable"))

    def do(self, iccid, method, *arguments):
        """The ended job of METHOD of the profile ICCID."""
        # after a switch ModemManager may have to look at the modem anew
        self.until(lambda: self.euicc()[1]["Modem"] != "/", 15, "the modem is there")
        path = self.profiles()[iccid][0]
        if method == "SetNickname":
            return self.finish(self.start_job(path, "Profile", method, "(sa{sv})", *arguments, {}))
        return self.finish(self.start_job(path, "Profile", method))

    def on_card(self, iccid):
        """The state of the profile ICCID as the card has it, None where it is not there."""
        return {profile["iccid"]: profile["state"] for profile in self.card("profiles")["profiles"]}.get(iccid)

    def shown(self, iccid, name="State"):
        return self.profiles()[iccid][1][name]


class Switching(ProfilesCase):
    """Enable and disable."""

    def test_properties(self):
        _, values = self.profiles()[ENABLED]
        self.assertEqual([values[name] for name in ("State", "Class", "Name", "ServiceProvider", "Mcc", "Mnc", "Nickname")],
                         ["enabled", "operational", "One", "Op", "234", "01", ""])
        self.assertEqual(values["Euicc"], self.euicc()[0])
        self.assertEqual(self.shown(KEPT, "PolicyRules"), ["no-delete"])
        self.assertEqual(len(values["IsdpAid"]), 32)

    def test_enable_another(self):
        self.assert_done(self.do(DISABLED, "Enable"))
        self.assertEqual((self.on_card(DISABLED), self.on_card(ENABLED)), (1, 0))
        self.until(lambda: (self.shown(DISABLED), self.shown(ENABLED)) == ("enabled", "disabled"), 5, "the bus tells so")
        self.assertEqual(self.euicc()[1]["ProvisioningState"], "suspended")
        self.until(lambda: (self.modem("state")["profile"] or {}).get("iccid") == DISABLED, 5, "the modem has read the card")

    def test_disable_and_enable(self):
        self.assert_done(self.do(ENABLED, "Disable"))
        self.assertEqual(self.on_card(ENABLED), 0)
        self.until(lambda: self.shown(ENABLED) == "disabled", 5, "the bus tells so")
        self.assert_done(self.do(ENABLED, "Enable"))
        self.assertEqual(self.on_card(ENABLED), 1)

    def test_wrong_states(self):
        self.assert_failed(self.do(ENABLED, "Enable"), "ProfileState")
        self.assert_failed(self.do(DISABLED, "Disable"), "ProfileState")

    def test_card_busy(self):
        for iccid, method, function in ((DISABLED, "Enable", "enable"), (ENABLED, "Disable", "disable")):
            self.card("fault", at=f"es10c.{function}Profile", how="result", code=5, times=20)
            job = self.assert_failed(self.do(iccid, method), "CardBusy")
            self.assertEqual(job["Error"][4]["result"], "5")
        self.assertEqual(self.on_card(ENABLED), 1)

    def test_answer_lost_though_done(self):
        """The REFRESH that the card orders can cut the answer: what counts is what is so afterwards."""
        self.card("fault", at="es10c.enableProfile", how="sw", sw="6F00", executed=True)
        self.assert_done(self.do(DISABLED, "Enable"))
        self.assertEqual(self.on_card(DISABLED), 1)

    def test_answer_and_channel_lost(self):
        """The look whether it was done has to be over a new channel."""
        self.card("fault", at="es10c.enableProfile", how="sw", sw="6F00", executed=True)
        self.card("fault", at="es10c.getProfilesInfo", how="sw", sw="6985")
        self.assert_done(self.do(DISABLED, "Enable"))
        self.assertEqual(self.on_card(DISABLED), 1)

    def test_answer_lost_and_not_done(self):
        self.card("fault", at="es10c.enableProfile", how="sw", sw="6F00")
        self.assert_failed(self.do(DISABLED, "Enable"), "CardRefused")
        self.assertEqual(self.on_card(DISABLED), 0)

    def test_rubbish(self):
        self.card("fault", at="es10c.enableProfile", how="rubbish")
        self.assert_failed(self.do(DISABLED, "Enable"), "CardRubbish")


class Locked(RigCase):
    """A profile with PPR1: neither it can be disabled nor another one be enabled."""

    def test_locked(self):
        self.card("add_profile", iccid=LOCKED, name="Locked", state="enabled", ppr="ppr1", imsi="234010000000004")
        self.card("add_profile", iccid=DISABLED, name="Two")
        self.start_esimd()
        self.assertEqual(self.profiles()[LOCKED][1]["PolicyRules"], ["no-disable"])
        for iccid, method in ((LOCKED, "Disable"), (DISABLED, "Enable")):
            job = self.finish(self.start_job(self.profiles()[iccid][0], "Profile", method))
            self.assert_failed(job, "PolicyRules")
        self.assertEqual([profile["state"] for profile in self.card("profiles")["profiles"]], [1, 0])


class Deleting(ProfilesCase):
    """Delete and rename."""

    def test_delete(self):
        iccid = "8988307000000000200"
        self.card("add_profile", iccid=iccid, name="Doomed")
        self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")))
        self.assert_done(self.do(iccid, "Delete"))
        self.assertIsNone(self.on_card(iccid))
        self.assertNotIn(iccid, self.profiles())

    def test_cancelled_though_done(self):
        """The card has deleted it, its answer is lost, and nobody waits for that: what is so is shown."""
        iccid = "8988307000000000201"
        self.card("add_profile", iccid=iccid, name="Doomed")
        self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")))
        self.card("fault", at="es10c.deleteProfile", how="silent", executed=True)
        job = self.start_job(self.profiles()[iccid][0], "Profile", "Delete")
        self.until(lambda: self.on_card(iccid) is None, 5, "the card has deleted it")
        self.cancel(job)
        self.assert_done(self.finish(job))
        self.assertNotIn(iccid, self.profiles())

    def test_delete_enabled(self):
        path = self.profiles()[ENABLED][0]
        self.refused("ProfileState", self.start_job, path, "Profile", "Delete")
        self.assertEqual(self.on_card(ENABLED), 1)

    def test_delete_what_is_enabled_meanwhile(self):
        """The bus has not heard yet; the card has."""
        self.card("fault", at="es10c.deleteProfile", how="result", code=2)
        self.assert_failed(self.do(DISABLED, "Delete"), "ProfileState")
        self.assertEqual(self.on_card(DISABLED), 0)

    def test_delete_forbidden_by_rule(self):
        self.assert_failed(self.do(KEPT, "Delete"), "PolicyRules")
        self.assertEqual(self.on_card(KEPT), 0)

    def test_gone_meanwhile(self):
        self.card("fault", at="es10c.deleteProfile", how="result", code=1, times=2)
        self.assert_failed(self.do(DISABLED, "Delete"), "NotFound")

    def test_nickname(self):
        for name in ("Zu Hause \u2302", "x" * 64, ""):
            self.assert_done(self.do(DISABLED, "SetNickname", name))
            self.until(lambda name=name: self.shown(DISABLED, "Nickname") == name, 5, "the bus tells so")
        path = self.profiles()[DISABLED][0]
        self.refused("InvalidArgument", self.start_job, path, "Profile", "SetNickname", "(sa{sv})", "\u2302" * 22, {})

    def test_notifications_of_a_deletion(self):
        iccid = "8988307000000000201"
        code = self.order(iccid=iccid, size=1500)
        self.assert_done(self.download(code))
        self.assert_done(self.do(iccid, "Delete"))
        self.until(lambda: self.order_of(iccid)["state"] == "deleted", 15, "the SM-DP+ hears of the deletion")
        self.until(lambda: not self.card("notifications")["notifications"], 5, "it leaves the card")


class Rules(SharedRigCase):
    """Profiles that come with policy rules, and the card's rules authorisation table."""

    ROW = {"rules": 0x60, "owners": ["eeeeee"]}

    def waits(self, code):
        path = self.begin_download(code)
        return path, self.state(path, "waiting-for-consent")["Question"]

    def test_asked_and_agreed(self):
        self.card("set_rat", rat=[{**self.ROW, "consent": True}])
        code, iccid = self.fresh(ppr="ppr2")
        path, question = self.waits(code)
        self.assertEqual((question["iccid"], question["accept-rules"]), (iccid, ["no-delete"]))
        self.assertNotIn("confirmation-code", question)
        self.answer(path, accept_rules=True)
        self.assert_done(self.finish(path))
        self.assertEqual(self.profiles()[iccid][1]["PolicyRules"], ["no-delete"])

    def test_asked_and_not_agreed(self):
        self.card("set_rat", rat=[{**self.ROW, "consent": True}])
        code, iccid = self.fresh(ppr="ppr2")
        path, _ = self.waits(code)
        self.answer(path, accept_rules=False)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assertEqual(self.order_of(iccid)["history"][-1]["why"], "cancelled, reason 1: kept", "only \"refuse\" rejects it")
        self.assert_works_on()

    def test_silence_is_no_agreement(self):
        self.card("set_rat", rat=[{**self.ROW, "consent": True}])
        path, _ = self.waits(self.fresh(ppr="ppr2", confirmation_code="1")[0])
        for answers in ({}, {"accept_rules": True}, {"confirmation_code": "1"}, {"accept_rules": True, "confirmation_code": ""}):
            self.refused("InvalidArgument", lambda: self.answer(path, **answers))
        self.assertEqual(self.job(path)["State"], "waiting-for-consent")
        self.answer(path, accept_rules=True, confirmation_code="1")
        self.assert_done(self.finish(path))

    def test_agreed_beforehand(self):
        self.card("set_rat", rat=[{**self.ROW, "consent": True}])
        self.assert_done(self.download(self.fresh(ppr="ppr2")[0], accept_rules=True))

    def test_allowed_without_asking(self):
        self.card("set_rat", rat=[{**self.ROW, "consent": False}])
        self.assert_done(self.download(self.fresh(ppr="ppr2")[0]))

    def test_forbidden(self):
        for rat in ([], [{"rules": 0x40, "owners": ["eeeeee"], "consent": True}],
                    [{"rules": 0x60, "owners": ["62f210"], "consent": True}]):
            with self.subTest(rat=rat):
                self.card("set_rat", rat=rat)
                code, iccid = self.fresh(ppr="ppr2")
                self.assert_failed(self.download(code, accept_rules=True), "PolicyRules")
                self.assertEqual(self.order_of(iccid)["history"][-1]["why"], "cancelled, reason 3")
        self.assert_works_on()

    def test_no_disabling_beside_another(self):
        """PPR1 needs the card for itself."""
        self.card("set_rat", rat=[{**self.ROW, "consent": True}])
        self.assert_works_on()
        self.assert_failed(self.download(self.fresh(ppr="ppr1")[0], accept_rules=True), "PolicyRules")


class FirstProfile(RigCase):
    """On a bare card."""

    def test_no_disabling_alone(self):
        self.card("set_rat", rat=[{**Rules.ROW, "consent": False}])
        self.start_esimd()
        self.assert_done(self.download(self.order(ppr="ppr1", size=1500)))

    def test_modem_that_does_not_notice(self):
        """ModemManager has to be told of the first profile by InhibitDevice; esimd does that after a person's Enable."""
        self.modem("set", tell="nothing")
        self.start_esimd()
        self.assert_done(self.download(self.order(size=1500)))
        path = self.profiles()["8988307000000000019"][0]
        self.assert_done(self.finish(self.start_job(path, "Profile", "Enable")))
        self.until(lambda: self.euiccs() and self.registered(), 30, "ModemManager has a modem that is registered or ready")

    def registered(self):
        states = [values["org.freedesktop.ModemManager1.Modem"]["State"] for values in self.lab.modems().values()]
        return any(state >= 3 for state in states)  # disabled or more: not failed any more
