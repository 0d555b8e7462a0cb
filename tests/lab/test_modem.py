# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Tests of the simulated modem under the real ModemManager; they enter tests/lab/run by themselves."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from gi.repository import GLib

import bed
import net
from control import ask

RUN = os.path.join(bed.HERE, "run")
MM = bed.MM_NAME
FAILED, DISABLED, ENABLED, REGISTERED = -1, 3, 6, 8
ESIM_WITHOUT_PROFILES = 5
PROFILE = {"iccid": "8988303000000000001", "imsi": "901280000000001", "state": "enabled"}


def setUpModule():
    if "LAB_DIR" not in os.environ:
        os.execv(RUN, [RUN, "--bare", *sys.orig_argv])


class LabCase(unittest.TestCase):
    """A lab for the class, with KNOBS; its card has PROFILE where the class says so."""

    KNOBS, PROFILE = {"register_seconds": 0.1, "refresh_seconds": 0.1}, None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(dir=os.environ["LAB_DIR"])
        cls.lab = bed.Lab(folder, knobs=cls.KNOBS)
        cls.addClassCleanup(cls.lab.stop)
        cls.lab.start()
        if cls.PROFILE:
            cls.card("add_profile", **cls.PROFILE)
            cls.await_modem(lambda modem: modem["State"] >= DISABLED)

    @classmethod
    def modem(cls, do, **arguments):
        return ask("modem", do, cls.lab.dir, **arguments)

    @classmethod
    def card(cls, do, **arguments):
        return ask("euicc", do, cls.lab.dir, **arguments)

    @classmethod
    def await_modem(cls, condition, seconds=10):
        """(path, properties of Modem), once ModemManager has a modem for which CONDITION holds."""
        def look():
            for path, interfaces in cls.lab.modems().items():
                if condition(interfaces[f"{MM}.Modem"]):
                    return path, interfaces[f"{MM}.Modem"]
            return None

        return cls.lab.wait(look, seconds, "ModemManager shows the modem as it should be")

    def call(self, path, interface, method, signature, *values):
        name = f"{MM}.{interface}" if interface else MM
        return self.lab.call(MM, path, name, method, GLib.Variant(signature, values))

    def properties(self, path, interface):
        return self.lab.call(MM, path, "org.freedesktop.DBus.Properties", "GetAll",
                             GLib.Variant("(s)", (f"{MM}.{interface}",)))[0]

    def connect(self, apn="super"):
        path, _ = self.await_modem(lambda modem: modem["State"] >= DISABLED)
        return path, self.call(path, "Modem.Simple", "Connect", "(a{sv})", {"apn": GLib.Variant("s", apn)})[0]


class BareCard(LabCase):
    KNOBS = {**LabCase.KNOBS, "tell": "nothing"}

    def test_1_failed_esim_without_profiles_and_the_eid(self):
        _, modem = self.await_modem(lambda modem: modem["State"] == FAILED)
        self.assertEqual(modem["StateFailedReason"], ESIM_WITHOUT_PROFILES)
        self.assertEqual(modem["Ports"], [("cdc-wdm0", 7), ("wwan0", 2)])
        sim = self.properties(modem["Sim"], "Sim")
        self.assertEqual((sim["SimType"], sim["EsimStatus"]), (2, 1))
        self.assertRegex(sim["Eid"], "^89[0-9]{30}$")
        state = self.modem("state")
        self.assertEqual((state["ready"], state["groups"]), ("NO_ESIM_PROFILE", {}))

    def test_2_unnoticed_profile_and_inhibit_device(self):
        _, modem = self.await_modem(lambda modem: modem["State"] == FAILED)
        self.card("add_profile", **PROFILE)
        time.sleep(0.5)
        self.await_modem(lambda modem: modem["State"] == FAILED)  # nobody has told ModemManager
        for inhibit in (True, False):
            self.call(bed.MM_PATH, "", "InhibitDevice", "(sb)", modem["Device"], inhibit)
        path, modem = self.await_modem(lambda modem: modem["State"] == DISABLED)
        self.assertEqual(self.properties(modem["Sim"], "Sim")["SimIdentifier"], PROFILE["iccid"])
        self.call(path, "Modem", "Enable", "(b)", True)
        self.await_modem(lambda modem: modem["State"] == REGISTERED)
        gpp = self.properties(path, "Modem.Modem3gpp")
        self.assertEqual((gpp["RegistrationState"], gpp["OperatorCode"]), (5, "26201"))  # roaming


class Connection(LabCase):
    PROFILE = PROFILE

    def ping(self, source):
        words = ["ping", "-c1", "-W1", "-I", source, str(net.HOST)]
        return subprocess.run(words, check=False, capture_output=True).returncode == 0

    def configure(self, bearer):
        config = self.properties(bearer, "Bearer")["Ip4Config"]
        self.addCleanup(net.run_ip, "address", "flush", "dev", "wwan0")
        net.run_ip("address", "add", f"{config['address']}/{config['prefix']}", "dev", "wwan0")
        net.run_ip("link", "set", "wwan0", "up", "mtu", str(config["mtu"]))
        net.run_ip("route", "add", "default", "via", config["gateway"], "dev", "wwan0", "metric", "50")
        return config

    def resolve(self, server):
        query = bytes.fromhex("000701000001000000000000") + net.HOST_NAME + bytes.fromhex("00010001")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            client.sendto(query, (server, 53))
            return client.recv(512)[-4:]

    def test_1_data_flows_while_connected_only(self):
        path, bearer = self.connect()
        config = self.configure(bearer)
        self.assertEqual((config["prefix"], config["mtu"]), (30, 1430))
        self.assertTrue(self.ping(config["address"]))
        self.assertEqual(self.resolve(config["dns1"]), net.HOST.packed)
        net.run_ip("address", "add", "10.99.0.1/32", "dev", "wwan0")
        self.assertFalse(self.ping("10.99.0.1"))  # not the address that was handed out
        self.assertEqual(self.modem("sessions")["active"], 1)
        traffic = self.modem("traffic")["traffic"]
        self.assertGreaterEqual(traffic["wrong-source"], 1)
        self.call(path, "Modem.Simple", "Disconnect", "(o)", "/")
        self.assertEqual(self.modem("sessions")["active"], 0)
        self.assertFalse(self.ping(config["address"]))

    def test_2_wrong_apn(self):
        with self.assertRaisesRegex(GLib.Error, "MissingOrUnknownApn"):
            self.connect("internet")
        self.assertEqual(self.modem("sessions")["active"], 0)
        self.connect()

    def test_3_network_drops(self):
        path, _ = self.connect()
        self.modem("drop")
        self.await_modem(lambda modem: modem["State"] == REGISTERED)
        self.connect()
        self.call(path, "Modem.Simple", "Disconnect", "(o)", "/")

    def test_4_registration_lost_and_denied(self):
        path, _ = self.connect()
        self.modem("set", registration="denied")
        self.addCleanup(self.modem, "set", registration="roaming")
        self.await_modem(lambda modem: modem["State"] == ENABLED)  # ModemManager shows a denied one as idle
        self.lab.wait(lambda: self.modem("state")["register"] == "DENIED", 5, "denied")
        self.assertEqual(self.modem("sessions")["active"], 0)
        self.modem("set", registration="home")
        self.lab.wait(lambda: self.properties(path, "Modem.Modem3gpp")["RegistrationState"] == 1, 5, "home")

    def test_5_faults_are_known_ones(self):
        for order in ({"at": "uicc.abdu", "how": "unplug"}, {"at": "uicc.apdu", "how": "explode"}):
            with self.assertRaisesRegex(RuntimeError, "no fault"):
                self.modem("fault", **order)
        for knob in ({"colect": True}, {"collect": "yes"}, {"registration": "lost"}):
            with self.assertRaisesRegex(RuntimeError, "knob|registration"):
                self.modem("set", **knob)

    def test_6_uplink(self):
        def route():
            words = ["ip", "route", "get", "203.0.113.1"]
            return subprocess.run(words, check=False, capture_output=True).returncode == 0

        self.assertTrue(route())
        self.modem("uplink", on=False)
        self.assertFalse(route())
        self.modem("uplink", on=True)
        self.assertTrue(route())


class Unplugging(LabCase):
    def test_1_the_modem_goes_and_comes(self):
        self.modem("unplug")
        self.lab.wait(lambda: not self.lab.modems(), 5, "ModemManager lets go of the modem")
        self.assertFalse(os.path.exists("/dev/cdc-wdm0"))
        self.assertNotIn("wwan0", (name for _, name in socket.if_nameindex()))
        self.modem("plug")
        self.await_modem(lambda modem: modem["State"] == FAILED)
        self.assertTrue(os.path.exists("/dev/cdc-wdm0"))

    def test_2_in_the_middle_of_an_apdu(self):
        self.await_modem(lambda modem: modem["State"] == FAILED)
        self.modem("fault", at="uicc.apdu", how="unplug")
        _, modem = self.await_modem(lambda modem: modem["State"] == FAILED)
        for inhibit in (True, False):  # ModemManager reads the EID anew: an APDU
            self.call(bed.MM_PATH, "", "InhibitDevice", "(sb)", modem["Device"], inhibit)
        self.lab.wait(lambda: not self.modem("state")["plugged"], 5, "the modem is unplugged")
        self.lab.wait(lambda: not self.lab.modems(), 5, "ModemManager lets go of the modem")


class Unprivileged(unittest.TestCase):
    def test_any_user_may_run_a_lab(self):
        become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*become, "unshare", "-Urnm", "true"], check=False, capture_output=True).returncode:
            self.skipTest("user namespaces are not allowed here, or no other user can be become")
        environment = {name: value for name, value in os.environ.items() if name != "LAB_DIR"}
        result = subprocess.run([*become, RUN, "--", "mmcli", "-m", "any", "-K"], env=environment, check=False,
                                capture_output=True, text=True, timeout=60)
        self.assertIn("esim-without-profiles", result.stdout, result.stderr)


if __name__ == "__main__":
    unittest.main()
