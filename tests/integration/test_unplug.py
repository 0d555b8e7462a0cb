# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Modems that go away, fall silent, come back; proxies and ModemManagers that restart: noticed, said, and survived."""

import time

import rig
from rig import RigCase

setUpModule = rig.enter_lab

ICCID = "8988307000000000401"


class UnplugCase(RigCase):
    """esimd runs; each test ends with a download that goes well."""

    def setUp(self):
        super().setUp()
        self.start_esimd()

    def begin(self, until, **fields):
        """A download that has come to the state where UNTIL (its job) is true."""
        self.modem("set", apdu_seconds=0.05)
        path = self.begin_download(self.order(iccid=ICCID, size=4000, **fields))
        self.until(lambda: until(self.job(path)), 20, "the download is on its way")
        return path

    def is_there(self):
        return self.lab.owned(rig.NAME) and self.euiccs() and self.euicc()[1]["Modem"] != "/"

    def assert_works_on(self):
        self.clear_faults()
        self.modem("set", apdu_seconds=0.0)
        self.until(self.is_there, 40, "the card is there")
        self.until(lambda: not self.card("channels")["channels"], 15, "every channel is closed")
        self.assert_done(self.download(self.order(size=1500)))

    def assert_gone_at_once(self, path):
        began = time.monotonic()
        self.modem("unplug")
        self.assert_failed(self.finish(path), "DeviceGone")
        self.assert_took(began, 2)

    def plug(self):
        self.modem("plug")
        self.assert_works_on()


class Unplugged(UnplugCase):
    """The modem leaves the bus."""

    def test_in_the_middle_of_an_apdu(self):
        path = self.begin(lambda job: job["BytesDone"] > 0)
        self.modem("fault", at="uicc.apdu", how="no-answer")
        self.settle(0.3)  # so that this APDU has no answer when the modem goes
        self.assert_gone_at_once(path)
        self.until(lambda: self.euicc()[1]["Modem"] == "/", 5, "the bus tells that the modem is away")
        waiting = self.begin_download("LPA:1$smdp.esimd.test$X")  # the modem may come back
        self.assertEqual(self.job(waiting)["State"], "queued")
        self.cancel(waiting)
        self.assertEqual(self.finish(waiting, 2)["State"], "cancelled")
        self.plug()
        self.assertEqual(self.euicc()[0], "/org/esimd1/Euicc/1")  # the same card

    def test_by_an_apdu(self):
        self.modem("fault", at="uicc.apdu", how="unplug", skip=10)
        began = time.monotonic()
        self.assert_failed(self.download(self.order(iccid=ICCID, size=4000)), "DeviceGone")
        self.assert_took(began, 4)
        self.plug()

    def test_while_a_person_is_asked(self):
        path = self.begin(lambda job: job["State"] == "waiting-for-consent", confirmation_code="1")
        self.modem("unplug")
        self.until(lambda: self.euicc()[1]["Modem"] == "/", 5, "the modem is away")
        self.answer(path, confirmation_code="1")
        self.assert_failed(self.finish(path), "DeviceGone")
        self.plug()


class Renamed(UnplugCase):
    """The modem comes back with another device node and network interface, at the same place on the USB."""

    def test_the_run_goes_on(self):
        path, _ = self.euicc()
        job = self.start_job(path, "Euicc", "Provision")
        self.until(lambda: self.job(job)["BytesDone"] > 0, 20, "the package is being loaded")
        self.modem("unplug")
        self.settle(0.5)
        self.modem("plug", number=1)
        result = self.assert_done(self.finish(job, 60))["Result"]
        self.assertEqual((result["interface"], self.euicc()[0]), ("wwan1", path))
        self.assert_everything_once()


class RenamedQmi(Renamed):
    """A QMI modem: ModemManager probes one without a profile for some 13 s."""

    LAB_OPTIONS = {"kind": "qmi"}

    def start_esimd(self, **options):
        self.settings["provision"]["modem-timeout"] = "8"
        super().start_esimd(**options)


class Away(UnplugCase):
    """The modem leaves for good."""

    def test_the_card_leaves_the_bus_after_a_while(self):
        self.modem("unplug")
        self.settle(2)
        self.assertTrue(self.euiccs())
        self.until(lambda: not self.euiccs() and not self.profiles(), 40, "the card leaves the bus")
        self.modem("plug")
        self.until(self.is_there, 20, "the card is there")
        self.assertEqual(self.euicc()[0], "/org/esimd1/Euicc/2")  # numbers are not used again

    def test_the_job_that_waits_for_it_ends(self):
        self.settings["provision"]["modem-timeout"] = "30"  # longer than the card stays on the bus
        self.write_config()
        self.call(rig.ROOT, "Manager", "Reload", "(a{sv})", {})
        self.modem("unplug")
        self.until(lambda: self.euicc()[1]["Modem"] == "/", 5, "the modem is away")
        path = self.start_job(self.euicc()[0], "Euicc", "Provision", "(a{sv})", {})
        self.until(lambda: self.job(path)["Step"] == "wait-modem", 5, "it waits")
        self.assertEqual(self.finish(path, 45)["State"], "cancelled")
        self.assertFalse(self.euiccs())


class Silent(UnplugCase):
    """The modem is there and does not answer."""

    def test_time_out(self):
        self.modem("fault", at="uicc.open", how="no-answer")
        began = time.monotonic()
        self.assert_failed(self.download(self.order(iccid=ICCID, size=1500), 40), "TimedOut")
        self.assert_took(began, 25)
        self.assert_works_on()

    def test_cancelled(self):
        self.modem("fault", at="uicc.apdu", how="no-answer", skip=3)
        path = self.begin_download(self.order(iccid=ICCID, size=1500))
        self.settle(1)
        began = time.monotonic()
        self.cancel(path)
        self.assertEqual(self.finish(path)["State"], "cancelled")
        self.assert_took(began, 3)
        self.assert_works_on()


class Restarts(UnplugCase):
    """The programs between esimd and the modem."""

    def test_mbim_proxy(self):
        path = self.begin(lambda job: job["BytesDone"] > 0)
        began = time.monotonic()
        self.lab.end("mbim-proxy", kill=True)
        job = self.finish(path)
        self.assertEqual(job["State"], "failed", job)
        self.assert_took(began, 5)
        self.lab.end("modemmanager")
        self.lab.start_proxy()
        self.lab.start_mm()
        self.assert_works_on()

    def test_modemmanager(self):
        path = self.begin(lambda job: job["BytesDone"] > 0)
        self.lab.end("modemmanager")
        self.assert_done(self.finish(path))  # the card is reached beside it
        self.until(lambda: self.euicc()[1]["Modem"] == "/", 5, "the modem is away")
        self.lab.start_mm()
        self.assert_works_on()
