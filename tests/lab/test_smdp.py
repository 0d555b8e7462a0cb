# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The SM-DP+ and the card, joined by the least possible LPA: downloads, refusals, and tampering between them."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock

import control
import mini_lpa
import pki
import smdp
from euicc import Euicc
from mini_lpa import Failed, HttpError, MiniLpa, decode, encode, outcome
from tlv import find, parse, to_int, tlv

HOST = "smdp.esimd.test"


def iccid(number):
    """A test profile's ICCID, 19 digits."""
    return f"894450{number:012d}7"


class Lab(unittest.TestCase):
    """A server in this process, a card, an LPA."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.pki = os.path.join(cls._folder.name, "pki")
        pki.make(cls.pki)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def setUp(self):
        self._state = tempfile.TemporaryDirectory(dir=self._folder.name)
        self.addCleanup(self._state.cleanup)
        self.start()
        self.card = Euicc(self.pki, os.path.join(self._state.name, "card.json"), control.Faults())
        self.lpa = MiniLpa(self.card, self.server.server_address[1], os.path.join(self.pki, "ci.pem"))
        self.addCleanup(self.lpa.close)

    def start(self):
        self.server = smdp.Server(("127.0.0.1", 0), self.pki, self._state.name, [HOST, "smdp2.esimd.test"])
        self.server.log = lambda text: None
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.verbs = self.server.verbs()

    def order(self, number=1, **fields):
        return self.verbs["order"](iccid(number), **fields)["matching_id"]

    def state(self, number=1):
        return [o["state"] for o in self.verbs["orders"]()["orders"] if o["iccid"] == iccid(number)][-1]

    def fault(self, function, how, **details):
        self.verbs["fault"]("es9." + function, how, **details)

    def refused(self, code, function, *arguments, **fields):
        with self.assertRaises(Failed) as caught:
            function(*arguments, **fields)
        self.assertEqual(caught.exception.code, code)


class TestDownload(Lab):
    def test_token(self):
        token = self.order(1, name="Probe")
        result = self.lpa.download(token)
        self.assertEqual(outcome(result), (True, None))
        self.assertEqual(self.state(), "installed")
        (profile,) = self.card.store.profiles
        self.assertEqual((profile["iccid"], profile["name"]), (iccid(1), "Probe"))
        self.assertEqual(profile["imsi"], "23450" + iccid(1)[-11:-1])
        self.refused("8.2.6/3.8", self.lpa.download, token)

    def test_by_eid_one_handshake(self):
        self.assertEqual(self.order(1, eid=self.card.eid), "")
        self.assertEqual(outcome(self.lpa.download()), (True, None))
        counted = self.verbs["requests"]()
        self.assertEqual(counted["handshakes"], 1)
        self.assertEqual(counted["requests"], {"initiateAuthentication": 1, "authenticateClient": 1,
                                               "getBoundProfilePackage": 1, "handleNotification": 1})
        self.refused("8.2.6/3.8", self.lpa.download)
        self.verbs["reset_counters"]()
        self.assertEqual(self.verbs["requests"]()["requests"], {})

    def test_shapes(self):
        """Key replacement, odd segment sizes, icons off, long metadata in several segments, small profiles."""
        shapes = ({"ppk": True}, {"segment": 1036}, {"segment": 300, "ppk": True}, {"icon": False}, {"size": 10},
                  {"segment": 100, "size": 3000}, {"profile_class": 1})
        for number, shape in enumerate(shapes):
            with self.subTest(shape):
                self.assertEqual(outcome(self.lpa.download(self.order(number, **shape))), (True, None))
        self.assertEqual(len(self.card.store.profiles), len(shapes))

    def test_several_at_once(self):
        tokens = [self.order(number) for number in (1, 2, 3)]
        self.order(4, eid=self.card.eid)
        for token in (tokens[2], "", tokens[0]):
            self.assertEqual(outcome(self.lpa.download(token)), (True, None))
        self.assertEqual([self.state(number) for number in (1, 2, 3, 4)],
                         ["installed", "released", "installed", "installed"])

    def test_confirmation_code(self):
        token = self.order(1, confirmation_code="1234")
        offer = self.lpa.authenticate(token)
        self.assertEqual(find(decode(offer["smdpSigned2"]), 0x30, 0x01), b"\xff")
        self.refused("8.2.7/3.8", self.lpa.package, offer, "4321")
        self.refused("8.10.1/3.9", self.lpa.package, offer, "1234")
        self.assertEqual(outcome(self.lpa.download(token, "1234")), (True, None))

    def test_confirmation_code_tries(self):
        token = self.order(1, confirmation_code="1234", cc_tries=2)
        self.refused("8.2.7/3.8", self.lpa.download, token, "0")
        self.refused("8.2.7/6.4", self.lpa.download, token, "1")
        self.refused("8.2.6/3.8", self.lpa.download, token, "1234")

    def test_metadata(self):
        offer = self.lpa.authenticate(self.order(1, ppr="ppr1 ppr2", gid1="abcd", name="N", provider="P"))
        metadata = find(decode(offer["profileMetadata"]), 0xBF25)
        self.assertEqual(find(metadata, 0x99), b"\x05\x60")
        self.assertEqual(find(metadata, 0xB7), bytes.fromhex("800332f4058102abcd"))
        self.assertEqual(find(metadata, 0xB6, 0x30, 0x80), b"\x04\xf0")
        self.assertEqual((find(metadata, 0x91), find(metadata, 0x92)), (b"P", b"N"))
        self.assertTrue(find(metadata, 0x94).startswith(b"\x89PNG"))

    def test_restart(self):
        token = self.order(1)
        result = self.lpa.load(self.lpa.package(self.lpa.authenticate(token)))
        self.server.shutdown()
        self.start()
        self.lpa = MiniLpa(self.card, self.server.server_address[1], os.path.join(self.pki, "ci.pem"))
        self.addCleanup(self.lpa.close)
        self.assertEqual(self.state(), "downloaded")
        self.lpa.notify(result)
        self.assertEqual(self.state(), "installed")

    def test_again_while_downloaded(self):
        token = self.order(1)
        self.lpa.package(self.lpa.authenticate(token))
        self.assertEqual(self.state(), "downloaded")
        self.assertEqual(outcome(self.lpa.download(token)), (True, None))

    def test_result_decides(self):
        """Reasons 10 and 11 leave the order, any other failure ends it."""
        for number, (reason, state) in enumerate(((10, "released"), (11, "released"), (8, "error"))):
            token = self.order(number)
            self.card.faults.order("es10b.loadBoundProfilePackage", "result", code=reason, skip=5)
            self.assertEqual(outcome(self.lpa.download(token))[1][1], reason)
            self.assertEqual(self.state(number), state)


class TestNotifications(Lab):
    def _send_all(self):
        for raw in self.lpa.pending():
            self.lpa.notify(raw)
            number = find(raw, parse(raw)[0].tag, *([0xBF27] if raw[0] == 0xBF else []), 0xBF2F, 0x80)
            self.lpa.es10(tlv(0xBF30, tlv(0x80, number)))

    def _switch(self, tag, number=1):
        target = tlv(0xA0, tlv(0x5A, bytes.fromhex("".join(b + a for a, b in zip(*[iter(iccid(number) + "F")] * 2)))))
        answer = self.lpa.es10(tlv(tag, target, tlv(0x81, b"\0")) if tag != 0xBF33 else tlv(tag, target[2:]))
        self.assertEqual(to_int(find(answer, tag, 0x80)), 0)

    def test_states(self):
        self.lpa.download(self.order(1))
        self._send_all()
        for tag, state in ((0xBF31, "enabled"), (0xBF32, "disabled"), (0xBF33, "deleted")):
            self._switch(tag)
            self._send_all()
            self.assertEqual(self.state(), state)
        received = self.verbs["notifications"]()
        self.assertEqual([n["event"] for n in received["notifications"]],
                         ["install", "install", "enable", "disable", "delete"])
        self.assertEqual([n["duplicate"] for n in received["notifications"]], [False, True, False, False, False])
        self.assertEqual(received["rejected"], [])

    def test_late_one_changes_nothing(self):
        self.lpa.download(self.order(1))
        self._send_all()
        self._switch(0xBF31)
        self._switch(0xBF32)
        for raw in reversed(self.lpa.pending()):
            self.lpa.notify(raw)
        self.assertEqual(self.state(), "disabled")

    def test_two_addresses(self):
        events = ["install", "enable"]
        self.lpa.download(self.order(1, notify=[[events, HOST], [events, "smdp2.esimd.test"]]))
        self._send_all()
        addresses = {n["address"] for n in self.verbs["notifications"]()["notifications"]}
        self.assertEqual(addresses, {HOST, "smdp2.esimd.test"})

    def test_tampered(self):
        result = self.lpa.load(self.lpa.package(self.lpa.authenticate(self.order(1))))
        for at in range(5, len(result), 7):
            with self.subTest(at=at), self.assertRaises(HttpError) as caught:
                self.lpa.notify(result[:at] + bytes([result[at] ^ 1]) + result[at + 1:])
            self.assertEqual(caught.exception.status, 400)
        self.assertEqual((self.state(), self.verbs["notifications"]()["notifications"]), ("downloaded", []))
        self.assertTrue(self.verbs["notifications"]()["rejected"])


class TestRefusals(Lab):
    def test_order(self):
        other_eid = "89044145000000000000000000000222"
        self.refused("8.2.6/3.8", self.lpa.authenticate, "NO-SUCH")
        self.refused("8.2.6/3.8", self.lpa.authenticate)
        self.refused("8.1.1/3.8", self.lpa.authenticate, self.order(1, eid=other_eid, matching_id="OTHERS"))
        self.refused("8.8.5/4.10", self.lpa.authenticate, self.order(2, expires_in=-1))
        self.refused("8.2.5/4.3", self.lpa.authenticate, self.order(3, tac=["12345678"]))
        self.lpa.authenticate(self.order(4, tac=["35290611"]))
        self.refused("8.1/4.8", self.lpa.authenticate, self.order(5, size=10 ** 8))
        token = self.order(6, released=False)
        self.refused("8.2/1.2", self.lpa.authenticate, token)
        self.verbs["release"](iccid(6))
        self.lpa.authenticate(token)

    def test_code_missing(self):
        token = self.order(1, confirmation_code="1234")
        with unittest.mock.patch.object(self.server.es9, "_check_code", self._without_code):
            self.refused("8.2.7/2.2", self.lpa.download, token, "1234")

    def _without_code(self, session, _code):
        """The card itself refuses to go without: so take the code away where the server reads it."""
        type(self.server.es9)._check_code(self.server.es9, session, None)

    def test_session(self):
        self.refused("8.8.1/3.8", self.lpa.initiate, "elsewhere.test")
        begun = self.lpa.initiate()
        response = self.lpa.authenticate_server(begun)
        for name in ("00" * 16, begun["transactionId"].lower()):
            self.refused("8.10.1/3.9", self.lpa.post, "authenticateClient", transactionId=name,
                         authenticateServerResponse=response)

    def test_card_of_another_ci(self):
        info = bytearray(self.lpa.es10(tlv(0xBF20)))
        self.lpa.post("initiateAuthentication", smdpAddress=HOST, euiccChallenge=bytes(16), euiccInfo1=bytes(info))
        info[-1] ^= 1
        self.refused("8.8.2/3.1", self.lpa.post, "initiateAuthentication", smdpAddress=HOST, euiccChallenge=bytes(16),
                     euiccInfo1=bytes(info))
        old = tlv(0xBF20, tlv(0x82, b"\1\0\0"), *(item.raw for item in parse(find(bytes(info), 0xBF20))[1:]))
        self.refused("8.8.3/3.1", self.lpa.post, "initiateAuthentication", smdpAddress=HOST, euiccChallenge=bytes(16),
                     euiccInfo1=old)

    def _parts(self, token):
        begun = self.lpa.initiate()
        response = self.lpa.authenticate_server(begun, token)
        return begun["transactionId"], [item.raw for item in parse(find(response, 0xBF38, 0xA0))]

    def _client(self, name, parts):
        return self.lpa.post("authenticateClient", transactionId=name,
                             authenticateServerResponse=tlv(0xBF38, tlv(0xA0, *parts)))

    def test_card_tampered(self):
        token = self.order(1)

        def flip(raw):
            return raw[:-1] + bytes([raw[-1] ^ 1])

        for index, code in ((0, "8.1/6.1"), (1, "8.1/6.1"), (2, "8.1.3/6.1"), (3, "8.1.2/6.1")):
            name, parts = self._parts(token)
            if index == 0:  # the matching id, which the card signed
                parts[0] = parts[0].replace(token.encode(), b"X" * len(token))
            else:
                parts[index] = flip(parts[index])
            with self.subTest(index=index):
                self.refused(code, self._client, name, parts)
        name, _ = self._parts(token)
        _, parts = self._parts(token)
        self.refused("8.1/6.1", self._client, name, parts)

    def test_every_byte_counts(self):
        """Whatever is flipped in what the card says: a refusal or 400, never a success, never silence."""
        token = self.order(1)
        for step in range(0, 1000, 23):
            begun = self.lpa.initiate()
            response = bytearray(self.lpa.authenticate_server(begun, token))
            response[step * len(response) // 1000] ^= 0x81
            with self.subTest(step=step), self.assertRaises((Failed, HttpError)):
                self.lpa.post("authenticateClient", transactionId=begun["transactionId"],
                              authenticateServerResponse=bytes(response))
        self.assertEqual(self.verbs["requests"]()["handshakes"], 1)
        self.lpa.authenticate(token)

    def test_foreign_card(self):
        """Another lab's card, whose EUM is under another CI; and its EUM's card with our EUM's name."""
        with tempfile.TemporaryDirectory() as folder:
            pki.make(folder)
            foreign = [open(os.path.join(folder, name), "rb") for name in ("euicc.der", "eum.der")]
            card, eum = (file.read() for file in foreign)
            for file in foreign:
                file.close()
        name, parts = self._parts(self.order(1))
        self.refused("8.11.1/3.9", self._client, name, parts[:2] + [card, eum])
        name, parts = self._parts("")
        self.refused("8.1.3/6.1", self._client, name, parts[:2] + [card, parts[3]])

    def test_prepare_tampered(self):
        token = self.order(1)
        offer = self.lpa.authenticate(token)
        response = bytearray(self.lpa.prepare(offer))
        response[-1] ^= 1
        self.refused("8.1/6.1", self.lpa.post, "getBoundProfilePackage", transactionId=offer["transactionId"],
                     prepareDownloadResponse=bytes(response))
        self.assertEqual(self.state(), "released")

    def test_cancel(self):
        for number, reason in enumerate((1, 2, 0, 3, 4, 5, 127)):
            token = self.order(number)
            offer = self.lpa.authenticate(token)
            self.lpa.cancel(offer["transactionId"], reason)
            kept = reason in (1, 2)
            self.assertEqual(self.state(number), "released" if kept else "error")
            if kept:
                self.lpa.authenticate(token)
            else:
                self.refused("8.2.6/3.8", self.lpa.authenticate, token)

    def test_cancel_after_package(self):
        offer = self.lpa.authenticate(self.order(1))
        self.lpa.package(offer)
        self.lpa.cancel(offer["transactionId"], 1)
        self.assertEqual(self.state(), "released")
        self.refused("8.10.1/3.9", self.lpa.post, "cancelSession", transactionId=offer["transactionId"],
                     cancelSessionResponse=b"\xbf\x41\x00")

    def test_bad_orders(self):
        self.order(1, matching_id="M")
        for fields in ({"number": 1}, {"number": 2, "matching_id": "M"}, {"number": 3, "colour": "red"},
                       {"number": 3, "eid": "12"}):
            self.assertRaises(ValueError, self.order, **fields)
        self.assertRaises(ValueError, self.verbs["order"], "12")


class TestHttp(Lab):
    def test_strict(self):
        path, body = mini_lpa.PREFIX + "initiateAuthentication", "{}"
        for name, value in (("User-Agent", "curl"), ("X-Admin-Protocol", "gsma/rsp/v3.0.0"),
                            ("Content-Type", "text/plain")):
            self.assertEqual(self.lpa.raw(path, body, {**mini_lpa.HEADERS, name: value})[0], 400)
        for bad in ("", "{", "[]", "{}", '{"smdpAddress": 1, "euiccChallenge": "", "euiccInfo1": ""}'):
            self.assertEqual(self.lpa.raw(path, bad)[0], 400)
        self.assertEqual(self.lpa.raw("/gsma/rsp2/es9plus/elsewhere", body)[0], 400)
        self.assertEqual(self.verbs["requests"]()["handshakes"], 1)

    def test_bad_binary(self):
        info = encode(self.lpa.es10(tlv(0xBF20)))
        good = {"smdpAddress": HOST, "euiccChallenge": encode(bytes(16)), "euiccInfo1": info}
        self.lpa.post("initiateAuthentication", **good)
        for field, value in (("euiccChallenge", encode(bytes(15))), ("euiccChallenge", "*" * 24),
                             ("euiccInfo1", encode(b"\xbf\x20\x05")), ("euiccInfo1", encode(b"\xbf\x22\x00"))):
            with self.subTest(field=field, value=value), self.assertRaises(HttpError) as caught:
                self.lpa.post("initiateAuthentication", **{**good, field: value})
            self.assertEqual(caught.exception.status, 400)

    def test_tls(self):
        self.assertEqual(self.lpa.raw("/", "")[0], 400)
        for name in ("dptls2", "dptls-web", "dptls-expired"):
            self.verbs["use_tls"](name)
            self.lpa.close()
            with self.subTest(name), self.assertRaisesRegex(OSError, "CERTIFICATE_VERIFY_FAILED"):
                self.lpa.raw("/", "")
        self.verbs["use_tls"]("dptls")
        self.lpa.close()
        self.assertEqual(self.lpa.raw("/", "")[0], 400)
        self.assertRaises(ValueError, self.verbs["use_tls"], "ci")

    def test_tls_reset(self):
        self.verbs["fault"]("tls", "reset")
        with self.assertRaises(OSError):
            self.lpa.initiate()
        self.lpa.close()
        self.lpa.initiate()

    def test_program(self):
        """The program itself, over its control socket."""
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "smdp.py")
            command = [sys.executable, program, "--pki", self.pki, "--state", folder, "--lab-dir", folder,
                       "--listen", "127.0.0.1:0", "--host", HOST]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                try:
                    self._drive(folder, int(process.stdout.readline().rsplit(":", 1)[1]))
                finally:
                    process.terminate()

    def _drive(self, folder, port):
        answer = control.ask("smdp", "order", folder, iccid=iccid(7), name="By socket", ppr=None)
        lpa = MiniLpa(self.card, port, os.path.join(self.pki, "ci.pem"))
        lpa.download(answer["matching_id"])
        lpa.close()
        (order,) = control.ask("smdp", "orders", folder)["orders"]
        self.assertEqual((order["state"], len(order["history"])), ("installed", 3))
        self.assertRaises(RuntimeError, control.ask, "smdp", "order", folder, iccid="1")


class TestFaults(Lab):
    def test_instead_of_an_answer(self):
        for how, details, status in (("html", {}, 500), ("status", {"code": 503}, 503)):
            self.fault("initiateAuthentication", how, **details)
            with self.assertRaises(HttpError) as caught:
                self.lpa.initiate()
            self.assertEqual(caught.exception.status, status)
        self.fault("initiateAuthentication", "refuse", subject="8.2", reason="3.7")
        self.refused("8.2/3.7", self.lpa.initiate)
        self.fault("initiateAuthentication", "garbage-json")
        self.assertRaises(json.JSONDecodeError, self.lpa.initiate)
        self.fault("initiateAuthentication", "reset")
        self.assertRaises(OSError, self.lpa.initiate)
        self.lpa.close()
        self.fault("initiateAuthentication", "stall", seconds=0.01)
        self.lpa.initiate()
        self.assertRaises(ValueError, self.fault, "initiateAuthentication", "nonsense")

    def test_before_and_after(self):
        result = self.lpa.load(self.lpa.package(self.lpa.authenticate(self.order(1))))
        for when, state in (("before", "downloaded"), ("after", "installed")):
            self.fault("handleNotification", "reset", when=when)
            self.assertRaises(OSError, self.lpa.notify, result)
            self.lpa.close()
            self.assertEqual(self.state(), state)

    def test_card_refuses_server(self):
        for how in ("bad-signature", "other-certificate"):
            self.fault("initiateAuthentication", how)
            self.assertIsNotNone(find(self.lpa.authenticate_server(self.lpa.initiate()), 0xBF38, 0xA1, 0x02), how)
            self.fault("authenticateClient", how)
            answer = self.lpa.prepare(self.lpa.authenticate(self.order(0 if how == "bad-signature" else 1)))
            self.assertIsNotNone(find(answer, 0xBF21, 0xA1, 0x02), how)

    def test_for_the_lpa(self):
        """What only an LPA can see: the card accepts it."""
        self.fault("initiateAuthentication", "wrong-transaction")
        begun = self.lpa.initiate()
        self.assertNotEqual(find(decode(begun["serverSigned1"]), 0x30, 0x80).hex().upper(), begun["transactionId"])
        self.fault("initiateAuthentication", "other-address")
        self.assertNotEqual(find(decode(self.lpa.initiate()["serverSigned1"]), 0x30, 0x83), HOST.encode())
        self.fault("initiateAuthentication", "bad-base64")
        self.assertRaises(ValueError, lambda: [decode(text) for text in self.lpa.initiate().values()])
        self.fault("initiateAuthentication", "expired-certificate")
        certificate = decode(self.lpa.initiate()["serverCertificate"])
        with open(os.path.join(self.pki, "dpauth-expired.der"), "rb") as file:
            self.assertEqual(certificate, file.read())
        self.fault("getBoundProfilePackage", "other-metadata")
        offer = self.lpa.authenticate(self.order(1))
        package = self.lpa.package(offer)
        self.assertNotIn(decode(offer["profileMetadata"]), package)

    def test_package(self):
        """The card refuses each spoilt package with the reason SGP.22 has for it."""
        cases = (("drop-segment", (5, 8)), ("flip-mac", (5, 8)), ("bad-signature", (0, 2)), ("empty-bpp-parts", (2, 7)))
        for number, (how, failure) in enumerate(cases):
            with self.subTest(how):
                self.fault("getBoundProfilePackage", how)
                self.assertEqual(outcome(self.lpa.download(self.order(number))), (False, failure))
                self.assertEqual(self.state(number), "error")
        self.fault("getBoundProfilePackage", "truncate-bpp")
        package = self.lpa.package(self.lpa.authenticate(self.order(9)))
        self.assertRaises(ValueError, parse, package)


if __name__ == "__main__":
    unittest.main()
