# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The ISD-R: which ES10 function a command is, its faults, and the form of a refusal (SGP.22 clause 5.7)."""

import collections
import os

import tlv
from es10b import Authentication
from es10c import Profiles
from notices import Notices
from outcome import Refused, StatusError

__all__ = ["CardSilent", "IsdR", "StatusError"]

Function = collections.namedtuple("Function", "name run error writes")


class CardSilent(Exception):
    """The card does not answer: the modem in front of it has to turn this into its own kind of failure."""


def _plain(tag, inner=0x80):
    """The error form of most functions: one INTEGER."""
    return lambda _value, code: tlv.tlv(tag, tlv.tlv(inner, tlv.integer(code)))


def _with_transaction(tag):
    """The error form of AuthenticateServer and PrepareDownload: A1{80 transactionId, 02 code}."""
    def form(value, code):
        transaction = tlv.find(value, 0x30, 0x80) or b""
        return tlv.tlv(tag, tlv.tlv(0xA1, tlv.tlv(0x80, transaction), tlv.tlv(0x02, tlv.integer(code))))
    return form


class IsdR:
    """Dispatches one whole ES10 command at a time; owns what its functions share."""

    def __init__(self, credentials, store, faults):
        self._store, self._faults = store, faults
        self.calls = collections.Counter()
        self.refresh_due = False
        notices = Notices(credentials, store)
        self._rsp = Authentication(credentials, store, notices)
        profiles = Profiles(credentials, store, notices, self._order_refresh)
        rsp = self._rsp
        self._functions = {
            0xBF3C: Function("es10a.getEuiccConfiguredAddresses", profiles.configured_addresses, None, False),
            0xBF3F: Function("es10a.setDefaultDpAddress", profiles.set_default_dp, _plain(0xBF3F), True),
            0xBF20: Function("es10b.getEuiccInfo1", rsp.info1, None, False),
            0xBF22: Function("es10b.getEuiccInfo2", rsp.info2, None, False),
            0xBF2E: Function("es10b.getEuiccChallenge", rsp.challenge, None, False),
            0xBF38: Function("es10b.authenticateServer", rsp.authenticate_server, _with_transaction(0xBF38), True),
            0xBF21: Function("es10b.prepareDownload", rsp.prepare_download, _with_transaction(0xBF21), True),
            0xBF41: Function("es10b.cancelSession", rsp.cancel_session, _plain(0xBF41, 0x81), True),
            0xBF43: Function("es10b.getRat", rsp.rat, None, False),
            0xBF28: Function("es10b.listNotification", notices.list, _plain(0xBF28, 0x81), False),
            0xBF2B: Function("es10b.retrieveNotificationsList", notices.retrieve, _plain(0xBF2B, 0x81), False),
            0xBF30: Function("es10b.removeNotificationFromList", notices.remove, _plain(0xBF30), True),
            0xBF2D: Function("es10c.getProfilesInfo", profiles.info, _plain(0xBF2D, 0x81), False),
            0xBF31: Function("es10c.enableProfile", profiles.enable, _plain(0xBF31), True),
            0xBF32: Function("es10c.disableProfile", profiles.disable, _plain(0xBF32), True),
            0xBF33: Function("es10c.deleteProfile", profiles.delete, _plain(0xBF33), True),
            0xBF34: Function("es10c.euiccMemoryReset", profiles.memory_reset, _plain(0xBF34), True),
            0xBF3E: Function("es10c.getEid", profiles.get_eid, None, False),
            0xBF29: Function("es10c.setNickname", profiles.set_nickname, _plain(0xBF29), True),
        }
        # Faults at this name count segments: `skip` chooses which one they strike at.
        self._load = Function("es10b.loadBoundProfilePackage", rsp.load_segment,
                              lambda _value, code: rsp.abort_load(code), True)
        self.writes = {function.name for function in (*self._functions.values(), self._load) if function.writes}

    def reset(self):
        self.refresh_due = False
        self._rsp.reset()

    def _order_refresh(self):
        self.refresh_due = True

    def execute(self, command):
        """Run COMMAND, a whole chain's data; return (response, sw)."""
        try:
            function, value = self._find(command)
            self.calls[function.name] += 1
            return self._under_fault(function, value, self._faults.take(function.name))
        except StatusError as error:
            return b"", error.sw
        except (tlv.TlvError, ValueError):  # not the ASN.1 that the function wants
            return b"", 0x6A80

    def _find(self, command):
        tag, _, _ = tlv.parse_header(command)
        if tag == 0xBF36 or tag in (0xA0, 0xA1, 0xA2, 0xA3, 0x86, 0x87, 0x88):
            return self._load, command
        self._rsp.stop_load()
        if tag not in self._functions:
            raise StatusError(0x6A88)
        item, end = tlv.parse_one(command)
        if end != len(command):
            raise StatusError(0x6A80)
        return self._functions[tag], item.value

    def _under_fault(self, function, value, fault):
        how = fault["how"] if fault else None
        if how == "result":
            if function.error is None:
                raise KeyError(f"{function.name} has no error result")
            response = function.error(value, int(fault["code"]))
            self._store.save()
            return response, 0x9000
        if how == "memory-full":
            self._rsp.memory_full = True
        response = b""
        if how in (None, "truncated", "memory-full") or fault.get("executed"):
            response = self._run(function, value)
        if how == "silent":
            raise CardSilent(function.name)
        if how == "sw":
            return b"", int(fault["sw"], 16)
        if how == "rubbish":
            return os.urandom(23), 0x9000
        return response[:len(response) // 2] if how == "truncated" else response, 0x9000

    def _run(self, function, value):
        try:
            return function.run(value)
        except Refused as refusal:
            return function.error(value, refusal.code)
        finally:
            self._store.save()
