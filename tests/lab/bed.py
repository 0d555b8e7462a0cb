# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The bed of a lab: namespaces made fit for it, and class Lab, which starts everything and ends it again.

Inside namespaces of its own only (tests/lab/run enters them): it mounts over /dev and /etc and makes net devices.
"""

import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402  (needs the version first)

from control import ask  # noqa: E402
import pace  # noqa: E402
import pki  # noqa: E402
from namespace import HOSTS  # noqa: E402
from net import make_uplink, run_ip  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # Debian's modules belong to this one, whichever is first on PATH
PRELOAD = "libumockdev-preload.so.0"
MM_NAME, MM_PATH = "org.freedesktop.ModemManager1", "/org/freedesktop/ModemManager1"
POLKIT_NAME, POLKIT_PATH = "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority"
MOCK_NAME = "org.freedesktop.DBus.Mock"

# Between two modems: umockdev's preload (0.17) ends a program whose threads look at two devices at once.
PLUG_SECONDS = 0.15

RESOLV = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"  # nobody there: an unknown name fails at once

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={lab}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <policy user="root">
    <allow own="*"/>
    <allow send_type="method_call"/>
  </policy>
  <include ignore_missing="yes">/etc/dbus-1/system.d/org.freedesktop.ModemManager1.conf</include>
  <include ignore_missing="yes">/usr/share/dbus-1/system.d/org.freedesktop.ModemManager1.conf</include>
  <include ignore_missing="yes">/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
  <includedir>{lab}/dbus.d</includedir>
</busconfig>
"""


def _mount(*words):
    subprocess.run(["mount", *words], check=True, stdin=subprocess.DEVNULL)


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def furnish_namespaces(lab_dir):
    """Make fresh namespaces fit for labs: names, resolver, loopback, uplink, and a /dev of our own."""
    hosts = "".join(f"{address} {' '.join(names)}\n" for address, names in HOSTS.items())
    for name, text in (("hosts", hosts), ("resolv.conf", RESOLV)):
        path = _write(os.path.join(lab_dir, name), text)
        if os.path.exists(f"/etc/{name}"):
            _mount("--bind", path, f"/etc/{name}")
    _private_dev(os.path.join(lab_dir, "dev"))
    run_ip("link", "set", "lo", "up")
    make_uplink()


def _private_dev(dev):
    os.mkdir(dev)
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", dev)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        if os.path.exists(f"/dev/{name}"):
            _write(f"{dev}/{name}", "")
            _mount("--bind", f"/dev/{name}", f"{dev}/{name}")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
                         ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx")):
        os.symlink(target, f"{dev}/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"{dev}/{name}")
    _mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=0620", "devpts", f"{dev}/pts")
    _mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{dev}/shm")
    _mount("--rbind", dev, "/dev")


def wait_for(condition, seconds, what, step=None):
    """Return CONDITION's first true value, asked for every STEP; TimeoutError, naming WHAT, after SECONDS, or later where
    the machine is busy."""
    began, limit = time.monotonic(), None
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - began
        if waited > seconds and limit is None:
            limit = pace.bound(seconds)
        if limit is not None and waited > limit:
            raise TimeoutError(f"{what}: not within {limit:.3g} s")
        time.sleep(step or min(max(waited / 20, 0.02), 0.08))  # who has waited long has time, and asking costs some


class Lab:
    """One lab in LAB_DIR. A context manager: entered, all runs; left, nothing does. `environment` is for commands."""

    def __init__(self, lab_dir, state_dir=None, knobs=None, with_mm=True, real_polkit=False, smds=True,
                 kind="mbim", card=(), count=1):
        self.dir, self.knobs, self.kind, self.card = os.path.abspath(lab_dir), knobs or {}, kind, card
        self.count = count  # modems
        self.state_dir = os.path.abspath(state_dir) if state_dir else os.path.join(self.dir, "state")
        self.with_mm, self.real_polkit, self.polkit_rules = with_mm, real_polkit, None
        self.servers = ("smdp", "smds", "supersim") if smds else ("smdp", "supersim")
        self.processes = {}
        self.bus = None
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "UMOCKDEV_DIR")},
            "LAB_DIR": self.dir, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.dir}/bus", "LAB_PRELOAD": PRELOAD}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # Processes

    def spawn(self, name, *words, preload=False, **options):
        """Start a process of the lab, its output in log/NAME.log; PRELOAD shows it the simulated device."""
        environment = dict(self.environment)
        if preload:
            environment["LD_PRELOAD"] = PRELOAD
        with open(os.path.join(self.dir, "log", f"{name}.log"), "ab") as log:
            options.setdefault("stdout", log)
            self.processes[name] = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stderr=log,
                                                    start_new_session=True, **options)
        return self.processes[name]

    def end(self, name, kill=False):
        """End the process NAME and wait for it."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()

    def _check(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with status {process.returncode}\n{self._tail(name)}")

    def _tail(self, name):
        with open(os.path.join(self.dir, "log", f"{name}.log"), encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-20:])

    def wait(self, condition, seconds, what):
        """wait_for(), ending early when a process of the lab has died."""
        def step():
            value = condition()
            if not value:
                self._check()
            return value

        return wait_for(step, seconds, what)

    # Start and stop

    def start(self):
        for folder in (self.state_dir, *(os.path.join(self.dir, name) for name in ("log", "dbus.d"))):
            os.makedirs(folder, exist_ok=True)
        os.chmod(self.dir, 0o711)  # other users reach the bus
        pki_dir = os.path.join(self.state_dir, "pki")  # with the state: a card that persists keeps its certificates
        if not os.path.exists(os.path.join(pki_dir, "ci.pem")):
            pki.make(pki_dir)
        if not os.path.lexists(os.path.join(self.dir, "pki")):
            os.symlink(pki_dir, os.path.join(self.dir, "pki"))
        self._start_bus()
        modem = self._spawn_modem()
        self._start_servers()
        self._start_polkit()
        self._await_modem(modem)
        for profile in self.card:
            ask("euicc", "add_profile", self.dir, **profile)
        self.start_proxy()
        if self.with_mm:
            self.start_mm()
        for number in range(1, self.count):
            time.sleep(PLUG_SECONDS)
            ask(f"modem{number}", "plug", self.dir)
        if self.with_mm:
            self.wait(lambda: len(self.modems()) >= self.count, 20 + 2 * self.count, "ModemManager shows the modem")
        for name in self.servers:
            self.wait(lambda name=name: os.path.exists(os.path.join(self.dir, f"{name}.ctl")), 20, f"{name} is up")

    def stop(self):
        if self.bus:
            self.bus.close_sync()
            self.bus = None
        for name in reversed(list(self.processes)):
            self.end(name, kill=name != "modemmanager")
        for _, name in socket.if_nameindex():
            if name.startswith("wwan"):
                subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)
        for node in glob.glob("/dev/cdc-wdm*"):
            subprocess.run(["umount", node], check=False, capture_output=True)
            os.unlink(node)
        if self.environment.get("UMOCKDEV_DIR"):
            shutil.rmtree(self.environment["UMOCKDEV_DIR"], ignore_errors=True)

    def _start_bus(self):
        for path in glob.glob(os.path.join(HERE, "..", "..", "policy", "*.conf")):
            with open(path, encoding="utf-8") as file:
                if "<busconfig>" in file.read():  # esimd's own bus policy
                    shutil.copy(path, os.path.join(self.dir, "dbus.d"))
        config = _write(os.path.join(self.dir, "bus.conf"), BUS.format(lab=self.dir))
        daemon = self.spawn("dbus", "dbus-daemon", f"--config-file={config}", "--nofork", "--print-address",
                            stdout=subprocess.PIPE)
        if not daemon.stdout.readline():
            raise RuntimeError(f"dbus-daemon does not start\n{self._tail('dbus')}")
        flags = Gio.DBusConnectionFlags
        self.bus = Gio.DBusConnection.new_for_address_sync(
            self.environment["DBUS_SYSTEM_BUS_ADDRESS"],
            flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.set_exit_on_close(False)

    def _spawn_modem(self):
        return self.spawn("modem", PYTHON, os.path.join(HERE, "modem.py"), "--pki", os.path.join(self.dir, "pki"),
                          "--state", os.path.join(self.state_dir, "euicc.json"), "--lab-dir", self.dir,
                          "--kind", self.kind, "--count", str(self.count), "--set", json.dumps(self.knobs), preload=True, stdout=subprocess.PIPE)

    def _await_modem(self, modem):
        line = modem.stdout.readline()
        if not line:
            raise RuntimeError(f"the modem does not start\n{self._tail('modem')}")
        self.environment["UMOCKDEV_DIR"] = json.loads(line)["root"]

    def _start_servers(self):
        common = ("--pki", os.path.join(self.dir, "pki"), "--state", self.state_dir, "--lab-dir", self.dir)
        words = {"smdp": ("--listen", "127.0.0.2:443", "--host", "smdp.esimd.test"),
                 "smds": ("--listen", "127.0.0.4:443"),
                 "supersim": ("--https", "127.0.0.3:443", "--http", "127.0.0.3:8080")}
        for name in self.servers:
            self.spawn(name, PYTHON, os.path.join(HERE, f"{name}.py"), *common, *words[name])

    def _start_polkit(self):
        if self.real_polkit:
            actions = os.path.join(self.dir, "polkit-actions")
            shutil.copytree("/usr/share/polkit-1/actions", actions)
            for policy in glob.glob(os.path.join(HERE, "..", "..", "policy", "*.policy")):
                shutil.copy(policy, actions)
            _mount("--bind", actions, "/usr/share/polkit-1/actions")
            self.polkit_rules = os.path.join(self.dir, "polkit-rules")  # an administrator's
            os.mkdir(self.polkit_rules)
            _mount("--bind", self.polkit_rules, "/etc/polkit-1/rules.d")
            self.spawn("polkit", "/usr/lib/polkit-1/polkitd", "--no-debug")
        else:
            self.spawn("polkit", PYTHON, "-m", "dbusmock", "--system", "--template", "polkitd")
        self.wait(lambda: self.owned(POLKIT_NAME), 20, "polkit is on the bus")
        if not self.real_polkit:
            self.call(POLKIT_NAME, POLKIT_PATH, MOCK_NAME, "AllowUnknown", GLib.Variant("(b)", (True,)))

    def start_proxy(self):
        """The port's proxy, before anybody who would start one as a child of his own."""
        name = f"{self.kind}-proxy"
        self.spawn(name, f"/usr/libexec/{name}", "--no-exit", "--verbose", preload=True)
        self.wait(lambda: _listens(name), 5, f"{name} listens")

    def start_mm(self):
        """ModemManager; not --test-no-qrtr, which in 1.20 turns auto-scan off."""
        self.spawn("modemmanager", "/usr/sbin/ModemManager", "--test-no-suspend-resume", "--debug", preload=True)
        self.wait(lambda: self.owned(MM_NAME), 10, "ModemManager is on the bus")

    # D-Bus, for tests

    def call(self, name, path, interface, method, arguments=None, timeout=25):
        """Call a method on the lab's bus and return its values as Python sees them."""
        answer = self.bus.call_sync(name, path, interface, method, arguments, None, Gio.DBusCallFlags.NO_AUTO_START,
                                    int(timeout * 1000), None)
        return answer.unpack()

    def owned(self, name):
        """Whether NAME has an owner on the lab's bus."""
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
                         GLib.Variant("(s)", (name,)))[0]

    def modems(self):
        """ModemManager's modems: object path -> interface -> properties; those still being made are left out."""
        objects = self.call(MM_NAME, MM_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        return {path: interfaces for path, interfaces in objects.items()
                if interfaces.get(f"{MM_NAME}.Modem", {}).get("State", 0) not in (0, 1)}


def _listens(name):
    with open("/proc/net/unix", encoding="ascii") as sockets:
        return any(line.rstrip().endswith(f"@{name}") for line in sockets)


def main(lab_dir, bare, options, command):
    """What tests/lab/run does inside the namespaces; returns COMMAND's exit status."""
    os.environ["LAB_DIR"] = lab_dir
    furnish_namespaces(lab_dir)
    if bare:
        return subprocess.run(command, check=False).returncode
    with_nm, make = options.pop("networkmanager", False), Lab
    if options.pop("at", False):
        from lab_at import AtLab
        make, options["command"] = AtLab, False
    if options.pop("ofono", False):
        from lab_ofono import OfonoLab  # these need what this file has
        make, options["powered"] = OfonoLab, False
    with make(lab_dir, **options) as lab:
        if with_nm:
            from lab_nm import NetworkManager
            NetworkManager(lab)
        status = subprocess.run(command, env=lab.environment, check=False).returncode
        dead = [name for name, process in lab.processes.items() if process.poll() is not None]
        if dead:
            print(f"lab: ended before its time: {', '.join(dead)}", file=sys.stderr)
    return status if status >= 0 else 128 - status
