# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""esimcli with the real service in the lab: what a person types, from a bare eUICC to a named, connected profile."""

import os
import re
import subprocess
import unittest

import rig

rig.enter_lab()


class Person(rig.RigCase):
    SMDS = True

    def cli(self, *arguments, status=0):
        run = subprocess.run([rig.build_file("cli", "esimcli"), *arguments], env={**os.environ, **self.lab.environment}, text=True,
                             encoding="utf-8", stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def value(self, key, *arguments):
        """One value of the key-value output."""
        pairs = dict(re.split(" +: ", line, maxsplit=1) for line in self.cli(*arguments, "-K").splitlines())
        return pairs[key]

    def test_from_bare_to_connected(self):
        self.start_esimd()
        self.assertIn("0 profiles", self.cli("-L"))
        out = self.cli("--provision")
        for word in ("] reserve\n", "] download: ", "] connect\n", "provision: done, iccid 8988307", "cost: "):
            self.assertIn(word, out)
        iccid = re.search(r"iccid (\d+)", out).group(1)
        self.assertEqual(self.value("profile.generic.state", "-p", iccid), "enabled")
        self.assertEqual(self.value("euicc.profiles.length", "-u", "any"), "1")
        self.assertIn(" 0 HTTP requests", self.cli("-m", "any", "--provision"))
        self.cli("-p", iccid, "--set-nickname=Büro")
        self.assertEqual(self.value("profile.generic.nickname", "-p", iccid), "Büro")

    def test_wrong_and_missing_codes(self):
        self.start_esimd()
        self.assertRegex(self.cli("--download=nonsense", status=1), r"^error: .*LPA:1\$\n       Correct")
        self.assertRegex(self.cli("--download=LPA:1$smdp.esimd.test$WRONG", status=1), r"error: .*\n       .*\n       \(\w+: .*8\.2\.6")
        code = self.order(size=5000, confirmation_code="4711")
        self.assertIn("--confirmation-code=CODE", self.cli("--download=" + code, status=1))
        self.assertIn("download: done", self.cli("--download=" + code, "--confirmation-code=4711"))

    def test_the_card(self):
        """Its default SM-DP+, lists, discovery; what can't be undone needs to be meant."""
        self.start_esimd()
        self.cli("--set-default-smdp=SMDP.esimd.test")
        self.assertEqual(self.value("euicc.card.default-smdp", "-u", "any"), "smdp.esimd.test")
        self.assertIn("--yes", self.cli("--reset=default-smdp", status=2))
        self.assertEqual(self.value("euicc.card.default-smdp", "-u", "any"), "smdp.esimd.test")
        self.assertIn("reset: done", self.cli("--reset=default-smdp", "--yes"))
        self.assertEqual(self.value("euicc.card.default-smdp", "-u", "any"), "--")
        self.assertRegex(self.cli("--list-rules"), r"^  rules +operators +user is asked\n")
        self.assertIn("events: 0", self.cli("--discover"))
        code = self.order(size=1500)
        self.smds("event", eid=self.euicc()[1]["Eid"], address="smdp.esimd.test", event_id=code.split("$")[2])
        iccid = "8988307000000000019"
        self.assertIn(iccid, self.cli("--download-found"))
        self.assertIn("--yes", self.cli("-p", iccid, "--delete", status=2))  # the only one there is
        self.assertIn("--delete, --reset", self.cli("-p", iccid, "--enable", "--yes", status=2))
        self.assertIn("delete: done", self.cli("-p", iccid, "--delete", "--yes"))


if __name__ == "__main__":
    unittest.main()
