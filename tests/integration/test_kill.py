# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""kill -9 at every step of the loop, then a new start: always one of everything, and nothing left open.

A kill strikes where a stand-in sees something happen, so each of them is at a known point: before the effect, or after
it and before esimd heard of it.
"""

import time

import rig
from control import ask
from rig import RigCase

setUpModule = rig.enter_lab


class KillCase(RigCase):
    """Automatic provisioning, killed when a test says so."""

    def setUp(self):
        super().setUp()
        self.settings["provision"]["mode"] = "automatic"

    def kill_when(self, condition, what, seconds=40):
        """kill -9 as soon as CONDITION holds."""
        self.until(condition, seconds, what)
        self.kill_esimd()

    def finish_anew(self):
        """Start again; the rest must come by itself."""
        self.start_esimd()
        self.until(lambda: self.modem("sessions")["active"], 60, "connected after the new start")
        self.assert_everything_once()
        self.assertEqual(self.modem("sessions")["made"], self.sessions_made)

    sessions_made = 1

    def run_kill(self, condition, what):
        self.start_esimd()
        self.kill_when(condition, what)
        self.finish_anew()

    def asked(self, template):
        return self.supersim("requests")["counts"].get(template, 0)

    def counted(self, stand_in, point):
        return ask(stand_in, "counts", self.dir)["counts"].get(point, 0)

    def wrote(self, function):
        return self.card("apdus")["functions"].get(function, 0)


class Kill(KillCase):
    """A kill at every other point that a stand-in can count."""

    def test_before_anything(self):
        self.start_esimd(wait=False)
        time.sleep(0.15)
        self.kill_esimd()
        self.finish_anew()

    def test_while_the_card_is_read(self):
        self.run_kill(lambda: self.wrote("es10c.getEid"), "the card is read")

    def test_sim_being_activated(self):
        ask("supersim", "set", self.dir, schedule_seconds=2)
        self.run_kill(lambda: self.counted("supersim", "sims.update"), "the Sim is being activated")

    def test_authenticating(self):
        self.smdp("fault", at="es9.initiateAuthentication", how="stall", seconds=3, when="after")
        self.run_kill(lambda: self.counted("smdp", "es9.initiateAuthentication"), "the server is asked")

    def test_server_authenticated(self):
        self.run_kill(lambda: self.wrote("es10b.authenticateServer"), "the card has authenticated the server")

    def test_profile_bound(self):
        self.smdp("fault", at="es9.getBoundProfilePackage", how="stall", seconds=3, when="after")
        self.run_kill(lambda: self.counted("smdp", "es9.getBoundProfilePackage"), "the package is bound")

    def test_in_the_middle_of_the_package(self):
        self.modem("set", apdu_seconds=0.02)
        self.start_esimd()
        self.until(lambda: self.wrote("es10b.loadBoundProfilePackage") >= 5, 40, "five segments are loaded")
        self.kill_esimd()
        self.modem("set", apdu_seconds=0.0)
        self.finish_anew()

    def test_installed_result_unread(self):
        """The card has installed; esimd dies before it hears of it."""
        self.modem("set", apdu_seconds=0.02)
        self.start_esimd()
        self.until(lambda: self.card("profiles")["profiles"], 40, "the profile is on the card")
        self.kill_esimd()
        self.modem("set", apdu_seconds=0.0)
        self.finish_anew()

    def test_notification_being_sent(self):
        self.smdp("fault", at="es9.handleNotification", how="stall", seconds=3, when="after")
        self.run_kill(lambda: self.counted("smdp", "es9.handleNotification"), "the notification is on its way")

    def test_notification_taken_not_removed(self):
        self.run_kill(lambda: self.smdp("notifications")["notifications"], "the notification was taken")

    def test_enabling(self):
        self.modem("set", apdu_seconds=0.05)
        self.start_esimd()
        self.until(lambda: self.wrote("es10c.enableProfile"), 60, "the profile is enabled")
        self.kill_esimd()
        self.modem("set", apdu_seconds=0.0)
        self.finish_anew()

    def test_waiting_for_the_modem(self):
        self.modem("set", tell="nothing")
        self.run_kill(lambda: any(profile["state"] == rig.ENABLED for profile in self.card("profiles")["profiles"]),
                      "the profile is enabled")

    def test_waiting_for_registration(self):
        self.modem("set", register_seconds=4.0)
        self.start_esimd()
        self.until(lambda: any(profile["state"] == rig.ENABLED for profile in self.card("profiles")["profiles"]), 40,
                   "the profile is enabled")
        time.sleep(2)
        self.kill_esimd()
        self.finish_anew()

    def test_connecting(self):
        self.modem("set", connect_seconds=1.0)
        self.start_esimd()
        self.until(lambda: self.counted("modem", "connect"), 60, "the bearer is asked for")
        self.kill_esimd()
        self.finish_anew()

    def test_connected_interface_bare(self):
        self.run_kill(lambda: self.modem("sessions")["active"], "the bearer is up")

    def test_done(self):
        self.start_esimd()
        self.until(lambda: self.modem("sessions")["active"], 60, "connected")
        self.assert_everything_once()
        self.kill_esimd()
        self.card("reset_counters")
        self.supersim("reset_counters")
        self.finish_anew()
        self.assertEqual(self.card("apdus")["writes"], {})
        self.assertFalse([request for request in self.supersim("requests")["requests"] if request["method"] != "GET"])


class Notification(RigCase):
    """What a person's switch told the card to report is sent by a new start too, though no run begins by itself."""

    def test_of_a_persons_switch(self):
        self.start_esimd()
        iccid = self.assert_done(self.download(self.order(size=1500)))["Result"]["iccid"]
        self.until(lambda: not self.card("notifications")["notifications"], 10, "the installation's is sent")
        self.smdp("fault", at="es9.handleNotification", how="stall")
        self.assert_done(self.finish(self.start_job(self.profiles()[iccid][0], "Profile", "Enable")))
        self.kill_esimd()
        self.smdp("clear")
        self.assertTrue(self.card("notifications")["notifications"])
        self.start_esimd()
        self.until(lambda: not self.card("notifications")["notifications"], 90, "the switch's is sent")
