# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What an MBIM modem does that it should not, each by a knob: the modems for which policy/quirks.conf has its keys."""

from mbim import MS_BASIC_EXT, MS_UICC, Ext, Reader, Status, Uicc, Writer

KNOBS = {
    "capability": "",  # the card hides its ISD-R until it has heard this TERMINAL CAPABILITY (ETSI TS 102 221, 11.1.19.2)
    "apdu_max": 0,  # longer APDUs are refused; 0: none is too long
    "wrong_slot": False,  # it says that it uses its second slot, and uses the first
    "open_after": 0.0,  # seconds from the question which slot is in use until it opens a channel
    "leaves_at_refresh": False,  # REFRESH makes it leave the USB and come back after `reset_seconds`
}
SELECT_REFUSED = Writer().u32(0x826A, 0).uicc_data(b"").finish()  # 6A82


class Peculiar:
    """Stands before the modem's own handling of commands; CLOCK gives seconds, UICC is its UiccService."""

    def __init__(self, knobs, uicc, clock):
        self.knobs, self.uicc, self.clock = knobs, uicc, clock
        self._asked = float("-inf")
        self._before = {(MS_BASIC_EXT, Ext.DEVICE_SLOT_MAPPINGS): self._slots, (MS_UICC, Uicc.OPEN_CHANNEL): self._open,
                        (MS_UICC, Uicc.APDU): self._apdu}

    def take(self, command):
        """(status, info) for COMMAND where the modem answers it in a manner of its own, else None."""
        handler = self._before.get((command.service, command.cid))
        return handler(command) if handler else None

    def _slots(self, _command):
        self._asked = self.clock()
        return (Status.SUCCESS, Writer().u32(1).items([b"\1\0\0\0"]).finish()) if self.knobs["wrong_slot"] else None

    def _open(self, _command):
        if self.clock() - self._asked < self.knobs["open_after"]:
            return Status.FAILURE, b""
        hidden = self.knobs["capability"] and self.knobs["capability"] not in map(bytes.hex, self.uicc.terminal_capability)
        return (Status.SELECT_FAILED, SELECT_REFUSED) if hidden else None

    def _apdu(self, command):
        if not self.knobs["apdu_max"]:
            return None
        reader = Reader(command.info)
        for _ in range(3):  # channel, secure messaging, class byte type
            reader.u32()
        size = len(reader.uicc_data())
        return (Status.FAILURE, b"") if size > self.knobs["apdu_max"] else None
