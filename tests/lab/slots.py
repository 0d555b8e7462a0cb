# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The modem's physical SIM slots, one of which is in use: for all above it the card is whatever is in that one."""

PLAIN_ICCID, PLAIN_IMSI = "8949020000000000017", "262010000000017"
KINDS = ("euicc", "sim", "empty")


class PlainSim:
    """A SIM card as an operator hands it out: it has a subscription and no ISD-R."""

    eid = None

    def __init__(self):
        self.on_refresh = lambda: None

    def enabled_profile(self):
        return {"iccid": PLAIN_ICCID, "imsi": PLAIN_IMSI, "name": "A plain SIM"}

    def open_channel(self, _aid, _p2=0):
        return 0, 0x6A82, b""

    def close_channel(self, _channel):
        return 0x6881

    def open_channels(self):
        return []

    def transmit(self, _apdu):
        return b"\x6d\x00"

    def reset(self):
        pass

    def after_response(self):
        pass


class NoCard(PlainSim):
    """An empty slot."""

    def enabled_profile(self):
        return None


class Slots:
    """EUICC is in every slot that LAYOUT calls so (there is one of them); USED is a slot's index."""

    def __init__(self, euicc, layout, used):
        if sorted(set(layout) - set(KINDS)) or layout.count("euicc") != 1 or not 0 <= used < len(layout):
            raise ValueError(f"slots are a list of {', '.join(KINDS)} with one euicc; not {layout}, {used}")
        self.layout, self.used, self.euicc = layout, used, euicc
        others = {"sim": PlainSim, "empty": NoCard}
        self.cards = [euicc if kind == "euicc" else others[kind]() for kind in layout]
        self.on_refresh = lambda: None
        euicc.on_refresh = self._refresh

    def _refresh(self):
        if self.kind() == "euicc":
            self.on_refresh()

    def kind(self, slot=None):
        return self.layout[self.used if slot is None else slot]

    def use(self, slot):
        """The card of the slot that was in use loses its power, and with it its channels."""
        self.cards[self.used].reset()
        self.used = slot
        self.cards[slot].reset()

    def __getattr__(self, name):
        return getattr(self.cards[self.used], name)
