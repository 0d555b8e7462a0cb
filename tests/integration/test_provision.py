# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The main job on the real ModemManager: from a bare eUICC to connected, by every method and account, and only once."""

import subprocess

import rig
from rig import RigCase

setUpModule = rig.enter_lab


class Provision(RigCase):
    """By EID, with Twilio's credentials."""

    def test_bare_card_to_connected(self):
        self.start_esimd()
        job = self.assert_done(self.provision())
        self.assert_everything_once()
        ping = subprocess.run(["ping", "-c1", "-W5", "-I", "wwan0", "198.51.100.7"], capture_output=True, text=True)
        self.assertEqual(ping.returncode, 0, ping.stdout + ping.stderr)
        cost = job["Result"]["cost"]
        self.assertGreater(cost["apdus"], 0)
        self.assertGreater(cost["http-requests"], 0)
        self.assertIn("download", cost["seconds"])

    def test_a_host_is_reached_over_the_new_link(self):
        """verify-host: an address of the modem's network answers; the step is one of the run's."""
        self.settings["data"]["verify-host"] = "198.51.100.7"
        self.start_esimd()
        self.assertIn("verify-data", self.assert_done(self.provision())["Result"]["cost"]["seconds"])

    def test_second_run_writes_nothing(self):
        self.start_esimd()
        self.assert_done(self.provision())
        self.assert_everything_once()
        self.card("reset_counters")
        self.supersim("reset_counters")
        self.assert_done(self.provision())
        self.assertEqual(self.card("apdus")["writes"], {})
        asked = self.supersim("requests")["requests"]
        self.assertFalse([request for request in asked if request["method"] != "GET"], asked)

    def test_automatic(self):
        self.settings["provision"]["mode"] = "automatic"
        self.start_esimd()
        self.until(lambda: self.modem("sessions")["active"], 40, "connected by itself")
        self.assert_everything_once()

    def test_automatic_waits_for_an_uplink(self):
        self.settings["provision"]["mode"] = "automatic"
        self.modem("uplink", on=False)
        self.start_esimd()
        self.settle(3)
        self.assertFalse(self.supersim("profiles")["profiles"])
        self.modem("uplink", on=True)
        self.until(lambda: self.modem("sessions")["active"], 40, "connected once there is an uplink")
        self.assert_everything_once()


class Stopped(RigCase):
    """esimd is told to end (a package's upgrade, a reboot) in the middle of a person's Provision: it goes on after the next start."""

    def stop_when(self, condition, what):
        self.start_esimd()
        path = self.start_job(self.euicc()[0], "Euicc", "Provision", "(a{sv})", {})
        self.until(condition, 30, what)
        self.assertEqual(self.stop_esimd(), 0)
        self.start_esimd()
        self.until(lambda: self.modem("sessions")["active"], 60, "connected after the new start")
        self.assert_everything_once()
        return path

    def test_while_a_profile_is_reserved(self):
        self.supersim("set", reserve_seconds=2.0)
        self.stop_when(lambda: self.supersim("profiles")["profiles"], "the profile is ordered")

    def test_in_the_download(self):
        self.modem("set", apdu_seconds=0.03)
        self.stop_when(lambda: self.card("apdus")["functions"].get("es10b.prepareDownload", 0), "the download is on")

    def test_while_the_modem_looks_for_a_network(self):
        self.modem("set", register_seconds=4.0)
        self.stop_when(lambda: self.card("apdus")["functions"].get("es10c.enableProfile", 0), "the profile is enabled")

    def test_a_cancel_ends_it(self):
        """What a person cancels does not come again."""
        self.supersim("set", reserve_seconds=60)
        self.start_esimd()
        path = self.start_job(self.euicc()[0], "Euicc", "Provision", "(a{sv})", {})
        self.until(lambda: self.supersim("profiles")["profiles"], 30, "the profile is ordered")
        self.cancel(path)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assertEqual(self.stop_esimd(), 0)
        self.start_esimd()
        self.settle(2)
        self.assertFalse(self.card("apdus")["functions"].get("es10b.prepareDownload", 0))
        self.assertIn(self.euicc()[1]["ProvisioningState"], ("", "idle", "cancelled"))


class ByActivationCode(RigCase):
    """By matching ID."""

    def setUp(self):
        super().setUp()
        self.settings["provision"]["method"] = "matching-id"

    def test_bare_card_to_connected(self):
        self.start_esimd()
        self.assert_done(self.provision())
        self.assert_everything_once()


class Kore(RigCase):
    """With KORE's credentials."""

    PROVIDER = "kore"

    def test_bare_card_to_connected(self):
        self.start_esimd()
        self.assert_done(self.provision())
        self.assert_everything_once()
