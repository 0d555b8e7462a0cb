# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Who may do what, by the real polkitd and the policy as it is installed: every method, every kind of caller, one table."""

import json
import os
import pwd
import subprocess
import unittest
import xml.etree.ElementTree

import rig
import seats
from rig import NAME, ROOT, SharedRigCase

setUpModule = rig.enter_lab

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = f"{NAME}."

# Which action each method takes.
METHODS = {
    "Manager": {"Rescan": "control", "Reload": "control"},
    "Euicc": {"Provision": "provision", "Download": "download", "Discover": "download", "SetDefaultSmdp": "download",
              "Reset": "reset", "ListNotifications": "control", "ListRules": "control", "SendNotifications": "control",
              "Refresh": "control"},
    "Profile": {"Enable": "switch", "Disable": "switch", "Delete": "delete", "SetNickname": "switch"},
    "Provider": {"Reserve": "provision", "GetActivationCode": "provision", "ListReservations": "provision",
                 "ListSims": "provision", "ListFleets": "provision", "CreateFleet": "provision"},
    "Job": {"Cancel": "control", "Answer": "download"},
}

# Callers: who logs in how, and as whom. dbus-daemon wants uids that have names: every Debian has these.
NAMES = {"root": "root", "seat": "games", "background": "man", "remote": "mail", "service": "nobody"}
CALLERS = {caller: pwd.getpwnam(name).pw_uid for caller, name in NAMES.items()}
USERS = {name: CALLERS[name] for name in seats.SESSIONS}

# What each caller gets for an action: it is done, polkit wants a password first, or never.
YES, ASK = "yes", "a password"
RIGHTS = {
    "control": {"root": YES, "seat": YES, "background": ASK, "remote": ASK, "service": ASK},
    "switch": {"root": YES, "seat": YES, "background": ASK, "remote": ASK, "service": ASK},
    "download": {"root": YES, "seat": ASK, "background": ASK, "remote": ASK, "service": ASK},
    "delete": {"root": YES, "seat": ASK, "background": ASK, "remote": ASK, "service": ASK},
    "reset": {"root": YES, "seat": ASK, "background": ASK, "remote": ASK, "service": ASK},
    "provision": {"root": YES, "seat": ASK, "background": ASK, "remote": ASK, "service": ASK},
}

# An administrator's own rules: they come before the defaults, and are as good as a password given.
RULES = """polkit.addRule(function (action, subject) {
  if (action.id == "org.esimd1.download" && subject.user == "%(remote)s")
    return polkit.Result.YES;
  if (action.id == "org.esimd1.control" && subject.user == "%(background)s")
    return polkit.Result.NO;
});
"""
# (caller, action) -> what the rules above make of it
RULED = {("remote", "download"): YES, ("background", "control"): "no"}


class Caller:
    """A process of user UID that calls what it is told to."""

    def __init__(self, uid, environment):
        self.process = subprocess.Popen(["/usr/bin/python3", os.path.join(HERE, "caller.py"), str(uid)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def call(self, *words):
        """(error's name, text), both "" when all is well."""
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(5)


def arguments(signature):
    """GVariant text of harmless arguments: the last, the options, has one that no method knows, so none does anything."""
    blank = {"s": "''", "as": "@as []", "a{sv}": "@a{sv} {}"}
    values = [blank[kind] for kind in signature[:-1]] + ["{'no-such-option': <true>}"]
    return f"({', '.join(values)}{',' if len(values) == 1 else ''})"


class Polkit(SharedRigCase):
    REAL_POLKIT = True

    @classmethod
    def setUpClass(cls):
        if not seats.other_users():
            raise unittest.SkipTest("this user namespace has nobody but root: run as root")
        cls.seats = seats.Seats(os.environ["LAB_DIR"], USERS)
        super().setUpClass()

    def setUp(self):
        super().setUp()
        if not self.profiles():
            self.assert_works_on()
        self.job_path = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.finish(self.job_path)
        self.callers = {name: self.caller(name) for name in CALLERS}

    def caller(self, name):
        caller = Caller(CALLERS[name], self.lab.environment)
        self.addCleanup(caller.end)
        if name in USERS:
            self.seats.admit(caller.process.pid, name)
        return caller

    def paths(self):
        """Interface -> one object that has it."""
        return {"Manager": ROOT, "Euicc": self.euicc()[0], "Profile": next(iter(self.profiles().values()))[0],
                "Provider": f"{ROOT}/Provider/twilio", "Job": self.job_path}

    def introspect(self, path, interface):
        """Method -> the types of its arguments, as the service itself tells."""
        text = self.lab.call(NAME, path, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
        (found,) = xml.etree.ElementTree.fromstring(text).findall(f"interface[@name='{PREFIX}{interface}']")
        return {method.get("name"): [arg.get("type") for arg in method.findall("arg") if arg.get("direction") != "out"]
                for method in found.findall("method")}

    def verdict(self, caller, path, interface, method, signature):
        error, text = self.callers[caller].call(NAME, path, PREFIX + interface, method, arguments(signature))
        if error == f"{PREFIX}Error.InvalidArgument":
            self.assertIn("no-such-option", text)
            return YES
        self.assertEqual(error, f"{PREFIX}Error.NotAuthorized", text)
        self.assertIn(f"{PREFIX}{METHODS[interface][method]}", text)  # the action, so that one knows what to allow
        return ASK if "password" in text else "no"

    def expected(self, caller, action):
        return RULED.get((caller, action)) if self.ruled and (caller, action) in RULED else RIGHTS[action][caller]

    def check_all(self, callers, ruled):
        self.ruled = ruled
        for interface, path in self.paths().items():
            methods = self.introspect(path, interface)
            self.assertEqual(set(methods), set(METHODS[interface]), "a method that no one thought about")
            for method, signature in methods.items():
                for caller in callers:
                    with self.subTest(method=f"{interface}.{method}", caller=caller):
                        self.assertEqual(self.verdict(caller, path, interface, method, signature),
                                         self.expected(caller, METHODS[interface][method]))

    def test_who_may_do_what(self):
        self.check_all(CALLERS, ruled=False)
        rules = os.path.join(self.lab.polkit_rules, "50-lab.rules")
        self.addCleanup(os.unlink, rules)
        with open(rules, "w", encoding="utf-8") as file:
            file.write(RULES % NAMES)
        self.until(lambda: self.verdict("remote", self.euicc()[0], "Euicc", "Discover", ["a{sv}"]) == YES, 10,
                   "polkitd has seen the new rules")
        self.check_all({caller for caller, _ in RULED}, ruled=True)

    def test_everybody_reads(self):
        for caller in CALLERS:
            with self.subTest(caller=caller):
                self.assertEqual(self.callers[caller].call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager",
                                                           "GetManagedObjects", "()"), ["", ""])
                self.assertEqual(self.callers[caller].call(NAME, self.euicc()[0], "org.freedesktop.DBus.Properties", "Get",
                                                           f"('{PREFIX}Euicc', 'Eid')"), ["", ""])

    def test_who_started_a_job_steers_it(self):
        """The seat's user needs no password to cancel what is his; another one does."""
        self.smdp("fault", at="es9.initiateAuthentication", how="stall", seconds=20)
        running = self.begin_download(self.fresh()[0])
        self.state(running, "running")
        path = self.euicc()[0]
        error, text = self.callers["seat"].call(NAME, path, PREFIX + "Euicc", "Refresh", "(@a{sv} {},)")
        self.assertEqual((error, text), ("", ""))
        mine = max(self.objects("Job"), key=lambda job: int(job.rpartition("/")[2]))
        for caller, job, want in (("background", mine, "NotAuthorized"), ("seat", mine, "")):
            error, _ = self.callers[caller].call(NAME, job, PREFIX + "Job", "Cancel", "(@a{sv} {},)")
            self.assertEqual(error.rpartition(".")[2], want, caller)
        self.assertEqual(self.finish(mine)["State"], "cancelled")
        self.cancel(running)
        self.finish(running)


if __name__ == "__main__":
    unittest.main()
