# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Provisioning when the world does not play along: modems that are away or blind, networks that refuse, roll-back."""

import os

import rig
from gi.repository import GLib
from rig import KNOBS, RigCase

setUpModule = rig.enter_lab

FOREIGN = "8949000000000000017"  # someone else's profile
OURS = "898830"  # what the lab's Super SIMs begin with
MM = "org.freedesktop.ModemManager1"


class LoopCase(RigCase):
    """What these cases ask of ModemManager, and of the card behind esimd's back."""

    def modems(self):
        """Object path -> properties of its Modem interface."""
        return {path: interfaces[f"{MM}.Modem"] for path, interfaces in self.lab.modems().items()}

    def modem_state(self):
        (values,) = self.modems().values()
        return values["State"]

    def simple_connect(self, apn):
        """Someone else's connection."""
        (path,) = self.modems()
        return self.lab.call(MM, path, f"{MM}.Modem.Simple", "Connect",
                             GLib.Variant("(a{sv})", ({"apn": GLib.Variant("s", apn)},)), timeout=30)[0]

    def add_foreign(self):
        self.card("add_profile", iccid=FOREIGN, state="enabled", imsi="262019876543210", name="Someone's")
        self.reprobe()

    def reprobe(self):
        """ModemManager 1.20 does not notice by itself that a card has got its first profile."""
        device = self.until(lambda: [values["Device"] for values in self.modems().values()], 20, "a modem")[0]
        self.until(lambda: self.inhibit(device, True), 20, "ModemManager lets go of it")
        self.inhibit(device, False)
        self.until(lambda: [values for values in self.modems().values() if values["State"] >= 3], 20, "re-probed")

    def inhibit(self, device, on):
        """Whether ModemManager could do it: not in the moments in which it does not have the device on the bus."""
        try:
            self.lab.call(MM, "/org/freedesktop/ModemManager1", MM, "InhibitDevice",
                          GLib.Variant("(sb)", (device, on)))
        except GLib.Error:
            return False
        return True

    def enabled(self):
        """The ICCID that the card says is enabled."""
        found = [profile["iccid"] for profile in self.card("profiles")["profiles"] if profile["state"] == 1]
        return found[0] if found else None

    def journal(self):
        """The card's journal as a dictionary."""
        folder = os.path.join(self.dir, "esimd-state")
        (name,) = [name for name in os.listdir(folder) if name.endswith(".journal")]
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file)

    def detail(self):
        return self.euicc()[1]["ProvisioningDetail"]


class AwayModem(LoopCase):
    """A modem that leaves for a moment."""

    def test_calls_wait_until_the_modem_is_back(self):
        self.start_esimd()
        self.assert_done(self.provision())
        self.modem("unplug")
        self.until(lambda: self.euicc()[1]["Modem"] == "/", 10, "esimd misses the modem")
        euicc, profile = self.euicc()[0], next(iter(self.profiles().values()))[0]
        jobs = [self.start_job(profile, "Profile", "SetNickname", "(sa{sv})", "back again", {}),
                self.start_job(euicc, "Euicc", "Refresh"),
                self.begin_download(self.order(iccid="8988307000000000999", size=1500)),
                self.start_job(euicc, "Euicc", "SendNotifications")]
        self.settle(1)
        self.assertEqual([self.job(job)["State"] for job in jobs], ["queued"] * 4)
        self.modem("plug")
        for job in jobs:
            self.assert_done(self.finish(job))
        self.assertIn("back again", [values["Nickname"] for _, values in self.profiles().values()])

    def test_a_modem_that_stays_away(self):
        self.start_esimd()
        self.modem("unplug")
        self.until(lambda: self.euicc()[1]["Modem"] == "/", 10, "esimd misses the modem")
        refresh = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        cancelled = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.cancel(cancelled)
        self.assertEqual(self.finish(cancelled, 2)["State"], "cancelled")
        self.assert_failed(self.finish(refresh, 20), "DeviceGone")

    def test_after_a_persons_switch(self):
        """The modem re-probes after each switch; calls right behind it neither fail nor get lost."""
        self.start_esimd()
        result = self.assert_done(self.provision())["Result"]
        self.assertEqual(result["interface"], "wwan0")
        self.assertTrue(result["bearer"].startswith("/org/freedesktop/ModemManager1/Bearer/"), result)
        path = self.profiles()[result["iccid"]][0]
        for method in ("Disable", "Enable", "Disable", "Enable"):
            self.assert_done(self.finish(self.start_job(path, "Profile", method)))
            self.assertTrue(self.detail().startswith("suspended: "), self.detail())
            self.assertEqual(self.euicc()[1]["ProvisioningState"], "suspended")
        self.assert_done(self.provision())
        self.assertNotIn("suspended", self.detail())


class RollBack(LoopCase):
    """No network takes the new profile."""

    KNOBS = {**KNOBS, "barred": [OURS], "apns": ["super", "foreign"]}

    def setUp(self):
        super().setUp()
        self.settings["provision"]["registration-timeout"] = "3"

    def test_back_to_the_profile_before(self):
        self.add_foreign()
        self.start_esimd()
        self.simple_connect("foreign")
        self.assertEqual(self.modem("sessions")["active"], 1)
        job = self.assert_failed(self.provision(), "NotRegistered")
        self.assertIn("enabled again: no network has taken", job["Error"][1])
        self.assertEqual(self.enabled(), FOREIGN)
        self.assertEqual(self.detail(), job["Error"][1])
        self.until(lambda: self.modem("sessions")["active"], 20, "data as before")
        self.until(lambda: "before-apn" not in self.journal(), 10, "and that is settled")
        self.assertEqual(self.modem("state")["session"], "ACTIVATED")
        self.assertEqual(len(self.supersim("profiles")["profiles"]), 1)

        # Unasked it is left alone, however often esimd starts.
        self.kill_esimd()
        self.settings["provision"]["mode"] = "automatic"
        self.card("reset_counters")
        self.start_esimd()
        self.settle(5)
        self.assertEqual(self.enabled(), FOREIGN)
        self.assertFalse(self.card("apdus")["writes"])
        self.assertEqual(self.euicc()[1]["ProvisioningState"], "idle")
        self.assertEqual(self.detail(), job["Error"][1])  # the reason is kept

        # A person who asks again gets another try.
        self.modem("set", barred=[])
        self.assert_done(self.provision())
        self.assertTrue(self.enabled().startswith(OURS))

    def test_data_does_not_pass(self):
        """Registered and connected, but nothing is reached: that is no better."""
        self.modem("set", barred=[])
        self.settings["data"]["verify-host"] = "255.255.255.255"  # where no connection can be made
        self.add_foreign()
        self.start_esimd()
        self.simple_connect("foreign")
        job = self.assert_failed(self.provision(), "DataFailed")
        self.assertRegex(job["Error"][1], "enabled again: .*verify-host")
        self.assertEqual(self.enabled(), FOREIGN)
        self.until(lambda: "before-apn" not in self.journal(), 20, "data as before is settled")
        self.assertEqual(self.modem("sessions")["active"], 1)

    def test_nothing_to_go_back_to(self):
        """It stays, and is gone on with as soon as a network takes it."""
        self.start_esimd()
        self.assert_failed(self.provision(), "NotRegistered")
        self.assertTrue(self.enabled().startswith(OURS))
        self.modem("set", barred=[], registration="home")
        self.until(lambda: self.modem("sessions")["active"], 20, "connected by itself")

    def test_not_wanted(self):
        self.settings["provision"]["roll-back"] = "no"
        self.add_foreign()
        self.start_esimd()
        self.assert_failed(self.provision(), "NotRegistered")
        self.assertTrue(self.enabled().startswith(OURS))


class Dropped(LoopCase):
    """A connection that ends by itself comes back by itself; one that someone closed does not."""

    def connected(self):
        return self.modem("sessions")["active"] == 1 and self.euicc()[1]["ProvisioningState"] == "idle"

    def close_connection(self):
        (path,) = self.modems()
        self.lab.call(MM, path, f"{MM}.Modem.Simple", "Disconnect", GLib.Variant("(o)", ("/",)), timeout=30)

    def test_dropped_and_closed(self):
        self.settings["provision"]["mode"] = "automatic"
        self.start_esimd()
        self.until(self.connected, 40, "connected by itself")

        for drop in (lambda: self.modem("drop"), lambda: self.modem("set", registration="home")):
            self.until(lambda: self.modem_state() == 11, 5, "ModemManager says so")
            self.settle(0.3)
            made = self.modem("sessions")["made"]
            drop()
            self.until(lambda: self.modem("sessions")["made"] > made and self.connected(), 20, "connected again")

        self.until(lambda: self.modem_state() == 11, 5, "ModemManager says so")
        self.settle(0.3)
        self.close_connection()
        self.until(lambda: self.journal().get("closed"), 5, "that is noted")
        self.settle(3)
        self.assertFalse(self.modem("sessions")["active"])
        self.kill_esimd()
        self.start_esimd()
        self.until(lambda: "closed" in self.detail(), 20, "the run is over")
        self.settle(1)
        self.assertFalse(self.modem("sessions")["active"])

        self.assert_done(self.provision())
        self.assertTrue(self.modem("sessions")["active"])
        self.assertNotIn("closed", self.journal())
