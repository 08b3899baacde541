"""The commands of who is who and of the clock: `chargelink edge enroll`, `identity`, `clock`."""

import argparse
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chargelink.cli.command import CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.edge.arguments import data_argument

ENROLL = Text("become known to a hub, by the token that it gave", "用平台给出的令牌注册本网关")
IDENTITY = Text("who this edge is to its hub, and until when", "查看本网关的身份与证书有效期")
CLOCK = Text("our clock and the system's; believe the system's", "查看本机时钟；改为以系统时钟为准")


def configure_enroll(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "token",
        metavar=str(Text("TOKEN", "令牌")),
        help=str(
            Text(
                "as `chargelink hub edge add` printed it; - reads standard input",
                "平台打印的令牌；- 表示从标准输入读取",
            )
        ),
    )
    data_argument(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help=str(Text("be somebody else from now on: the old key is lost", "改用新身份: 旧密钥将丢失")),
    )


def _require_owner(data: Path) -> None:
    """Raises CommandError where the daemon could not read what we write."""
    if not data.exists() or (owner := data.stat().st_uid) == os.geteuid():
        return
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"#{owner}"
    problem = Text(
        "{0} belongs to {1}, who could not read a key of somebody else; run it as that user: sudo -u {1} ...",
        "{0} 属于用户 {1}，其他用户写入的密钥该用户无法读取；请以该用户运行: sudo -u {1} ...",
    )
    raise CommandError(problem.format(data, name))


def run_enroll(arguments: argparse.Namespace) -> int:
    """Enrol. Raises CommandError."""
    from chargelink.edge import paths
    from chargelink.edge.clock import Clock, last_record
    from chargelink.edge.identity import Drawer, IdentityError
    from chargelink.edge.identity.enrol import enrol
    from chargelink.edge.identity.papers import shown
    from chargelink.edge.ledger import LedgerError, load_key
    from chargelink.trust.token import Token, TokenError

    _require_owner(arguments.data)
    drawer = Drawer(arguments.data)
    if drawer.current.exists() and not arguments.force:
        problem = Text(
            "{} is there: this edge is enrolled; `chargelink edge identity` says as whom, --force begins anew",
            "{} 已存在: 本网关已注册；可用 chargelink edge identity 查看，或用 --force 重新注册",
        )
        raise CommandError(problem.format(drawer.current))
    try:
        token = Token.parse(sys.stdin.readline() if arguments.token == "-" else arguments.token)  # noqa: S105
        arguments.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = load_key(paths.journal_key(arguments.data))
        clock = Clock(last_record(paths.ledger(arguments.data)))
        papers = enrol(token, key.public, clock.now)
        drawer.write(papers)
    except IdentityError as error:
        raise CommandError(str(error.text)) from None
    except TokenError as error:
        raise CommandError(Text("the token: {}", "令牌有误: {}").format(error)) from None
    except (LedgerError, OSError) as error:
        raise CommandError(str(error)) from None
    text = Text(
        "enrolled as {edge} until {until}; certificate {fingerprint}\n"
        'now: [site] id = "{edge}" in the configuration, [hub] url may be left out, then `chargelink edge run CONFIG`;'
        " an edge that runs already connects by itself within minutes, or at once when it is restarted",
        "已注册为 {edge}，有效期至 {until}；证书 {fingerprint}\n"
        '下一步: 在配置中写 [site] id = "{edge}"，[hub] url 可省略，然后执行 chargelink edge run 配置文件；'
        "正在运行的网关将在数分钟内自行连接，重启则立即连接",
    )
    print(text.format(edge=papers.edge, until=shown(papers.expires), fingerprint=papers.fingerprint[:16]))
    return Exit.CLEAN


def run_identity(arguments: argparse.Namespace) -> int:
    """Say who. Raises CommandError when nobody has enrolled it."""
    from chargelink.edge.identity import Drawer, IdentityError
    from chargelink.edge.identity.papers import shown

    drawer = Drawer(arguments.data)
    try:
        papers = drawer.read()
    except IdentityError as error:
        raise CommandError(str(error.text)) from None
    if papers is None:
        problem = Text(
            "{} is not enrolled; on the hub: chargelink hub edge add NAME, then here: chargelink edge enroll TOKEN",
            "{} 尚未注册；请在平台执行 chargelink hub edge add 名称，再于本机执行 chargelink edge enroll 令牌",
        )
        raise CommandError(problem.format(arguments.data))
    lines: dict[Text, Any] = {
        Text("edge", "网关"): papers.edge,
        Text("certificate", "证书"): papers.fingerprint,
        Text("renewed from", "续期开始"): shown(papers.renew_from),
        Text("until", "有效期至"): shown(papers.expires),
        Text("hub", "平台"): papers.link,
        Text("enrolment", "注册地址"): papers.enroll,
    }
    if following := drawer.read_next():
        lines[Text("next certificate", "下一张证书")] = following.fingerprint
    for name, value in lines.items():
        print(f"{name}: {value}")
    return Exit.CLEAN


def configure_clock(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    parser.add_argument(
        "--follow",
        action="store_true",
        help=str(
            Text(
                "set our clock to the system's, also backwards; do it when the system's is right and ours is ahead",
                "以系统时钟为准，可向回拨；仅当系统时钟正确而本机时钟偏快时使用",
            )
        ),
    )


def run_clock(arguments: argparse.Namespace) -> int:
    """Ask a running edge for its clock, or set it. Raises CommandError."""
    from chargelink.edge.clock import shown
    from chargelink.edge.control import ControlError, ask
    from chargelink.edge.paths import control_socket

    try:
        answer = ask(control_socket(arguments.data), "clock", follow=arguments.follow)
    except ControlError as error:
        raise CommandError(str(error)) from None
    text = Text("{}; {} s ahead of the system's", "{}；比系统时钟快 {} 秒")
    print(text.format(shown(answer["now"]), answer["ahead"] // 1000))
    return Exit.CLEAN


Entry = tuple[Text, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int], Example]
COMMANDS: dict[str, Entry] = {
    "enroll": (
        ENROLL,
        configure_enroll,
        run_enroll,
        Example("chargelink edge enroll clk1.lqhnYXJhZ2Ut...", Text("within 30 minutes, once", "30 分钟内，一次有效")),
    ),
    "identity": (
        IDENTITY,
        data_argument,
        run_identity,
        Example("chargelink edge identity --data ./data", Text("the certificate and its end", "证书与有效期")),
    ),
    "clock": (
        CLOCK,
        configure_clock,
        run_clock,
        Example("chargelink edge clock --data ./data", Text("of a running edge", "查看运行中的网关")),
    ),
}
