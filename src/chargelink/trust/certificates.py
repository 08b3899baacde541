"""Who is who: X.509 certificates (RFC 5280) of a hub and its edges, all of P-256 and signed by the hub's own CA.

An edge is `urn:chargelink:edge:<id>` and nothing else: its certificate has no subject, and what it asks to be called in
its request is ignored. Python's strict verification wants KeyUsage, SKI and AKI, so every certificate has them.

Times are UTC milliseconds. `notBefore` lies a day back: nobody here judges by it, others may.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chargelink.wire import ChargelinkError

EDGE_URN = "urn:chargelink:edge:"
EDGE_DAYS = 400
SERVER_DAYS = 400
CA_DAYS = 30 * 365  # edges know the CA by its hash: a new one means to enrol them all again
RENEWAL = b"chargelink.renewal.1"
LARGEST_REQUEST = 8192  # bytes of a CSR or a certificate that we take from others
DAY = 86_400_000  # ms
LONGEST_HOST = 253
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")  # RFC 1123 §2.1

Key = ec.EllipticCurvePrivateKey


class CertificateError(ChargelinkError):
    """A request or certificate of somebody else that is not what it should be."""


class Issued(NamedTuple):
    """A certificate: `der` its bytes, `expires` in UTC ms, `key` the SHA-256 of its public key in hex."""

    der: bytes
    expires: int
    key: str

    @property
    def pem(self) -> str:
        """As in a file."""
        return pem_of_der(self.der)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in hex, by which everybody knows it."""
        return fingerprint(self.der)


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate in hex."""
    return hashlib.sha256(der).hexdigest()


def new_key() -> Key:
    """A P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    """As in a file (PKCS #8); for its owner only."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_of_pem(pem: bytes) -> Key:
    """The key of a file; text around it is skipped. Raises CertificateError."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"no private key: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError("no P-256 key")
    return key


def der_of_pem(pem: str) -> bytes:
    """The first certificate in a text. Raises CertificateError."""
    try:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except UNREADABLE as error:
        raise CertificateError(f"no certificate: {error}") from None


def pem_of_der(der: bytes) -> str:
    """A certificate as in a file. Raises CertificateError."""
    return _loaded(der).public_bytes(Encoding.PEM).decode()


def expiry(der: bytes) -> int:
    """When a certificate ends, UTC ms. Raises CertificateError."""
    return _ms(_loaded(der).not_valid_after_utc)


def renewal_time(der: bytes) -> int:
    """When half of a certificate's life is over, UTC ms. Raises CertificateError."""
    certificate = _loaded(der)
    return (_ms(certificate.not_valid_before_utc) + _ms(certificate.not_valid_after_utc)) // 2


def is_for(der: bytes, key: Key) -> bool:
    """Whether a certificate is for this key. Raises CertificateError."""
    try:
        return _loaded(der).public_key() == key.public_key()
    except UNREADABLE as error:
        raise CertificateError(f"no certificate: {error}") from None


def request(key: Key) -> bytes:
    """A certificate request (PKCS #10, DER) that proves the key and says nothing else."""
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return csr.public_bytes(Encoding.DER)


def requested_key(csr: bytes) -> ec.EllipticCurvePublicKey:
    """The key that a request asks for, which is proved to be the asker's. Raises CertificateError."""
    if len(csr) > LARGEST_REQUEST:
        raise CertificateError(f"a request of {len(csr)} bytes, {LARGEST_REQUEST} are allowed")
    try:
        asked = x509.load_der_x509_csr(csr)
        key, proved = asked.public_key(), asked.is_signature_valid
    except (*UNREADABLE, InvalidSignature, TypeError) as error:
        raise CertificateError(f"no certificate request: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError("the request is not for a P-256 key")
    if not proved:
        raise CertificateError("the request is not signed by its own key")
    return key


def key_hash(key: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 of a public key in hex."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def renewal_bytes(edge: str, nonce: bytes, csr: bytes) -> bytes:
    """What an edge whose certificate has ended signs with its old key, to have `csr` signed."""
    return RENEWAL + b"".join(len(part).to_bytes(2) + part for part in (edge.encode(), nonce)) + csr


def sign(key: Key, data: bytes) -> bytes:
    """ECDSA with SHA-256."""
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def is_signed(certificate: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the key of a certificate (DER) signed the data."""
    try:
        key = _loaded(certificate).public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, CertificateError, *UNREADABLE):
        return False
    return True


class Authority:
    """A hub's CA: its key and its certificate. Signs for edges and for the hub's own listeners."""

    def __init__(self, key: Key, der: bytes) -> None:
        self.key = key
        self.der = der
        self._certificate = _loaded(der)

    @classmethod
    def new(cls, name: str, now: int) -> "Authority":
        """Make one. `name` is for people who look at it, and is made unlike any other by the key's hash."""
        key = new_key()
        who = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{name} CA {key_hash(key.public_key())[:16]}"),
            ]
        )
        builder = _builder(key.public_key(), who, who, now, now + CA_DAYS * DAY, key)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        return cls(key, builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))

    @property
    def pem(self) -> str:
        """The certificate as in a file."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    @property
    def hash(self) -> bytes:
        """SHA-256 of the certificate, by which edges know it."""
        return hashlib.sha256(self.der).digest()

    def edge_certificate(self, edge: str, key: ec.EllipticCurvePublicKey, now: int) -> Issued:
        """For an edge, by its id and its public key: EDGE_DAYS from now."""
        name = x509.UniformResourceIdentifier(EDGE_URN + edge)
        return self._leaf(key, [name], ExtendedKeyUsageOID.CLIENT_AUTH, now, now + EDGE_DAYS * DAY)

    def server_certificate(self, names: Iterable[str], key: ec.EllipticCurvePublicKey, now: int) -> Issued:
        """For the hub's listeners, by the names (DNS or IP) under which edges reach it. Raises CertificateError."""
        hosts = [_host(name) for name in dict.fromkeys(names)]
        return self._leaf(key, hosts, ExtendedKeyUsageOID.SERVER_AUTH, now, now + SERVER_DAYS * DAY)

    def _leaf(
        self,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName],
        usage: x509.ObjectIdentifier,
        now: int,
        until: int,
    ) -> Issued:
        builder = _builder(key, x509.Name([]), self._certificate.subject, now, until, self.key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        # without a subject the name must be critical (RFC 5280 §4.2.1.6)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        certificate = builder.sign(self.key, hashes.SHA256())
        return Issued(certificate.public_bytes(Encoding.DER), _ms(certificate.not_valid_after_utc), key_hash(key))


def names_of(der: bytes) -> set[str]:
    """The names in a certificate, as text. Raises CertificateError."""
    try:
        names = _loaded(der).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    except UNREADABLE as error:  # what is inside is read when it is looked at
        raise CertificateError(f"no certificate: {error}") from None
    return {str(name.value) for name in names}


def is_issued_by(der: bytes, issuer: bytes) -> bool:
    """Whether the CA whose certificate this is signed the other one; both in DER."""
    try:
        _loaded(der).verify_directly_issued_by(_loaded(issuer))
    except (CertificateError, InvalidSignature, ValueError, TypeError):
        return False
    return True


def _loaded(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE as error:
        raise CertificateError(f"no certificate: {error}") from None


def _builder(
    key: ec.EllipticCurvePublicKey, subject: x509.Name, issuer: x509.Name, now: int, until: int, signer: Key
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    builder = builder.not_valid_before(_time(now - DAY)).not_valid_after(_time(until))
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return builder.add_extension(authority, critical=False)


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    """A CA signs certificates and nothing else, everybody else only what is said in a handshake."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        host = name.encode("idna").decode().lower()
    except UnicodeError:
        host = ""
    if len(host) > LONGEST_HOST or not _HOST.fullmatch(host):
        raise CertificateError(f"{name!r} is no name of a host")
    return x509.DNSName(host)


def _time(ms: int) -> datetime:
    """To the second: certificates have no finer time."""
    return datetime.fromtimestamp(ms // 1000, UTC)


def _ms(time: datetime) -> int:
    return int((time - datetime.fromtimestamp(0, UTC)) / timedelta(milliseconds=1))
