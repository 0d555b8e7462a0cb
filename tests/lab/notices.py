# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Notifications: made when a profile changes, listed, retrieved and removed (SGP.22 clauses 3.5, 5.7.9-11)."""

import tlv
from card_store import bit_string, iccid_bytes, to_mask
from outcome import Refused


class Notices:
    """The pending notifications of the card."""

    def __init__(self, credentials, store):
        self._credentials, self._store = credentials, store

    def metadata(self, event, address, iccid):
        """Take a number and return (number, BF2F); ICCID as digits or None."""
        sequence = self._store.next_sequence()
        parts = [tlv.tlv(0x80, tlv.integer(sequence)), tlv.tlv(0x81, bit_string(event)),
                 tlv.tlv(0x0C, address.encode())]
        if iccid:
            parts.append(tlv.tlv(0x5A, iccid_bytes(iccid)))
        return sequence, tlv.tlv(0xBF2F, *parts)

    def announce(self, profile, event, but=None):
        """Make one notification of EVENT for each address that the PROFILE's metadata names, except address BUT."""
        for events, address in profile["notify"]:
            if events & event and address != but:
                sequence, metadata = self.metadata(event, address, profile["iccid"])
                raw = tlv.tlv(0x30, metadata, tlv.tlv(0x5F37, self._credentials.sign(metadata)),
                              self._credentials.euicc_der, self._credentials.eum_der)
                self._store.add_notification(sequence, event, metadata, raw)

    def list(self, value):
        """ListNotification; 81 asks for certain events only."""
        events = tlv.find(value, 0x81)
        mask = to_mask(events) if events is not None else 0xFF
        rows = [bytes.fromhex(row["metadata"]) for row in self._store.notifications if row["event"] & mask]
        return tlv.tlv(0xBF28, tlv.tlv(0xA0, *rows))

    def retrieve(self, value):
        """RetrieveNotificationsList, by number (A0{80}), by events (A0{81}) or all."""
        rows = self._store.notifications
        criterion = tlv.parse(tlv.find(value, 0xA0) or b"")
        if len(criterion) > 1 or any(item.tag not in (0x80, 0x81) for item in criterion):
            raise Refused(127)
        for item in criterion:
            if item.tag == 0x80:
                rows = [row for row in rows if row["sequence"] == tlv.to_int(item.value)]
            else:
                rows = [row for row in rows if row["event"] & to_mask(item.value)]
        if not rows:
            raise Refused(1)
        return tlv.tlv(0xBF2B, tlv.tlv(0xA0, *(bytes.fromhex(row["raw"]) for row in rows)))

    def remove(self, value):
        """RemoveNotificationFromList by number."""
        wanted = tlv.find(value, 0x80)
        if wanted is None:
            raise ValueError("no number")
        row = next((row for row in self._store.notifications if row["sequence"] == tlv.to_int(wanted)), None)
        if row is None:
            raise Refused(1)
        self._store.notifications.remove(row)
        return tlv.tlv(0xBF30, tlv.tlv(0x80, b"\0"))
