# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The SM-DS and the card, joined by the least possible LPA: events, whose they are, refusals, and tampering between them."""

import os
import tempfile
import threading
import unittest

import control
import pki
import smds
from euicc import Euicc
from mini_lpa import Failed, HttpError, MiniLpa, decode
from tlv import find, parse

FIRST, SECOND = smds.HOSTS[:2]
OTHER_EID = "89049032000000000000000000000053"


class Lab(unittest.TestCase):
    """A server in this process, a card, an LPA for each of the server's names."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.pki = os.path.join(cls._folder.name, "pki")
        pki.make(cls.pki)

    def setUp(self):
        state = tempfile.TemporaryDirectory(dir=self._folder.name)
        self.addCleanup(state.cleanup)
        self.server = smds.Server(("127.0.0.1", 0), self.pki, state.name, smds.HOSTS)
        self.server.log = lambda text: None
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.verbs = self.server.verbs()
        self.card = Euicc(self.pki, os.path.join(state.name, "card.json"), control.Faults())
        self.lpa = self.client(FIRST)
        self.eid = find(self.lpa.es10(bytes.fromhex("BF3E035C015A")), 0xBF3E, 0x5A).hex()

    def client(self, host):
        lpa = MiniLpa(self.card, self.server.server_address[1], os.path.join(self.pki, "ci.pem"), host)
        self.addCleanup(lpa.close)
        return lpa

    def found(self, matching_id="", lpa=None):
        return [(entry["eventId"], entry["rspServerAddress"]) for entry in (lpa or self.lpa).authenticate(matching_id)["eventEntries"]]

    def refused(self, code, function, *arguments, **fields):
        with self.assertRaises(Failed) as caught:
            function(*arguments, **fields)
        self.assertEqual(caught.exception.code, code)


class TestEvents(Lab):
    def test_nothing(self):
        self.refused("8.9.5/3.9", self.lpa.authenticate)

    def test_own_ones_alone(self):
        self.verbs["event"](self.eid, "smdp.esimd.test", "A")
        self.verbs["event"](OTHER_EID, "smdp.esimd.test", "B")
        self.verbs["event"](self.eid, "smdp2.esimd.test", "C")
        self.assertEqual(self.found(), [("A", "smdp.esimd.test"), ("C", "smdp2.esimd.test")])
        self.assertEqual(self.found(), [("A", "smdp.esimd.test"), ("C", "smdp2.esimd.test")])  # asking takes nothing away

    def test_by_event_id(self):
        for name in ("A", "B"):
            self.verbs["event"](self.eid, "smdp.esimd.test", name)
        self.assertEqual(self.found("B"), [("B", "smdp.esimd.test")])
        self.refused("8.9.5/3.9", self.lpa.authenticate, "C")

    def test_two_servers_in_one(self):
        self.verbs["event"](self.eid, SECOND, "A")
        self.verbs["event"](self.eid, "smdp.esimd.test", "A", at=SECOND, next_id="TOKEN")
        self.assertEqual(self.found(), [("A", SECOND)])
        self.assertEqual(self.found("A", self.client(SECOND)), [("TOKEN", "smdp.esimd.test")])
        with self.assertRaises(ValueError):
            self.verbs["event"](self.eid, "smdp.esimd.test", at="smdp.esimd.test")

    def test_forgotten(self):
        made = self.verbs["event"](self.eid, "smdp.esimd.test")["event_id"]
        self.assertEqual(self.found(), [(made, "smdp.esimd.test")])
        self.verbs["forget"]()
        self.refused("8.9.5/3.9", self.lpa.authenticate)


class TestStrict(Lab):
    def setUp(self):
        super().setUp()
        self.verbs["event"](self.eid, "smdp.esimd.test", "A")

    def begin(self):
        begun = self.lpa.initiate()
        return begun["transactionId"], self.lpa.authenticate_server(begun)

    def test_a_session_is_asked_once(self):
        name, response = self.begin()
        self.lpa.post("authenticateClient", transactionId=name, authenticateServerResponse=response)
        self.refused("8.10.1/3.9", self.lpa.post, "authenticateClient", transactionId=name, authenticateServerResponse=response)

    def test_another_session_s_answer(self):
        (name, _), (_, other) = self.begin(), self.begin()
        self.refused("8.1/6.1", self.lpa.post, "authenticateClient", transactionId=name, authenticateServerResponse=other)

    def test_every_byte_counts(self):
        """The EID that is asked for is the one that the card has signed for: no byte of that may change."""
        name, response = self.begin()
        signature = find(response, 0xBF38, 0xA0, 0x5F37)
        at = response.index(signature)
        bent = response[:at] + bytes([response[at] ^ 1]) + response[at + 1:]
        self.refused("8.1/6.1", self.lpa.post, "authenticateClient", transactionId=name, authenticateServerResponse=bent)

    def test_another_address(self):
        self.refused("8.8.1/3.8", self.lpa.initiate, "smdp.esimd.test")

    def test_no_other_functions(self):
        for function in ("getBoundProfilePackage", "cancelSession", "handleNotification"):
            with self.assertRaises(HttpError):
                self.lpa.post(function, transactionId="00")

    def test_its_certificate_is_an_sm_ds_s(self):
        certificate = decode(self.lpa.initiate()["serverCertificate"])
        self.assertIn(bytes.fromhex("060767811201020107"), certificate)  # id-rspRole-ds-auth, 2.23.146.1.2.1.7
        self.verbs["fault"]("es11.initiateAuthentication", "other-certificate")
        self.assertNotEqual(decode(self.lpa.initiate()["serverCertificate"]), certificate)

    def test_faults_and_counts(self):
        self.verbs["reset_counters"]()
        self.verbs["fault"]("es11.authenticateClient", "wrong-transaction")
        name, response = self.begin()
        answer = self.lpa.post("authenticateClient", transactionId=name, authenticateServerResponse=response)
        self.assertNotEqual(answer["transactionId"], name)
        self.assertEqual(self.verbs["requests"]()["requests"], {"initiateAuthentication": 1, "authenticateClient": 1})


if __name__ == "__main__":
    unittest.main()
