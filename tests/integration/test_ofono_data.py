# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Data by the real ofonod: a context that is made right for each SIM, once; a person's stays."""

import subprocess
import unittest

from gi.repository import GLib

import rig
from lab_ofono import MODEM, OFONO, OfonoLab
from rig import RigCase

setUpModule = rig.enter_lab

ICCID = "8988307000000000017"
MANAGER = "org.ofono.ConnectionManager"


class Contexts(RigCase):
    """The driver alone, on an enabled profile."""

    LAB = OfonoLab

    def setUp(self):
        super().setUp()
        self.card("add_profile", iccid=ICCID, imsi="901700000000017", state="enabled")
        self.card("reset")
        self.until(self.is_registered, 20, "oFono is registered")

    def is_registered(self):
        there = f"{OFONO}.ConnectionManager" in self.lab.modems()[MODEM]["Interfaces"]
        return there and self.lab.properties("NetworkRegistration")["Status"] in ("registered", "roaming")

    def contexts(self):
        return dict(self.lab.call(OFONO, MODEM, MANAGER, "GetContexts")[0])

    def verb(self, verb, apn="super", status=0):
        """What connect-verb prints, taken apart."""
        command = [rig.build_file("tests", "connect-verb"), "ofono", verb, MODEM, apn]
        done = subprocess.run(command, env=self.lab.environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout.strip().split("|")

    def test_contexts(self):
        self.assertEqual(self.verb("observe")[0], "none")
        # RoamingAllowed is false and the APN empty, as oFono has it for every new SIM.
        level, apn, interface, *_, path = self.verb("up")
        self.assertEqual((level, apn), ("configured", "super"))
        self.assertTrue(interface)
        self.assertTrue(self.lab.properties("ConnectionManager")["RoamingAllowed"])
        before = self.contexts()
        self.assertTrue(before[path]["Active"])
        self.assertEqual(len(before), 1)
        # Once more: nothing is made and nothing changed.
        self.assertEqual(self.verb("up")[-1], path)
        self.assertEqual(self.contexts(), before)
        self.a_persons_context_is_left_alone(path)

    def a_persons_context_is_left_alone(self, path):
        self.assertEqual(self.verb("observe", apn="other")[0:2], ["other", "super"])
        self.assertIn("left alone", self.verb("up", apn="other", status=1)[1])
        self.lab.set_property("ConnectionContext", "Active", False, path)
        # Another APN than a context has is a context of its own; that one keeps its APN.
        self.modem("set", apns=["other"])
        self.assertEqual(self.verb("up", apn="other")[0:2], ["configured", "other"])
        contexts = self.contexts()
        self.assertEqual(contexts[path]["AccessPointName"], "super")
        self.assertEqual(len(contexts), 2)

    def test_where_the_network_refuses(self):
        self.modem("set", apns=["nothing"])
        code, text = self.verb("up", status=1)
        self.assertIn("oFono's SetProperty", text)
        self.assertGreater(int(code), 0)
        self.assertEqual(self.verb("observe")[0], "none")
        self.modem("set", apns=["super"])
        self.assertEqual(self.verb("up")[0], "configured")


class Provision(RigCase):
    """esimd on oFono: a bare eUICC in a modem that nobody has powered, and connect=auto."""

    LAB, LAB_OPTIONS = OfonoLab, {"powered": False}

    def contexts(self):
        return dict(self.lab.call(OFONO, MODEM, MANAGER, "GetContexts")[0])

    def test_bare_card_to_an_active_context(self):
        self.settings.update({"modem": {"at-port": "/dev/ttyUSB1"}})
        self.settings["data"]["connect"] = "auto"
        self.start_esimd()
        job = self.assert_done(self.provision(60))
        ((path, context),) = self.contexts().items()
        self.assertEqual((context["Active"], context["AccessPointName"]), (True, "super"))
        self.assertEqual(job["Result"]["bearer"], path)
        # Reading the card leaves the session as it is, and makes none.
        sessions = self.modem("sessions")
        self.assertEqual(sessions["active"], 1)
        self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")))
        self.assertEqual(self.modem("sessions"), sessions)
        # Once more: nothing is ordered, and nothing is made.
        self.assert_done(self.provision(60))
        self.assertEqual(self.contexts(), {path: context})
        self.assertEqual(len(self.supersim("profiles")["profiles"]), 1)


class RollBack(RigCase):
    """No network takes the new profile: that of before is enabled again, and a person's context active."""

    FOREIGN = "8949000000000000017"
    KNOBS = {**rig.KNOBS, "barred": ["8988307"], "apns": ["super", "foreign"]}
    LAB = OfonoLab

    def active(self):
        """The access point names of the active contexts."""
        there = MANAGER in self.lab.modems()[MODEM]["Interfaces"]
        contexts = self.lab.call(OFONO, MODEM, MANAGER, "GetContexts")[0] if there else []
        return [context["AccessPointName"] for _, context in contexts if context["Active"]]

    def activate(self, apn):
        """As a person does it."""
        self.card("add_profile", iccid=self.FOREIGN, imsi="262019876543210", state="enabled")
        self.card("reset")
        self.until(lambda: MANAGER in self.lab.modems()[MODEM]["Interfaces"], 25, "oFono has the SIM")
        self.lab.set_property("ConnectionManager", "RoamingAllowed", True)
        path = self.lab.call(OFONO, MODEM, MANAGER, "AddContext", GLib.Variant("(s)", ("internet",)))[0]
        self.lab.set_property("ConnectionContext", "AccessPointName", apn, path)
        self.until(lambda: self.lab.properties("ConnectionManager")["Attached"], 20, "attached")
        self.lab.set_property("ConnectionContext", "Active", True, path)

    def test_data_as_before(self):
        self.activate("foreign")
        self.settings["modem"] = {"at-port": "/dev/ttyUSB1"}
        self.settings["provision"]["registration-timeout"] = "3"
        self.settings["data"]["connect"] = "auto"
        self.start_esimd()
        job = self.assert_failed(self.provision(60), "NotRegistered")
        self.assertIn("enabled again: no network has taken", job["Error"][1])
        states = {profile["iccid"]: profile["state"] for profile in self.card("profiles")["profiles"]}
        self.assertEqual([iccid for iccid, state in states.items() if state == rig.ENABLED], [self.FOREIGN])
        self.until(lambda: self.active() == ["foreign"], 40, "data as before")
        self.assertEqual(self.euicc()[1]["ProvisioningDetail"], job["Error"][1])
        self.assertEqual(self.modem("sessions")["active"], 1)


CONTEXT = """c = objects['/m/c1'].props['org.ofono.ConnectionContext']
ret = [(dbus.ObjectPath('/m/c1'), dbus.Dictionary(c, signature='sv'))]"""
SET = """c = self.props['org.ofono.ConnectionContext']
c[args[0]] = args[1]
c['Settings'] = dbus.Dictionary({'Interface': 'wwan0', 'Method': 'static', 'Address': '10.64.1.6',
    'Netmask': '255.255.255.252', 'Gateway': '10.64.1.5',
    'DomainNameServers': dbus.Array(['10.64.0.53'], signature='s')} if c['Active'] else {}, signature='sv')"""


class Static(RigCase):
    """oFono's simulated modem has no interface: an oFono whose context has one, as modems with a network port have."""

    LAB_OPTIONS = {"with_mm": False}

    def verb(self, verb):
        command = [rig.build_file("tests", "connect-verb"), "ofono", verb, "/m", "super"]
        return subprocess.run(command, env=self.lab.environment, capture_output=True, text=True, timeout=60, check=True).stdout

    @staticmethod
    def ip(*words):
        return subprocess.run(["ip", "-4", *words, "dev", "wwan0"], capture_output=True, text=True, check=True).stdout

    def test_interface(self):
        self.lab.spawn("ofono", "/usr/bin/python3", "-m", "dbusmock", "--system", OFONO, "/", f"{OFONO}.Manager")
        self.until(lambda: self.lab.owned(OFONO), 10, "the mock is on the bus")
        text = GLib.Variant
        for path, interface, values, methods in (
                ("/m", MANAGER, {}, [("GetContexts", "", "a(oa{sv})", CONTEXT), ("SetProperty", "sv", "", ""),
                                     ("GetProperties", "", "a{sv}", "ret = dbus.Dictionary({}, signature='sv')")]),
                ("/m/c1", f"{OFONO}.ConnectionContext",
                 {"Type": text("s", "internet"), "Active": text("b", False), "AccessPointName": text("s", "super"),
                  "Protocol": text("s", "ip"), "Settings": text("a{sv}", {})}, [("SetProperty", "sv", "", SET)])):
            self.lab.call(OFONO, "/", "org.freedesktop.DBus.Mock", "AddObject",
                          text("(ssa{sv}a(ssss))", (path, interface, values, methods)))
        self.assertEqual(self.verb("up"), "configured|super|wwan0|10.64.1.6/30|10.64.1.5|/m/c1\n")
        self.assertIn("inet 10.64.1.6/30", self.ip("address", "show"))
        self.assertIn("default via 10.64.1.5", self.ip("route", "show"))
        self.assertEqual(self.verb("down").split("|")[0], "none")
        self.assertEqual(self.ip("route", "show"), "")


if __name__ == "__main__":
    unittest.main()
