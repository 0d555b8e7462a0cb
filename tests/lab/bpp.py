# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Binds a profile to one card and session: the bound profile package, BF36 (SGP.22 clause 2.5), spoilt where wanted."""

import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import bsp
import certificates
import profile_package
from orders import Refusal
from tlv import tlv

HOST_ID = b"esimd-lab"
INSTALL_BPP = b"\x01"
SPOILS = ("truncate-bpp", "drop-segment", "flip-mac", "empty-bpp-parts", "bad-signature", "other-metadata")


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def _cut(channel, tag, data, segment, encrypted):
    """Cut DATA into segments of at most SEGMENT bytes, tag, length and MAC included."""
    room = segment - 4 - bsp.MAC_LENGTH
    room -= room % 16 + 1 if encrypted else 0
    make = channel.encrypt if encrypted else channel.mac
    return [make(tag, data[at:at + room]) for at in range(0, len(data), room)]


def _agree(card_point):
    """Return (our one-time point, the secret shared with the card's one-time key)."""
    try:
        card_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), card_point)
    except ValueError as error:
        raise Refusal("8.1", "6.1", "euiccOtpk is no point of P-256") from error
    own = ec.generate_private_key(ec.SECP256R1())
    point = own.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return point, own.exchange(ec.ECDH(), card_key)


def _secure_channel(transaction_id, point, card_point, key, how):
    """InitialiseSecureChannel, BF23: its signature also covers the card's one-time key."""
    template = tlv(0xA6, tlv(0x80, bytes([bsp.KEY_TYPE_AES])), tlv(0x81, bytes([bsp.KEY_LENGTH])), tlv(0x84, HOST_ID))
    body = tlv(0x82, INSTALL_BPP) + tlv(0x80, transaction_id) + template + tlv(0x5F49, point)
    signature = certificates.sign(key, body + tlv(0x5F49, card_point))
    if how == "bad-signature":
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    return tlv(0xBF23, body, tlv(0x5F37, signature))


def _protect(order, keys, host, how):
    """Return the four lists of segments: ConfigureISDP, StoreMetadata, ReplaceSessionKeys (may be empty), profile."""
    channel = bsp.Bsp(keys)
    shown = {**order, "name": order["name"] + " (other)"} if how == "other-metadata" else order
    configure = [channel.encrypt(0x87, tlv(0xBF24))]
    metadata = _cut(channel, 0x88, profile_package.metadata(shown, host), order["segment"], False)
    replace = []
    if order["ppk"]:
        fresh = bsp.Keys(s_enc=os.urandom(16), s_mac=os.urandom(16), mac_chaining=os.urandom(16))
        replace = [channel.encrypt(0x87, tlv(0xBF26, tlv(0x80, fresh.mac_chaining), tlv(0x81, fresh.s_enc),
                                             tlv(0x82, fresh.s_mac)))]
        channel = bsp.Bsp(fresh)
    profile = _cut(channel, 0x86, profile_package.upp(order), order["segment"], True)
    return configure, metadata, replace, profile


def _spoil_segments(profile, how):
    middle = len(profile) // 2
    if how == "drop-segment":
        return profile[:middle] + profile[middle + 1:]
    if how == "flip-mac":
        broken = profile[middle][:-1] + bytes([profile[middle][-1] ^ 1])
        return profile[:middle] + [broken] + profile[middle + 1:]
    return profile


def bind(order, transaction_id, eid, card_point, key, host, how=None):
    """Return ORDER's package for the card EID and its one-time key CARD_POINT; KEY is DPpb's; HOW: one of SPOILS."""
    point, secret = _agree(card_point)
    keys = bsp.derive(secret, HOST_ID, bytes.fromhex(eid))
    configure, metadata, replace, profile = _protect(order, keys, host, how)
    if how == "empty-bpp-parts":
        metadata = []
    parts = [_secure_channel(transaction_id, point, card_point, key, how), tlv(0xA0, *configure), tlv(0xA1, *metadata)]
    if replace:
        parts.append(tlv(0xA2, *replace))
    package = tlv(0xBF36, *parts, tlv(0xA3, *_spoil_segments(profile, how)))
    return package[:-200] if how == "truncate-bpp" else package
