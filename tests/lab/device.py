# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The simulated modem as a USB device: plug, bytes, its card's REFRESH, faults; its protocol is a subclass."""

import os

from control import Faults
from net import Network
from slots import Slots
from testbed import TestBed

HOWS = ("no-answer", "status", "delay", "unplug", "crash", "response")


class PointFaults(Faults):
    """Refuses orders that could never strike, so that a test with a spelling mistake fails."""

    def __init__(self, points, hows):
        super().__init__()
        self._points, self._hows = sorted(set(points)), hows

    def order(self, at, how, times=1, skip=0, **details):
        if at not in self._points or how not in self._hows:
            raise ValueError(f"no fault {how} at {at}; points: {self._points}, hows: {self._hows}")
        super().order(at, how, times, skip, **details)


class Device:
    """A subclass makes radio and uicc, and has reset_host() and receive(); DRIVER is the kernel's for it."""

    DRIVER, POINTS, HOWS = "", (), HOWS

    def __init__(self, card, knobs, loop, number=0, first=None):
        """FIRST: the modem that this one with its NUMBER stands beside."""
        self.card, self.knobs, self.loop = Slots(card, knobs["slots"], knobs["slot"]), knobs, loop
        self.faults = PointFaults(self.POINTS, self.HOWS)
        self.bed, self.net = TestBed(self.DRIVER, number, first and first.bed), Network(number)
        self.radio = self.uicc = None
        self.card.on_refresh = self._refresh
        self.plugged, self.plugs = False, 0
        self._input, self._output = b"", bytearray()

    def reset_host(self):
        """What a closed device remembers of its host: nothing."""
        self._input, self._output = b"", bytearray()

    def receive(self, data):
        """Handle DATA, which begins with a message; return what is left of it."""
        raise NotImplementedError

    def plug(self, number=None):
        """With NUMBER as /dev/cdc-wdmNUMBER and wwanNUMBER from now on."""
        if self.plugged:
            raise RuntimeError("the modem is plugged in already")
        if number is not None:
            self.bed.rename(number)
            self.net.rename(number)
        index = self.net.plug()
        self.reset_host()
        self.bed.plug(index)
        self.plugged = True
        self.plugs += 1
        self.loop.add_reader(self.bed.fd, self._readable)
        self.loop.add_reader(self.net.socket.fileno(), self.net.receive)
        self.card.reset()
        self.radio.power_on()

    def unplug(self):
        if not self.plugged:
            raise RuntimeError("the modem is not plugged in")
        self.plugged = False
        self.loop.remove_reader(self.bed.fd)
        self.loop.remove_writer(self.bed.fd)
        self.loop.remove_reader(self.net.socket.fileno())
        self.reset_host()
        self.radio.power_off()
        self.uicc.forget_channels()
        self.bed.unplug()
        self.net.unplug()

    def _refresh(self):
        if self.plugged and self.knobs["leaves_at_refresh"]:
            self.reset()
        elif self.plugged:
            self.uicc.forget_channels()
            self.radio.lose_card()

    def check_card(self):
        """The card was changed by other means than APDUs."""
        for channel in set(self.uicc.groups) - set(self.card.open_channels()):
            del self.uicc.groups[channel]
        known, now = ((profile or {}).get("iccid") for profile in (self.radio.profile, self.card.enabled_profile()))
        if self.knobs["notice"] and known != now:
            self.card.reset()
            self._refresh()

    def after_apdu(self):
        """An APDU was answered."""
        self.loop.call_later(0.01, self._fetch)

    def _fetch(self):
        if self.knobs["notice"]:
            self.card.after_response()  # fetches the proactive command, if the card has one

    def use_slot(self, slot):
        """The host, or somebody at the modem's switch, chose another slot."""
        self.card.use(slot)
        self.knobs["slot"] = slot
        self._refresh()
        if self.knobs["switch_resets"]:
            self.loop.call_later(0.05, self.reset)

    def reset(self):
        """Leave the bus, and come back."""
        if self.plugged:
            self.unplug()
            self.loop.call_later(self.knobs["reset_seconds"], lambda: None if self.plugged else self.plug())

    def _readable(self):
        self._input = self.receive(self._input + os.read(self.bed.fd, 65536))

    def send(self, messages):
        if not self.plugged:
            return
        for message in messages:
            self._output += message
        self._flush()

    def _flush(self):
        try:
            while self._output:
                del self._output[:os.write(self.bed.fd, self._output)]
            self.loop.remove_writer(self.bed.fd)
        except BlockingIOError:
            self.loop.add_writer(self.bed.fd, self._flush)

    def execute(self, point, run, refuse):
        """Let RUN (order, is_answered) do one command, through the fault ordered at POINT; REFUSE (code) answers."""
        order = self.faults.take(point) if point else None
        how = order["how"] if order else None
        if how == "crash":
            os._exit(70)
        if how == "delay":
            self.loop.call_later(order["seconds"], run, None, True)
        elif how in ("no-answer", "unplug", "status"):
            if order.get("after"):  # the modem does it, only the answer is lost
                run(None, False)
            if how == "unplug":
                self.unplug()
            elif how == "status":
                refuse(order["code"])
        elif point == "uicc.apdu" and self.knobs["apdu_seconds"]:
            self.loop.call_later(self.knobs["apdu_seconds"], run, order, True)
        else:
            run(order, True)
