"""How a link ends: the close codes that are ours (RFC 6455 §7.4.2), with the words for people.

    4001  a newer link of this edge took over
    4400  the certificate is of another edge than the path says
    4401  no certificate
    4403  revoked
    4404  not issued by this hub, or forgotten
    4408  past its end
    4410  a newer certificate took its place

A refusal comes after the websocket's handshake: in the TLS handshake it would be an alert that says nothing. Only a
certificate that another CA signed ends there, without words: TLS hands on no certificate that it cannot check.
"""

from enum import IntEnum
from typing import NamedTuple

LONGEST_REASON = 123  # bytes (RFC 6455 §5.5)


class Close(IntEnum):
    """Close codes of the hub."""

    TAKEN_OVER = 4001
    FOREIGN_ID = 4400
    NO_CERTIFICATE = 4401
    REVOKED = 4403
    UNKNOWN = 4404
    EXPIRED = 4408
    REPLACED = 4410


class Words(NamedTuple):
    """What a code means: the reason that is sent, the same in Chinese."""

    english: str
    chinese: str


WORDS: dict[Close, Words] = {
    Close.TAKEN_OVER: Words("a newer link of this edge took over", "该网关的新连接已接替此连接"),
    Close.FOREIGN_ID: Words("this certificate is of another edge", "该证书属于其他网关"),
    Close.NO_CERTIFICATE: Words("no certificate; enrol this edge", "没有证书；请注册该网关"),
    Close.REVOKED: Words("this certificate was revoked by an operator", "该证书已被运营人员吊销"),
    Close.UNKNOWN: Words("this hub does not know this certificate; enrol again", "平台不认识该证书；请重新注册"),
    Close.EXPIRED: Words("this certificate has expired; renew it", "该证书已过期；请续期"),
    Close.REPLACED: Words("a newer certificate took the place of this one", "该证书已被新证书取代"),
}
