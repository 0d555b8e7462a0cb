# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Log-in sessions without systemd-logind: its files as libsystemd, and so the real polkitd, reads them.

Inside the lab's namespaces and as true root only: it mounts over /run/systemd, /sys/fs/cgroup and files of /proc.
"""

import os
import subprocess

# What logind writes about a session (sd-login reads no more than this).
SESSIONS = {
    "seat": {"SEAT": "seat0", "ACTIVE": "1", "STATE": "active", "REMOTE": "0"},
    "background": {"SEAT": "seat0", "ACTIVE": "0", "STATE": "online", "REMOTE": "0"},
    "remote": {"ACTIVE": "1", "STATE": "active", "REMOTE": "1", "REMOTE_HOST": "192.0.2.1"},
}


def other_users():
    """Whether this user namespace has more than uid 0."""
    with open("/proc/self/uid_map", encoding="ascii") as rows:
        return sum(int(row.split()[2]) for row in rows) > 1


def _mount(*words):
    subprocess.run(["mount", *words], check=True, stdin=subprocess.DEVNULL)


def _write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


class Seats:
    """Made before polkitd starts. USERS: name of a session above -> uid."""

    def __init__(self, lab_dir, users):
        self.dir, self.users = lab_dir, users
        # Where this is cgroup2, libsystemd takes a process's session from the line "0::" of its /proc/PID/cgroup.
        _mount("-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
        for name in ("seats", "sessions", "users", "machines"):
            os.makedirs(f"/run/systemd/{name}")
        for name, uid in users.items():
            facts = {"UID": uid, "USER": name, "CLASS": "user", "TYPE": "tty", "SCOPE": f"session-{name}.scope",
                     **SESSIONS[name]}
            user = {"NAME": name, "STATE": facts["STATE"], "DISPLAY": name, "SESSIONS": name}
            for path, lines in ((f"sessions/{name}", facts), (f"users/{uid}", user)):
                _write(f"/run/systemd/{path}", "".join(f"{key}={value}\n" for key, value in lines.items()))

    def admit(self, pid, name):
        """Process PID belongs to session NAME from now on."""
        path = _write(os.path.join(self.dir, f"cgroup-{pid}"),
                      f"0::/user.slice/user-{self.users[name]}.slice/session-{name}.scope\n")
        _mount("--bind", path, f"/proc/{pid}/cgroup")
