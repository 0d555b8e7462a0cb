# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card's memory: profiles, notifications and settings, kept in one JSON file that is replaced as a whole."""

import copy
import json
import os

from tlv import tlv

ISDP_PREFIX = "A0000005591010FFFFFFFF89000"
DISABLED, ENABLED = 0, 1
TEST, PROVISIONING, OPERATIONAL = 0, 1, 2
CLASSES = {"test": TEST, "provisioning": PROVISIONING, "operational": OPERATIONAL}
PPR1_NO_DISABLING, PPR2_NO_DELETING = 0x40, 0x20
INSTALL, ENABLE, DISABLE, DELETE = 0x80, 0x40, 0x20, 0x10
# One row of the rules authorisation table: PPR1 and PPR2 for every operator (E nibbles are wildcards), with consent.
DEFAULT_RAT = [{"rules": PPR1_NO_DISABLING | PPR2_NO_DELETING, "owners": ["eeeeee"], "consent": True}]

BLANK = {"memory": 400 * 1024, "default_dp": "", "root_ds": "smds.esimd.test", "next_sequence": 0, "next_isdp": 0,
         "before_test": None, "rat": DEFAULT_RAT, "profiles": [], "notifications": []}
PROFILE = {"iccid": "", "aid": "", "state": DISABLED, "class": OPERATIONAL, "nickname": "", "provider": "esimd lab",
           "name": "Lab profile", "icon_type": None, "icon": "", "notify": [], "owner": "", "ppr": 0, "imsi": "",
           "size": 0}


def iccid_bytes(digits):
    """Return an ICCID as its 10 bytes: nibbles swapped, padded with F; letters occur in ICCIDs."""
    if not 18 <= len(digits) <= 20:
        raise ValueError(f"ICCID {digits!r} has {len(digits)} digits, not 18 to 20")
    return swap(bytes.fromhex(digits.ljust(20, "F")))


def iccid_text(content):
    """Return the digits of an ICCID's 10 bytes."""
    return swap(content).hex().upper().rstrip("F")


def swap(content):
    """Swap the nibbles of every byte."""
    return bytes((byte << 4 | byte >> 4) & 0xFF for byte in content)


def imsi_text(content):
    """Return the digits of EF_IMSI's 9 bytes (TS 31.102 clause 4.2.2: length, then a parity nibble and digits)."""
    if len(content) != 9 or not 1 <= content[0] <= 8:
        raise ValueError(f"EF_IMSI {content.hex()}")
    digits = swap(content[1:1 + content[0]]).hex()[1:].rstrip("f")
    if not digits.isdigit():
        raise ValueError(f"EF_IMSI {content.hex()}")
    return digits


def bit_string(mask):
    """Return the content of a named BIT STRING of up to 8 bits, first bit 80; DER drops the zeros at its end."""
    unused = 8 if mask == 0 else (mask & -mask).bit_length() - 1
    return b"\0" if unused == 8 else bytes([unused, mask])


def to_mask(content):
    """Return the first eight bits of a BIT STRING's content."""
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):
        raise ValueError(f"BIT STRING {content.hex()}")
    return content[1] if len(content) > 1 else 0


class CardStore:
    """All that survives a power cut. `data` is the JSON document; save() makes it so on disk."""

    def __init__(self, path):
        self._path = path
        self._saved = None
        self.data = copy.deepcopy(BLANK)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as stream:
                self.data.update(json.load(stream))

    def save(self):
        """Write the state if it changed; a reader or a crash sees the old file or the new one."""
        text = json.dumps(self.data, indent=1)
        if text == self._saved:
            return
        with open(self._path + ".new", "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(self._path + ".new", self._path)
        self._saved = text

    @property
    def profiles(self):
        return self.data["profiles"]

    @property
    def notifications(self):
        return self.data["notifications"]

    def free_memory(self):
        """Bytes left for profiles."""
        return max(0, self.data["memory"] - sum(profile["size"] for profile in self.profiles))

    def profile(self, **wanted):
        """Return the first profile whose fields equal WANTED, or None."""
        return next((profile for profile in self.profiles
                     if all(profile[field] == value for field, value in wanted.items())), None)

    def new_aid(self):
        """Return the AID for the next ISD-P, in hex. AIDs are not reused: a mixed-up profile would be noticed."""
        number = 0x10 + self.data["next_isdp"]
        self.data["next_isdp"] += 1
        return f"{ISDP_PREFIX}{number:03X}00"

    def add_profile(self, **fields):
        """Put a profile on the card and return it; raises ValueError on an unknown field or a taken ICCID."""
        unknown = set(fields) - set(PROFILE)
        if unknown:
            raise ValueError(f"unknown fields {sorted(unknown)}; there are {sorted(PROFILE)}")
        if self.profile(iccid=fields["iccid"]):
            raise ValueError(f"ICCID {fields['iccid']} is on the card")
        profile = copy.deepcopy({**PROFILE, **fields})
        profile["aid"] = profile["aid"] or self.new_aid()
        self.profiles.append(profile)
        return profile

    def remove_profile(self, profile):
        self.profiles.remove(profile)

    def next_sequence(self):
        """Take the next notification number; there is one counter per card, and it begins at 0."""
        self.data["next_sequence"] += 1
        return self.data["next_sequence"] - 1

    def add_notification(self, sequence, event, metadata, raw):
        """Keep RAW, a whole BF37 or 30, whose BF2F is METADATA."""
        self.notifications.append({"sequence": sequence, "event": event, "metadata": metadata.hex(),
                                   "raw": raw.hex()})

    def rules_allowed(self, rules, owner):
        """Say if the RAT lets a profile of OWNER (B7's MCC/MNC in hex) have all of RULES."""
        def fits(pattern):
            return all(want in ("e", have) for want, have in zip(pattern.lower(), owner.lower()))

        for rule in (PPR1_NO_DISABLING, PPR2_NO_DELETING):
            rows = [row for row in self.data["rat"] if row["rules"] & rule and any(map(fits, row["owners"]))]
            if rules & rule and not rows:
                return False
        return True

    def rat_rows(self):
        """Return the RAT's rows as TLVs (clause 5.7.22)."""
        for row in self.data["rat"]:
            owners = (tlv(0x30, tlv(0x80, bytes.fromhex(owner))) for owner in row["owners"])
            consent = bit_string(0x80 if row["consent"] else 0)
            yield tlv(0x30, tlv(0x80, bit_string(row["rules"])), tlv(0xA1, *owners), tlv(0x82, consent))
