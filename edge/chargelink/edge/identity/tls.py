"""TLS 1.3 towards the hub.

Our clock is a lower bound of the true time: a gateway whose clock stood still must not refuse a hub that is new. So
`notBefore` is never looked at, and `notAfter` is judged by our clock.
"""

import ssl
from typing import Any

from chargelink.edge.identity.error import IdentityError

NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python does not name
FOREIGN = (18, 19, 20, 21)  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT and those after: not signed by our CA
OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


def client(ca: bytes) -> ssl.SSLContext:
    """Believes what this CA (DER) signed for the name that is called, and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT | NO_CHECK_TIME
    context.load_verify_locations(cadata=ca)
    return context


def require_current(tls: Any, now: int) -> None:
    """Raises IdentityError for the other end's certificate when it has ended by `now` (UTC ms)."""
    until = str((tls.getpeercert() or {}).get("notAfter", ""))
    if not until or ssl.cert_time_to_seconds(until) * 1000 <= now:
        raise IdentityError(
            f"the hub's certificate ended on {until}; restart the hub, or set our clock if it is wrong",
            f"平台证书已于 {until} 过期；请重启平台；若本机时钟有误请校正",
        )


def words_of(error: ssl.SSLCertVerificationError, address: str) -> IdentityError:
    """Why the other end is not believed."""
    if error.verify_code in FOREIGN:
        return IdentityError(
            f"{address} has a certificate of another CA than the hub we are enrolled with: another hub, or somebody in"
            " between; if the hub is new, enrol again",
            f"{address} 的证书不是由已注册平台的 CA 签发: 可能是其他平台或中间人；若平台已更换请重新注册",
        )
    if error.verify_code in OTHER_NAME:
        return IdentityError(
            f"the hub's certificate is not for the name in {address}; start the hub with --name and that name",
            f"平台证书不含 {address} 中的名称；请以 --name 指定该名称启动平台",
        )
    return IdentityError(
        f"the certificate of {address} is not right: {error.verify_message}",
        f"{address} 的证书有误: {error.verify_message}",
    )
