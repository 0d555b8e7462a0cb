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


class QmiHost:
    """QMI's clients and services on DEVICE, whatever carries their frames: SEND (frame) takes the indications."""

    def __init__(self, device, radio, uicc, send):
        self.device, self.radio, self.uicc, self._send = device, radio, uicc, send
        self.loop, self.reset = device.loop, device.reset
        self.services, self.clients = {}, set()  # of (service, client id)
        services = Ctl(self), Dms(self), Nas(self), Wds(self), Wda(self), uicc
        self.services = {service.SERVICE: service for service in services}

    def forget_clients(self):
        self.clients.clear()
        for service in self.services.values():
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

    def notify(self, service, cid, _info):
        """Radio tells its host what changed, by its MBIM name."""
        if service == mbim.BASIC and cid in (mbim.Basic.REGISTER_STATE, mbim.Basic.PACKET_SERVICE):
            self.services[Service.NAS].tell()
        elif service == mbim.BASIC and cid == mbim.Basic.CONNECT:
            self.services[Service.WDS].tell()
        elif service == mbim.BASIC and cid == mbim.Basic.SUBSCRIBER_READY_STATUS:
            self.uicc.tell()

    def indicate(self, service, cid, number, tlvs):
        if cid == qmi.BROADCAST or (service, cid) in self.clients:
            self._send(qmi.indication(service, cid, number, tlvs))

    def request(self, frame, reply):
        """Handle one frame; REPLY (frame) is called now, later or never."""
        try:
            request = qmi.parse(frame)
        except qmi.BadMessage as error:
            print(f"bad message: {error}: {frame.hex()}", file=sys.stderr, flush=True)
            return

        def answer(result=Result.NONE, tlvs=(), how=None):
            if self.device.plugged:
                reply(self._encode(request, result, [item for item in tlvs if item], how))

        def run(order, is_answered):
            self._run(request, order, answer if is_answered else lambda *_: None)

        if request.service != Service.CTL and (request.service, request.client) not in self.clients:
            answer(Result.INVALID_CLIENT_ID)
            return
        self.device.execute(FAULT_POINTS.get((request.service, request.id)), run, answer)

    @staticmethod
    def _encode(request, result, tlvs, how):
        """Truncated: the last TLV without its last byte, its own length right."""
        if how == "truncated":
            *others, (kind, value) = tlvs
            tlvs = [*others, (kind, value[:-1])]
        return qmi.response(request, result, tlvs, how == "shuffled")

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
            self.device.after_apdu()


class QmiModem(Device):
    """Faults of its own: truncated (the last TLV is cut), shuffled (TLVs in another order), chunks (see Uim)."""

    DRIVER, POINTS, HOWS = "qmi_wwan", FAULT_POINTS.values(), (*HOWS, "truncated", "shuffled", "chunks")

    def __init__(self, card, knobs, loop):
        super().__init__(card, knobs, loop)
        self.radio = Radio(self.card, knobs, self.net, lambda *words: self.host.notify(*words), loop.call_later)
        self.uicc = Uim(self.card, knobs, self.radio, lambda *words: self.host.indicate(*words))
        self.uicc.on_slot = self.use_slot
        self.host = QmiHost(self, self.radio, self.uicc, lambda frame: self.send([frame]))

    @property
    def opened(self):
        """Whether any host talks to it."""
        return bool(self.host.clients)

    def reset_host(self):
        super().reset_host()
        self.host.forget_clients()

    def receive(self, data):
        try:
            frames, rest = qmi.split_stream(data)
        except qmi.BadMessage as error:
            print(f"bad frame: {error}", file=sys.stderr, flush=True)
            return b""
        for frame in frames:
            self.host.request(frame, lambda answer: self.send([answer]))
        return rest
