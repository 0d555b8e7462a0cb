# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Discovery over the bus: what waits for the card at an SM-DS, one that leads to another, and installing it."""

import unittest

import rig
from rig import GLib

rig.enter_lab()


class Discovery(rig.SharedRigCase):
    SMDS = True

    def setUp(self):
        super().setUp()
        self.smds("forget")
        self.eid = self.euicc()[1]["Eid"]

    def discover(self, **options):
        packed = {name.replace("_", "-"): GLib.Variant("b", value) for name, value in options.items()}
        return self.finish(self.start_job(self.euicc()[0], "Euicc", "Discover", "(a{sv})", packed))

    def wait_for_card(self, **fields):
        """A profile that waits; (matching ID, ICCID)."""
        code, iccid = self.fresh(**fields)
        return code.split("$")[2], iccid

    def test_nothing(self):
        result = self.assert_done(self.discover())["Result"]
        self.assertEqual((result["events"], result["addresses"], result["servers"]), (0, [], ["smds.esimd.test"]))

    def test_found_and_no_secret_told(self):
        token, iccid = self.wait_for_card()
        self.smds("event", eid=self.eid, address="smdp.esimd.test", event_id=token)
        self.smds("event", eid="89049032000000000000000000000053", address="smdp.esimd.test", event_id="NOT-OURS")
        job = self.assert_done(self.discover())
        self.assertEqual((job["Result"]["events"], job["Result"]["addresses"]), (1, ["smdp.esimd.test"]))
        self.assertNotIn(token, str(self.objects("Job")))
        self.assertNotIn(iccid, self.profiles())

    def test_installed(self):
        token, iccid = self.wait_for_card()
        self.smds("event", eid=self.eid, address="smdp.esimd.test", event_id=token)
        job = self.assert_done(self.discover(download=True))
        self.assertEqual(job["Result"]["iccids"], [iccid])
        self.assertIn(iccid, self.profiles())

    def test_by_way_of_another(self):
        token, iccid = self.wait_for_card()
        self.smds("event", eid=self.eid, address="SMDS2.esimd.test", event_id="CASCADE")
        self.smds("event", eid=self.eid, address="smdp.esimd.test", event_id="CASCADE", at="smds2.esimd.test", next_id=token)
        job = self.assert_done(self.discover(download=True))
        self.assertEqual((job["Result"]["addresses"], job["Result"]["iccids"]), (["smdp.esimd.test"], [iccid]))

    def test_one_fails_the_other_is_installed(self):
        token, iccid = self.wait_for_card()
        self.smds("event", eid=self.eid, address="smdp.esimd.test", event_id="USED-UP")
        self.smds("event", eid=self.eid, address="smdp.esimd.test", event_id=token)
        job = self.assert_failed(self.discover(download=True), "ActivationCode")
        self.assertEqual(job["Result"]["iccids"], [iccid])

    def test_both_of_gsma_where_the_card_names_none(self):
        self.card("set_addresses", root_ds="")
        self.addCleanup(self.card, "set_addresses", root_ds="smds.esimd.test")
        token, iccid = self.wait_for_card()
        self.smds("event", eid=self.eid, address="smdp.esimd.test", event_id=token, at="lpa.live.esimdiscovery.com")
        job = self.assert_done(self.discover(download=True))
        self.assertEqual((job["Result"]["servers"], job["Result"]["iccids"]), (["lpa.ds.gsma.com", "lpa.live.esimdiscovery.com"], [iccid]))

    def test_wrong_servers(self):
        """Each is refused before the card's EID leaves it, and the next discovery works."""
        for how, error in (("other-certificate", "ServerRefused"), ("expired-certificate", "Tls"), ("other-address", "ServerRubbish"),
                           ("bad-signature", "CardRefused"), ("html", "ServerFailed"), ("bad-base64", "ServerRubbish")):
            with self.subTest(how):
                self.smds("fault", at="es11.initiateAuthentication", how=how)
                self.smds("reset_counters")
                self.assert_failed(self.discover(), error)
                self.assertNotIn("authenticateClient", self.smds("requests")["requests"] if how != "bad-signature" else {})
        self.assert_done(self.discover())

    def test_cancelled(self):
        self.smds("fault", at="es11.initiateAuthentication", how="stall", seconds=5)
        path = self.start_job(self.euicc()[0], "Euicc", "Discover")
        self.until(lambda: self.job(path)["Step"] == "discover", 10, "the server is asked")
        self.cancel(path)
        self.assertEqual(self.finish(path, 3)["State"], "cancelled")


class Setting(rig.SharedRigCase):
    """[lpa] smds= goes before what the card names; one that does not answer keeps the other from nothing."""

    SMDS = True
    SETTINGS = {"lpa": {"smds": "nowhere.esimd.test,smds2.esimd.test"}}

    def test_its_servers_are_asked(self):
        self.smds("event", eid=self.euicc()[1]["Eid"], address="smdp.esimd.test", event_id="A", at="smds2.esimd.test")
        self.smds("event", eid=self.euicc()[1]["Eid"], address="smdp.esimd.test", event_id="B", at="smds.esimd.test")
        job = self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Discover")))
        self.assertEqual((job["Result"]["events"], job["Result"]["servers"]), (1, ["smds2.esimd.test"]))


if __name__ == "__main__":
    unittest.main()
