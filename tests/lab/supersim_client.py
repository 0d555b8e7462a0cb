# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What the tests of the Super SIM stand-in share: a plain client, a stand-in in a folder of its own, a test case."""

import base64
import http.client
import json
import tempfile
import time
import unittest
from typing import NamedTuple
from urllib.parse import urlencode

import pace
import supersim
from control import ask
from supersim_auth import KORE, TWILIO, load_credentials
from supersim_http import TOKEN_PATH

PROFILES, SIMS, FLEETS = "/v1/ESimProfiles", "/v1/Sims", "/v1/Fleets"
EID = "89049032123451234512345678901235"


class Answer(NamedTuple):
    status: int
    body: object  # parsed where it is JSON, else bytes
    headers: http.client.HTTPMessage


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Client:
    """Talks to PORT of this machine; AUTHORIZATION and HOST go into every request that does not bring its own."""

    def __init__(self, port, authorization=None, host=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.headers = {"Accept": "application/json"}
        if authorization:
            self.headers["Authorization"] = authorization
        if host:
            self.headers["Host"] = host

    def request(self, method, path, body=None, **headers):
        headers = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.connection.request(method, path, body=body, headers=headers)
        response = self.connection.getresponse()
        data = response.read()
        if response.headers.get_content_subtype().endswith("json"):
            try:
                return Answer(response.status, json.loads(data), response.headers)
            except ValueError:
                pass
        return Answer(response.status, data, response.headers)

    def get(self, path, **query):
        return self.request("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path, **form):
        return self.request("POST", path, urlencode(form, doseq=True), Content_Type="application/x-www-form-urlencoded")

    def until(self, path, status, seconds=5):
        """Poll the resource at PATH until it has STATUS; returns it and the statuses seen on the way."""
        seen, began = [], time.monotonic()
        while time.monotonic() - began < seconds or time.monotonic() - began < pace.bound(seconds):
            body = self.get(path).body
            if not seen or seen[-1] != body["status"]:
                seen.append(body["status"])
            if body["status"] == status:
                return body, seen
            time.sleep(0.02)
        raise AssertionError(f"{path} never became {status}, only {seen}")


class Bench:
    """A stand-in in this process with a lab folder of its own."""

    def __init__(self, **timing):
        self._folder = tempfile.TemporaryDirectory()
        self.lab_dir = self._folder.name
        self.timing = {"reserve_seconds": 0.2, "schedule_seconds": 0.15, **timing}
        self.stand_in = None
        self.start()
        self.credentials = load_credentials(self.lab_dir)
        twilio = self.credentials["twilio"]
        self.twilio = basic(twilio["account_sid"], twilio["auth_token"])

    def start(self):
        listeners = [("127.0.0.1", 0, host) for host in (TWILIO, KORE)]
        self.stand_in = supersim.Supersim(self.lab_dir + "/state", self.lab_dir, http=listeners)
        self.port, self.kore_port = (server.server_port for server in self.stand_in.http)
        self.ask("set", **self.timing)

    def restart(self):
        self.stand_in.close()
        self.start()

    def close(self):
        self.stand_in.close()
        self._folder.cleanup()

    def ask(self, verb, **arguments):
        return ask("supersim", verb, lab_dir=self.lab_dir, **arguments)

    def client(self, **arguments):
        return Client(self.port, **{"authorization": self.twilio, **arguments})

    def kore_token(self, **changes):
        """The answer to a request for KORE's token."""
        form = {"grant_type": "client_credentials", **self.credentials["kore"], **changes}
        return Client(self.port).post(TOKEN_PATH, **form)

    def kore_client(self, token):
        return Client(self.kore_port, authorization="Bearer " + token)


class Case(unittest.TestCase):
    """A test with a stand-in and a client of its own."""

    def setUp(self):
        self.bench = Bench()
        self.addCleanup(self.bench.close)
        self.client = self.bench.client()

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.body["code"], answer.body["status"]), (status, code, status))
        self.assertTrue(answer.body["message"])
        self.assertEqual(answer.body["more_info"], f"https://www.twilio.com/docs/errors/{code}")

    def fault(self, at, how, **details):
        self.bench.ask("fault", at=at, how=how, **details)

    def reserve(self, **form):
        """A reservation that became available: its resource and the statuses that were seen."""
        created = self.client.post(PROFILES, **(form or {"Eid": EID}))
        self.assertEqual(created.status, 201)
        return self.client.until(f"{PROFILES}/{created.body['sid']}", "available")
