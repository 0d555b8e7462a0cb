# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Data by the real NetworkManager: one connection for a profile, kept in step, a person's edits kept, gone with it."""

import os
import subprocess
import unittest

from gi.repository import GLib

import rig
from lab_at import AtLab
from lab_nm import NetworkManager
from rig import RigCase

setUpModule = rig.enter_lab

FOREIGN = "8949000000000000017"  # someone else's profile
OURS = "8988307000000000017"  # a Super SIM that is on the card beforehand


class NetworkManagerCase(RigCase):
    """NetworkManager runs (MANAGED: and has the modem), and connect=auto finds that out."""

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

    def journal(self):
        """The card's journal as a dictionary."""
        (name,) = [name for name in os.listdir(f"{self.dir}/esimd-state") if name.endswith(".journal")]
        with open(f"{self.dir}/esimd-state/{name}", encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file)

    def sim_on_card(self):
        """The ICCID that the card says is enabled."""
        (iccid,) = [profile["iccid"] for profile in self.card("profiles")["profiles"] if profile["state"] == rig.ENABLED]
        return iccid


class Managed(NetworkManagerCase):
    """What becomes of a profile's connection."""

    def delete(self, iccid, **options):
        path = self.profiles()[iccid][0]
        packed = {name.replace("_", "-"): GLib.Variant("b", value) for name, value in options.items()}
        self.assert_done(self.finish(self.start_job(path, "Profile", "Delete", "(a{sv})", packed)))

    def test_a_profile_and_its_connection(self):
        """One lab: provisioned, again, dropped, edited, settings changed, deleted."""
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
        self.what_the_network_drops_comes_back(path)
        self.a_modem_that_was_unplugged_comes_back(path)
        self.edits_are_kept(path)
        self.settings_are_followed(path)
        self.delete(iccid, disable_first=True, even_last=True)
        self.until(lambda: not self.nm.connections(), 15, "the connection is gone with its profile")

    def second_run_does_nothing(self, path, settings):
        active = self.nm.device()[1]["ActiveConnection"]
        self.assert_done(self.provision())
        self.assertEqual(self.connected(), (path, settings))
        self.assertEqual(self.nm.device()[1]["ActiveConnection"], active)

    def what_the_network_drops_comes_back(self, path):
        """By NetworkManager itself, whatever mode= says."""
        made = self.modem("sessions")["made"]
        self.modem("drop")
        self.until(lambda: self.modem("sessions")["made"] > made and self.nm.active() == path, 15, "connected again")
        self.assertEqual(self.modem("sessions")["active"], 1)

    def a_modem_that_was_unplugged_comes_back(self, path):
        """The connection is the SIM's, whatever the device is called now."""
        self.modem("unplug")
        self.until(lambda: self.nm.active() is None, 10, "the modem is away")
        self.modem("plug", number=1)
        self.until(lambda: self.nm.active() == path, 30, "connected again")
        self.settle()
        self.assertEqual((list(self.nm.connections()), self.modem("sessions")["active"]), ([path], 1))
        self.until(lambda: self.euicc()[1]["Modem"] != "/", 10, "the card is there")

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
        self.reload(apn="nowhere")
        job = self.assert_failed(self.provision(), "ApnRefused")
        self.assertIn("ModemManager says", job["Error"][1])  # NetworkManager says nothing
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
        # The policy may say that it outlives its profile.
        self.reload(delete_connection="no")
        self.delete(first, disable_first=True, even_last=True)
        self.settle()
        self.assertEqual(list(self.nm.connections()), [path])

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


class ByItself(NetworkManagerCase):
    """mode=automatic: the uplink is none of NetworkManager's, and what a person closed stays closed."""

    def test_connected_and_closed(self):
        self.settings["provision"].update({"mode": "automatic", "registration-timeout": "3"})
        self.start_esimd()
        self.until(lambda: self.nm.active() and self.euicc()[1]["ProvisioningState"] == "idle", 40, "connected by itself")
        self.settle(0.5)
        self.nm.disconnect()
        self.until(lambda: "closed" in self.journal(), 5, "that is noted")
        self.settle(3)
        self.assertEqual((self.nm.active(), self.modem("sessions")["active"]), (None, 0))
        # Networking off is no leave to go by another way.
        self.nm.switch(False)
        job = self.assert_failed(self.provision(), "DataFailed")
        self.assertIn("switched off", job["Error"][1])
        self.assertEqual(self.modem("sessions")["active"], 0)
        self.nm.switch(True)
        self.assert_done(self.provision())
        self.connected()


class Off(NetworkManagerCase):
    """Networking is switched off before the modem comes, so that no device says why it is not managed."""

    LAB_OPTIONS = {"card": ({"iccid": OURS, "imsi": "901280000000017", "state": "enabled"},)}

    def test_no_way_around_it(self):
        self.modem("unplug")
        self.until(lambda: self.nm.device() is None, 10, "the modem is away")
        self.nm.switch(False)
        self.modem("plug", number=1)
        self.until(self.nm.device, 20, "NetworkManager sees the modem")
        self.start_esimd()
        job = self.assert_failed(self.provision(), "DataFailed")
        self.assertIn("switched off", job["Error"][1])
        self.assertEqual(self.modem("sessions")["active"], 0)
        self.nm.switch(True)
        self.assert_done(self.provision())
        self.connected()


class RollBack(NetworkManagerCase):
    """The new profile's data do not pass: that of before is up again, on a person's own connection."""

    KNOBS = {**rig.KNOBS, "apns": ["super", "foreign"]}
    LAB_OPTIONS = {"card": ({"iccid": FOREIGN, "imsi": "262019876543210", "state": "enabled"},)}

    def test_data_as_before(self):
        self.settings["provision"]["registration-timeout"] = "3"
        self.settings["data"]["verify-host"] = "255.255.255.255"  # where no connection can be made
        # NetworkManager tries it on our SIM, too, though it is bound to another one.
        mine = self.nm.add(connection={"id": "mine", "type": "gsm"}, gsm={"apn": "foreign", "sim-id": FOREIGN})
        self.until(lambda: self.nm.active() == mine, 20, "the person's connection is up")
        self.start_esimd()
        job = self.assert_failed(self.provision(), "DataFailed")
        self.assertRegex(job["Error"][1], "enabled again: .*verify-host")
        self.assertEqual(self.sim_on_card(), FOREIGN)
        self.until(lambda: self.nm.active() == mine, 20, "data as before")
        self.until(lambda: "before-apn" not in self.journal(), 10, "and that is settled")
        self.assertEqual(self.euicc()[1]["ProvisioningDetail"], job["Error"][1])
        # Ours is kept for another try, and does not connect by itself meanwhile.
        (ours,) = [settings for path, settings in self.nm.connections().items() if path != mine]
        self.assertEqual((ours["gsm"]["apn"], ours["connection"]["autoconnect"]), ("super", False))
        self.assertEqual(self.nm.connections()[mine]["gsm"]["apn"], "foreign")
        self.settle(2)
        self.assertEqual(self.nm.active(), mine)
        self.kill_esimd()
        self.start_esimd()
        self.assertEqual(self.euicc()[1]["ProvisioningDetail"], job["Error"][1])


class Qmi(NetworkManagerCase):
    """A QMI modem, which has no SIM for ModemManager and NetworkManager until the profile is enabled."""

    LAB_OPTIONS = {"kind": "qmi"}

    def test_bare_card_to_connected(self):
        self.start_esimd()
        self.assert_done(self.provision())
        self.assertEqual(self.euicc()[1]["Channel"], "qmi")
        self.assert_everything_once()
        self.connected()
        self.ping()


class Carried(NetworkManagerCase):
    """QMI inside MBIM, and a profile that is there already."""

    KNOBS = {**rig.KNOBS, "carries_qmi": True}
    LAB_OPTIONS = {"card": ({"iccid": OURS, "imsi": "901280000000017", "state": "enabled"},)}

    def test_connected(self):
        os.mkdir(f"{self.dir}/quirks.d")
        with open(f"{self.dir}/quirks.d/lab.conf", "w", encoding="utf-8") as file:
            file.write("[modem lab]\nmodel=modem with eUICC\ntransports=qmi-mbim\n")
        self.start_esimd()
        self.assert_done(self.provision())
        self.assertEqual(self.euicc()[1]["Channel"], "qmi-mbim")
        self.connected()
        self.ping()


class Ppp(NetworkManagerCase):
    """An AT modem's data are PPP, which NetworkManager does after it has dialled; the lab's has no plugin for it, and that is said."""

    LAB = AtLab
    LAB_OPTIONS = {"command": False, "card": ({"iccid": OURS, "imsi": "901280000000017", "state": "enabled"},)}

    def test_connection_is_made_and_dialled(self):
        self.settings["provision"]["registration-timeout"] = "3"
        self.start_esimd()
        job = self.assert_failed(self.provision(120), "DataFailed")
        self.assertIn("PPP does not start", job["Error"][1])
        self.assertEqual(job["Error"][4]["nm-reason"], "12")
        ((_, settings),) = self.nm.connections().items()
        self.assertEqual((settings["gsm"]["sim-id"], settings["gsm"]["apn"]), (OURS, "super"))
        self.assertGreater(self.modem("sessions")["made"], 0)


class Unmanaged(Managed):
    """NetworkManager runs, but leaves the modem alone: a bearer of ModemManager's, and no connection."""

    MANAGED = False

    def test_a_profile_and_its_connection(self):
        self.start_esimd()
        self.assert_done(self.provision())
        self.assert_everything_once()
        self.ping()
        self.assertFalse(self.nm.connections())
        self.others_are_left_alone()

    def others_are_left_alone(self):
        """Somebody else's bearer on another APN."""
        self.modem("set", apns=["super", "other"])
        self.simple("Disconnect", "(o)", "/")
        self.simple("Connect", "(a{sv})", {"apn": GLib.Variant("s", "other")})
        sessions = self.modem("sessions")
        self.assertEqual(sessions["active"], 1)
        self.assertIn("left alone", self.assert_failed(self.provision(), "DataFailed")["Error"][1])
        self.assertEqual(self.modem("sessions"), sessions)

    def simple(self, method, types, value):
        name = "org.freedesktop.ModemManager1"
        (path,) = self.lab.modems()
        self.lab.call(name, path, f"{name}.Modem.Simple", method, GLib.Variant(types, (value,)), timeout=30)

    test_a_switch = test_a_persons_own_connection = None


if __name__ == "__main__":
    unittest.main()
