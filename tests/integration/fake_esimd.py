# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""An org.esimd1 on a private bus whose jobs do what a test says: the other end of esimcli, by the same XML files."""

import glob
import os

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

ROOT = "/org/esimd1"
XML = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "dbus", "org.esimd1.*.xml")
OBJECT_MANAGER = """<node><interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects"><arg type="a{oa{sa{sv}}}" direction="out"/></method>
<signal name="InterfacesAdded"><arg type="o"/><arg type="a{sa{sv}}"/></signal>
<signal name="InterfacesRemoved"><arg type="o"/><arg type="as"/></signal></interface></node>"""

COST = {"apdus": GLib.Variant("u", 83), "apdu-bytes": GLib.Variant("t", 21000), "http-requests": GLib.Variant("u", 4),
        "tls-handshakes": GLib.Variant("u", 1), "http-bytes": GLib.Variant("t", 40000),
        "seconds": GLib.Variant("a{sd}", {"download": 1.5})}


def interfaces():
    found = {}
    for name in glob.glob(XML):
        with open(name, encoding="utf-8") as file:
            for info in Gio.DBusNodeInfo.new_for_xml(file.read()).interfaces:
                found[info.name] = info
    return found


class Refusal(Exception):
    """A method call's error: its D-Bus name and text."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name, self.text = name, text


class FakeObject:
    """One object with one interface; properties are checked against the XML's types."""

    def __init__(self, service, path, interface, properties):
        self.service, self.path, self.info = service, path, service.infos[interface]
        self.types = {prop.name: prop.signature for prop in self.info.properties}
        self.values = {name: self._default(name) for name in self.types}
        self.values.update({name: self._variant(name, value) for name, value in properties.items()})
        self.registration = service.bus.register_object(path, self.info, self._on_call, self._on_get, None)

    def _default(self, name):
        empty = {"s": "", "b": False, "o": "/", "u": 0, "t": 0, "as": [], "ay": b"", "a{sv}": {}, "(ssssa{sv})": ("", "", "", "", {})}
        return self._variant(name, empty[self.types[name]])

    def _variant(self, name, value):
        return GLib.Variant(self.types[name], value)

    def _on_get(self, _bus, _sender, _path, _interface, name):
        return self.values[name]

    def _on_call(self, _bus, _sender, _path, _interface, method, parameters, invocation):
        self.service.calls.append((self.path, method, parameters.unpack()))
        try:
            answer = self.service.handlers[method](self, *parameters.unpack())
        except Refusal as refusal:
            invocation.return_dbus_error(refusal.name, refusal.text)
            return
        invocation.return_value(GLib.Variant("(o)", (answer,)) if answer else None)

    def set(self, **changed):
        """set(State="done"): in one PropertiesChanged, as the service's skeletons have it."""
        variants = {name: self._variant(name, value) for name, value in changed.items()}
        self.values.update(variants)
        self.service.bus.emit_signal(None, self.path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                     GLib.Variant("(sa{sv}as)", (self.info.name, variants, [])))


class FakeEsimd:
    """The service. handlers: method name -> function(object, *arguments) -> the path to answer with, or None."""

    def __init__(self, address):
        self.infos = interfaces()
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.objects, self.calls, self.handlers, self.timers = {}, [], {}, []
        node = Gio.DBusNodeInfo.new_for_xml(OBJECT_MANAGER)
        self.bus.register_object(ROOT, node.interfaces[0], self._on_managed, None, None)
        self.manager = FakeObject(self, ROOT, "org.esimd1.Manager", {"Version": "0", "Ready": True})
        self._name("RequestName", GLib.Variant("(su)", ("org.esimd1", 0)))

    def _name(self, method, parameters):
        self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method, parameters, None,
                           Gio.DBusCallFlags.NONE, -1, None)

    def stop(self):
        """As the process were gone."""
        for timer in self.timers:
            GLib.source_remove(timer)
        self.timers.clear()
        if not self.bus.is_closed():
            self.bus.close_sync(None)

    def _on_managed(self, _bus, _sender, _path, _interface, _method, _parameters, invocation):
        managed = {path: {thing.info.name: thing.values} for path, thing in self.objects.items()}
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (managed,)))

    def add(self, kind, number, **properties):
        path = f"{ROOT}/{kind}/{number}"
        thing = FakeObject(self, path, "org.esimd1." + kind, properties)
        self.objects[path] = thing
        self.bus.emit_signal(None, ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                             GLib.Variant("(oa{sa{sv}})", (path, {thing.info.name: thing.values})))
        return thing

    def after(self, milliseconds, function, *arguments, **keywords):
        """FUNCTION once, later; never after stop()."""
        def run():
            self.timers.remove(timer)
            function(*arguments, **keywords)
            return False
        timer = GLib.timeout_add(milliseconds, run)
        self.timers.append(timer)

    def job(self, number, kind, *script, **first):
        """A job that goes through SCRIPT, dicts of properties, 60 ms apart; FIRST is how it begins, and stays long enough to be seen."""
        job = self.add("Job", number, Kind=kind, Euicc=ROOT + "/Euicc/0", **{"State": "queued", **first})
        for place, changed in enumerate(script, 1):
            self.after(400 + 60 * place, job.set, **changed)
        return job
