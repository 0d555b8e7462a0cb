# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The modem unplugged at every step of the loop, and plugged in again: what test_kill does to esimd is done to it here."""

import rig
import test_kill

setUpModule = rig.enter_lab


class Unplug(test_kill.Kill):
    """esimd lives on, and goes on by itself when the modem is back."""

    AWAY_SECONDS = 0.5
    # The modem has no part in these.
    test_before_anything = test_sim_being_activated = test_notification_taken_not_removed = None

    def kill_esimd(self):
        self.modem("unplug")
        self.settle(self.AWAY_SECONDS)

    def finish_anew(self):
        self.modem("plug")
        self.until(lambda: self.modem("sessions")["active"], 60, "connected with the modem that is back")
        self.assert_everything_once()
        self.assertLessEqual(self.modem("sessions")["made"], 2)  # the second where it was connected before
