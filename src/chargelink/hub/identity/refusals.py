"""Every way to be refused at the enrolment listener, in words, and how often it happened."""

from collections import Counter
from enum import StrEnum
from http import HTTPStatus

from chargelink.cli.language import Text

LONGEST = 400  # characters


class Reason(StrEnum):
    """Why somebody was refused."""

    BAD_REQUEST = "bad-request"
    EXPIRED_TOKEN = "expired-token"  # noqa: S105 - a reason, no secret
    FOREIGN_CA = "foreign-ca"
    NOT_ADDED = "not-added"
    REPLAYED = "replayed"
    REVOKED = "revoked"
    TOO_MANY = "too-many-tries"
    UNKNOWN_CERTIFICATE = "unknown-certificate"
    USED_TOKEN = "used-token"  # noqa: S105
    WRONG_PROOF = "wrong-proof"
    WRONG_SECRET = "wrong-secret"  # noqa: S105


# A wrong secret and an edge that nobody added sound alike: who asks from outside learns no names of edges.
NO_TOKEN = Text(
    "no token that was given for this edge has this secret; make a new one with `chargelink hub edge add`",
    "没有与该网关和密钥相符的令牌；请用 chargelink hub edge add 重新生成",
)
WORDS = {
    Reason.BAD_REQUEST: Text("the request is not as it should be: {}", "请求不符合要求: {}"),
    Reason.EXPIRED_TOKEN: Text(
        "this token has expired: each is good for 30 minutes; make a new one with `chargelink hub edge add`",
        "令牌已过期: 有效期 30 分钟；请用 chargelink hub edge add 重新生成",
    ),
    Reason.FOREIGN_CA: Text("a certificate of another CA", "证书由其他 CA 签发"),
    Reason.NOT_ADDED: NO_TOKEN,
    Reason.REPLAYED: Text(
        "this was said before: every proof is good once; ask for a new nonce", "该证明已用过: 每次须重新获取随机数"
    ),
    Reason.REVOKED: Text(
        "this edge was revoked; `chargelink hub edge replace` lets it in again",
        "该网关已被吊销；可用 chargelink hub edge replace 重新接入",
    ),
    Reason.TOO_MANY: Text("too many wrong tries; wait {} s", "错误次数过多；请等待 {} 秒"),
    Reason.UNKNOWN_CERTIFICATE: Text(
        "this hub did not issue this certificate to this edge, or it was ended; enrol again",
        "该证书不是平台签发给该网关的，或已终止；请重新注册",
    ),
    Reason.USED_TOKEN: Text(
        "this token was used: each is good once; if that was not you, revoke the edge and make a new one",
        "令牌已被使用: 每个只能用一次；若非本人所为，请吊销该网关并重新生成令牌",
    ),
    Reason.WRONG_PROOF: Text("the signature is not by the key of this certificate", "签名与该证书的密钥不符"),
    Reason.WRONG_SECRET: NO_TOKEN,
}
STATUS = {Reason.BAD_REQUEST: HTTPStatus.BAD_REQUEST, Reason.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS}


class RefusedError(Exception):
    """Somebody is not let in; `fill` stands in the words."""

    def __init__(self, reason: Reason, *fill: object) -> None:
        super().__init__(reason.value, *fill)
        self.reason = reason
        self.fill = fill

    @property
    def english(self) -> str:
        """The words in English."""
        return WORDS[self.reason].english.format(*self.fill)[:LONGEST]

    @property
    def chinese(self) -> str:
        """The words in Chinese."""
        return WORDS[self.reason].chinese.format(*self.fill)[:LONGEST]


class Refusals:
    """How often who was refused since the hub started, by the word of the reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, reason: str) -> None:
        """One more."""
        self.counts[reason] += 1
