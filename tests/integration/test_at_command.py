# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card by AT commands through ModemManager's Modem.Command, which it takes with --debug: dialects, refusals."""

import rig
import test_at

setUpModule = rig.enter_lab

DIALECTS = {
    "a bare number for an answer": {"ccho": "bare", "echo": False},
    "only CSIM": {"ccho": "none"},
    "CSIM for the basic channel alone": {"csim": "basic"},
    "no CSIM": {"csim": "none", "chatter": True},
    "sessions of the modem's own": {"handles": "high"},
    "sessions that look like channels": {"handles": "low"},
    "sessions of sixteen digits": {"handles": "hex"},
    "such sessions, bare": {"handles": "hex", "ccho": "bare"},
    "no CCHC": {"cchc": False},
    "no =?": {"test_forms": False},
    "short lines": {"line_max": 300},
    "61xx followed by the modem": {"collect": True},
}
PLAIN = {"ccho": "named", "csim": "all", "handles": "no", "cchc": True, "test_forms": True, "line_max": 0,
         "collect": False, "chatter": False}


class ByCommand(test_at.AtCase):
    """ModemManager runs with --debug: the modem never leaves it."""

    def fresh(self, **fields):
        return super().fresh(**{"size": 300, **fields})  # ModemManager sends a byte a millisecond, two for one of an APDU

    def test_download_and_switch(self):
        path = list(self.lab.modems())
        self.assertEqual(self.euicc()[1]["Channel"], "at")
        self.assert_works_on()
        self.assertEqual(list(self.lab.modems()), path)
        self.switch(test_at.TWO)
        self.switch(test_at.ONE)

    def test_dialects(self):
        self.here()
        for name, knobs in DIALECTS.items():
            with self.subTest(name):
                self.modem("set", **{**PLAIN, **knobs})
                self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")))
                self.until(lambda: not self.card("channels")["channels"], 3, "every channel is closed")
        self.modem("set", **PLAIN)

    def test_refusals(self):
        self.modem("set", ccho="none", csim="none")
        job = self.assert_failed(self.refresh(), "NoEuicc")
        self.assertIn("CCHO", job["Error"][1])
        self.modem("set", **PLAIN)
        self.card("fault", at="select", how="sw", sw="6985", times=9)
        self.assertEqual(self.assert_failed(self.refresh(), "Channel")["Error"][4].get("sw"), "6985")

    def test_channels_that_nobody_closed(self):
        for _ in range(3):
            self.lab.call("org.freedesktop.ModemManager1", next(iter(self.lab.modems())),
                          "org.freedesktop.ModemManager1.Modem", "Command",
                          rig.GLib.Variant("(su)", ("AT+CCHO=\"A0000005591010FFFFFFFF8900000100\"", 5)))
        self.assertEqual(len(self.card("channels")["channels"]), 3)
        self.assert_done(self.refresh())
