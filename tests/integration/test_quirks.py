# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Modems that are not as the standards say: unreachable until a row in quirks.d says how they are, then like any other."""

import os
import unittest

import rig
from rig import KNOBS, RigCase

setUpModule = rig.enter_lab

ICCID = "8988307000000000501"


class Peculiar(RigCase):
    """As L850-GL and others are said to be: SelectP2Arg, class byte and Le have to be just so; REFRESH goes unnoticed."""

    KNOBS = {**KNOBS, "select_p2": 0x0C, "extended": True, "needs_le": True, "notice": False}
    LAB_OPTIONS = {"card": ({"iccid": ICCID},)}

    def write_row(self, *lines):
        folder = os.path.join(self.dir, "quirks.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "10.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(("[modem of the lab]", "model=*eUICC*", *lines, "")))

    def reload(self):
        self.call(rig.ROOT, "Manager", "Reload", "(a{sv})", {})

    def test_a_row_makes_it_work(self):
        self.settings["provision"]["modem-timeout"] = "15"
        self.start_esimd(wait=False)
        self.until(lambda: "card in /" in self.log(), 20, "the card can't be read")
        self.assertFalse(self.euiccs())

        self.write_row("select-p2=0c", "extended-cla=yes", "append-le=maybe")
        self.assertIn("10.conf:5", self.refused("Settings", self.reload))
        self.assertFalse(self.euiccs())

        self.write_row("select-p2=0c", "extended-cla=yes", "append-le=yes", "terminal-capability=830107",
                       "after-enable=power-cycle")
        self.reload()
        self.until(self.euiccs, 20, "the eUICC is there")
        self.assertEqual(set(self.profiles()), {ICCID})
        self.assertEqual(self.modem("state")["terminal_capability"], ["830107"])

        # a modem that is known to see a new profile by a power cycle only is not waited for, nor probed anew: 15 s each
        path = self.start_job(self.profiles()[ICCID][0], "Profile", "Enable", "(a{sv})", {})
        self.assert_done(self.finish(path, 30))
        self.until(lambda: "the modem sees the switch: power-cycle" in self.log(), 12, "the card's power was cycled")


if __name__ == "__main__":
    unittest.main()
