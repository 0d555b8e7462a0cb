# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The modem's life with card and network: subscriber, radio, registration, packet service and the one data session."""

import enum

from mbim import BASIC, CONTEXT_INTERNET, CONTEXT_NONE, MS_BASIC_EXT, Basic, Ext, Refused, Status, Writer


class Ready(enum.IntEnum):
    NOT_INITIALIZED = 0
    INITIALIZED = 1
    SIM_NOT_INSERTED = 2
    NO_ESIM_PROFILE = 7


class Register(enum.IntEnum):
    DEREGISTERED = 1
    SEARCHING = 2
    HOME = 3
    ROAMING = 4
    DENIED = 6


class Slot(enum.IntEnum):
    OFF_EMPTY = 1
    OFF = 2
    EMPTY = 3
    NOT_READY = 4
    ACTIVE = 5
    ACTIVE_ESIM = 7
    ACTIVE_ESIM_NO_PROFILES = 8


class Session(enum.IntEnum):
    ACTIVATED = 1
    ACTIVATING = 2
    DEACTIVATED = 3


ATTACHED, DETACHED = 2, 4
FLAG_ESIM, FLAG_REMOVABILITY_KNOWN = 1, 2
FREQUENCY_SUB_6_GHZ, MEDIA_3GPP = 1, 1
DATA_CLASS_LTE, CELLULAR_GSM = 1 << 5, 1
NW_ROAMING_NOT_ALLOWED, NW_UNKNOWN_APN, NW_ONLY_IPV4 = 11, 27, 50  # causes of 3GPP TS 24.008, 10.5.5.14 and 10.5.6.6
REGISTRATIONS = {"home": Register.HOME, "roaming": Register.ROAMING, "denied": Register.DENIED, "never": None}
PROVIDER = {"home": ("31026", "esimd Home"), "roaming": ("26201", "esimd Visited")}
IP_DEFAULT, IP_V4, IP_V6, IP_V4V6 = range(4)


class Radio:
    """State machine; INDICATE (service, cid, info) tells the host, LATER (seconds, function) is the clock."""

    def __init__(self, card, knobs, net, indicate, later):
        self.card, self.knobs, self.net = card, knobs, net
        self._indicate, self._later = indicate, later
        self.mbimex = 1  # the version of Microsoft's extensions that the host has negotiated: 1 (none), 2 or 3
        self.apn = ""
        self.on = True
        self.profile = None
        self.ready = Ready.NOT_INITIALIZED
        self.register = Register.DEREGISTERED
        self.nw_error = 0
        self.attached = False
        self.session = Session.DEACTIVATED
        self._answer = None  # whoever waits for the session being activated
        self.sessions_made = 0
        self._epoch = 0  # a timer of an earlier epoch finds that its world is gone

    # The card

    def power_on(self):
        """The modem starts, or starts anew: read the card at once."""
        self._read_card()

    def power_off(self):
        """The modem loses its supply; nobody is told any more."""
        self._epoch += 1
        self._leave_network()
        self.ready, self.profile, self.on = Ready.NOT_INITIALIZED, None, True

    def lose_card(self):
        """The card was reset: everything that hangs on it ends; it is read again after `refresh_seconds`."""
        self._epoch += 1
        self._leave_network()
        self.ready, self.profile = Ready.NOT_INITIALIZED, None
        if self.knobs["tell"] == "all":
            self._tell_subscriber()
        self._after(self.knobs["refresh_seconds"], self._read_card)

    def _read_card(self):
        self.profile = self.card.enabled_profile()
        bare = Ready.NO_ESIM_PROFILE if self.card.kind() == "euicc" else Ready.SIM_NOT_INSERTED
        self.ready = Ready.INITIALIZED if self.profile else bare
        if self.knobs["tell"] != "nothing":
            self._tell_subscriber()
        self.search()

    def _tell_subscriber(self):
        self._indicate(BASIC, Basic.SUBSCRIBER_READY_STATUS, self.subscriber_info())
        self._indicate(MS_BASIC_EXT, Ext.SLOT_INFO_STATUS, self.slot_info())

    def subscriber_info(self):
        profile = self.profile or {}
        writer = Writer().u32(self.ready)
        if self.mbimex >= 3:
            soldered = FLAG_ESIM | FLAG_REMOVABILITY_KNOWN
            writer.u32(soldered if self.card.kind() == "euicc" else 0)
        writer.string(profile.get("imsi") or "").string(profile.get("iccid") or "")
        return writer.u32(0, 0).finish()  # ReadyInfo none, no telephone numbers

    def slot_info(self, slot=None):
        """Of the slot in use, or of SLOT."""
        if slot in (None, self.card.used):
            initialized = Slot.ACTIVE_ESIM if self.card.kind() == "euicc" else Slot.ACTIVE
            state = {Ready.NOT_INITIALIZED: Slot.NOT_READY, Ready.INITIALIZED: initialized,
                     Ready.SIM_NOT_INSERTED: Slot.EMPTY, Ready.NO_ESIM_PROFILE: Slot.ACTIVE_ESIM_NO_PROFILES}[self.ready]
            return Writer().u32(self.card.used, state).finish()
        if self.knobs["others"] == "off":
            return Writer().u32(slot, Slot.OFF_EMPTY if self.card.kind(slot) == "empty" else Slot.OFF).finish()
        esim = Slot.ACTIVE_ESIM if self.card.euicc.enabled_profile() else Slot.ACTIVE_ESIM_NO_PROFILES
        return Writer().u32(slot, {"euicc": esim, "sim": Slot.ACTIVE, "empty": Slot.EMPTY}[self.card.kind(slot)]).finish()

    # The network

    def set_power(self, on):
        if on == self.on:
            return
        self.on = on
        self._epoch += 1
        if on:
            self._after(0, self._read_card if self.ready is Ready.NOT_INITIALIZED else self.search)
        else:
            self._leave_network()
        self._indicate(BASIC, Basic.RADIO_STATE, Writer().u32(1, int(on)).finish())

    def search(self):
        """Look for a network, as a modem does by itself once it has a subscription."""
        if not self.on or self.ready is not Ready.INITIALIZED or self.register in (Register.HOME, Register.ROAMING):
            return
        self._epoch += 1
        self._set_register(Register.SEARCHING)
        self._after(self.knobs["register_seconds"], self._found)

    def _found(self):
        state = REGISTRATIONS[self.knobs["registration"]]
        if state is None or self.profile["iccid"].startswith(tuple(self.knobs["barred"])):
            return
        self.nw_error = NW_ROAMING_NOT_ALLOWED if state is Register.DENIED else 0
        self._set_register(state)
        if state is not Register.DENIED:
            self.set_attached(True)

    def _leave_network(self):
        if self.session is not Session.DEACTIVATED:
            self.end_session()
        self.set_attached(False)
        self._set_register(Register.DEREGISTERED)

    def renew_registration(self):
        """A knob changed: leave and look again."""
        self._epoch += 1
        self._leave_network()
        self.search()

    def _set_register(self, state):
        if state is not self.register:
            self.register = state
            self._indicate(BASIC, Basic.REGISTER_STATE, self.register_info())
            self._indicate(BASIC, Basic.SIGNAL_STATE, self.signal_info())

    def registered(self):
        return self.register in (Register.HOME, Register.ROAMING)

    def register_info(self):
        code, name = PROVIDER[self.knobs["registration"]] if self.registered() else ("", "")
        classes = DATA_CLASS_LTE if self.registered() else 0
        writer = Writer().u32(self.nw_error, self.register, 1, classes, CELLULAR_GSM)
        writer.string(code).string(name).string("").u32(0)
        if self.mbimex >= 2:
            writer.u32(DATA_CLASS_LTE)  # preferred data classes
        return writer.finish()

    def signal_info(self):
        rssi = 20 if self.registered() else 99
        writer = Writer().u32(rssi, 99, 5, 0xFFFFFFFF, 0xFFFFFFFF)
        if self.mbimex >= 2:
            writer.data(b"")  # no RSRP and SNR
        return writer.finish()

    def set_attached(self, attached):
        if attached and not self.registered():
            raise Refused(Status.NOT_REGISTERED, self.packet_info())
        if attached != self.attached:
            self.attached = attached
            self._indicate(BASIC, Basic.PACKET_SERVICE, self.packet_info())

    def packet_info(self):
        data_class, up, down = (DATA_CLASS_LTE, 50_000_000, 150_000_000) if self.attached else (0, 0, 0)
        writer = Writer().u32(0, ATTACHED if self.attached else DETACHED, data_class)
        writer.u64(up, down)
        if self.mbimex >= 2:
            writer.u32(FREQUENCY_SUB_6_GHZ)
        if self.mbimex >= 3:
            writer.u32(0).u16(262, 1).u32(0x1234)  # data subclass, tracking area
        return writer.finish()

    # The session

    def check_activation(self, session, apn, ip_type):
        """Raise Refused unless a session may be made now with these wishes."""
        if session != 0 or self.session is not Session.DEACTIVATED:
            raise Refused(Status.MAX_ACTIVATED_CONTEXTS, self.connect_info(session))
        if not self.on:
            raise Refused(Status.RADIO_POWER_OFF, self.connect_info())
        if not self.registered():
            raise Refused(Status.NOT_REGISTERED, self.connect_info())
        if not self.attached:
            raise Refused(Status.PACKET_SERVICE_DETACHED, self.connect_info())
        if apn.lower() not in self.knobs["apns"]:
            raise Refused(Status.FAILURE, self.connect_info(nw_error=NW_UNKNOWN_APN))
        if ip_type == IP_V6:
            raise Refused(Status.FAILURE, self.connect_info(nw_error=NW_ONLY_IPV4))

    def activate(self, apn, answer):
        """Takes `connect_seconds`; then, or when the attempt ends early, ANSWER (status, info) is called."""
        self.session, self.apn, self._answer = Session.ACTIVATING, apn, answer
        self._later(self.knobs["connect_seconds"], lambda: self._activated(answer))

    def _activated(self, answer):
        if self._answer is not answer:
            return
        self._answer = None
        self.session = Session.ACTIVATED
        self.sessions_made += 1
        self.net.open_session(self.sessions_made)
        answer(Status.SUCCESS, self.connect_info())
        self._indicate(BASIC, Basic.CONNECT, self.connect_info())

    def end_session(self):
        """Deactivate, by whomever."""
        if self.session is Session.DEACTIVATED:
            raise Refused(Status.CONTEXT_NOT_ACTIVATED, self.connect_info())
        answer, self._answer = self._answer, None
        self.session = Session.DEACTIVATED
        self.net.close_session()
        if answer:
            answer(Status.FAILURE, self.connect_info())
        self._indicate(BASIC, Basic.CONNECT, self.connect_info())

    def connect_info(self, session=0, nw_error=0):
        state = self.session if session == 0 else Session.DEACTIVATED
        active = state is Session.ACTIVATED
        writer = Writer().u32(session, state, 0, IP_V4 if active else IP_DEFAULT)
        writer.uuid(CONTEXT_INTERNET if active else CONTEXT_NONE).u32(nw_error)
        if self.mbimex >= 3:
            writer.u32(MEDIA_3GPP).string_tlv(self.apn if active else "")
        return writer.finish()

    def ip_info(self, session):
        if session != 0 or self.session is not Session.ACTIVATED:
            raise Refused(Status.CONTEXT_NOT_ACTIVATED)
        net = self.net
        fixed = 15 * 4
        available = 1 | 2 | 4 | 8  # address, gateway, DNS, MTU
        writer = Writer().u32(0, available, 0, 1, fixed, 0, 0, fixed + 8, 0)
        writer.u32(len(net.dns), fixed + 12, 0, 0, net.mtu, 0)
        return writer.finish() + (Writer().u32(net.prefix).finish() + net.address.packed + net.gateway.packed
                                  + b"".join(server.packed for server in net.dns))

    def _after(self, seconds, function):
        epoch = self._epoch
        self._later(seconds, lambda: function() if epoch == self._epoch else None)
