# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The man pages say what is so, the keys of -J are those promised there, and the shell completes what there is."""

import fcntl
import json
import os
import pathlib
import pty
import re
import shlex
import subprocess
import termios
import unittest

from test_cli_mock import COST, EID, ESIMCLI, ICCID, CliCase, GLib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = {name: ROOT / path for name, path in
         {"esimcli": "cli/esimcli.1", "esimd": "plugin/esimd.8", "esimd.conf": "policy/esimd.conf.5"}.items()}


def source(name):
    """The page's source with hyphens as they are read."""
    return PAGES[name].read_text(encoding="utf-8").replace("\\-", "-")


def run(*command, **environment):
    return subprocess.run(command, env={**os.environ, "LC_ALL": "C.UTF-8", **environment}, stdin=subprocess.DEVNULL, text=True,
                          encoding="utf-8", capture_output=True, timeout=60, check=False)


def options_of(program):
    return re.findall(r"^  (?:-., )?(--[a-z-]+)", run(program, "--help").stdout, flags=re.M)


class Pages(CliCase):
    def test_they_are_well_formed(self):
        for path in PAGES.values():
            for command in (["groff", "-man", "-ww", "-Tutf8", "-z"], ["mandoc", "-Tlint", "-Wstyle"]):
                judged = run(*command, str(path))
                self.assertEqual((judged.returncode, judged.stdout + judged.stderr), (0, ""), path)
        bad = subprocess.run(["mandoc", "-Tlint"], input=".TH A 1\n.XX\n", text=True, capture_output=True, check=False)
        self.assertNotEqual(bad.returncode, 0)

    def test_every_option(self):
        known = options_of(ESIMCLI)
        self.assertGreater(len(known), 20)
        for name, options in (("esimcli", known), ("esimd", options_of(os.environ["ESIMD"]))):
            written = set(re.findall(r"--[a-z][a-z-]*", source(name)))
            self.assertLessEqual(set(options), written)
        described = re.findall(r"^(?:\.B\w* .*|\\f.*)(--[a-z-]+)", source("esimcli").partition(".SH OUTPUT")[0], flags=re.M)
        self.assertLessEqual(set(described), set(known))

    def test_every_exit_status(self):
        statuses = re.findall(r"EXIT_\w+ = (\d+)", (ROOT / "cli/report.h").read_text(encoding="utf-8"))
        written = re.findall(r"^\.B (\d+)$", source("esimcli").partition(".SH EXIT")[2], flags=re.M)
        self.assertEqual(statuses, written)

    def test_every_key_of_the_settings(self):
        table = re.findall(r'\{ (?:"(\w+)"|CONFIG_PROVIDER), "([\w-]+)", CONFIG_\w+, [^"]*"([^"]*)"',
                           (ROOT / "policy/config-keys.c").read_text(encoding="utf-8"))
        self.assertGreater(len(table), 20)
        known = [(group or "provider", key, standard or "none") for group, key, standard in table]
        written = []
        for group, text in re.findall(r'^\.SH "\[(\w+).*\n((?:(?!\.SH).*\n)*)', source("esimd.conf"), flags=re.M):
            written += [(group, *found) for found in
                        re.findall(r"\.TP\n\\fB([\w-]+)=(?:.*\n)*?Standard:(?:\n\.BR | )(\S+?)(?: \.|\.)\n", text)]
        self.assertEqual(written, known)

    def test_every_key_of_the_template(self):
        keys = re.findall(r'"([\w-]+)", CONFIG_', (ROOT / "policy/config-keys.c").read_text(encoding="utf-8"))
        template = re.findall(r"^#([\w-]+)=", (ROOT / "policy/esimd.conf").read_text(encoding="utf-8"), flags=re.M)
        self.assertEqual(set(template), set(keys))


class Json(CliCase):
    """Scripts rely on these keys: the man page promises that none is ever renamed or taken away."""

    def keys(self, *arguments):
        def walk(prefix, value):
            return [key for name, inner in value.items() for key in walk(f"{prefix}.{name}", inner)] \
                if isinstance(value, dict) else [prefix.lstrip(".")]
        return set(walk("", json.loads(self.cli(*arguments, "-J")[0])))

    def promised(self, kind):
        text = re.search(rf'keys of {kind}\n((?:\.BR .*\n)*)', source("esimcli"))[1]
        return set(re.findall(r"^\.BR (\S+) [,.]", text, flags=re.M))

    def test_objects(self):
        self.service.add("Job", 7, Kind="refresh", State="running")
        for kind, letter, number, least in (("euicc", "-u", "0", 16), ("profile", "-p", "1", 12), ("job", "-j", "7", 12)):
            self.assertGreaterEqual(len(self.promised(kind)), least)
            self.assertEqual(self.keys(letter, number), self.promised(kind))

    def test_lists(self):
        for option, key in (("-L", "euicc-list"), ("-l", "profile-list"), ("--list-jobs", "job-list")):
            self.assertEqual(self.keys(option), {key})
            self.assertIn(f".BR {key} :", source("esimcli"))

    def test_examples(self):
        """What the man page shows is what comes, byte for byte."""
        (block,) = re.findall(r"^\.EX\n(.*?)^\.EE", source("esimcli").replace("\\(aq", "'"), flags=re.M | re.S)
        examples = re.findall(r"^\$ (esimcli .*)\n((?:[^$].*\n)+)", block, flags=re.M)
        self.assertEqual({form for form in ("-J", "-K") for command, _ in examples if form in command}, {"-J", "-K"})
        for command, shown in examples:
            shell = f"PATH={shlex.quote(os.path.dirname(ESIMCLI))}:$PATH; {command}"
            child = subprocess.Popen(["sh", "-c", shell], env=self.environment(), text=True, encoding="utf-8", stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(self.finish(child, 0), (shown, ""))

    def test_lists_in_results(self):
        """The members that the interface promises are those that the man page promises."""
        xml = (ROOT / "dbus/org.esimd1.Euicc.xml").read_text(encoding="utf-8")
        for name in ("notifications", "rules"):
            told = re.search(rf'has "{name}" \(aa\{{sv\}}\)(.*?)Errors:', xml, flags=re.S)[1]
            promised = re.search(rf"job\.result\.{name} ,\n(.*?);\n", source("esimcli"), flags=re.S)[1]
            keys = re.findall(r'"([a-z-]+)" \([a-z]', told)
            self.assertGreaterEqual(len(keys), 3)
            self.assertEqual(keys, re.findall(r"^\.BR? ([a-z-]+)", promised, flags=re.M))

    def test_a_job_with_everything(self):
        self.service.add("Job", 7, Kind="download", State="failed", Question={"accept-rules": GLib.Variant("as", ["no-delete"])},
                         Result={"cost": GLib.Variant("a{sv}", COST)},
                         Error=("org.esimd1.Error.Failed", "text", "Advice.", "lpa", {"sw": GLib.Variant("s", "6985")}))
        more = {key.rpartition(".")[0] for key in self.keys("-j", "7") - self.promised("job")}
        self.assertEqual({key for key in more if "seconds" not in key}, {"job.question", "job.result.cost", "job.error.raw"})


class Completion(CliCase):
    def complete(self, line):
        """What bash offers at the end of LINE, split as readline does."""
        words = [word for word in re.split(r"(=)|\s+", line) if word]
        words += [""] if line.endswith(" ") else []
        program = (f"source {shlex.quote(str(ROOT / 'cli/completion/esimcli.bash'))}\n"
                   f"COMP_WORDS=({' '.join(map(shlex.quote, words))}) COMP_CWORD={len(words) - 1}\n"
                   "function=$(complete -p esimcli | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
                   f"$function {shlex.quote(ESIMCLI)} {shlex.quote(words[-1])} {shlex.quote(words[-2])}\n"
                   'printf "%s\\n" "${COMPREPLY[@]}"\n')
        child = subprocess.Popen(["bash", "--norc", "-c", program], env=self.environment(), text=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = self.finish(child, 0)
        self.assertEqual(err, "")
        return set(out.split())

    def test_options(self):
        self.assertEqual(self.complete("esimcli --list-"), {"--list-euiccs", "--list-fleets", "--list-jobs",
                                                            "--list-notifications", "--list-profiles", "--list-reservations", "--list-rules", "--list-sims"})
        self.assertIn("--euicc=", self.complete("esimcli -L --e"))
        offered = {word.rstrip("=") for word in self.complete("esimcli ")}
        self.assertEqual(offered, set(options_of(ESIMCLI)))

    def test_objects(self):
        self.service.add("Job", 7, Kind="refresh", State="running")
        self.assertEqual(self.complete("esimcli -u "), {"any", "0", EID})
        self.assertEqual(self.complete("esimcli --euicc=8"), {EID})
        self.assertEqual(self.complete("esimcli -m "), {"any", "3"})
        self.assertEqual(self.complete("esimcli --profile="), {"any", "1", "2", ICCID, "8988307000000000002"})
        self.assertEqual(self.complete("esimcli -j "), {"7"})
        self.assertEqual(self.complete("esimcli --timeout "), set())

    def test_values_are_no_options(self):
        """Whatever has a value completes to values of its kind, or to nothing; to options never."""
        with_value = re.findall(r"^  (?:-., )?(--[a-z-]+)=", run(ESIMCLI, "--help").stdout, flags=re.M)
        self.assertGreater(len(with_value), 15)
        for option in with_value:
            with self.subTest(option):
                self.assertEqual([word for word in self.complete(f"esimcli {option} ") if word.startswith("-")], [])
        self.assertEqual(self.complete("esimcli --reset="), {"operational", "test", "default-smdp"})

    def test_without_the_service(self):
        self.service.stop()
        self.assertEqual(self.complete("esimcli -u "), {"any"})
        self.assertIn("--provision", self.complete("esimcli --pro"))


class Zsh(CliCase):
    """The same in zsh, typed on a terminal of its own."""

    PAGE = ROOT / "cli/completion/_esimcli"

    def shell(self):
        """zsh without anybody's settings, with our completion; ready when this returns."""
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, b"\x32\0\x78\0\0\0\0\0")
        os.set_blocking(controller, False)
        self.addCleanup(os.close, controller)
        child = subprocess.Popen(["zsh", "-f", "-i"], stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
                                 env={**self.environment(), "TERM": "dumb", "PATH": f"{os.path.dirname(ESIMCLI)}:{os.environ['PATH']}"})
        os.close(terminal)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.type(controller, f"fpath=({shlex.quote(str(self.PAGE.parent))} $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\n", "ready")
        return controller

    def type(self, controller, text, *awaited):
        """What the terminal shows after TEXT, once all of AWAITED are in it."""
        shown = bytearray()
        os.write(controller, text.encode())

        def step():
            try:
                shown.extend(os.read(controller, 65536))
            except OSError:
                pass
            return all(word.encode() in shown for word in awaited)
        try:
            self.wait_for(step)
        except AssertionError:
            self.fail(f"{awaited} not in {bytes(shown)}")
        return shown.decode("utf-8", "replace")

    def test_syntax(self):
        self.assertEqual(run("zsh", "-n", str(self.PAGE)).stderr, "")
        self.assertTrue(self.PAGE.read_text(encoding="utf-8").startswith("#compdef esimcli\n"))

    def test_options(self):
        shell = self.shell()
        known = options_of(ESIMCLI)
        shown = self.type(shell, "LISTMAX=1000; esimcli --\t\t", *known)
        self.assertIn("Reserve, install, enable, connect", shown)
        self.type(shell, "\x15esimcli --provis\t", "esimcli --provision ")

    def test_objects(self):
        shell = self.shell()
        self.type(shell, "esimcli -u \t\t", "any", EID)
        self.type(shell, "\x15esimcli --euicc=8\t", "--euicc=" + EID)
        self.type(shell, "\x15esimcli -p 8\t\t", ICCID, "8988307000000000002")
        self.type(shell, "\x15esimcli --callback-method=G\t", "--callback-method=GET ")


if __name__ == "__main__":
    unittest.main()
