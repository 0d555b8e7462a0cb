# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Does the stand-in for the Super SIM API refuse credentials, and fail, exactly as it is told to?"""

import http.client
import os
import time
import unittest

from supersim_client import EID, FLEETS, PROFILES, SIMS, Case, basic


class Credentials(Case):
    def test_twilio_takes_its_two_kinds(self):
        twilio = self.bench.credentials["twilio"]
        key = basic(twilio["api_key"], twilio["api_secret"])
        self.assertEqual(self.bench.client(authorization=key).get(FLEETS).status, 200)
        self.assertEqual(self.client.get(FLEETS).status, 200)

    def test_twilio_refuses_others(self):
        twilio = self.bench.credentials["twilio"]
        token = self.bench.kore_token().body["access_token"]
        for authorization in (None, "Basic", "Basic !!", basic(twilio["account_sid"], "wrong"), "Bearer " + token,
                              basic(twilio["api_key"], twilio["auth_token"])):
            answer = self.bench.client(authorization=authorization).get(FLEETS)
            self.refused(answer, 401, 20003)
            self.assertIn("Basic", answer.headers["WWW-Authenticate"])

    def test_kore(self):
        answer = self.bench.kore_token()
        self.assertEqual((answer.status, answer.body["token_type"], answer.body["expires_in"]), (200, "Bearer", 3600))
        client = self.bench.kore_client(answer.body["access_token"])
        self.assertEqual(client.get(FLEETS).status, 200)
        self.bench.ask("revoke_tokens")
        self.refused(client.get(FLEETS), 403, 20003)
        self.bench.ask("revoke_tokens", forget=True)
        self.refused(client.get(FLEETS), 401, 20003)
        client.headers["Authorization"] = self.bench.twilio
        self.refused(client.get(FLEETS), 401, 20003)

    def test_kore_tokens_expire(self):
        self.bench.ask("set", token_seconds=1.5)
        client = self.bench.kore_client(self.bench.kore_token().body["access_token"])
        self.assertEqual(client.get(FLEETS).status, 200)
        time.sleep(1.6)
        self.refused(client.get(FLEETS), 403, 20003)

    def test_kore_refuses_bad_client_credentials(self):
        answer = self.bench.kore_token(client_secret="wrong")
        self.assertEqual((answer.status, answer.body["error"]), (401, "invalid_client"))
        self.assertTrue(answer.body["error_description"])
        answer = self.bench.kore_token(grant_type="password")
        self.assertEqual((answer.status, answer.body["code"]), (400, 400))

    def test_files_are_private_and_stay(self):
        for name in ("twilio.json", "kore.json"):
            mode = os.stat(os.path.join(self.bench.lab_dir, "credentials", name)).st_mode
            self.assertEqual(mode & 0o777, 0o600)
        self.bench.restart()
        self.assertEqual(self.bench.client().get(FLEETS).status, 200)

    def test_no_secret_in_the_log_of_requests(self):
        self.bench.kore_token()
        self.client.get(FLEETS)
        log = str(self.bench.ask("requests"))
        for secret in (*self.bench.credentials["twilio"].values(), self.bench.credentials["kore"]["client_secret"]):
            self.assertNotIn(secret, log)


class FaultsOnTheWire(Case):
    def test_statuses(self):
        self.fault("fleets.list", "status", code=429, retry_after=2)
        self.fault("fleets.list", "status", code=429)
        self.fault("fleets.list", "status", code=503)
        self.fault("fleets.list", "status", code=400, api_code=83009)
        answer = self.client.get(FLEETS)
        self.refused(answer, 429, 20429)
        self.assertEqual(answer.headers["Retry-After"], "2")
        answer = self.client.get(FLEETS)
        self.refused(answer, 429, 20429)
        self.assertIsNone(answer.headers["Retry-After"])
        self.refused(self.client.get(FLEETS), 503, 20503)
        self.refused(self.client.get(FLEETS), 400, 83009)
        self.assertEqual(self.client.get(FLEETS).status, 200)

    def test_rubbish(self):
        self.fault("fleets.list", "html")
        self.fault("fleets.list", "html", code=200)
        self.fault("fleets.list", "garbage-json")
        self.assertEqual(self.client.get(FLEETS).status, 502)
        answer = self.client.get(FLEETS)
        self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "text/html"))
        answer = self.client.get(FLEETS)
        self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "application/json"))
        self.assertIsInstance(answer.body, bytes)
        self.fault("fleets.list", "truncate")
        with self.assertRaises(http.client.IncompleteRead):
            self.client.get(FLEETS)

    def test_reset_before_and_after(self):
        for when, count in (("before", 0), ("after", 1)):
            self.fault("esimprofiles.create", "reset", when=when)
            with self.assertRaises(ConnectionError):
                self.bench.client().post(PROFILES, Eid=EID)
            self.assertEqual(len(self.client.get(PROFILES, Eid=EID).body["esim_profiles"]), count)

    def test_lost_answers(self):
        self.fault("esimprofiles.create", "status", code=500, when="before")
        self.refused(self.client.post(PROFILES, Eid=EID), 500, 20500)
        self.assertEqual(self.client.get(PROFILES).body["esim_profiles"], [])
        self.fault("esimprofiles.create", "status", code=500, when="after")
        self.refused(self.client.post(PROFILES, Eid=EID), 500, 20500)
        self.assertEqual(len(self.client.get(PROFILES).body["esim_profiles"]), 1)

    def test_a_connection_that_will_be_closed_says_so(self):
        answer = self.client.request("GET", FLEETS, Connection="close")
        self.assertEqual(answer.headers["Connection"], "close")
        self.assertIsNone(self.client.get(FLEETS).headers["Connection"])

    def test_stall(self):
        self.fault("fleets.list", "stall", seconds=0.3)
        start = time.monotonic()
        self.assertEqual(self.client.get(FLEETS).status, 200)
        self.assertGreater(time.monotonic() - start, 0.29)

    def test_token(self):
        self.fault("token", "status", code=503)
        self.assertEqual(self.bench.kore_token().status, 503)
        self.assertEqual(self.bench.kore_token().status, 200)

    def test_orders_that_cannot_strike_are_refused(self):
        for at, how in (("fleets", "status"), ("fleets.list", "frobnicate"), ("sims.update", "out-of-stock")):
            with self.assertRaises(RuntimeError):
                self.fault(at, how)
        with self.assertRaises(RuntimeError):
            self.fault("token", "reset", when="later")


class FaultsOfTheProvider(Case):
    def test_reservation_fails(self):
        self.fault("esimprofiles.create", "reservation-fails", error_code="83501", message="no")
        sid = self.client.post(PROFILES, Eid=EID).body["sid"]
        body, seen = self.client.until(f"{PROFILES}/{sid}", "failed")
        self.assertEqual((body["error_code"], body["error_message"]), ("83501", "no"))
        self.assertNotIn("available", seen)

    def test_failed_after_available(self):
        self.fault("esimprofiles.create", "fails-after-available", seconds=0.2)
        body, _ = self.reserve()
        self.client.until(f"{PROFILES}/{body['sid']}", "failed")

    def test_never_available(self):
        self.fault("esimprofiles.create", "never-available")
        sid = self.client.post(PROFILES, Eid=EID).body["sid"]
        time.sleep(0.4)
        self.assertEqual(self.client.get(f"{PROFILES}/{sid}").body["status"], "reserving")

    def test_out_of_stock(self):
        self.fault("esimprofiles.create", "out-of-stock")
        self.refused(self.client.post(PROFILES, Eid=EID), 400, 83500)
        self.assertEqual(self.bench.ask("profiles")["profiles"], [])

    def test_statuses_skipped_and_unknown(self):
        self.fault("esimprofiles.create", "skip-statuses")
        self.fault("esimprofiles.create", "skip-statuses", to="reserving")
        body = self.client.post(PROFILES, Eid=EID).body
        self.assertEqual(body["status"], "available")
        self.assertTrue(body["iccid"])
        self.assertEqual(self.client.post(PROFILES, Eid=EID).body["status"], "reserving")
        for at, read in (("fetch", lambda: self.client.get(body["url"].split(str(self.bench.port))[1]).body),
                         ("list", lambda: self.client.get(PROFILES).body["esim_profiles"][0])):
            self.fault("esimprofiles." + at, "unknown-status", status="paused")
            self.assertEqual(read()["status"], "paused")
            self.assertNotEqual(read()["status"], "paused")

    def test_sims(self):
        url = f"{SIMS}/{self.reserve()[0]['sim_sid']}"
        self.fault("sims.update", "skip-statuses")
        answer = self.client.post(url, Status="active", Fleet="lab-fleet")
        self.assertEqual((answer.status, answer.body["status"]), (200, "active"))
        self.fault("sims.update", "stays-scheduled")
        self.assertEqual(self.client.post(url, Status="inactive").status, 202)
        time.sleep(0.3)
        self.assertEqual(self.client.get(url).body["status"], "scheduled")

    def test_next_page_elsewhere(self):
        self.fault("esimprofiles.list", "evil-next-page", origin="https://evil.esimd.test")
        url = self.client.get(PROFILES).body["meta"]["next_page_url"]
        self.assertTrue(url.startswith("https://evil.esimd.test/v1/ESimProfiles?"), url)


if __name__ == "__main__":
    unittest.main()
