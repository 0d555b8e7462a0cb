# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""tests/demo as a newcomer calls it: the main job on each kind of modem and stack."""

import os
import subprocess
import unittest

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo")


class Demo(unittest.TestCase):
    """Every way ends with DEMO OK."""

    def show(self, *words):
        done = subprocess.run([DEMO, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"DEMO OK: from a bare eUICC to \w+, in \d+ seconds")
        return done.stdout

    def test_mbim(self):
        self.assertIn("0% packet loss", self.show())

    def test_activation_code_at_kore(self):
        self.assertIn("api=kore", self.show("--activation-code", "--kore"))

    def test_qmi(self):
        self.assertIn("0% packet loss", self.show("--qmi"))

    def test_networkmanager(self):
        self.assertIn("The connection that esimd made at NetworkManager", self.show("--networkmanager"))

    def test_at(self):
        self.show("--at")

    def test_ofono(self):
        self.assertIn("org.ofono", self.show("--ofono"))


if __name__ == "__main__":
    unittest.main()
