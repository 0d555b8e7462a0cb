# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The services of the QMI modem that carry data: WDS with its one call, and WDA (raw IP, no aggregation)."""

import struct

from mbim import Reader
from qmi import Refused, Result, Service
from qmi_device import Base
from radio import IP_V4, IP_V6, Session

CONNECTED, DISCONNECTED = 2, 1
FAMILY = {4: IP_V4, 6: IP_V6}
REASON_UNKNOWN, REASON_3GPP = 1, 6  # the type of a verbose call end reason
RAW_IP = 2


class Wds(Base):
    """One call on IPv4. The client that started it has its handle."""

    SERVICE = Service.WDS
    HANDLERS = {0x0001: "accept", 0x0003: "accept", 0x0020: "later_start", 0x0021: "stop", 0x0022: "status",
                0x0024: "statistics", 0x002D: "settings", 0x004D: "family"}

    def forget_clients(self):
        self.families = {}  # client id -> the IP family that it set
        self.handle_, self.owner = 0, None

    def forget_client(self, cid):
        self.families.pop(cid, None)

    def family(self, request):
        if request.number(0x01) not in FAMILY:
            raise Refused(Result.INVALID_ARGUMENT)
        self.families[request.client] = request.number(0x01)
        return []

    def later_start(self, request, answer):
        family = request.number(0x19) if 0x19 in request.tlvs else self.families.get(request.client, 4)
        if family not in FAMILY:
            raise Refused(Result.INVALID_ARGUMENT)
        if self.radio.session is not Session.DEACTIVATED:
            raise Refused(Result.NO_EFFECT)
        if not self.radio.attached and self.radio.registered():
            self.radio.set_attached(True)
        apn = request.text(0x14)
        self.radio.check_activation(0, apn, FAMILY[family])

        def done(status, _info):
            if status:
                answer(Result.CALL_FAILED, [self._reason(0)])
                return
            self.handle_, self.owner = self.handle_ + 1, request.client
            answer(Result.NONE, [(0x01, self.handle_.to_bytes(4, "little"))])

        self.radio.activate(apn, done)

    @staticmethod
    def _reason(cause):
        return 0x11, struct.pack("<Hh", REASON_3GPP if cause else REASON_UNKNOWN, cause)

    def failed(self, refused):
        """(result, TLVs) for what Radio REFUSED, in whose buffer the network's cause is."""
        reader, cause = Reader(refused.info), 0
        if len(refused.info) >= 36:  # MBIM_CONNECT_INFO
            for _ in range(4):
                reader.u32()
            reader.uuid()
            cause = reader.u32()
        return Result.CALL_FAILED, [(0x10, struct.pack("<H", 1)), self._reason(cause)]

    def stop(self, request):
        if request.number(0x01, 4) != self.handle_ or request.client != self.owner:
            raise Refused(Result.INVALID_HANDLE)
        if self.radio.session is Session.DEACTIVATED:
            raise Refused(Result.NO_EFFECT)
        self.radio.end_session()
        return []

    def _connected(self):
        return CONNECTED if self.radio.session is Session.ACTIVATED else DISCONNECTED

    def status(self, _request):
        return [(0x01, bytes((self._connected(),)))]

    def statistics(self, _request):
        return [(0x10, bytes(4)), (0x11, bytes(4)), (0x19, bytes(8)), (0x1A, bytes(8))]

    def settings(self, request):
        if self.radio.session is not Session.ACTIVATED or self.families.get(request.client, 4) != 4:
            raise Refused(Result.OUT_OF_CALL)
        net = self.radio.net
        mask = (0xFFFFFFFF << (32 - net.prefix)) & 0xFFFFFFFF
        addresses = {0x15: net.dns[0], 0x16: net.dns[1], 0x1E: net.address, 0x20: net.gateway, 0x21: mask}
        return [*((kind, int(value).to_bytes(4, "little")) for kind, value in addresses.items()),
                (0x29, net.mtu.to_bytes(4, "little")), (0x2B, b"\x04")]

    def tell(self):
        """The call began or ended."""
        for service, cid in sorted(self.modem.clients):
            if service == Service.WDS:
                self.modem.indicate(service, cid, 0x0022, [(0x01, bytes((self._connected(), 0))), (0x12, b"\x04")])


class Wda(Base):
    """The data's format on the net device."""

    SERVICE, HANDLERS = Service.WDA, {0x0020: "set_format", 0x0021: "format"}

    def set_format(self, request):
        if 0x11 in request.tlvs and request.number(0x11, 4) != RAW_IP:
            raise Refused(Result.INVALID_ARGUMENT)
        return self.format(request)

    def format(self, _request):
        return [(0x10, b"\0"), (0x11, RAW_IP.to_bytes(4, "little")), (0x12, bytes(4)), (0x13, bytes(4))]
