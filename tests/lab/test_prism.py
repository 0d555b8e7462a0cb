# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""An outsider's judgement: does the Super SIM stand-in keep to Twilio's own OpenAPI document, as prism reads it?

prism stands between client and stand-in with --errors: it refuses a request that breaks the document (422), and an
answer that does (500).
"""

import json
import os
import socket
import subprocess
import tempfile
import time
import unittest

import npm_tools
from supersim_client import EID, Bench, Client
from supersim_http import TOKEN_PATH

OPERATIONS = {
    "/v1/ESimProfiles": "get post", "/v1/ESimProfiles/{Sid}": "get", "/v1/Fleets": "get post",
    "/v1/Fleets/{Sid}": "get post", "/v1/IpCommands": "get post", "/v1/IpCommands/{Sid}": "get",
    "/v1/NetworkAccessProfiles": "get post", "/v1/NetworkAccessProfiles/{Sid}": "get post",
    "/v1/NetworkAccessProfiles/{NetworkAccessProfileSid}/Networks": "get post",
    "/v1/NetworkAccessProfiles/{NetworkAccessProfileSid}/Networks/{Sid}": "delete get",
    "/v1/Networks": "get", "/v1/Networks/{Sid}": "get", "/v1/SettingsUpdates": "get", "/v1/Sims": "get post",
    "/v1/Sims/{Sid}": "get post", "/v1/Sims/{SimSid}/BillingPeriods": "get", "/v1/Sims/{SimSid}/IpAddresses": "get",
    "/v1/SmsCommands": "get post", "/v1/SmsCommands/{Sid}": "get", "/v1/UsageRecords": "get",
}
METHODS = ("get", "post", "put", "patch", "delete")


def text_fields(*names):
    return {"type": "object", "required": list(names), "additionalProperties": False,
            "properties": {name: {"type": "string"} for name in names}}


def json_answer(description, schema):
    return {"description": description, "content": {"application/json": {"schema": schema}}}


# KORE's token service, after KORE's description of it (its document is in no package); the API behind it is Twilio's
TOKEN_SERVICE = {"post": {
    "security": [],
    "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {
        "schema": text_fields("grant_type", "client_id", "client_secret")}}},
    "responses": {
        "200": json_answer("granted", {"type": "object", "required": ["access_token", "expires_in", "token_type"],
                                       "properties": {"access_token": {"type": "string"}, "scope": {"type": "string"},
                                                      "token_type": {"type": "string", "enum": ["Bearer"]},
                                                      "expires_in": {"type": "number"}}}),
        "401": json_answer("refused", text_fields("error", "error_description")),
    }}}


def twilio_document():
    with open(npm_tools.supersim_document(), encoding="utf-8") as file:
        document = json.load(file)
    # The document says "format: uri", but in its own examples, as in life, this is a bare host name.
    address = document["components"]["schemas"]["supersim.v1.esim_profile"]["properties"]["smdp_plus_address"]
    address.pop("format", None)
    return document


def kore_document():
    document = twilio_document()
    document["components"]["securitySchemes"] = {"OAuth": {"type": "http", "scheme": "bearer"}}
    for operations in document["paths"].values():
        for method in METHODS:
            operations.get(method, {}).pop("security", None)
    document["security"] = [{"OAuth": []}]
    document["paths"][TOKEN_PATH] = TOKEN_SERVICE
    return document


class Prism:
    """One prism in front of UPSTREAM (a port)."""

    def __init__(self, folder, name, document, upstream):
        path = os.path.join(folder, name + ".json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._log_path = os.path.join(folder, name + ".log")
        with open(self._log_path, "w", encoding="utf-8") as log:
            self._process = subprocess.Popen([*npm_tools.prism(), "proxy", "--errors", "-p", str(self.port), path,
                                              f"http://127.0.0.1:{upstream}"], stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=subprocess.STDOUT)

    def wait(self, seconds=40):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        with open(self._log_path, encoding="utf-8") as log:
            raise AssertionError("prism did not start: " + log.read()[-2000:])

    def close(self):
        self._process.kill()
        self._process.wait()


class Lab:
    """The stand-in with a prism before each of its two hosts."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.bench = Bench()
        self.prisms = []
        try:
            for name, document, port in (("twilio", twilio_document(), self.bench.port),
                                         ("kore", kore_document(), self.bench.kore_port)):
                self.prisms.append(Prism(self._folder.name, name, document, port))
            for prism in self.prisms:
                prism.wait()
        except BaseException:
            self.close()
            raise

    def close(self):
        for prism in self.prisms:
            prism.close()
        self.bench.close()
        self._folder.cleanup()


def setUpModule():
    global LAB
    LAB = Lab()
    unittest.addModuleCleanup(LAB.close)


class Judged(unittest.TestCase):
    def good(self, answer, status=200):
        """The answer has STATUS and prism found nothing wrong with it, not even to warn of."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertIsNone(answer.headers["sl-violations"], answer.body)
        return answer.body

    def walk(self, client):
        """A device's whole life at the provider."""
        self.good(client.get("/v1/ESimProfiles", Eid=EID))
        made = self.good(client.post("/v1/ESimProfiles", Eid=EID, CallbackUrl="https://gateway.esimd.test/",
                                     CallbackMethod="POST"), 201)
        path = f"/v1/ESimProfiles/{made['sid']}"
        profile, _ = client.until(path, "available")
        self.good(client.get(path))
        self.good(client.get("/v1/ESimProfiles", Eid=EID, Status="available", PageSize=1))
        sim = f"/v1/Sims/{profile['sim_sid']}"
        self.good(client.get(sim))
        fleet = self.good(client.get("/v1/Fleets"))["fleets"][0]
        self.good(client.post(sim, Status="active", Fleet=fleet["sid"], UniqueName=made["sid"]), 202)
        client.until(sim, "active")
        self.good(client.post(sim, CallbackMethod="GET"))
        self.good(client.get("/v1/Sims", Status="active", Fleet="lab-fleet", Iccid=profile["iccid"]))


class Twilio(Judged):
    def setUp(self):
        self.bench = LAB.bench
        self.client = Client(LAB.prisms[0].port, authorization=self.bench.twilio)

    def test_the_document_is_the_one_we_know(self):
        paths = twilio_document()["paths"]
        known = {path: " ".join(sorted(set(operations) & set(METHODS))) for path, operations in paths.items()}
        self.assertEqual(known, OPERATIONS)

    def test_by_eid(self):
        self.walk(self.client)

    def test_by_matching_id(self):
        made = self.good(self.client.post("/v1/ESimProfiles", GenerateMatchingId="true"), 201)
        path = f"/v1/ESimProfiles/{made['sid']}"
        self.client.until(path, "available")
        self.assertTrue(self.good(self.client.get(path))["activation_code"])

    def test_failed_ones(self):
        self.bench.ask("fault", at="esimprofiles.create", how="reservation-fails")
        path = f"/v1/ESimProfiles/{self.client.post('/v1/ESimProfiles', Eid=EID).body['sid']}"
        self.client.until(path, "failed")
        self.assertEqual(self.good(self.client.get(path))["error_code"], "83500")

    def test_pages(self):
        for _ in range(3):
            self.client.post("/v1/ESimProfiles", Eid=EID)
        meta = self.good(self.client.get("/v1/ESimProfiles", PageSize=1))["meta"]
        for _ in range(2):
            path = "/v1/" + meta["next_page_url"].partition("/v1/")[2]
            meta = self.good(self.client.get(path))["meta"]
        self.assertEqual(meta["page"], 2)

    def test_fleets_and_networks(self):
        sids = [network["sid"] for network in self.good(self.client.get("/v1/Networks"))["networks"]]
        self.good(self.client.get("/v1/Networks", IsoCountry="US"))
        self.good(self.client.get(f"/v1/Networks/{sids[0]}"))
        # without Networks: prism cannot read a list out of a form
        access = self.good(self.client.post("/v1/NetworkAccessProfiles", UniqueName="judged"), 201)
        self.good(self.client.get(f"/v1/NetworkAccessProfiles/{access['sid']}"))
        self.good(self.client.get("/v1/NetworkAccessProfiles"))
        fleet = self.good(self.client.post("/v1/Fleets", NetworkAccessProfile=access["sid"], DataLimit=5), 201)
        self.good(self.client.post(f"/v1/Fleets/{fleet['sid']}", UniqueName="judged"))
        self.good(self.client.get("/v1/Fleets/judged"))

    def test_claimed_sims(self):
        self.bench.ask("add_sim", iccid="89883070000000000999", registration_code="ABCDEFGHIJ")
        self.good(self.client.post("/v1/Sims", Iccid="89883070000000000999", RegistrationCode="ABCDEFGHIJ"), 201)

    def test_refusals_come_through(self):
        for answer, status in ((self.client.get(f"/v1/Sims/HS{'0' * 32}"), 404),
                               (self.client.post("/v1/ESimProfiles", Eid="1"), 400)):
            self.assertEqual((answer.status, answer.body["status"]), (status, status))

    def test_the_judge_is_awake(self):
        self.assertEqual(self.client.get("/v1/Sims", Status="gone").status, 422)
        path = f"/v1/ESimProfiles/{self.client.post('/v1/ESimProfiles', Eid=EID).body['sid']}"
        self.bench.ask("fault", at="esimprofiles.fetch", how="unknown-status")
        answer = self.client.get(path)
        self.assertEqual((answer.status, answer.body["title"]), (500, "Request/Response not valid"))


class Kore(Judged):
    def setUp(self):
        self.client = Client(LAB.prisms[1].port)

    def token(self, **changes):
        form = {"grant_type": "client_credentials", **LAB.bench.credentials["kore"], **changes}
        return self.client.post(TOKEN_PATH, **form)

    def test_with_a_token(self):
        granted = self.good(self.token())
        self.client.headers["Authorization"] = "Bearer " + granted["access_token"]
        self.walk(self.client)

    def test_bad_client_credentials(self):
        self.assertEqual(self.good(self.token(client_secret="wrong"), 401)["error"], "invalid_client")


if __name__ == "__main__":
    unittest.main()
