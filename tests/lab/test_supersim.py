# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Is the stand-in for the Super SIM API as stateful and as strict as its provider's documents say?"""

import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import pki
from control import ControlServer, Faults, ask
from orders import Orders
from supersim_client import EID, FLEETS, PROFILES, SIMS, Case, Client
from supersim_state import luhn_digit

HERE = os.path.dirname(os.path.abspath(__file__))


class Reservations(Case):
    def test_a_new_one_has_nothing_yet(self):
        body = self.client.post(PROFILES, Eid=EID, CallbackUrl="http://gateway.esimd.test/", CallbackMethod="POST").body
        self.assertRegex(body["sid"], "^HP[0-9a-f]{32}$")
        self.assertRegex(body["account_sid"], "^AC[0-9a-f]{32}$")
        self.assertRegex(body["date_created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(body["url"], f"http://127.0.0.1:{self.bench.port}{PROFILES}/{body['sid']}")
        self.assertEqual((body["status"], body["eid"]), ("new", EID))
        for name in ("iccid", "sim_sid", "smdp_plus_address", "matching_id", "activation_code", "error_code",
                     "error_message"):
            self.assertIsNone(body[name], name)

    def test_by_eid_it_ripens(self):
        body, seen = self.reserve()
        self.assertEqual(seen, ["new", "reserving", "available"])
        self.assertRegex(body["iccid"], "^8988307[0-9]{13}$")
        self.assertEqual(body["iccid"][-1], luhn_digit(body["iccid"][:-1]))
        self.assertEqual(body["smdp_plus_address"], "smdp.esimd.test")
        self.assertIsNone(body["matching_id"])
        self.assertIsNone(body["activation_code"])
        sim = self.client.get(f"{SIMS}/{body['sim_sid']}").body
        self.assertEqual((sim["status"], sim["iccid"], sim["fleet_sid"]), ("new", body["iccid"], None))

    def test_luhn_as_in_the_literature(self):
        self.assertEqual(luhn_digit("7992739871"), "3")

    def test_by_matching_id_it_has_an_activation_code(self):
        body, _ = self.reserve(GenerateMatchingId="true")
        self.assertIsNone(body["eid"])
        self.assertRegex(body["matching_id"], "^([0-9A-F]{5}-){4}[0-9A-F]{5}$")
        self.assertEqual(body["activation_code"], f"1$SMDP.ESIMD.TEST${body['matching_id']}")

    def test_strict_about_what_is_asked(self):
        for form in ({}, {"Eid": ""}, {"Eid": EID, "GenerateMatchingId": "true"}, {"GenerateMatchingId": "false"},
                     {"GenerateMatchingId": "yes"}, {"Eid": EID[:-1]}, {"Eid": EID[:-1] + "6"}, {"Eid": EID + "0"},
                     {"Eid": EID, "Frobnicate": "1"}, {"eid": EID}, {"Eid": [EID, EID]},
                     {"Eid": EID, "CallbackMethod": "PUT"}, {"Eid": EID, "CallbackUrl": "nonsense"}):
            with self.subTest(form):
                self.refused(self.client.post(PROFILES, **form), 400, 20001)
        self.assertEqual(self.bench.ask("profiles")["profiles"], [])
        answer = self.client.request("POST", PROFILES, "{}", Content_Type="application/json")
        self.refused(answer, 415, 20001)

    def test_there_is_no_such_thing(self):
        self.refused(self.client.get(f"{PROFILES}/HP{'0' * 32}"), 404, 20404)
        self.refused(self.client.get("/v1/UsageRecords"), 404, 20404)
        sid = self.client.post(PROFILES, Eid=EID).body["sid"]
        self.refused(self.client.post(f"{PROFILES}/{sid}", Status="failed"), 404, 20404)  # no update …
        self.refused(self.client.request("DELETE", f"{PROFILES}/{sid}"), 404, 20404)      # … and no delete

    def test_list_filters(self):
        mine, _ = self.reserve()
        self.client.post(PROFILES, GenerateMatchingId="true")
        for query, count in (({}, 2), ({"Eid": EID}, 1), ({"Eid": "1" * 32}, 0), ({"SimSid": mine["sim_sid"]}, 1),
                             ({"Status": "available"}, 1), ({"Status": "new"}, 1), ({"Status": "failed"}, 0)):
            answer = self.client.get(PROFILES, **query)
            self.assertEqual((answer.status, len(answer.body["esim_profiles"])), (200, count), query)
        for query in ({"Status": "gone"}, {"Nonsense": "1"}, {"PageSize": "0"}, {"PageSize": "1001"}, {"Page": "1"}):
            self.refused(self.client.get(PROFILES, **query), 400, 20001)

    def test_pages_newest_first(self):
        made = [self.client.post(PROFILES, Eid=EID).body["sid"] for _ in range(5)]
        body = self.client.get(PROFILES, Eid=EID, PageSize=2).body
        self.assertIsNone(body["meta"]["previous_page_url"])
        seen = []
        for page in range(3):
            self.assertEqual((body["meta"]["page"], body["meta"]["page_size"], body["meta"]["key"]),
                             (page, 2, "esim_profiles"))
            seen += [profile["sid"] for profile in body["esim_profiles"]]
            url = body["meta"]["next_page_url"]
            if url:
                self.assertTrue(url.startswith(f"http://127.0.0.1:{self.bench.port}/v1/ESimProfiles?Eid={EID}&"), url)
                body = self.client.get(url.split(str(self.bench.port))[1]).body
        self.assertIsNone(url)
        self.assertEqual(seen, made[::-1])

    def test_state_survives_a_restart(self):
        body, _ = self.reserve()
        going = self.client.post(PROFILES, Eid=EID).body["sid"]
        self.bench.restart()
        self.client = self.bench.client()
        again = self.client.get(f"{PROFILES}/{body['sid']}").body
        self.assertEqual({**again, "url": None}, {**body, "url": None})
        other, _ = self.client.until(f"{PROFILES}/{going}", "available")
        self.assertNotEqual(other["iccid"], body["iccid"])
        self.assertEqual(len(self.bench.ask("sims")["sims"]), 2)


class Smdp(Case):
    """With an SM-DP+ in the lab: its book of orders, without its HTTPS side."""

    def setUp(self):
        super().setUp()
        self.orders, self.refusal = Orders(os.path.join(self.bench.lab_dir, "smdp.json")), None
        ControlServer("smdp", Faults(), {"order": self.order, "orders": lambda: {"orders": self.orders.listing()}},
                      self.bench.lab_dir).start()

    def order(self, iccid, **fields):
        if self.refusal:
            raise ValueError(self.refusal)
        self.orders.add(iccid, **fields)

    def test_the_profile_is_ordered_there(self):
        body, _ = self.reserve()
        self.assertEqual(self.orders.find("", EID, None)["iccid"], body["iccid"])
        other, _ = self.reserve(GenerateMatchingId="true")
        self.assertEqual(self.orders.find(other["matching_id"], "1" * 32, None)["iccid"], other["iccid"])
        self.assertEqual(len(self.orders.listing()), 2)

    def test_it_says_when_it_is_on_the_card(self):
        body, _ = self.reserve()
        order = self.orders.find("", EID, None)
        for state, status in (("downloaded", "downloaded"), ("released", "downloaded"), ("enabled", "installed"),
                              ("deleted", "installed")):
            self.orders.move(order, state, "a test")
            self.assertEqual(self.client.get(f"{PROFILES}/{body['sid']}").body["status"], status)

    def test_it_gave_up(self):
        body, _ = self.reserve()
        self.orders.move(self.orders.find("", EID, None), "error", "a test")
        body = self.client.get(f"{PROFILES}/{body['sid']}").body
        self.assertEqual((body["status"], body["error_code"]), ("failed", "83502"))

    def test_it_refuses(self):
        self.refusal = "no more profiles"
        sid = self.client.post(PROFILES, Eid=EID).body["sid"]
        body, _ = self.client.until(f"{PROFILES}/{sid}", "failed")
        self.assertIn("no more profiles", body["error_message"])
        self.assertIsInstance(body["error_code"], str)
        self.assertIsNone(body["sim_sid"])


class Sims(Case):
    def setUp(self):
        super().setUp()
        self.sid = self.reserve()[0]["sim_sid"]
        self.url = f"{SIMS}/{self.sid}"

    def activate(self, **form):
        return self.client.post(self.url, **{"Status": "active", "Fleet": "lab-fleet", **form})

    def test_active_is_scheduled_first(self):
        answer = self.activate(CallbackUrl="https://gateway.esimd.test/done")
        self.assertEqual((answer.status, answer.body["status"]), (202, "scheduled"))
        body, seen = self.client.until(self.url, "active")
        self.assertEqual(seen, ["scheduled", "active"])
        self.assertEqual(body["fleet_sid"], self.bench.ask("fleets")["fleets"][0]["sid"])
        self.assertEqual(set(body["links"]), {"billing_periods", "sim_ip_addresses"})
        self.assertEqual(self.activate().status, 200)  # nothing to change

    def test_while_scheduled_nothing_else(self):
        self.activate()
        self.refused(self.client.post(self.url, Fleet="lab-fleet"), 400, 83009)
        self.refused(self.client.post(self.url, Status="inactive"), 400, 83009)
        self.assertEqual(self.client.post(self.url, UniqueName="gateway").status, 200)

    def test_refusals(self):
        self.refused(self.client.post(self.url, Status="active"), 400, 83007)
        self.refused(self.client.post(self.url, Fleet="no-such-fleet"), 400, 83006)
        self.refused(self.client.post(f"{SIMS}/HS{'0' * 32}", Status="active"), 404, 83005)
        self.refused(self.client.get(f"{SIMS}/HS{'0' * 32}"), 404, 20404)
        for form in ({"Status": "on"}, {"Nonsense": "1"}, {"AccountSid": "AC" + "0" * 32}):
            self.refused(self.client.post(self.url, **form), 400, 20001)
        self.activate()
        self.client.until(self.url, "active")
        self.refused(self.client.post(self.url, Status="new"), 400, 83010)
        self.refused(self.client.post(self.url, Fleet=""), 400, 83008)

    def test_by_unique_name(self):
        self.assertEqual(self.client.post(self.url, UniqueName="gateway-7").body["unique_name"], "gateway-7")
        self.assertEqual(self.client.get(f"{SIMS}/gateway-7").body["sid"], self.sid)
        other = self.bench.ask("add_sim", iccid="89883070000000000999")["sid"]
        self.refused(self.client.post(f"{SIMS}/{other}", UniqueName="gateway-7"), 400, 20001)

    def test_list_filters(self):
        iccid = self.client.get(self.url).body["iccid"]
        self.bench.ask("add_sim", iccid="89883070000000000999")
        self.client.post(self.url, Fleet="lab-fleet")
        for query, count in (({}, 2), ({"Iccid": iccid}, 1), ({"Status": "new"}, 2), ({"Status": "active"}, 0),
                             ({"Fleet": "lab-fleet"}, 1), ({"Fleet": "other"}, 0)):
            self.assertEqual(len(self.client.get(SIMS, **query).body["sims"]), count, query)

    def test_claiming_a_card(self):
        self.bench.ask("add_sim", iccid="89883070000000000999", registration_code="ABCDEFGHIJ")
        form = {"Iccid": "89883070000000000999", "RegistrationCode": "ABCDEFGHIJ"}
        self.refused(self.client.post(SIMS, Iccid=form["Iccid"]), 400, 20001)
        self.refused(self.client.post(SIMS, **{**form, "RegistrationCode": "WRONG"}), 400, 83002)
        self.assertEqual(self.client.post(SIMS, **form).status, 201)
        self.refused(self.client.post(SIMS, **form), 400, 83003)


class Fleets(Case):
    def test_the_labs_fleet_is_there(self):
        fleets = self.client.get(FLEETS).body["fleets"]
        self.assertEqual([fleet["unique_name"] for fleet in fleets], ["lab-fleet"])
        self.assertEqual(self.client.get(f"{FLEETS}/lab-fleet").body, fleets[0])
        self.assertRegex(fleets[0]["network_access_profile_sid"], "^HA[0-9a-f]{32}$")

    def test_create_and_update(self):
        self.refused(self.client.post(FLEETS, UniqueName="mine"), 400, 20001)
        self.refused(self.client.post(FLEETS, NetworkAccessProfile="HA" + "0" * 32), 400, 20001)
        answer = self.client.post(FLEETS, NetworkAccessProfile="lab-access", UniqueName="mine", DataLimit=500,
                                  SmsCommandsEnabled="true", IpCommandsUrl="https://esimd.test/")
        self.assertEqual(answer.status, 201)
        body = answer.body
        self.assertEqual((body["data_limit"], body["sms_commands_enabled"], body["ip_commands_url"],
                          body["data_enabled"]), (500, True, "https://esimd.test/", True))
        self.refused(self.client.post(FLEETS, NetworkAccessProfile="lab-access", UniqueName="mine"), 400, 20001)
        self.refused(self.client.post(f"{FLEETS}/mine", DataEnabled="false"), 400, 20001)  # can't be changed
        self.assertEqual(self.client.post(f"{FLEETS}/mine", DataLimit=7, UniqueName="ours").body["data_limit"], 7)
        self.assertEqual(self.client.get(f"{FLEETS}/ours").body["sid"], body["sid"])

    def test_network_access_profiles_and_networks(self):
        networks = self.client.get("/v1/Networks", Mcc="310").body["networks"]
        self.assertEqual([network["iso_country"] for network in networks], ["US"])
        self.assertEqual(self.client.get(f"/v1/Networks/{networks[0]['sid']}").body, networks[0])
        body = self.client.post("/v1/NetworkAccessProfiles", UniqueName="one", Networks=[networks[0]["sid"]]).body
        self.assertRegex(body["sid"], "^HA[0-9a-f]{32}$")
        self.refused(self.client.post("/v1/NetworkAccessProfiles", Networks=["HW" + "0" * 32]), 400, 20001)
        self.client.post(FLEETS, NetworkAccessProfile="one")
        self.assertEqual(len(self.client.get(FLEETS, NetworkAccessProfile=body["sid"]).body["fleets"]), 1)
        self.assertEqual(self.client.get("/v1/NetworkAccessProfiles/one").body, body)


class Control(Case):
    def test_what_was_asked(self):
        self.client.post(PROFILES, Eid=EID)
        sid = self.bench.ask("profiles")["profiles"][0]["sid"]
        self.client.get(f"{PROFILES}/{sid}")
        self.client.get(PROFILES, Eid=EID)
        report = self.bench.ask("requests")
        self.assertEqual(report["counts"], {"POST /v1/ESimProfiles": 1, "GET /v1/ESimProfiles/{Sid}": 1,
                                            "GET /v1/ESimProfiles": 1})
        self.assertEqual([(entry["method"], entry["path"], entry["form"], entry["query"])
                          for entry in report["requests"]],
                         [("POST", PROFILES, {"Eid": EID}, {}), ("GET", f"{PROFILES}/{sid}", {}, {}),
                          ("GET", PROFILES, {}, {"Eid": EID})])
        self.assertEqual(report["connections"], 1)
        self.bench.ask("reset_counters")
        self.assertEqual(self.bench.ask("requests")["counts"], {})

    def test_set_up_from_outside(self):
        fleet = self.bench.ask("add_fleet", unique_name="other")["sid"]
        self.assertEqual(self.client.get(f"{FLEETS}/other").body["sid"], fleet)
        made = self.bench.ask("add_profile", eid=EID)
        self.assertEqual(self.client.get(f"{PROFILES}/{made['sid']}").body["iccid"], made["iccid"])
        self.bench.ask("set_sim", sid=made["sim_sid"], status="active", fleet_sid=fleet)
        self.assertEqual(self.client.get(f"{SIMS}/{made['sim_sid']}").body["status"], "active")
        self.bench.ask("set_profile", sid=made["sid"], status="installed")
        self.assertEqual(self.client.get(f"{PROFILES}/{made['sid']}").body["status"], "installed")
        with self.assertRaises(RuntimeError):
            self.bench.ask("set", reserve_second=1)

    def test_many_at_once(self):
        def work():
            client = self.bench.client()
            for _ in range(5):
                client.post(PROFILES, Eid=EID)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        listed = self.client.get(PROFILES, PageSize=1000).body["esim_profiles"]
        self.assertEqual(len({profile["sid"] for profile in listed}), 40)


class Tls(unittest.TestCase):
    """The program itself, over HTTPS, by name."""

    def test_the_program(self):
        with tempfile.TemporaryDirectory() as lab:
            pki.make(lab + "/pki")
            command = [sys.executable, os.path.join(HERE, "supersim.py"), "--pki", lab + "/pki", "--state",
                       lab + "/state", "--https", "127.0.0.1:0", "--lab-dir", lab]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                try:
                    self.talk(lab, int(re.fullmatch("https ([0-9]+)\n", process.stdout.readline()).group(1)))
                finally:
                    process.terminate()

    def talk(self, lab, port):
        context = ssl.create_default_context(cafile=lab + "/pki/webca.pem")
        client = Client(port, host="supersim.twilio.com")
        client.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10)
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.connection.sock = context.wrap_socket(raw, server_hostname="supersim.twilio.com")
        self.assertEqual([client.get(FLEETS).status for _ in range(2)], [401, 401])
        self.assertEqual(client.request("GET", FLEETS, Host="supersim.api.korewireless.com").status, 401)
        self.assertEqual(client.request("GET", FLEETS, Host="example.org").status, 421)
        with self.assertRaises(ssl.SSLError):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as other:
                ssl.create_default_context().wrap_socket(other, server_hostname="supersim.twilio.com")
        self.assertEqual(ask("supersim", "requests", lab_dir=lab)["handshakes"], 1)
        client.connection.close()


if __name__ == "__main__":
    unittest.main()
