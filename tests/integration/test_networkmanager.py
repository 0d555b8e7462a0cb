# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Data by the real NetworkManager: one connection for a profile, kept in step, a person's edits kept, gone with it."""

import subprocess
import unittest

from gi.repository import GLib

import rig
from lab_nm import NetworkManager
from rig import RigCase

setUpModule = rig.enter_lab


class Managed(RigCase):
    """NetworkManager has the modem, and connect=auto finds that out."""

    MANAGED = True

    def setUp(self):
        super().setUp()
        self.nm = NetworkManager(self.lab, managed=self.MANAGED)
        self.settings["data"]["connect"] = "auto"

    def connected(self):
        """The settings of the one connection, which is up."""
        ((path, settings),) = self.nm.connections().items()
        self.assertEqual(self.nm.active(), path)
        return path, settings

    def ping(self):
        done = subprocess.run(["ping", "-c1", "-W5", "-I", "wwan0", "198.51.100.7"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def delete(self, iccid, **options):
        path = self.profiles()[iccid][0]
        packed = {name.replace("_", "-"): GLib.Variant("b", value) for name, value in options.items()}
        self.assert_done(self.finish(self.start_job(path, "Profile", "Delete", "(a{sv})", packed)))

    def test_a_profile_and_its_connection(self):
        """One lab: provisioned, again, edited, settings changed, deleted."""
        self.start_esimd()
        job = self.assert_done(self.provision())
        self.assert_everything_once()
        path, settings = self.connected()
        iccid = job["Result"]["iccid"]
        self.assertEqual(settings["gsm"]["sim-id"], iccid)
        self.assertEqual(settings["gsm"]["apn"], "super")
        self.assertNotIn("home-only", settings["gsm"])  # false is what it is anyway
        self.assertEqual(settings["ipv4"]["route-metric"], 700)
        self.assertEqual(job["Result"]["interface"], "wwan0")
        self.ping()
        self.second_run_does_nothing(path, settings)
        self.edits_are_kept(path)
        self.settings_are_followed(path)
        self.delete(iccid, disable_first=True, even_last=True)
        self.until(lambda: not self.nm.connections(), 15, "the connection is gone with its profile")

    def second_run_does_nothing(self, path, settings):
        active = self.nm.device()[1]["ActiveConnection"]
        self.assert_done(self.provision())
        self.assertEqual(self.connected(), (path, settings))
        self.assertEqual(self.nm.device()[1]["ActiveConnection"], active)

    def reload(self, **keys):
        self.settings["data"].update({name.replace("_", "-"): value for name, value in keys.items()})
        self.write_config()
        self.call("/org/esimd1", "Manager", "Reload", "(a{sv})", {})

    def edits_are_kept(self, path):
        self.nm.edit(path, "connection", "id", GLib.Variant("s", "my gateway"))
        self.nm.edit(path, "ipv4", "route-metric", GLib.Variant("x", 50))
        self.reload(route_metric="800")
        self.assert_done(self.provision())
        settings = self.connected()[1]
        self.assertEqual(settings["connection"]["id"], "my gateway")
        self.assertEqual(settings["ipv4"]["route-metric"], 50)
        self.assertEqual(settings["ipv6"]["route-metric"], 800)

    def settings_are_followed(self, path):
        self.modem("set", apns=["super", "other"])
        self.reload(apn="other")
        self.assert_done(self.provision())
        connected, settings = self.connected()
        self.assertEqual(connected, path)
        self.assertEqual(settings["gsm"]["apn"], "other")
        self.assertEqual(settings["ipv4"]["route-metric"], 50)
        self.reload(apn="super")
        self.assert_done(self.provision())

    def switch(self, iccid):
        self.assert_done(self.finish(self.start_job(self.profiles()[iccid][0], "Profile", "Enable")))
        self.until(lambda: self.nm.device() and self.sim() == iccid, 20, "the modem has the other SIM")

    def sim(self):
        """The ICCID that ModemManager sees now, None while the modem is being re-probed."""
        for modem in self.lab.modems().values():
            path = modem["org.freedesktop.ModemManager1.Modem"]["Sim"]
            try:
                return self.lab.call("org.freedesktop.ModemManager1", path, "org.freedesktop.DBus.Properties", "Get",
                                     GLib.Variant("(ss)", ("org.freedesktop.ModemManager1.Sim", "SimIdentifier")))[0]
            except GLib.Error:
                continue
        return None

    def test_a_switch(self):
        """The connection of one profile is never up on another's SIM, though NetworkManager would."""
        self.start_esimd()
        first = self.assert_done(self.provision())["Result"]["iccid"]
        path = self.connected()[0]
        second = self.assert_done(self.download(self.order(iccid="8944500000000000017", size=1500)))["Result"]["iccid"]
        self.switch(second)
        self.settle(3)
        self.assertIsNone(self.nm.active())
        self.assertFalse(self.nm.connections()[path]["connection"]["autoconnect"])
        # Back by a person's hand: NetworkManager connects it by itself.
        self.switch(first)
        self.until(lambda: self.nm.active() == path, 20, "connected by itself")
        self.assertNotIn("autoconnect", self.nm.connections()[path]["connection"])
        self.assertEqual(len(self.nm.connections()), 1)

    def test_a_persons_own_connection(self):
        """One for any SIM on this APN is used as it is, none is made beside it, and it stays when the profile goes."""
        mine = self.nm.add(connection={"id": "mine", "type": "gsm", "autoconnect": False}, gsm={"apn": "super"})
        self.start_esimd()
        job = self.assert_done(self.provision())
        self.assertEqual(self.connected()[0], mine)
        self.assertNotIn("user", self.nm.connections()[mine])
        # Another one on another APN, up by a person's hand: left alone, and said.
        self.modem("set", apns=["super", "other"])
        other = self.nm.add(connection={"id": "other", "type": "gsm", "autoconnect": False}, gsm={"apn": "other"})
        self.nm.activate(other)
        self.until(lambda: self.nm.active() == other, 15, "the person's connection is up")
        self.assert_failed(self.provision(), "DataFailed")
        self.assertEqual(self.nm.active(), other)
        self.delete(job["Result"]["iccid"], disable_first=True, even_last=True)
        self.settle()
        self.assertEqual(len(self.nm.connections()), 2)


class Unmanaged(Managed):
    """NetworkManager runs, but leaves the modem alone: a bearer of ModemManager's, and no connection."""

    MANAGED = False

    def test_a_profile_and_its_connection(self):
        self.start_esimd()
        self.assert_done(self.provision())
        self.assert_everything_once()
        self.ping()
        self.assertFalse(self.nm.connections())

    test_a_switch = test_a_persons_own_connection = None


if __name__ == "__main__":
    unittest.main()
