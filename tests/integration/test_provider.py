# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""org.esimd1.Provider through the bus: orders for no card in hand, once and only once; lists; Fleets; secrets kept."""

import time
import unittest

from gi.repository import GLib

import rig
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

PATH = "/org/esimd1/Provider/twilio"
EID = "89049032123451234512345678901235"


def pack(options):
    return {name.replace("_", "-"): GLib.Variant("b" if isinstance(value, bool) else "s", value)
            for name, value in options.items()}


class Asks:
    """What both kinds of cases ask."""

    def begin(self, method, **options):
        return self.start_job(PATH, "Provider", method, "(a{sv})", pack(options))

    def ask(self, method, **options):
        return self.finish(self.begin(method, **options))

    def reserve(self, **options):
        return self.ask("Reserve", **options)

    def code(self, sid):
        return self.call(PATH, "Provider", "GetActivationCode", "(sa{sv})", sid, {})[0]

    def orders(self):
        return self.supersim("profiles")["profiles"]

    def listed(self, method, key, **options):
        return self.assert_done(self.ask(method, **options))["Result"][key]


class Orders(Asks, RigCase):
    def start_esimd(self, **changes):
        self.settings["provision"].update({name.replace("_", "-"): value for name, value in changes.items()})
        super().start_esimd()

    def test_from_an_order_to_a_card(self):
        self.start_esimd()
        job = self.assert_done(self.reserve())
        self.assertEqual(job["Kind"], "reserve")
        self.assertTrue(job["Result"]["ordered"])
        (order,) = self.orders()
        self.assertEqual([job["Result"][key] for key in ("reservation", "sim", "iccid")],
                         [order["sid"], order["sim_sid"], order["iccid"]])
        (sim,) = self.supersim("sims")["sims"]
        self.assertEqual((sim["status"], sim["fleet_sid"]), ("active", self.supersim("fleets")["fleets"][0]["sid"]))
        code = self.code(order["sid"])
        self.assertEqual(code, f"LPA:1$smdp.esimd.test${order['matching_id']}")
        self.assertNotIn(order["matching_id"], str(self.objects("Job")) + str(self.objects("Provider")))
        self.assertNotIn(order["matching_id"], self.log())
        self.assertEqual(self.assert_done(self.download(code))["Result"]["iccid"], order["iccid"])
        self.assertIn(order["iccid"], self.profiles())

    def test_a_card_gets_one_however_often_it_is_asked_for(self):
        self.start_esimd()
        first, second = self.assert_done(self.reserve(eid=EID)), self.assert_done(self.reserve(eid=EID))
        self.assertEqual([job["Result"]["ordered"] for job in (first, second)], [True, False])
        self.assertEqual(first["Result"]["reservation"], second["Result"]["reservation"])
        (order,) = self.orders()
        self.assertEqual(order["eid"], EID)
        self.assertIn("without a code", self.refused("NotFound", self.code, order["sid"]))

    def test_several_at_once_are_several(self):
        self.start_esimd()
        paths = [self.begin("Reserve") for _ in range(3)]
        sids = {self.assert_done(self.finish(path))["Result"]["reservation"] for path in paths}
        self.assertEqual(sids, {order["sid"] for order in self.orders()})
        self.assertEqual(len(sids), 3)

    def test_an_answer_that_is_lost_is_looked_for(self):
        self.start_esimd()
        for how in ("reset", "status", "truncate"):
            with self.subTest(how=how):
                before = len(self.orders())
                self.supersim("fault", at="esimprofiles.create", how=how, **({"when": "after"} if how != "truncate" else {}),
                              **({"code": 502} if how == "status" else {}))
                job = self.assert_done(self.reserve())
                self.assertEqual(len(self.orders()), before + 1)
                self.assertIn(job["Result"]["reservation"], [order["sid"] for order in self.orders()])

    def kill_within_the_order(self, **options):
        """The order reaches the provider, its answer is stalled, and there is no esimd any more."""
        self.start_esimd()
        self.supersim("fault", at="esimprofiles.create", how="stall", when="after", seconds=30)
        self.begin("Reserve", **options)
        self.until(lambda: len(self.orders()) == 1, 10, "the order is made")
        self.kill_esimd()
        self.clear_faults()
        super().start_esimd()

    def test_killed_between_order_and_answer(self):
        self.kill_within_the_order()
        job = self.assert_done(self.reserve())
        (order,) = self.orders()
        self.assertEqual(job["Result"]["reservation"], order["sid"])
        self.assertTrue(self.assert_done(self.reserve())["Result"]["ordered"])
        self.assertEqual(len(self.orders()), 2)

    def test_killed_by_eid(self):
        self.kill_within_the_order(eid=EID)
        self.assert_done(self.reserve(eid=EID))
        self.assertEqual(len(self.orders()), 1)

    def test_killed_while_waiting(self):
        self.start_esimd()
        self.supersim("set", reserve_seconds=3)
        path = self.begin("Reserve")
        self.until(lambda: self.job(path)["Step"] == "wait-reservation", 10, "it is ordered")
        self.kill_esimd()
        super().start_esimd()
        self.assertFalse(self.assert_done(self.reserve())["Result"]["ordered"])
        self.assertEqual(len(self.orders()), 1)

    def test_what_looking_can_not_tell_is_told(self):
        self.kill_within_the_order()
        stranger = self.supersim("add_profile")["sid"]
        self.assert_failed(self.reserve(), "ReservationUnsettled")
        self.assertEqual(len(self.orders()), 2)
        (mine,) = {order["sid"] for order in self.orders()} - {stranger}
        job = self.assert_done(self.reserve(settle=mine))
        self.assertEqual((job["Result"]["reservation"], job["Result"]["ordered"]), (mine, False))
        self.assertEqual(len(self.orders()), 2)
        self.assertTrue(self.assert_done(self.reserve())["Result"]["ordered"])
        self.assertEqual(len(self.orders()), 3)

    def test_settled_as_not_made(self):
        self.kill_within_the_order()
        self.assertTrue(self.assert_done(self.reserve(settle="none"))["Result"]["ordered"])
        self.assertEqual(len(self.orders()), 2)

    def test_order_only(self):
        self.supersim("set", reserve_seconds=3)  # not available before it is asked for
        self.start_esimd()
        job = self.assert_done(self.reserve(wait=False))
        self.assertNotIn("sim", job["Result"])
        sid = job["Result"]["reservation"]
        self.assertIn(" is ", self.refused("NotFound", self.code, sid))
        job = self.assert_done(self.reserve(settle=sid, fleet=rig.FLEET))
        self.assertFalse(job["Result"]["ordered"])
        self.assertEqual(len(self.orders()), 1)
        self.assertTrue(self.code(sid))

    def test_late_and_cancelled_ones_are_gone_on_with(self):
        self.start_esimd(reservation_timeout="2")
        self.supersim("fault", at="esimprofiles.create", how="never-available")
        late = self.assert_failed(self.reserve(), "ReservationLate")
        path = self.begin("Reserve")
        self.until(lambda: self.job(path)["Step"] == "wait-reservation", 10, "it waits")
        self.cancel(path)
        job = self.finish(path)
        self.assertEqual(job["State"], "cancelled")
        self.assertEqual(job["Result"]["reservation"], late["Result"]["reservation"])
        self.assertEqual(len(self.orders()), 1)

    def test_refusals(self):
        self.start_esimd()
        for how, error in (("out-of-stock", "OutOfStock"), ("reservation-fails", "OutOfStock")):
            with self.subTest(how=how):
                self.supersim("fault", at="esimprofiles.create", how=how)
                self.assert_failed(self.reserve(), error)
        self.supersim("fault", at="esimprofiles.create", how="reservation-fails", error_code="83501", message="No luck")
        job = self.assert_failed(self.reserve(), "ReservationFailed")
        self.assertIn("No luck", job["Error"][1])
        self.assert_failed(self.reserve(fleet="no-such-fleet"), "NoFleet")

    def test_passing_trouble_is_waited_out(self):
        self.start_esimd()
        self.supersim("fault", at="esimprofiles.create", how="status", code=429, api_code=20429, retry_after=1)
        self.supersim("fault", at="esimprofiles.fetch", how="status", code=503)
        self.supersim("fault", at="sims.update", how="reset", when="after")
        self.assert_done(self.reserve())
        self.assertEqual(len(self.orders()), 1)

    def test_wrong_credentials(self):
        self.write_secret(secret="wrong")
        self.settings["provider twilio"]["credentials"] = self.write_secret(secret="wrong")
        self.start_esimd()
        self.assertEqual(self.objects("Provider")[PATH]["State"], "ready")
        for method in ("Reserve", "ListReservations", "ListSims", "ListFleets"):
            self.assert_failed(self.ask(method), "Credentials")
        self.refused("Credentials", self.code, "HP" + "0" * 32)

    def test_reload(self):
        self.settings["provider twilio"]["credentials"] = f"{self.dir}/missing"
        self.start_esimd()
        shown = self.objects("Provider")[PATH]
        self.assertEqual((shown["Name"], shown["State"]), ("twilio", "no-credentials"))
        self.assertIn("missing", shown["Problem"])
        self.refused("Credentials", self.begin, "Reserve")
        self.settings["provider twilio"]["credentials"] = self.write_secret()
        self.settings["provider other_1"] = dict(self.settings["provider twilio"])
        self.write_config()
        self.call(rig.ROOT, "Manager", "Reload", "(a{sv})", {})
        shown = self.objects("Provider")
        self.assertEqual(sorted(shown), ["/org/esimd1/Provider/other_1", PATH])
        self.assertEqual((shown[PATH]["State"], shown[PATH]["Problem"]), ("ready", ""))
        del self.settings["provider other_1"]
        self.write_config()
        self.call(rig.ROOT, "Manager", "Reload", "(a{sv})", {})
        self.assertEqual(list(self.objects("Provider")), [PATH])

    def test_stops_while_an_order_waits(self):
        self.start_esimd()
        self.supersim("fault", at="esimprofiles.create", how="never-available")
        path = self.begin("Reserve")
        self.until(lambda: self.job(path)["Step"] == "wait-reservation", 10, "it waits")
        started = time.monotonic()
        self.assertEqual(self.stop_esimd(), 0)
        self.assert_took(started, 8)


class Account(Asks, SharedRigCase):
    """Lists, Fleets and what is refused at once."""

    def test_reservations(self):
        by_eid, by_id = self.supersim("add_profile", eid=EID), self.supersim("add_profile")
        found = {one["sid"]: one for one in self.listed("ListReservations", "reservations")}
        self.assertLessEqual({by_eid["sid"], by_id["sid"]}, set(found))
        self.assertEqual((found[by_eid["sid"]]["eid"], found[by_eid["sid"]]["status"]), (EID, "available"))
        self.assertNotIn(by_id["matching_id"], str(found))
        self.assertEqual({one["eid"] for one in self.listed("ListReservations", "reservations", eid=EID)}, {EID})
        (one,) = self.listed("ListReservations", "reservations", sid=by_id["sid"])
        self.assertEqual((one["iccid"], one["sim"]), (by_id["iccid"], by_id["sim_sid"]))
        self.assertLess(abs(one["created"] - time.time()), 60)

    def test_sims(self):
        sids = {self.supersim("add_sim", iccid=f"89883070000001{number:05}")["sid"] for number in range(60)}
        self.assertLessEqual(sids, {one["sid"] for one in self.listed("ListSims", "sims")})
        sid = sids.pop()
        (one,) = self.listed("ListSims", "sims", sid=sid)
        self.assertEqual((one["sid"], one["status"], one["fleet"]), (sid, "new", ""))

    def test_fleets(self):
        (made,) = self.assert_done(self.finish(self.start_job(
            PATH, "Provider", "CreateFleet", "(ssa{sv})", "süd", "lab-access", {})))["Result"]["fleets"]
        self.assertEqual((made["unique-name"], made["network-access-profile"][:2]), ("süd", "HA"))
        self.assertIn(made, self.listed("ListFleets", "fleets"))
        self.assertEqual(self.listed("ListFleets", "fleets", sid=made["sid"]), [made])
        for name, access in (("süd", "lab-access"), ("nord", "no-such")):
            self.assert_failed(self.finish(self.start_job(PATH, "Provider", "CreateFleet", "(ssa{sv})", name, access, {})),
                               "ProviderRefused")

    def test_nothing_of_that_sid(self):
        for method, prefix in (("ListReservations", "HP"), ("ListSims", "HS"), ("ListFleets", "HF")):
            self.assert_failed(self.ask(method, sid=prefix + "0" * 32), "NotFound")
        self.refused("NotFound", self.code, "HP" + "0" * 32)

    def test_refused_at_once(self):
        orders, jobs = len(self.orders()), len(self.objects("Job"))
        for eid in ("", "8904", EID[:-1] + "6", EID + "0", EID[:-1] + "x", "0" * 32):
            self.assertIn("digits", self.refused("EidInvalid", lambda eid=eid: self.begin("Reserve", eid=eid)))
        for options in ({"settle": "HP"}, {"callback_method": "PUT"}, {"callback_url": "ftp://a"}, {"nonsense": "a"}, {"wait": "a"}):
            self.refused("InvalidArgument", lambda options=options: self.begin("Reserve", **options))
        for sid in ("HS" + "0" * 32, "HP/../../Sims", "HP" + "0" * 31 + "/"):
            self.refused("InvalidArgument", lambda sid=sid: self.begin("ListReservations", sid=sid))
            self.refused("InvalidArgument", self.code, sid)
        self.refused("InvalidArgument", lambda: self.start_job(PATH, "Provider", "CreateFleet", "(ssa{sv})", "", "HA", {}))
        self.assertEqual((len(self.orders()), len(self.objects("Job"))), (orders, jobs))


if __name__ == "__main__":
    unittest.main()
