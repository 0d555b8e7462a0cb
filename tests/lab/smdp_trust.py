# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""How the SM-DP+ trusts a card: its certificate chain up to the CI (SGP.22 clause 4.5.2), dates and names included."""

import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

import certificates
import pki
from orders import Refusal


def verify(certificate, signature, data):
    """Tell if SIGNATURE (r|s) of DATA was made with CERTIFICATE's key."""
    return certificates.verify(certificate.public_key(), signature, data)


def _extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def _check(certificate, issuer, role, subject):
    """Refuse CERTIFICATE under SUBJECT (8.1.2 the EUM's, 8.1.3 the card's) unless ISSUER made it for ROLE and today."""
    try:
        certificates.check_issued(certificate, issuer)
        certificates.check_role(certificate, pki.ROLES[role])
    except certificates.CertificateError as error:
        raise Refusal(subject, "6.1", f"the {role} certificate could not be verified: {error}") from error
    if _extension(certificate, x509.AuthorityKeyIdentifier).key_identifier != certificates.key_id(issuer):
        raise Refusal(subject, "6.1", f"the {role} certificate names another key of its issuer")
    if not certificate.not_valid_before <= datetime.datetime.utcnow() <= certificate.not_valid_after:
        raise Refusal(subject, "6.3", f"the {role} certificate has expired")


def _attribute(name, oid):
    values = name.get_attributes_for_oid(oid)
    return values[0].value if len(values) == 1 else ""


def _permits(eum, subject):
    """The EUM's name constraints: same organisation, and its IIN begins the EID (clause 4.5.2.1.0.2)."""
    for tree in _extension(eum, x509.NameConstraints).permitted_subtrees or ():
        name = tree.value
        same = _attribute(name, NameOID.ORGANIZATION_NAME) == _attribute(subject, NameOID.ORGANIZATION_NAME)
        iin = _attribute(name, NameOID.SERIAL_NUMBER)
        if same and iin and _attribute(subject, NameOID.SERIAL_NUMBER).startswith(iin):
            return True
    return False


def check_card(card_der, eum_der, ci):
    """Verify a card's and its EUM's certificates up to the certificate CI; return (card certificate, EID)."""
    try:
        card, eum = certificates.load(card_der), certificates.load(eum_der)
        if _extension(eum, x509.AuthorityKeyIdentifier).key_identifier != certificates.key_id(ci):
            raise Refusal("8.11.1", "3.9", "the EUM's CI is unknown here")
        _check(eum, ci, "eum", "8.1.2")
        if not _extension(eum, x509.BasicConstraints).ca or not _extension(eum, x509.KeyUsage).key_cert_sign:
            raise Refusal("8.1.2", "6.1", "the EUM certificate is no CA's")
        _check(card, eum, "euicc", "8.1.3")
        if not _extension(card, x509.KeyUsage).digital_signature or not _permits(eum, card.subject):
            raise Refusal("8.1.3", "6.1", "the eUICC certificate is not one its EUM may issue")
    except (ValueError, x509.ExtensionNotFound) as error:
        raise Refusal("8.1.3", "6.1", f"a certificate could not be read: {error}") from error
    eid = _attribute(card.subject, NameOID.SERIAL_NUMBER)
    return card, eid
