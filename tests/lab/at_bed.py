# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A USB modem with serial ports: what udev and ModemManager see of it, and /dev/ttyUSB0 and ttyUSB1 for everybody."""

import fcntl
import glob
import os
import subprocess
import termios
import tty

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402  (needs the version first)

TIOCGEXCL = 0x80045440
USB = "/devices/pci0000:00/0000:00:14.0/usb1/1-2"
PORTS = ("ttyUSB0", "ttyUSB1")
ROLES = ("ID_MM_PORT_TYPE_AT_PRIMARY", "ID_MM_PORT_TYPE_AT_SECONDARY")

DEVICE = """
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: DRIVER=usb
E: ID_VENDOR_ID={vid}
E: ID_MODEL_ID={pid}
E: ID_MM_DEVICE_PROCESS=1
A: idVendor={vid}
A: idProduct={pid}
A: bcdDevice=0100
A: manufacturer=esimd lab
A: product=AT modem with eUICC
L: driver=../../../../../bus/usb/drivers/usb
"""
INTERFACE = """
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
E: DRIVER=option
A: bInterfaceClass=ff
A: bInterfaceSubClass=00
A: bInterfaceProtocol=00
A: bInterfaceNumber=0{number}
L: driver=../../../../../../bus/usb/drivers/option
"""
SERIAL = """
E: SUBSYSTEM=usb-serial
E: DRIVER=option1
L: driver=../../../../../../../bus/usb-serial/drivers/option1
"""
TTY = """
E: SUBSYSTEM=tty
E: DEVNAME=/dev/{name}
E: ID_MM_CANDIDATE=1
E: ID_MM_DEVICE_PROCESS=1
E: ID_USB_INTERFACE_NUM=0{number}
E: {role}=1
L: device=../../../{name}
"""


def devices(vid, pid, ports):
    """(sysfs path, description) of the device and all below it, parents first."""
    yield USB, DEVICE.format(vid=vid, pid=pid)
    for number, name in enumerate(ports):
        path = f"{USB}/1-2:1.{number}"
        yield path, INTERFACE.format(number=number)
        yield f"{path}/{name}", SERIAL
        yield f"{path}/{name}/tty/{name}", TTY.format(number=number, name=name, role=ROLES[number])


def _links(folder):
    """Where the links in FOLDER lead; it may vanish meanwhile, or be another user's."""
    try:
        return [os.readlink(f"{folder}/{name}") for name in os.listdir(folder)]
    except OSError:
        return []


class Terminal:
    """A pty that programs find as /dev/NAME, with the preload (in ROOT) or without."""

    def __init__(self, name, root=None):
        self.path, self._link = f"/dev/{name}", f"{root}/dev/{name}" if root else None
        self.fd, self._slave = os.openpty()  # one slave stays open while no host has one
        self.node = os.ttyname(self._slave)
        tty.setraw(self._slave)
        os.set_blocking(self.fd, False)
        if self._link:
            os.symlink(self.node, self._link)
        _without_preload(': > "$2"; mount --bind "$1" "$2"', self.node, self.path)

    def read(self):
        """What the host sent."""
        return os.read(self.fd, 65536)

    def release(self):
        """A real port forgets TIOCEXCL with its last user; this one, which we keep open, is told to."""
        flag = bytearray(4)
        fcntl.ioctl(self._slave, TIOCGEXCL, flag)
        if any(flag) and not self._is_used():
            fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def has_dtr(self):
        """Speed 0 drops it (termios(3)), and so does whoever closes the port."""
        return termios.tcgetattr(self._slave)[5] != termios.B0 and self._is_used()

    def _is_used(self):
        for folder in glob.glob("/proc/[0-9]*/fd"):
            if folder != f"/proc/{os.getpid()}/fd" and self.node in _links(folder):
                return True
        return False

    def close(self):
        if self._link:
            os.unlink(self._link)
        _without_preload('umount -l "$1"; rm "$1"', self.path)  # a host may have it open
        os.close(self._slave)
        os.close(self.fd)


def _agree(_base, client):
    """A serial port takes every ioctl (termios goes past the preload): TIOCEXCL, without which it is not used."""
    client.complete(0, 0)
    return True


class AtBed:
    """The device of VID and PID; `terminals` are the modem's ends of its ports while it is plugged in."""

    def __init__(self, vid, pid, ports=PORTS):
        self._bed = UMockdev.Testbed.new()
        self.root = self._bed.get_root_dir()
        self._devices = list(devices(vid, pid, ports))
        self._ports = ports
        for driver in ("usb/drivers/usb", "usb/drivers/option", "usb-serial/drivers/option1"):
            os.makedirs(f"{self._bed.get_sys_dir()}/bus/{driver}", exist_ok=True)
        os.makedirs(f"{self.root}/dev", exist_ok=True)
        self._ioctls = UMockdev.IoctlBase()
        self._ioctls.connect("handle-ioctl", _agree)
        for name in ports:
            self._bed.attach_ioctl(f"/dev/{name}", self._ioctls)
        self.terminals = []

    def plug(self):
        self.terminals = [Terminal(name, self.root) for name in self._ports]
        for path, text in self._devices:
            self._bed.add_from_string(f"P: {path}\n{text.lstrip()}")
        for path, _ in self._devices:
            self._bed.uevent(f"/sys{path}", "add")

    def unplug(self):
        for path, _ in reversed(self._devices):
            self._bed.uevent(f"/sys{path}", "remove")
        for terminal in self.terminals:
            terminal.close()
        for path, _ in reversed(self._devices):
            self._bed.remove_device(f"/sys{path}")
        self.terminals = []


def _without_preload(script, *words):
    """Run a shell SCRIPT that sees the lab's true /dev."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run(["sh", "-ec", script, "sh", *words], env=environment, check=True, stdin=subprocess.DEVNULL)
