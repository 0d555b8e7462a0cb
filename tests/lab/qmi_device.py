# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The services of the QMI modem that have no card and no data: CTL, DMS and NAS, as much as ModemManager needs."""

import struct

from cids import FIRMWARE, IMEI
from qmi import Refused, Result, Service, counted
from radio import PROVIDER, Register

VERSIONS = {Service.CTL: (1, 5), Service.WDS: (1, 67), Service.DMS: (1, 14), Service.NAS: (1, 25), Service.UIM: (1, 46),
            Service.WDA: (1, 16)}
ONLINE, LOW_POWER, OFFLINE, RESET = 0, 1, 3, 4  # DMS's operating modes
LTE_INTERFACE, LTE_PREFERENCE, LTE_BANDS = 8, 1 << 4, 1 << 2  # B3
LIMITED, AVAILABLE = 1, 2  # NAS's service status
SYSTEM_INFO = 0x004E  # indication


class Base:
    """A handler is named by a message's number; it gets the request and returns the response's TLVs, None for later."""

    SERVICE, HANDLERS = None, {}

    def __init__(self, modem):
        self.modem, self.radio = modem, modem.radio
        self.forget_clients()

    def forget_clients(self):
        """The modem has started anew."""

    def forget_client(self, cid):
        """One client was released."""

    def handle(self, request, _order, answer):
        name = self.HANDLERS.get(request.id)
        if name is None:
            raise Refused(Result.INVALID_QMI_COMMAND)
        handler = getattr(self, name)
        return handler(request, answer) if name.startswith("later_") else handler(request)

    def accept(self, _request):
        return []


class Ctl(Base):
    """Clients, and what services there are."""

    SERVICE = Service.CTL
    HANDLERS = {0x0021: "versions", 0x0022: "allocate", 0x0023: "release", 0x0026: "accept", 0x0027: "sync"}

    def versions(self, _request):
        items = b"".join(struct.pack("<BHH", service, *version) for service, version in VERSIONS.items())
        return [(0x01, bytes((len(VERSIONS),)) + items)]

    def allocate(self, request):
        service = request.number(0x01)
        if service not in VERSIONS or service == Service.CTL:
            raise Refused(Result.INVALID_SERVICE_TYPE)
        return [(0x01, bytes((service, self.modem.allocate(service))))]

    def release(self, request):
        service, cid = request.get(0x01, 2)
        self.modem.release(service, cid)
        return [(0x01, bytes((service, cid)))]

    def sync(self, _request):
        self.modem.forget_clients()
        return []


class Dms(Base):
    """The device: who it is, and whether its radio is on."""

    SERVICE = Service.DMS
    HANDLERS = {0x0001: "accept", 0x0020: "capabilities", 0x0021: "manufacturer", 0x0022: "model", 0x0023: "revision",
                0x0025: "ids", 0x002C: "hardware", 0x002D: "mode", 0x002E: "set_mode", 0x0045: "bands"}

    def capabilities(self, _request):
        return [(0x01, struct.pack("<IIBB", 50_000_000, 150_000_000, 2, 2) + counted(bytes((LTE_INTERFACE,))))]

    def manufacturer(self, _request):
        return [(0x01, b"esimd lab")]

    def model(self, _request):
        return [(0x01, b"QMI-eUICC")]

    def revision(self, _request):
        return [(0x01, FIRMWARE.encode())]

    def hardware(self, _request):
        return [(0x01, b"1")]

    def ids(self, _request):
        return [(0x10, b"0"), (0x11, IMEI.encode())]

    def bands(self, _request):
        return [(0x01, bytes(8)), (0x10, LTE_BANDS.to_bytes(8, "little"))]

    def mode(self, _request):
        return [(0x01, bytes((ONLINE if self.radio.on else LOW_POWER,)))]

    def set_mode(self, request):
        mode = request.number(0x01)
        if mode == RESET:
            self.modem.loop.call_later(0.05, self.modem.reset)
        elif mode in (ONLINE, LOW_POWER, OFFLINE):
            self.radio.set_power(mode == ONLINE)
        else:
            raise Refused(Result.INVALID_ARGUMENT)
        return []


class Nas(Base):
    """The network that Radio has found, as LTE."""

    SERVICE = Service.NAS
    HANDLERS = {0x0002: "accept", 0x0003: "accept", 0x0020: "strength", 0x0022: "register", 0x0023: "attach",
                0x0024: "serving", 0x0025: "home", 0x0033: "accept", 0x0034: "preference", 0x004D: "system",
                0x004F: "signal", 0x0050: "accept"}

    def strength(self, _request):
        return [(0x01, struct.pack("<bB", -70, LTE_INTERFACE))]

    def signal(self, _request):
        return [(0x14, struct.pack("<bbhh", -60, -10, -90, 100))] if self.radio.registered() else []

    def register(self, request):
        if request.number(0x01) != 1:  # only automatic registration here
            raise Refused(Result.INVALID_ARGUMENT)
        self.radio.search()
        return []

    def attach(self, request):
        self.radio.set_attached(request.number(0x10) == 1)
        return []

    def serving(self, _request):
        registered = self.radio.registered()
        attached = 1 if self.radio.attached else 2
        return [(0x01, bytes((1 if registered else 2, 2, attached, 2)) + counted(bytes((LTE_INTERFACE,) * registered))),
                registered and (0x10, bytes((self.radio.register is Register.HOME,))),
                registered and (0x12, self._plmn())]

    def _plmn(self):
        code, name = PROVIDER[self.radio.knobs["registration"]]
        return struct.pack("<HH", int(code[:3]), int(code[3:])) + counted(name.encode())

    def home(self, _request):
        return [(0x01, struct.pack("<HH", 310, 26) + counted(b"esimd Home"))]

    def preference(self, _request):
        return [(0x11, struct.pack("<H", LTE_PREFERENCE)), (0x15, LTE_BANDS.to_bytes(8, "little")), (0x16, b"\0")]

    def system(self, _request):
        return self._system_info()

    def _system_info(self):
        register = self.radio.register
        if register is Register.DENIED:
            status, domain = LIMITED, 3
        else:
            status, domain = (AVAILABLE, 3) if self.radio.registered() else (0, 0)
        info = bytes((1, domain, 1, domain, 1, register is Register.ROAMING, 1, register is Register.DENIED))
        info += bytes((0, 0, 0)) + bytes((1,)) + (0x1234).to_bytes(4, "little") + bytes((0, 0, 0))
        if self.radio.registered():
            code, _ = PROVIDER[self.radio.knobs["registration"]]
            info += b"\x01" + code[:3].encode() + code[3:].encode().ljust(3, b"\xff")
        else:
            info += bytes(7)
        return [(0x14, bytes((status, status, 1))), (0x19, info + b"\x01" + (0x1234).to_bytes(2, "little"))]

    def tell(self):
        """Registration or attachment changed."""
        for service, cid in sorted(self.modem.clients):
            if service == Service.NAS:
                self.modem.indicate(service, cid, 0x0024, [item for item in self.serving(None) if item])
                self.modem.indicate(service, cid, SYSTEM_INFO, self._system_info())
