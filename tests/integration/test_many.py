# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Many modems side by side, each with a bare eUICC: all are provisioned at once, and none waits for another.

ESIMD_MODEMS says how many, 16 without it: half a minute on two cores, the stand-ins being the slow part.
tests/bench/many runs it with other numbers.
"""

import os
import time
import unittest

import rig
from control import ask
from rig import RigCase

setUpModule = rig.enter_lab

COUNT = int(os.environ.get("ESIMD_MODEMS", "16"))
SECONDS = 30 + 8 * COUNT


class Many(RigCase):
    LAB_OPTIONS = {"count": COUNT}

    def find_all(self):
        """The paths of all eUICCs, as their modems are numbered."""
        self.settings["provision"]["modem-timeout"] = "10"  # the stand-ins share one machine
        os.mkdir(f"{self.dir}/quirks.d")
        with open(f"{self.dir}/quirks.d/patient.conf", "w", encoding="utf-8") as file:
            file.write("[modem patient]\nmodel=*\napdu-timeout=600\n")  # nobody gives the silent one up meanwhile
        self.start_esimd()
        self.until(lambda: len(self.euiccs()) == COUNT, SECONDS, "every eUICC is there")
        self.assertEqual(len({values["Modem"] for values in self.euiccs().values()}), COUNT)
        paths = {values["Eid"]: path for path, values in self.euiccs().items()}
        return [paths[self.stand_in("euicc", number, "eid")["eid"]] for number in range(COUNT)]

    def stand_in(self, what, number, do, **arguments):
        return ask(f"{what}{number or ''}", do, self.dir, **arguments)

    def heard(self):
        """How many APDUs the first modem has heard so far."""
        return self.stand_in("modem", 0, "counts")["counts"].get("uicc.apdu", 0)

    def test_side_by_side(self):
        """The first modem falls silent; all others are connected meanwhile, each with one profile of its own."""
        paths = self.find_all()
        last = self.heard() + 4
        self.stand_in("modem", 0, "fault", at="uicc.apdu", how="no-answer", skip=3, times=1000)
        silent, *others = [self.start_job(path, "Euicc", "Provision", "(a{sv})", {}) for path in paths]
        began = time.monotonic()
        self.until(lambda: self.heard() == last, 60, "the first one is silent")
        for job in others:
            self.assert_done(self.finish(job, SECONDS))
        print(f"# {len(others)} modems connected after {time.monotonic() - began:.1f} s")
        self.assertEqual((self.job(silent)["State"], self.heard()), ("running", last), "it was silent all the time")
        sessions = [self.stand_in("modem", number, "sessions") for number in range(COUNT)]
        self.assertEqual([session["active"] for session in sessions], [0] + [1] * (COUNT - 1))
        self.assertEqual(len({session["address"] for session in sessions}), COUNT)
        ordered = [profile["eid"] for profile in self.supersim("profiles")["profiles"]]
        self.assertEqual(len(set(ordered)), len(ordered))  # one for each card
        self.cancel(silent)
        self.assertEqual(self.finish(silent, 10)["State"], "cancelled")


class Consent(RigCase):
    """A person who thinks about one card's profile keeps nobody from another card."""

    LAB_OPTIONS = {"count": 2}

    def test_another_card_is_free(self):
        self.start_esimd()
        self.until(lambda: len(self.euiccs()) == 2, 20, "both eUICCs are there")
        first, second = sorted(self.euiccs())
        asked, other = (self.order(iccid=f"898830700000000{number}", size=1500, confirmation_code=code)
                        for number, code in ((1001, "1234"), (1002, None)))
        waiting = self.start_job(first, "Euicc", "Download", "(sa{sv})", asked, {})
        self.state(waiting, "waiting-for-consent")
        path = self.start_job(second, "Euicc", "Download", "(sa{sv})", other, {})
        self.assertEqual(self.assert_done(self.finish(path))["Result"]["iccid"], "8988307000000001002")
        self.assertEqual(self.job(waiting)["State"], "waiting-for-consent")
        self.answer(waiting, confirmation_code="1234")
        self.assertEqual(self.assert_done(self.finish(waiting))["Result"]["iccid"], "8988307000000001001")


if __name__ == "__main__":
    unittest.main()
