# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""caller.py UID: as user UID, makes each call that a line of standard input says, and prints the name of its error.

A line is JSON: [destination, path, interface, method, arguments as GVariant text]. The answer "" is a success.
"""

import json
import os
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402  (needs the version first)


def call(bus, name, path, interface, method, arguments):
    try:
        bus.call_sync(name, path, interface, method, GLib.Variant.parse(None, arguments), None,
                      Gio.DBusCallFlags.NO_AUTO_START, 20000, None)
        return "", ""
    except GLib.Error as error:
        return Gio.DBusError.get_remote_error(error) or error.message, error.message


def main():
    uid = int(sys.argv[1])
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    bus = None
    for line in sys.stdin:
        bus = bus or Gio.bus_get_sync(Gio.BusType.SYSTEM, None)  # not before the first line: the session is set by then
        print(json.dumps(call(bus, *json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
