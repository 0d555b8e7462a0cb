#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""namespace.py COMMAND...: runs COMMAND where the lab's host names exist, on a loopback of its own.

Its own network, mount and (unless root) user namespace; /etc/hosts is bound over inside; every port is free.
Others join by enter(), which the process id of that command is given to.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile

HOSTS = {
    "127.0.0.1": ("localhost",),
    "127.0.0.2": ("smdp.esimd.test", "smdp2.esimd.test"),
    "127.0.0.4": ("smds.esimd.test", "smds2.esimd.test", "lpa.ds.gsma.com", "lpa.live.esimdiscovery.com"),
    "127.0.0.3": ("supersim.twilio.com", "supersim.api.korewireless.com", "api.korewireless.com"),
}
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def command(*words):
    """The command line that runs WORDS in a new namespace; its process id stays that of WORDS."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *user, "--net", "--mount", "/usr/bin/python3", os.path.abspath(__file__), "--inside", *words]


def enter(pid, *words):
    """The command line that runs WORDS in the namespace that process PID is in."""
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(pid), *user, "--net", "--mount", *words]


def _raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", answer)[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _bind_hosts():
    with tempfile.NamedTemporaryFile("w", prefix="hosts-", suffix=".lab") as file:
        for address, names in HOSTS.items():
            file.write(f"{address} {' '.join(names)}\n")
        file.flush()
        os.chmod(file.name, 0o644)
        subprocess.run(["mount", "--bind", file.name, "/etc/hosts"], check=True)


def main(words):
    if words[:1] != ["--inside"]:
        if not words:
            sys.exit(__doc__)
        words = command(*words)
        os.execvp(words[0], words)
    _raise_loopback()
    _bind_hosts()
    os.execvp(words[1], words[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
