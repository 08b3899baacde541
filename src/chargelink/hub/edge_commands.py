"""The commands `chargelink hub edge`: which edges may connect. They work on the database, also while the hub runs."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import padded, width
from chargelink.cli.parser import Parser
from chargelink.hub.beside import in_hub
from chargelink.hub.store_options import add_hub

if TYPE_CHECKING:
    from chargelink.hub.identity.registry import Row


ADD = Text("a new edge: prints the token to enrol it with", "添加网关并打印注册令牌")
LIST = Text("every edge, until when its certificate is good, what waits", "列出网关、证书有效期与待批准事项")
REVOKE = Text("let an edge in no more, and cut its link", "吊销网关并切断其连接")
REPLACE = Text("a token for a new gateway in place of an old one", "更换网关硬件: 打印新的注册令牌")
ALLOW = Text("allow what an edge waits for: a late renewal, a new signing key", "批准等待事项: 过期续期、更换签名密钥")

HEADS = (
    Text("EDGE", "网关"),
    Text("CERTIFICATE", "证书"),
    Text("UNTIL", "有效期至"),
    Text("STATE", "状态"),
)
STATES = {
    "revoked": Text("revoked", "已吊销"),
    "waits": Text("waits for you: chargelink hub edge allow {}", "待批准: chargelink hub edge allow {}"),
    "expired": Text("expired", "已过期"),
    "enrolled": Text("enrolled", "已注册"),
    "token": Text("token given, not enrolled yet", "已发令牌，尚未注册"),
    "added": Text("its token expired; add it again", "令牌已过期，请重新添加"),
}


def _named(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        metavar=str(Text("NAME", "名称")),
        help=str(Text("the edge's id, as in its [site]", "网关编号，与其 [site] 中的 id 相同")),
    )
    add_hub(parser)


def _give(arguments: argparse.Namespace, which: str) -> int:
    """Print a token and what to do with it."""
    import msgspec

    from chargelink.hub.clock import now_ms
    from chargelink.hub.identity import authority, registry
    from chargelink.link.quantities import Name
    from chargelink.trust.certificates import CertificateError
    from chargelink.trust.token import Token, new_secret
    from chargelink.wire import DecodeError

    try:
        name = msgspec.convert(arguments.name, Name)
    except msgspec.ValidationError:
        problem = Text(
            "{!r} is no id of an edge: up to 64 letters, digits, . _ : -",
            "{!r} 不能作为网关编号: 最多 64 个字母、数字或 . _ : -",
        )
        raise CommandError(problem.format(arguments.name)) from None
    listening = authority.told(arguments.data)
    if listening is None:
        problem = Text(
            "the token has to say where the hub is, and no hub has told yet; start it: chargelink hub serve --data {}",
            "令牌须写明平台地址，而平台尚未运行过；请先启动: chargelink hub serve --data {}",
        )
        raise CommandError(problem.format(arguments.data))
    secret = new_secret()
    try:
        ca = authority.opened(arguments.data, now_ms())
        give = registry.add if which == "add" else registry.replace
        in_hub(arguments, partial(give, name, secret))
        print(Token(name, secret, ca.hash, listening.enroll, listening.link))
    except (OSError, CertificateError, DecodeError) as error:
        raise CommandError(str(error)) from None
    text = Text(
        "good once, for 30 minutes; on the gateway: chargelink edge enroll TOKEN --data DIR",
        "一次有效，30 分钟内使用；在网关上运行: chargelink edge enroll 令牌 --data 目录",
    )
    print(text, file=sys.stderr)  # so that the token alone can be piped
    return Exit.CLEAN


def run_list(arguments: argparse.Namespace) -> int:
    """Print a table."""
    from datetime import UTC, datetime

    from chargelink.hub.identity.registry import listed

    def cells(row: "Row") -> tuple[str, ...]:
        until = datetime.fromtimestamp(row.expires // 1000, UTC).strftime("%Y-%m-%d") if row.expires else "-"
        return row.edge, row.fingerprint[:16] or "-", until, STATES[row.state].format(row.edge)

    rows = [tuple(map(str, HEADS)), *map(cells, in_hub(arguments, listed))]
    wide = [max(width(row[column]) for row in rows) for column in range(len(HEADS))]
    for row in rows:
        print("  ".join(padded(cell, columns) for cell, columns in zip(row, wide, strict=True)).rstrip())
    return Exit.CLEAN


def run_revoke(arguments: argparse.Namespace) -> int:
    """End all certificates of an edge."""
    from chargelink.hub.identity.registry import revoke

    count = in_hub(arguments, partial(revoke, arguments.name))
    text = Text(
        "{} is let in no more ({} certificates ended); a running hub cuts its link within seconds",
        "{} 已吊销（终止证书 {} 张）；运行中的平台将在数秒内切断其连接",
    )
    print(text.format(arguments.name, count))
    return Exit.CLEAN


def run_allow(arguments: argparse.Namespace) -> int:
    """Allow what waits."""
    from chargelink.hub.identity.registry import allow

    words = {"renewal": Text("renewal", "续期"), "signing-key": Text("new signing key", "新签名密钥")}
    allowed = ", ".join(str(words[what]) for what in in_hub(arguments, partial(allow, arguments.name)))
    print(
        Text("{} allowed: {}; the edge asks again by itself", "{} 已批准: {}；网关会自动重试").format(
            arguments.name, allowed
        )
    )
    return Exit.CLEAN


Entry = tuple[Text, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int], Example]
COMMANDS: dict[str, Entry] = {
    "add": (
        ADD,
        _named,
        partial(_give, which="add"),
        Example("chargelink hub edge add garage-1 --data ./hub", Text("then on the gateway", "随后在网关上注册")),
    ),
    "list": (
        LIST,
        add_hub,
        run_list,
        Example("chargelink hub edge list --data ./hub", Text("who may connect", "查看可接入的网关")),
    ),
    "revoke": (
        REVOKE,
        _named,
        run_revoke,
        Example("chargelink hub edge revoke garage-1 --data ./hub", Text("a stolen gateway", "网关失窃时使用")),
    ),
    "replace": (
        REPLACE,
        _named,
        partial(_give, which="replace"),
        Example(
            "chargelink hub edge replace garage-1 --data ./hub",
            Text("the old one works until the new one is enrolled", "新网关注册前旧网关继续可用"),
        ),
    ),
    "allow": (
        ALLOW,
        _named,
        run_allow,
        Example("chargelink hub edge allow garage-1 --data ./hub", Text("after a look who asks", "核实后批准")),
    ),
}


def load(name: str) -> Command:
    """One of the commands below `hub edge`."""
    summary, configure_one, run_one, example = COMMANDS[name]
    return Command(name, summary, configure_one, run_one, (example,))


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, row[0], partial(load, name)) for name, row in COMMANDS.items())


COMMAND = Command(
    name="edge",
    summary=Text("which edges may connect", "哪些边缘网关可以接入"),
    configure=configure,
    run=None,
    examples=(
        Example("chargelink hub edge add garage-1 --data ./hub", Text("a token for a new one", "为新网关生成令牌")),
        Example("chargelink hub edge list --data ./hub", Text("who may connect", "查看可接入的网关")),
    ),
)
