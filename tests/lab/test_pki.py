# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The lab's certificates, as OpenSSL judges them."""

import os
import subprocess
import tempfile
import unittest

import pki


class PkiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        pki.make(cls._folder.name)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def _verify(self, name, anchor, *options):
        files = [os.path.join(self._folder.name, each + ".pem") for each in (anchor, name)]
        done = subprocess.run(["openssl", "verify", "-x509_strict", *options, "-CAfile", *files],
                              capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def test_good_chains(self):
        for name, anchor in (("eum", "ci"), ("dpauth", "ci"), ("dppb", "ci"), ("dsauth", "ci"), ("dpauth2", "ci2")):
            self.assertIn("OK", self._verify(name, anchor))

    def test_tls_names(self):
        tls = ("-purpose", "sslserver", "-verify_hostname")
        self.assertIn("OK", self._verify("dptls", "ci", *tls, "smdp.esimd.test"))
        self.assertIn("OK", self._verify("web", "webca", *tls, "supersim.twilio.com"))
        self.assertIn("hostname mismatch", self._verify("dptls", "ci", *tls, "supersim.twilio.com"))

    def test_bad_chains(self):
        self.assertIn("expired", self._verify("dptls-expired", "ci"))
        self.assertIn("expired", self._verify("dpauth-expired", "ci"))
        self.assertIn("unable to get local issuer", self._verify("dptls-web", "ci"))
        self.assertIn("error", self._verify("dptls2", "ci"))

    def test_eid(self):
        _, card = pki.load(self._folder.name, "euicc")
        self.assertIn(pki.EID, card.subject.rfc4514_string())
        self.assertEqual(int(pki.EID) % 97, 1)
        self.assertRaises(ValueError, pki.make, self._folder.name, "123")


if __name__ == "__main__":
    unittest.main()
