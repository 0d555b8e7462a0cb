# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The simulated AT modem: one process that is the USB device with its serial ports, and holds the card and the network.

Card and radio are modem.py's. Its data bearer is PPP, behind which there is no IP here: a bearer connects, and no packet
goes through it. Prints one JSON line {"root": DIR} when the device is there. Control `modem`. With --tcp PORT there is a
first port at 127.0.0.1:PORT (oFono's simulator driver connects there), and one serial port that nobody else uses.
"""

import argparse
import asyncio
import json
import os

import at
import at_bed
import modem as mbim_modem
from at import AtCommands, AtPort, CommandError, Later
from control import ControlServer, Faults
from euicc import CONTROL_VERBS, Euicc
from net import Network
from radio import REGISTRATIONS, Radio
from slots import Slots

KNOBS = {name: value for name, value in mbim_modem.KNOBS.items() if name not in ("mbimex", "tell", *mbim_modem.SLOT_KNOBS)}
KNOBS.update(at.KNOBS)
RELEASE_SECONDS = 0.1
AT_COMMANDS = {"+CCHO=": "at.ccho", "+CGLA=": "at.cgla", "+CCHC=": "at.cchc", "+CSIM=": "at.csim", "D*99": "at.connect"}


class PointFaults(Faults):
    """Refuses orders that could never strike."""

    def order(self, at, how, times=1, skip=0, **details):
        if at not in AT_COMMANDS.values() or how not in HOWS:
            raise ValueError(f"no fault {how} at {at}; points: {sorted(AT_COMMANDS.values())}, hows: {HOWS}")
        super().order(at, how, times, skip, **details)


HOWS = at.HOWS


class Modem(AtCommands):
    """The device: ports, power, card; what the commands mean is in AtCommands."""

    def __init__(self, card, knobs, loop, options):
        card = Slots(card, ["euicc"], 0)
        super().__init__(card, knobs)
        self.loop, self.faults, self.net = loop, PointFaults(), Network()
        vid, _, pid = options.usb.partition(":")
        self.bed = None if options.tcp else at_bed.AtBed(vid, pid, at_bed.PORTS[:options.ports])
        self.terminals = []
        self.radio = Radio(card, knobs, self.net, self.indicate, loop.call_later)
        card.on_refresh = self._refresh
        self.plugged = False
        loop.call_later(RELEASE_SECONDS, self._release)

    # Device

    def _release(self):
        """Ports that nobody has open are nobody's."""
        for terminal, port in zip(self.terminals, self.ports):
            terminal.release()
            if port.data and not terminal.has_dtr():
                port.hang_up()
        self.loop.call_later(RELEASE_SECONDS, self._release)

    def plug(self):
        if self.plugged:
            raise RuntimeError("the modem is plugged in already")
        self.plugged, self.broken = True, False
        if self.bed:
            self.bed.plug()
            self.terminals = self.bed.terminals
        else:
            self.terminals = [at_bed.Terminal(at_bed.PORTS[1])]
        for terminal in self.terminals:
            port = AtPort(self, self._sender(terminal))
            self.ports.append(port)
            self.loop.add_reader(terminal.fd, lambda port=port, terminal=terminal: port.feed(terminal.read()))
        self.card.reset()
        self.radio.power_on()

    @staticmethod
    def _sender(terminal):
        def send(data):
            try:
                os.write(terminal.fd, data)
            except BlockingIOError:
                pass  # a host that does not read loses what overflows, as on a wire

        return send

    def unplug(self):
        if not self.plugged:
            raise RuntimeError("the modem is not plugged in")
        self.plugged = False
        for terminal in self.terminals:
            self.loop.remove_reader(terminal.fd)
        self.ports = [port for port in self.ports if getattr(port, "tcp", False)]
        self.radio.power_off()
        self.forget_channels()
        if self.bed:
            self.bed.unplug()
        else:
            for terminal in self.terminals:
                terminal.close()
        self.terminals = []

    async def serve(self, reader, writer):
        """One host on the TCP port."""
        port = AtPort(self, writer.write)
        port.tcp = True
        self.ports.append(port)
        try:
            while data := await reader.read(4096):
                port.feed(data)
        except ConnectionError:
            pass
        self.ports.remove(port)
        writer.close()

    def _refresh(self):
        if not self.plugged:
            return
        self.forget_channels()
        self.tell_card(False)
        self.radio.lose_card()
        self.loop.call_later(self.knobs["refresh_seconds"] + 0.05, self.tell_card, True)

    def check_card(self):
        """The card was changed by other means than APDUs."""
        open_channels = self.card.open_channels()
        self.sessions = {key: channel for key, channel in self.sessions.items() if channel in open_channels}
        known, now = ((profile or {}).get("iccid") for profile in (self.radio.profile, self.card.enabled_profile()))
        if self.knobs["notice"] and known != now:
            self.card.reset()
            self._refresh()

    # Commands

    def run(self, port, line):
        """Run one command line, through the fault that is ordered for it, if any."""
        point = next((point for name, point in AT_COMMANDS.items() if line[2:].upper().startswith(name)), None)
        order = self.faults.take(point) if point else None
        how = order["how"] if order else None
        wait = self.knobs["apdu_seconds"] if point in ("at.cgla", "at.csim") else 0
        if how == "crash":
            os._exit(70)
        if how == "unplug":
            self.unplug()
        elif how == "no-answer":
            port.finish(None)
        elif how == "error":
            port.refuse(order.get("code"))
        elif how == "garbage":
            port.answer(["+CGLA: 8,\"90"], "OK")
        elif how == "delay" or wait:
            self.loop.call_later(order["seconds"] if how == "delay" else wait, self._execute, port, line)
        else:
            self._execute(port, line)

    def _execute(self, port, line):
        lines = []
        try:
            if self.knobs["line_max"] and len(line) > self.knobs["line_max"]:
                raise CommandError()
            for word in self.words(line):
                lines += self.dial(port, word[1:]) if word[0].upper() == "D" else self.one(port, word)
            port.answer(lines, "OK")
        except CommandError as error:
            port.refuse(error.code)
        except Later as later:
            later.begin(port.answer)
        if self.knobs["notice"]:
            self.loop.call_later(0.01, self.card.after_response)


class Verbs(mbim_modem.Verbs):
    """The control verbs."""

    def table(self):
        return {**super().table(), "say": self.on_loop(self.say)}

    def state(self):
        modem, radio = self.modem, self.modem.radio
        return {"plugged": modem.plugged, "radio": radio.on, "ready": radio.ready.name, "register": radio.register.name,
                "attached": radio.attached, "session": radio.session.name, "profile": radio.profile,
                "sessions": modem.sessions, "broken": modem.broken, "apdus": modem.apdus,
                "knobs": modem.knobs}

    def set(self, **values):
        check_knobs(values)
        self.modem.knobs.update(values)
        if "registration" in values and self.modem.plugged:
            self.modem.radio.renew_registration()
        return {"knobs": self.modem.knobs}

    def plug(self):
        self.modem.plug()
        return {}

    def say(self, line):
        """An unsolicited line on every port."""
        for port in self.modem.ports:
            port.urc(line)


def check_knobs(values):
    """ValueError for what is no knob, or not of the knob's type."""
    for name, value in values.items():
        if name not in KNOBS:
            raise ValueError(f"no knob {name}; knobs: {', '.join(KNOBS)}")
        wanted = type(KNOBS[name])
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise ValueError(f"knob {name} is a {wanted.__name__}, as {KNOBS[name]!r}")
    if values.get("registration", "home") not in REGISTRATIONS:
        raise ValueError(f"registration is one of {', '.join(REGISTRATIONS)}")


async def run(options):
    knobs = {**KNOBS, **options.set, "tell": "nothing"}  # what Radio tells is MBIM's
    card_faults = Faults()
    card = Euicc(options.pki, options.state, card_faults)
    modem = Modem(card, knobs, asyncio.get_running_loop(), options)
    verbs = Verbs(modem)
    card_verbs = {name: verbs.on_card(verb) for name, verb in CONTROL_VERBS(card).items()}
    ControlServer("euicc", card_faults, card_verbs, options.lab_dir).start()
    ControlServer("modem", modem.faults, verbs.table(), options.lab_dir).start()
    modem.plug()
    if options.tcp:
        await asyncio.start_server(modem.serve, "127.0.0.1", options.tcp)
    print(json.dumps({"root": modem.bed.root if modem.bed else ""}), flush=True)
    await asyncio.Event().wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pki", required=True, help="the folder that pki.py filled")
    parser.add_argument("--state", required=True, help="the file that keeps the card")
    parser.add_argument("--lab-dir", required=True, help="the folder for the control sockets")
    parser.add_argument("--set", type=json.loads, default={}, metavar="JSON", help="knobs, as the control verb set")
    parser.add_argument("--usb", default="1d6b:0199", help="VID:PID; 2c7c:0125 makes ModemManager hear of the card")
    parser.add_argument("--ports", type=int, default=2, choices=(1, 2))
    parser.add_argument("--tcp", type=int, help="a port for oFono")
    options = parser.parse_args()
    check_knobs(options.set)
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
