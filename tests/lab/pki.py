#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Makes the certificates of a lab, anew for each run: pki.py DIR [--eid EID] writes NAME.key.pem, NAME.pem, NAME.der.

The profile of each certificate is that of SGP.22 v2.x clause 4.5.2 (roles: annex H), whose names this file keeps:
ci > eum > euicc; ci > dpauth, dppb, dptls, dsauth; the same under ci2; expired ones; an ordinary web CA beside them.
TLS certificates also get NAME.chain.pem (with their issuer).
"""

import argparse
import datetime
import os
import shutil
import types

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

EID = "89044145000000000000000000000125"  # its last two digits make it 1 modulo 97, as SGP.02 clause 2.2.2 asks
# The last two are the root SM-DSs of GSMA's, for cards that name none.
SMDP_HOSTS = ("smdp.esimd.test", "smdp2.esimd.test", "smds.esimd.test", "smds2.esimd.test", "lpa.ds.gsma.com", "lpa.live.esimdiscovery.com")
WEB_HOSTS = ("supersim.twilio.com", "supersim.api.korewireless.com", "api.korewireless.com") + SMDP_HOSTS
SMDP_OID = "2.999.10"
SMDS_OID = "2.999.20"
ROLE = "2.23.146.1.2.1."
ROLES = {name: ROLE + str(number) for number, name in enumerate(
    ("ci", "euicc", "eum", "dp-tls", "dp-auth", "dp-pb", "ds-tls", "ds-auth"))}
_DAY = datetime.timedelta(days=1)


class Authority:
    """A key pair with its certificate, which can issue others into the same folder."""

    def __init__(self, folder, name, subject, issuer=None, extensions=(), expired=False):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in subject])
        self._write_certificate(issuer or self, extensions, expired)

    def _write_certificate(self, issuer, extensions, expired):
        now = datetime.datetime.utcnow()
        start, end = (now - 700 * _DAY, now - 10 * _DAY) if expired else (now - 2 * _DAY, now + 1000 * _DAY)
        builder = (x509.CertificateBuilder().subject_name(self.subject).issuer_name(issuer.subject)
                   .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(start).not_valid_after(end))
        key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(key_id, critical=False)
        own_id = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        builder = builder.add_extension(own_id, critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        self.certificate = builder.sign(issuer.key, hashes.SHA256())
        self._save(issuer)

    def _save(self, issuer):
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption())
        self._put(".pem", pem)
        self._put(".der", self.certificate.public_bytes(serialization.Encoding.DER))
        self._put(".key.pem", key, 0o600)
        if "tls" in self.name or self.name.startswith("web") and issuer is not self:
            self._put(".chain.pem", pem + issuer.certificate.public_bytes(serialization.Encoding.PEM))

    def _put(self, suffix, data, mode=0o644):
        path = os.path.join(self.folder, self.name + suffix)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)

    def issue(self, name, subject, extensions, **options):
        return Authority(self.folder, name, subject, self, extensions, **options)


def _usage(*names):
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in names for name in every}), True


def _role(name):
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(ROLES[name]), None)]), True


def _names(hosts, oid=None):
    names = [x509.DNSName(host) for host in hosts]
    if oid:
        names.append(x509.RegisteredID(x509.ObjectIdentifier(oid)))
    return x509.SubjectAlternativeName(names), False


def _ca(path_length=None):
    return x509.BasicConstraints(ca=True, path_length=path_length), True


def _tls_usage():
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), True


def _crl():
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://ci.esimd.test/CRL-B.crl")], None, None, None)
    return x509.CRLDistributionPoints([point]), False


def _subject(common_name, organisation="esimd lab", serial=None):
    pairs = [(NameOID.COUNTRY_NAME, "CH"), (NameOID.ORGANIZATION_NAME, organisation)]
    if serial:
        pairs.append((NameOID.SERIAL_NUMBER, serial))
    return pairs + [(NameOID.COMMON_NAME, common_name)]


def _make_ci(folder, name, oid):
    return Authority(folder, name, _subject(f"Lab CI {name}"), extensions=[
        _usage("key_cert_sign", "crl_sign"), _role("ci"), _names((), oid), _ca(), _crl()])


def _make_card(ci, eid):
    """The EUM may certify only cards whose EID begins with its IIN (SGP.22 clause 4.5.2.1.0.2)."""
    iin = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab EUM"),
                     x509.NameAttribute(NameOID.SERIAL_NUMBER, eid[:8])])
    eum = ci.issue("eum", _subject("Lab EUM", "Lab EUM"), [
        _usage("key_cert_sign"), _role("eum"), _names((), "2.999.5"), _ca(0), _crl(),
        (x509.NameConstraints([x509.DirectoryName(iin)], None), True)])
    eum.issue("euicc", _subject("Lab eUICC", "Lab EUM", eid), [_usage("digital_signature"), _role("euicc")])


def _make_server(ci, suffix=""):
    def auth(name, role, host, oid, **options):
        extensions = [_usage("digital_signature"), _role(role), _names([host], oid), _crl()]
        ci.issue(name, _subject(host), extensions, **options)

    def tls(name, **options):
        ci.issue(name, _subject(SMDP_HOSTS[0]), [_usage("digital_signature"), _tls_usage(), _role("dp-tls"),
                                                 _names(SMDP_HOSTS, SMDP_OID), _crl()], **options)

    auth("dpauth" + suffix, "dp-auth", SMDP_HOSTS[0], SMDP_OID)
    auth("dppb" + suffix, "dp-pb", SMDP_HOSTS[0], SMDP_OID)
    tls("dptls" + suffix)
    if not suffix:
        auth("dsauth", "ds-auth", SMDP_HOSTS[2], SMDS_OID)
        auth("dpauth-expired", "dp-auth", SMDP_HOSTS[0], SMDP_OID, expired=True)
        tls("dptls-expired", expired=True)


def _make_web(folder):
    web_ca = Authority(folder, "webca", _subject("Lab web CA"), extensions=[_usage("key_cert_sign", "crl_sign"), _ca()])
    for name, hosts in (("web", WEB_HOSTS), ("dptls-web", SMDP_HOSTS)):
        web_ca.issue(name, _subject(hosts[0]), [_usage("digital_signature"), _tls_usage(), _names(hosts)])


def make(folder, eid=EID):
    """Write every certificate of the lab into FOLDER, for the card EID (32 digits); what is there is replaced."""
    if len(eid) != 32 or not eid.isdigit():
        raise ValueError(f"an EID has 32 digits, not {eid!r}")
    os.makedirs(folder, exist_ok=True)
    ci = _make_ci(folder, "ci", "2.999.1")
    _make_card(ci, eid)
    _make_server(ci)
    _make_server(_make_ci(folder, "ci2", "2.999.2"), "2")
    _make_web(folder)


def eid_of(number):
    """The EID of modem NUMBER's card, EID being that of 0; its last two digits make it 1 modulo 97."""
    body = f"{EID[:8]}{number + 1:022}"
    return f"{body}{98 - int(body) * 100 % 97:02}"


def make_card(folder, card_folder, eid):
    """One more card, EID, of the EUM in FOLDER: what a card needs, in CARD_FOLDER."""
    os.makedirs(card_folder, exist_ok=True)
    for name in ("ci.der", "eum.der"):
        shutil.copy(os.path.join(folder, name), card_folder)
    key, certificate = load(folder, "eum")
    eum = types.SimpleNamespace(key=key, certificate=certificate, subject=certificate.subject)
    Authority(card_folder, "euicc", _subject("Lab eUICC", "Lab EUM", eid), eum,
              [_usage("digital_signature"), _role("euicc")])


def load(folder, name):
    """The (private key, certificate) of NAME as make() wrote them."""
    with open(os.path.join(folder, name + ".key.pem"), "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    with open(os.path.join(folder, name + ".pem"), "rb") as file:
        return key, x509.load_pem_x509_certificate(file.read())


def main():
    parser = argparse.ArgumentParser(description="Makes the certificates of a lab.")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--eid", default=EID, help="the card's EID, 32 digits (default %(default)s)")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.eid)


if __name__ == "__main__":
    main()
