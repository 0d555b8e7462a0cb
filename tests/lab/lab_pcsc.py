# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A lab whose card is in a PC/SC reader: the real pcscd with vsmartcard's virtual reader, no modem and no stack."""

import glob
import os
import subprocess

import bed
from card_pcsc import PORT

RUN = "/run"  # pcscd's socket has no other place than a folder in it, which pcscd makes
CONFIG = """FRIENDLYNAME "Lab reader"
DEVICENAME /dev/null:0x{port:X}
LIBPATH {driver}
CHANNELID 0x{port:X}
"""


class PcscLab(bed.Lab):
    """bed.Lab with pcscd and card_pcsc.py."""

    def _spawn_modem(self):
        os.makedirs(os.path.join(self.dir, "pcscd"))
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", RUN], check=True)
        (driver,) = glob.glob("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")[:1]
        with open(os.path.join(self.dir, "pcscd", "reader.conf"), "w", encoding="ascii") as file:
            file.write(CONFIG.format(port=PORT, driver=driver))
        self.start_pcscd()
        return self.spawn("modem", bed.PYTHON, os.path.join(bed.HERE, "card_pcsc.py"), "--pki",
                          os.path.join(self.dir, "pki"), "--state", os.path.join(self.state_dir, "euicc.json"),
                          "--lab-dir", self.dir, stdout=subprocess.PIPE)

    def start_pcscd(self):
        self.spawn("pcscd", "/usr/sbin/pcscd", "--foreground", "--debug", "--config",
                   os.path.join(self.dir, "pcscd"))
        self.wait(_listens, 10, "pcscd's reader waits for a card")

    def _await_modem(self, modem):
        if not modem.stdout.readline():
            raise RuntimeError(f"the card does not start\n{self._tail('modem')}")

    def start_proxy(self):
        """There is none."""

    def start_mm(self):
        """There is none."""

    def modems(self):
        return {"/": {}}

    def stop(self):
        super().stop()
        subprocess.run(["umount", RUN], check=False, capture_output=True)


def _listens():
    with open("/proc/net/tcp", encoding="ascii") as first, open("/proc/net/tcp6", encoding="ascii") as second:
        return any(f":{PORT:04X} " in line and " 0A " in line for line in [*first, *second])
