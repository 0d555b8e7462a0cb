# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card by AT commands on the real ModemManager, which lends the modem for each burst of them.

The bearer here is PPP, which esimd leaves to others: it provisions up to the registration, with connect=none.
"""

import time

import rig
from lab_at import AtLab
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

REGISTERED = 8  # as ModemManager counts

# ModemManager asks what its generic plugin takes three times, 3 s apart, whether it is of Icera's; a Quectel, which has
# no row in quirks.conf, never. test_bare_card_to_registered has the generic one.
USB = "2c7c:0801"
ONE, TWO = "8988307000000000100", "8988307000000000101"


class AtCase(SharedRigCase):
    """Two profiles, the first enabled."""

    LAB, LAB_OPTIONS = AtLab, {"usb": USB}

    @classmethod
    def prepare(cls, rig):
        rig.card("add_profile", iccid=ONE, imsi="234010000000001", state="enabled")
        rig.card("add_profile", iccid=TWO, imsi="234010000000002")

    def here(self):
        """The modem is there and stays: no re-probe is under way."""
        seen = []

        def stays():
            now = (list(self.lab.modems()), self.euicc()[1]["Modem"])
            seen.append(now if now[0] and now[1] != "/" else time.monotonic())
            return len(seen) > 30 and len(set(map(str, seen[-30:]))) == 1

        self.until(stays, 20, "the modem is there")

    def do(self, path, interface, method):
        self.here()
        return self.finish(self.start_job(path, interface, method), 40)

    def refresh(self):
        return self.do(self.euicc()[0], "Euicc", "Refresh")

    def switch(self, iccid):
        self.assert_done(self.do(self.profiles()[iccid][0], "Profile", "Enable"))
        states = {profile["iccid"]: profile["state"] for profile in self.card("profiles")["profiles"]}
        self.assertEqual([name for name, state in states.items() if state == 1], [iccid])


def until_registered(case):
    """ModemManager leaves a modem that it gets back disabled, which it was not."""
    def states():
        return [modem["org.freedesktop.ModemManager1.Modem"]["State"] for modem in case.lab.modems().values()]

    case.until(lambda: states() == [REGISTERED], 20, "the modem is as it was before it was borrowed")


class ByBorrowing(AtCase):
    """Debian's own ModemManager: the modem is inhibited for each burst of APDUs, and comes back."""

    LAB_OPTIONS = {"usb": USB, "command": False}

    def test_download_and_switch(self):
        self.assert_works_on()
        self.switch(TWO)
        self.here()
        self.card("reset_counters")
        self.settle(4)
        self.assertEqual(self.card("apdus")["count"], 0, "a modem that came back the same is read without end")

    def test_a_connection_is_not_cut(self):
        self.here()
        (path, _), = self.lab.modems().items()
        name = "org.freedesktop.ModemManager1"
        simple = {"apn": rig.GLib.Variant("s", "super")}
        self.lab.call(name, path, f"{name}.Modem.Simple", "Connect", rig.GLib.Variant("(a{sv})", (simple,)))
        job = self.assert_failed(self.refresh(), "Busy")
        self.assertIn("--debug", job["Error"][1])
        self.assertEqual(self.modem("sessions"), {**self.modem("sessions"), "active": 1, "made": 1})
        self.lab.call(name, path, f"{name}.Modem.Simple", "Disconnect", rig.GLib.Variant("(o)", ("/",)))
        self.assert_done(self.refresh())
        until_registered(self)

    def test_killed_in_the_middle(self):
        """ModemManager has the modem back at once, and the next start closes the channel."""
        self.here()
        self.modem("set", apdu_seconds=0.05)
        path = self.begin_download(self.fresh()[0])
        self.until(lambda: self.job(path)["BytesDone"] > 0, 20, "the package is being loaded")
        self.kill_esimd()
        self.modem("set", apdu_seconds=0.0)
        self.until(self.lab.modems, 20, "ModemManager has the modem")
        self.assertEqual(len(self.card("channels")["channels"]), 1)
        self.start_esimd()
        self.until(lambda: not self.card("channels")["channels"], 20, "every channel is closed")
        self.here()
        self.assert_works_on()

    def test_a_slow_server(self):
        """While the SM-DP+ takes its time the modem is ModemManager's."""
        self.here()
        self.smdp("fault", at="es9.getBoundProfilePackage", how="stall", seconds=12, when="after")
        code, iccid = self.fresh()
        path = self.begin_download(code)
        self.until(lambda: not self.lab.modems(), 5, "the modem is borrowed")
        self.until(self.lab.modems, 11, "the modem is back")
        self.assertEqual(self.smdp("counts")["counts"].get("es9.getBoundProfilePackage"), 1)
        self.assertEqual(self.job(path)["State"], "running")
        self.assertEqual(self.card("channels")["channels"], [])
        self.assert_done(self.finish(path, 40))
        self.assertIn(iccid, self.profiles())

    def test_unplugged_in_the_middle(self):
        self.modem("fault", at="at.cgla", how="unplug", skip=3)
        self.here()
        path = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        began = time.monotonic()
        self.assert_failed(self.finish(path), "DeviceGone")
        self.assert_took(began, 8)
        self.modem("plug")
        self.here()
        self.assert_done(self.refresh())


class Provision(RigCase):
    """From a bare eUICC to registered, the modem borrowed for what is done with the card."""

    LAB, LAB_OPTIONS = AtLab, {"command": False}

    def test_bare_card_to_registered(self):
        self.settings["data"] = {"connect": "none"}
        self.start_esimd()
        self.assert_done(self.provision(60))
        profiles = self.card("profiles")["profiles"]
        self.assertEqual([profile["state"] for profile in profiles], [rig.ENABLED])
        self.assertIn(self.modem("state")["register"], ("ROAMING", "HOME"))
        # The modem is away after each talk with the card: what was sent is removed when it is back.
        self.until(lambda: not self.card("notifications")["notifications"], 10, "every notification is sent")
        until_registered(self)
        self.until(lambda: not self.card("channels")["channels"], 5, "every channel is closed")
