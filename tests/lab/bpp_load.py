# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""A bound profile package on its way into the card: segmentation, MACs, commands, elements (SGP.22 clause 2.5)."""

from cryptography.hazmat.primitives.asymmetric import ec

import bsp
import certificates
import tlv
from card_store import (CLASSES, OPERATIONAL, PPR1_NO_DISABLING, PPR2_NO_DELETING, iccid_text, imsi_text,
                        to_mask)

INITIALISE, CONFIGURE_ISDP, STORE_METADATA, STORE_METADATA_2, REPLACE_KEYS, ELEMENTS = range(6)
(INCORRECT_INPUT, INVALID_SIGNATURE, INVALID_TRANSACTION, UNSUPPORTED_CRT, UNSUPPORTED_OPERATION, UNSUPPORTED_CLASS,
 STRUCTURE, SECURITY, ICCID_EXISTS, NO_MEMORY, INTERRUPTED, ELEMENT_ERROR, MISMATCH, TEST_KEY,
 RULE_NOT_ALLOWED) = range(1, 16)
INSTALL_OPERATION = b"\x01"
METADATA_TAGS = {0x5A, 0x91, 0x92, 0x93, 0x94, 0x95, 0xB6, 0xB7, 0xB8, 0x99}
NAME_MAX, PROVIDER_MAX, ICON_MAX = 64, 32, 1024


class LoadError(Exception):
    """The load fails at bppCommandId `command` for errorReason `reason`."""

    def __init__(self, command, reason, text=""):
        super().__init__(f"command {command}, reason {reason} {text}")
        self.command, self.reason = command, reason


class PackageLoad:
    """One load. Clause 2.5.5 makes each part a command of its own, so feed() gets exactly one part at a time."""

    def __init__(self, session, eid, store):
        self._session, self._eid, self._store = session, eid, store
        self.command, self.iccid, self.profile = INITIALISE, None, None
        self._memory_full = False
        self._steps = self._run()
        next(self._steps)

    def feed(self, segment, memory_full=False):
        """Take SEGMENT; return None, or the new profile's AID after the last one. Raises LoadError."""
        self._memory_full = memory_full
        try:
            self._steps.send(segment)
        except StopIteration as end:
            return end.value
        except bsp.MacError as error:
            raise LoadError(self.command, SECURITY, str(error)) from error
        except bsp.BspError as error:
            raise LoadError(self.command, STRUCTURE, str(error)) from error
        except ValueError as error:  # a TlvError, or a value that cannot be
            raise LoadError(self.command, INCORRECT_INPUT, str(error)) from error
        return None

    def _run(self):
        """The package from front to back; every yield waits for the next part."""
        self._initialise((yield))
        self.command = CONFIGURE_ISDP
        self._configure(self._group((yield), 0xA0))
        self.command = STORE_METADATA
        metadata = yield from self._parts((yield), 0xA1, 0x88, self._bsp.check)
        fields = self._metadata(b"".join(metadata))
        part = yield
        if tlv.parse_header(part)[0] == 0xA2:
            self.command = REPLACE_KEYS
            self._replace_keys(self._group(part, 0xA2))
            part = yield
        self.command = ELEMENTS
        elements = yield from self._parts(part, 0xA3, 0x86, self._bsp.decrypt, self._reserve)
        self._require(self._left == 0, STRUCTURE)
        return self._install(fields, b"".join(elements))

    def _require(self, condition, reason):
        if not condition:
            raise LoadError(self.command, reason)

    def _take(self, part, tag, size):
        """Account for PART, SIZE bytes of it, which must begin with TAG."""
        self._require(tlv.parse_header(part)[0] == tag, STRUCTURE)
        self._left -= size
        self._require(self._left >= 0, STRUCTURE)

    def _group(self, part, tag):
        """Return what a sequence of 87 carries that comes whole (A0, A2)."""
        self._take(part, tag, len(part))
        _, value_at, size = tlv.parse_header(part)
        self._require(size > 0 and value_at + size == len(part), STRUCTURE)
        return b"".join(self._bsp.decrypt(0x87, item.raw) for item in tlv.parse(part[value_at:]))

    def _parts(self, header, tag, part_tag, take, watch=lambda _size: None):
        """Return what the members of a sequence carry whose header comes alone (A1, A3), its members one by one."""
        self._take(header, tag, len(header))
        _, value_at, size = tlv.parse_header(header)
        self._require(value_at == len(header) and 0 < size <= self._left, STRUCTURE)
        carried = []
        while size:
            part = yield
            self._take(part, part_tag, len(part))
            size -= len(part)
            self._require(size >= 0, STRUCTURE)
            carried.append(take(part_tag, part))
            watch(sum(map(len, carried)))
        return carried

    def _initialise(self, part):
        """InitialiseSecureChannel (clause 5.5.1): the header of BF36, and BF23 whole."""
        tag, value_at, size = tlv.parse_header(part)
        request, end = tlv.parse_one(part, value_at)
        self._require((tag, request.tag, end) == (0xBF36, 0xBF23, len(part)), STRUCTURE)
        self._left = size - len(request.raw)
        items = tlv.parse(request.value)
        self._require([item.tag for item in items] == [0x82, 0x80, 0xA6, 0x5F49, 0x5F37], INCORRECT_INPUT)
        operation, transaction, crt, point, signature = items
        self._require(operation.value == INSTALL_OPERATION, UNSUPPORTED_OPERATION)
        self._require(transaction.value == self._session.transaction, INVALID_TRANSACTION)
        signed = b"".join(item.raw for item in items[:4]) + tlv.tlv(0x5F49, self._session.ot_point)
        self._require(certificates.verify(self._session.dp_key, signature.value, signed), INVALID_SIGNATURE)
        server_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point.value)
        keys = bsp.derive(self._session.ot_key.exchange(ec.ECDH(), server_key), self._host_id(crt.value), self._eid)
        self._bsp = bsp.Bsp(keys)

    def _host_id(self, crt):
        items = tlv.parse(crt)
        self._require([item.tag for item in items] == [0x80, 0x81, 0x84], UNSUPPORTED_CRT)
        key_type, key_length, host_id = (item.value for item in items)
        self._require((key_type, key_length) == (bytes([bsp.KEY_TYPE_AES]), bytes([bsp.KEY_LENGTH])), UNSUPPORTED_CRT)
        self._require(1 <= len(host_id) <= 16, UNSUPPORTED_CRT)
        return host_id

    def _configure(self, data):
        """ConfigureISDP (clause 5.5.2): BF24, whose dpOid, if it is there, must be the certificate's."""
        (request,) = tlv.parse(data)
        self._require(request.tag == 0xBF24, INCORRECT_INPUT)
        oid = tlv.find(request.value, 0xB8, 0x80)
        self._require(oid in (None, certificates.oid_content(self._session.server_oid)), INCORRECT_INPUT)

    def _replace_keys(self, data):
        """ReplaceSessionKeys (clause 5.5.4): from here on the profile protection keys serve, counters begin anew."""
        (request,) = tlv.parse(data)
        items = tlv.parse(request.value)
        shape = [(item.tag, len(item.value)) for item in items]
        self._require(request.tag == 0xBF26 and shape == [(0x80, 16), (0x81, 16), (0x82, 16)], INCORRECT_INPUT)
        chaining, s_enc, s_mac = (item.value for item in items)
        self._bsp = bsp.Bsp(bsp.Keys(s_enc, s_mac, chaining))

    def _metadata(self, data):
        """StoreMetadata (clause 5.5.3): check it and return the profile's fields."""
        (request,) = tlv.parse(data)
        items = {item.tag: item.value for item in tlv.parse(request.value)}
        self._require(request.tag == 0xBF25 and not set(items) - METADATA_TAGS, INCORRECT_INPUT)
        iccid, provider, name = items.get(0x5A, b""), items.get(0x91), items.get(0x92)
        self._require(len(iccid) == 10 and provider is not None and name is not None, INCORRECT_INPUT)
        self._require(len(provider) <= PROVIDER_MAX and len(name) <= NAME_MAX, INCORRECT_INPUT)
        kind = tlv.to_int(items.get(0x95, bytes([OPERATIONAL])))
        self._require(kind in CLASSES.values(), UNSUPPORTED_CLASS)
        icon = items.get(0x94, b"")
        self._require((0x93 in items) == (0x94 in items) and len(icon) <= ICON_MAX, INCORRECT_INPUT)
        self.iccid = iccid_text(iccid)
        self._require(not self._store.profile(iccid=self.iccid), ICCID_EXISTS)
        fields = {"iccid": self.iccid, "provider": provider.decode(), "name": name.decode(), "class": kind,
                  "icon": icon.hex(), "icon_type": tlv.to_int(items[0x93]) if icon else None,
                  "owner": items.get(0xB7, b"").hex(), "notify": self._addresses(items.get(0xB6, b"")),
                  "ppr": to_mask(items[0x99]) if 0x99 in items else 0}
        self._check_rules(fields)
        return fields

    @staticmethod
    def _addresses(data):
        rows = (tlv.parse(row.value) for row in tlv.parse(data))
        return [[to_mask(events.value), address.value.decode()] for events, address in rows]

    def _check_rules(self, fields):
        """Clause 2.9.2.4: rules need an owner and the RAT's leave; PPR1 is for an eUICC without operational profile."""
        if not fields["ppr"]:
            return
        known = not fields["ppr"] & ~(PPR1_NO_DISABLING | PPR2_NO_DELETING)
        network = tlv.find(bytes.fromhex(fields["owner"]), 0x80)
        self._require(known and network is not None, RULE_NOT_ALLOWED)
        self._require(self._store.rules_allowed(fields["ppr"], network.hex()), RULE_NOT_ALLOWED)
        alone = not any(profile["class"] == OPERATIONAL for profile in self._store.profiles)
        self._require(alone or not fields["ppr"] & PPR1_NO_DISABLING, RULE_NOT_ALLOWED)

    def _reserve(self, size):
        self._require(size <= self._store.free_memory() and not self._memory_full, NO_MEMORY)

    def _install(self, fields, package):
        """Process the profile elements (a ProfileHeader first, a PE-End last) and make the profile; return its AID."""
        try:
            elements = tlv.parse(package)
            header = {item.tag: item.value for item in tlv.parse(elements[0].value)}
            iccid = header[0x83]
            whole = elements[0].tag == 0xA0 and elements[-1].tag == 0xAA
            imsi = next(filter(None, map(self._imsi, elements)), "")
        except (ValueError, LookupError) as error:
            raise LoadError(self.command, ELEMENT_ERROR, str(error)) from error
        self._require(whole, ELEMENT_ERROR)
        self._require(len(iccid) == 10 and iccid_text(iccid) == fields["iccid"], MISMATCH)
        self.profile = self._store.add_profile(**fields, imsi=imsi, size=len(package))
        return bytes.fromhex(self.profile["aid"])

    @staticmethod
    def _imsi(element):
        """Return the IMSI that a USIM element (B3) fills EF_IMSI with, or None."""
        content = tlv.find(element.value, 0xA8, 0x82) if element.tag == 0xB3 else None
        return imsi_text(content) if content is not None else None
