# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""esimd as it is installed, on a machine that systemd boots: its unit, its sandbox, its start by the bus, its way down."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import booted
import rig
from booted import BootedLab
from rig import RigCase, build_file

USER = "65534"
SECURITY = 2.5  # what systemd-analyze may say at most: 0 is best, 10 worst
KILL = "[Service]\nSystemCallErrorNumber=kill\n"
ICCIDS = (f"898830700000000{number:04d}" for number in range(1000))


def setUpModule():
    rig.enter_lab()
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can boot a machine")
    booted.build(build_file("installed"))


class MachineCase(unittest.TestCase):
    """One machine for the class, and a lab around it; esimd is installed and neither enabled nor started."""

    KNOBS = rig.KNOBS
    MODE, METHOD = "on-request", "eid"

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="boot-", dir=os.environ["LAB_DIR"])
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.lab = BootedLab(cls.dir, build_file("installed"), knobs=cls.KNOBS, smds=False)
        cls.machine = cls.lab.machine
        cls.addClassCleanup(cls.lab.stop)
        try:
            cls.lab.start()
        except booted.Impossible as reason:
            raise unittest.SkipTest(str(reason)) from None
        cls.rig = RigCase()
        cls.rig.lab, cls.rig.dir = cls.lab, cls.dir
        cls.rig.supersim("set", reserve_seconds=0.3, schedule_seconds=0.2)
        for name in ("ci", "webca"):
            cls.machine.write(f"/etc/esimd/{name}.pem", open(f"{cls.dir}/pki/{name}.pem", encoding="ascii").read())
        known = rig.credentials(cls.dir, "twilio")
        cls.secret = f"user={known['account_sid']}\nsecret={known['auth_token']}\n"
        cls.machine.write("/etc/esimd/twilio.secret", cls.secret, 0o600)
        cls.configure()
        cls.prepare()

    @classmethod
    def prepare(cls):
        """What the class does before its first test."""

    def setUp(self):
        self.systemctl("reset-failed")  # and what counts towards a start limit
        self.since = self.journal_end()
        self.addCleanup(self.show_journal)

    @classmethod
    def configure(cls, **changes):
        """Write esimd.conf; CHANGES are group__key=value, with None for none."""
        settings = {group: dict(keys) for group, keys in rig.SETTINGS.items()}
        settings["provision"].update({"mode": cls.MODE, "method": cls.METHOD})
        settings["data"]["connect"] = "auto"
        settings["lpa"] = {"ci-file": "/etc/esimd/ci.pem"}
        settings["provider twilio"] = {"api": "twilio", "credentials": "/etc/esimd/twilio.secret",
                                       "ca-file": "/etc/esimd/webca.pem"}
        for name, value in changes.items():
            group, _, key = name.partition("__")
            settings[group.replace("twilio", "provider twilio")][key.replace("_", "-")] = value
        cls.machine.write("/etc/esimd/esimd.conf", "".join(
            f"[{group}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items() if value is not None)
            for group, keys in settings.items()))

    # The machine

    def run_there(self, *words, status=0, **options):
        """Run WORDS on the machine; what they said, on both streams. STATUS None: any but 0."""
        done = self.machine.run(*words, **options)
        said = done.stdout + done.stderr
        if status is None:
            self.assertNotEqual(done.returncode, 0, said)
        else:
            self.assertEqual(done.returncode, status, said)
        return said

    def systemctl(self, *words, status=0):
        return self.run_there("systemctl", *words, status=status)

    def shown(self, name):
        """A property of the unit."""
        return self.run_there("systemctl", "show", "--property", name, "--value", "esimd").strip()

    def active(self):
        return self.machine.run("systemctl", "is-active", "esimd").stdout.strip()

    def drop_in(self, text):
        """Have TEXT in a drop-in of esimd.service, until the test is over."""
        path = self.machine.path("/etc/systemd/system/esimd.service.d/test.conf")
        self.machine.write("/etc/systemd/system/esimd.service.d/test.conf", text)
        self.systemctl("daemon-reload")
        self.addCleanup(self.systemctl, "daemon-reload")
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))

    def journal_end(self):
        """Where the journal ends now."""
        said = self.machine.run("journalctl", "--no-pager", "--lines=0", "--show-cursor").stdout
        return said.rpartition("-- cursor: ")[2].strip()

    def journal(self, since=None):
        """What esimd and systemd said of the unit, since the test began."""
        after = since or self.since
        words = ("--after-cursor", after) if after else ()
        return self.machine.run("journalctl", "--no-pager", "--output=cat", "--unit=esimd", *words).stdout

    def show_journal(self):
        result = self._outcome.result if self._outcome else None
        bad = result.failures + result.errors if result else []
        if any(getattr(test, "test_case", test) is self for test, _ in bad) and self.machine.process:
            for line in self.journal().splitlines()[-60:]:
                print("# esimd: " + line)

    # esimd

    def start(self):
        """Start esimd, until it has the card."""
        self.systemctl("restart", "esimd")
        self.wait_for_card()

    def wait_for_card(self):
        self.until(lambda: self.rig.euiccs() and self.lab.modems(), 30, "esimd has the card")

    def until(self, condition, seconds, what):
        return self.lab.wait(condition, seconds, what)

    def begin(self, *words):
        """Start a command on the machine that takes its time."""
        process = subprocess.Popen(self.machine.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def downloading(self):
        """Whether a package is being written to the card."""
        return any(job["State"] == "running" and job["BytesDone"] for job in self.rig.objects("Job").values())

    def orders(self):
        return len(self.rig.supersim("profiles")["profiles"])

    def ping(self):
        said = self.run_there("ping", "-c1", "-W5", "-I", "wwan0", "198.51.100.7")
        self.assertIn("1 received", said)


class Unit(MachineCase):
    """What systemd and the bus do with the service."""

    @classmethod
    def prepare(cls):
        cls.machine.run("systemctl", "enable", "esimd")

    # Until esimcli waits for the service that it has started to be ready.
    def test_a_card_is_seen_by_the_first_command(self):
        """The bus starts esimd for it, and it waits until esimd has looked."""
        self.systemctl("stop", "esimd")
        said = self.run_there("esimcli", "-L")
        self.assertRegex(said, r"\d{32}")

    def test_started_by_the_bus(self):
        self.systemctl("stop", "esimd")
        self.run_there("esimcli", "-L")
        self.assertEqual(self.active(), "active")
        self.wait_for_card()
        self.assertRegex(self.run_there("esimcli", "-L"), r"\d{32}")

    def test_disabled_stays_down(self):
        """Neither root's nor anybody's command starts what the administrator has disabled."""
        self.addCleanup(self.systemctl, "enable", "esimd")
        self.systemctl("disable", "--now", "esimd")
        for user in (None, USER):
            with self.subTest(user=user or "root"):
                began = time.monotonic()
                said = self.run_there("esimcli", "-L", user=user, status=None)
                self.assertLess(time.monotonic() - began, 10)
                self.assertIn("esimd", said)
                self.assertEqual(self.active(), "inactive")

    def test_restarted_after_kill(self):
        self.start()
        before = self.shown("MainPID")
        self.systemctl("kill", "--signal=KILL", "--kill-who=main", "esimd")
        self.until(lambda: self.shown("MainPID") not in ("0", before), 15, "another esimd")
        self.wait_for_card()
        self.assertEqual(self.shown("NRestarts"), "1")

    def test_reload(self):
        """A wrong file is refused with its line, by both commands, and the old settings stay; a right one is taken."""
        self.start()
        self.addCleanup(self.configure)
        before = self.shown("MainPID")
        self.configure(provision__mode="sometimes")
        self.assertRegex(self.run_there("esimcli", "--reload", status=None), r"esimd\.conf:\d+")
        self.systemctl("reload", "esimd", status=None)
        self.assertEqual((self.active(), self.shown("MainPID")), ("active", before))
        self.configure(data__apn="other")
        self.systemctl("reload", "esimd")
        self.run_there("esimcli", "--reload")
        self.assertEqual((self.active(), self.shown("MainPID")), ("active", before))

    # Until wrong settings end esimd with a status of their own (78), and esimcli says why it does not start.
    def test_wrong_settings(self):
        """It fails once, with words, and esimcli says so at once."""
        self.addCleanup(self.systemctl, "reset-failed", "esimd")
        self.addCleanup(self.configure)
        self.configure(provision__mode="sometimes")
        self.systemctl("restart", "esimd", status=None)
        time.sleep(3)
        self.assertEqual((self.active(), self.shown("NRestarts")), ("failed", "0"))
        self.assertEqual(self.journal().count("sometimes"), 1, self.journal())
        self.assertRegex(self.journal(), r"esimd\.conf:\d+")
        began = time.monotonic()
        said = self.run_there("esimcli", "-L", status=None)
        self.assertLess(time.monotonic() - began, 5)
        self.assertIn("esimd does not start", said)
        self.assertIn("sometimes", said)

    def test_credentials(self):
        """The provider's secret as a credential of the unit, plain and encrypted."""
        self.addCleanup(self.start)
        self.addCleanup(self.configure)
        self.configure(twilio__credentials=None, twilio__credential="supersim")
        self.machine.write("/etc/esimd/plain", self.secret, 0o600)
        self.run_there("systemd-creds", "setup")
        self.run_there("systemd-creds", "encrypt", "--with-key=host", "--name=supersim", "/etc/esimd/plain",
                       "/etc/esimd/supersim.cred")
        for line in ("LoadCredential=supersim:/etc/esimd/plain",
                     "LoadCredentialEncrypted=supersim:/etc/esimd/supersim.cred"):
            with self.subTest(line.partition("=")[0]):
                self.drop_in(f"[Service]\n{line}\n")
                self.start()
                self.assertIn("lab-fleet", self.run_there("esimcli", "--list-fleets"))

    def test_out_of_reach(self):
        """Files that the sandbox hides are named, to the log and to the person who needs them."""
        self.addCleanup(self.start)
        self.addCleanup(self.configure)
        self.start()
        for path in ("/root/twilio.secret", "/tmp/twilio.secret", "/home/twilio.secret"):
            with self.subTest(path):
                self.machine.write(path, self.secret, 0o600)
                self.configure(twilio__credentials=path)
                self.start()
                self.assertIn(path, self.journal())
                self.assertIn(path, self.run_there("esimcli", "--list-fleets", status=None))

    def test_anybody(self):
        """A user may read everything; what does something takes a password, and is refused with words."""
        self.start()
        self.assertRegex(self.run_there("esimcli", "-L", user=USER), r"\d{32}")
        self.run_there("esimcli", "-u", "any", user=USER)
        for words in (("--provision",), ("--reload",), ("--download=LPA:1$smdp.esimd.test$X",)):
            with self.subTest(words[0]):
                said = self.run_there("esimcli", *words, user=USER, status=None)
                self.assertRegex(said, r"(?i)not authori[sz]ed|password")
        self.run_there("cat", "/var/lib/esimd", "/etc/esimd/twilio.secret", user=USER, status=None)
        self.assertEqual(self.orders(), 0)

    def test_security(self):
        """systemd finds no fault in the unit, and its figure for the sandbox is good."""
        said = self.run_there("systemd-analyze", "verify", "/usr/lib/systemd/system/esimd.service")
        self.assertNotIn("esimd.service", said)
        said = self.run_there("systemd-analyze", "security", "--no-pager", "esimd.service")
        figure = re.search(r"exposure level for esimd\.service: ([\d.]+)", said)
        print(f"# systemd-analyze security esimd: {figure.group(1)}", flush=True)
        self.assertLessEqual(float(figure.group(1)), SECURITY)


class Strict(MachineCase):
    """Every system call that the unit's filter refuses is death here, from a bare card to a ping."""

    @classmethod
    def prepare(cls):
        cls.machine.write("/etc/systemd/system/esimd.service.d/strict.conf", KILL)
        cls.machine.run("systemctl", "daemon-reload")
        cls.machine.run("systemctl", "enable", "esimd")

    def test_bare_card_to_ping(self):
        self.start()
        self.run_there("esimcli", "--provision")
        self.rig.assert_everything_once()
        self.ping()
        code = self.rig.order(iccid=next(ICCIDS), size=1500)
        self.run_there("esimcli", f"--download={code}")
        self.run_there("esimcli", "--reload")
        self.run_there("esimcli", "--list-fleets")
        self.systemctl("reload", "esimd")
        self.assertEqual(self.shown("NRestarts"), "0")
        self.systemctl("stop", "esimd")
        self.assertEqual(self.shown("Result"), "success")
        self.assertNotIn("SYS", self.journal())
