# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The eUICC at its contacts: APDUs, logical channels, SELECT, STORE DATA chains and GET RESPONSE, as strict as a card.

The card answers long data with 61xx always, as over T=0; a modem in front of it may collect. It closes its logical
channels at reset(). Faults (control.Faults) strike at `apdu` (every APDU), `select`, `manageChannel` and at each ES10
function's name, for example `es10b.loadBoundProfilePackage` (see isdr.FUNCTIONS). How:

    sw                the card answers the status word `sw` ("6985")
    rubbish           random bytes and 9000
    silent            no answer at all: CardSilent
    truncated         the true answer, cut in half (ES10 functions)
    result            the function's own error result, number `code` (ES10 functions)
    memory-full       loadBoundProfilePackage ends with reason 10

With `executed` true the function does its work before sw, rubbish or silent hide its answer.
"""

import collections
import os
import threading

import tlv
from card_store import CLASSES, CardStore, iccid_bytes
from certificates import Credentials
from isdr import CardSilent, IsdR, StatusError

__all__ = ["Euicc", "CardSilent", "CONTROL_VERBS"]

ISDR_AID = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
USIM_AID = bytes.fromhex("A0000000871002FF33FF018900000100")
CHANNELS = 4  # the basic one and three more
CHAIN_MAX = 16384
SELECT_DF = 0x00, 0x04
RULES = {"ppr1": 0x40, "ppr2": 0x20}

Command = collections.namedtuple("Command", "cla channel ins p1 p2 data le")


class Channel:
    """What one logical channel remembers."""

    def __init__(self):
        self.selected = None
        self.response = b""
        self.restart()

    def restart(self):
        """Forget a half-sent STORE DATA chain."""
        self.chain, self.next_block = b"", 0


def parse(apdu):
    """Take an APDU apart (short lengths only); raises StatusError."""
    if len(apdu) < 4:
        raise StatusError(0x6700)
    cla, ins, p1, p2 = apdu[:4]
    body, le, data = apdu[4:], None, b""
    if len(body) == 1:
        le = body[0] or 256
    elif body:
        data, rest = body[1:1 + body[0]], body[1 + body[0]:]
        if body[0] == 0 or len(data) != body[0] or len(rest) > 1:
            raise StatusError(0x6700)
        le = (rest[0] or 256) if rest else None
    return Command(cla, channel_of(cla), ins, p1, p2, data, le)


def channel_of(cla):
    """Return the logical channel a class byte names (TS 102 221 table 10.3); raises StatusError."""
    if cla & 0x70 == 0x40:  # channels 4 to 19, which this card does not have
        raise StatusError(0x6881)
    if cla & 0x70 or cla == 0xFF:
        raise StatusError(0x6884 if cla == 0x10 else 0x6E00)
    if cla & 0x0C:
        raise StatusError(0x6882)
    return cla & 0x03


class Euicc:
    """One card. PKI_DIR as pki.py makes it; STATE_FILE is read if it exists and kept up to date."""

    def __init__(self, pki_dir, state_file, faults):
        self.lock = threading.RLock()
        self.on_refresh = lambda: None
        self.faults = faults
        self.store = CardStore(state_file)
        credentials = Credentials(pki_dir)
        self.eid = credentials.eid
        self.isdr = IsdR(credentials, self.store, faults)
        self._instructions = {0x70: ("manageChannel", self._manage_channel), 0xA4: ("select", self._select),
                              0xE2: (None, self._store_data), 0xC0: (None, self._get_response),
                              0x20: (None, self._verify), 0x2C: (None, self._verify), 0xF2: (None, self._status),
                              0x10: (None, self._terminal), 0xAA: (None, self._terminal)}
        self.reset_counters()
        self.reset()
        self.store.save()

    def reset(self):
        """Power off and on: channels, chains and the RSP session are gone."""
        with self.lock:
            self._channels = {0: Channel()}
            self.isdr.reset()

    def reset_counters(self):
        """Begin to count APDUs anew."""
        self.apdus = self.apdu_bytes = 0
        self.isdr.calls.clear()

    def enabled_profile(self):
        """Return a copy of the enabled profile's record (iccid, imsi, name ...), or None."""
        with self.lock:
            profile = self.store.profile(state=1)
            return dict(profile) if profile else None

    def transmit(self, apdu):
        """Return the response data and status word to APDU; raises CardSilent where a fault keeps the card mute."""
        with self.lock:
            response, sw = self._execute(bytes(apdu))
            answer = response + sw.to_bytes(2, "big")
            self.apdus += 1
            self.apdu_bytes += len(apdu) + len(answer)
            return answer

    def after_response(self):
        """To be called once the answer has left: a REFRESH that is due closes all channels and calls on_refresh().

        It waits until the result has been fetched, as a card does, which announces it by 91xx in the place of 9000.
        """
        with self.lock:
            due = self.isdr.refresh_due and not any(channel.response for channel in self._channels.values())
            if due:
                self.reset()
        if due:
            self.on_refresh()

    def open_channel(self, aid, p2=0x00):
        """MANAGE CHANNEL and SELECT; return (channel, sw, fci). A refused SELECT closes the channel: (0, sw, b"")."""
        answer = self.transmit(bytes.fromhex("0070000001"))
        if answer[-2:] != b"\x90\x00":
            return 0, int.from_bytes(answer[-2:], "big"), b""
        channel = answer[0]
        answer = self.transmit(bytes([channel, 0xA4, 0x04, p2, len(aid)]) + aid)
        fci = b""
        while answer[-2] == 0x61:
            fci += answer[:-2]
            answer = self.transmit(bytes([channel, 0xC0, 0, 0, answer[-1]]))
        sw = int.from_bytes(answer[-2:], "big")
        if sw != 0x9000:
            self.close_channel(channel)
            return 0, sw, b""
        return channel, sw, fci + answer[:-2]

    def close_channel(self, channel):
        """Close CHANNEL; return the status word."""
        return int.from_bytes(self.transmit(bytes([0x00, 0x70, 0x80, channel])), "big")

    def open_channels(self):
        """Return the numbers of the open logical channels, without the basic one."""
        with self.lock:
            return sorted(set(self._channels) - {0})

    def _execute(self, apdu):
        try:
            fault = self._strike("apdu")
            if fault:
                return fault
            command = parse(apdu)
            channel = self._channels.get(command.channel)
            if channel is None:
                raise StatusError(0x6881)
            point, function = self._instructions.get(command.ins, (None, None))
            if function is None:
                raise StatusError(0x6D00)
            if command.ins != 0xC0:
                channel.response = b""
            fault = self._strike(point) if point else None
            return fault or function(command, channel)
        except StatusError as error:
            return b"", error.sw

    def _strike(self, point):
        fault = self.faults.take(point)
        if fault is None:
            return None
        if fault["how"] == "sw":
            return b"", int(fault["sw"], 16)
        if fault["how"] == "rubbish":
            return os.urandom(23), 0x9000
        if fault["how"] == "silent":
            raise CardSilent(point)
        raise ValueError(f"point {point} knows no fault {fault['how']!r}")

    @staticmethod
    def _need(condition, sw):
        if not condition:
            raise StatusError(sw)

    def _announce(self, channel, response):
        """Hold RESPONSE for GET RESPONSE and say how much there is."""
        channel.response = response
        if not response:
            return b"", 0x9000
        return b"", 0x6100 | (len(response) if len(response) < 256 else 0)

    def _get_response(self, command, channel):
        self._need(command.cla in (command.channel, 0x80 | command.channel), 0x6E00)
        self._need((command.p1, command.p2) == (0, 0), 0x6A86)
        self._need(command.le is not None and not command.data, 0x6700)
        self._need(channel.response, 0x6985)
        if command.le > len(channel.response):
            return b"", 0x6C00 | len(channel.response)
        part, rest = channel.response[:command.le], channel.response[command.le:]
        return part, self._announce(channel, rest)[1]

    def _manage_channel(self, command, _channel):
        self._need(command.cla == command.channel, 0x6E00)
        self._need(not command.data, 0x6700)
        if command.p1 == 0x80:
            self._need(1 <= command.p2 < CHANNELS, 0x6A86)
            self._need(command.p2 in self._channels, 0x6881)
            del self._channels[command.p2]
            return b"", 0x9000
        self._need((command.p1, command.p2) == (0, 0), 0x6A86)
        self._need(command.le is not None, 0x6700)
        self._need(command.le in (1, 256), 0x6C01)
        free = [number for number in range(CHANNELS) if number not in self._channels]
        self._need(free, 0x6A81)
        self._channels[free[0]] = Channel()
        return bytes(free[:1]), 0x9000

    def _select(self, command, channel):
        self._need(command.cla == command.channel, 0x6E00)
        self._need(command.p2 in (0x00, 0x04, 0x0C), 0x6A86)
        self._need(command.data, 0x6700)
        channel.restart()
        if command.p1 == 0x04:
            self._need(5 <= len(command.data) <= 16, 0x6700)
            fci = self._select_application(channel, command.data)
        else:
            self._need(command.p1 in (0x00, 0x08), 0x6A86)
            self._need(command.data in (b"\x3f\x00", b"\x7f\xff") and command.channel == 0, 0x6A82)
            fci = self._fcp(USIM_AID)
        return (b"", 0x9000) if command.p2 == 0x0C else self._announce(channel, fci)

    def _select_application(self, channel, aid):
        isdr_aid = bytes.fromhex(self.store.data.get("isdr_aid") or ISDR_AID.hex())
        if aid == isdr_aid:
            channel.selected = "isdr"
            # FCI of an ISD-R: its AID and the longest command data (GlobalPlatform clause 11.9.3.1)
            return tlv.tlv(0x6F, tlv.tlv(0x84, isdr_aid), tlv.tlv(0xA5, tlv.tlv(0x9F65, b"\xff")))
        usim = aid[:7] == USIM_AID[:7] and self.store.profile(state=1) is not None
        self._need(usim, 0x6A82)
        channel.selected = "usim"
        return self._fcp(USIM_AID)

    @staticmethod
    def _fcp(aid):
        return tlv.tlv(0x62, tlv.tlv(0x82, b"\x78\x21"), tlv.tlv(0x84, aid), tlv.tlv(0x8A, b"\x05"))

    def _store_data(self, command, channel):
        self._need(channel.selected == "isdr", 0x6D00)
        self._need(command.cla & 0x80, 0x6E00)
        try:
            whole = self._collect(command, channel)
        except StatusError:
            channel.restart()
            raise
        if whole is None:
            return b"", 0x9000
        response, sw = self.isdr.execute(whole)
        return (response, sw) if sw != 0x9000 else self._announce(channel, response)

    def _collect(self, command, channel):
        """Add one block to the chain; return all of it with the last one (clause 5.7.2)."""
        self._need(command.p1 in (0x11, 0x91), 0x6A86)
        self._need(command.p2 == channel.next_block, 0x6A86)
        self._need(command.data, 0x6700)
        channel.chain += command.data
        channel.next_block = (channel.next_block + 1) & 0xFF
        self._need(len(channel.chain) <= CHAIN_MAX, 0x6A84)
        if command.p1 == 0x11:
            return None
        whole = channel.chain
        channel.restart()
        return whole

    def _verify(self, command, _channel):
        """VERIFY and UNBLOCK PIN without a PIN ask for the tries left; there is a PIN where a profile is enabled."""
        self._need(command.cla == command.channel, 0x6E00)
        self._need(command.p1 == 0 and command.p2 in (0x01, 0x81), 0x6A86)
        self._need(self.store.profile(state=1), 0x6A88)
        self._need(command.data or command.ins == 0x20, 0x63CA)
        self._need(command.data, 0x63C3)
        self._need(False, 0x6984)  # the lab's profiles have their PIN disabled

    def _status(self, command, channel):
        self._need(command.cla & 0x80, 0x6E00)
        return b"", 0x9000

    def _terminal(self, command, _channel):
        """TERMINAL PROFILE and TERMINAL CAPABILITY: taken note of."""
        self._need(command.cla & 0x80, 0x6E00)
        self._need(command.data, 0x6700)
        return b"", 0x9000


def _add_profile(card, iccid, state="disabled", ppr=0, notify=(), **fields):
    """Put a ready profile on the card. PPR: a mask or names ("ppr1,ppr2"); NOTIFY: addresses told of every event."""
    iccid_bytes(iccid)
    fields["class"] = CLASSES[fields.get("class", "operational")]
    if not isinstance(ppr, int):
        ppr = sum(RULES[name] for name in (ppr.split(",") if isinstance(ppr, str) else ppr or ()) if name)
    if state == "enabled" and card.store.profile(state=1):
        raise ValueError("a profile is enabled already")
    with card.lock:
        profile = card.store.add_profile(iccid=iccid.upper(), ppr=ppr, notify=[[0xF0, address] for address in notify],
                                         state=("disabled", "enabled").index(state), **fields)
        card.store.save()
    return {"aid": profile["aid"]}


def _set(card, **values):
    with card.lock:
        card.store.data.update(values)
        card.store.save()


def _apdus(card):
    with card.lock:
        calls = dict(card.isdr.calls)
        writes = {name: count for name, count in calls.items() if name in card.isdr.writes}
        return {"count": card.apdus, "bytes": card.apdu_bytes, "functions": calls, "writes": writes}


def _forget_notifications(card):
    """As another LPA that has sent them."""
    with card.lock:
        card.store.notifications.clear()
        card.store.save()


def _listed(rows, hidden=()):
    return [{key: value for key, value in row.items() if key not in hidden} for row in rows]


def CONTROL_VERBS(card):
    """Return the verbs of control socket `euicc` (control.ControlServer) for CARD."""
    return {
        "eid": lambda: {"eid": card.eid},
        "profiles": lambda: {"profiles": _listed(card.store.profiles, ("icon",)), "free": card.store.free_memory()},
        "notifications": lambda: {"notifications": _listed(card.store.notifications)},
        "forget_notifications": lambda: _forget_notifications(card),
        "channels": lambda: {"channels": card.open_channels()},
        "apdus": lambda: _apdus(card),
        "reset_counters": card.reset_counters,
        "reset": card.reset,
        "add_profile": lambda **fields: _add_profile(card, **fields),
        "set_memory": lambda memory: _set(card, memory=int(memory)),
        "set_addresses": lambda default_dp="", root_ds="": _set(card, default_dp=default_dp, root_ds=root_ds),
        "set_aid_only": lambda on: _set(card, aid_only=on),
        "set_isdr_aid": lambda aid="": _set(card, isdr_aid=aid),
        "set_rat": lambda rat: _set(card, rat=rat),
    }
