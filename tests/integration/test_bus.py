# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Jobs and calls as clients see them: turns and positions, questions and answers, who may what, options, Reload, SIGTERM."""

import os
import subprocess
import time

from gi.repository import GLib

import rig
from rig import NAME, ROOT, RigCase, SharedRigCase

setUpModule = rig.enter_lab

NOBODY = 65534


class Look(SharedRigCase):
    """What is offered comes first where somebody asks for it, though nothing has to be agreed to."""

    def look(self):
        code, iccid = self.fresh()
        path = self.begin_download(code, look=True)
        return path, iccid, self.state(path, "waiting-for-consent")["Question"]

    def test_yes(self):
        path, iccid, question = self.look()
        self.assertEqual((question["iccid"], question["profile-name"], question["install"]), (iccid, "Lab profile", True))
        self.assertTrue(bytes(question["icon"]).startswith(b"\x89PNG"), question)
        self.assertEqual(question["icon-type"], "image/png")
        self.assertNotIn(iccid, self.profiles())
        self.refused("InvalidArgument", lambda: self.answer(path))
        self.answer(path, install=True)
        self.assertEqual(self.assert_done(self.finish(path))["Result"]["iccid"], iccid)

    def test_no(self):
        path, iccid, _ = self.look()
        self.answer(path, install=False)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assertEqual(self.order_of(iccid)["history"][-1]["why"], "cancelled, reason 1: kept", "only \"refuse\" rejects it")


class Consent(SharedRigCase):
    """A confirmation code that is asked for."""

    def asked(self, **fields):
        """(job, ICCID) of a download that waits for its confirmation code."""
        code, iccid = self.fresh(confirmation_code="1234", **fields)
        path = self.begin_download(code)
        question = self.state(path, "waiting-for-consent")["Question"]
        self.assertEqual((question["confirmation-code"], question["iccid"]), (True, iccid))
        self.assertEqual(question["profile-name"], "Lab profile")
        return path, iccid

    def last(self, iccid):
        return self.order_of(iccid)["history"][-1]["why"]

    def test_answered(self):
        path, iccid = self.asked()
        self.assertFalse(self.card("channels")["channels"])  # nothing is held while a person thinks
        self.answer(path, confirmation_code="1234")
        self.assertEqual(self.assert_done(self.finish(path))["Result"]["iccid"], iccid)

    def test_answered_wrongly(self):
        path, iccid = self.asked()
        self.answer(path, confirmation_code="9999")
        self.assert_failed(self.finish(path), "ConfirmationCodeWrong")
        self.assertEqual(self.order_of(iccid)["cc_tries"], 2)
        self.assert_works_on()

    def test_refused(self):
        path, iccid = self.asked()
        self.answer(path, refuse=True)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assertEqual(self.last(iccid), "cancelled, reason 0")
        self.assert_works_on()

    def test_postponed(self):
        path, iccid = self.asked()
        self.answer(path, postpone=True)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assertEqual(self.last(iccid), "cancelled, reason 1: kept")

    def test_cancelled(self):
        path, iccid = self.asked()
        self.cancel(path)
        self.assertEqual(self.finish(path, 3)["State"], "cancelled")
        self.assertEqual(self.last(iccid), "cancelled, reason 1: kept")
        self.refused("InvalidArgument", lambda: self.answer(path, confirmation_code="1234"))

    def test_answer_after_cancel_comes_too_late(self):
        """While the cancelled session is being ended, an answer changes nothing."""
        path, _ = self.asked()
        self.smdp("fault", at="es9.cancelSession", how="stall", seconds=1)
        self.cancel(path)
        self.answer(path, confirmation_code="1234")
        self.assertEqual(self.finish(path, 8)["State"], "cancelled")
        self.assert_works_on()

    def test_bad_answers(self):
        path, _ = self.asked()
        self.refused("InvalidArgument", lambda: self.answer(path, confirmation_code=True))
        self.refused("InvalidArgument", lambda: self.answer(path, code="1234"))
        self.assertEqual(self.job(path)["State"], "waiting-for-consent")
        self.answer(path, confirmation_code="1234")
        self.assert_done(self.finish(path))

    def test_card_lost_the_session_meanwhile(self):
        """Begun anew, since the server still offers the same profile."""
        path, iccid = self.asked()
        self.card("reset")
        self.answer(path, confirmation_code="1234")
        self.assert_done(self.finish(path))
        self.assertIn(iccid, self.profiles())

    def test_the_next_download_waits_its_turn(self):
        first, _ = self.asked()
        code, _ = self.fresh()
        second, third = self.begin_download(code), self.begin_download(self.fresh()[0])
        refresh = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.assert_done(self.finish(refresh))  # the card is free for all else
        self.assertEqual([self.job(path)["State"] for path in (first, second, third)],
                         ["waiting-for-consent", "queued", "queued"])
        self.assertEqual([self.job(path)["Position"] for path in (second, third)], [1, 2])
        self.cancel(second)
        self.assertEqual(self.finish(second, 1)["State"], "cancelled")
        self.until(lambda: self.job(third)["Position"] == 1, 2, "the third moves up")
        self.answer(first, confirmation_code="1234")
        self.assert_done(self.finish(first))
        self.assert_done(self.finish(third))


class Jobs(SharedRigCase):
    """Queues and rights."""

    def call_as(self, user, path, interface, method, *words):
        """busctl's (status, output) when USER calls METHOD."""
        address = self.lab.environment["DBUS_SYSTEM_BUS_ADDRESS"]
        call = subprocess.run(["setpriv", f"--reuid={user}", "--clear-groups", "busctl", f"--address={address}", "call",
                               NAME, path, f"{NAME}.{interface}", method, *words], capture_output=True, text=True)
        return call.returncode, call.stdout + call.stderr

    def test_positions_and_cancel_of_a_queued_job(self):
        self.smdp("fault", at="es9.initiateAuthentication", how="stall", seconds=2)
        running = self.begin_download(self.fresh()[0])
        self.state(running, "running")
        queued = [self.start_job(self.euicc()[0], "Euicc", "Refresh") for _ in range(3)]
        self.assertEqual([self.job(path)["Position"] for path in queued], [1, 2, 3])
        self.assertEqual({self.job(path)["State"] for path in queued}, {"queued"})
        self.assertEqual(self.euicc()[1]["Job"], running)
        began = time.monotonic()
        self.cancel(queued[1])
        self.assertEqual(self.finish(queued[1])["State"], "cancelled")
        self.assert_took(began, 1)
        self.assertEqual(self.job(queued[2])["Position"], 2)
        for path in (running, queued[0], queued[2]):
            self.assert_done(self.finish(path))
        self.assertEqual(self.euicc()[1]["Job"], "/")

    def test_a_job_outlives_its_caller(self):
        """busctl is gone once it has its answer."""
        code, iccid = self.fresh()
        status, output = self.call_as(0, self.euicc()[0], "Euicc", "Download", "sa{sv}", code, "0")
        self.assertEqual(status, 0, output)
        path = output.split('"')[1]
        job = self.assert_done(self.finish(path))
        self.assertEqual(job["Kind"], "download")
        self.assertEqual(job["Result"]["iccid"], iccid)
        self.settle(1)
        self.assertIn(path, self.objects("Job"))
        self.assertGreater(job["Result"]["cost"]["apdus"], 20)
        self.assertEqual(job["Result"]["cost"]["tls-handshakes"], 1)
        self.assertEqual(job["BytesDone"], job["BytesTotal"])

    def test_cancel_of_an_ended_job_changes_nothing(self):
        path = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.assert_done(self.finish(path))
        self.cancel(path)
        self.assertEqual(self.job(path)["State"], "done")

    def test_another_user(self):
        self.lab.call("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.DBus.Mock",
                      "AllowUnknown", GLib.Variant("(b)", (False,)))
        self.addCleanup(self.lab.call, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                        "org.freedesktop.DBus.Mock", "AllowUnknown", GLib.Variant("(b)", (True,)))
        self.smdp("fault", at="es9.initiateAuthentication", how="stall", seconds=2)
        path = self.begin_download(self.fresh()[0])
        euicc, profiles = self.euicc()[0], self.profiles()
        calls = [(path, "Job", "Cancel", "a{sv}", "0"), (path, "Job", "Answer", "a{sv}a{sv}", "0", "0"),
                 (ROOT, "Manager", "Reload", "a{sv}", "0"), (ROOT, "Manager", "Rescan", "a{sv}", "0"),
                 (euicc, "Euicc", "Download", "sa{sv}", "", "0")]
        calls += [(euicc, "Euicc", method, "a{sv}", "0") for method in ("Refresh", "SendNotifications", "Provision")]
        if profiles:
            profile = next(iter(profiles.values()))[0]
            calls += [(profile, "Profile", method, "a{sv}", "0") for method in ("Enable", "Disable", "Delete")]
        for call in calls:
            with self.subTest(method=call[2]):
                status, output = self.call_as(NOBODY, *call)
                self.assertNotEqual(status, 0)
                self.assertIn("is not allowed", output)
        self.assert_done(self.finish(path))

    def test_unknown_options(self):
        self.assert_works_on()
        bad = {"hurry": GLib.Variant("b", True)}
        euicc, profile = self.euicc()[0], next(iter(self.profiles().values()))[0]
        job = self.start_job(euicc, "Euicc", "Refresh")
        self.finish(job)
        state = self.euicc()[1]["ProvisioningState"]
        calls = [(ROOT, "Manager", "Rescan"), (ROOT, "Manager", "Reload"), (job, "Job", "Cancel")]
        calls += [(euicc, "Euicc", method) for method in ("Provision", "Refresh", "SendNotifications")]
        calls += [(profile, "Profile", method) for method in ("Enable", "Disable", "Delete")]
        for call in calls:
            with self.subTest(method=call[2]):
                self.assertIn("hurry", self.refused("InvalidArgument", self.call, *call, "(a{sv})", bad))
        self.refused("InvalidArgument", self.call, euicc, "Euicc", "Download", "(sa{sv})", "LPA:1$a.b$c", bad)
        self.refused("InvalidArgument", self.call, profile, "Profile", "SetNickname", "(sa{sv})", "x", bad)
        wrong = {"accept-rules": GLib.Variant("s", "yes")}
        self.refused("InvalidArgument", self.call, euicc, "Euicc", "Download", "(sa{sv})", "LPA:1$a.b$c", wrong)
        self.assertEqual(self.euicc()[1]["ProvisioningState"], state)

    def test_reload(self):
        path = os.path.join(self.dir, "esimd.conf")
        with open(path, encoding="utf-8") as file:
            good = file.read()
        self.addCleanup(self.reload, path, good)
        text = self.refused("Settings", self.reload, path, good + "[data]\nno-such-key=1\n")
        self.assertIn(path, text)
        self.assertIn(str(len(good.splitlines()) + 2), text)
        self.assertEqual(self.call_providers(), ["twilio"])
        self.assert_works_on()  # the old settings are in force, ci-file among them
        self.reload(path, good.replace("provider=twilio", "").replace("[provider twilio]", "[provider other]"))
        self.assertEqual(self.call_providers(), ["other"])

    def reload(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.call(ROOT, "Manager", "Reload", "(a{sv})", {})

    def call_providers(self):
        return self.lab.call(NAME, ROOT, "org.freedesktop.DBus.Properties", "Get",
                             GLib.Variant("(ss)", (f"{NAME}.Manager", "Providers")))[0]


class Reload(RigCase):
    """New settings while something runs."""

    def test_a_run_that_is_no_longer_wanted(self):
        self.start_esimd()
        self.supersim("set", reserve_seconds=60)
        path = self.start_job(self.euicc()[0], "Euicc", "Provision")
        self.until(lambda: self.job(path)["Step"] == "wait-reservation", 15, "it waits")
        self.settings["provision"]["mode"] = "never"
        self.write_config()
        self.call(ROOT, "Manager", "Reload", "(a{sv})", {})
        self.assertEqual(self.finish(path, 5)["State"], "cancelled")


class Sigterm(RigCase):
    """An orderly end at a bad moment, and a good start after it."""

    def ends_and_starts_again(self, iccid, kept):
        began = time.monotonic()
        self.assertEqual(self.stop_esimd(), 0)
        self.assert_took(began, 10)
        self.assertFalse(self.card("channels")["channels"])
        self.assert_log_is_clean()
        self.smdp("clear")
        order = [order for order in self.smdp("orders")["orders"] if order["iccid"] == iccid][0]
        self.assertIn(order["state"], kept)
        self.start_esimd()
        return order

    def test_while_the_server_is_slow(self):
        self.start_esimd()
        iccid = "8988307000000000301"
        code = self.order(iccid=iccid, size=1500)
        self.smdp("fault", at="es9.getBoundProfilePackage", how="stall", seconds=30)
        self.begin_download(code)
        self.until(lambda: self.smdp("requests")["requests"].get("getBoundProfilePackage"), 10, "the package is asked for")
        self.ends_and_starts_again(iccid, ("released",))
        self.assert_done(self.download(code))

    def test_between_two_steps_of_provisioning(self):
        """Nothing is on a queue then; who waits still hears how it ended."""
        self.supersim("set", reserve_seconds=30)
        self.start_esimd()
        path = self.start_job(self.euicc()[0], "Euicc", "Provision")
        self.until(lambda: self.job(path)["Step"] == "wait-reservation", 10, "it waits")
        told = []
        self.lab.bus.signal_subscribe(None, "org.freedesktop.DBus.Properties", "PropertiesChanged", path, None, 0,
                                      lambda *signal: told.append(signal[5][1].get("State")))
        self.assertEqual(self.stop_esimd(), 0)

        def heard():
            while GLib.MainContext.default().iteration(False):
                pass
            return "cancelled" in told

        self.until(heard, 2, "its end is told")

    def test_what_a_person_asked_for_goes_on(self):
        """As after kill -9, though the settings say on-request; only a client's Cancel ends it for good."""
        self.supersim("set", reserve_seconds=6)
        self.start_esimd()
        path = self.start_job(self.euicc()[0], "Euicc", "Provision")
        self.until(lambda: self.job(path)["Step"] == "wait-reservation", 10, "it waits")
        self.assertEqual(self.stop_esimd(), 0)
        self.start_esimd()
        self.until(lambda: self.modem("sessions")["active"], 60, "connected without another word")
        self.assert_everything_once()

    def test_while_a_person_is_asked(self):
        self.start_esimd()
        iccid = "8988307000000000302"
        code = self.order(iccid=iccid, size=1500, confirmation_code="1")
        self.state(self.begin_download(code), "waiting-for-consent")
        order = self.ends_and_starts_again(iccid, ("released",))
        self.assertEqual(order["history"][-1]["why"], "cancelled, reason 1: kept")
        self.assert_done(self.download(code, confirmation_code="1"))

    def test_while_the_package_is_loaded(self):
        """It is completed: the profile is there afterwards, and its notification is sent by the next esimd at the latest."""
        self.start_esimd()
        iccid = "8988307000000000303"
        code = self.order(iccid=iccid, size=8000)
        self.modem("set", apdu_seconds=0.02)
        path = self.begin_download(code)
        self.until(lambda: self.job(path)["BytesDone"] > 0, 20, "the load has begun")
        self.ends_and_starts_again(iccid, ("downloaded", "installed"))
        self.modem("set", apdu_seconds=0.0)
        self.assertIn(iccid, self.profiles())
        self.finish(self.start_job(self.euicc()[0], "Euicc", "SendNotifications"))
        self.until(lambda: not self.card("notifications")["notifications"], 15, "the notification is sent")
