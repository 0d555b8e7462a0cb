# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""An outsider's use: the unmodified twilio-cli walks through a reservation against the stand-in, by name, on port 443.

It is big (175 MB to fetch), so it runs only when ESIMD_OUTSIDERS=1 (tests/run --outsiders).
"""

import json
import os
import subprocess
import tempfile
import time
import unittest

import namespace
import npm_tools
import pki
from control import ask
from supersim_auth import load_credentials
from supersim_client import EID

HERE = os.path.dirname(os.path.abspath(__file__))


@unittest.skipUnless(os.environ.get("ESIMD_OUTSIDERS") == "1", "outsiders are asked by tests/run --outsiders")
class TwilioCli(unittest.TestCase):
    def setUp(self):
        self.twilio = npm_tools.twilio_cli()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.lab = folder.name
        pki.make(self.lab + "/pki")
        self.server = self.start()
        ask("supersim", "set", lab_dir=self.lab, reserve_seconds=0.2, schedule_seconds=0.2)
        credentials = load_credentials(self.lab)["twilio"]
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.lab, "NODE_EXTRA_CA_CERTS": self.lab + "/pki/webca.pem",
            "TWILIO_ACCOUNT_SID": credentials["account_sid"], "TWILIO_AUTH_TOKEN": credentials["auth_token"]}

    def start(self):
        command = namespace.command("/usr/bin/python3", os.path.join(HERE, "supersim.py"), "--pki", self.lab + "/pki",
                                    "--state", self.lab + "/state", "--https", "127.0.0.3:443", "--lab-dir", self.lab)
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        self.assertEqual(server.stdout.readline(), "https 443\n")
        return server

    def run_cli(self, command, *flags):
        words = namespace.enter(self.server.pid, *self.twilio, f"api:supersim:v1:{command}", *flags, "-o", "json")
        return subprocess.run(words, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)

    def cli(self, command, *flags):
        """What twilio-cli prints: a list of resources."""
        done = self.run_cli(command, *flags)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_the_walkthrough(self):
        (made,) = self.cli("esim-profiles:create", "--eid", EID)
        self.assertEqual(made["status"], "new")
        time.sleep(0.3)
        (profile,) = self.cli("esim-profiles:fetch", "--sid", made["sid"])
        self.assertEqual((profile["status"], profile["eid"]), ("available", EID))
        self.assertEqual(self.cli("esim-profiles:list", "--eid", EID), [profile])
        self.assertEqual(profile["smdpPlusAddress"], "smdp.esimd.test")
        (sim,) = self.cli("sims:update", "--sid", profile["simSid"], "--status", "active", "--fleet", "lab-fleet")
        self.assertEqual(sim["status"], "scheduled")
        time.sleep(0.3)
        (sim,) = self.cli("sims:fetch", "--sid", profile["simSid"])
        self.assertEqual((sim["status"], sim["iccid"]), ("active", profile["iccid"]))
        counts = ask("supersim", "requests", lab_dir=self.lab)["counts"]
        self.assertEqual(counts["POST /v1/ESimProfiles"], 1)
        self.assertEqual(counts["POST /v1/Sims/{Sid}"], 1)

    def test_it_understands_a_refusal(self):
        done = self.run_cli("esim-profiles:fetch", "--sid", "HP" + "0" * 32)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("20404", done.stdout + done.stderr)

    def test_matching_id_and_pages(self):
        self.cli("esim-profiles:create", "--generate-matching-id")
        for _ in range(2):
            ask("supersim", "add_profile", lab_dir=self.lab)
        time.sleep(0.3)
        listed = self.cli("esim-profiles:list", "--page-size", "1", "--no-limit")
        self.assertEqual(len({profile["activationCode"] for profile in listed}), 3)


if __name__ == "__main__":
    unittest.main()
