"""A token becomes papers."""

from collections.abc import Callable

from chargelink.edge.identity.error import IdentityError
from chargelink.edge.identity.papers import Papers
from chargelink.edge.identity.reception import Reception
from chargelink.link.enrolment import EnrollRequest
from chargelink.trust.certificates import (
    EDGE_URN,
    CertificateError,
    Key,
    der_of_pem,
    expiry,
    fingerprint,
    is_for,
    is_issued_by,
    key_pem,
    names_of,
    new_key,
    pem_of_der,
    renewal_time,
    request,
)
from chargelink.trust.token import Token

TRIES = 3  # the same request again is harmless: the hub gives the same certificate


def enrol(token: Token, signing_key: bytes, clock: Callable[[], int]) -> Papers:
    """Ask the hub of the token to know us, with `signing_key` under our journal (Ed25519). Raises IdentityError."""
    reception = Reception(token.enroll, clock)
    ca = reception.meet(token.ca)
    key = new_key()
    asked = EnrollRequest(edge=token.edge, secret=token.secret, csr=request(key), signing_key=signing_key)
    chain = _asked(reception, asked)
    return papers(token.edge, token.link, token.enroll, ca, key, chain)


def papers(edge: str, link: str, enroll: str, ca: bytes, key: Key, chain: str) -> Papers:
    """What a hub answered, if it is what was asked for. Raises IdentityError."""
    try:
        der = der_of_pem(chain)
        right = is_issued_by(der, ca) and is_for(der, key) and names_of(der) == {EDGE_URN + edge}
        if not right:
            raise CertificateError("it is for another edge, another key, or of another CA")
        pem = key_pem(key).decode() + pem_of_der(der)
        return Papers(edge, link, enroll, ca, fingerprint(der), renewal_time(der), expiry(der), pem)
    except CertificateError as error:
        raise IdentityError(
            f"the hub gave a certificate that we cannot use: {error}", f"平台签发的证书无法使用: {error}"
        ) from None


def _asked(reception: Reception, asked: EnrollRequest) -> str:
    for _ in range(TRIES - 1):
        try:
            return reception.enroll(asked)
        except IdentityError as error:
            if error.refused:
                raise
    return reception.enroll(asked)
