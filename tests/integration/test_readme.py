# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What the README tells programmers to type, taken from the README and run in the lab."""

import os
import pathlib
import re
import shlex
import subprocess
import unittest

import rig

rig.enter_lab()

README = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = [re.sub("^    ", "", block, flags=re.M) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", README, flags=re.M)]


def block_with(text):
    """The README's one indented block that has TEXT."""
    (block,) = [block for block in BLOCKS if text in block]
    return block


def sanitizer():
    """The runtime that a sanitized build's typelib names; it wants to be loaded first."""
    linked = subprocess.run(["ldd", rig.build_file("cli", "esimcli")], capture_output=True, text=True, check=True).stdout
    found = re.search(r"libasan\S* => (\S+)", linked)
    return {"LD_PRELOAD": found[1], "ASAN_OPTIONS": "detect_leaks=0"} if found else {}


class Readme(rig.RigCase):
    def run_there(self, *command, **environment):
        run = subprocess.run(command, env={**os.environ, **self.lab.environment, **environment}, capture_output=True, text=True,
                             encoding="utf-8", stdin=subprocess.DEVNULL, timeout=90, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def test_python(self):
        self.start_esimd()
        program = block_with("import Esimd")
        self.assertLessEqual(program.count("\n"), 16)
        where = {"GI_TYPELIB_PATH": rig.build_file("dbus"), "LD_LIBRARY_PATH": rig.build_file("dbus"), **sanitizer()}
        out = self.run_there("/usr/bin/python3", "-c", program, **where)
        self.assertRegex(out, r"(?m)^download \d+ of \d+$")
        self.assertTrue(out.endswith(f"{self.euicc()[1]['Eid']} done ('', '', '', '', {{}})\n"), out)
        out = self.run_there("/usr/bin/python3", "-c", program, **where)
        self.assertRegex(out, rf"^{self.card('profiles')['profiles'][0]['iccid']} enabled on /org/esimd1/Euicc/\d+\n")

    def test_errors_are_a_domain(self):
        self.start_esimd()
        program = block_with("import Esimd").partition("path =")[0] + (
            "try:\n    euicc.call_download_sync('nonsense', GLib.Variant('a{sv}', {}), None)\n"
            "except GLib.Error as error:\n"
            "    print(error.domain, error.matches(Esimd.error_quark(), Esimd.Error.INVALID_ARGUMENT))\n")
        out = self.run_there("/usr/bin/python3", "-c", program, GI_TYPELIB_PATH=rig.build_file("dbus"),
                             LD_LIBRARY_PATH=rig.build_file("dbus"), **sanitizer())
        self.assertEqual(out, "esim-error-quark True\n")

    def here(self, text):
        """TEXT with the lab's card in place of the README's, as root in the lab's namespaces, on its bus."""
        return text.replace("/org/esimd1/Euicc/1", self.euicc()[0]).replace("sudo ", "")

    def test_busctl(self):
        self.start_esimd()
        lines = block_with("$ busctl").splitlines()
        said = {}
        for line in lines:
            if line.startswith("$ "):
                command = shlex.split(self.here(line[2:]))
                said[line] = self.run_there(*command)
        tree, eid, provision, state = said.values()
        self.assertIn(self.euicc()[0], tree)
        self.assertEqual(eid, f's "{self.euicc()[1]["Eid"]}"\n')
        self.assertEqual(provision, 'o "/org/esimd1/Job/1"\n')
        self.assertRegex(state, r'^s "(queued|running)"\ns ".*"\n$')
        self.assert_done(self.finish("/org/esimd1/Job/1"))

    def test_gdbus(self):
        self.start_esimd()
        (command,) = re.findall(r"`(gdbus [^`]*)`", README)
        out = self.run_there(*shlex.split(self.here(command)))
        for word in ("interface org.esimd1.Euicc {", f"readonly s Eid = '{self.euicc()[1]['Eid']}';", "Provision(in  a{sv} options,"):
            self.assertIn(word, out)


if __name__ == "__main__":
    unittest.main()
