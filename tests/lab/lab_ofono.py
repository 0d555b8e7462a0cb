# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A lab with the real ofonod: its simulator driver speaks AT over TCP to modem_at.py; the card's port is /dev/ttyUSB1.

oFono leaves that second port alone. A modem is off (Powered false) until somebody powers it.
"""

import os
import subprocess

import bed
from gi.repository import GLib
from lab_at import AtLab
from tool_cache import cache_folder

OFONO, MODEM = "org.ofono", "/phonesim"
TCP_PORT = 12345
CONFIG = f"[phonesim]\nAddress=127.0.0.1\nPort={TCP_PORT}\n"


class OfonoLab(AtLab):
    """bed.Lab with modem_at.py and ofonod, no ModemManager. POWERED: the modem is powered and online at the start."""

    MODEM = MODEM

    def __init__(self, lab_dir, powered=True, **options):
        # oFono 1.31 crashes where its simulator refuses +CPIN?
        options["knobs"] = {"sim_events": True, "empty_ready": True, **(options.get("knobs") or {})}
        super().__init__(lab_dir, **options)
        self.powered, self.modem_words = powered, ("--tcp", str(TCP_PORT))
        self.environment["OFONO_PHONESIM_CONFIG"] = os.path.join(self.dir, "phonesim.conf")

    def _spawn_modem(self):
        with open(self.environment["OFONO_PHONESIM_CONFIG"], "w", encoding="ascii") as file:
            file.write(CONFIG)
        return super()._spawn_modem()

    def _await_modem(self, modem):
        line = modem.stdout.readline()
        if not line:
            raise RuntimeError(f"the modem does not start\n{self._tail('modem')}")

    def start_mm(self):
        """oFono in ModemManager's place. What it keeps of modems stays in the lab."""
        state = os.path.join(self.dir, "ofono")
        os.makedirs(state, exist_ok=True)
        os.makedirs("/var/lib/ofono", exist_ok=True)
        subprocess.run(["mount", "--bind", state, "/var/lib/ofono"], check=True)
        self.start_ofono()

    def start_ofono(self):
        self._spawn_ofono()
        self.wait(lambda: self.owned(OFONO) and self.modems(), 10, "ofono shows the modem")
        if self.powered:
            self.set_modem("Powered", True)
            self.set_modem("Online", True)

    def _spawn_ofono(self):
        self.spawn("ofono", os.path.join(cache_folder(), "ofono/usr/sbin/ofonod"), "--nodetach", "--debug", preload=False)

    def stop(self):
        super().stop()
        subprocess.run(["umount", "/var/lib/ofono"], check=False, capture_output=True)

    # D-Bus, for tests

    def modems(self):
        """oFono's modems: object path -> properties."""
        return dict(self.call(OFONO, "/", "org.ofono.Manager", "GetModems")[0])

    def properties(self, interface, path=None):
        """The properties of INTERFACE ("SimManager") of the modem, or of a context."""
        return self.call(OFONO, path or self.MODEM, f"{OFONO}.{interface}", "GetProperties")[0]

    def set_property(self, interface, name, value, path=None):
        variant = GLib.Variant("b" if isinstance(value, bool) else "s", value)
        self.call(OFONO, path or self.MODEM, f"{OFONO}.{interface}", "SetProperty", GLib.Variant("(sv)", (name, variant)))

    def set_modem(self, name, value):
        self.set_property("Modem", name, value)


class XmmLab(OfonoLab):
    """The same with a stand-in for oFono, ofono_xmm.py, whose modem gives channels that it alone knows the numbers of."""

    MODEM = "/xmm7xxx_0"

    def __init__(self, lab_dir, **options):
        options["knobs"] = {"handles": "high", **(options.get("knobs") or {})}
        super().__init__(lab_dir, **options)

    def start_mm(self):
        self.start_ofono()

    def _spawn_ofono(self):
        self.spawn("ofono", bed.PYTHON, os.path.join(bed.HERE, "ofono_xmm.py"), str(TCP_PORT))
