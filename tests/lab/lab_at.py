# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A lab whose modem speaks AT on serial ports, under the real ModemManager, with --debug (Modem.Command) or without."""

import json
import os
import subprocess

import bed
from at_bed import PORTS


class AtLab(bed.Lab):
    """bed.Lab with modem_at.py. COMMAND: ModemManager runs with --debug. USB: VID:PID, which chooses its plugin."""

    def __init__(self, lab_dir, command=True, usb="1d6b:0199", ports=2, **options):
        super().__init__(lab_dir, **options)
        self.command, self.modem_words = command, ("--usb", usb, "--ports", str(ports))

    def _spawn_modem(self):
        return self.spawn("modem", bed.PYTHON, os.path.join(bed.HERE, "modem_at.py"), "--pki",
                          os.path.join(self.dir, "pki"), "--state", os.path.join(self.state_dir, "euicc.json"),
                          "--lab-dir", self.dir, "--set", json.dumps(self.knobs), *self.modem_words, preload=True,
                          stdout=subprocess.PIPE)

    def start_proxy(self):
        """There is none between ModemManager and an AT modem."""

    def start_mm(self):
        words = ["/usr/sbin/ModemManager", "--test-no-suspend-resume"] + (["--debug"] if self.command else [])
        self.spawn("modemmanager", *words, preload=True)
        self.wait(lambda: self.owned(bed.MM_NAME), 10, "ModemManager is on the bus")

    def stop(self):
        super().stop()
        for name in PORTS:
            if os.path.exists(f"/dev/{name}"):
                subprocess.run(["umount", f"/dev/{name}"], check=False, capture_output=True)
                os.unlink(f"/dev/{name}")
