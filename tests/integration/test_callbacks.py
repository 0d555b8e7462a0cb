# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The receiver of the provider's callbacks: a signed one makes esimd look at once, and nothing else does anything."""

import http.client
import socket
import time
import unittest
from urllib.parse import urlencode

import rig
from rig import RigCase
from supersim_callbacks import FORM, kore_signature, twilio_signature

setUpModule = rig.enter_lab

PORT = 8085
POLL_S = 60  # what is noticed sooner was called back
TARGET = "/supersim?gateway=1"
URL = f"http://127.0.0.1:{PORT}{TARGET}"
LOOK = "GET /v1/ESimProfiles/{Sid}"


def send(method="POST", target=TARGET, body=b"", **headers):
    """A request to the receiver; its status."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request(method, target, body or None, {name.replace("_", "-"): value
                                                           for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


class Callbacks(RigCase):
    METHOD, POLL = "POST", POLL_S

    def setUp(self):
        super().setUp()
        self.settings["provision"].update({"callback-listen": f"127.0.0.1:{PORT}", "poll-interval": str(self.POLL),
                                           "reservation-timeout": "600"})
        self.settings[f"provider {self.PROVIDER}"].update({"callback-url": URL, "callback-method": self.METHOD})

    def looks(self):
        return self.supersim("requests")["counts"].get(LOOK, 0)

    def begin(self):
        """Provision, up to its wait for the reservation."""
        path = self.start_job(self.euicc()[0], "Euicc", "Provision")
        self.until(lambda: self.euicc()[1]["ProvisioningState"] == "wait-reservation", 20, "it waits")
        return path

    def assert_called(self, *statuses):
        self.assertEqual([call["status"] for call in self.supersim("callbacks")["callbacks"]], list(statuses))

    def assert_notices(self):
        """From bare to connected in a fraction of one poll interval."""
        self.supersim("set", reserve_seconds=2.0)
        self.start_esimd()
        began = time.monotonic()
        self.assert_done(self.finish(self.begin(), POLL_S / 2))
        self.assertLess(time.monotonic() - began, POLL_S / 2)
        self.assert_called(204, 204)  # the profile, and its Sim


class Twilio(Callbacks):
    def test_noticed_at_once(self):
        self.assert_notices()

    def signed(self, fields, **changes):
        """A request with FIELDS, rightly signed but for CHANGES; its status."""
        known = rig.credentials(self.dir, "twilio")
        request = {"body": urlencode(fields).encode(), "Content_Type": FORM,
                   "X_Twilio_Signature": twilio_signature(URL, fields, known["auth_token"])}
        return send(**{**request, **changes})

    def test_what_is_refused(self):
        """In one lab, for each takes seconds."""
        self.supersim("fault", at="esimprofiles.create", how="never-available")
        self.start_esimd()
        self.only_signed_ones_and_they_are_not_believed(self.begin())
        self.floods_and_slow_clients()
        self.settings_that_change()

    def only_signed_ones_and_they_are_not_believed(self, path):
        looks = self.looks()
        (order,) = self.supersim("profiles")["profiles"]
        fields = {"Sid": order["sid"], "Status": "available"}
        forged = twilio_signature(URL, fields, "0" * 32)
        for status, changes in (
                (403, {"X_Twilio_Signature": forged}), (403, {"X_Twilio_Signature": ""}),
                (403, {"body": urlencode({**fields, "Status": "failed"}).encode()}),
                (403, {"target": TARGET + "&more=1"}), (403, {"method": "GET", "body": b""}),
                (404, {"target": "/"}), (404, {"target": "/supersim/more"}),
                (405, {"method": "PUT"}), (405, {"method": "DELETE"}), (413, {"body": b"x" * 20000})):
            self.assertEqual(self.signed(fields, **changes), status, changes)
        self.settle()
        self.assertEqual(self.looks(), looks)
        # A right one: it looks once, and sees for itself that nothing is available.
        self.assertEqual(self.signed(fields), 204)
        self.until(lambda: self.looks() == looks + 1, 5, "it looks")
        # A flood of right ones is two looks a second at most.
        for _ in range(40):
            self.assertEqual(self.signed(fields), 204)
        self.settle()
        self.assertLess(self.looks(), looks + 6)
        self.assertEqual(self.job(path)["State"], "running")
        self.assertEqual(self.euicc()[1]["ProvisioningState"], "wait-reservation")
        self.cancel(path)

    def floods_and_slow_clients(self):
        slow = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(20)]
        for client in slow:
            client.sendall(b"POST /supersim HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx")
        self.assertTrue(self.euiccs())  # the bus is served meanwhile
        # They are cut off in their time, and then others get through.
        self.until(self.is_served, 25, "the receiver is free again")
        for client in slow:
            client.close()
        # Long heads, and a body of unknown length that does not end.
        self.assertIn(send(target="/" + "x" * 30000), (414, 431))
        with socket.create_connection(("127.0.0.1", PORT), timeout=5) as endless:
            endless.sendall(b"POST /supersim HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            with self.assertRaises(OSError):
                while True:
                    endless.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                    time.sleep(0.01)
        self.assertEqual(send(target="/"), 404)

    @staticmethod
    def is_served():
        try:
            return send(target="/") == 404
        except OSError:
            return False

    def reload(self):
        self.write_config()
        self.call("/org/esimd1", "Manager", "Reload", "(a{sv})", {})

    def settings_that_change(self):
        """A key's secret says nothing of callbacks: told, and refused; and the receiver can be taken away."""
        known = rig.credentials(self.dir, "twilio")
        self.write_secret(user=known["api_key"], secret=known["api_secret"])
        self.reload()
        self.assertIn("add callback-secret=", self.log())
        self.assertEqual(self.signed({"a": "b"}), 403)
        with open(self.settings["provider twilio"]["credentials"], "a", encoding="utf-8") as file:
            file.write(f"callback-secret={known['auth_token']}\n")
        self.reload()
        self.assertEqual(self.signed({"a": "b"}), 204)
        self.settings["provision"]["callback-listen"] = ""
        self.reload()
        with self.assertRaises(ConnectionRefusedError):
            send()

    def assert_log_is_clean(self, after=0):
        # What says that a secret is missing is a warning of ours.
        self.assertNotIn(rig.credentials(self.dir, "twilio")["auth_token"], self.log())


class Get(Callbacks):
    METHOD = "GET"

    def test_order_elsewhere(self):
        """An order for no card here waits for callbacks as well."""
        self.supersim("set", reserve_seconds=1.0)
        self.start_esimd()
        began = time.monotonic()
        self.assert_done(self.finish(self.start_job("/org/esimd1/Provider/twilio", "Provider", "Reserve"), POLL_S / 2))
        self.assertLess(time.monotonic() - began, POLL_S / 2)
        self.assert_called(204, 204)


class Kore(Callbacks):
    PROVIDER = "kore"

    def write_secret(self, **changes):
        path = super().write_secret(**changes)
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"callback-secret={rig.credentials(self.dir, 'kore')['webhook_secret']}\n")
        return path

    def test_noticed_at_once(self):
        self.assert_notices()
        self.assertEqual(send(body=b"a=b", kore_signature=""), 403)
        self.assertEqual(send(body=b"a=b", kore_signature=kore_signature("POST", URL, b"a=b", "")), 403)


if __name__ == "__main__":
    unittest.main()
