# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""One lab with one esimd in it, as integration tests want them: start, ask over the bus, kill, count what it cost.

A test module's setUpModule is enter_lab(); its cases derive from RigCase. ESIMD_BUILD is the build folder to test.
"""

import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest

from gi.repository import Gio, GLib

import bed
import pace
from control import ask

NAME = "org.esimd1"
ROOT = "/org/esimd1"
FLEET = "lab-fleet"
ENABLED = 1  # as the card counts
HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(os.path.dirname(HERE), "lab", "run")
QUIRKS = os.path.join(HERE, "..", "..", "policy", "quirks.conf")
KNOBS = {"register_seconds": 0.1, "refresh_seconds": 0.1}
# What tests expect of a person's patience: the lab's own clocks are in tenths of seconds.
SETTINGS = {
    "provision": {"provider": "twilio", "fleet": FLEET, "poll-interval": "1", "modem-timeout": "1",
                  "registration-timeout": "20", "reservation-timeout": "20"},
    "data": {"connect": "modemmanager"},
}
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|(?:GLib|GObject|Gio)[\w-]*-CRITICAL|-WARNING \*\*")


# libqmi warns of a modem that is gone, and that it is not in /sys, where only the preload shows it.
NOISE = re.compile("couldn't detect transport type of port|but unexpected transport type found|"
                   "Cannot read from istream: connection broken")


def enter_lab():
    """Run the whole test program again inside the lab's namespaces, unless it is there already."""
    if "LAB_DIR" not in os.environ:
        os.execv(RUN, [RUN, "--bare", *sys.orig_argv])


def build_file(*parts):
    """A program of the build under test."""
    root = os.path.dirname(os.path.dirname(HERE))
    return os.path.join(os.environ.get("ESIMD_BUILD", os.path.join(root, "build")), *parts)


def credentials(lab_dir, kind):
    """The pair of secrets that the Super SIM stand-in made up for KIND ("twilio", "kore")."""
    with open(os.path.join(lab_dir, "credentials", f"{kind}.json"), encoding="utf-8") as file:
        return json.load(file)


class RigCase(unittest.TestCase):
    """A fresh lab and an esimd that is not started yet, for every test. KNOBS are the modem's; SMDS: the lab has one."""

    KNOBS = KNOBS
    LAB, LAB_OPTIONS = bed.Lab, {}  # or another class like it
    SMDS = False
    PROVIDER = "twilio"
    REAL_POLKIT = False  # else a mock that allows all

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="rig-", dir=os.environ["LAB_DIR"])
        self.lab = self.LAB(self.dir, knobs=self.KNOBS, real_polkit=self.REAL_POLKIT, smds=self.SMDS, **self.LAB_OPTIONS)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.addCleanup(self.lab.stop)
        self.lab.start()
        self.addCleanup(self.show_log)
        self.addCleanup(self.check_esimd)
        ask("supersim", "set", self.dir, reserve_seconds=0.3, schedule_seconds=0.2)
        self.settings = {group: dict(keys) for group, keys in SETTINGS.items()}
        self.settings["provision"]["provider"] = self.PROVIDER
        self.settings["lpa"] = {"ci-file": f"{self.dir}/pki/ci.pem"}
        self.settings[f"provider {self.PROVIDER}"] = {
            "api": self.PROVIDER, "credentials": self.write_secret(), "ca-file": f"{self.dir}/pki/webca.pem"}

    # esimd

    def write_secret(self, **changes):
        """The provider's credentials file; CHANGES spoil it."""
        known = credentials(self.dir, self.PROVIDER)
        names = {"twilio": ("account_sid", "auth_token"), "kore": ("client_id", "client_secret")}[self.PROVIDER]
        values = {"user": known[names[0]], "secret": known[names[1]], **changes}
        path = os.path.join(self.dir, f"{self.PROVIDER}.secret")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())
        return path

    def write_config(self):
        path = os.path.join(self.dir, "esimd.conf")
        with open(path, "w", encoding="utf-8") as file:
            for group, keys in self.settings.items():
                file.write(f"[{group}]\n")
                file.writelines(f"{key}={value}\n" for key, value in keys.items())
        return path

    def start_esimd(self, wait=True, **environment):
        """Start esimd under self.settings; with WAIT until it has published the lab's card."""
        self.lab.environment.update(environment)
        self.lab.spawn("esimd", build_file("plugin", "esimd"), "--debug", "--config", self.write_config(),
                       "--quirks", QUIRKS, "--state-dir", os.path.join(self.dir, "esimd-state"))
        if wait:
            self.lab.wait(lambda: self.lab.owned(NAME) and self.euiccs(), 20, "esimd publishes the card")

    def kill_esimd(self):
        self.lab.end("esimd", kill=True)

    def stop_esimd(self):
        """SIGTERM, and esimd's exit status."""
        process = self.lab.processes.pop("esimd")
        process.send_signal(signal.SIGTERM)
        return process.wait(15)

    def check_esimd(self):
        """esimd ends well when it is told to, and no sanitizer nor GLib had anything to say."""
        if "esimd" in self.lab.processes:
            status = self.stop_esimd()
            if status != 0:
                self.print_log()
            self.assertEqual(status, 0, f"esimd's exit status is {status}")
        self.assert_log_is_clean()

    def assert_log_is_clean(self, after=0):
        if os.path.exists(os.path.join(self.dir, "log", "esimd.log")):
            for secret in credentials(self.dir, self.PROVIDER).values():
                self.assertNotIn(secret, self.log()[after:], "a secret is in the log")
            bad = [line for line in self.log()[after:].splitlines()
                   if SANITIZER.search(line) and not NOISE.search(line)]
            self.assertFalse(bad)

    def log(self):
        with open(os.path.join(self.dir, "log", "esimd.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def show_log(self):
        """After a failure: what esimd said, as TAP comments."""
        result = self._outcome.result if getattr(self, "_outcome", None) else None
        bad = result.failures + result.errors if result else []
        if any(getattr(test, "test_case", test) is self for test, _ in bad):
            self.print_log()

    def print_log(self):
        if os.path.exists(os.path.join(self.dir, "log", "esimd.log")):
            said = [line for line in self.log().splitlines()
                    if not re.search("(Mbim|Qmi)-(DEBUG|WARNING)|^<<<|^$", line)]
            for line in said[-80:]:
                print("# esimd: " + line)

    # The bus

    def objects(self, interface):
        """Every object with INTERFACE: path -> its properties."""
        if not self.lab.owned(NAME):
            return {}
        found = self.lab.call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        return {path: interfaces[f"{NAME}.{interface}"] for path, interfaces in found.items()
                if f"{NAME}.{interface}" in interfaces}

    def euiccs(self):
        return self.objects("Euicc")

    def euicc(self):
        """(path, properties) of the one card."""
        (item,) = self.euiccs().items()
        return item

    def profiles(self):
        """ICCID -> (path, properties)."""
        return {values["Iccid"]: (path, values) for path, values in self.objects("Profile").items()}

    def job(self, path):
        return self.objects("Job").get(path)

    def call(self, path, interface, method, signature, *arguments):
        return self.lab.call(NAME, path, f"{NAME}.{interface}", method, GLib.Variant(signature, arguments))

    def start_job(self, path, interface, method, signature="(a{sv})", *arguments):
        return self.call(path, interface, method, signature, *(arguments or ({},)))[0]

    def finish(self, path, seconds=30):
        """The properties of the job at PATH once it is over."""
        def over():
            job = self.job(path)
            return job if job and job["State"] in ("done", "failed", "cancelled") else None

        return self.lab.wait(over, seconds, f"{path} ends")

    def provision(self, seconds=40, **options):
        """Provision, to its end."""
        packed = {name: GLib.Variant("s", value) for name, value in options.items()}
        return self.finish(self.start_job(self.euicc()[0], "Euicc", "Provision", "(a{sv})", packed), seconds)

    def download(self, code, seconds=30, **options):
        return self.finish(self.begin_download(code, **options), seconds)

    def begin_download(self, code, **options):
        """The path of a new download job; give the options as the bus wants them, _ for -."""
        packed = {name.replace("_", "-"): GLib.Variant("b" if isinstance(value, bool) else "s", value)
                  for name, value in options.items()}
        return self.start_job(self.euicc()[0], "Euicc", "Download", "(sa{sv})", code, packed)

    def state(self, path, *states, seconds=15):
        """The properties of the job at PATH once it is in one of STATES."""
        def reached():
            job = self.job(path)
            return job if job["State"] in states else None

        return self.lab.wait(reached, seconds, f"{path} is {' or '.join(states)}")

    def cancel(self, path):
        self.call(path, "Job", "Cancel", "(a{sv})", {})

    def answer(self, path, **answers):
        packed = {name.replace("_", "-"): GLib.Variant("b" if isinstance(value, bool) else "s", value)
                  for name, value in answers.items()}
        self.call(path, "Job", "Answer", "(a{sv}a{sv})", packed, {})

    def refused(self, error, function, *arguments):
        """FUNCTION's call is answered with org.esimd1.Error.ERROR; returns text and advice."""
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments)
        self.assertEqual(Gio.DBusError.get_remote_error(caught.exception), f"{NAME}.Error.{error}",
                         caught.exception.message)
        text = caught.exception.message
        self.assertTrue(text.endswith("."), text)
        return text

    def assert_done(self, job):
        self.assertEqual(job["State"], "done", job["Error"])
        return job

    def assert_failed(self, job, error, advice=True):
        """JOB failed with org.esimd1.Error.ERROR, and says what to do."""
        self.assertEqual(job["State"], "failed", job)
        self.assertEqual(job["Error"][0], f"{NAME}.Error.{error}", job["Error"])
        self.assertTrue(job["Error"][1])
        if advice:
            self.assertTrue(job["Error"][2].endswith("."))
        return job

    # The stand-ins

    def card(self, do, **arguments):
        return ask("euicc", do, self.dir, **arguments)

    def modem(self, do, **arguments):
        return ask("modem", do, self.dir, **arguments)

    def smdp(self, do, **arguments):
        return ask("smdp", do, self.dir, **arguments)

    def smds(self, do, **arguments):
        return ask("smds", do, self.dir, **arguments)

    def supersim(self, do, **arguments):
        return ask("supersim", do, self.dir, **arguments)

    def order(self, **arguments):
        """An order at the SM-DP+; its activation code."""
        arguments.setdefault("iccid", "8988307000000000019")
        answer = self.smdp("order", **arguments)
        return f"LPA:1${answer['address']}${answer['matching_id']}"

    def clear_faults(self):
        """Let every stand-in do well from now on."""
        for stand_in in ("euicc", "modem", *self.lab.servers):
            ask(stand_in, "clear", self.dir)

    def assert_took(self, began, limit):
        """Not longer than LIMIT seconds since BEGAN (time.monotonic()), or what that is on a busy machine."""
        took = time.monotonic() - began
        if took >= limit:
            self.assertLess(took, pace.bound(limit))

    def until(self, condition, seconds, what):
        return self.lab.wait(condition, seconds, what)

    def assert_everything_once(self):
        """One reservation, one profile and it is enabled, one bearer, no channel left open, no notification lost."""
        self.assertEqual(len(self.supersim("profiles")["profiles"]), 1)
        profiles = self.card("profiles")["profiles"]
        self.assertEqual([profile["state"] for profile in profiles], [ENABLED])
        self.assertEqual(self.modem("sessions")["active"], 1)
        self.until(lambda: not self.card("channels")["channels"], 5, "every channel is closed")
        self.until(lambda: not self.card("notifications")["notifications"], 15, "every notification is sent")
        events = {note["event"] for note in self.smdp("notifications")["notifications"]}
        self.assertLessEqual({"install", "enable"}, events)

    def settle(self, seconds=1.0):
        """Give the service time to do what it should not."""
        time.sleep(seconds)


class SharedRigCase(RigCase):
    """Cases that leave lab and esimd as they found them: one of each for the class, already started."""

    SETTINGS = {}  # group -> keys, over the rig's own

    @classmethod
    def setUpClass(cls):
        cls.rig = RigCase()
        for name in ("KNOBS", "PROVIDER", "REAL_POLKIT", "SMDS", "LAB", "LAB_OPTIONS"):
            setattr(cls.rig, name, getattr(cls, name))
        cls.addClassCleanup(cls.end_class)
        RigCase.setUp(cls.rig)
        for group, keys in cls.SETTINGS.items():
            cls.rig.settings.setdefault(group, {}).update(keys)
        cls.prepare(cls.rig)
        cls.rig.start_esimd()

    @classmethod
    def prepare(cls, rig):
        """What RIG's lab needs before esimd starts."""

    @classmethod
    def end_class(cls):
        """The rig's cleanups in order, all of them; the first error is the class's."""
        errors = []
        while cls.rig._cleanups:
            function, words, names = cls.rig._cleanups.pop()
            try:
                function(*words, **names)
            except Exception as error:  # one failing must not leave the lab running
                errors.append(error)
        if errors:
            raise errors[0]

    iccids = iter(range(10000))

    def fresh(self, **fields):
        """(activation code, ICCID) of a new small profile."""
        iccid = f"89883070000000{next(SharedRigCase.iccids):05d}"
        return self.order(iccid=iccid, **{"size": 1500, **fields}), iccid

    def order_of(self, iccid):
        """The SM-DP+'s newest order of ICCID."""
        return [order for order in self.smdp("orders")["orders"] if order["iccid"] == iccid][-1]

    def assert_works_on(self):
        """A good download, whatever was before."""
        self.clear_faults()
        code, iccid = self.fresh()
        job = self.assert_done(self.download(code))
        self.assertEqual(job["Result"]["iccid"], iccid)
        self.assertIn(iccid, self.profiles())

    def setUp(self):
        for name in ("dir", "lab", "settings"):
            setattr(self, name, getattr(self.rig, name))
        self.said = len(self.log())
        self.addCleanup(self.show_log)
        self.addCleanup(self.assert_unharmed)

    def assert_unharmed(self):
        """Whatever the case did: no fault is left, no channel is open, and esimd lives."""
        self.clear_faults()
        self.until(lambda: not self.card("channels")["channels"], 5, "every channel is closed")
        self.assertIsNone(self.lab.processes["esimd"].poll(), "esimd is dead")
        self.assert_log_is_clean(self.said)
