# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A QMI modem under the real ModemManager and qmi-proxy: the main job, long answers, faults, unplugging, crashes."""

import os
import subprocess
import time

import rig
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab

# With a profile ModemManager is done in a second; without, it asks for some ten seconds whether there is a SIM.
ENABLED = ({"iccid": "8988307000000000700", "imsi": "901280000000700", "state": "enabled"},)
ICCID = "8988307000000000701"
FAILED, SIM_MISSING = -1, 2


class Provision(RigCase):
    """From a bare card, of which ModemManager sees nothing, to connected."""

    LAB_OPTIONS = {"kind": "qmi"}

    def modem_properties(self):
        (interfaces,) = self.lab.modems().values()
        return interfaces["org.freedesktop.ModemManager1.Modem"]

    def test_bare_card_to_connected(self):
        seen = self.modem_properties()
        self.assertEqual((seen["State"], seen["StateFailedReason"], seen["Sim"]), (FAILED, SIM_MISSING, "/"))
        self.start_esimd()
        self.assertEqual(self.euicc()[1]["Channel"], "qmi")
        self.assert_done(self.provision())
        self.assert_everything_once()
        ping = subprocess.run(["ping", "-c1", "-W5", "-I", "wwan0", "198.51.100.7"], capture_output=True, text=True)
        self.assertEqual(ping.returncode, 0, ping.stdout + ping.stderr)
        self.assertFalse([name for name in os.listdir(f"{self.dir}/esimd-state") if name.startswith("channel-")],
                         "no client of esimd's is left")


class Channel(SharedRigCase):
    """One modem and one esimd; each case ends with a card that can be read."""

    LAB_OPTIONS = {"kind": "qmi", "card": ENABLED}

    def setUp(self):
        super().setUp()
        self.addCleanup(self.read)

    def read(self):
        self.clear_faults()
        self.assert_done(self.refresh())

    def refresh(self, seconds=30):
        self.until(lambda: self.euicc()[1]["Modem"] != "/", 20, "the modem is there")
        return self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh"), seconds)

    def with_knobs(self, **knobs):
        before = {name: self.modem("state")["knobs"][name] for name in knobs}
        self.modem("set", **knobs)
        self.addCleanup(lambda: self.modem("set", **before))

    def test_a_connection_is_not_cut(self):
        name = "org.freedesktop.ModemManager1"
        (path, _), = self.lab.modems().items()
        simple = {"apn": rig.GLib.Variant("s", "super")}
        self.lab.call(name, path, f"{name}.Modem.Simple", "Connect", rig.GLib.Variant("(a{sv})", (simple,)))
        before = self.modem("sessions")
        self.read()
        self.assertEqual((self.modem("sessions"), before["active"]), (before, 1))
        self.lab.call(name, path, f"{name}.Modem.Simple", "Disconnect", rig.GLib.Variant("(o)", ("/",)))

    def test_every_answer_by_indication(self):
        for chunks_first in (True, False):
            self.with_knobs(long_from=0, chunk=7, chunks_first=chunks_first)
            self.read()
        self.with_knobs(collect=False)  # and the card's 61xx come up to us
        self.read()

    def test_parts_in_any_order(self):
        self.with_knobs(long_from=0, chunk=5)
        for what in ("reversed", "twice"):
            self.modem("fault", at="uicc.apdu", how="chunks", what=what, times=5)
            self.read()

    def test_parts_that_do_not_fit(self):
        self.with_knobs(long_from=0, chunk=5)
        self.modem("fault", at="uicc.apdu", how="chunks", what="cut")
        self.assert_failed(self.refresh(), "Channel")

    def test_answers_in_other_words(self):
        for at in ("uicc.open", "uicc.apdu", "slots"):
            self.modem("fault", at=at, how="shuffled")
        self.read()

    def test_truncated_answer(self):
        self.modem("fault", at="uicc.apdu", how="truncated")
        self.assert_failed(self.refresh(), "Channel")

    def test_refusals(self):
        self.modem("fault", at="uicc.open", how="status", code=82)  # SIM7600, LE910C4
        job = self.assert_failed(self.refresh(), "Unsupported")
        self.assertEqual(job["Error"][4]["qmi-result"], "82")
        self.modem("fault", at="uicc.open", how="status", code=68)
        self.assert_failed(self.refresh(), "Busy")
        self.modem("fault", at="slots", how="status", code=71)  # one slot, and so no question
        self.read()
        self.modem("fault", at="allocate", how="status", code=5)
        self.assert_failed(self.refresh(), "Busy")

    def test_cancelled_in_the_middle_of_an_apdu(self):
        self.modem("fault", at="uicc.apdu", how="no-answer", skip=1)
        path = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.settle(0.5)
        began = time.monotonic()
        self.cancel(path)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assert_took(began, 2)

    def test_unplugged_in_the_middle_of_an_apdu(self):
        self.modem("fault", at="uicc.apdu", how="no-answer", skip=1)
        path = self.start_job(self.euicc()[0], "Euicc", "Refresh")
        self.settle(0.5)
        began = time.monotonic()
        self.modem("unplug")
        self.assert_failed(self.finish(path), "DeviceGone")
        self.assert_took(began, 2)
        self.modem("plug")
        self.until(lambda: self.euicc()[1]["Modem"] != "/", 30, "the modem is back")


class Crash(RigCase):
    """The modem keeps a dead client's channels open, and lets nobody else close them; the card has three."""

    LAB_OPTIONS = {"kind": "qmi", "card": ENABLED}

    def test_three_times_with_an_open_channel(self):
        for _ in range(3):
            self.start_esimd()
            self.modem("fault", at="uicc.apdu", how="no-answer")
            self.start_job(self.euicc()[0], "Euicc", "Refresh")
            self.until(lambda: self.card("channels")["channels"], 5, "a channel is open")
            self.settle(0.2)
            self.kill_esimd()
            self.assertEqual(len(self.card("channels")["channels"]), 1)
            self.clear_faults()
        self.start_esimd()
        self.until(lambda: not self.card("channels")["channels"], 5, "every channel is closed")
        self.assert_done(self.download(self.order(iccid=ICCID, size=1500)))


class Carried(RigCase):
    """QMI inside MBIM, where quirks.conf says so; the data are ModemManager's, by MBIM."""

    KNOBS = {**rig.KNOBS, "carries_qmi": True, "long_from": 50}

    def test_bare_card_to_connected(self):
        os.mkdir(f"{self.dir}/quirks.d")
        with open(f"{self.dir}/quirks.d/lab.conf", "w", encoding="utf-8") as file:
            file.write("[modem lab]\nmodel=modem with eUICC\ntransports=qmi-mbim\n")
        self.start_esimd()
        self.assertEqual(self.euicc()[1]["Channel"], "qmi-mbim")
        self.assert_done(self.provision())
        self.assert_everything_once()
