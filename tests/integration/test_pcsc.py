# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A card in a PC/SC reader, behind the real pcscd: profiles, removal, provisioning as far as a reader goes."""

import shutil
import time

import rig
from lab_pcsc import PcscLab
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

ONE, TWO = "8988307000000000100", "8988307000000000101"


class Card(SharedRigCase):
    """Two profiles, the first enabled."""

    LAB = PcscLab

    @classmethod
    def prepare(cls, rig):
        rig.card("add_profile", iccid=ONE, imsi="234010000000001", state="enabled")
        rig.card("add_profile", iccid=TWO, imsi="234010000000002")

    def test_download_and_switch(self):
        values = self.euicc()[1]
        self.assertEqual((values["Channel"], values["ModemStack"], values["Modem"]), ("pcsc", "pcsc", "/"))
        self.assert_works_on()
        for iccid in (TWO, ONE):
            self.assert_done(self.finish(self.start_job(self.profiles()[iccid][0], "Profile", "Enable")))
            states = {profile["iccid"]: profile["state"] for profile in self.card("profiles")["profiles"]}
            self.assertEqual(states[iccid], rig.ENABLED)

    def test_cards_with_other_aids(self):
        """Removable eUICCs whose makers gave the ISD-R an AID of their own: 5ber, eSIM.me, XeSIM, eSTK.me."""
        self.addCleanup(self.card, "set_isdr_aid")
        for aid in ("A0000005591010000000008900000300", "A0000005591010FFFFFFFF8900000177",
                    "A06573746B6D65FFFFFFFF4953442D52"):
            self.card("set_isdr_aid", aid=aid)
            self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")))
        self.card("set_isdr_aid", aid="A0000005591010FFFFFFFF8900050500")
        self.assert_works_on()
        self.card("set_isdr_aid", aid="A0000005591010FFFFFFFF8900009999")
        self.assert_failed(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")), "NoEuicc")

    def test_taken_out_in_the_middle(self):
        self.modem("fault", at="pcsc.apdu", how="out", skip=5)
        began = time.monotonic()
        self.assert_failed(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")), "DeviceGone")
        self.assert_took(began, 5)
        self.modem("in")
        self.until(lambda: self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh"))["State"] == "done", 20,
                   "the card is there again")

    def test_when_pcscd_comes_later(self):
        """It is not looked for in vain, and found at once when it is there, its folder with it."""
        self.lab.end("pcscd")
        shutil.rmtree("/run/pcscd", ignore_errors=True)
        self.settle(7)  # longer than it is looked for anew after it has gone
        self.lab.start_pcscd()
        self.modem("in")
        self.until(lambda: self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh"))["State"] == "done", 5,
                   "the card is there again")


class Provision(RigCase):
    """A bare eUICC: the profile is ordered, installed and enabled; there is no radio to go on with."""

    LAB = PcscLab

    def test_bare_card(self):
        self.start_esimd()
        job = self.assert_failed(self.provision(40), "Unsupported")
        self.assertIn("put the card into a modem", job["Error"][1])
        self.assertEqual([profile["state"] for profile in self.card("profiles")["profiles"]], [rig.ENABLED])
        self.assertEqual(len(self.supersim("profiles")["profiles"]), 1)
