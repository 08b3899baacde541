"""Nobody but this machine: pages, which have no log-ins yet, and links without certificates are on 127.0.0.1 alone.

A page of another site, open in a browser on this machine, could still reach it; so every request must name us as its
host (a foreign name that resolves to 127.0.0.1 does not) and, when a page sends it, must come from our own page.
"""

from collections.abc import Sequence

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")


def require_loopback(host: str) -> str:
    """The address to listen on. Raises CommandError for any but this machine's own."""
    if host not in NAMES:
        problem = Text(
            "links without certificates are taken on 127.0.0.1 only, and others may reach {}; leave --plain out",
            "不验证证书的连接只能监听 127.0.0.1，而 {} 可能被他人访问；请去掉 --plain",
        )
        raise CommandError(problem.format(host))
    return ADDRESS


def is_ours(hosts: Sequence[str], origins: Sequence[str], port: int) -> bool:
    """Whether a request, by its Host and Origin headers, is for us and from our own page or no page at all.

    There is one Host (RFC 9112 §3.2) and at most one Origin (RFC 6454 §7).
    """
    ours = {f"{name}:{port}" for name in NAMES}
    return len(hosts) == 1 and {*hosts} <= ours and {*origins} <= {f"http://{name}" for name in ours}
