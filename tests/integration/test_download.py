# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Downloads that go wrong in every way known: each has its error and advice, the order its true fate at the server, and
the next download goes well."""

import os
import shutil
import socket
import ssl
import subprocess
import time

import rig
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

KEPT, BURNT = ("released", "downloaded"), ("error",)


class DownloadCase(SharedRigCase):
    """Each test ends with a download that goes well."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.assert_works_on)  # before the card is looked at for open channels

    def fails(self, error, fate=KEPT, seconds=30, **fields):
        """A download of a new order fails with ERROR, and the order's state is one of FATE; returns the job."""
        code, iccid = self.fresh(**fields)
        job = self.assert_failed(self.download(code, seconds), error)
        self.assertIn(self.order_of(iccid)["state"], fate)
        self.assertFalse(self.card("channels")["channels"])
        return job

    def fails_with(self, stand_in, at, how, error, fate=KEPT, order=None, **details):
        """Under the fault HOW at AT of STAND_IN a download fails(); the fault did strike."""
        with self.subTest(at=at, how=how, **details):
            before = getattr(self, stand_in)("counts")["counts"].get(at, 0)
            getattr(self, stand_in)("fault", at=at, how=how, **details)
            job = self.fails(error, fate, **(order or {}))
            self.assertGreater(getattr(self, stand_in)("counts")["counts"].get(at, 0), before)
            return job


class Codes(DownloadCase):
    """Activation codes and addresses."""

    def test_malformed_codes_are_refused_at_once(self):
        jobs = len(self.objects("Job"))
        for code in ("1", "LPA:2$smdp.esimd.test$X", "LPA:1$smdp.esimd.test", "LPA:1$$X", "LPA:1$a b$X", "LPA:1$a/b$X",
                     "LPA:1$smdp.esimd.test$A B", "LPA:1$smdp.esimd.test$X$oid", "LPA:1$smdp.esimd.test$X$1.3$2",
                     "LPA:1$smdp.esimd.test:99999$X", "LPA:1$smdp.esimd.test$" + "X" * 300, "https://smdp.esimd.test"):
            with self.subTest(code=code):
                text = self.refused("InvalidArgument", self.begin_download, code)
                self.assertIn("activation code", text)
        self.assertEqual(len(self.objects("Job")), jobs)

    def test_codes_as_people_paste_them(self):
        for change in (lambda code: f"  {code}\n", lambda code: code.removeprefix("LPA:"),
                       lambda code: code.replace("LPA:", "lpa:").replace("smdp.", "SMDP.")):
            code, _ = self.fresh()
            with self.subTest(code=change(code)):
                self.assert_done(self.download(change(code)))

    def test_a_name_that_does_not_resolve(self):
        self.assert_failed(self.download("LPA:1$nowhere.esimd.test$X"), "NameNotResolved")

    def test_nobody_listens(self):
        self.assert_failed(self.download("LPA:1$smdp.esimd.test:444$X"), "NoNetwork")

    def test_default_smdp(self):
        self.assert_failed(self.download(""), "InvalidArgument")
        self.card("set_addresses", default_dp="smdp.esimd.test")
        self.addCleanup(self.card, "set_addresses")
        self.assert_failed(self.download(""), "ActivationCode")
        _, iccid = self.fresh(eid=self.euicc()[1]["Eid"])
        job = self.assert_done(self.download(""))
        self.assertEqual(job["Result"]["iccid"], iccid)
        self.assertEqual(self.euicc()[1]["DefaultSmdp"], "smdp.esimd.test")


class Tls(DownloadCase):
    """Who is trusted."""

    @classmethod
    def prepare(cls, rig):
        """The system's store knows the web CA of the lab."""
        store = os.path.join(rig.dir, "certs")
        os.mkdir(store)
        for name in ("ca-certificates.crt", "webca.pem"):
            shutil.copy(os.path.join(rig.dir, "pki", "webca.pem"), os.path.join(store, name))
        subprocess.run(["openssl", "rehash", store], check=True)
        subprocess.run(["mount", "--bind", store, "/etc/ssl/certs"], check=True)
        rig.addCleanup(subprocess.run, ["umount", "/etc/ssl/certs"], check=True)

    def serve(self, name):
        self.smdp("use_tls", name=name)
        self.addCleanup(self.smdp, "use_tls", name="dptls")

    def refuses(self, name):
        asked = self.smdp("requests")["requests"].get("initiateAuthentication", 0)
        self.serve(name)
        job = self.fails("Tls")
        self.assertIn("smdp.esimd.test", job["Error"][1])
        self.assertEqual(self.smdp("requests")["requests"].get("initiateAuthentication", 0), asked)
        self.smdp("use_tls", name="dptls")
        return job

    def test_another_ci(self):
        self.refuses("dptls2")

    def test_expired(self):
        self.assertIn("expired", self.refuses("dptls-expired")["Error"][1])

    def test_a_web_ca_that_the_system_trusts(self):
        self.serve("dptls-web")
        context = ssl.create_default_context(capath="/etc/ssl/certs")
        with socket.create_connection(("smdp.esimd.test", 443)) as plain:
            context.wrap_socket(plain, server_hostname="smdp.esimd.test").close()  # so it is a matter of our own trust
        self.refuses("dptls-web")

    def test_broken_handshake(self):
        self.fails_with("smdp", "tls", "reset", "NoNetwork")


class Server(DownloadCase):
    """What servers answer."""

    FUNCTIONS = ("initiateAuthentication", "authenticateClient", "getBoundProfilePackage")

    def at(self, function, how, error, fate=KEPT, **details):
        return self.fails_with("smdp", f"es9.{function}", how, error, fate, **details)

    def test_html(self):
        for function in self.FUNCTIONS:
            self.assertEqual(self.at(function, "html", "ServerFailed")["Error"][4]["http-status"], "500")

    def test_garbage(self):
        for function in self.FUNCTIONS:
            self.at(function, "garbage-json", "ServerRubbish")
            self.at(function, "bad-base64", "ServerRubbish")
            self.at(function, "wrong-transaction", "ServerRubbish")

    def test_reset(self):
        for function in self.FUNCTIONS:
            self.at(function, "reset", "NoNetwork")

    def test_http_status(self):
        self.at("initiateAuthentication", "status", "ServerRubbish", code=404)
        self.at("authenticateClient", "status", "ServerFailed", code=503)

    def test_signatures_and_certificates(self):
        self.at("initiateAuthentication", "bad-signature", "CardRefused")
        self.at("initiateAuthentication", "other-certificate", "WrongCi")
        self.at("initiateAuthentication", "expired-certificate", "Tls")
        self.at("initiateAuthentication", "other-address", "ServerRubbish")
        self.at("authenticateClient", "bad-signature", "CardRefused")
        self.at("authenticateClient", "other-certificate", "WrongCi")

    def test_packages(self):
        package = "getBoundProfilePackage"
        self.at(package, "truncate-bpp", "PackageBroken", BURNT)
        self.at(package, "empty-bpp-parts", "PackageBroken", BURNT)
        self.at(package, "other-metadata", "MetadataChanged", BURNT)
        big = {"size": 4000}
        for how, command in (("bad-signature", "0"), ("drop-segment", "5"), ("flip-mac", "5")):
            job = self.at(package, how, "InstallFailed", BURNT, order=big)
            self.assertEqual(job["Error"][4]["command"], command)

    def test_unknown_refusal_keeps_its_codes(self):
        job = self.at("authenticateClient", "refuse", "ServerRefused", subject="8.99", reason="3.10")
        self.assertEqual(job["Error"][4], {"subject": "8.99", "reason": "3.10"})

    def test_a_stalled_server_and_cancel(self):
        for function, end in (("initiateAuthentication", "ordered"), ("authenticateClient", None),
                              ("getBoundProfilePackage", "cancelled, reason 1: kept")):
            with self.subTest(function=function):
                code, iccid = self.fresh()
                asked = self.smdp("requests")["requests"].get(function, 0)
                self.smdp("fault", at=f"es9.{function}", how="stall", seconds=20)
                path = self.begin_download(code)
                self.until(lambda: self.smdp("requests")["requests"].get(function, 0) > asked, 15, "the server is asked")
                began = time.monotonic()
                self.cancel(path)
                job = self.finish(path)
                self.assert_took(began, 2)
                self.assertEqual((job["State"], job["Error"][0]), ("cancelled", "org.esimd1.Error.Cancelled"))
                order = self.order_of(iccid)
                self.assertIn(order["state"], KEPT)
                if end:
                    self.assertEqual(order["history"][-1]["why"], end)


class Refusals(DownloadCase):
    """What the SM-DP+ refuses by the book."""

    def test_unknown_token(self):
        job = self.assert_failed(self.download("LPA:1$smdp.esimd.test$NO-SUCH-TOKEN"), "ActivationCode")
        self.assertEqual(job["Error"][4], {"subject": "8.2.6", "reason": "3.8"})

    def test_orders_that_cannot_be_had(self):
        for error, fate, fields in (
                ("EidMismatch", KEPT, {"eid": "89049032123451234512345678901235", "matching_id": "OTHER-EID"}),
                ("OrderExpired", BURNT, {"expires_in": -1}), ("NotReleased", ("allocated",), {"released": False}),
                ("NotEligible", KEPT, {"tac": ["99999999"]}), ("CardFull", KEPT, {"size": 600000})):
            with self.subTest(error=error):
                self.fails(error, fate, **fields)

    def test_released_later(self):
        code, iccid = self.fresh(released=False)
        self.assert_failed(self.download(code), "NotReleased")
        self.smdp("release", iccid=iccid)
        self.assert_done(self.download(code))

    def test_confirmation_code(self):
        code, iccid = self.fresh(confirmation_code="1234")
        self.assert_failed(self.download(code, confirmation_code="4321"), "ConfirmationCodeWrong")
        self.assertEqual(self.order_of(iccid)["cc_tries"], 2)
        self.assert_done(self.download(code, confirmation_code="1234"))

    def test_confirmation_code_wrong_too_often(self):
        code, iccid = self.fresh(confirmation_code="1234", cc_tries=1)
        self.assert_failed(self.download(code, confirmation_code="4321"), "OrderExpired")
        self.assertEqual(self.order_of(iccid)["state"], "error")


class Card(DownloadCase):
    """What cards answer."""

    BEFORE = ("es10c.getEid", "es10b.getEuiccInfo1", "es10b.getEuiccChallenge", "es10b.authenticateServer",
              "es10b.prepareDownload")

    def at(self, function, how, error, fate=KEPT, **details):
        return self.fails_with("card", function, how, error, fate, **details)

    def test_rubbish(self):
        for function in self.BEFORE:
            self.at(function, "rubbish", "CardRubbish")

    def test_truncated(self):
        for function in self.BEFORE:
            self.at(function, "truncated", "CardRubbish")

    def test_status_words(self):
        for function in self.BEFORE:
            job = self.at(function, "sw", "CardRefused", sw="6F00")
            self.assertEqual(job["Error"][4]["sw"], "6F00")
        self.at("es10b.prepareDownload", "sw", "CardBusy", sw="9300")

    def test_refusals(self):
        for code, error in ((1, "WrongCi"), (4, "SessionGone"), (127, "CardRefused")):
            self.at("es10b.authenticateServer", "result", error, code=code)
        for code, error in ((1, "WrongCi"), (5, "CardRefused")):
            self.at("es10b.prepareDownload", "result", error, code=code)

    def test_session_lost_before_it_is_prepared(self):
        self.card("fault", at="es10b.prepareDownload", how="result", code=4)
        code, _ = self.fresh()
        self.assert_done(self.download(code))

    def test_no_channel(self):
        self.at("manageChannel", "sw", "Busy", sw="6A81")
        self.at("select", "sw", "NoEuicc", sw="6A82")
        self.assertTrue(self.euiccs())

    def test_while_the_package_is_loaded(self):
        load = "es10b.loadBoundProfilePackage"
        self.at(load, "sw", "CardRefused", BURNT, sw="6985", skip=2)
        self.at(load, "rubbish", "CardRubbish", KEPT, skip=2)
        for code, error, fate in ((8, "InstallFailed", BURNT), (9, "ProfileExists", BURNT), (10, "CardFull", KEPT),
                                  (11, "InstallFailed", KEPT), (15, "PolicyRules", BURNT), (127, "InstallFailed", BURNT)):
            job = self.at(load, "result", error, fate, code=code, skip=3)
            self.assertEqual(job["Error"][4]["reason"], str(code))

    def test_result_lost_though_installed(self):
        """Only the card can tell: it is looked at, and its notification is sent from there."""
        code, _ = self.fresh()
        self.card("reset_counters")
        self.assert_done(self.download(code))
        segments = self.card("apdus")["functions"]["es10b.loadBoundProfilePackage"]
        code, iccid = self.fresh()
        self.card("fault", at="es10b.loadBoundProfilePackage", how="truncated", skip=segments - 1)
        self.assert_failed(self.download(code), "CardRubbish")
        self.assertIn(iccid, self.profiles())
        self.until(lambda: self.order_of(iccid)["state"] == "installed", 15, "the result reaches the server all the same")
        self.until(lambda: not self.card("notifications")["notifications"], 5, "and leaves the card")

    def test_memory_full(self):
        free = self.card("profiles")["free"]
        self.fails("CardFull", size=free + 20000, check_memory=False)
        self.card("fault", at="es10b.loadBoundProfilePackage", how="memory-full")
        self.fails("CardFull")

    def test_iccid_is_there_already(self):
        iccid = "8988307000000077777"
        self.card("add_profile", iccid=iccid)
        code = self.order(iccid=iccid, size=1500)
        self.assert_failed(self.download(code), "ProfileExists")


class Notifications(DownloadCase):
    """The server's confirmation of the result."""

    def test_kept_on_the_card_and_sent_later(self):
        self.smdp("fault", at="es9.handleNotification", how="html", times=50)
        code, iccid = self.fresh()
        self.assert_done(self.download(code))
        self.assertEqual(self.order_of(iccid)["state"], "downloaded")
        self.assertEqual(len(self.card("notifications")["notifications"]), 1)
        self.until(lambda: self.euicc()[1]["PendingNotifications"] == 1, 5, "the bus tells of it")
        self.smdp("clear")
        self.until(self.sent, 20, "it is sent by hand or by itself")
        self.assertEqual(self.order_of(iccid)["state"], "installed")
        self.assertFalse(self.card("notifications")["notifications"])

    def sent(self):
        """Ask to send now; another sending may be under way."""
        job = self.finish(self.start_job(self.euicc()[0], "Euicc", "SendNotifications"))
        return job["State"] == "done"


class Budget(RigCase):
    """What a 17 KB package costs from opening its channel to closing it."""

    def sent(self):
        """Commands from the host for the card so far: MBIM opens with one and closes with one."""
        counts = self.modem("counts")["counts"]
        return sum(counts[point] for point in ("uicc.open", "uicc.apdu", "uicc.close"))

    def cost(self, collect):
        self.modem("set", collect=collect)
        self.start_esimd()
        # the next job, which removes the notification and reads the card, has a channel of its own: hold it back
        self.smdp("fault", at="es9.handleNotification", how="stall", seconds=2)
        code = self.order(size=17000)
        self.card("reset_counters")
        before = self.sent()
        path = self.begin_download(code)
        self.until(lambda: self.job(path)["Step"] == "send-notifications", 20, "the package is loaded")
        self.until(lambda: not self.card("channels")["channels"], 2, "its channel is closed")
        cost, functions = self.sent() - before, self.card("apdus")["functions"]
        self.assert_done(self.finish(path))
        self.assertGreater(functions["es10b.loadBoundProfilePackage"], 15)
        self.assertNotIn("es10b.removeNotificationFromList", functions)
        return cost

    def test_modem_collects(self):
        self.assertLessEqual(self.cost(True), 85)

    def test_host_collects(self):
        self.assertLessEqual(self.cost(False), 100)
