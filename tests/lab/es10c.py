# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""ES10c, what a person does with profiles, and ES10a, the addresses (SGP.22 clauses 5.7.3, 5.7.4, 5.7.15 to 21)."""

import tlv
from card_store import (DELETE, DISABLE, DISABLED, ENABLE, ENABLED, OPERATIONAL, PPR1_NO_DISABLING, PPR2_NO_DELETING,
                        TEST, bit_string, iccid_bytes, iccid_text, to_mask)
from outcome import Refused, StatusError

NOT_FOUND, WRONG_STATE, BY_RULE, TEST_PROFILE_ON = 1, 2, 3, 4
DEFAULT_TAGS = (0x5A, 0x4F, 0x9F70, 0x90, 0x91, 0x92, 0x95, 0x93, 0x94)  # clause 5.7.15: without a tag list
NICKNAME_MAX = 64


def _text(tag):
    field = {0x90: "nickname", 0x91: "provider", 0x92: "name"}[tag]
    return lambda profile: [tlv.tlv(tag, profile[field].encode())] if profile[field] or tag != 0x90 else []


def _notify(profile):
    rows = [tlv.tlv(0x30, tlv.tlv(0x80, bit_string(mask)), tlv.tlv(0x81, address.encode()))
            for mask, address in profile["notify"]]
    return [tlv.tlv(0xB6, *rows)] if rows else []


def _icon_type(profile):
    return [tlv.tlv(0x93, tlv.integer(profile["icon_type"]))] if profile["icon_type"] is not None else []


# What each tag of a tag list yields of a profile, in the order in which ProfileInfo has its members.
MEMBERS = {
    0x5A: lambda profile: [tlv.tlv(0x5A, iccid_bytes(profile["iccid"]))],
    0x4F: lambda profile: [tlv.tlv(0x4F, bytes.fromhex(profile["aid"]))],
    0x9F70: lambda profile: [tlv.tlv(0x9F70, tlv.integer(profile["state"]))],
    0x90: _text(0x90), 0x91: _text(0x91), 0x92: _text(0x92),
    0x93: _icon_type,
    0x94: lambda profile: [tlv.tlv(0x94, bytes.fromhex(profile["icon"]))] if profile["icon"] else [],
    0x95: lambda profile: [tlv.tlv(0x95, tlv.integer(profile["class"]))],
    0xB6: _notify,
    0xB7: lambda profile: [tlv.tlv(0xB7, bytes.fromhex(profile["owner"]))] if profile["owner"] else [],
    0x99: lambda profile: [tlv.tlv(0x99, bit_string(profile["ppr"]))] if profile["ppr"] else [],
}


def _tags(content):
    """Return the tags that a tag list (5C) names."""
    tags = []
    while content:
        size = 2 if content[0] & 0x1F == 0x1F else 1
        tags.append(int.from_bytes(content[:size], "big"))
        content = content[size:]
    return tags


class Profiles:
    """Acts on the profiles in the store; ORDER_REFRESH is called where the card will ask for a REFRESH."""

    def __init__(self, credentials, store, notices, order_refresh):
        self._credentials, self._store, self._notices = credentials, store, notices
        self._order_refresh = order_refresh

    def configured_addresses(self, _value):
        data = self._store.data
        default = [tlv.tlv(0x80, data["default_dp"].encode())] if data["default_dp"] else []
        return tlv.tlv(0xBF3C, *default, tlv.tlv(0x81, data["root_ds"].encode()))

    def set_default_dp(self, value):
        address = tlv.find(value, 0x80)
        if address is None:
            raise ValueError("no address")
        self._store.data["default_dp"] = address.decode()
        return tlv.tlv(0xBF3F, tlv.tlv(0x80, b"\0"))

    def get_eid(self, value):
        if tlv.find(value, 0x5C) != b"\x5a":
            raise ValueError("the tag list has to be 5A")
        return tlv.tlv(0xBF3E, tlv.tlv(0x5A, bytes.fromhex(self._credentials.eid)))

    def info(self, value):
        """GetProfilesInfo. A search that finds nothing yields an empty list, not an error."""
        items = {item.tag: item.value for item in tlv.parse(value)}
        if set(items) - {0xA0, 0x5C}:
            raise Refused(1)
        profiles = self._store.profiles
        if 0xA0 in items:
            profiles = self._search(items[0xA0])
        tags = _tags(items[0x5C]) if 0x5C in items else DEFAULT_TAGS
        wanted = [MEMBERS[tag] for tag in MEMBERS if tag in tags]
        rows = (tlv.tlv(0xE3, *(part for member in wanted for part in member(profile))) for profile in profiles)
        return tlv.tlv(0xBF2D, tlv.tlv(0xA0, *rows))

    def _search(self, criterion):
        (item,) = tlv.parse(criterion)
        if item.tag == 0x95:
            return [profile for profile in self._store.profiles if profile["class"] == tlv.to_int(item.value)]
        found = self._by_identifier(item)
        return [found] if found else []

    def _by_identifier(self, item):
        if item.tag == 0x5A and len(item.value) == 10:
            return self._store.profile(iccid=iccid_text(item.value))
        if item.tag == 0x4F and 5 <= len(item.value) <= 16:
            return self._store.profile(aid=item.value.hex().upper())
        raise Refused(1)

    def _target(self, value):
        (item,) = tlv.parse(value)
        if item.tag == 0x5A and self._store.data.get("aid_only"):
            raise StatusError(0x6A80)  # some cards take a profile by its AID only, and do not say that it is this
        profile = self._by_identifier(item)
        if profile is None:
            raise Refused(NOT_FOUND)
        return profile

    def _target_and_flag(self, value):
        identifier, flag = tlv.find(value, 0xA0), tlv.find(value, 0x81)
        if identifier is None or flag is None or len(flag) != 1:
            raise ValueError("A0 and 81 are mandatory")
        return self._target(identifier), flag != b"\0"

    def enable(self, value):
        """EnableProfile; the one that is enabled gives way. True at once here; the modem learns of it by REFRESH."""
        profile, refresh = self._target_and_flag(value)
        if profile["state"] == ENABLED:
            raise Refused(WRONG_STATE)
        current = self._store.profile(state=ENABLED)
        if current:
            self._check_may_yield(current, profile)
            self._switch(current, DISABLED, DISABLE)
        if profile["class"] == TEST:
            self._store.data["before_test"] = current["iccid"] if current else None
        self._switch(profile, ENABLED, ENABLE)
        return self._done(0xBF31, refresh)

    def _check_may_yield(self, current, profile):
        """PPR1 keeps a profile enabled, except against a test profile; after a test only the former one may return."""
        if current["ppr"] & PPR1_NO_DISABLING and profile["class"] != TEST:
            raise Refused(BY_RULE)
        before = self._store.data["before_test"]
        if current["class"] == TEST and profile["class"] != TEST and before not in (None, profile["iccid"]):
            raise Refused(TEST_PROFILE_ON)

    def disable(self, value):
        profile, refresh = self._target_and_flag(value)
        if profile["state"] != ENABLED:
            raise Refused(WRONG_STATE)
        if profile["ppr"] & PPR1_NO_DISABLING:
            raise Refused(BY_RULE)
        self._switch(profile, DISABLED, DISABLE)
        return self._done(0xBF32, refresh)

    def _switch(self, profile, state, event):
        profile["state"] = state
        self._notices.announce(profile, event)

    def _done(self, tag, refresh):
        if refresh:
            self._order_refresh()
        return tlv.tlv(tag, tlv.tlv(0x80, b"\0"))

    def delete(self, value):
        profile = self._target(value)
        if profile["state"] == ENABLED:
            raise Refused(WRONG_STATE)
        if profile["ppr"] & PPR2_NO_DELETING:
            raise Refused(BY_RULE)
        self._remove(profile)
        return tlv.tlv(0xBF33, tlv.tlv(0x80, b"\0"))

    def _remove(self, profile):
        self._notices.announce(profile, DELETE)
        self._store.remove_profile(profile)

    def memory_reset(self, value):
        """eUICCMemoryReset; the rules protect nothing from it (clause 5.7.19)."""
        option = tlv.find(value, 0x82)
        if option is None:
            raise ValueError("no options")
        mask, data = to_mask(option), self._store.data
        classes = [kind for bit, kind in ((0x80, OPERATIONAL), (0x40, TEST)) if mask & bit]
        doomed = [profile for profile in self._store.profiles if profile["class"] in classes]
        if not doomed and not (mask & 0x20 and data["default_dp"]):
            raise Refused(1)
        if mask & 0x20:
            data["default_dp"] = ""
        refresh = any(profile["state"] == ENABLED for profile in doomed)
        for profile in doomed:
            self._remove(profile)
        return self._done(0xBF34, refresh)

    def set_nickname(self, value):
        iccid, nickname = tlv.find(value, 0x5A), tlv.find(value, 0x90)
        if iccid is None or nickname is None or len(iccid) != 10 or len(nickname) > NICKNAME_MAX:
            raise ValueError("5A, 10 bytes, and 90, up to 64 bytes, are mandatory")
        profile = self._store.profile(iccid=iccid_text(iccid))
        if profile is None:
            raise Refused(NOT_FOUND)
        profile["nickname"] = nickname.decode()
        return tlv.tlv(0xBF29, tlv.tlv(0x80, b"\0"))
