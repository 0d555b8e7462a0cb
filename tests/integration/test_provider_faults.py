# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What a provider can do to us while we provision: each ends in a named error with advice, or heals; never a second order."""

import os

import rig
from control import ask
from rig import RigCase

setUpModule = rig.enter_lab


class Reservation(RigCase):
    """Orders and what becomes of them."""

    def fault(self, at, how, **details):
        self.supersim("fault", at=at, how=how, **details)

    def provision_fails(self, error, seconds=60):
        self.start_esimd()
        return self.assert_failed(self.provision(seconds), error)

    def orders(self):
        return len(self.supersim("profiles")["profiles"])

    def works_again(self):
        """What was wrong is mended; the same service goes on to the end."""
        self.supersim("clear")
        self.assert_done(self.provision(60))
        self.assert_everything_once()

    def test_reservation_fails(self):
        self.fault("esimprofiles.create", "reservation-fails", error_code="83501", message="no such luck")
        job = self.provision_fails("ReservationFailed")
        self.assertIn("no such luck", job["Error"][1])
        self.assertEqual(self.orders(), 1)

    def test_fails_after_available(self):
        self.fault("esimprofiles.create", "fails-after-available", seconds=0.2)
        ask("supersim", "set", self.dir, schedule_seconds=3)
        self.assertEqual(self.provision_fails("OutOfStock")["Error"][4]["code"], "83500")

    def test_never_available(self):
        self.settings["provision"]["reservation-timeout"] = "3"
        self.fault("esimprofiles.create", "never-available")
        self.provision_fails("ReservationLate")
        self.assertEqual(self.orders(), 1)

    def test_out_of_stock(self):
        self.fault("esimprofiles.create", "out-of-stock")
        job = self.provision_fails("OutOfStock")
        self.assertEqual(job["Error"][4]["code"], "83500")
        self.works_again()

    def test_wrong_credentials(self):
        self.write_secret(secret="f" * 32)
        self.provision_fails("Credentials")
        self.assertEqual(self.orders(), 0)
        self.write_secret()
        self.call(rig.ROOT, "Manager", "Reload", "(a{sv})", {})
        self.works_again()

    def test_readable_credentials(self):
        """A file that others may read is refused before anything is asked."""
        os.chmod(self.write_secret(), 0o644)
        job = self.provision_fails("Credentials")
        self.assertIn("chmod", job["Error"][1])
        self.assertFalse(self.supersim("requests")["requests"])

    def test_no_such_fleet(self):
        """Known before anything is ordered: an order cannot be taken back."""
        for fleet in ("nowhere", ""):
            with self.subTest(fleet):
                self.settings["provision"]["fleet"] = fleet
                self.provision_fails("NoFleet")
                self.assertEqual(self.orders(), 0)
                self.stop_esimd()

    def test_no_provider(self):
        self.settings["provision"]["provider"] = ""
        self.provision_fails("Settings")

    def test_answer_lost(self):
        """The order was made, its answer lost: found again by EID, not ordered again."""
        self.fault("esimprofiles.create", "reset", when="after")
        self.start_esimd()
        self.assert_done(self.provision(60))
        self.assertEqual(self.orders(), 1)
        self.assert_everything_once()

    def test_order_lost(self):
        """The order never arrived, which looks the same from here: settled by looking."""
        self.fault("esimprofiles.create", "reset", when="before")
        self.start_esimd()
        self.assert_done(self.provision(60))
        self.assert_everything_once()

    def test_server_error_on_order(self):
        self.fault("esimprofiles.create", "status", code=503, when="after")
        self.start_esimd()
        self.assert_done(self.provision(60))
        self.assertEqual(self.orders(), 1)

    def test_rate_limited(self):
        self.fault("esimprofiles.create", "status", code=429, api_code=20429, retry_after=1, times=2)
        self.fault("sims.update", "status", code=429, api_code=20429, times=1)
        self.start_esimd()
        self.assert_done(self.provision(90))
        self.assert_everything_once()

    def test_passing_trouble(self):
        for at in ("esimprofiles.list", "esimprofiles.fetch", "sims.fetch", "sims.update"):
            self.fault(at, "status", code=502)
        self.start_esimd()
        self.assert_done(self.provision(120))
        self.assert_everything_once()

    def test_html(self):
        self.fault("esimprofiles.list", "html", code=200, times=20)
        self.provision_fails("ServerRubbish", 120)
        self.works_again()

    def test_skipped_and_unknown_statuses(self):
        self.fault("esimprofiles.fetch", "unknown-status", status="pondering")
        self.start_esimd()
        self.assert_done(self.provision(60))
        self.assert_everything_once()

    def test_evil_next_page(self):
        """A next page at another origin is not asked for, or the credentials leak."""
        self.fault("esimprofiles.list", "evil-next-page", times=20)
        self.provision_fails("ServerRubbish", 120)

    def test_name_does_not_resolve(self):
        self.settings["provider twilio"]["base-url"] = "https://nowhere.esimd.test"
        self.settings["provision"]["registration-timeout"] = "5"
        self.start_esimd()
        path = self.start_job(self.euicc()[0], "Euicc", "Provision")
        self.until(lambda: self.euicc()[1]["ProvisioningState"] == "wait-network", 30, "it waits for a network")
        self.call(path, "Job", "Cancel", "(a{sv})", {})
        self.assertEqual(self.finish(path)["State"], "cancelled")


class ActivationCode(RigCase):
    """The ambiguous order where there is no EID to look by."""

    def setUp(self):
        super().setUp()
        self.settings["provision"]["method"] = "matching-id"

    def test_answer_lost(self):
        self.supersim("fault", at="esimprofiles.create", how="reset", when="after")
        self.start_esimd()
        self.assert_done(self.provision(60))
        self.assert_everything_once()

    def test_ambiguous(self):
        """Two recent orders could be ours: a person is told, nothing is ordered, and the person's word settles it."""
        self.supersim("fault", at="esimprofiles.create", how="stall", seconds=3, when="after")
        self.start_esimd()
        path = self.start_job(self.euicc()[0], "Euicc", "Provision")
        self.until(lambda: self.supersim("profiles")["profiles"], 20, "the order has arrived")
        self.kill_esimd()
        mine = self.supersim("profiles")["profiles"][0]["sid"]
        self.supersim("add_profile", available=True)
        self.start_esimd()
        job = self.assert_failed(self.provision(60), "ReservationUnsettled")
        self.assertEqual(len(self.supersim("profiles")["profiles"]), 2, path)
        self.assertTrue(job["Error"][2])
        self.assert_done(self.provision(60, settle=mine))
        self.assertEqual(len(self.supersim("profiles")["profiles"]), 2)


class Kore(RigCase):
    """OAuth2."""

    PROVIDER = "kore"

    def test_token_expires(self):
        ask("supersim", "set", self.dir, token_seconds=3)
        self.start_esimd()
        self.assert_done(self.provision(60))
        self.assert_everything_once()

    def test_wrong_credentials(self):
        self.write_secret(secret="nothing")
        self.start_esimd()
        self.assert_failed(self.provision(60), "Credentials")
