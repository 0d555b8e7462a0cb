# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The USB device that udev and ModemManager see: plugs it in and out of a umockdev test bed."""

import os
import subprocess
import tty

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402  (needs the version first)

USB = "/devices/pci0000:00/0000:00:14.0/usb1/1-1"
INTERFACE = f"{USB}/1-1:1.0"
WDM = f"{INTERFACE}/usbmisc/cdc-wdm0"
NET = f"{INTERFACE}/net/wwan0"
NODE = "/dev/cdc-wdm0"

DEVICES = [(USB, """
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: DRIVER=usb
E: ID_VENDOR_ID=1d6b
E: ID_MODEL_ID=0199
A: idVendor=1d6b
A: idProduct=0199
A: bcdDevice=0100
A: manufacturer=esimd lab
A: product=modem with eUICC
L: driver=../../../../../bus/usb/drivers/usb
"""), (INTERFACE, """
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
E: DRIVER={driver}
A: bInterfaceClass={interface_class}
A: bInterfaceSubClass={interface_subclass}
A: bInterfaceProtocol=00
A: bInterfaceNumber=00
L: driver=../../../../../../bus/usb/drivers/{driver}
"""), (WDM, """
E: SUBSYSTEM=usbmisc
E: DEVNAME=/dev/cdc-wdm0
E: ID_MM_CANDIDATE=1
E: ID_USB_INTERFACE_NUM=00
L: device=../../../1-1:1.0
"""), (NET, """
E: SUBSYSTEM=net
E: INTERFACE=wwan0
E: IFINDEX={index}
E: ID_MM_CANDIDATE=1
E: ID_USB_INTERFACE_NUM=00
L: device=../../../1-1:1.0
""")]


CLASSES = {"cdc_mbim": ("02", "0e"), "qmi_wwan": ("ff", "ff")}


class TestBed:
    """The modem's end of /dev/cdc-wdm0 is `fd` while it is plugged in; DRIVER is the kernel's for it."""

    def __init__(self, driver):
        self._driver = driver
        self._bed = UMockdev.Testbed.new()
        self.root = self._bed.get_root_dir()
        for name in ("usb", driver):
            os.makedirs(f"{self._bed.get_sys_dir()}/bus/usb/drivers/{name}", exist_ok=True)
        os.makedirs(f"{self.root}/dev", exist_ok=True)
        self.fd = self._slave = -1
        self.node = None

    def plug(self, index):
        """Add the device; INDEX is wwan0's interface index. The tty behind NODE is then `node`."""
        interface_class, interface_subclass = CLASSES[self._driver]
        for path, text in DEVICES:
            text = text.lstrip().format(index=index, driver=self._driver, interface_class=interface_class,
                                        interface_subclass=interface_subclass)
            self._bed.add_from_string(f"P: {path}\n{text}")
        if self._driver == "qmi_wwan":
            self._bed.set_attribute(f"/sys{NET}", "qmi/raw_ip", "Y")
        # a terminal of our own, for umockdev can't make the same node twice; one slave stays open while no host has one
        self.fd, self._slave = os.openpty()
        self.node = os.ttyname(self._slave)
        os.symlink(self.node, f"{self.root}{NODE}")
        tty.setraw(self._slave)
        os.set_blocking(self.fd, False)
        _show_node(self.node)
        for path, _ in DEVICES:
            self._bed.uevent(f"/sys{path}", "add")

    def unplug(self):
        """Remove the device: whoever has it open gets a hang-up, as from a USB device that is gone."""
        for path, _ in reversed(DEVICES):
            self._bed.uevent(f"/sys{path}", "remove")
        os.unlink(f"{self.root}{NODE}")
        _hide_node()
        os.close(self._slave)
        os.close(self.fd)
        for path, _ in reversed(DEVICES):
            self._bed.remove_device(f"/sys{path}")
        self.fd = self._slave = -1


def _without_preload(script, *words):
    """Run a shell SCRIPT that sees the lab's true /dev."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run(["sh", "-ec", script, "sh", *words], env=environment, check=True, stdin=subprocess.DEVNULL)


def _show_node(node):
    """Give programs without the preload a file at NODE: a bind mount, since mbim-proxy would follow a link."""
    _without_preload(': > "$2"; mount --bind "$1" "$2"', node, NODE)


def _hide_node():
    _without_preload('umount "$1"; rm "$1"', NODE)
