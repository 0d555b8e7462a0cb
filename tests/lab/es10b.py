# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""ES10b: card and SM-DP+ get to know each other; the RSP session between them (SGP.22 clauses 5.7.5 to 5.7.14)."""

import os

from cryptography.hazmat.primitives.asymmetric import ec

import certificates
import tlv
from bpp_load import LoadError, PackageLoad
from card_store import INSTALL
from certificates import CertificateError, UnknownIssuer, UnsupportedCurve, WrongRole
from outcome import Refused, StatusError

(INVALID_CERTIFICATE, INVALID_SIGNATURE, UNSUPPORTED_CURVE, NO_SESSION, WRONG_OID, WRONG_CHALLENGE,
 UNKNOWN_CI) = range(1, 8)
DOWNLOAD_WRONG_TRANSACTION, CANCEL_WRONG_TRANSACTION, UNDEFINED = 5, 5, 127
CANCEL_REASONS = (0, 1, 2, 3, 4, 5, 127)
SVN = b"\x02\x02\x02"
PROFILE_VERSION = b"\x02\x03\x01"
FIRMWARE = b"\x01\x00\x00"
VOLATILE_MEMORY = 8192


class Session:
    """An RSP session, from its challenge on."""

    def __init__(self):
        self.challenge = os.urandom(16)
        self.transaction = None  # known once the server is authenticated
        self.server_oid = self.server_address = self.signature1 = None
        self.dp_key = self.ot_key = self.ot_point = None  # known once the download is prepared


def _members(value, *allowed):
    """Parse VALUE, whose members must have the tags ALLOWED in order; a negative tag is an optional one."""
    items, found = tlv.parse(value), []
    for tag in allowed:
        if items and items[0].tag == abs(tag):
            found.append(items.pop(0))
        elif tag < 0:
            found.append(None)
        else:
            raise ValueError(f"{tag:X} is missing")
    if items:
        raise ValueError(f"{items[0].tag:X} does not belong here")
    return found


def _check_device(context):
    """Check ctxParams1: A0{80 matchingId?, A1{80 TAC, A1 capabilities, 82 IMEI?}} (clause 5.7.13)."""
    _, device = _members(context, -0x80, 0xA1)
    tac, _, imei = _members(device.value, 0x80, 0xA1, -0x82)
    if len(tac.value) != 4 or (imei and len(imei.value) != 8):
        raise ValueError("a TAC has 4 bytes, an IMEI 8")


class Authentication:
    """Holds the one session that a card has at a time; it outlives logical channels, not a reset."""

    def __init__(self, credentials, store, notices):
        self._credentials, self._store, self._notices = credentials, store, notices
        self.memory_full = False
        self.reset()

    def reset(self):
        self._session = self._load = self._spare_key = None

    def info1(self, _value):
        return tlv.tlv(0xBF20, tlv.tlv(0x82, SVN), *self._ci_lists())

    def _ci_lists(self):
        known = tlv.tlv(0x04, self._credentials.ci_id)
        return tlv.tlv(0xA9, known), tlv.tlv(0xAA, known)

    def info2(self, _value):
        resources = (tlv.tlv(0x81, b"\0"), tlv.tlv(0x82, self._store.free_memory().to_bytes(4, "big")),
                     tlv.tlv(0x83, VOLATILE_MEMORY.to_bytes(4, "big")))
        return tlv.tlv(
            0xBF22, tlv.tlv(0x81, PROFILE_VERSION), tlv.tlv(0x82, SVN), tlv.tlv(0x83, FIRMWARE),
            tlv.tlv(0x84, *resources), tlv.tlv(0x85, bytes.fromhex("067f36c0")),  # UICC capabilities: USIM, Java ...
            tlv.tlv(0x86, b"\x0f\x01\x00"), tlv.tlv(0x87, b"\x02\x03\x00"),  # TS 102 241, GlobalPlatform
            tlv.tlv(0x88, b"\x03\x98"),  # additional profile, test profile, extensible device information
            *self._ci_lists(), tlv.tlv(0x8B, b"\x02"), tlv.tlv(0x99, b"\0"),  # a medium eUICC; no rule is forbidden
            tlv.tlv(0x04, b"\x01\x00\x00"), tlv.tlv(0x0C, b"LAB-0000000"))

    def rat(self, _value):
        return tlv.tlv(0xBF43, tlv.tlv(0xA0, *self._store.rat_rows()))

    def challenge(self, _value):
        """GetEUICCChallenge: an older session ends."""
        self._session = Session()
        return tlv.tlv(0xBF2E, tlv.tlv(0x80, self._session.challenge))

    def authenticate_server(self, value):
        """AuthenticateServer; whatever is refused, the challenge is used up."""
        signed, signature, ci, certificate, context = _members(value, 0x30, 0x5F37, 0x04, 0x30, 0xA0)
        transaction, challenge, address, server_challenge = _members(signed.value, 0x80, 0x81, 0x83, 0x84)
        if not 1 <= len(transaction.value) <= 16 or len(server_challenge.value) != 16:
            raise ValueError("a transaction id has 1 to 16 bytes, a challenge 16")
        _check_device(context.value)
        session, self._session = self._session, None
        if session is None or session.transaction:
            raise Refused(NO_SESSION)
        server = self._check_server(certificate.raw, ci.value)
        if not certificates.verify(server.public_key(), signature.value, signed.raw):
            raise Refused(INVALID_SIGNATURE)
        if challenge.value != session.challenge:
            raise Refused(WRONG_CHALLENGE)
        session.transaction, session.server_address = transaction.value, address.value.decode()
        session.server_oid = certificates.owner_oid(server)
        self._session = session
        return self._authenticated(session, transaction, address, server_challenge, context)

    def _check_server(self, der, ci):
        if ci != self._credentials.ci_id:
            raise Refused(UNKNOWN_CI)
        try:
            return self._credentials.check_server(der, certificates.ROLE_DP_AUTH, certificates.ROLE_DS_AUTH)
        except UnknownIssuer as error:
            raise Refused(UNKNOWN_CI) from error
        except UnsupportedCurve as error:
            raise Refused(UNSUPPORTED_CURVE) from error
        except WrongRole as error:
            raise Refused(WRONG_OID) from error
        except CertificateError as error:
            raise Refused(INVALID_CERTIFICATE) from error

    def _authenticated(self, session, transaction, address, server_challenge, context):
        signed = tlv.tlv(0x30, transaction.raw, address.raw, server_challenge.raw, self.info2(b""), context.raw)
        session.signature1 = tlv.tlv(0x5F37, self._credentials.sign(signed))
        return tlv.tlv(0xBF38, tlv.tlv(0xA0, signed, session.signature1, self._credentials.euicc_der,
                                       self._credentials.eum_der))

    def prepare_download(self, value):
        """PrepareDownload: the server that binds the profile must be of the authenticated one's owner."""
        signed, signature, hash_cc, certificate = _members(value, 0x30, 0x5F37, -0x04, 0x30)
        transaction, code_required, used_point = _members(signed.value, 0x80, 0x01, -0x5F49)
        session = self._session
        if session is None or session.transaction is None:
            raise Refused(NO_SESSION)
        if transaction.value != session.transaction:
            raise Refused(DOWNLOAD_WRONG_TRANSACTION)
        server = self._check_binder(certificate.raw, session)
        if not certificates.verify(server.public_key(), signature.value, signed.raw + session.signature1):
            raise Refused(INVALID_SIGNATURE)
        if code_required.value != b"\0" and hash_cc is None or hash_cc and len(hash_cc.value) != 32:
            raise Refused(UNDEFINED)
        session.dp_key = server.public_key()
        self._choose_one_time_key(session, used_point)
        parts = [transaction.raw, tlv.tlv(0x5F49, session.ot_point)] + ([hash_cc.raw] if hash_cc else [])
        signed2 = tlv.tlv(0x30, *parts)
        signature2 = tlv.tlv(0x5F37, self._credentials.sign(signed2 + signature.raw))
        return tlv.tlv(0xBF21, tlv.tlv(0xA0, signed2, signature2))

    def _check_binder(self, der, session):
        try:
            server = self._credentials.check_server(der, certificates.ROLE_DP_PB)
            if certificates.owner_oid(server) != session.server_oid:
                raise CertificateError("CERT.DPpb and CERT.DPauth belong to different servers")
        except UnsupportedCurve as error:
            raise Refused(UNSUPPORTED_CURVE) from error
        except CertificateError as error:
            raise Refused(INVALID_CERTIFICATE) from error
        return server

    def _choose_one_time_key(self, session, used_point):
        """Take the key of an earlier try again if the server names it, since its package is bound to that one."""
        key = self._spare_key
        if not (used_point and key and certificates.point(key.public_key()) == used_point.value):
            key = ec.generate_private_key(ec.SECP256R1())
        self._spare_key = session.ot_key = key
        session.ot_point = certificates.point(key.public_key())

    def cancel_session(self, value):
        """CancelSession: signs the reason and ends the session."""
        transaction, reason = _members(value, 0x80, 0x81)
        if tlv.to_int(reason.value) not in CANCEL_REASONS:
            raise Refused(UNDEFINED)
        session = self._session
        if session is None or session.transaction != transaction.value:
            raise Refused(CANCEL_WRONG_TRANSACTION)
        oid = tlv.tlv(0x81, certificates.oid_content(session.server_oid))
        signed = tlv.tlv(0x30, transaction.raw, oid, tlv.tlv(0x82, reason.value))  # tagged automatically, in order
        self._session = None
        return tlv.tlv(0xBF41, tlv.tlv(0xA0, signed, tlv.tlv(0x5F37, self._credentials.sign(signed))))

    def stop_load(self):
        """Another function came between two segments: the package is given up, the session is not."""
        self._load = None

    def load_segment(self, segment):
        """LoadBoundProfilePackage, one segment; returns BF37 when it ends, well or not, and nothing before."""
        if self._load is None:
            self._begin_load(segment)
        try:
            aid = self._load.feed(segment, self.memory_full)
        except LoadError as error:
            return self._finish_load(tlv.tlv(0xA1, tlv.tlv(0x80, tlv.integer(error.command)),
                                             tlv.tlv(0x81, tlv.integer(error.reason))))
        if aid is None:
            return b""
        accepted = bytes.fromhex("3007a0053003800100")  # EUICCResponse: every element was processed
        return self._finish_load(tlv.tlv(0xA0, tlv.tlv(0x4F, aid), tlv.tlv(0x04, accepted)))

    def _begin_load(self, segment=b"\xbf\x36\x00"):
        if tlv.parse_header(segment)[0] != 0xBF36 or self._session is None or self._session.ot_key is None:
            raise StatusError(0x6985)
        self._load = PackageLoad(self._session, bytes.fromhex(self._credentials.eid), self._store)

    def abort_load(self, reason):
        """End the load with REASON, whatever the segment was (a fault's order)."""
        if self._load is None:
            self._begin_load()
        return self._finish_load(tlv.tlv(0xA1, tlv.tlv(0x80, tlv.integer(self._load.command)),
                                         tlv.tlv(0x81, tlv.integer(reason))))

    def _finish_load(self, outcome):
        """Sign the ProfileInstallationResult, keep it as a notification, end the session (clause 2.5.6)."""
        session, load = self._session, self._load
        self._session = self._load = None
        self.memory_full = False
        sequence, metadata = self._notices.metadata(INSTALL, session.server_address, load.iccid)
        data = tlv.tlv(0xBF27, tlv.tlv(0x80, session.transaction), metadata,
                       tlv.tlv(0x06, certificates.oid_content(session.server_oid)), tlv.tlv(0xA2, outcome))
        result = tlv.tlv(0xBF37, data, tlv.tlv(0x5F37, self._credentials.sign(data)))
        self._store.add_notification(sequence, INSTALL, metadata, result)
        if load.profile:
            self._notices.announce(load.profile, INSTALL, but=session.server_address)
        return result
