# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Safe in a hurry: two clients at once, one that leaves, one that floods; and a person who does not answer."""

import os
import subprocess
import time

from gi.repository import Gio, GLib

import rig
from rig import NAME, SharedRigCase

setUpModule = rig.enter_lab

OF_CLIENT = 16  # unfinished jobs
KEPT = 64  # ended ones
NOTHING = GLib.Variant("(a{sv})", ({},))


class Hurry(SharedRigCase):
    SETTINGS = {"lpa": {"consent-timeout": "5"}}

    def another(self):
        """One more client: a connection of its own."""
        flags = Gio.DBusConnectionFlags
        bus = Gio.DBusConnection.new_for_address_sync(self.lab.environment["DBUS_SYSTEM_BUS_ADDRESS"],
                                                      flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        bus.set_exit_on_close(False)
        self.addCleanup(lambda: bus.is_closed() or bus.close_sync(None))
        return bus

    def setUp(self):
        super().setUp()
        self.euicc_path = self.euicc()[0]

    def refresh_by(self, bus):
        """The job of a Refresh that BUS asked for."""
        return bus.call_sync(NAME, self.euicc_path, f"{NAME}.Euicc", "Refresh", NOTHING, None, 0, 20000, None).unpack()[0]

    def occupy(self):
        """A download that keeps the card until it is set free()."""
        self.smdp("fault", at="es9.initiateAuthentication", how="stall", seconds=60)
        path = self.begin_download(self.fresh()[0])
        self.addCleanup(self.cancel, path)
        self.state(path, "running")
        return path

    def free(self, path):
        self.cancel(path)
        self.assertEqual(self.finish(path)["State"], "cancelled")

    def watch(self, bus):
        """[(path, property, value), ...] of jobs, which grows as BUS is told of changes."""
        seen = []

        def on_change(_bus, _sender, path, _interface, _signal, values):
            changed = values.unpack()[1]
            seen.extend((path, name, changed[name]) for name in ("Position", "State") if name in changed)

        identity = bus.signal_subscribe(NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", None, f"{NAME}.Job",
                                        Gio.DBusSignalFlags.NONE, on_change)
        self.addCleanup(bus.signal_unsubscribe, identity)
        return seen

    def pump(self):
        while GLib.MainContext.default().iteration(False):
            pass

    def test_two_clients_keep_their_order(self):
        """Whoever asks first is served first; each call's Position counts down to its turn, and the bus tells so."""
        clients = self.lab.bus, self.another()
        seen = self.watch(clients[1])
        busy = self.occupy()
        paths = [self.refresh_by(clients[i % 2]) for i in range(6)]
        self.assertEqual([self.job(path)["Position"] for path in paths], [1, 2, 3, 4, 5, 6])
        self.free(busy)
        for path in paths:
            self.assert_done(self.finish(path))
        self.until(lambda: self.pump() or (paths[-1], "State", "done") in seen, 5, "the signals have come")
        self.assertEqual([path for path, name, value in seen if (name, value) == ("State", "done") and path != busy], paths)
        moves = [value for path, name, value in seen if (path, name) == (paths[-1], "Position")]
        self.assertEqual(moves, sorted(moves, reverse=True))
        self.assertEqual((moves[0], moves[-1]), (6, 0))
        self.assertGreaterEqual(len(moves), 5)

    def test_what_is_no_download_passes_those_that_wait(self):
        busy = self.occupy()
        first, second = (self.begin_download(self.fresh()[0]) for _ in range(2))
        refresh = self.refresh_by(self.lab.bus)
        self.assertEqual([self.job(path)["Position"] for path in (first, second, refresh)], [1, 2, 1])
        self.free(busy)
        for path in (refresh, first, second):
            self.assert_done(self.finish(path))

    def test_the_command_tells_where_a_call_stands(self):
        busy = self.occupy()
        with subprocess.Popen([rig.build_file("cli", "esimcli"), "--refresh"], text=True, stdout=subprocess.PIPE,
                              env={**os.environ, **self.lab.environment}) as command:
            self.assertIn("queued, 1 before it", command.stdout.readline())
            self.free(busy)
            self.assertIn("refresh: done", command.stdout.read())
        self.assertEqual(command.returncode, 0)

    def test_a_client_that_floods(self):
        """It gets what one client gets, a clear no to the rest, and nobody else notices much."""
        flood, busy = self.another(), self.occupy()
        path = self.euicc_path
        for _ in range(1000):
            message = Gio.DBusMessage.new_method_call(NAME, path, f"{NAME}.Euicc", "Refresh")
            message.set_body(NOTHING)
            message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
            flood.send_message(message, Gio.DBusSendMessageFlags.NONE)
        text = self.refused("Busy", self.refresh_by, flood)
        self.assertRegex(text, r"jobs wait for this card, 16 of them this client's|calls of this client are not answered yet")
        began = time.monotonic()
        mine = self.start_job(path, "Euicc", "Refresh")
        self.assert_took(began, 2)
        jobs = self.objects("Job")
        self.assertLessEqual(sum(job["State"] == "queued" for job in jobs.values()), OF_CLIENT + 1)
        self.assertLessEqual(jobs[mine]["Position"], OF_CLIENT + 1)
        self.free(busy)
        self.assert_done(self.finish(mine))
        self.until(lambda: not any(job["State"] == "queued" for job in self.objects("Job").values()), 20, "all is done")
        self.assert_done(self.finish(self.refresh_by(flood)))  # and is welcome again

    def test_a_client_in_a_loop_pushes_out_its_own_results_only(self):
        mine = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.assert_done(self.finish(mine))
        loop, busy = self.another(), self.occupy()
        paths = []
        for _ in range(KEPT + 4):
            paths.append(self.refresh_by(loop))
            loop.call_sync(NAME, paths[-1], f"{NAME}.Job", "Cancel", NOTHING, None, 0, 20000, None)
        self.free(busy)
        self.until(lambda: paths[-1] in self.objects("Job") and paths[3] not in self.objects("Job"), 5, "the oldest are gone")
        jobs = self.objects("Job")
        self.assertIn(mine, jobs)
        self.assertEqual([path for path in paths if path in jobs], paths[-KEPT:])

    def test_nobody_answers(self):
        """The client that asked has left: its download times out for the true reason, and keeps nothing else from the card."""
        code, iccid = self.fresh(confirmation_code="1234")
        leaver = self.another()
        path = leaver.call_sync(NAME, self.euicc()[0], f"{NAME}.Euicc", "Download", GLib.Variant("(sa{sv})", (code, {})), None,
                                0, 20000, None).unpack()[0]
        leaver.close_sync(None)
        self.state(path, "waiting-for-consent")
        refresh = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.assert_done(self.finish(refresh))
        self.assertEqual(self.job(path)["State"], "waiting-for-consent")
        job = self.assert_failed(self.finish(path, 30), "TimedOut")
        self.assertIn("within 5 s", job["Error"][1])
        self.assertEqual(self.order_of(iccid)["history"][-1]["why"], "cancelled, reason 2: kept")
        self.assert_done(self.download(code, confirmation_code="1234"))

    def test_a_client_that_leaves_in_mid_job(self):
        code, iccid = self.fresh(size=8000)
        leaver = self.another()
        path = leaver.call_sync(NAME, self.euicc()[0], f"{NAME}.Euicc", "Download", GLib.Variant("(sa{sv})", (code, {})), None,
                                0, 20000, None).unpack()[0]
        self.state(path, "running")
        leaver.close_sync(None)
        self.assertEqual(self.assert_done(self.finish(path))["Result"]["iccid"], iccid)


if __name__ == "__main__":
    import unittest
    unittest.main()
