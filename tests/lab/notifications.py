# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Reads and verifies what a card notifies its SM-DP+ of: a load's result (BF37) or another signed notification (30)."""

import certificates
import pki
import smdp_trust as trust
from tlv import parse, to_int

EVENTS = {0x80: "install", 0x40: "enable", 0x20: "disable", 0x10: "delete"}


class Unverified(Exception):
    """The notification is malformed, or not signed by whom it should be."""


def _items(data, *tags):
    items = parse(data)
    if [item.tag for item in items] != list(tags):
        raise Unverified(f"expected {' '.join(f'{tag:X}' for tag in tags)}, got {data.hex()}")
    return items


def iccid_text(swapped):
    """The digits of an ICCID's 10 bytes with swapped nibbles."""
    return "".join(f"{byte & 15:X}{byte >> 4:X}" for byte in swapped).rstrip("F")


def _metadata(content):
    items = parse(content)
    tags = [item.tag for item in items]
    if tags[:3] != [0x80, 0x81, 0x0C] or tags[3:] not in ([], [0x5A]):
        raise Unverified(f"a notification's metadata holds {tags}")
    seq, event, address = (item.value for item in items[:3])
    if len(event) != 2 or event[1] not in EVENTS:
        raise Unverified(f"{event.hex()} is not one event")
    iccid = iccid_text(items[3].value) if tags[3:] else None
    return {"seq": to_int(seq), "event": EVENTS[event[1]], "address": address.decode(), "iccid": iccid}


def check(data, ci, orders):
    """Return (notification, EID, transaction id of the session it ends or None); raises Unverified, Refusal, TlvError.

    A load's result carries no certificates: they are those its package was bound with.
    """
    items = parse(data)
    if len(items) != 1 or items[0].tag not in (0xBF37, 0x30):
        raise Unverified("neither BF37 nor 30")
    if items[0].tag == 0xBF37:
        return _result(items[0].value, ci, orders)
    metadata, signature, card_der, eum_der = _items(items[0].value, 0xBF2F, 0x5F37, 0x30, 0x30)
    card, eid = trust.check_card(card_der.raw, eum_der.raw, ci)
    if not trust.verify(card, signature.value, metadata.raw):
        raise Unverified("the notification's signature is wrong")
    return _metadata(metadata.value), eid, None


def _result(content, ci, orders):
    data, signature = _items(content, 0xBF27, 0x5F37)
    transaction, metadata, oid, final = _items(data.value, 0x80, 0xBF2F, 0x06, 0xA2)
    name = transaction.value.hex().upper()
    bound = orders.bound(name)
    if bound is None:
        raise Unverified(f"no package was bound in {name}")
    order, (card_der, eum_der) = bound
    card, eid = trust.check_card(bytes.fromhex(card_der), bytes.fromhex(eum_der), ci)
    if not trust.verify(card, signature.value, data.raw):
        raise Unverified("the result's signature is wrong")
    if oid.value != certificates.oid_content(pki.SMDP_OID):
        raise Unverified("the result names another SM-DP+")
    notification = {**_metadata(metadata.value), "transaction": name}
    if notification["event"] != "install":
        raise Unverified("a result notifies an installation")
    return {**notification, **_final(final.value, notification, order)}, eid, name


def _final(content, notification, order):
    """Success: A0{4F, 04}; failure: A1{80 command, 81 reason, 82?}. A failed load may come without its ICCID."""
    outcome = parse(content)
    if len(outcome) != 1 or outcome[0].tag not in (0xA0, 0xA1):
        raise Unverified("the result is neither success nor error")
    items = parse(outcome[0].value)
    tags = [item.tag for item in items]
    if outcome[0].tag == 0xA0:
        if tags != [0x4F, 0x04] or notification["iccid"] != order["iccid"].upper():
            raise Unverified("the success is not of the profile that was bound")
        return {"aid": items[0].value.hex().upper()}
    if tags[:2] != [0x80, 0x81]:
        raise Unverified("the error has no command and reason")
    return {"failed": [to_int(items[0].value), to_int(items[1].value)], "iccid": order["iccid"]}
