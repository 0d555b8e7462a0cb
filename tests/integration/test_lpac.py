# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""An outsider agrees with the lab: Debian's unmodified lpac manages the lab's card by the lab's mbim-proxy and SM-DP+.

The first run fetches its package, so it runs only when ESIMD_OUTSIDERS=1 (tests/run --outsiders).
"""

import os
import shutil
import sys
import tempfile
import unittest

import bed
import lpac
import pki
from control import ask

RUN = os.path.join(bed.HERE, "run")
SERVER = "smdp.esimd.test"
ICCID, OTHER = "8988307000000000019", "8988307000000000027"
CODE = "7358"


def setUpModule():
    if os.environ.get("ESIMD_OUTSIDERS") != "1":
        raise unittest.SkipTest("outsiders are asked by tests/run --outsiders")
    lpac.program()  # while there still is a network
    if "LAB_DIR" not in os.environ:
        os.execv(RUN, [RUN, "--bare", *sys.orig_argv])


class Outsider(unittest.TestCase):
    """A lab with a bare card for each test; lpac leaves no channel open, and the server believes the card."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=os.environ["LAB_DIR"])
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.lab = bed.Lab(self.dir, knobs={"register_seconds": 0.1, "refresh_seconds": 0.1})
        self.addCleanup(self.lab.stop)
        self.lab.start()

    def tearDown(self):
        self.assertEqual(self.card("channels")["channels"], [])
        self.assertEqual(self.smdp("notifications")["rejected"], [])

    def card(self, do, **arguments):
        return ask("euicc", do, self.dir, **arguments)

    def smdp(self, do, **arguments):
        return ask("smdp", do, self.dir, **arguments)

    def lpac(self, *words, segment=None):
        """What a successful lpac tells."""
        answer = lpac.run(*words, segment=segment)
        self.assertEqual((answer.code, answer.message), (0, "success"), answer)
        return answer.data

    def refused(self, *words):
        """(function, reason) with which lpac fails."""
        answer = lpac.run(*words)
        self.assertNotEqual(answer.code, 0, answer)
        return answer.message, answer.data

    def order(self, iccid=ICCID, **fields):
        """The activation code of a new order."""
        order = self.smdp("order", iccid=iccid, **fields)
        mark = "$$1" if "confirmation_code" in fields else ""
        return f"LPA:1${order['address']}${order['matching_id']}{mark}"

    def states(self):
        """ICCID -> the state that the card, lpac and the SM-DP+ see; the server hears of it by notifications only."""
        names = ("disabled", "enabled")
        card = {profile["iccid"]: names[profile["state"]] for profile in self.card("profiles")["profiles"]}
        listed = {profile["iccid"]: profile["profileState"] for profile in self.lpac("profile", "list")}
        self.assertEqual(listed, card)
        return {order["iccid"]: (card.get(order["iccid"]), order["state"]) for order in self.smdp("orders")["orders"]}

    def heard(self):
        """The events that the SM-DP+ was told of, in order."""
        return [(note["event"], note["iccid"]) for note in self.smdp("notifications")["notifications"]]

    def waiting(self):
        """The events that wait on the card to be told, as lpac lists them; the card has no other."""
        listed = [(note["profileManagementOperation"], note["iccid"]) for note in self.lpac("notification", "list")]
        self.assertEqual(len(self.card("notifications")["notifications"]), len(listed))
        return listed

    def test_the_card_s_information(self):
        info = self.lpac("chip", "info")
        self.assertEqual(info["eidValue"], pki.EID)
        self.assertEqual(info["EUICCInfo2"]["svn"], "2.2.2")
        self.assertEqual(info["EUICCInfo2"]["extCardResource"]["freeNonVolatileMemory"], self.card("profiles")["free"])
        self.lpac("chip", "defaultsmdp", SERVER)
        self.assertEqual(self.lpac("chip", "info")["EuiccConfiguredAddresses"]["defaultDpAddress"], SERVER)

    def test_a_profile_s_life(self):
        self.lpac("profile", "download", "-a", self.order())
        self.assertEqual(self.states(), {ICCID: ("disabled", "downloaded")})
        self.lpac("profile", "enable", ICCID)
        self.assertEqual(self.waiting(), [("install", ICCID), ("enable", ICCID)])
        self.lpac("notification", "process", "-a", "-r")
        self.assertEqual(self.heard(), [("install", ICCID), ("enable", ICCID)])
        self.assertEqual(self.states(), {ICCID: ("enabled", "enabled")})
        self.lab.wait(lambda: (ask("modem", "state", self.dir)["profile"] or {}).get("iccid") == ICCID, 5,
                      "the modem sees the enabled profile")
        self.assertEqual(self.refused("profile", "delete", ICCID)[0], "es10c_delete_profile")
        self.lpac("profile", "disable", ICCID)
        self.lpac("profile", "delete", ICCID)
        self.lpac("notification", "process", "-a", "-r")
        self.assertEqual(self.heard()[2:], [("disable", ICCID), ("delete", ICCID)])
        self.assertEqual(self.states(), {ICCID: (None, "deleted")})
        self.assertEqual(self.waiting(), [])

    def test_one_profile_after_the_other(self):
        for iccid in (ICCID, OTHER):
            self.lpac("profile", "download", "-a", self.order(iccid))
        self.lpac("profile", "nickname", OTHER, "the other")
        self.assertEqual([profile["nickname"] for profile in self.card("profiles")["profiles"]], ["", "the other"])
        for iccid in (ICCID, OTHER):
            self.lpac("profile", "enable", iccid)
        self.lpac("notification", "process", "-a", "-r")
        self.assertEqual(self.states(), {ICCID: ("disabled", "disabled"), OTHER: ("enabled", "enabled")})
        self.assertEqual(self.waiting(), [])

    def test_a_notification_removed_unsent(self):
        for iccid in (ICCID, OTHER):
            self.lpac("profile", "download", "-a", self.order(iccid))
        first, second = self.lpac("notification", "list")
        self.assertEqual((second["notificationAddress"], second["iccid"]), (SERVER, OTHER))
        self.lpac("notification", "remove", str(second["seqNumber"]))  # not the first: on its command line 0 is none
        self.assertEqual(self.waiting(), [("install", ICCID)])
        self.lpac("notification", "process", "-r", "-a")
        self.assertEqual((first["iccid"], self.heard()), (ICCID, [("install", ICCID)]))
        self.assertEqual(self.waiting(), [])

    def test_confirmation_code(self):
        code = self.order(confirmation_code=CODE)
        self.assertEqual(self.refused("profile", "download", "-a", code), ("confirmation_code", "required"))
        function, reason = self.refused("profile", "download", "-a", code, "-c", "0000")
        self.assertEqual((function, reason), ("es9p_get_bound_profile_package", "Confirmation Code is refused"))
        self.assertEqual(self.states(), {ICCID: (None, "released")})
        self.lpac("profile", "download", "-a", code, "-c", CODE)
        self.assertEqual(self.states(), {ICCID: ("disabled", "downloaded")})

    def test_it_understands_refusals(self):
        function, reason = self.refused("profile", "download", "-s", SERVER, "-m", "NOT-ORDERED")
        self.assertEqual(function, "es9p_authenticate_client")
        self.assertIn("MatchingID refused", reason)
        self.card("set_memory", memory=1000)
        function, reason = self.refused("profile", "download", "-a", self.order())
        self.assertEqual(function, "es9p_authenticate_client")
        self.assertIn("sufficient space", reason)
        self.assertEqual(self.card("profiles")["profiles"], [])
        self.assertEqual(self.refused("profile", "enable", ICCID)[0], "es10c_enable_profile")

    def test_longer_segments_are_fewer(self):
        costs = []
        for iccid, segment in ((ICCID, None), (OTHER, 255)):
            self.card("reset_counters")
            self.lpac("profile", "download", "-a", self.order(iccid), segment=segment)
            costs.append(self.card("apdus")["count"])
        self.assertLess(costs[1], costs[0] * 0.7)
        self.assertEqual(len(self.card("profiles")["profiles"]), 2)


if __name__ == "__main__":
    unittest.main()
