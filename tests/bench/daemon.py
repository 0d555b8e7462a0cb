# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""esimd as a benchmark sees it: a process in a lab, asked over the bus and looked at through /proc, never polled."""

import collections
import glob
import os
import re
import time

from gi.repository import Gio, GLib

NAME, ROOT = "org.esimd1", "/org/esimd1"
OVER = ("done", "failed", "cancelled")
CONFIG = """[provision]
mode=never
[lpa]
ci-file={lab}/pki/ci.pem
"""


class Daemon:
    """PROGRAM (the path of esimd), started in LAB; `named` and `published` are the seconds that each took from then."""

    def __init__(self, lab, program):
        self._lab, self._context = lab, GLib.MainContext.default()
        self._jobs, self._idle = {}, True
        self.named = self.published = self.euicc = None
        self._listen()
        config = os.path.join(lab.dir, "esimd.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(lab=lab.dir))
        self._start = time.monotonic()
        self.process = lab.spawn("esimd", program, "--config", config,
                                 "--state-dir", os.path.join(lab.dir, "esimd-state"))
        self._until(lambda: self.euicc and self.named, 20, "esimd publishes the card")
        self._settle()

    def _listen(self):
        flags = Gio.DBusSignalFlags.NONE
        for interface, member, argument, handler in (
                ("org.freedesktop.DBus", "NameOwnerChanged", NAME, self._on_name),
                ("org.freedesktop.DBus.ObjectManager", "InterfacesAdded", None, self._on_object),
                ("org.freedesktop.DBus.Properties", "PropertiesChanged", None, self._on_properties)):
            self._lab.bus.signal_subscribe(None, interface, member, None, argument, flags, handler)

    def _on_name(self, *values):
        if values[5].unpack()[2]:
            self.named = time.monotonic() - self._start

    def _on_object(self, *values):
        path, interfaces = values[5].unpack()
        if f"{NAME}.Euicc" in interfaces:
            self.euicc, self.published = path, time.monotonic() - self._start
        self._note(path, interfaces.get(f"{NAME}.Job", {}))

    def _on_properties(self, *values):
        interface, changed, _ = values[5].unpack()
        if interface == f"{NAME}.Job":
            self._note(values[2], changed)
        if interface == f"{NAME}.Euicc" and "Job" in changed:
            self._idle = changed["Job"] == "/"

    def _note(self, path, properties):
        self._jobs.setdefault(path, {}).update(properties)

    def _until(self, condition, seconds, what):
        """Wait for signals until CONDITION."""
        end = time.monotonic() + seconds
        timer = GLib.timeout_add(50, lambda: True)  # so that the end is seen when no signal comes
        try:
            while not condition():
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError(f"{what}: not within {seconds} s; see {self._lab.dir}/log/esimd.log")
                self._context.iteration(True)
        finally:
            GLib.source_remove(timer)

    def _settle(self):
        """Wait until it does nothing: no job, and no CPU time used for half a second."""
        used = -1.0
        while not self._idle or self.cpu() != used:
            used, end = self.cpu(), time.monotonic() + 0.5
            self._until(lambda end=end: time.monotonic() > end, 5, "half a second")

    def download(self, code):
        """Download and install the profile of activation CODE; returns the "cost" in its job's Result."""
        call = GLib.Variant("(sa{sv})", (code, {}))
        path = self._lab.call(NAME, self.euicc, f"{NAME}.Euicc", "Download", call)[0]
        self._until(lambda: self._jobs.get(path, {}).get("State") in OVER, 120, "the download ends")
        job = self._jobs[path]
        if job["State"] != "done":
            raise RuntimeError(f"esimd's download {job['State']}: {job.get('Error')}")
        return job["Result"]["cost"]

    # The process

    def cpu(self):
        """CPU seconds so far, of threads that have ended, too; /proc/PID/stat has the same in hundredths only."""
        return time.clock_gettime(~self.process.pid << 3 | 2)  # clock_getcpuclockid(3)

    def memory(self):
        """Kilobytes: {"Pss": …, "Rss": …, "Private_Dirty": …, "Private_Clean": …}."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as file:
            return {name: int(size) for name, size in re.findall(r"^(Pss|Rss|Private_Dirty|Private_Clean): *(\d+) kB$", file.read(), re.MULTILINE)}

    def mappings(self):
        """Name of a file, or "[heap]", "[anonymous]" and the like -> kilobytes of PSS."""
        found, name = collections.Counter(), ""
        with open(f"/proc/{self.process.pid}/smaps", encoding="utf-8") as file:
            for line in file:
                if head := re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)\n", line):
                    name = os.path.basename(head[1]) or "[anonymous]"
                elif size := re.match(r"Pss: *(\d+) kB", line):
                    found[name] += int(size[1])
        return found

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def wake_ups(self):
        """Thread -> how often it has gone to sleep so far."""
        found = {}
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/status"):
            with open(path, encoding="utf-8") as file:
                found[path] = int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", file.read(), re.MULTILINE)[1])
        return found

    @staticmethod
    def thread(path):
        """The name of the thread of a path of wake_ups()."""
        with open(path, encoding="utf-8") as file:
            return re.match(r"Name:\s*(.*)", file.read())[1]


def wake_ups_since(before, now):
    """How often threads have gone to sleep between two Daemon.wake_ups(); one that ended counts once."""
    return sum(count - before.get(path, 0) for path, count in now.items()) + len(before.keys() - now.keys())
