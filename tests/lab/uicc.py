# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The modem's way to its card: Microsoft's UICC Low Level Access service and the card's logical channels."""

from mbim import Kind, Refused, Status, Uicc, Writer

NO_CHANNEL_WORDS = (0x6881, 0x6A81)  # MANAGE CHANNEL refused: ISO 7816-4, 7.1.2
MAX_COLLECTED = 65536
# TB3 has the eUICC bit: ETSI TS 102 221, 6.3.3
DEFAULT_ATR = bytes.fromhex("3b9f96803fc7828031e073fe211f65d001900f7281")


class UiccService:
    """Answers the service's CIDs over CARD; keeps which logical channel belongs to which channel group."""

    def __init__(self, card, knobs, on_reset):
        self.card, self.knobs, self.on_reset = card, knobs, on_reset
        self.groups = {}  # open logical channel -> the channel group that its opener gave
        self.pass_through = 0
        self.terminal_capability = []
        self.apdus = self.bytes_sent = self.bytes_received = 0

    def handle(self, cid, kind, reader, order):
        """The information buffer that answers one command; ORDER is the fault that strikes, or None."""
        wants = {Uicc.ATR: (Kind.QUERY,), Uicc.TERMINAL_CAPABILITY: tuple(Kind), Uicc.RESET: tuple(Kind)}
        if kind not in wants.get(cid, (Kind.SET,)):
            raise Refused(Status.NO_DEVICE_SUPPORT)
        if cid == Uicc.ATR:
            return Writer().uicc_data(getattr(self.card, "atr", DEFAULT_ATR)).finish()
        if cid == Uicc.OPEN_CHANNEL:
            return self._open(reader)
        if cid == Uicc.CLOSE_CHANNEL:
            return self._close(reader)
        if cid == Uicc.APDU:
            return self._apdu(reader, order)
        if cid == Uicc.TERMINAL_CAPABILITY:
            return self._terminal_capability(kind, reader)
        return self._reset(kind, reader)

    def forget_channels(self):
        """The card was reset: its logical channels are gone."""
        self.groups.clear()

    def _open(self, reader):
        aid = reader.uicc_data()
        p2, group = reader.u32(), reader.u32()
        if not 5 <= len(aid) <= 16 or p2 > 0xFF:
            raise Refused(Status.INVALID_PARAMETERS)
        if self.knobs["select_p2"] not in (-1, p2):
            raise Refused(Status.FAILURE)
        channel, sw, fci = self.card.open_channel(aid)
        if sw in NO_CHANNEL_WORDS:
            raise Refused(Status.NO_LOGICAL_CHANNELS, Writer().u32(_word(sw), 0).uicc_data(b"").finish())
        if not channel:
            raise Refused(Status.SELECT_FAILED, Writer().u32(_word(sw), 0).uicc_data(b"").finish())
        self.groups[channel] = group
        return Writer().u32(_word(sw), channel).uicc_data(fci).finish()

    def _close(self, reader):
        channel, group = reader.u32(), reader.u32()
        if channel:
            self._check_open(channel)
            closing = [channel]
        else:  # the whole group; a group without channels is nobody's mistake
            closing = [number for number, owner in self.groups.items() if owner == group]
        for number in closing:
            self.card.close_channel(number)
            del self.groups[number]
        return Writer().u32(_word(0x9000)).finish()

    def _check_open(self, channel):
        if channel not in self.groups:
            raise Refused(Status.INVALID_LOGICAL_CHANNEL, Writer().u32(0).finish())

    def _apdu(self, reader, order):
        channel, secure, class_type = reader.u32(), reader.u32(), reader.u32()
        command = reader.uicc_data()
        if secure > 2 or class_type > 1 or len(command) < 4 or len(command) > 261:
            raise Refused(Status.INVALID_PARAMETERS)
        if channel:
            self._check_open(channel)
        if self.knobs["extended"] and class_type != 1:
            raise Refused(Status.INVALID_LOGICAL_CHANNEL, Writer().u32(0).finish())
        if order and order["how"] == "response":  # rubbish from the card, as the test wrote it
            response = bytes.fromhex(order["data"])
        else:
            response = self._exchange(_with_channel(command, channel))
            if self.knobs["needs_le"] and len(command) > 5 and len(command) == 5 + command[4]:
                response = response[-2:]
        sw = int.from_bytes(response[-2:], "big")
        return Writer().u32(_word(sw)).uicc_data(response[:-2]).finish()

    def _exchange(self, command):
        """One APDU; 61xx and 6Cxx are followed here, as modems that collect do."""
        response = self._transmit(command)
        if not self.knobs["collect"]:
            return response
        if response[-2] == 0x6C:
            response = self._transmit(command[:4] + response[-1:])
        data = response[:-2]
        while response[-2] == 0x61 and len(data) < MAX_COLLECTED:
            response = self._transmit(bytes((command[0] & 0x43, 0xC0, 0, 0, response[-1])))
            data += response[:-2]
        return data + response[-2:]

    def _transmit(self, command):
        response = self.card.transmit(command)
        self.apdus += 1
        self.bytes_sent += len(command)
        self.bytes_received += len(response)
        return response

    def _terminal_capability(self, kind, reader):
        if kind is Kind.SET:
            capabilities = reader.items(reader.u32())
            for item in capabilities:
                if len(item) < 2 or item[1] != len(item) - 2:
                    raise Refused(Status.INVALID_PARAMETERS)
            self.terminal_capability = capabilities
        return Writer().u32(len(self.terminal_capability)).items(self.terminal_capability).finish()

    def _reset(self, kind, reader):
        if kind is Kind.SET:
            action = reader.u32()
            if action > 1:
                raise Refused(Status.INVALID_PARAMETERS)
            self.pass_through = action
            self.card.reset()
            self.forget_channels()
            if self.knobs["power_cycle"]:
                self.on_reset()
        return Writer().u32(self.pass_through).finish()


def _word(sw):
    """SW1 is the low byte on this service."""
    return sw >> 8 | (sw & 0xFF) << 8


def _with_channel(command, channel):
    """COMMAND with CHANNEL in its class byte (ISO 7816-4, 5.4.1): the modem does it, whatever the host wrote there."""
    cla = command[0]
    if channel < 4:
        cla = cla & 0xBC | channel if not cla & 0x40 else cla & 0xB0 | channel
    else:
        cla = cla & 0xA0 | 0x40 | (channel - 4)
    return bytes((cla,)) + command[1:]
