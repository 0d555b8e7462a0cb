# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Modems with several SIM slots: an eUICC in one that is not in use is switched to, and back, by the real ModemManager."""

import os
import unittest

import rig
from gi.repository import GLib
from rig import KNOBS, RigCase

setUpModule = rig.enter_lab

MM_MODEM = "org.freedesktop.ModemManager1.Modem"
ICCID = "8988307000000000301"
DISABLED, REGISTERED = 3, 8  # as ModemManager counts
SWITCH_SECONDS = 30  # ModemManager probes a QMI modem without a SIM for some 13


class SlotsCase(RigCase):
    """The modem uses the first of its SLOTS when esimd starts; what it borrows it gives back after a second."""

    SLOTS, MORE = ["sim", "euicc"], {}

    def setUp(self):
        self.KNOBS = {**KNOBS, "slots": self.SLOTS, **self.MORE}
        super().setUp()
        self.settings["modem"] = {"switch-back": "1"}

    def used(self):
        return self.modem("state")["knobs"]["slot"]

    def seen(self):
        """(path, properties) of ModemManager's modem; None while it has none."""
        modems = list(self.lab.modems().items())
        return (modems[0][0], modems[0][1][MM_MODEM]) if modems else None

    def modem_state(self):
        """What ModemManager has the modem in; None while it has none."""
        seen = self.seen()
        return seen and seen[1]["State"]

    def path_when(self, condition, seconds=10):
        """Where ModemManager has the modem, once CONDITION (path, properties) is true of it."""
        def found():
            seen = self.seen()
            return seen and condition(*seen) and seen[0]

        return self.until(found, seconds, "ModemManager has the modem so")

    def rescan(self, **options):
        packed = {name.replace("_", "-"): GLib.Variant("b", value) for name, value in options.items()}
        self.call("/org/esimd1", "Manager", "Rescan", "(a{sv})", packed)

    def choose(self, slot):
        """Somebody else says which slot is to be used, as mmcli does."""
        path = self.path_when(lambda _, modem: modem["State"] not in (0, 1))
        self.lab.call("org.freedesktop.ModemManager1", path, MM_MODEM, "SetPrimarySimSlot", GLib.Variant("(u)", (slot + 1,)))
        self.path_when(lambda new, modem: new != path and modem["PrimarySimSlot"] == slot + 1, SWITCH_SECONDS)

    def notes(self):
        return [name for name in os.listdir(f"{self.dir}/esimd-state") if name.startswith("slot-")]

    def begin(self):
        self.start_esimd(wait=False)
        self.until(lambda: self.lab.owned(rig.NAME), 20, "esimd is there")

    def until_active(self):
        self.until(lambda: self.euiccs() and self.euicc()[1]["Active"], SWITCH_SECONDS, "the card is in use")

    def until_back(self):
        self.until(lambda: self.used() == 0, SWITCH_SECONDS, "the slot is given back")
        self.until(lambda: self.euicc()[1]["Modem"] != "/" and not self.euicc()[1]["Active"], SWITCH_SECONDS,
                   "the card is parked")
        self.until(lambda: not self.notes(), 5, "nothing is lent any more")

    def refresh(self):
        return self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh"), 60)

    def find(self):
        self.rescan(all_slots=True)
        self.until(self.euiccs, SWITCH_SECONDS, "the eUICC is found")
        self.until_back()


class BesideASim(SlotsCase):
    """Somebody's SIM is in use: it is back after every look, and nothing is taken from a connection."""

    def test_asked_for_and_given_back(self):
        self.begin()
        self.settle(1.5)
        self.assertEqual((self.used(), self.euiccs()), (0, {}), "nobody asked")
        self.find()
        path, seen = self.euicc()
        self.assertEqual((seen["Slot"], seen["Channel"]), (2, ""))
        path_then = self.path_when(lambda _, modem: modem["State"] == DISABLED)
        self.lab.call("org.freedesktop.ModemManager1", path_then, MM_MODEM, "Enable", GLib.Variant("(b)", (True,)))
        self.until(lambda: self.modem_state() == REGISTERED, 10, "the SIM serves")
        code = self.order(iccid=ICCID, size=1500, confirmation_code="1234")
        job = self.begin_download(code)
        self.state(job, "waiting-for-consent", seconds=60)
        self.rescan(all_slots=True)
        self.settle(3)
        self.assertEqual(self.used(), 1, "nobody's work is cut by a look")
        self.answer(job, confirmation_code="1234")
        self.assert_done(self.finish(job))
        self.until_back()
        self.until(lambda: self.modem_state() == REGISTERED, 20, "the SIM serves as it did before")
        self.assertEqual((self.euicc()[0], list(self.profiles())), (path, [ICCID]), "what is known of the card stays")
        self.assert_done(self.finish(self.start_job(self.profiles()[ICCID][0], "Profile", "Enable"), 60))
        self.settle(3)
        self.assertEqual((self.used(), self.notes()), (1, []), "it is what the modem is to use from now on")
        self.until_active()

    def test_killed_while_it_is_lent(self):
        self.settings["provision"]["mode"] = "automatic"  # but for no card whose slot is only lent
        self.settings["modem"]["switch-back"] = "3600"
        self.begin()
        self.rescan(all_slots=True)
        self.until_active()
        self.assertEqual(len(self.notes()), 1)
        self.kill_esimd()
        self.settings["modem"]["switch-back"] = "1"
        self.start_esimd()
        self.until_back()
        self.assertEqual(self.supersim("profiles")["profiles"], [], "nothing is ordered")
        self.kill_esimd()
        self.settings["provision"]["mode"] = "on-request"
        self.choose(1)  # while esimd is not there
        self.start_esimd()
        self.settle(3)
        self.assertEqual((self.used(), self.euicc()[1]["Active"]), (1, True), "what somebody else chose stays")
        self.choose(0)
        self.settings["modem"]["switch-back"] = "0"
        self.write_config()
        self.call("/org/esimd1", "Manager", "Reload", "(a{sv})", {})
        self.assert_done(self.refresh())
        self.settle(3)
        self.assertEqual((self.used(), self.notes()), (1, []), "the settings say that it is not gone back")

    def test_stopped_while_it_is_lent(self):
        self.settings["modem"]["switch-back"] = "3600"
        self.begin()
        self.rescan(all_slots=True)
        self.until_active()
        self.settle(1)
        self.assertEqual((self.used(), self.stop_esimd()), (1, 0))
        self.until(lambda: self.used() == 0, 5, "the slot is given back at the end")

    def test_unplugged_while_it_is_lent(self):
        self.settings["modem"]["switch-back"] = "5"
        self.begin()
        self.rescan(all_slots=True)
        self.until_active()
        self.modem("unplug")
        self.settle(1)
        self.modem("plug")
        self.until_active()
        self.until_back()

    def test_connected_modem(self):
        self.begin()
        self.find()
        path = self.path_when(lambda _, modem: modem["State"] != -1)
        self.lab.call("org.freedesktop.ModemManager1", path, f"{MM_MODEM}.Simple", "Connect",
                      GLib.Variant("(a{sv})", ({"apn": GLib.Variant("s", "super")},)))
        job = self.assert_failed(self.refresh(), "Busy")
        self.assertIn("disconnect", job["Error"][1])
        self.assertEqual((self.modem_state(), self.used()), (11, 0), "its connection is not cut")
        self.assertEqual(self.notes(), [])

    def test_back_where_no_network_takes_the_profile(self):
        self.settings["provision"]["registration-timeout"] = "2"
        self.modem("set", barred=["8988307"])
        self.begin()
        self.find()
        self.assert_failed(self.provision(90), "NotRegistered")
        self.until_back()
        self.until(lambda: self.modem_state() not in (None, -1), 10, "the SIM serves again")

    def test_by_nobody_where_the_settings_say_so(self):
        self.settings["modem"]["switch-slots"] = "no"
        self.begin()
        self.choose(1)
        self.until(self.euiccs, SWITCH_SECONDS, "the eUICC is found")
        self.choose(0)
        self.until(lambda: self.euicc()[1]["Modem"] != "/" and not self.euicc()[1]["Active"], SWITCH_SECONDS, "parked")
        job = self.assert_failed(self.refresh(), "Unsupported")
        self.assertIn("mmcli --set-primary-sim-slot=2", job["Error"][1])
        self.rescan(all_slots=True)
        self.settle(2)
        self.assertEqual(self.used(), 0)


class LeavingTheBus(SlotsCase):
    """A modem that leaves the USB for every switch; asked to provision, it stays with the card."""

    MORE = {"switch_resets": True, "reset_seconds": 2.0}

    def test_provision(self):
        self.begin()
        self.find()
        self.assert_done(self.provision(90))
        self.settle(3)
        self.assertEqual((self.used(), self.euicc()[1]["Active"], self.notes()), (1, True, []))
        self.assertEqual(self.modem_state(), 11, "connected")


class EmptySlot(SlotsCase):
    """Nothing is in the slot in use, so esimd looks into the other by itself; the modem does not tell what is there."""

    SLOTS, MORE = ["empty", "euicc"], {"others": "off"}

    def test_automatic(self):
        self.settings["provision"]["mode"] = "automatic"
        self.begin()
        self.until(lambda: self.modem_state() == 11, 90, "connected")
        self.assertEqual((self.used(), self.notes()), (1, []))
        self.assert_everything_once()


class EmptySlots(SlotsCase):
    """A look in vain ends where it began, and is not repeated."""

    SLOTS, MORE = ["empty", "sim", "empty", "euicc"], {"others": "off"}

    def test_found_behind_a_sim(self):
        self.begin()
        self.until_active()
        self.assertEqual((self.used(), self.euicc()[1]["Slot"]), (3, 4))
        self.settle(3)
        self.assertEqual((self.used(), self.notes()), (3, []), "an empty slot is not gone back to")


class Offline(SlotsCase):
    """The eUICC in use waits for a network, which may take days: that keeps nobody from the other slot."""

    SLOTS, MORE = ["euicc", "sim"], {"others": "off"}

    def test_a_look_while_it_waits(self):
        self.settings["provision"]["mode"] = "automatic"
        self.modem("uplink", on=False)
        self.start_esimd()
        self.until(lambda: self.euicc()[1]["ProvisioningState"] == "wait-network", 10, "it waits for a network")
        self.rescan(all_slots=True)
        self.until(lambda: self.used() == 1, SWITCH_SECONDS, "the other slot is looked into")
        self.until(lambda: self.used() == 0 and self.euicc()[1]["Active"], SWITCH_SECONDS, "the slot is given back")
        self.until(lambda: self.euicc()[1]["ProvisioningState"] == "wait-network", 10, "it waits on")
        self.modem("uplink", on=True)
        self.until(lambda: self.modem("sessions")["active"], 40, "connected")
        self.assert_everything_once()


class Qmi(SlotsCase):
    """Over QMI the modem tells the EID of a card in a slot that is not in use."""

    LAB_OPTIONS = {"kind": "qmi"}

    def test_known_before_it_is_used(self):
        self.begin()
        self.until(self.euiccs, 20, "the card is known by its EID")
        self.assertEqual((self.used(), self.euicc()[1]["Active"], self.euicc()[1]["SpecVersion"]), (0, False, ""))
        self.assert_done(self.provision(90))
        self.assertEqual((self.used(), self.euicc()[1]["Active"], self.notes()), (1, True, []))
        self.assertNotEqual(self.euicc()[1]["SpecVersion"], "")


if __name__ == "__main__":
    unittest.main()
