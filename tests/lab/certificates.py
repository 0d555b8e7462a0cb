# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card's credentials, and what SGP.22 clause 4.5.2 wants of the certificates and signatures it is shown."""

import os

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ROLES = "2.23.146.1.2.1."  # SGP.22 annex H: id-rspRole
ROLE_EUICC, ROLE_EUM, ROLE_DP_AUTH, ROLE_DP_PB, ROLE_DS_AUTH = (ROLES + number for number in "12457")
ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())


class CertificateError(ValueError):
    """A certificate is not what it ought to be."""


class UnknownIssuer(CertificateError):
    """The certificate was issued under a CI key that the card does not have."""


class UnsupportedCurve(CertificateError):
    """The certificate's key is not on P-256."""


class WrongRole(CertificateError):
    """The certificate is genuine, but for another role."""


def sign(private_key, data):
    """Return the 64 bytes r|s of an ECDSA signature over DATA (clause 2.6.7.1 wants no ASN.1)."""
    r, s = decode_dss_signature(private_key.sign(data, ECDSA_SHA256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public_key, signature, data):
    """Say if SIGNATURE, r|s, is PUBLIC_KEY's over DATA."""
    if len(signature) != 64:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        public_key.verify(der, data, ECDSA_SHA256)
    except InvalidSignature:
        return False
    return True


def point(public_key):
    """Return PUBLIC_KEY as an uncompressed point, 65 bytes."""
    return public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def oid_content(dotted):
    """Return the content bytes of the OBJECT IDENTIFIER that is written DOTTED."""
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for number in [40 * first + second, *rest]:
        group = bytes([number & 0x7F])
        while number := number >> 7:
            group = bytes([number & 0x7F | 0x80]) + group
        content += group
    return content


def _extension(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound as error:
        raise CertificateError(f"no {kind.__name__}") from error


def key_id(certificate):
    """Return the CERTIFICATE's subject key identifier."""
    return _extension(certificate, x509.SubjectKeyIdentifier).digest


def load(der):
    """Parse a certificate and look at its curve; raises CertificateError."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        for lazy in ("extensions", "signature_hash_algorithm", "issuer", "subject"):  # parsed only when asked for
            getattr(certificate, lazy)
        key = certificate.public_key()
    except Exception as error:  # the parser has many kinds, all of them mean: not a certificate
        raise CertificateError(str(error)) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UnsupportedCurve("the key is not on P-256")
    return certificate


def check_issued(certificate, issuer):
    """Check that ISSUER, a CA, signed CERTIFICATE. No dates: a card has no clock."""
    if certificate.issuer != issuer.subject:
        raise CertificateError("issuer and subject differ")
    if not _extension(issuer, x509.BasicConstraints).ca:
        raise CertificateError("the issuer is not a CA")
    if not isinstance(certificate.signature_hash_algorithm, hashes.SHA256):
        raise CertificateError("not signed with SHA-256")
    try:
        issuer.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes, ECDSA_SHA256)
    except InvalidSignature as error:
        raise CertificateError("the issuer did not sign this") from error


def check_role(certificate, *roles):
    """Check that CERTIFICATE's policies name one of ROLES; raises WrongRole."""
    policies = {policy.policy_identifier.dotted_string for policy in _extension(certificate, x509.CertificatePolicies)}
    if not policies & set(roles):
        raise WrongRole(f"policies {sorted(policies)}, wanted {roles}")


def owner_oid(certificate):
    """Return the registeredID of the subjectAltName, dotted: who the server belongs to (clause 4.5.2.1.0.2)."""
    names = _extension(certificate, x509.SubjectAlternativeName).get_values_for_type(x509.RegisteredID)
    if len(names) != 1:
        raise CertificateError(f"{len(names)} registeredIDs")
    return names[0].dotted_string


class Credentials:
    """What a card is personalised with: its key and certificates, its EID, and the CI it trusts."""

    def __init__(self, pki_dir):
        def read(name):
            with open(os.path.join(pki_dir, name), "rb") as stream:
                return stream.read()

        self.ci = load(read("ci.der"))
        self.ci_id = key_id(self.ci)
        self.eum_der, self.euicc_der = read("eum.der"), read("euicc.der")
        self._key = serialization.load_pem_private_key(read("euicc.key.pem"), None)
        certificate, eum = load(self.euicc_der), load(self.eum_der)
        check_issued(eum, self.ci)
        check_issued(certificate, eum)
        check_role(eum, ROLE_EUM)
        check_role(certificate, ROLE_EUICC)
        self.eid = certificate.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value
        if len(self.eid) != 32 or not self.eid.isdigit():
            raise CertificateError(f"{pki_dir}/euicc.der: serialNumber {self.eid!r} is no EID of 32 digits")

    def sign(self, data):
        """Sign DATA with the card's key."""
        return sign(self._key, data)

    def check_server(self, der, *roles):
        """Parse a server's certificate; check issuer, then role, then use; return it. Raises CertificateErrors."""
        certificate = load(der)
        if _extension(certificate, x509.AuthorityKeyIdentifier).key_identifier != self.ci_id:
            raise UnknownIssuer("another CI")
        check_issued(certificate, self.ci)
        check_role(certificate, *roles)
        if not _extension(certificate, x509.KeyUsage).digital_signature:
            raise CertificateError("the key is not for signatures")
        owner_oid(certificate)
        return certificate
