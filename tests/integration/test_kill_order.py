# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""kill -9 around the order of a profile, then a new start: it is never ordered twice."""

import time

import rig
from control import ask
from test_kill import KillCase

setUpModule = rig.enter_lab


class Order(KillCase):
    """Around the order, by EID."""

    def test_looking_up(self):
        self.run_kill(lambda: self.asked("GET /v1/ESimProfiles"), "the reservation is looked up")

    def test_order_sent_no_answer_yet(self):
        """The order arrives, its answer never does."""
        self.supersim("fault", at="esimprofiles.create", how="stall", seconds=5, when="after")
        self.run_kill(lambda: self.supersim("profiles")["profiles"], "the order has arrived")

    def test_order_never_arrived(self):
        self.supersim("fault", at="esimprofiles.create", how="stall", seconds=3, when="before")
        self.run_kill(lambda: self.counted("supersim", "esimprofiles.create"), "the order is on its way")

    def test_order_answered(self):
        ask("supersim", "set", self.dir, reserve_seconds=2)
        self.run_kill(lambda: self.asked("GET /v1/ESimProfiles/{Sid}") or self.supersim("profiles")["profiles"],
                      "the order is answered")

    def test_reserving(self):
        ask("supersim", "set", self.dir, reserve_seconds=3)
        self.start_esimd()
        self.until(lambda: self.supersim("profiles")["profiles"], 20, "the order has arrived")
        time.sleep(0.7)
        self.kill_esimd()
        self.finish_anew()


class OrderByActivationCode(Order):
    """The same by matching ID, where no EID can settle who an order was for."""

    def setUp(self):
        super().setUp()
        self.settings["provision"]["method"] = "matching-id"

    def test_looking_up(self):
        """The list is read right before the order: an intent may be there that no order followed, which only a person can say."""
        self.start_esimd()
        self.kill_when(lambda: self.asked("GET /v1/ESimProfiles"), "what is reserved is listed")
        self.start_esimd()
        self.until(lambda: self.modem("sessions")["active"] or "A person has to say" in self.euicc()[1]["ProvisioningDetail"], 60,
                   "connected, or a person is asked")
        if not self.modem("sessions")["active"]:
            self.assertIn("A person has to say", self.log())
            self.assert_done(self.provision(60, settle="none"))
        self.assert_everything_once()
