# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The USB device that udev and ModemManager see: plugs it in and out of a umockdev test bed."""

import os
import subprocess
import tty

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402  (needs the version first)

USB = "/devices/pci0000:00/0000:00:14.0/usb1/1-{port}"
INTERFACE = USB + "/1-{port}:1.0"
WDM = INTERFACE + "/usbmisc/cdc-wdm{number}"
NET = INTERFACE + "/net/wwan{number}"

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
E: DEVNAME=/dev/cdc-wdm{number}
E: ID_MM_CANDIDATE=1
E: ID_USB_INTERFACE_NUM=00
L: device=../../../1-{port}:1.0
"""), (NET, """
E: SUBSYSTEM=net
E: INTERFACE=wwan{number}
E: IFINDEX={index}
E: ID_MM_CANDIDATE=1
E: ID_USB_INTERFACE_NUM=00
L: device=../../../1-{port}:1.0
""")]


CLASSES = {"cdc_mbim": ("02", "0e"), "qmi_wwan": ("ff", "ff")}


class TestBed:
    """The modem's end of its NODE is `fd` while it is plugged in; DRIVER is the kernel's for it.

    The modem with NUMBER is at port NUMBER + 1 and has /dev/cdc-wdmNUMBER and wwanNUMBER, until renamed; all that are seen
    together share the first one's bed.
    """

    def __init__(self, driver, number=0, first=None):
        self._driver, self._port = driver, number + 1
        self._bed = first._bed if first else UMockdev.Testbed.new()
        self.root = self._bed.get_root_dir()
        for name in ("usb", driver):
            os.makedirs(f"{self._bed.get_sys_dir()}/bus/usb/drivers/{name}", exist_ok=True)
        os.makedirs(f"{self.root}/dev", exist_ok=True)
        self.rename(number)
        self.fd = self._slave = -1
        self.node = None

    def rename(self, number):
        """The kernel takes the first free NUMBER for a device that comes back: not always its old one."""
        self._number, self._device = number, f"/dev/cdc-wdm{number}"
        self._paths = [self._fill(path) for path, _ in DEVICES]

    def _fill(self, text, **fields):
        return text.format(port=self._port, number=self._number, driver=self._driver, **fields)

    def plug(self, index):
        """Add the device; INDEX is its net device's. The tty behind its node is then `node`."""
        interface_class, interface_subclass = CLASSES[self._driver]
        for path, (_, text) in zip(self._paths, DEVICES):
            text = self._fill(text.lstrip(), index=index, interface_class=interface_class,
                              interface_subclass=interface_subclass)
            self._bed.add_from_string(f"P: {path}\n{text}")
        if self._driver == "qmi_wwan":
            self._bed.set_attribute(f"/sys{self._fill(NET)}", "qmi/raw_ip", "Y")
        # a terminal of our own, for umockdev can't make the same node twice; one slave stays open while no host has one
        self.fd, self._slave = os.openpty()
        self.node = os.ttyname(self._slave)
        os.symlink(self.node, f"{self.root}{self._device}")
        tty.setraw(self._slave)
        os.set_blocking(self.fd, False)
        _show_node(self.node, self._device)
        for path in self._paths:
            self._bed.uevent(f"/sys{path}", "add")

    def unplug(self):
        """Remove the device: whoever has it open gets a hang-up, as from a USB device that is gone."""
        for path in reversed(self._paths):
            self._bed.uevent(f"/sys{path}", "remove")
        os.unlink(f"{self.root}{self._device}")
        _hide_node(self._device)
        os.close(self._slave)
        os.close(self.fd)
        for path in reversed(self._paths):
            self._bed.remove_device(f"/sys{path}")
        self.fd = self._slave = -1


def _without_preload(script, *words):
    """Run a shell SCRIPT that sees the lab's true /dev."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run(["sh", "-ec", script, "sh", *words], env=environment, check=True, stdin=subprocess.DEVNULL)


def _show_node(node, device):
    """Give programs without the preload a file at DEVICE: a bind mount, since mbim-proxy would follow a link."""
    _without_preload(': > "$2"; mount --bind "$1" "$2"', node, device)


def _hide_node(device):
    _without_preload('umount "$1"; rm "$1"', device)
