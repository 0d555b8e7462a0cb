# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""policy/quirks.conf, key by key: a modem that fails as long as no row says how it is, and works with the row.

test_KEY stands behind the key KEY (tests/check.py compares), test_after_enable_VALUE behind each value of after-enable.
"""

import os
import unittest

import rig
from lab_at import AtLab
from rig import KNOBS, RigCase, SharedRigCase

setUpModule = rig.enter_lab

ONE, TWO = "8988307000000000501", "8988307000000000502"
PATIENCE = 10  # seconds for which a modem that no row knows is waited for, before each rung of the ladder
AT_OPTIONS = {"usb": "2c7c:0801"}  # ModemManager is quicker with it than with its generic plugin; it has no row
USUAL = {"select_p2": -1, "extended": False, "needs_le": False, "capability": "", "apdu_max": 0, "wrong_slot": False,
         "open_after": 0.0, "leaves_at_refresh": False, "notice": True, "tell": "all", "power_cycle": True}


class Rows:
    """A case that writes quirks.d/10.conf."""

    MODEL = "*eUICC*"

    def write_row(self, *lines):
        """One row for the lab's modem, none without LINES; esimd has to be told."""
        folder = os.path.join(self.dir, "quirks.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "10.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(("[modem of the lab]", f"model={self.MODEL}", *lines, "") if lines else ("",)))

    def reload(self):
        self.call(rig.ROOT, "Manager", "Reload", "(a{sv})", {})

    def row(self, *lines):
        self.write_row(*lines)
        self.reload()

    def refresh(self):
        return self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh"))

    def assert_needed(self, *lines):
        """The card can't be read without a row of LINES, and can with it."""
        self.assertEqual(self.refresh()["State"], "failed", "it works without the row")
        self.row(*lines)
        self.assert_done(self.refresh())


class Mbim(Rows, SharedRigCase):
    """One MBIM modem, peculiar in another way in each case."""

    KNOBS = {**KNOBS, "carries_qmi": True}
    SETTINGS = {"provision": {"modem-timeout": str(PATIENCE)}}

    @classmethod
    def prepare(cls, rig):
        rig.card("add_profile", iccid=ONE, state="enabled", imsi="234010000000001")
        rig.card("add_profile", iccid=TWO, imsi="234010000000002")

    def setUp(self):
        super().setUp()
        self.until(lambda: self.euiccs() and self.euicc()[1]["Modem"] != "/" and self.lab.modems(), 30, "the modem is there")
        self.addCleanup(self.row)
        self.addCleanup(self.modem, "set", **USUAL)

    def be(self, **knobs):
        self.modem("set", **knobs)

    def test_select_p2(self):
        self.be(select_p2=0x0C)
        self.assert_needed("select-p2=0c")

    def test_extended_cla(self):
        self.be(extended=True)
        self.assert_needed("extended-cla=yes")

    def test_append_le(self):
        self.be(needs_le=True)
        self.assert_needed("append-le=yes")

    def test_terminal_capability(self):
        self.be(capability="830107")
        self.assert_needed("terminal-capability=830107")

    def test_segment_size(self):
        """A modem that does not say why it refuses long APDUs."""
        self.be(apdu_max=60)
        path = self.profiles()[ONE][0]
        self.assertEqual(self.finish(self.start_job(path, "Profile", "SetNickname", "(sa{sv})", 64 * "a", {}))["State"], "failed")
        self.row("segment-size=55")
        self.assert_done(self.finish(self.start_job(path, "Profile", "SetNickname", "(sa{sv})", 64 * "b", {})))

    def test_slot_mapping(self):
        self.be(wrong_slot=True)
        self.assert_needed("slot-mapping=no")

    def test_open_delay(self):
        self.be(open_after=0.7)
        self.assert_needed("open-delay=900")

    def test_transports(self):
        self.be(select_p2=0x77)
        self.assert_needed("transports=qmi-mbim")
        self.assertEqual(self.euicc()[1]["Channel"], "qmi-mbim")

    def test_apdu_timeout(self):
        """A deadline that is too short for a slow modem, and one that is not."""
        self.row("apdu-timeout=1")
        self.modem("fault", at="uicc.apdu", how="delay", seconds=2, skip=1, times=1)
        self.assert_failed(self.refresh(), "TimedOut")
        self.row("apdu-timeout=4")
        self.modem("fault", at="uicc.apdu", how="delay", seconds=2, skip=1, times=1)
        self.assert_done(self.refresh())

    def test_a_wrong_value(self):
        """It is refused with file and line, and the rows that there were stay."""
        self.be(needs_le=True)
        self.row("append-le=yes")
        self.write_row("select-p2=0c", "append-le=maybe")
        self.assertIn("10.conf:4", self.refused("Settings", self.reload))
        self.assert_done(self.refresh())

    # What happens to a switch

    def switch(self):
        """Enable the profile that is not; (the job, the ICCID)."""
        (iccid,) = [profile["iccid"] for profile in self.card("profiles")["profiles"] if profile["state"] != rig.ENABLED]
        self.said = len(self.log())
        return self.finish(self.start_job(self.profiles()[iccid][0], "Profile", "Enable")), iccid

    def settled(self, iccid):
        """Until the modem has read the profile and ModemManager shows it."""
        self.until(lambda: (self.modem("state")["profile"] or {}).get("iccid") == iccid, 10, "the modem has read it")
        self.until(lambda: self.euicc()[1]["Modem"] != "/" and self.lab.modems(), 20, "the modem is there")

    def test_enable_by_aid(self):
        self.card("set_aid_only", on=True)
        self.addCleanup(self.card, "set_aid_only", on=False)
        job, _ = self.switch()
        self.assertEqual(self.assert_failed(job, "CardRefused")["Error"][4].get("sw"), "6A80")
        self.row("enable-by-aid=yes")
        job, iccid = self.switch()
        self.assert_done(job)
        self.settled(iccid)

    def test_refresh(self):
        """REFRESH makes it leave the bus; without one it stays, and the card's power is cycled instead."""
        self.be(leaves_at_refresh=True)
        plugs = self.modem("state")["plugs"]
        job, iccid = self.switch()
        self.assert_done(job)
        self.until(lambda: self.modem("state")["plugs"] == plugs + 1, 5, "it has left and come back")
        self.settled(iccid)
        self.row("refresh=no", "after-enable=power-cycle")
        job, iccid = self.switch()
        self.assert_done(job)
        self.settled(iccid)
        self.assertEqual(self.modem("state")["plugs"], plugs + 1)

    def assert_wakes(self, rung, seconds=PATIENCE - 2, **knobs):
        """A modem with KNOBS sees its new profile by RUNG alone, which is climbed at once, so within SECONDS."""
        self.be(**knobs)
        self.row(f"after-enable={rung}")
        job, iccid = self.switch()
        self.assert_done(job)
        self.until(lambda: f"the modem sees the switch: {rung}" in self.log()[self.said:], seconds, f"{rung} wakes it")
        self.settled(iccid)

    def test_after_enable_re_probe(self):
        """The modem reads its card anew and does not tell the host of it."""
        self.assert_wakes("re-probe", tell="nothing")

    def test_after_enable_power_cycle(self):
        """ModemManager 1.20 does not hear of it and is given its patience, then probes anew: two waits less than without."""
        self.assert_wakes("power-cycle", 2 * PATIENCE - 2, notice=False)

    def test_after_enable_reset(self):
        self.assert_wakes("reset", notice=False, power_cycle=False)


class At(Rows, SharedRigCase):
    """The AT dialects that esimd does not find out by itself."""

    LAB, LAB_OPTIONS = AtLab, AT_OPTIONS
    USUAL = {"ccho": "named", "handles": "no", "handle_sw": "6881"}

    def setUp(self):
        super().setUp()
        self.addCleanup(self.row)
        self.addCleanup(self.modem, "set", **self.USUAL)

    def test_at_csim(self):
        """It opens a channel by CCHO that leads nowhere."""
        self.modem("set", ccho="hollow")
        self.assert_needed("at-csim=yes")

    def test_at_session_handles(self):
        """Handles that look like channels, and no 6881 to tell them from those."""
        self.modem("set", handles="low", handle_sw="6E00")
        self.assert_needed("at-session-handles=yes")


class Fragile(Rows, RigCase):
    """A modem without an eUICC, which a channel that can't be opened leaves without its card."""

    LAB, LAB_OPTIONS = AtLab, AT_OPTIONS
    KNOBS = {**KNOBS, "fragile": True}

    def come_anew(self):
        self.modem("unplug")
        self.until(lambda: not self.lab.modems(), 10, "the modem is away")
        self.modem("plug")
        self.until(self.lab.modems, 20, "ModemManager has the modem")

    def test_known_only(self):
        self.card("fault", at="select", how="sw", sw="6A82", times=1000)
        self.start_esimd(wait=False)
        self.until(lambda: self.lab.owned(rig.NAME), 20, "esimd is on the bus")
        self.until(lambda: self.modem("state")["broken"], 20, "esimd has tried, and done harm")
        self.row("known-only=yes")
        self.come_anew()
        self.settle(1.5)
        self.assertFalse(self.modem("state")["broken"], "esimd has tried in spite of the row")
        self.row()
        self.until(lambda: self.modem("state")["broken"], 10, "and it does where there is none")


class Remembered(Rows, RigCase):
    """MBIM fails, QMI inside it works: what worked on a model is tried first, also after a restart."""

    KNOBS = {**KNOBS, "carries_qmi": True, "select_p2": 0x77}
    LAB_OPTIONS = {"card": ({"iccid": ONE},)}

    def opened(self):
        """How often a channel was asked for until esimd has read the card by QMI."""
        before = self.modem("counts")["counts"].get("uicc.open", 0)
        self.start_esimd()
        self.assertEqual(self.euicc()[1]["Channel"], "qmi-mbim")
        self.assertEqual(self.stop_esimd(), 0)
        return self.modem("counts")["counts"].get("uicc.open", 0) - before

    def test_after_a_restart(self):
        self.write_row("transports=mbim,qmi-mbim")
        self.assertEqual(self.opened(), 2, "by MBIM and by QMI")
        self.assertEqual(self.opened(), 1, "by QMI")
        os.remove(os.path.join(self.dir, "esimd-state", "models"))
        self.assertEqual(self.opened(), 2, "by MBIM and by QMI")


if __name__ == "__main__":
    unittest.main()
