# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The modem's table of CIDs: decodes each command's buffer, asks Radio or UiccService, encodes the answer."""

import sys

import mbim
from euicc import CardSilent
from mbim import BASIC, MS_BASIC_EXT, MS_UICC, QMI, Ext, Kind, Reader, Refused, Status, Writer
from radio import DATA_CLASS_LTE

IMEI, FIRMWARE, HARDWARE = "490154203237518", "esimd-lab-1", "MBIM-eUICC"


class Cids:
    """A handler is named by kind and CID; it gets the Reader of its buffer and returns the answer's buffer."""

    def __init__(self, radio, uicc, knobs, on_device_reset):
        self.radio, self.uicc, self.knobs, self.on_device_reset = radio, uicc, knobs, on_device_reset
        self.on_qmi = None  # (frame, reply)
        self.on_slot = None  # (slot)
        self.subscribed = None  # None: Basic Connect's indications, until the host sets a list

    def wanted(self, service, cid):
        """Whether the host wants this indication."""
        return (service, cid) in self.subscribed if self.subscribed is not None else service == BASIC

    def execute(self, command, order, answer):
        """Run COMMAND under the fault ORDER, or None; ANSWER (status, info) is called now or later."""
        try:
            cid = mbim.SERVICES[command.service](command.cid)
        except (KeyError, ValueError):
            answer(Status.NO_DEVICE_SUPPORT, b"")
            return
        handler = {BASIC: self._basic, MS_BASIC_EXT: self._ext, MS_UICC: self._uicc, QMI: self._qmi}[command.service]
        try:
            last = answer if command.service in (BASIC, QMI) else order
            info = handler(cid, command.kind, Reader(command.info), last)
        except mbim.BadBuffer as error:
            print(f"bad buffer in {cid!r}: {error}", file=sys.stderr, flush=True)
            answer(Status.INVALID_PARAMETERS, b"")
        except CardSilent:  # a card that does not answer leaves the modem without an answer, too
            pass
        except Refused as refused:
            answer(refused.status, refused.info)
        else:
            if info is not None:  # else the answer comes later
                answer(Status.SUCCESS, info)

    def _uicc(self, cid, kind, reader, order):
        return self.uicc.handle(cid, kind, reader, order)

    def _qmi(self, _cid, kind, reader, answer):
        if kind is not Kind.SET or not self.knobs["carries_qmi"]:
            raise Refused(Status.NO_DEVICE_SUPPORT)
        self.on_qmi(reader.whole(), lambda frame: answer(Status.SUCCESS, frame))

    def _ext(self, cid, kind, reader, _order):
        if cid is Ext.DEVICE_RESET and kind is Kind.SET:
            self.on_device_reset()
            return b""
        if kind is Kind.SET and cid is not Ext.DEVICE_SLOT_MAPPINGS:
            raise Refused(Status.NO_DEVICE_SUPPORT)
        if cid is Ext.SYS_CAPS:
            return Writer().u32(1, len(self.knobs["slots"]), 1).u64(1).finish()  # one executor
        if cid is Ext.VERSION:
            return self._version(reader)
        if cid is Ext.DEVICE_CAPS:
            return self._device_caps_v3() if self.radio.mbimex >= 3 else self._device_caps(executor=True)
        if cid is Ext.DEVICE_SLOT_MAPPINGS:
            return self._slot_mappings(kind, reader)
        if cid is Ext.SLOT_INFO_STATUS:
            return self.radio.slot_info(self._known_slot(reader.u32()))
        raise Refused(Status.NO_DEVICE_SUPPORT)

    def _known_slot(self, slot):
        if slot >= len(self.knobs["slots"]):
            raise Refused(Status.INVALID_PARAMETERS)
        return slot

    def _slot_mappings(self, kind, reader):
        """The one executor, and the slot it uses."""
        if kind is Kind.SET:
            wanted = [int.from_bytes(item, "little") for item in reader.items(reader.u32())]
            if len(wanted) != 1:
                raise Refused(Status.INVALID_PARAMETERS)
            if self._known_slot(wanted[0]) != self.radio.card.used:
                self.on_slot(wanted[0])
        return Writer().u32(1).items([self.radio.card.used.to_bytes(4, "little")]).finish()

    def _basic(self, cid, kind, reader, answer):
        name = f"_{kind.name.lower()}_{cid.name.lower()}"
        handler = getattr(self, name, None)
        if handler is None:
            raise Refused(Status.NO_DEVICE_SUPPORT)
        return handler(reader, answer) if name == "_set_connect" else handler(reader)

    def _device_caps(self, executor=False):
        # embedded, GSM, no voice, removable SIM, LTE, no SMS, radio switch by software; one session
        writer = Writer().u32(1, 1, 1, 2, DATA_CLASS_LTE, 0, 1, 1)
        writer.string("").string(IMEI).string(FIRMWARE).string(HARDWARE)
        return (writer.u32(0) if executor else writer).finish()

    def _device_caps_v3(self):
        writer = Writer().u32(1, 1, 1, 2, DATA_CLASS_LTE, 0, 1).u64(0).u32(1, 0, 0)
        writer.tlv(mbim.TLV_UINT16_TABLE, b"").tlv(mbim.TLV_UINT16_TABLE, b"")  # LTE and NR bands
        for text in ("", IMEI, FIRMWARE, HARDWARE):
            writer.string_tlv(text)
        return writer.finish()

    def _version(self, reader):
        """Both sides tell the version of MBIM and of the extensions, in BCD; the lower one holds."""
        reader.u16()
        asked, own = reader.u16(), self.knobs["mbimex"] << 8
        self.radio.mbimex = max(1, min(asked, own) >> 8)
        return Writer().u16(0x0100, own).finish()

    def _query_device_caps(self, _reader):
        return self._device_caps()

    def _query_subscriber_ready_status(self, _reader):
        return self.radio.subscriber_info()

    def _query_radio_state(self, _reader):
        return Writer().u32(1, int(self.radio.on)).finish()

    def _set_radio_state(self, reader):
        self.radio.set_power(bool(reader.u32()))
        return self._query_radio_state(reader)

    def _query_pin(self, _reader):
        return Writer().u32(0, 0, 0xFFFFFFFF).finish()  # no PIN asked for, unlocked

    def _query_pin_list(self, _reader):
        return Writer().u32(*([0, 0, 0, 0] * 10)).finish()

    def _query_home_provider(self, _reader):
        return Writer().string("31026").u32(1).string("esimd Home").u32(1, 99, 99).finish()

    def _query_register_state(self, _reader):
        return self.radio.register_info()

    def _set_register_state(self, reader):
        reader.string()
        if reader.u32() != 0:  # only automatic registration here
            raise Refused(Status.INVALID_PARAMETERS, self.radio.register_info())
        if not self.radio.on:
            raise Refused(Status.RADIO_POWER_OFF, self.radio.register_info())
        self.radio.search()
        return self.radio.register_info()

    def _query_packet_service(self, _reader):
        return self.radio.packet_info()

    def _set_packet_service(self, reader):
        self.radio.set_attached(reader.u32() == 0)
        return self.radio.packet_info()

    def _query_signal_state(self, _reader):
        return self.radio.signal_info()

    def _set_signal_state(self, _reader):
        return self.radio.signal_info()

    def _query_connect(self, reader):
        return self.radio.connect_info(reader.u32())

    def _set_connect(self, reader, answer):
        session, activation = reader.u32(), reader.u32()
        apn, ip_type = (self._connect_v3 if self.radio.mbimex >= 3 else self._connect_v1)(reader)
        if activation == 0:
            if session != 0:
                raise Refused(Status.CONTEXT_NOT_ACTIVATED, self.radio.connect_info(session))
            self.radio.end_session()
            return self.radio.connect_info()
        self.radio.check_activation(session, apn, ip_type)
        self.radio.activate(apn, answer)
        return None

    @staticmethod
    def _connect_v1(reader):
        apn, *_credentials = reader.string(), reader.string(), reader.string()
        *_modes, ip_type = reader.u32(), reader.u32(), reader.u32()  # compression and authentication do not matter here
        reader.uuid()
        return apn, ip_type

    @staticmethod
    def _connect_v3(reader):
        *_modes, ip_type = reader.u32(), reader.u32(), reader.u32()
        reader.uuid()
        reader.u32()  # media preference
        strings = [value for kind, value in reader.tlvs() if kind == mbim.TLV_WCHAR_STRING]
        if len(strings) != 3:
            raise mbim.BadBuffer(f"{len(strings)} strings in place of APN, user name and password")
        return strings[0].decode("utf-16-le"), ip_type

    def _query_provisioned_contexts(self, _reader):
        return Writer().u32(0).finish()

    def _query_ip_configuration(self, reader):
        return self.radio.ip_info(reader.u32())

    def _query_device_services(self, _reader):
        items = []
        for service, known in mbim.SERVICES.items():
            if service == QMI:  # not told, or ModemManager would use it too
                continue
            cids = [cid for cid in known if cid is not Ext.VERSION or self.knobs["mbimex"] > 1]
            items.append(service.bytes + Writer().u32(0, 0, len(cids), *cids).finish())
        return Writer().u32(len(items), 0).items(items).finish()

    def _set_device_service_subscribe_list(self, reader):
        entries = set()
        for item in reader.items(reader.u32()):
            entry = Reader(item)
            service, count = entry.uuid(), entry.u32()
            # mbim-proxy adds all of the standard's services to the list of who wants QMI
            if service not in mbim.SERVICES and not self.knobs["carries_qmi"]:
                raise Refused(Status.INVALID_PARAMETERS)
            entries.update((service, entry.u32()) for _ in range(count))
        self.subscribed = entries
        return reader.whole()

    def _query_packet_statistics(self, _reader):
        return Writer().u32(0, 0).u64(*[0] * 6).finish()
