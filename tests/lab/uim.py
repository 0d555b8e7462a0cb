# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The QMI modem's way to its card: the UIM service. A logical channel belongs to the client that opened it."""

import struct

from qmi import Refused, Result, Service, counted
from radio import Ready
from uicc import DEFAULT_ATR, NO_CHANNEL_WORDS, UiccService

READ_TRANSPARENT, REGISTER_EVENTS, CARD_STATUS, POWER_OFF, POWER_ON = 0x0020, 0x002E, 0x002F, 0x0030, 0x0031
SEND_APDU, LOGICAL_CHANNEL, OPEN, SLOT_STATUS, SLOTS_CHANGED = 0x003B, 0x003F, 0x0042, 0x0047, 0x0048
SWITCH_SLOT = 0x0046
EVENT_CARD, EVENT_SLOTS = 1 << 0, 1 << 4
PRESENT, ABSENT = 2, 1  # a physical slot's card
USIM, READY, PIN_DISABLED, NO_INDEX = 2, 7, 3, 0xFFFF
EF_ICCID, EF_IMSI, EF_AD = 0x2FE2, 0x6F07, 0x6FAD


class Uim(UiccService):
    """Logical slot 1 is the only one. Long answers come in indications: see the knobs long_from, chunk and chunks_first."""

    SERVICE = Service.UIM

    def __init__(self, card, knobs, radio, indicate):
        super().__init__(card, knobs, radio.lose_card)
        self.radio, self._indicate = radio, indicate
        self.on_slot = None  # (slot)
        self._token = 0
        self._powered = True
        self.forget_clients()
        self._handlers = {READ_TRANSPARENT: self._read, REGISTER_EVENTS: self._register, CARD_STATUS: self._card_status,
                          POWER_OFF: self._power_off, POWER_ON: self._power_on, LOGICAL_CHANNEL: self._close_channel,
                          OPEN: self._open_channel, SLOT_STATUS: lambda _: self._slots(),
                          SWITCH_SLOT: self._switch_slot}

    def forget_clients(self):
        self.events = {}  # client id -> what it registered for

    def forget_client(self, cid):
        self.events.pop(cid, None)

    def handle(self, request, order, answer):
        if request.id == SEND_APDU:
            return self._send(request, order, answer)
        if request.id not in self._handlers:
            raise Refused(Result.INVALID_QMI_COMMAND)
        return self._handlers[request.id](request)

    def tell(self):
        """The card was lost, or read anew."""
        for cid, events in sorted(self.events.items()):
            if events & EVENT_CARD:
                self._indicate(self.SERVICE, cid, 0x0032, self._card_status(None))
            if events & EVENT_SLOTS:
                self._indicate(self.SERVICE, cid, SLOTS_CHANGED, self._slots())

    # Status

    def _register(self, request):
        self.events[request.client] = request.number(0x01, 4) & (EVENT_CARD | EVENT_SLOTS)
        return [(0x10, self.events[request.client].to_bytes(4, "little"))]

    def _card_status(self, _request):
        """An eUICC without an enabled profile has no application, and so no primary index."""
        applications, index = b"", NO_INDEX
        if self.radio.profile:
            index = 0
            aid = bytes.fromhex("A0000000871002FF33FF018900000100")
            applications = bytes((USIM, READY, 11, 0, 0, 0)) + counted(aid) + bytes(
                (0, PIN_DISABLED, 3, 10, PIN_DISABLED, 3, 10))
        present = self.card.kind() != "empty"
        card = bytes((present, 0, 0, 0, 0, 1 if applications else 0)) + applications
        return [(0x10, struct.pack("<HHHH", index, NO_INDEX, NO_INDEX, NO_INDEX) + b"\x01" + card)]

    def _slots(self):
        """Every physical slot: status, information, EID. A slot that is not in use is inactive, its card known all the same."""
        rows = [self._slot(number, kind) for number, kind in enumerate(self.knobs["slots"])]
        count = bytes((len(rows),))
        return [(kind, count + b"".join(column)) for kind, column in zip((0x10, 0x11, 0x12), zip(*rows))]

    def _slot(self, number, kind):
        used, card = number == self.card.used, self.card.cards[number]
        profile = self.radio.profile if used else card.enabled_profile()
        known = kind != "empty" and (not used or self.radio.ready is not Ready.NOT_INITIALIZED)
        iccid = bytes.fromhex(swapped(profile["iccid"])) if profile else b""
        status = struct.pack("<IIB", PRESENT if known else ABSENT, used, 1 if used else 0xFF) + counted(iccid)
        info = struct.pack("<IB", 2, 1 if profile else 0) + counted(DEFAULT_ATR if known else b"")
        return status, info + bytes((kind == "euicc",)), counted(bytes.fromhex(card.eid) if known and card.eid else b"")

    def _switch_slot(self, request):
        logical, physical = request.number(0x01), request.number(0x02, 4)
        if logical != 1 or not 1 <= physical <= len(self.knobs["slots"]):
            raise Refused(Result.INVALID_ARGUMENT)
        if physical - 1 == self.card.used:
            raise Refused(Result.NO_EFFECT)
        self.on_slot(physical - 1)
        return []

    def _read(self, request):
        file = int.from_bytes(request.get(0x02)[:2], "little")
        profile = self.radio.profile
        if profile is None:
            raise Refused(Result.DEVICE_NOT_READY)
        imsi = profile.get("imsi") or ""
        odd = len(imsi) % 2
        files = {EF_ICCID: swapped(profile["iccid"]), EF_AD: "00000002",
                 EF_IMSI: f"{(len(imsi) + 2) // 2:02x}" + swapped(("9" if odd else "1") + imsi)}
        if file not in files or (file == EF_IMSI and not imsi):
            raise Refused(Result.SIM_FILE_NOT_FOUND, [(0x10, b"\x6a\x82")])
        return [(0x10, b"\x90\x00"), (0x11, counted(bytes.fromhex(files[file]), 2))]

    # Power

    def _slot_one(self, request):
        if request.number(0x01) != 1:
            raise Refused(Result.INVALID_ARGUMENT)
        if not self._powered:
            raise Refused(Result.DEVICE_NOT_READY)

    def _power_off(self, request):
        self._slot_one(request)
        self._powered = False
        self.card.reset()
        self.forget_channels()
        return []

    def _power_on(self, request):
        if request.number(0x01) != 1 or self._powered:
            raise Refused(Result.NO_EFFECT)
        self._powered = True
        if self.knobs["power_cycle"]:
            self.on_reset()
        return []

    # Channels

    def _open_channel(self, request):
        self._slot_one(request)
        aid = request.counted(0x10)
        if not 5 <= len(aid) <= 16:
            raise Refused(Result.INVALID_ARGUMENT)
        channel, sw, fci = self.card.open_channel(aid)
        if not channel:
            result = Result.INSUFFICIENT_RESOURCES if sw in NO_CHANNEL_WORDS else Result.SIM_FILE_NOT_FOUND
            raise Refused(result, [(0x11, sw.to_bytes(2, "big"))])
        self.groups[channel] = request.client
        return [(0x10, bytes((channel,))), (0x11, sw.to_bytes(2, "big")), (0x12, counted(fci))]

    def _check_owner(self, request, channel):
        if self.groups.get(channel) != request.client:
            raise Refused(Result.INVALID_ARGUMENT)

    def _close_channel(self, request):
        self._slot_one(request)
        channel = request.number(0x11)
        self._check_owner(request, channel)
        self.card.close_channel(channel)
        del self.groups[channel]
        return []

    def _send(self, request, order, answer):
        self._slot_one(request)
        command, channel = request.counted(0x02, 2), request.number(0x10)
        self._check_owner(request, channel)
        if len(command) < 4 or command[0] & 3 != channel:
            raise Refused(Result.INVALID_ARGUMENT)
        if order and order["how"] == "response":  # rubbish from the card, as the test wrote it
            response = bytes.fromhex(order["data"])
        else:
            response = self._exchange(command)
        if len(response) <= self.knobs["long_from"]:
            return [(0x10, counted(response, 2))]
        self._send_long(request, response, order, answer)
        return None

    def _send_long(self, request, response, order, answer):
        """Fault chunks: WHAT is reversed, missing (the second), cut (the first promises more) or twice (each)."""
        self._token += 1
        size = self.knobs["chunk"]
        chunks = [self._chunk(len(response), at, response[at:at + size]) for at in range(0, len(response), size)]
        what = order["what"] if order and order["how"] == "chunks" else None
        if what == "reversed":
            chunks.reverse()
        elif what == "missing":
            del chunks[1]
        elif what == "cut":
            chunks[0] = chunks[0][:-1]
        elif what == "twice":
            chunks = [chunk for chunk in chunks for _ in range(2)]

        def announce():
            answer(Result.INSUFFICIENT_RESOURCES, [(0x11, struct.pack("<HI", len(response), self._token))])

        if not self.knobs["chunks_first"]:
            announce()
        for chunk in chunks:
            self._indicate(self.SERVICE, request.client, SEND_APDU, [(0x01, chunk)])
        if self.knobs["chunks_first"]:
            announce()

    def _chunk(self, total, offset, part):
        return struct.pack("<IHHH", self._token, total, offset, len(part)) + part


def swapped(digits):
    """DIGITS as a card holds them: nibbles swapped, an F at the end of an odd number."""
    digits += "F" * (len(digits) % 2)
    return "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))
