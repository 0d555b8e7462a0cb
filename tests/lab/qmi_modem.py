# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The simulated QMI modem: clients and their requests; what these mean is in its services."""

import sys

import mbim
import qmi
from device import HOWS, Device
from euicc import CardSilent
from qmi import Refused, Result, Service
from qmi_data import Wda, Wds
from qmi_device import Ctl, Dms, Nas
from radio import Radio
from uim import OPEN, POWER_OFF, LOGICAL_CHANNEL, SEND_APDU, SLOT_STATUS, CARD_STATUS, Uim

FAULT_POINTS = {
    (Service.UIM, OPEN): "uicc.open", (Service.UIM, LOGICAL_CHANNEL): "uicc.close",
    (Service.UIM, SEND_APDU): "uicc.apdu", (Service.UIM, POWER_OFF): "uicc.reset",
    (Service.UIM, CARD_STATUS): "subscriber", (Service.UIM, SLOT_STATUS): "slots",
    (Service.NAS, 0x0022): "register", (Service.WDS, 0x0020): "connect", (Service.WDS, 0x002D): "ip",
    (Service.DMS, 0x002E): "radio", (Service.CTL, 0x0022): "allocate",
}
CLIENTS_MAX = 0xFE


class QmiModem(Device):
    """Faults of its own: truncated (the last TLV is cut), shuffled (TLVs in another order), chunks (see Uim)."""

    DRIVER, POINTS, HOWS = "qmi_wwan", FAULT_POINTS.values(), (*HOWS, "truncated", "shuffled", "chunks")

    def __init__(self, card, knobs, loop):
        super().__init__(card, knobs, loop)
        self.radio = Radio(card, knobs, self.net, self._notify, loop.call_later)
        self.uicc = Uim(card, knobs, self.radio, self.indicate)
        services = Ctl(self), Dms(self), Nas(self), Wds(self), Wda(self), self.uicc
        self.services = {service.SERVICE: service for service in services}
        self.reset_host()

    @property
    def opened(self):
        """Whether any host talks to it."""
        return bool(self.clients)

    def reset_host(self):
        super().reset_host()
        self.clients = set()  # (service, client id)
        for service in getattr(self, "services", {}).values():
            service.forget_clients()

    def allocate(self, service):
        """A new client id: the lowest that is free."""
        for cid in range(1, CLIENTS_MAX + 1):
            if (service, cid) not in self.clients:
                self.clients.add((service, cid))
                return cid
        raise Refused(Result.CLIENT_IDS_EXHAUSTED)

    def release(self, service, cid):
        """Channels that the client has open stay open, and nobody can close them."""
        if (service, cid) not in self.clients:
            raise Refused(Result.INVALID_CLIENT_ID)
        self.clients.discard((service, cid))
        self.services[service].forget_client(cid)

    def _notify(self, service, cid, _info):
        """Radio tells its host what changed, by its MBIM name."""
        if service == mbim.BASIC and cid in (mbim.Basic.REGISTER_STATE, mbim.Basic.PACKET_SERVICE):
            self.services[Service.NAS].tell()
        elif service == mbim.BASIC and cid == mbim.Basic.CONNECT:
            self.services[Service.WDS].tell()
        elif service == mbim.BASIC and cid == mbim.Basic.SUBSCRIBER_READY_STATUS:
            self.uicc.tell()

    def indicate(self, service, cid, number, tlvs):
        if cid == qmi.BROADCAST or (service, cid) in self.clients:
            self.send([qmi.indication(service, cid, number, tlvs)])

    def receive(self, data):
        try:
            frames, rest = qmi.split_stream(data)
        except qmi.BadMessage as error:
            print(f"bad frame: {error}", file=sys.stderr, flush=True)
            return b""
        for frame in frames:
            try:
                self._request(qmi.parse(frame))
            except qmi.BadMessage as error:
                print(f"bad message: {error}: {frame.hex()}", file=sys.stderr, flush=True)
        return rest

    def _request(self, request):
        def answer(result=Result.NONE, tlvs=(), how=None):
            if self.plugged:
                frame = qmi.response(request, result, [item for item in tlvs if item], how == "shuffled")
                self.send([frame if how != "truncated" else self._truncated(request, result, tlvs)])

        def run(order, is_answered):
            self._run(request, order, answer if is_answered else lambda *_: None)

        if request.service != Service.CTL and (request.service, request.client) not in self.clients:
            answer(Result.INVALID_CLIENT_ID)
            return
        self.execute(FAULT_POINTS.get((request.service, request.id)), run, answer)

    @staticmethod
    def _truncated(request, result, tlvs):
        """The last TLV without its last byte, its own length right."""
        *others, (kind, value) = tlvs
        return qmi.response(request, result, [*others, (kind, value[:-1])])

    def _run(self, request, order, answer):
        how = order["how"] if order else None
        try:
            tlvs = self.services[request.service].handle(request, order, answer)
        except Refused as refused:
            answer(refused.result, refused.tlvs, how)
        except mbim.Refused as refused:
            answer(*self.services[Service.WDS].failed(refused))
        except CardSilent:  # a card that does not answer leaves the modem without an answer, too
            pass
        else:
            if tlvs is not None:  # else the answer comes later
                answer(Result.NONE, tlvs, how)
        if request.service == Service.UIM:
            self.after_apdu()
