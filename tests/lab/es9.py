# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The functions of ES9+ (SGP.22 clause 5.6) and their sessions: requests as parsed JSON in, answers as JSON out.

A fault (see smdp.py) reaches the function it strikes as the name of what to spoil; everything else is done by the book.
"""

import base64
import binascii
import hashlib
import os
import threading

import bpp
import certificates
import notifications
import pki
import profile_package
import smdp_trust as trust
from orders import Refusal
from tlv import TlvError, find, parse, to_int, tlv

MIN_SVN = (2, 0)


class BadRequest(Exception):
    """What a real server answers with HTTP 400: the request is no ES9+ request at all."""


class Session:
    """One RSP session, from InitiateAuthentication to the package's delivery or its end."""

    def __init__(self, address):
        self.id = os.urandom(16)
        self.name = self.id.hex().upper()
        self.server_challenge = os.urandom(16)
        self.address = address
        self.step = "initiated"
        self.order = self.card = self.eid = self.certificates = self.signature2 = None


def _binary(request, field):
    text = request[field]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"{field} is not base64: {error}") from error


def _text(data):
    return base64.b64encode(data).decode()


def _one(data, tag, field):
    """The content of DATA, which must be exactly one TLV of TAG."""
    items = parse(data)
    if len(items) != 1 or items[0].tag != tag:
        raise BadRequest(f"{field} is not one {tag:X}")
    return items[0].value


def _tags(data, *tags):
    """The items of DATA, which must be exactly those of TAGS in this order; a tag in a tuple may be absent."""
    items, found = parse(data), []
    for tag in tags:
        wanted = tag[0] if isinstance(tag, tuple) else tag
        if items and items[0].tag == wanted:
            found.append(items.pop(0))
        elif isinstance(tag, tuple):
            found.append(None)
        else:
            raise TlvError(f"{wanted:X} is missing")
    if items:
        raise TlvError(f"{items[0].tag:X} does not belong there")
    return found


def _spoil(signature):
    return signature[:-1] + bytes([signature[-1] ^ 1])


class Es9:
    """One SM-DP+: its keys, its orders, and the sessions that are open."""

    FIELDS = {
        "initiateAuthentication": ("smdpAddress", "euiccChallenge", "euiccInfo1"),
        "authenticateClient": ("transactionId", "authenticateServerResponse"),
        "getBoundProfilePackage": ("transactionId", "prepareDownloadResponse"),
        "cancelSession": ("transactionId", "cancelSessionResponse"),
        "handleNotification": ("pendingNotification",),
    }

    def __init__(self, folder, orders, hosts):
        self._folder, self.orders, self._hosts = folder, orders, hosts
        _, self._ci = pki.load(folder, "ci")
        self._sessions, self._lock = {}, threading.Lock()
        self.rejected = []

    def call(self, function, request, how=None):
        """Carry out FUNCTION; HOW names what to spoil in the answer. Raises Refusal or BadRequest."""
        fields = self.FIELDS[function]
        if not isinstance(request, dict) or set(request) != set(fields):
            raise BadRequest(f"{function} takes {', '.join(fields)}")
        if not all(isinstance(value, str) for value in request.values()):
            raise BadRequest("every field is a string")
        work = {"initiateAuthentication": self._initiate, "authenticateClient": self._authenticate,
                "getBoundProfilePackage": self._package, "cancelSession": self._cancel,
                "handleNotification": self._notification}[function]
        try:
            return work(request, how)
        except ValueError as error:  # a TlvError, text that is none
            raise BadRequest(f"{function}: {error}") from error
        except Refusal:
            self._end(request.get("transactionId"))
            raise

    def _end(self, name):
        with self._lock:
            self._sessions.pop(name, None)

    def _session(self, request, *steps):
        with self._lock:
            session = self._sessions.get(request["transactionId"])
        if session is None or session.step not in steps:
            raise Refusal("8.10.1", "3.9", "The RSP session identified by the TransactionID is unknown")
        return session

    # 5.6.1 InitiateAuthentication

    def _initiate(self, request, how):
        address = request["smdpAddress"]
        if address.lower() not in self._hosts:
            raise Refusal("8.8.1", "3.8", f"Invalid SM-DP+ Address {address}")
        challenge = _binary(request, "euiccChallenge")
        if len(challenge) != 16:
            raise BadRequest("euiccChallenge has 16 bytes")
        self._check_info1(_one(_binary(request, "euiccInfo1"), 0xBF20, "euiccInfo1"))
        session = Session(address)
        with self._lock:
            self._sessions[session.name] = session
        key, certificate = self._auth_certificate(how)
        shown = os.urandom(16) if how == "wrong-transaction" else session.id
        where = "another.esimd.test" if how == "other-address" else address
        signed = tlv(0x30, tlv(0x80, session.id), tlv(0x81, challenge), tlv(0x83, where.encode()),
                     tlv(0x84, session.server_challenge))
        signature = certificates.sign(key, signed)
        if how == "bad-signature":
            signature = _spoil(signature)
        return {"transactionId": shown.hex().upper(), "serverSigned1": _text(signed),
                "serverSignature1": _text(tlv(0x5F37, signature)),
                "euiccCiPKIdToBeUsed": _text(tlv(0x04, certificates.key_id(self._ci))),
                "serverCertificate": _text(bpp.der(certificate))}

    def _auth_certificate(self, how):
        name = {"other-certificate": "dpauth2", "expired-certificate": "dpauth-expired"}.get(how, "dpauth")
        return pki.load(self._folder, name)

    def _check_info1(self, info):
        svn = find(info, 0x82)  # the members after these three are later versions'
        if svn is None or len(svn) != 3 or tuple(svn[:2]) < MIN_SVN:
            raise Refusal("8.8.3", "3.1", "The Specification Version Number is not supported")
        mine = certificates.key_id(self._ci)
        for tag in (0xA9, 0xAA):
            if mine not in [each.value for each in parse(find(info, tag) or b"")]:
                raise Refusal("8.8.2", "3.1", "None of the proposed Public Key Identifiers is supported")

    # 5.6.3 AuthenticateClient

    def _authenticate(self, request, how):
        session, signed, signature, certificates_der = self._authenticated(request)
        session.certificates = [der.hex() for der in certificates_der]
        self._find_order(session, signed)
        session.step = "authenticated"
        return self._offer(session, signature, how)

    def _authenticated(self, request):
        """The session that is begun with REQUEST's card, which has proven itself; euiccSigned1, its signature, card's and maker's certificates."""
        session = self._session(request, "initiated")
        response = _one(_binary(request, "authenticateServerResponse"), 0xBF38, "authenticateServerResponse")
        ok = find(response, 0xA0)
        if ok is None:
            code = to_int(_tags(_one(response, 0xA1, "authenticateServerResponse"), 0x80, 0x02)[1].value)
            raise Refusal("8.1", "6.1", f"the eUICC refused to authenticate the server: {code}")
        signed, signature, card_der, eum_der = _tags(ok, 0x30, 0x5F37, 0x30, 0x30)
        session.card, session.eid = trust.check_card(card_der.raw, eum_der.raw, self._ci)
        if not trust.verify(session.card, signature.value, signed.raw):
            raise Refusal("8.1", "6.1", "eUICC signature is invalid")
        return session, signed.value, signature.raw, (card_der.raw, eum_der.raw)

    def _find_order(self, session, signed):
        items = _tags(signed, 0x80, 0x83, 0x84, 0xBF22, 0xA0)
        transaction_id, address, challenge, info2, context = [item.value for item in items]
        if transaction_id != session.id or challenge != session.server_challenge:
            raise Refusal("8.1", "6.1", "euiccSigned1 belongs to another session")
        if address.decode() != session.address:
            raise Refusal("8.1", "6.1", "euiccSigned1 names another server")
        matching, device = _tags(context, (0x80,), 0xA1)
        tac = _tags(device.value, 0x80, 0xA1, (0x82,))[0].value
        if len(tac) != 4:
            raise BadRequest("a TAC has 4 bytes")
        digits = "".join(f"{byte & 15:x}{byte >> 4:x}" for byte in tac)
        order = self.orders.find(matching.value.decode() if matching else "", session.eid, digits)
        free = find(info2, 0x84, 0x82)
        if order["check_memory"] and free is not None and int.from_bytes(free, "big") < order["size"]:
            raise Refusal("8.1", "4.8", "eUICC does not have sufficient space for this Profile")
        session.order = order

    def _offer(self, session, euicc_signature, how):
        key, certificate = pki.load(self._folder, "dppb2" if how == "other-certificate" else "dppb")
        required = b"\xff" if session.order["confirmation_code"] is not None else b"\x00"
        signed = tlv(0x30, tlv(0x80, session.id), tlv(0x01, required))
        signature = certificates.sign(key, signed + euicc_signature)
        if how == "bad-signature":
            signature = _spoil(signature)
        session.signature2 = tlv(0x5F37, signature)
        shown = os.urandom(16).hex().upper() if how == "wrong-transaction" else session.name
        metadata = profile_package.metadata(session.order, self._hosts[0])
        return {"transactionId": shown, "profileMetadata": _text(metadata), "smdpSigned2": _text(signed),
                "smdpSignature2": _text(session.signature2),
                "smdpCertificate": _text(bpp.der(certificate))}

    # 5.6.2 GetBoundProfilePackage

    def _package(self, request, how):
        session = self._session(request, "authenticated")
        response = _one(_binary(request, "prepareDownloadResponse"), 0xBF21, "prepareDownloadResponse")
        ok = find(response, 0xA0)
        if ok is None:
            code = to_int(_tags(_one(response, 0xA1, "prepareDownloadResponse"), 0x80, 0x02)[1].value)
            raise Refusal("8.1", "6.1", f"the eUICC refused to prepare the download: {code}")
        signed, signature = _tags(ok, 0x30, 0x5F37)
        if not trust.verify(session.card, signature.value, signed.raw + session.signature2):
            raise Refusal("8.1", "6.1", "eUICC signature is invalid")
        transaction_id, card_key, code = _tags(signed.value, 0x80, 0x5F49, (0x04,))
        if transaction_id.value != session.id:
            raise Refusal("8.1", "6.1", "euiccSigned2 belongs to another session")
        self._check_code(session, code)
        key, _ = pki.load(self._folder, "dppb")
        package = bpp.bind(session.order, session.id, session.eid, card_key.value, key, self._hosts[0], how)
        self.orders.bind(session.order, session.name, session.eid, session.certificates)
        session.step = "delivered"
        shown = os.urandom(16).hex().upper() if how == "wrong-transaction" else session.name
        return {"transactionId": shown, "boundProfilePackage": _text(package)}

    def _check_code(self, session, code):
        expected = None
        if session.order["confirmation_code"] is not None:
            inner = hashlib.sha256(session.order["confirmation_code"].encode()).digest()
            expected = hashlib.sha256(inner + session.id).digest()
        self.orders.check_code(session.order, code.value if code else None, expected)

    # 5.6.5 CancelSession

    def _cancel(self, request, _how):
        session = self._session(request, "initiated", "authenticated", "delivered")
        response = _one(_binary(request, "cancelSessionResponse"), 0xBF41, "cancelSessionResponse")
        ok = find(response, 0xA0)
        if ok is None:
            raise Refusal("8.1", "6.1", f"the eUICC did not cancel the session: {response.hex()}")
        signed, signature = _tags(ok, 0x30, 0x5F37)
        # The session of a card that never authenticated itself has nothing that could be cancelled with an order.
        if session.card is not None and session.order is not None:
            reason = self._check_cancel(session, signed, signature.value)
            self.orders.cancel(session.order, reason)
        self._end(session.name)
        return {}

    def _check_cancel(self, session, signed, signature):
        if not trust.verify(session.card, signature, signed.raw):
            raise Refusal("8.1", "6.1", "eUICC signature is invalid")
        transaction_id, oid, reason = _tags(signed.value, 0x80, 0x81, 0x82)
        if transaction_id.value != session.id:
            raise Refusal("8.10.1", "3.9", "the cancellation belongs to another session")
        if oid.value != certificates.oid_content(pki.SMDP_OID):
            raise Refusal("8.8", "3.10", "The provided SM-DP+ OID is invalid")
        return to_int(reason.value)

    # 5.6.4 HandleNotification

    def _notification(self, request, _how):
        data = _binary(request, "pendingNotification")
        try:
            notification, eid, session_name = notifications.check(data, self._ci, self.orders)
        except (notifications.Unverified, Refusal, ValueError) as error:
            self.rejected.append(str(error))
            raise BadRequest(f"pendingNotification: {error}") from error
        self.orders.receive(notification, eid)
        if session_name:
            self._end(session_name)
        return None
