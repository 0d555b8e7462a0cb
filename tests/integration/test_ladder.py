# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Modems that do not see their new profile by themselves: each needs another rung, one never comes back."""

import os
import re

import rig
from lab_at import AtLab

setUpModule = rig.enter_lab

ONE, TWO = "8988307000000000019", "8988307000000000027"
CARD = ({"iccid": ONE, "state": "enabled", "imsi": "234010000000001"}, {"iccid": TWO, "imsi": "234010000000002"})
TIMEOUT = "3"  # ModemManager takes 2 s or so to probe
BEHAVIOUR = {"notice": True, "tell": "all", "power_cycle": True, "reset_seconds": 1.0}


class LadderCase(rig.SharedRigCase):
    """A person switches profiles on a modem that behaves so; the service brings it back, and remembers how."""

    SETTINGS, BEHAVIOUR = {"provision": {"modem-timeout": TIMEOUT}}, BEHAVIOUR
    LAB_OPTIONS = {"card": CARD}

    def tearDown(self):
        self.modem("set", **self.BEHAVIOUR)

    def seen(self):
        """The ICCID that the modem has read."""
        return (self.modem("state")["profile"] or {}).get("iccid")

    def at_modem_manager(self):
        """Whether ModemManager has a modem that can be used: not failed, with the SIM that the modem has read."""
        return [values for values in self.lab.modems().values() if values["org.freedesktop.ModemManager1.Modem"]["State"] >= 3]

    def rung(self):
        """What the journal remembers."""
        (name,) = [name for name in os.listdir(f"{self.dir}/esimd-state") if re.fullmatch(r"\d+\.journal", name)]
        with open(f"{self.dir}/esimd-state/{name}", encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file).get("rung")

    def switch(self, **behaviour):
        """Enable the profile that is not, on a modem with BEHAVIOUR; its ICCID."""
        self.until(lambda: self.euiccs() and self.euicc()[1]["Modem"] != "/" and self.at_modem_manager(), 20, "the modem is there")
        iccid = TWO if self.seen() == ONE else ONE
        self.modem("set", **behaviour)
        self.assert_done(self.finish(self.start_job(self.profiles()[iccid][0], "Profile", "Enable")))
        return iccid

    def assert_back(self, iccid, rung):
        self.until(lambda: self.seen() == iccid, 40, f"the modem sees its profile after {rung}")
        self.until(lambda: self.rung() == rung, 20, f"{rung} is remembered")
        self.until(self.at_modem_manager, 20, "ModemManager has it")


class Ladder(LadderCase):
    """An MBIM modem."""

    def test_1_power_cycle(self):
        self.assert_back(self.switch(notice=False), "power-cycle")
        self.assertRegex(self.log(), "the modem sees the switch: power-cycle")

    def test_2_reset(self):
        """ModemManager can't reset such a modem, the channel can."""
        self.assert_back(self.switch(notice=False, power_cycle=False), "reset")

    def test_3_reprobe(self):
        """Where less is enough again, that is what is remembered."""
        self.assert_back(self.switch(), "re-probe")

    def test_4_never(self):
        """It is told, with advice, until the modem is back after all."""
        self.set_timeout("1")
        self.addCleanup(self.set_timeout, TIMEOUT)
        self.switch(notice=False, power_cycle=False, reset_seconds=3600.0)
        detail = self.until(lambda: re.search("After the switch the modem has not come back. .*", self.euicc()[1]["ProvisioningDetail"]),
                            60, "it is told")[0]
        self.assertIn("unplug it", detail)
        self.until(lambda: detail in self.log(), 5, "and logged")
        self.modem("plug")
        self.until(lambda: self.euicc()[1]["ProvisioningDetail"].startswith("suspended"), 30, "it is over")

    def set_timeout(self, seconds):
        self.settings["provision"]["modem-timeout"] = seconds
        self.rig.write_config()
        self.call(rig.ROOT, "Manager", "Reload", "(a{sv})", {})


class Qmi(LadderCase):
    """A QMI modem, which ModemManager can reset."""

    LAB_OPTIONS = {"kind": "qmi", "card": CARD}

    def test_1_power_cycle(self):
        self.assert_back(self.switch(notice=False), "power-cycle")

    def test_2_reset(self):
        self.assert_back(self.switch(notice=False, power_cycle=False), "reset")


class At(LadderCase):
    """An AT modem, whose card loses its power with AT+CFUN=0."""

    LAB, LAB_OPTIONS = AtLab, {"usb": "2c7c:0801", "card": CARD}
    BEHAVIOUR = {"notice": True}

    def test_power_cycle(self):
        self.assert_back(self.switch(notice=False), "power-cycle")
