"""TLS 1.3 of the hub's listeners."""

import ssl
from pathlib import Path

from chargelink.hub.identity.refusals import Reason, Refusals
from chargelink.trust.certificates import Authority

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python does not name: the hub judges the time itself and says it in words.
NO_CHECK_TIME = 0x200000


def listener(server_file: Path) -> ssl.SSLContext:
    """For whoever comes. Raises OSError, also for a file that is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # links live for days, and a ticket carries the edge's whole certificate
    context.load_cert_chain(server_file)
    return context


def link_listener(server_file: Path, authority: Authority, refusals: Refusals) -> ssl.SSLContext:
    """For edges: a certificate is asked for and checked against our CA; everything else is judged after the handshake.

    A certificate that TLS refuses is counted. Raises OSError.
    """
    context = listener(server_file)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_STRICT | NO_CHECK_TIME
    context.load_verify_locations(cadata=authority.der)

    class Counting(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except ssl.SSLCertVerificationError:
                refusals.count(Reason.FOREIGN_CA)
                raise

    context.sslobject_class = Counting
    return context
