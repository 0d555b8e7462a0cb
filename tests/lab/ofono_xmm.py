# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""oFono with an Intel XMM7xxx modem, which Debian's oFono has no plugin for: the one that has org.ofono.intel.EuiccLpa.

Speaks AT over TCP to modem_at.py, as oFono's simulator driver does. As with the real one only one request is out at a time;
one whose AT command fails is never answered, and all later ones are told that it is in progress, until the modem is powered
off; EID has the answer's status word behind it; and the card's interface is there only where the EID could be read.
"""

import socket
import sys

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402  (needs the version first)

NAME, PATH = "org.ofono", "/xmm7xxx_0"
LPA = f"{NAME}.intel.EuiccLpa"
AID = "A0000005591010FFFFFFFF8900000100"
GET_EID = "80E2910006BF3E035C015A"
STATUS = {0: "unregistered", 1: "registered", 2: "searching", 3: "denied", 5: "roaming"}
GET = '<method name="GetProperties"><arg type="a{sv}" direction="out"/></method>'
SET = '<method name="SetProperty"><arg type="s" direction="in"/><arg type="v" direction="in"/></method>'
XML = f"""<node>
<interface name="{NAME}.Manager"><method name="GetModems"><arg type="a(oa{{sv}})" direction="out"/></method></interface>
<interface name="{NAME}.Modem">{GET}{SET}</interface>
<interface name="{NAME}.SimManager">{GET}</interface>
<interface name="{NAME}.NetworkRegistration">{GET}</interface>
<interface name="{LPA}">{GET}<method name="SelectISDR"/><method name="ReleaseISDR"/>
<method name="TransmitLpaApdu"><arg type="ay" direction="in"/><arg type="ay" direction="out"/></method></interface></node>"""


class Chat:
    """AT commands in their order; ON_LINE hears what the modem says unasked."""

    def __init__(self, port, on_line):
        self._socket, self._on_line = socket.create_connection(("127.0.0.1", port)), on_line
        self._queue, self._lines, self._input = [], [], b""
        GLib.io_add_watch(self._socket.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN, self._on_input)

    def send(self, command, done=lambda ok, lines: None):
        self._queue.append((command, done))
        if len(self._queue) == 1:
            self._write()

    def _write(self):
        self._lines = []
        self._socket.sendall(self._queue[0][0].encode() + b"\r")

    def _on_input(self, *_):
        data = self._socket.recv(65536)
        if not data:
            sys.exit("the modem hung up")
        *lines, self._input = (self._input + data).replace(b"\r", b"\n").split(b"\n")
        for line in filter(None, lines):
            self._take(line.decode("latin-1"))
        return True

    def _take(self, line):
        if line == "OK" or line == "ERROR" or line.startswith("+CME ERROR"):
            _, done = self._queue.pop(0)
            lines = [*self._lines, line]
            if self._queue:
                self._write()
            done(line == "OK", lines)
        elif line.startswith(("+USIMSTATE:", "+CREG:")) and not (self._queue and self._queue[0][0] == "AT+CREG?"):
            self._on_line(line)
        else:
            self._lines.append(line)


def value_of(lines, prefix):
    """What follows PREFIX in the first of LINES that has it, without quotes; None: none has."""
    return next((line[len(prefix):].strip().replace('"', "") for line in lines if line.startswith(prefix)), None)


class Ofono:
    """One modem at PATH."""

    def __init__(self, bus, port):
        self.bus, self.chat = bus, Chat(port, self.on_line)
        self.values = {"Modem": {"Powered": GLib.Variant("b", False), "Online": GLib.Variant("b", False),
                                 "Manufacturer": GLib.Variant("s", "Intel"), "Model": GLib.Variant("s", "XMM7360"),
                                 "Interfaces": GLib.Variant("as", [])}}
        self.channel, self.pending = None, None
        for info in Gio.DBusNodeInfo.new_for_xml(XML).interfaces:
            bus.register_object("/" if info.name.endswith("Manager") and "Sim" not in info.name else PATH, info,
                                self.on_call, None, None)

    # Properties

    def change(self, interface, **values):
        """New VALUES of INTERFACE, which comes with its first ones."""
        variants = {name: GLib.Variant("b" if isinstance(value, bool) else "s", value) for name, value in values.items()}
        known = self.values.setdefault(interface, {})
        new = not known
        known.update(variants)
        if new:
            self.tell_interfaces()
        for name, variant in variants.items():
            self.tell(interface, name, variant)

    def forget(self, *interfaces):
        for interface in interfaces:
            self.values.pop(interface, None)
        self.tell_interfaces()

    def tell_interfaces(self):
        names = [f"{NAME}.{interface}" for interface in self.values if interface != "Modem"]
        self.values["Modem"]["Interfaces"] = GLib.Variant("as", names)
        self.tell("Modem", "Interfaces", self.values["Modem"]["Interfaces"])

    def tell(self, interface, name, variant):
        self.bus.emit_signal(None, PATH, f"{NAME}.{interface}", "PropertyChanged", GLib.Variant("(sv)", (name, variant)))

    # What the modem says

    def on_line(self, line):
        if line == "+USIMSTATE: 0":
            self.change("SimManager", Present=False, CardIdentifier="")
            self.forget("NetworkRegistration")
        elif line == "+USIMSTATE: 1":
            self.read_sim()
        elif "NetworkRegistration" in self.values:
            self.change("NetworkRegistration", Status=STATUS[int(line.split(":")[1].split(",")[0])])

    def read_sim(self):
        self.chat.send("AT+CRSM=176,12258,0,0,10", self.on_iccid)

    def is_busy(self, lines, again):
        """Whether the card is not there yet after a power cycle; then AGAIN is called in a while."""
        busy = lines[-1] == "+CME ERROR: 14" and self.values["Modem"]["Powered"].unpack()
        if busy:
            GLib.timeout_add(200, lambda: again() and False)
        return busy

    def on_iccid(self, ok, lines):
        if self.is_busy(lines, self.read_sim):
            return
        words = (value_of(lines, "+CRSM:") or "").split(",")
        if not ok or len(words) < 3:  # a card without a profile
            self.change("SimManager", Present=True)
            return
        digits = "".join(words[2][i:i + 2][::-1] for i in range(0, len(words[2]), 2)).rstrip("F")
        self.change("SimManager", Present=True, PinRequired="none", CardIdentifier=digits)
        self.chat.send("AT+CIMI", lambda ok, lines: self.change("SimManager", SubscriberIdentity=lines[0] if ok else ""))
        self.chat.send("AT+CREG?", self.on_creg)

    def on_creg(self, ok, lines):
        if ok and "SimManager" in self.values:
            self.change("NetworkRegistration", Status=STATUS[int(value_of(lines, "+CREG:").split(",")[1])])

    # The card

    def power(self, on):
        self.change("Modem", Powered=on)
        self.channel, self.pending = None, None
        if not on:
            self.chat.send("AT+CFUN=0")
            self.change("Modem", Online=False)
            self.forget("SimManager", "NetworkRegistration", "intel.EuiccLpa")
            return
        for command in ("ATE0", "AT+CMEE=1", "AT+CREG=1"):
            self.chat.send(command)
        self.read_eid()
        self.read_sim()

    def read_eid(self):
        self.chat.send(f'AT+CCHO="{AID}"', self.on_first_channel)

    def on_first_channel(self, ok, lines):
        if not self.is_busy(lines, self.read_eid) and ok:
            self.channel = value_of(lines, "+CCHO:")
            self.chat.send(f'AT+CGLA={self.channel},{len(GET_EID)},"{GET_EID}"', self.on_eid)

    def on_eid(self, ok, lines):
        self.release()
        if ok:
            self.change("intel.EuiccLpa", EID=value_of(lines, "+CGLA:").split(",")[1][10:])
        else:  # the card was restarted in between, which the real one takes for a card without an ISD-R
            GLib.timeout_add(200, lambda: self.read_eid() and False)

    def release(self):
        self.chat.send(f"AT+CCHC={self.channel}")
        self.channel = None

    def request(self, invocation, command, answer):
        """COMMAND's ANSWER (lines) is INVOCATION's; where it fails there is none, ever."""
        self.pending = invocation

        def done(ok, lines):
            if ok and self.pending is invocation:
                self.pending = None
                invocation.return_value(answer(lines))

        self.chat.send(command, done)

    def on_selected(self, lines):
        self.channel = value_of(lines, "+CCHO:")

    def euicc(self, method, values, invocation):
        if self.pending:
            invocation.return_dbus_error(f"{NAME}.Error.InProgress", "Operation already in progress")
        elif method == "SelectISDR":
            self.request(invocation, f'AT+CCHO="{AID}"', self.on_selected)
        elif self.channel is None:
            invocation.return_dbus_error(f"{NAME}.Error.NotAvailable", "Operation currently not available")
        elif method == "ReleaseISDR":
            self.release()
            invocation.return_value(None)
        else:
            apdu = bytes(values[0]).hex().upper()
            self.request(invocation, f'AT+CGLA={self.channel},{len(apdu)},"{apdu}"', lambda lines: GLib.Variant(
                "(ay)", (bytes.fromhex(value_of(lines, "+CGLA:").split(",")[1]),)))

    # D-Bus

    def on_call(self, _bus, _sender, _path, interface, method, arguments, invocation):
        interface = interface[len(NAME) + 1:]
        if method == "GetModems":
            invocation.return_value(GLib.Variant("(a(oa{sv}))", ([(PATH, self.values["Modem"])],)))
        elif interface not in self.values:
            invocation.return_dbus_error("org.freedesktop.DBus.Error.UnknownInterface", f"There is no {interface}")
        elif method == "GetProperties":
            invocation.return_value(GLib.Variant("(a{sv})", (self.values[interface],)))
        elif interface == "intel.EuiccLpa":
            self.euicc(method, arguments.unpack(), invocation)
        else:
            self.set_property(invocation, *arguments.unpack())

    def set_property(self, invocation, name, on):
        if name == "Powered" and on != self.values["Modem"]["Powered"].unpack():
            self.power(on)
        elif name == "Online":
            self.chat.send(f"AT+CFUN={1 if on else 4}", lambda ok, lines: self.change("Modem", Online=on))
        invocation.return_value(None)


def main():
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    service = Ofono(bus, int(sys.argv[1]))
    Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE, None, None)
    GLib.MainLoop().run()
    return service


if __name__ == "__main__":
    main()
