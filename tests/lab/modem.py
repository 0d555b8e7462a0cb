# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The simulated modem: one process that is the USB device, answers its host, and holds the card and the network.

Runs under umockdev-wrapper. Prints one JSON line {"root": DIR, "node": TTY} when the device is there. Control `modem`.
"""

import argparse
import asyncio
import json

import mbim
import pki
from cids import Cids
from control import ControlServer, Faults
from device import Device
from euicc import CONTROL_VERBS, Euicc
from mbim import BASIC, MS_BASIC_EXT, MS_UICC, Basic, Ext, Kind, Status
from net import set_uplink
from peculiar import KNOBS as PECULIAR_KNOBS, Peculiar
from qmi_modem import QmiHost, QmiModem
from radio import REGISTRATIONS, Radio
from uicc import UiccService
from uim import Uim

FRAGMENT_SECONDS = 1.25  # how long the next fragment may take: MBIM 1.0, 9.5

KNOBS = {
    "collect": True,  # follow 61xx and 6Cxx for the host
    "notice": True,  # honour the card's REFRESH
    "tell": "all",  # what the host is told of it: all, end (only that the card was read anew) or nothing
    "power_cycle": True,  # read the card anew when the host powers it off and on
    "reset_seconds": 1.0,  # how long a modem that is told to reset is off the bus
    "refresh_seconds": 0.3,  # from REFRESH to the card read anew
    "slots": ["euicc"],  # what is in each: euicc (one of them), sim, empty; only at the start
    "slot": 0,  # the one in use
    "others": "told",  # MBIM: of slots not in use: told (what is in them) or off (nothing)
    "switch_resets": False,  # a modem that leaves the bus when another slot is chosen, and comes back
    "registration": "roaming",  # or home, denied, never
    "barred": [],  # beginnings of ICCIDs that no network ever answers
    "register_seconds": 0.5,
    "connect_seconds": 0.05,
    "apdu_seconds": 0.0,  # how long every APDU takes
    "apns": ["super"],
    "carries_qmi": False,  # MBIM: QMI inside, for whoever knows of it
    "select_p2": -1,  # MBIM: the only SelectP2Arg it opens a channel with; -1: any
    "extended": False,  # MBIM: it sends APDUs of the extended class byte type only
    "needs_le": False,  # MBIM: commands without Le have an empty answer
    "long_from": 200,  # QMI: longer answers to an APDU come in indications
    "chunk": 100,  # of so many bytes each
    "chunks_first": True,  # before the response that announces them
    "mbimex": 3,  # version of Microsoft's extensions: 1, 2 or 3 (the SIM's type and eSIM status are told from 3 on)
    **PECULIAR_KNOBS,
}

SLOT_KNOBS = ("slots", "slot", "others", "switch_resets")  # for the start

FAULT_POINTS = {
    (MS_UICC, mbim.Uicc.ATR): "uicc.atr", (MS_UICC, mbim.Uicc.OPEN_CHANNEL): "uicc.open",
    (MS_UICC, mbim.Uicc.CLOSE_CHANNEL): "uicc.close", (MS_UICC, mbim.Uicc.APDU): "uicc.apdu",
    (MS_UICC, mbim.Uicc.RESET): "uicc.reset", (BASIC, Basic.SUBSCRIBER_READY_STATUS): "subscriber",
    (BASIC, Basic.REGISTER_STATE): "register", (BASIC, Basic.PACKET_SERVICE): "attach",
    (BASIC, Basic.CONNECT): "connect", (BASIC, Basic.IP_CONFIGURATION): "ip", (BASIC, Basic.RADIO_STATE): "radio",
    (MS_BASIC_EXT, Ext.DEVICE_RESET): "reset",
}

class MbimModem(Device):
    """MBIM's message layer; what the commands mean is in Cids, Radio and UiccService."""

    DRIVER, POINTS = "cdc_mbim", FAULT_POINTS.values()

    def __init__(self, card, knobs, loop, number=0, first=None):
        super().__init__(card, knobs, loop, number, first)
        self.radio = Radio(self.card, knobs, self.net, self.indicate, loop.call_later)
        self.uicc = UiccService(self.card, knobs, self.radio.lose_card)
        self.peculiar = Peculiar(knobs, self.uicc, loop.time)
        self.cids = Cids(self.radio, self.uicc, knobs, lambda: loop.call_later(0.05, self.reset))
        self.cids.on_slot = self.use_slot
        uim = Uim(self.card, knobs, self.radio, lambda *words: self.qmi.indicate(*words))
        uim.on_slot = self.use_slot
        uim.groups = self.uicc.groups  # one card has one set of channels
        self.qmi = QmiHost(self, self.radio, uim, lambda frame: self.indicate(mbim.QMI, mbim.Qmi.MSG, frame))
        self.cids.on_qmi = self.qmi.request
        self.reset_host()

    def reset_host(self):
        super().reset_host()
        self._fragments, self._timer = mbim.Reassembler(), None
        self.opened, self.max_transfer = False, mbim.MAX_TRANSFER
        self.cids.subscribed, self.radio.mbimex = None, 1
        self.qmi.forget_clients()

    # Message layer

    def receive(self, data):
        try:
            messages, rest = mbim.split_stream(data)
            for message in messages:
                self._message(message)
            return rest
        except mbim.MessageError as error:
            self.send([mbim.function_error(error.transaction, error.code)])
            return b""

    def _message(self, message):
        kind, transaction, body = mbim.header(message)
        if kind == mbim.OPEN:
            self._open(transaction, body)
        elif kind == mbim.HOST_ERROR:
            self._fragments.drop()
        elif not self.opened:
            raise mbim.MessageError(mbim.Protocol.NOT_OPENED, transaction)
        elif kind == mbim.CLOSE:
            self.reset_host()
            self.send([mbim.done(kind, transaction)])
        elif kind == mbim.COMMAND:
            self._command_fragment(transaction, body)
        else:
            raise mbim.MessageError(mbim.Protocol.UNKNOWN, transaction)

    def _open(self, transaction, body):
        if len(body) != 4:
            raise mbim.MessageError(mbim.Protocol.LENGTH_MISMATCH, transaction)
        self.reset_host()
        self.max_transfer = min(int.from_bytes(body, "little"), mbim.MAX_TRANSFER)
        if self.max_transfer < 64:  # MBIM 1.0, 6.4: the least wMaxControlMessage
            self.send([mbim.done(mbim.OPEN, transaction, Status.INVALID_PARAMETERS)])
            return
        self.opened = True
        self.send([mbim.done(mbim.OPEN, transaction)])

    def _command_fragment(self, transaction, body):
        if self._timer:
            self._timer.cancel()
        command = self._fragments.add(transaction, body)
        if command:
            self._command(command)
        else:
            self._timer = self.loop.call_later(FRAGMENT_SECONDS, self._fragment_missing, transaction)

    def _fragment_missing(self, transaction):
        if self._fragments.pending == transaction:
            self._fragments.drop()
            self.send([mbim.function_error(transaction, mbim.Protocol.TIMEOUT_FRAGMENT)])

    def indicate(self, service, cid, info):
        if self.opened and self.cids.wanted(service, cid):
            self.send(mbim.indicate(service, cid, info, self.max_transfer))

    # Commands

    def _command(self, command):
        """Run one command, through the fault that is ordered for it, if any."""
        point = FAULT_POINTS.get((command.service, command.cid))
        # polls of registration and session are no step of anybody's: only their setting counts
        if point in ("connect", "attach", "radio") and command.kind is Kind.QUERY:
            point = None

        def answer(status, info=b""):
            self._answer(command, status, info)

        def run(order, is_answered):
            reply, own = answer if is_answered else lambda *_: None, self.peculiar.take(command)
            if own:
                reply(*own)
            else:
                self.cids.execute(command, order, reply)
            if command.service == MS_UICC:
                self.after_apdu()

        self.execute(point, run, answer)

    def _answer(self, command, status, info):
        if self.opened:
            self.send(mbim.command_done(command, status, info, self.max_transfer))


KINDS = {"mbim": MbimModem, "qmi": QmiModem}


class Verbs:
    """The control verbs; each runs on the modem's loop, so that card and modem are used by one thread."""

    def __init__(self, modem):
        self.modem = modem

    def table(self):
        verbs = ("state", "sessions", "slot", "set", "unplug", "plug", "drop", "uplink", "traffic")
        return {name: self.on_loop(getattr(self, name)) for name in verbs}

    def on_loop(self, function):
        def call(**arguments):
            async def run():
                return function(**arguments)

            return asyncio.run_coroutine_threadsafe(run(), self.modem.loop).result(30)

        return call

    def on_card(self, function):
        """A verb of the card: where it changes the enabled profile behind the modem's back, it sees a REFRESH."""
        def call(**arguments):
            answer = function(**arguments)
            self.modem.check_card()
            return answer

        return self.on_loop(call)

    def state(self):
        modem, radio = self.modem, self.modem.radio
        return {"plugged": modem.plugged, "opened": modem.opened, "radio": radio.on, "ready": radio.ready.name,
                "register": radio.register.name, "attached": radio.attached, "session": radio.session.name,
                "profile": radio.profile, "groups": {str(key): group for key, group in modem.uicc.groups.items()},
                "apdus": modem.uicc.apdus, "sent": modem.uicc.bytes_sent, "received": modem.uicc.bytes_received,
                "terminal_capability": [item.hex() for item in modem.uicc.terminal_capability],
                "plugs": modem.plugs, "knobs": modem.knobs}

    def sessions(self):
        radio, address = self.modem.radio, self.modem.net.address
        return {"active": 1 if address else 0, "made": radio.sessions_made,
                "address": str(address) if address else None}

    def slot(self, use):
        """Somebody chooses slot USE at the modem itself."""
        self.modem.use_slot(use)

    def set(self, **values):
        check_knobs(values)
        if set(SLOT_KNOBS) & set(values):
            raise ValueError("what the slots are is for the start; which one is used, verb slot says")
        self.modem.knobs.update(values)
        if "registration" in values and self.modem.plugged:
            self.modem.radio.renew_registration()
        return {"knobs": self.modem.knobs}

    def unplug(self):
        self.modem.unplug()
        return {}

    def plug(self, **name):
        self.modem.plug(**name)
        return {"node": self.modem.bed.node}

    def drop(self):
        """The network ends the session."""
        self.modem.radio.end_session()

    def uplink(self, on):
        set_uplink(on)

    def traffic(self):
        return {"traffic": dict(self.modem.net.traffic)}


def check_knobs(values):
    """ValueError for what is no knob, or not of the knob's type."""
    for name, value in values.items():
        if name not in KNOBS:
            raise ValueError(f"no knob {name}; knobs: {', '.join(KNOBS)}")
        if type(value) is not type(KNOBS[name]) and not (type(KNOBS[name]) is float and type(value) is int):
            raise ValueError(f"knob {name} is a {type(KNOBS[name]).__name__}, as {KNOBS[name]!r}")
    if values.get("others", "told") not in ("told", "off"):
        raise ValueError("others is one of told, off")
    if values.get("tell", "all") not in ("all", "end", "nothing"):
        raise ValueError("tell is one of all, end, nothing")
    if values.get("registration", "home") not in REGISTRATIONS:
        raise ValueError(f"registration is one of {', '.join(REGISTRATIONS)}")


def start_modem(options, number, first):
    """Modem NUMBER with its card; its controls are `modemN` and `euiccN`, without a number for the first.

    The first is plugged in, the others by the verb.
    """
    knobs, suffix, card_dir, state = {**KNOBS, **options.set}, "", options.pki, options.state
    if number:
        suffix, card_dir = str(number), f"{options.pki}/card{number}"
        state = options.state.replace(".json", f"{number}.json")
        pki.make_card(options.pki, card_dir, pki.eid_of(number))
    card_faults = Faults()
    card = Euicc(card_dir, state, card_faults)
    place = (number, first) if number else ()
    modem = KINDS[options.kind](card, knobs, asyncio.get_running_loop(), *place)
    verbs = Verbs(modem)
    card_verbs = {name: verbs.on_card(verb) for name, verb in CONTROL_VERBS(card).items()}
    ControlServer(f"euicc{suffix}", card_faults, card_verbs, options.lab_dir).start()
    ControlServer(f"modem{suffix}", modem.faults, verbs.table(), options.lab_dir).start()
    if not number:
        modem.plug()
    return modem


async def run(options):
    first = None
    for number in range(options.count):
        modem = start_modem(options, number, first)
        first = first or modem
    print(json.dumps({"root": first.bed.root, "node": first.bed.node}), flush=True)
    await asyncio.Event().wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pki", required=True, help="the folder that pki.py filled")
    parser.add_argument("--state", required=True, help="the file that keeps the card")
    parser.add_argument("--lab-dir", required=True, help="the folder for the control sockets")
    parser.add_argument("--kind", choices=KINDS, default="mbim", help="the protocol of its port")
    parser.add_argument("--count", type=int, default=1, help="so many of them, each with a card of its own")
    parser.add_argument("--set", type=json.loads, default={}, metavar="JSON", help="knobs, as the control verb set")
    options = parser.parse_args()
    check_knobs(options.set)
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
