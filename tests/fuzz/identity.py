"""Who is who: tokens, the edge's papers, certificates and requests, and what strangers say when they want to enrol."""

import warnings

import msgspec

from chargelink.edge.identity import Papers
from chargelink.edge.identity.enrol import papers
from chargelink.link.enrolment import EnrollRequest, Refusal, RenewRequest
from chargelink.trust.certificates import (
    Authority,
    CertificateError,
    der_of_pem,
    expiry,
    is_issued_by,
    is_signed,
    key_of_pem,
    names_of,
    new_key,
    renewal_time,
    request,
    requested_key,
)
from chargelink.trust.token import PREFIX, Token, TokenError

NOW = 1_763_571_600_000
CA = Authority.new("hub", NOW)
KEY = new_key()
ISSUED = CA.edge_certificate("edge-1", KEY.public_key(), NOW)
TOKEN = Token("edge-1", bytes(range(16)), CA.hash, "https://127.0.0.1:2", "wss://127.0.0.1:1")
PAPERS = papers("edge-1", TOKEN.link, TOKEN.enroll, CA.der, KEY, ISSUED.pem)


def tokens(data: bytes) -> None:
    """A line is a token that is written again as it came, or it is told what is wrong."""
    for line in (data.decode("latin-1"), PREFIX + data.decode("ascii", "ignore")):
        try:
            token = Token.parse(line)
        except TokenError:
            continue
        assert Token.parse(str(token)) == token


def token_seeds() -> list[bytes]:
    return [str(TOKEN).encode(), b"clk1.", str(TOKEN).removeprefix(PREFIX).encode()]


def files(data: bytes) -> None:
    """Papers are read or refused with ValueError, and what they hold is a key and a certificate or told to be none."""
    try:
        read = Papers.decode(data)
    except ValueError:
        return
    assert Papers.decode(read.encode()).edge == read.edge
    for use in (lambda: key_of_pem(read.pem.encode()), lambda: der_of_pem(read.pem)):
        try:
            use()
        except CertificateError:
            continue


def file_seeds() -> list[bytes]:
    return [PAPERS.encode(), PAPERS._replace(pem=ISSUED.pem).encode()]


def certificates(data: bytes) -> None:
    """Bytes of somebody else are a certificate or a request, or CertificateError; and nobody is taken for somebody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a serial number that is negative, and such
        for look in (expiry, renewal_time, names_of, requested_key):
            try:
                look(data)
            except CertificateError:
                continue
        judge(data)


def judge(data: bytes) -> None:
    assert not is_issued_by(data, CA.der) or data in (CA.der, ISSUED.der)
    assert not is_signed(ISSUED.der, data, b"never signed")


def certificate_seeds() -> list[bytes]:
    return [ISSUED.der, CA.der, request(KEY)]


def requests(data: bytes) -> None:
    """What is posted is a request of its shape or refused as no such thing."""
    for shape in (EnrollRequest, RenewRequest, Refusal):
        try:
            asked = msgspec.json.decode(data, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        assert msgspec.json.decode(msgspec.json.encode(asked), type=shape) == asked


def request_seeds() -> list[bytes]:
    enroll = EnrollRequest(edge="edge-1", secret=bytes(16), csr=request(KEY), signing_key=bytes(32))
    renew = RenewRequest(edge="e", fingerprint="00" * 32, csr=b"c", nonce=bytes(56), signature=b"s")
    return [msgspec.json.encode(one) for one in (enroll, renew, Refusal(reason="a", text="b"))]
