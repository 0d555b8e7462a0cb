# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A machine that systemd boots, with esimd installed on it: an overlay over this machine's own /, in namespaces of its own.

Inside namespaces already (tests/lab/run --bare), as root. The modem, its card and the servers stay outside the machine, as in
the world: they live on while it is down. The network, /dev and the lab's folder are shared with it; all else is its own.
"""

import json
import os
import shutil
import subprocess
import time

from gi.repository import Gio

import bed

SYSTEMD = "/lib/systemd/systemd"
UNITS = "/usr/lib/systemd/system"
# What a target of the machine may still start; everything else that the distribution wants there would touch this machine.
KEPT = ("dbus.socket", "dbus.service", "systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket",
        "systemd-journal-flush.service", "systemd-ask-password-wall.path")
ENABLED = ("ModemManager.service", "NetworkManager.service")
MASKED = ("tmp.mount", "NetworkManager-dispatcher.service", "NetworkManager-wait-online.service", "wpa_supplicant.service",
          "systemd-networkd.service", "systemd-resolved.service", "systemd-logind.service", "dbus-org.freedesktop.login1.service",
          "dbus-org.freedesktop.resolve1.service", "console-getty.service", "getty.target")
NETWORKMANAGER = """[main]
plugins=keyfile
dns=none
rc-manager=unmanaged
no-auto-default=*
[keyfile]
unmanaged-devices=*,except:interface-name:cdc-wdm*
[connectivity]
enabled=false
"""
# ModemManager and NetworkManager see the simulated device; ModemManager would not start in a container.
DROP_IN = """[Unit]
ConditionVirtualization=
[Service]
PrivateTmp=no
Environment=LD_PRELOAD={preload} UMOCKDEV_DIR={bed}
"""

# Process 1 of the new namespaces, in the new root: what a kernel and its initrd leave behind, then systemd.
BOOT = """
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . . 2>/dev/null && umount -l . || mount --move . /
# Without this, credentials and devices that come later do not reach the services.
exec chroot . sh -c 'mount --make-rshared / && exec env -i container=lab LC_ALL=C.UTF-8 \
  PATH=/usr/sbin:/usr/bin:/sbin:/bin "$0" --unit=multi-user.target --show-status=no' "$2"
"""


class Impossible(Exception):
    """This machine cannot boot another; the message says why."""


def _try(what, *words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Impossible(f"{what}: {done.stderr.strip() or done.stdout.strip()}")


def build(folder):
    """Build what is installed, without sanitizers (they and the unit's sandbox exclude each other), in FOLDER."""
    top = os.path.dirname(os.path.dirname(bed.HERE))
    environment = {name: value for name, value in os.environ.items() if name not in ("CFLAGS", "LDFLAGS", "DESTDIR")}

    def run(*words):
        done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}\n{done.stdout[-4000:]}")
        return done.stdout

    if not os.path.exists(f"{folder}/build.ninja"):
        run("meson", "setup", folder, top, "-Doptimization=0")
    targets = [os.path.relpath(path, folder) for target in json.loads(run("meson", "introspect", folder, "--targets"))
               if target["installed"] for path in target["filename"]]
    run("ninja", "-C", folder, *targets)


class Machine:
    """The files and the running systemd of the machine at ROOT; what is written there outlives boots, not the object."""

    def __init__(self, folder, shared):
        """Below FOLDER, an empty one; SHARED, a folder, has the same path inside."""
        self.folder, self.shared = folder, shared
        self.root, self.cgroups = f"{folder}/root", f"{folder}/cgroup"
        self.process = self.init = None
        self.boots = 0

    def path(self, inside):
        """Where a path of the machine is outside."""
        return self.root + inside

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return inside

    # The disk

    def make(self, build_folder):
        """Mount the machine's disk, and install on it what BUILD_FOLDER has."""
        with open("/proc/self/uid_map", encoding="ascii") as users:
            if users.read().split() != ["0", "0", "4294967295"]:
                raise Impossible("only root can boot a machine")
        if not os.path.exists(SYSTEMD):
            raise Impossible(f"there is no {SYSTEMD}")
        for name in ("root", "cgroup", "disk"):
            os.makedirs(f"{self.folder}/{name}")
        _try("there is no cgroup2", "mount", "-t", "cgroup2", "cgroup2", self.cgroups)
        self.cgroups += f"/esimd-lab-{os.path.basename(os.environ['LAB_DIR'])}"
        disk = f"{self.folder}/disk"
        _try("no memory for a disk", "mount", "-t", "tmpfs", "-o", "mode=755,size=2g", "tmpfs", disk)
        for name in ("upper", "work"):
            os.mkdir(f"{disk}/{name}")
        _try("there are no overlays", "mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir=/,upperdir={disk}/upper,workdir={disk}/work", self.root)
        self._furnish()
        subprocess.run(["meson", "install", "-C", build_folder, "--no-rebuild", "--quiet", "--destdir", self.root],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

    def _furnish(self):
        """The settings of a fresh installation with these services, whatever this machine has."""
        for path in ("/etc/systemd/system", "/etc/NetworkManager", "/var/lib/NetworkManager", "/etc/polkit-1/rules.d"):
            os.makedirs(self.path(path), exist_ok=True)
            bed._mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", self.path(path))
        for path in ("/etc/esimd", "/var/lib/esimd", "/var/log/journal"):
            shutil.rmtree(self.path(path), ignore_errors=True)
        for name in ("hosts", "resolv.conf"):
            if os.path.lexists(self.path(f"/etc/{name}")):
                os.unlink(self.path(f"/etc/{name}"))
            shutil.copy(f"/etc/{name}", self.path(f"/etc/{name}"))
        self.write("/etc/machine-id", os.urandom(16).hex() + "\n")
        self.write("/etc/fstab", "")
        self.write("/etc/NetworkManager/NetworkManager.conf", NETWORKMANAGER)
        self.write("/etc/systemd/journald.conf.d/lab.conf",
                   "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nReadKMsg=no\nAudit=no\nForwardToSyslog=no\n")
        os.makedirs(self.path("/var/log/journal"))
        wants = [f"{folder}/{name}" for folder in os.listdir(self.path(UNITS)) if folder.endswith(".wants")
                 for name in os.listdir(self.path(f"{UNITS}/{folder}"))]
        for name in {*(path.partition("/")[2] for path in wants), *MASKED} - set(KEPT):
            os.symlink("/dev/null", self.path(f"/etc/systemd/system/{name}"))
        self.systemctl_offline("enable", *ENABLED)

    def systemctl_offline(self, *words):
        """systemctl on the files of a machine that may be down."""
        subprocess.run(["systemctl", f"--root={self.root}", "--quiet", *words], stdin=subprocess.DEVNULL, check=True)

    # Up and down

    def boot(self):
        """Start systemd, and wait until its bus is there; returns after about a second."""
        for name in ("run", "tmp"):
            if self.boots:
                subprocess.run(["umount", "-R", "-l", self.path(f"/{name}")], check=True)
            bed._mount("-t", "tmpfs", "-o", f"mode={'755' if name == 'run' else '1777'}", "tmpfs", self.path(f"/{name}"))
        os.makedirs(self.path(self.shared), exist_ok=True)
        bed._mount("--bind", self.shared, self.path(self.shared))
        if not self.boots:
            bed._mount("--make-rshared", "/dev")  # what is plugged in later reaches the machine
            bed._mount("--rbind", "/dev", self.path("/dev"))
        self.boots += 1
        os.makedirs(self.cgroups, exist_ok=True)
        with open(f"{self.folder}/console.log", "ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-ec", 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"', "sh", self.cgroups,
                 "unshare", "-m", "--propagation", "slave", "-p", "-u", "-i", "-C", "--fork", "--kill-child",
                 "sh", "-ec", BOOT, "sh", self.root, SYSTEMD],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        bed.wait_for(self._is_up, 30, "the machine's bus")

    def _is_up(self):
        if self.process.poll() is not None:
            with open(f"{self.folder}/console.log", encoding="utf-8") as log:
                raise Impossible(f"systemd ended with status {self.process.returncode}: {log.read()[-500:]}")
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            self.init = (children.read().split() or [None])[0]
        return self.init and os.path.exists(self.path("/run/dbus/system_bus_socket"))

    def bus(self):
        """A new connection to the machine's system bus: it may read; methods that polkit is asked about take run()."""
        flags = Gio.DBusConnectionFlags
        bus = Gio.DBusConnection.new_for_address_sync(
            f"unix:path={self.path('/run/dbus/system_bus_socket')}",
            flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        bus.set_exit_on_close(False)
        return bus

    def command(self, *words, user=None):
        """The command line that runs WORDS on the machine, as root or as USER."""
        drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user is not None else []
        return ["nsenter", "--target", self.init, "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd",
                "env", "-i", "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", *drop, *words]

    def run(self, *words, user=None, timeout=60):
        """Run WORDS on the machine; the finished process, with what it said as text."""
        return subprocess.run(self.command(*words, user=user), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False)

    def power_off(self, seconds=60):
        """What systemctl poweroff does, to its end."""
        self.run("systemctl", "poweroff")
        self.process.wait(seconds)
        self._after()

    def cut_power(self):
        """The machine is gone, in the middle of whatever it does."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self._after()

    def _after(self):
        self.process = self.init = None
        deadline = time.monotonic() + 5
        while os.path.exists(self.cgroups) and time.monotonic() < deadline:
            subprocess.run(["find", self.cgroups, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"],
                           capture_output=True, check=False)
            time.sleep(0.02)


    def remove(self):
        """Unmount everything, so that whoever clears the folder away reaches nothing but the folder."""
        self.cut_power()
        if os.path.ismount(self.path("/dev")):  # or what is unmounted there is unmounted in the lab's own /dev, too
            bed._mount("--make-rprivate", self.path("/dev"))
        for path in (self.root, f"{self.folder}/disk", f"{self.folder}/cgroup"):
            if os.path.ismount(path):
                subprocess.run(["umount", "-R", "-l", path], check=True)


class BootedLab(bed.Lab):
    """bed.Lab, whose bus, polkit, ModemManager and NetworkManager are those of a machine that systemd runs."""

    def __init__(self, lab_dir, build_folder, **options):
        super().__init__(lab_dir, **options)
        self.machine = Machine(os.path.join(self.dir, "machine"), self.dir)
        self.build_folder = build_folder
        self.environment["TMPDIR"] = self.dir  # umockdev's files are where the machine sees them

    def _start_bus(self):
        self.machine.make(self.build_folder)

    def _start_polkit(self):
        """It is the machine's, started by its bus."""

    def start_proxy(self):
        """ModemManager starts it, as on a real machine."""

    def start_mm(self):
        for unit in ENABLED:
            self.machine.write(f"/etc/systemd/system/{unit}.d/lab.conf",
                               DROP_IN.format(preload=bed.PRELOAD, bed=self.environment["UMOCKDEV_DIR"]))
        self.boot()

    def boot(self):
        """Bring the machine up until ModemManager is on its bus."""
        self.machine.boot()
        self.bus = self.machine.bus()
        self.wait(lambda: self.owned(bed.MM_NAME), 20, "ModemManager is on the bus")

    def off(self, cut=False):
        """Bring the machine down, or CUT its power."""
        self.bus.close_sync()
        self.bus = None
        if cut:
            self.machine.cut_power()
        else:
            self.machine.power_off()

    def stop(self):
        self.machine.remove()
        self.bus = None
        super().stop()
