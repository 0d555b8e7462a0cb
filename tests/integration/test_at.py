# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card by AT commands on the real ModemManager: by Modem.Command, and by inhibiting the modem; dialects; faults.

The bearer here is PPP, which esimd leaves to others: it provisions up to the registration, with connect=none.
"""

import rig
from lab_at import AtLab
from rig import RigCase, SharedRigCase

setUpModule = rig.enter_lab


class ByCommand(SharedRigCase):
    """ModemManager runs with --debug: the modem never leaves it."""

    LAB = AtLab

    def test_download(self):
        self.assertEqual(self.euicc()[1]["Channel"], "at")
        self.assert_works_on()
