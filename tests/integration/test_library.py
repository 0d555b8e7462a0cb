# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""libesimd-glib as it is installed: a C client built by its .pc file alone; and the signals that every client lives on."""

import os
import pathlib
import shlex
import shutil
import subprocess

from gi.repository import Gio, GLib

import rig
from rig import NAME, ROOT, SharedRigCase

setUpModule = rig.enter_lab

CLIENT = pathlib.Path(__file__).with_name("library-client.c")


class Library(SharedRigCase):
    def install(self):
        """The installed tree's root, and the folder of its .pc file."""
        root = os.path.join(self.dir, "root")
        subprocess.run(["meson", "install", "-C", rig.build_file(), "--no-rebuild", "--tags", "devel,runtime", "--destdir", root],
                       check=True, capture_output=True)
        (found,) = pathlib.Path(root).rglob("libesimd-glib.pc")
        return root, found

    def test_folders_for_the_administrator(self):
        """All that is installed, without the library's tags: the settings' folders are there and root's alone."""
        root = os.path.join(self.dir, "everything")
        subprocess.run(["meson", "install", "-C", rig.build_file(), "--no-rebuild", "--destdir", root], check=True, capture_output=True)
        (found,) = pathlib.Path(root).rglob("etc/esimd")
        folders = {str(path.relative_to(found)): path.stat().st_mode & 0o777 for path in (found, *found.iterdir())}
        self.assertEqual(folders, {".": 0o700, "conf.d": 0o700, "quirks.d": 0o700})
        shutil.rmtree(root)

    def test_a_client_in_c(self):
        root, found = self.install()
        text = found.read_text(encoding="utf-8")
        self.assertIn("Version: ", text)
        found.write_text(text.replace("prefix=/", f"prefix={root}/", 1), encoding="utf-8")  # it stands there for the test only
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libesimd-glib"], check=True, text=True, capture_output=True,
                               env={**os.environ, "PKG_CONFIG_PATH": str(found.parent)}).stdout
        self.assertIn(root, flags)
        program = os.path.join(self.dir, "library-client")
        built = subprocess.run([os.environ.get("CC", "cc"), "-Wall", "-Wextra", "-Werror", str(CLIENT), "-o", program,
                                *shlex.split(flags)], capture_output=True, text=True, check=False)
        self.assertEqual((built.returncode, built.stderr), (0, ""))
        run = subprocess.run([program], env={**os.environ, **self.lab.environment, "LD_LIBRARY_PATH": str(found.parent.parent)},
                             capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        lines = run.stdout.splitlines()
        self.assertEqual(lines[0], f"eid {self.euicc()[1]['Eid']}")
        self.assertEqual(lines[1], f"{NAME}.Error.InvalidArgument: Correct the value and call again.")
        self.assertEqual(lines[-1], "refresh: done")
        self.assertTrue(any(line.startswith(f"added {ROOT}/Job/") for line in lines), lines)
        shutil.rmtree(root)

    def test_everything_is_told(self):
        """A profile that comes and goes, and each property that changes with it, without anybody asking."""
        told = []
        flags = Gio.DBusConnectionFlags
        bus = Gio.DBusConnection.new_for_address_sync(self.lab.environment["DBUS_SYSTEM_BUS_ADDRESS"],
                                                      flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        self.addCleanup(bus.close_sync, None)
        for interface in ("org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"):
            bus.signal_subscribe(NAME, interface, None, None, None, Gio.DBusSignalFlags.NONE,
                                 lambda _bus, _sender, path, _interface, signal, values: told.append((path, signal, values.unpack())))
        code, iccid = self.fresh()
        free = self.euicc()[1]["FreeMemory"]
        self.assert_done(self.download(code))
        path = self.profiles()[iccid][0]
        self.assert_done(self.finish(self.start_job(path, "Profile", "SetNickname", "(sa{sv})", "Mine", {})))
        self.assert_done(self.finish(self.start_job(path, "Profile", "Delete", "(a{sv})", {"even-last": GLib.Variant("b", True)})))

        def seen(signal, fits):
            while GLib.MainContext.default().iteration(False):
                pass
            return [values for where, name, values in told if name == signal and fits(where, values)]

        self.until(lambda: seen("InterfacesRemoved", lambda _, values: values == (path, [f"{NAME}.Profile"])), 5, "it is told gone")
        (added,) = seen("InterfacesAdded", lambda _, values: values[0] == path)
        self.assertEqual(added[1][f"{NAME}.Profile"]["Iccid"], iccid)
        self.assertTrue(seen("PropertiesChanged", lambda where, values: where == path and values[1].get("Nickname") == "Mine"))
        changed = {name: values[1][name] for values in seen("PropertiesChanged", lambda where, _: where == self.euicc()[0])
                   for name in values[1]}
        self.assertIn("Job", changed)
        self.assertIn("FreeMemory", changed)
        self.assertEqual(self.euicc()[1]["FreeMemory"], changed["FreeMemory"])
        self.assertLessEqual(changed["FreeMemory"], free)


if __name__ == "__main__":
    import unittest
    unittest.main()
