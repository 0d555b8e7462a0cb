# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The real NetworkManager for a lab that has ModemManager: it manages the modem and nothing else."""

import glob
import os
import shutil
import subprocess

from gi.repository import GLib

NM, NM_PATH = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
SETTINGS = f"{NM_PATH}/Settings"
ACTIVATED = 2  # NMActiveConnectionState
DEVICE_TYPE_MODEM = 8
# PPP is left out: few machines that run tests have it in their kernels.
PLUGINS = ("libnm-device-plugin-wwan.so", "libnm-wwan.so")
CONFIG = """[main]
plugins=keyfile
dns=none
rc-manager=unmanaged
auth-polkit=false
no-auto-default=*
[keyfile]
path={state}/connections
unmanaged-devices={unmanaged}
[connectivity]
enabled=false
[logging]
level=INFO
"""
# Not by type: for NetworkManager LTE alone, as the QMI modem has it, is no gsm.
ALL_BUT_MODEMS = "*,except:interface-name:cdc-wdm*,except:interface-name:ttyUSB*"


def _mount_tmpfs(path):
    if not os.path.ismount(path):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path], check=True)


def _make_plugins_ours():
    """NetworkManager loads only files of root's, which the system's are not in a user namespace."""
    (wwan,) = glob.glob(f"/usr/lib/*/NetworkManager/*/{PLUGINS[0]}")
    folder = os.path.dirname(wwan)
    if os.path.ismount(folder):
        return
    contents = {}
    for name in PLUGINS:
        with open(os.path.join(folder, name), "rb") as file:
            contents[name] = file.read()
    _mount_tmpfs(folder)
    for name, content in contents.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


class NetworkManager:
    """NetworkManager in LAB, a started bed.Lab. MANAGED: it has the modem; else it leaves that alone, too."""

    def __init__(self, lab, managed=True):
        self.lab = lab
        self.dir = os.path.join(lab.dir, "nm")
        for name in ("", "connections", "state"):
            os.makedirs(os.path.join(self.dir, name), mode=0o700, exist_ok=True)
        self.config = os.path.join(self.dir, "NetworkManager.conf")
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(state=self.dir, unmanaged=ALL_BUT_MODEMS if managed else "*"))
        _make_plugins_ours()
        for path in ("/run", "/var/lib/NetworkManager", "/etc/NetworkManager"):
            _mount_tmpfs(path)
        shutil.copy("/usr/share/dbus-1/system.d/org.freedesktop.NetworkManager.conf", f"{lab.dir}/dbus.d")
        lab.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ReloadConfig")
        self.start()

    def start(self):
        self.lab.spawn("networkmanager", "/usr/sbin/NetworkManager", "--no-daemon", f"--config={self.config}",
                       f"--config-dir={self.dir}/none", f"--intern-config={self.dir}/intern.conf",
                       f"--state-file={self.dir}/state/state", f"--pid-file={self.dir}/pid", preload=True)
        self.lab.wait(self._is_up, 20, "NetworkManager is on the bus")

    def _is_up(self):
        """It has its name before it has its objects."""
        try:
            self.lab.call(NM, SETTINGS, f"{NM}.Settings", "ListConnections")
        except GLib.Error:
            return False
        return True

    def properties(self, path, interface):
        return self.lab.call(NM, path, "org.freedesktop.DBus.Properties", "GetAll",
                             GLib.Variant("(s)", (f"{NM}.{interface}" if interface else NM,)))[0]

    def device(self):
        """(path, properties) of the modem's device, or None."""
        for path in self.lab.call(NM, NM_PATH, NM, "GetDevices")[0]:
            try:
                values = self.properties(path, "Device")
            except GLib.Error:  # it has gone meanwhile
                continue
            if values["DeviceType"] == DEVICE_TYPE_MODEM:
                return path, values
        return None

    def connections(self):
        """Connections for mobile networks: path -> settings."""
        paths = self.lab.call(NM, SETTINGS, f"{NM}.Settings", "ListConnections")[0]
        found = {path: self.lab.call(NM, path, f"{NM}.Settings.Connection", "GetSettings")[0] for path in paths}
        return {path: settings for path, settings in found.items() if settings["connection"]["type"] == "gsm"}

    def active(self):
        """The connection (its path) that is up on the modem, or None."""
        found = self.device()
        if not found or found[1]["ActiveConnection"] == "/":
            return None
        try:
            values = self.properties(found[1]["ActiveConnection"], "Connection.Active")
        except GLib.Error:
            return None
        return values["Connection"] if values["State"] == ACTIVATED else None

    def add(self, **groups):
        """Add a connection as a person does; its path."""
        packed = {name: {key: GLib.Variant("b" if isinstance(value, bool) else "s", value)
                         for key, value in values.items()} for name, values in groups.items()}
        return self.lab.call(NM, SETTINGS, f"{NM}.Settings", "AddConnection",
                             GLib.Variant("(a{sa{sv}})", (packed,)))[0]

    def edit(self, path, group, key, value):
        """Change one value of a connection as a person does."""
        answer = self.lab.bus.call_sync(NM, path, f"{NM}.Settings.Connection", "GetSettings", None, None, 0, 5000, None)
        settings = {name: {each: values.lookup_value(each, None) for each in values.keys()}
                    for name, values in ((name, answer.get_child_value(0).lookup_value(name, None))
                                         for name in answer.get_child_value(0).keys())}
        settings[group][key] = value
        self.lab.call(NM, path, f"{NM}.Settings.Connection", "Update", GLib.Variant("(a{sa{sv}})", (settings,)))

    def disconnect(self):
        """What a person does with nmcli device disconnect."""
        self.lab.call(NM, self.device()[0], f"{NM}.Device", "Disconnect")

    def switch(self, on):
        """What a person does with nmcli networking."""
        self.lab.call(NM, NM_PATH, NM, "Enable", GLib.Variant("(b)", (on,)))

    def activate(self, path):
        self.lab.call(NM, NM_PATH, NM, "ActivateConnection", GLib.Variant("(ooo)", (path, self.device()[0], "/")))
