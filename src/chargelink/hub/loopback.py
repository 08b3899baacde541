"""Nobody but this machine: the hub listens on 127.0.0.1 alone until there are log-ins and certificates.

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
            "the hub listens on 127.0.0.1 only, as it has no log-ins and no certificates yet, and others may reach {};"
            " leave --host out, and look at it from elsewhere through an SSH tunnel",
            "平台尚无登录与证书，目前只监听 127.0.0.1，而 {} 可能被他人访问；"
            "请去掉 --host，如需从别处查看请使用 SSH 隧道",
        )
        raise CommandError(problem.format(host))
    return ADDRESS


def is_ours(hosts: Sequence[str], origins: Sequence[str], port: int) -> bool:
    """Whether a request, by its Host and Origin headers, is for us and from our own page or no page at all.

    There is one Host (RFC 9112 §3.2) and at most one Origin (RFC 6454 §7).
    """
    ours = {f"{name}:{port}" for name in NAMES}
    return len(hosts) == 1 and {*hosts} <= ours and {*origins} <= {f"http://{name}" for name in ours}
