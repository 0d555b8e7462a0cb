# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card by AT commands on the real ModemManager: by Modem.Command, and by inhibiting the modem; dialects; faults.

The bearer here is PPP, which esimd leaves to others: it provisions up to the registration, with connect=none.
"""

import time

import rig
from lab_at import AtLab
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

ONE, TWO = "8988307000000000100", "8988307000000000101"
DIALECTS = {
    "a bare number for an answer": {"ccho": "bare", "echo": False},
    "only CSIM": {"ccho": "none"},
    "CSIM for the basic channel alone": {"csim": "basic"},
    "no CSIM": {"csim": "none", "chatter": True},
    "sessions of the modem's own": {"handles": "high"},
    "sessions that look like channels": {"handles": "low"},
    "sessions of sixteen digits": {"handles": "hex"},
    "such sessions, bare": {"handles": "hex", "ccho": "bare"},
    "no CCHC": {"cchc": False},
    "no =?": {"test_forms": False},
    "short lines": {"line_max": 300},
    "61xx followed by the modem": {"collect": True},
}
PLAIN = {"ccho": "named", "csim": "all", "handles": "no", "cchc": True, "test_forms": True, "line_max": 0,
         "collect": False, "chatter": False}


class AtCase(SharedRigCase):
    """Two profiles, the first enabled."""

    LAB = AtLab

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


class ByCommand(AtCase):
    """ModemManager runs with --debug: the modem never leaves it."""

    def test_download_and_switch(self):
        path = list(self.lab.modems())
        self.assertEqual(self.euicc()[1]["Channel"], "at")
        self.assert_works_on()
        self.assertEqual(list(self.lab.modems()), path)
        self.switch(TWO)
        self.switch(ONE)

    def test_dialects(self):
        self.here()
        for name, knobs in DIALECTS.items():
            with self.subTest(name):
                self.modem("set", **{**PLAIN, **knobs})
                self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")))
                self.until(lambda: not self.card("channels")["channels"], 3, "every channel is closed")
        self.modem("set", **PLAIN)

    def test_refusals(self):
        self.modem("set", ccho="none", csim="none")
        job = self.assert_failed(self.refresh(), "NoEuicc")
        self.assertIn("CCHO", job["Error"][1])
        self.modem("set", **PLAIN)
        self.card("fault", at="select", how="sw", sw="6985", times=9)
        self.assertEqual(self.assert_failed(self.refresh(), "Channel")["Error"][4].get("sw"), "6985")

    def test_channels_that_nobody_closed(self):
        for _ in range(3):
            self.lab.call("org.freedesktop.ModemManager1", next(iter(self.lab.modems())),
                          "org.freedesktop.ModemManager1.Modem", "Command",
                          rig.GLib.Variant("(su)", ("AT+CCHO=\"A0000005591010FFFFFFFF8900000100\"", 5)))
        self.assertEqual(len(self.card("channels")["channels"]), 3)
        self.assert_done(self.refresh())


class ByBorrowing(AtCase):
    """Debian's own ModemManager: the modem is inhibited for each burst of APDUs, and comes back."""

    LAB_OPTIONS = {"command": False}

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

    def test_unplugged_in_the_middle(self):
        self.modem("fault", at="at.cgla", how="unplug", skip=3)
        self.here()
        path = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        began = time.monotonic()
        self.assert_failed(self.finish(path), "DeviceGone")
        self.assertLess(time.monotonic() - began, 8)
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
        self.until(lambda: not self.card("channels")["channels"], 5, "every channel is closed")
