"""Certificates: what is in them, whom OpenSSL believes, and what is refused."""

import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from chargelink.trust.certificates import (
    DAY,
    EDGE_DAYS,
    Authority,
    CertificateError,
    der_of_pem,
    is_issued_by,
    is_signed,
    key_of_pem,
    key_pem,
    names_of,
    new_key,
    renewal_bytes,
    request,
    requested_key,
    sign,
)

NOW = 1_763_571_600_000  # 2025-11-19, UTC ms
CA = Authority.new("hub", NOW)


def named_request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A request that wants to be somebody."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "admin")])
    wanted = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:chargelink:edge:another")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name).add_extension(wanted, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_an_edge_is_what_the_hub_says_and_not_what_it_asks_for() -> None:
    key = requested_key(named_request(new_key()))
    issued = CA.edge_certificate("edge-1", key, NOW)
    assert names_of(issued.der) == {"urn:chargelink:edge:edge-1"}
    certificate = x509.load_der_x509_certificate(issued.der)
    assert not certificate.subject
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert issued.expires == NOW + EDGE_DAYS * DAY
    assert is_issued_by(issued.der, CA.der)
    assert not is_issued_by(issued.der, Authority.new("hub", NOW).der)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """A TLS handshake in memory; the server's end. Raises what either end raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname=name),
    ]
    done: set[ssl.SSLObject] = set()
    while len(done) < len(ends):
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                continue
    return ends[0]


@pytest.mark.parametrize("name", ["127.0.0.1", "hub.example.org", "::1"])
def test_strict_openssl_believes_both_ends(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("tls")
    server_key, edge_key = new_key(), new_key()
    issued = CA.server_certificate(["hub.example.org", "127.0.0.1", "::1"], server_key.public_key(), NOW)
    (folder / "server").write_bytes(key_pem(server_key) + issued.pem.encode())
    (folder / "edge").write_bytes(
        b"edge: edge-1\n" + key_pem(edge_key) + CA.edge_certificate("edge-1", edge_key.public_key(), NOW).pem.encode()
    )
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.verify_mode = ssl.CERT_REQUIRED
    for context, file in ((server, "server"), (client, "edge")):
        context.load_cert_chain(folder / file)
        context.load_verify_locations(cadata=CA.der)
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VerifyFlags(0x200000)
    shown = handshake(server, client, name).getpeercert()
    assert shown is not None
    assert shown["subjectAltName"] == (("URI", "urn:chargelink:edge:edge-1"),)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, client, "another.example.org")


def test_a_file_gives_back_its_key_and_its_first_certificate() -> None:
    key = new_key()
    issued = CA.edge_certificate("edge-1", key.public_key(), NOW)
    file = f"edge: edge-1\n{key_pem(key).decode()}{issued.pem}{CA.pem}"
    assert key_of_pem(file.encode()).public_key() == key.public_key()
    assert der_of_pem(file) == issued.der


BROKEN = {
    "empty": b"",
    "no DER": b"hello",
    "cut": request(new_key())[:-10],
    "too large": bytes(10_000),
    "not signed by its key": request(new_key())[:-4] + b"abcd",
    "RSA": named_request(rsa.generate_private_key(65537, 2048)),
    "another curve": named_request(ec.generate_private_key(ec.SECP384R1())),
}


@pytest.mark.parametrize("csr", BROKEN.values(), ids=BROKEN)
def test_a_request_that_is_none_is_refused(csr: bytes) -> None:
    with pytest.raises(CertificateError):
        requested_key(csr)


@pytest.mark.parametrize("name", ["", "a b", "x" * 300, "*", "hub..example"])
def test_a_name_that_no_host_has_is_refused(name: str) -> None:
    with pytest.raises(CertificateError):
        CA.server_certificate([name], new_key().public_key(), NOW)


def test_an_old_key_proves_exactly_one_request() -> None:
    key = new_key()
    certificate = CA.edge_certificate("edge-1", key.public_key(), NOW).der
    signature = sign(key, renewal_bytes("edge-1", b"nonce", b"csr"))
    assert is_signed(certificate, signature, renewal_bytes("edge-1", b"nonce", b"csr"))
    for other in (("edge-2", b"nonce", b"csr"), ("edge-1", b"noncf", b"csr"), ("edge-1", b"nonc", b"ecsr")):
        assert not is_signed(certificate, signature, renewal_bytes(*other))
    assert not is_signed(certificate, b"", renewal_bytes("edge-1", b"nonce", b"csr"))
    assert not is_signed(b"", signature, renewal_bytes("edge-1", b"nonce", b"csr"))
