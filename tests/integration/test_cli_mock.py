# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""esimcli against a service that does what a test says: output in its three forms, jobs, consent, exit statuses."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import unittest

import fake_esimd
from fake_esimd import COST, Gio, GLib

ESIMCLI = os.environ["ESIMCLI"]
EID = "89044145000000000000000000000125"
ICCID = "89883070000000000011"
LIMIT_S = 20
DONE = {"State": "done", "Result": {"cost": GLib.Variant("a{sv}", COST), "iccid": GLib.Variant("s", ICCID)}}
LOADING = [{"State": "running", "Step": "authenticate"}, {"Step": "download", "BytesDone": 100, "BytesTotal": 17000},
           {"BytesDone": 17000}]


def failed(name="CardRefused", raw=None):
    return {"State": "failed", "Result": {"cost": GLib.Variant("a{sv}", COST)},
            "Error": ("org.esimd1.Error." + name, "enable: the card refused", "Try again.", "es10c",
                      {key: GLib.Variant("s", value) for key, value in (raw or {}).items()})}


CANCELLED = {**failed("Cancelled"), "State": "cancelled"}


class CliCase(unittest.TestCase):
    """A private bus with a fake service and one card with two profiles."""

    def setUp(self):
        self.daemon = Gio.TestDBus.new(Gio.TestDBusFlags.NONE)
        self.daemon.up()
        self.addCleanup(self.daemon.down)
        self.service = fake_esimd.FakeEsimd(self.daemon.get_bus_address())
        self.addCleanup(self.service.stop)
        self.euicc = self.service.add("Euicc", 0, Eid=EID, Modem="/org/freedesktop/ModemManager1/Modem/3",
                                      ModemStack="modemmanager", Slot=1, Active=True, Channel="mbim", SpecVersion="2.3.0", FreeMemory=300000,
                                      CiKeyIds=["AA11", "BB22"], ProvisioningState="idle")
        self.service.add("Profile", 1, Euicc=self.euicc.path, Iccid=ICCID, State="enabled", Class="operational", Name="Süper \x1b[31mSIM",
                         ServiceProvider="Twilio")
        self.service.add("Profile", 2, Euicc=self.euicc.path, Iccid="8988307000000000002", State="disabled", Class="test")

    def environment(self):
        return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.daemon.get_bus_address(), "LC_ALL": "C.UTF-8"}

    def wait_for(self, condition):
        context, end = GLib.MainContext.default(), time.monotonic() + LIMIT_S
        tick = GLib.timeout_add(10, lambda: True)
        while not condition() and time.monotonic() < end:
            context.iteration(True)
        GLib.source_remove(tick)
        self.assertTrue(condition(), "not in time")

    def start(self, *arguments, **keywords):
        child = subprocess.Popen([ESIMCLI, *arguments], env=self.environment(), text=True, encoding="utf-8",
                                 **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **keywords})
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child

    def heard(self, child):
        """CHILD once it has printed something: from then on it minds signals and changes."""
        self.wait_for(lambda: select.select([child.stdout], [], [], 0)[0])
        return child

    def finish(self, child, status):
        self.wait_for(lambda: child.poll() is not None)
        out, err = child.communicate()
        self.assertEqual(child.returncode, status, out + err)
        return out, err

    def cli(self, *arguments, status=0):
        return self.finish(self.start(*arguments), status)

    def answer_with_job(self, method, kind, *script, **first):
        self.service.handlers[method] = lambda *_: self.service.job(7, kind, *script, **first).path


class Lists(CliCase):
    def test_euiccs(self):
        self.assertIn(f"    /org/esimd1/Euicc/0 [{EID}] in /org/freedesktop/ModemManager1/Modem/3, 1 profile, enabled: {ICCID}",
                      self.cli("-L")[0])
        self.assertEqual(self.cli("-L", "-J")[0], '{"euicc-list":["/org/esimd1/Euicc/0"]}\n')
        self.assertEqual(self.cli("-L", "-K")[0],
                         "euicc-list.length   : 1\neuicc-list.value[1] : /org/esimd1/Euicc/0\n")

    def test_test_profiles_are_left_out(self):
        """People see them with --all, or while one is enabled; programs see them always."""
        for words in (("-l",), ("-u", "0")):
            self.assertNotIn("8988307000000000002", self.cli(*words)[0], words)
            self.assertRegex(self.cli(*words, "--all")[0], "8988307000000000002 disabled.*, test", words)
            self.assertIn("/org/esimd1/Profile/2", self.cli(*words, "-J")[0], words)
            self.assertIn("/org/esimd1/Profile/2", self.cli(*words, "-K")[0], words)
        self.assertIn("2 profiles", self.cli("-L", "-a")[0])
        self.assertIn(f"iccid: {ICCID}", self.cli("-p", "any")[0])
        self.assertIn("class: test", self.cli("-p", "2")[0])
        self.service.objects["/org/esimd1/Profile/2"].set(State="enabled")
        self.assertIn("8988307000000000002 enabled", self.cli("-l")[0])
        self.assertIn("--all belongs to", self.cli("--refresh", "--all", status=2)[1])
        self.assertIn("belong to a verb", self.cli("-p", "2", "--all", status=2)[1])

    def test_empty_lists(self):
        self.assertEqual(self.cli("--list-jobs")[0], "No jobs were found\n")
        self.assertEqual(self.cli("--list-jobs", "-J")[0], '{"job-list":[]}\n')
        self.assertEqual(self.cli("--list-jobs", "-K")[0], "job-list.length : 0\n")

    def test_lists_are_in_the_order_of_numbers(self):
        for number in (11, 3):
            self.service.add("Profile", number, Euicc=self.euicc.path, Iccid=f"89883070000000000{number:03}", State="disabled")
        paths = json.loads(self.cli("-l", "-u", "0", "-J")[0])["profile-list"]
        self.assertEqual([path.rsplit("/", 1)[1] for path in paths], ["1", "2", "3", "11"])


class Show(CliCase):
    def test_boxes_as_mmcli_has_them(self):
        out = self.cli("-u", "any")[0]
        lines = out.splitlines()
        self.assertRegex(lines[0], "^  -+$")
        bars = {line.index("|") for line in lines if not line.startswith("  -")}
        self.assertEqual(len(bars), 1, out)
        names = {line.index(":", line.index("|")) for line in lines if re.search(r"\| +[\w +-]+: ", line)}
        self.assertEqual(len(names), 1, out)
        self.assertRegex(out, r"General +\| +path: /org/esimd1/Euicc/0\n +\| +eid: " + EID)
        self.assertRegex(out, r"CI key ids: AA11\n +\| +BB22\n")
        self.assertNotIn("default SM-DP+", out)  # unknown is not shown

    def test_control_characters_of_names_do_not_reach_the_terminal(self):
        out = self.cli("-u", "0")[0]
        self.assertIn("Süper ?[31mSIM", out)
        self.assertNotIn("\x1b", out)

    def test_keyvalue(self):
        pairs = dict(re.split(" +: ", line, maxsplit=1) for line in self.cli("-u", EID, "-K")[0].splitlines())
        self.assertEqual(pairs["euicc.generic.eid"], EID)
        self.assertEqual(pairs["euicc.card.free-memory"], "300000")
        self.assertEqual(pairs["euicc.card.default-smdp"], "--")
        self.assertEqual(pairs["euicc.card.ci-key-ids.length"], "2")
        self.assertEqual(pairs["euicc.card.ci-key-ids.value[2]"], "BB22")

    def test_json(self):
        shown = json.loads(self.cli("-m", "3", "-J")[0])["euicc"]
        self.assertEqual(shown["generic"]["slot"], "1")
        self.assertEqual(shown["generic"]["job"], "--")
        self.assertEqual(shown["profiles"], ["/org/esimd1/Profile/1", "/org/esimd1/Profile/2"])

    def test_profile(self):
        for name in (ICCID, "1", "/org/esimd1/Profile/1"):
            shown = json.loads(self.cli("-p", name, "-J")[0])["profile"]
            self.assertEqual(shown["generic"]["name"], "Süper \x1b[31mSIM")
            self.assertEqual(shown["owner"], {"mcc": "--", "mnc": "--", "policy-rules": [], "service-provider": "Twilio"})

    def test_keyvalue_is_one_line_a_value(self):
        self.service.add("Profile", 5, Euicc=self.euicc.path, Iccid="8988307000000000005", Nickname="zwei\nZeilen ü")
        self.assertIn("profile.generic.nickname       : zwei\\nZeilen ü\n", self.cli("-p", "5", "-K")[0])

    def test_not_found(self):
        for arguments in (["-u", "9"], ["-u", EID[:-1] + "6"], ["-m", "1"], ["-p", "9"], ["-p", ICCID[:-1] + "2"], ["-j", "4"],
                          ["-u", "9", "--provision"], ["-p", "9", "--enable"], ["-p", "1", "-u", "8"]):
            with self.subTest(arguments):
                err = self.cli(*arguments, status=3)[1]
                self.assertRegex(err, "^error: .*\n       .*esimcli")


class Usage(CliCase):
    def test_refused(self):
        for arguments in ([], ["--frob"], ["word"], ["-L", "--provision"], ["--enable"], ["--cancel"], ["-p", "1", "--provision"],
                          ["--provision", "--accept-rules"], ["--refresh", "--settle=none"], ["-L", "--no-wait"], ["-J", "-K", "-L"],
                          ["-p", "1", "--enable", "--yes"], ["--yes"], ["-M", "-J"], ["--no-wait"], ["--download"], ["-j", "1", "--cancel", "-u", "0"], ["--timeout=-1", "--refresh"]):
            with self.subTest(arguments):
                out, err = self.cli(*arguments, status=2)
                self.assertEqual(out, "")
                self.assertRegex(err, "^error: .*\n       .")
        self.assertEqual(self.service.calls, [])

    def test_several_cards_are_listed(self):
        self.service.add("Euicc", 1, Eid="89044145000000000000000000000299")
        err = self.cli("--provision", status=2)[1]
        self.assertIn(f"-u 0 (EID {EID}), -u 1 (EID 89044145000000000000000000000299)", err)

    def test_any_is_the_only_one_for_what_acts(self):
        """-u any --reset would hit the card that happened to come first; who only looks gets that one."""
        self.answer_with_job("Refresh", "refresh", DONE)
        self.cli("-u", "any", "--refresh")
        self.assertEqual(self.service.calls.pop()[0], "/org/esimd1/Euicc/0")
        self.service.add("Euicc", 1, Eid="89044145000000000000000000000299")
        for words in (("--reset=operational", "--yes"), ("--refresh",), ("--provision",), ("--download-default",), ("--set-default-smdp=a.b",)):
            self.assertIn("there are 2 eUICCs\n", self.cli("-u", "any", *words, status=2)[1], words)
        self.assertEqual(self.service.calls, [])
        self.assertIn(EID, self.cli("-u", "any")[0])

    def test_given_twice(self):
        for words in (("-p", "1", "-p", "2", "--delete"), ("-u", "0", "--euicc=1", "--refresh"), ("-m", "0", "-m", "1"), ("-j", "1", "-j", "2"),
                      ("--reserve", "--eid=1", "--eid=2"), ("--provision", "--settle=none", "--settle=HP1")):
            self.assertRegex(self.cli(*words, status=2)[1], r"^error: -\S+ is given twice\n       Give one value\.", words)
        self.assertEqual(self.service.calls, [])

    def test_empty_values(self):
        """A variable that a script did not set must not mean something else, such as an order for any device."""
        for words, advice in ((("--download=",), "--download-default"), (("--download", " "), "--download-default"),
                              (("--set-default-smdp=",), "--set-default-smdp=none"), (("--reserve", "--eid="), "leave the option out"),
                              (("--reserve", "--fleet", ""), "leave the option out"), (("-p", "", "--delete"), "leave the option out"),
                              (("--provision", "--settle="), "leave the option out")):
            self.assertRegex(self.cli(*words, status=2)[1], f"^error: .* is empty\n       .*{advice}", words)
        self.assertEqual(self.service.calls, [])

    def test_default_smdp_is_removed(self):
        self.answer_with_job("SetDefaultSmdp", "set-default-smdp", DONE)
        self.cli("--set-default-smdp=none", "--no-wait")
        self.assertEqual([call[2] for call in self.service.calls], [("", {})])

    def test_any_profile_is_the_only_one(self):
        self.service.objects["/org/esimd1/Profile/2"].set(Class="operational")
        err = self.cli("-p", "any", "--enable", status=2)[1]
        self.assertIn(f"there are 2 profiles\n       Name one of them: -p 1 ({ICCID}, enabled), -p 2 (8988307000000000002, disabled).", err)
        self.service.add("Euicc", 1, Eid="89044145000000000000000000000299")
        self.assertIn("--provision or --download", self.cli("-p", "any", "-u", "1", status=3)[1])
        self.service.add("Profile", 3, Euicc="/org/esimd1/Euicc/1", Iccid="8988307000000000003", State="enabled")
        self.assertIn("8988307000000000003", self.cli("-p", "any", "-u", "1")[0])

    def test_mistyped(self):
        for typed, meant in (("--enabel", "--enable"), ("--listprofiles", "--list-profiles"), ("--downlaod=x", "--download"),
                             ("list-euicc", "--list-euiccs"), ("provision", "--provision"), ("--list", "--list-euiccs")):
            out, err = self.cli(typed, status=2)
            self.assertTrue(out == "" and err.endswith(f"\n       Did you mean {meant}?\n"), err)
        for typed in ("--frobnicate", "-x", "status"):
            self.assertRegex(self.cli(typed, status=2)[1], "esimcli --help.\n$")

    def test_help_as_mmcli_has_it(self):
        out = self.cli("--help")[0]
        self.assertEqual(out, self.cli("--help-all")[0])
        self.assertTrue(out.startswith("Usage:\n  esimcli [OPTION"), out)
        self.assertEqual([line for line in out.splitlines() if len(line) > 132], [])

    def test_help_needs_no_service(self):
        self.service.stop()
        out = self.cli("--help")[0]
        for word in ("--provision", "Examples:", "Exit status:", "130"):
            self.assertIn(word, out)
        self.assertRegex(self.cli("-V")[0], r"^esimcli \d")

    def test_no_service(self):
        self.service.stop()
        self.assertIn("systemctl start esimd", self.cli("-L", status=5)[1])

    def test_waits_until_the_service_is_ready(self):
        """A service that was started a moment ago has not seen its card yet."""
        card = self.service.objects.pop(self.euicc.path)
        self.service.manager.set(Ready=False)

        def seen():
            self.service.objects[card.path] = card
            self.service.manager.set(Ready=True)

        self.service.after(1500, seen)
        began = time.monotonic()
        self.assertIn(EID, self.cli("-L")[0])
        self.assertGreater(time.monotonic() - began, 1)

    def test_no_bus(self):
        self.environment = lambda: {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
        self.assertIn("error: the system bus cannot be reached", self.cli("-L", status=5)[1])


class Activation(CliCase):
    """The bus starts a service that does not come up."""

    def setUp(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        with open(os.path.join(folder, "org.esimd1.service"), "w", encoding="utf-8") as file:
            file.write("[D-BUS Service]\nName=org.esimd1\nExec=/bin/sh -c 'exit 78'\n")
        self.daemon = Gio.TestDBus.new(Gio.TestDBusFlags.NONE)
        self.daemon.add_service_dir(folder)
        self.daemon.up()
        self.addCleanup(self.daemon.down)

    def test_told_at_once(self):
        began = time.monotonic()
        err = self.cli("-L", status=5)[1]
        self.assertLess(time.monotonic() - began, 10)
        self.assertRegex(err, r"^error: esimd does not start: .*78\n       See why with: systemctl status esimd\n$")


class Jobs(CliCase):
    def test_done_in_a_pipe(self):
        self.answer_with_job("Provision", "provision", *LOADING, DONE, Position=2)
        out, err = self.cli("--provision", "--settle=none")
        self.assertEqual(err, "")
        self.assertEqual([re.sub(r"^\[ *\d+\.\ds\] ", "> ", line) for line in out.splitlines()][:-1],
                         ["> queued, 2 before it", "> authenticate", "> download", "> download: 17000 of 17000 bytes",
                          f"provision: done, iccid {ICCID}"])
        self.assertRegex(out.splitlines()[-1], r"^cost: 83 APDUs \(21.0 kB\), 4 HTTP requests \(40.0 kB\), 1 TLS handshake, \d+\.\d s$")
        self.assertEqual(self.service.calls, [("/org/esimd1/Euicc/0", "Provision", ({"settle": "none"},))])

    def test_failed(self):
        self.answer_with_job("Enable", "enable", {"State": "running", "Step": "card"}, failed(raw={"result": "5"}))
        out, err = self.cli("-p", ICCID, "--enable", status=1)
        self.assertEqual(err, "error: enable: the card refused\n       Try again.\n       (es10c: result 5)\n")
        self.assertIn("cost: 83 APDUs", out)

    def test_machine_forms(self):
        self.answer_with_job("Refresh", "refresh", *LOADING, failed("DeviceGone"))
        out = self.cli("--refresh", "-J", status=1)[0]
        job = json.loads(out)["job"]
        self.assertEqual(job["generic"]["state"], "failed")
        self.assertEqual(job["result"]["cost"]["apdus"], "83")
        self.assertEqual(job["result"]["cost"]["seconds"], {"download": "1.500"})
        self.assertEqual(job["error"]["name"], "org.esimd1.Error.DeviceGone")

    def test_failed_without_raw_codes(self):
        self.service.handlers["Refresh"] = lambda *_: self.service.job(8, "refresh", {"State": "running"}, failed("NotFound")).path
        out, err = self.cli("--refresh", status=1)  # not 3: the card was found
        self.assertEqual(err, "error: enable: the card refused\n       Try again.\n")
        self.assertRegex(out, r"^\[ *0\.\ds\] queued\n")

    def test_a_call_that_is_refused(self):
        def refuse(*_):
            raise fake_esimd.Refusal("org.esimd1.Error.NotAuthorized", "Delete is not allowed: org.esimd1.delete\nAsk as root.")
        self.service.handlers["Delete"] = refuse
        self.assertEqual(self.cli("-p", "2", "--delete", status=4)[1],
                         "error: Delete is not allowed: org.esimd1.delete\n       Ask as root.\n")

    def test_the_service_dies(self):
        self.answer_with_job("Refresh", "refresh", {"State": "running", "Step": "read-card"})
        self.service.after(800, self.service.stop)
        self.assertIn("error: esimd has stopped", self.cli("--refresh", status=5)[1])

    def test_a_job_that_is_over(self):
        self.service.add("Job", 4, Kind="provision", State="done", Step="connect")
        self.service.add("Job", 5, Kind="refresh", State="running", Step="read-card")
        self.assertEqual(self.cli("--list-jobs")[0],
                         "    /org/esimd1/Job/4 [provision] done\n    /org/esimd1/Job/5 [refresh] running read-card\n")
        self.assertIn("job 4 is over already: done\n       See how it ended with esimcli -j 4.", self.cli("-j", "4", "--cancel", status=1)[1])
        self.assertEqual(self.service.calls, [])
        self.service.handlers["Cancel"] = lambda *_: None
        self.assertEqual(self.cli("-j", "5", "--cancel")[0], "successfully requested to cancel the job\n")

    def test_no_wait(self):
        self.answer_with_job("SendNotifications", "send-notifications")
        self.assertEqual(self.cli("--send-notifications", "--no-wait")[0], "/org/esimd1/Job/7\n")

    def test_follow_and_timeout(self):
        job = self.service.add("Job", 4, Kind="provision", State="running", Step="wait-sim")
        self.assertIn("job 4 is not over in time", self.cli("-j", "4", "--follow", "--timeout=1", status=1)[1])
        self.service.after(500, job.set, **DONE)
        self.assertIn("provision: done", self.cli("-j", "4", "--follow")[0])

    def test_arguments_arrive(self):
        self.answer_with_job("Download", "download", DONE)
        self.answer_with_job("SetNickname", "set-nickname", DONE)
        self.cli("--download-default", "--accept-rules", "--no-wait")
        self.service.handlers["Download"] = lambda *_: self.service.job(8, "download", DONE).path
        self.finish(self.start("--download=-", "--confirmation-code=-", stdin=self.pipe("LPA:1$a$b\n4711\n")), 0)
        self.service.handlers["SetNickname"] = lambda *_: self.service.job(9, "set-nickname", DONE).path
        self.cli("-p", "2", "--set-nickname=Büro")
        self.assertEqual([call[2] for call in self.service.calls],
                         [("", {"accept-rules": True}), ("LPA:1$a$b", {"confirmation-code": "4711"}), ("Büro", {})])

    def test_one_notification(self):
        self.answer_with_job("SendNotifications", "send-notifications", DONE)
        self.cli("--send-notification=12", "--no-wait")
        self.assertEqual([call[2] for call in self.service.calls], [({"sequence": 12},)])
        for wrong in ("", "-1", "x", "1 2"):
            self.assertIn("--list-notifications", self.cli(f"--send-notification={wrong}", status=2)[1])

    def pipe(self, text):
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        self.addCleanup(os.close, reader)
        return reader

    def test_interrupted_once(self):
        job = self.service.job(7, "provision", {"State": "running", "Step": "wait-reservation"})
        self.service.handlers["Provision"] = lambda *_: job.path
        self.service.handlers["Cancel"] = lambda *_: self.service.after(100, job.set, **{
            "State": "cancelled", "Error": ("org.esimd1.Error.Cancelled", "it was cancelled", "Start it again.", "service", {})})
        self.heard(child := self.start("--provision")).send_signal(signal.SIGINT)
        err = self.finish(child, 130)[1]
        self.assertIn("Cancelling", err)
        self.assertIn("error: it was cancelled", err)

    def test_interrupted_twice(self):
        self.answer_with_job("Provision", "provision", {"State": "running", "Step": "wait-reservation"})
        self.service.handlers["Cancel"] = lambda *_: None
        self.heard(child := self.start("--provision")).send_signal(signal.SIGINT)
        self.wait_for(lambda: self.service.calls[-1][1] == "Cancel")
        child.send_signal(signal.SIGINT)
        self.assertIn("job 7 is left running", self.finish(child, 130)[1])
        self.assertEqual([call[1] for call in self.service.calls], ["Provision", "Cancel"])

    def test_monitor(self):
        self.service.add("Provider", "twilio", Name="twilio", State="no-credentials", Problem="no file")
        for number in (11, 5):
            self.service.add("Job", number, Kind="refresh", State="done")
        child = self.heard(self.start("-M"))
        self.service.after(200, self.euicc.set, ProvisioningState="reserve")
        self.service.after(200, self.euicc.set, CiKeyIds=["CC", "DD"], DefaultSmdp="")
        self.service.after(300, self.service.job, 3, "refresh", failed())
        self.service.after(2000, child.send_signal, signal.SIGINT)
        out = self.finish(child, 0)[0]
        there = [line.split(":")[2].split(" ", 1)[1] for line in out.splitlines() if " present: " in line]
        self.assertEqual(there, ["euicc 0", "job 5", "job 11", "profile 1", "profile 2", "provider twilio"])
        self.assertIn("euicc 0: provisioning-state reserve\n", out)
        self.assertIn("provider twilio: present: no-credentials, no file\n", out)
        self.assertRegex(out, "ci-key-ids CC, DD[,\n]")
        self.assertIn("default-smdp --", out)
        self.assertIn("job 3: added: refresh, queued\n", out)
        self.assertIn("error enable: the card refused", out)
        self.assertIn("result 83 APDUs (21.0 kB)", out)


def rows(*members):
    return GLib.Variant("aa{sv}", [{key: value if isinstance(value, GLib.Variant) else GLib.Variant("s", value)
                                    for key, value in row.items()} for row in members])


class Results(CliCase):
    """What a job found, for people and for programs; no GVariant text anywhere."""

    NOTES = rows({"sequence": GLib.Variant("t", 9), "operation": "install", "address": "smdp.example.com", "iccid": ICCID},
                 {"sequence": GLib.Variant("t", 12), "operation": "delete", "address": "a.test", "iccid": "", "kept": "new in 2.0"})
    RULES = rows({"rules": GLib.Variant("as", ["no-disable", "no-delete"]), "operators": GLib.Variant("as", ["001*1"]),
                  "consent": GLib.Variant("b", True)})
    RESERVATION = {"sid": "HP01", "status": "available", "eid": "", "iccid": ICCID, "created": GLib.Variant("x", 86400)}

    def result(self, method, *arguments, form=(), **result):
        """What esimcli ARGUMENTS prints, where METHOD's job brings RESULT."""
        self.service.handlers[method] = lambda thing, *_: self.service.job(
            7 + len(self.service.calls), method.lower(), {"State": "done", "Result": result}).path
        out, err = self.cli(*arguments, *form)
        self.assertEqual(err, "")
        self.assertNotRegex(out, "<|\\['")
        return out

    def test_notifications(self):
        out = self.result("ListNotifications", "--list-notifications", notifications=self.NOTES)
        self.assertEqual(out, f"""\
  number  operation  ICCID                 server            kept
  {"-" * 69}
  9       install    {ICCID}  smdp.example.com
  12      delete                           a.test            new in 2.0
""")

    def test_notifications_that_failed(self):
        out = self.result("ListNotifications", "--list-notifications", notifications=rows(
            {"sequence": GLib.Variant("t", 9), "tries": GLib.Variant("u", 2), "next-try": GLib.Variant("x", 1700000000),
             "last-error": "the server refuses it: HTTP 404"}))
        self.assertEqual(re.split("  +", out.splitlines()[0].strip()), ["number", "tries", "next try", "last error"])
        self.assertRegex(out, r"9 +2 +2023-11-1\d \d\d:\d\d:\d\d +the server refuses it: HTTP 404\n")

    def test_notifications_for_programs(self):
        out = json.loads(self.result("ListNotifications", "--list-notifications", "-J", notifications=self.NOTES))
        self.assertEqual(out["job"]["result"]["notifications"], [
            {"address": "smdp.example.com", "iccid": ICCID, "operation": "install", "sequence": "9"},
            {"address": "a.test", "iccid": "--", "kept": "new in 2.0", "operation": "delete", "sequence": "12"}])
        out = self.result("ListNotifications", "--list-notifications", "-K", notifications=self.NOTES)
        for key, value in (("length", "2"), ("value[1].sequence", "9"), ("value[2].iccid", "--")):
            self.assertRegex(out, rf"(?m)^job\.result\.notifications\.{re.escape(key)} +: {value}$")

    def test_rules(self):
        out = self.result("ListRules", "--list-rules", rules=self.RULES)
        self.assertEqual([re.split("  +", line.strip()) for line in out.splitlines()][::2],
                         [["rules", "operators", "user is asked"], ["no-disable, no-delete", "001*1", "yes"]])
        out = json.loads(self.result("ListRules", "--list-rules", "-J", rules=self.RULES))
        self.assertEqual(out["job"]["result"]["rules"],
                         [{"consent": "yes", "operators": ["001*1"], "rules": ["no-disable", "no-delete"]}])

    def test_nothing(self):
        empty = {"notifications": rows(), "rules": rows(), "sims": rows()}
        self.assertEqual(self.result("ListNotifications", "--list-notifications", **empty).splitlines()[0], "No notifications were found")
        self.service.add("Provider", 1, Name="one", State="ready")
        self.assertEqual(self.result("ListSims", "--list-sims", **empty), "No Sims were found\n")
        self.assertEqual(self.result("ListSims", "--list-sims", "-K", **empty), "sim-list.length : 0\n")

    def test_discovery(self):
        found = {"events": GLib.Variant("u", 2), "addresses": GLib.Variant("as", ["a.test", "b.test"]),
                 "servers": GLib.Variant("as", ["lpa.ds.gsma.com"]), "iccids": GLib.Variant("as", [ICCID])}
        out = self.result("Discover", "--discover", **found)
        for line in ("events: 2", "SM-DP+: a.test", "  b.test", "servers that answered: lpa.ds.gsma.com", f"installed: {ICCID}"):
            self.assertRegex(out, rf"(?m)^ .*{re.escape(line)}$")
        shown = self.cli("-j", "8")[0]
        self.assertIn("servers that answered: lpa.ds.gsma.com", shown)
        result = json.loads(self.cli("-j", "8", "-J")[0])["job"]["result"]
        self.assertEqual(result, {"addresses": ["a.test", "b.test"], "events": "2", "iccids": [ICCID], "servers": ["lpa.ds.gsma.com"]})

    def test_reservations(self):
        self.service.add("Provider", 1, Name="one", State="ready")
        both = rows(self.RESERVATION, {**self.RESERVATION, "sid": "HP02", "status": "failed", "error-code": "83501"})
        out = self.result("ListReservations", "--list-reservations", reservations=both).splitlines()
        self.assertEqual(out[0].split(), ["SID", "status", "ICCID", "created", "error"])
        self.assertEqual(len({line.index("1970-01-0") for line in out[2:]}), 1, out)
        self.assertTrue(out[3].endswith("  83501"), out)
        self.assertEqual(self.result("ListReservations", "--list-reservations", "-J", reservations=both),
                         '{"reservation-list":["HP01","HP02"]}\n')
        out = json.loads(self.result("ListReservations", "--show=HP01", "-J", reservations=rows(self.RESERVATION)))
        self.assertEqual(out["reservation"], {"created": "1970-01-02T00:00:00Z", "eid": "--", "error-code": "--", "error-message": "--",
                                              "iccid": ICCID, "sid": "HP01", "sim": "--", "smdp-address": "--", "status": "available"})

    def test_raw_codes(self):
        self.service.add("Job", 5, Kind="enable", **failed(raw={"sw": "6985", "reason": "busy"}))
        self.assertRegex(self.cli("-j", "5")[0], r"raw codes: (sw 6985, reason busy|reason busy, sw 6985)\n")


class Consent(CliCase):
    QUESTION = {"profile-name": GLib.Variant("s", "Travel"), "service-provider": GLib.Variant("s", "Acme"),
                "confirmation-code": GLib.Variant("b", True), "accept-rules": GLib.Variant("as", ["no-delete"])}

    def setUp(self):
        super().setUp()
        self.answers = []
        self.answer_with_job("Download", "download", {"State": "running", "Step": "authenticate"},
                             {"State": "waiting-for-consent", "Question": self.QUESTION})
        self.service.handlers["Answer"] = self.on_answer

    def on_answer(self, job, answers, _options):
        self.answers.append(answers)
        refused = "refuse" in answers or "postpone" in answers
        self.service.after(50, job.set, **(CANCELLED if refused else DONE))

    def on_terminal(self, *lines, status=0):
        """Runs a download with a terminal, types one of LINES after each prompt; returns what the terminal showed."""
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, b"\x18\0\x50\0\0\0\0\0")
        os.set_blocking(controller, False)
        child = self.start("--download=LPA:1$a$b", stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
                           preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0))  # or Ctrl-C is a mere byte
        shown, left = bytearray(), list(lines)

        def step():
            try:
                shown.extend(os.read(controller, 65536))
            except OSError:
                pass
            prompts = len(re.findall(rb"for good: |later\): ", shown))
            if left and prompts > len(lines) - len(left):
                os.write(controller, left.pop(0).encode())
            return child.poll() is not None
        self.wait_for(step)
        step()
        os.close(controller)
        os.close(terminal)
        self.assertEqual(child.returncode, status, shown)
        return shown.decode()

    def test_nobody_to_ask(self):
        err = self.cli("--download=LPA:1$a$b", status=1)[1]
        self.assertEqual(self.answers, [{"postpone": True}])
        self.assertIn("Ask again with --confirmation-code=CODE --accept-rules.", err)

    def test_a_look_without_a_terminal(self):
        """What is offered is shown, and nothing is installed."""
        self.answer_with_job("Download", "download", {"State": "waiting-for-consent", "Question": {
            "profile-name": GLib.Variant("s", "Travel"), "rules": GLib.Variant("as", ["no-delete"]),
            "install": GLib.Variant("b", True)}})
        err = self.cli("--download=LPA:1$a$b", "--look", status=1)[1]
        self.assertEqual(self.answers, [{"postpone": True}])
        for word in ("Travel", "no-delete: it cannot be deleted", "Ask again without --look."):
            self.assertIn(word, err)

    def test_yes(self):
        shown = self.on_terminal("maybe\n", "y\n", "s3cret\n")
        self.assertEqual(self.answers, [{"confirmation-code": "s3cret", "accept-rules": True}])
        self.assertNotIn("s3cret", shown)
        for word in ("Travel", "Acme", "no-delete: it cannot be deleted", "\r\x1b[K  authenticate", "download: done"):
            self.assertIn(word, shown)

    def test_rejected(self):
        """Only the word itself rejects an order."""
        self.assertIn("The order is rejected", self.on_terminal("r\n", status=130))
        self.assertEqual(self.answers, [{"refuse": True}])

    def test_later(self):
        for number, lines in enumerate((("y\n", "\n"), ("n\n",), ("l\n",), ("\n",), ("no\n",), ("\x04",)), 20):
            self.answers.clear()
            self.service.handlers["Download"] = lambda *_, number=number: self.service.job(
                number, "download", {"State": "waiting-for-consent", "Question": self.QUESTION}).path
            self.assertIn("The order is kept", self.on_terminal(*lines, status=130), lines)
            self.assertEqual(self.answers, [{"postpone": True}], lines)

    def test_interrupted_while_asked(self):
        self.service.handlers["Cancel"] = lambda job, _: self.service.after(50, job.set, **CANCELLED)
        shown = self.on_terminal("\x03", status=130)
        self.assertIn("Cancelling", shown)
        self.assertEqual(self.answers, [])


if __name__ == "__main__":
    unittest.main()
