# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Modems of the real ofonod: the card by the AT port that oFono leaves alone, and oFono's own way back after a switch."""

import os

from gi.repository import GLib

import rig
from lab_ofono import OfonoLab, XmmLab
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

ONE, TWO = "8988307000000000100", "8988307000000000101"
PORT = {"modem": {"at-port": "/dev/ttyUSB1"}, "data": {"connect": "none"}}


class CardCase(SharedRigCase):
    """Two profiles, the first enabled."""

    @classmethod
    def prepare(cls, rig):
        rig.card("add_profile", iccid=ONE, imsi="234010000000001", state="enabled")
        rig.card("add_profile", iccid=TWO, imsi="234010000000002")
        rig.until(lambda: cls.sim(rig) == ONE, 25, "oFono has read the card")

    def sim(self):
        there = "org.ofono.SimManager" in self.lab.modems()[self.lab.MODEM]["Interfaces"]
        return there and self.lab.properties("SimManager").get("CardIdentifier")

    def download_and_switch(self, channel):
        values = self.euicc()[1]
        self.assertEqual((values["Channel"], values["ModemStack"], values["Modem"]), (channel, "ofono", self.lab.MODEM))
        self.assert_works_on()
        for iccid in (TWO, ONE):
            self.assert_done(self.finish(self.start_job(self.profiles()[iccid][0], "Profile", "Enable")))
            self.until(lambda iccid=iccid: self.sim() == iccid, 10, "oFono has read the card anew")


class Card(CardCase):
    """The real ofonod, and a port that it leaves alone."""

    LAB, SETTINGS = OfonoLab, PORT

    def test_download_and_switch(self):
        self.download_and_switch("at")

    def test_a_modem_that_keeps_silent_is_powered_off_and_on(self):
        self.addCleanup(self.modem, "set", notice=True, sim_events=True)
        self.modem("set", notice=False, sim_events=False)
        self.assert_done(self.finish(self.start_job(self.profiles()[TWO][0], "Profile", "Enable")))
        self.until(lambda: self.sim() == TWO, 20, "oFono was made to read the card anew")
        self.modem("set", notice=True, sim_events=True)
        self.assert_done(self.finish(self.start_job(self.profiles()[ONE][0], "Profile", "Enable")))
        self.until(lambda: self.sim() == ONE, 20, "oFono has read the card anew")

    def test_ofono_restarts(self):
        self.lab.end("ofono")
        self.until(lambda: self.euicc()[1]["Modem"] == "/", 5, "the modem is away")
        self.lab.start_ofono()
        self.until(lambda: self.euicc()[1]["Modem"] == "/phonesim", 10, "the modem is there")
        self.assert_works_on()


class Lpa(CardCase):
    """oFono's own way to the card."""

    LAB, SETTINGS = XmmLab, {"data": {"connect": "none"}}

    @classmethod
    def prepare(cls, rig):
        super().prepare(rig)
        os.mkdir(f"{rig.dir}/quirks.d")
        with open(f"{rig.dir}/quirks.d/lab.conf", "w", encoding="utf-8") as file:
            file.write("[modem xmm]\nmodel=XMM*\napdu-timeout=2\n")

    def refresh(self):
        return self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh"), 60)

    def test_download_and_switch(self):
        self.download_and_switch("ofono")
        disable_first = {"disable-first": GLib.Variant("b", True)}
        path = self.profiles()[ONE][0]
        self.assert_done(self.finish(self.start_job(path, "Profile", "Delete", "(a{sv})", disable_first), 40))
        self.assertNotIn(ONE, self.profiles())

    def test_an_apdu_that_fails(self):
        """oFono never answers it, and is busy with it until the modem is powered off."""
        self.assert_done(self.refresh())
        self.modem("fault", at="at.cgla", how="error")
        self.assert_failed(self.refresh(), "TimedOut")
        self.assertIn("power the modem off and on", self.assert_failed(self.refresh(), "Busy")["Error"][1])
        self.lab.set_modem("Powered", False)
        self.lab.set_modem("Powered", True)
        self.lab.set_modem("Online", True)
        self.until(lambda: self.euicc()[1]["Channel"] == "ofono" and self.sim(), 10, "oFono has the card again")
        self.assert_works_on()


class LpaProvision(RigCase):
    """A bare eUICC that oFono has a way to."""

    LAB = XmmLab

    def test_bare_card_to_registered(self):
        self.settings["data"] = {"connect": "none"}
        self.start_esimd()
        self.assert_done(self.provision(60))
        self.assertEqual([profile["state"] for profile in self.card("profiles")["profiles"]], [rig.ENABLED])
        self.assertIn(self.lab.properties("NetworkRegistration")["Status"], ("registered", "roaming"))
        self.until(lambda: not self.card("channels")["channels"], 5, "every channel is closed")


class Provision(RigCase):
    """A bare eUICC in a modem that nobody has powered."""

    LAB, LAB_OPTIONS = OfonoLab, {"powered": False}

    def test_bare_card_to_connected(self):
        self.settings.update({**PORT, "data": {"connect": "ofono"}})
        self.start_esimd()
        self.assert_done(self.provision(60))
        ((_, context),) = self.lab.call("org.ofono", "/phonesim", "org.ofono.ConnectionManager", "GetContexts")[0]
        self.assertEqual((context["Active"], context["AccessPointName"]), (True, "super"))
        self.assertEqual([profile["state"] for profile in self.card("profiles")["profiles"]], [rig.ENABLED])
        self.assertIn(self.lab.properties("NetworkRegistration")["Status"], ("registered", "roaming"))
