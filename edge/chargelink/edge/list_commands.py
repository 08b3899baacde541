"""The commands `chargelink edge lists` and `unlock-card`: what an edge holds to decide by, and who may try again."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from chargelink.cli.command import Example, Exit
from chargelink.cli.language import Text
from chargelink.edge.arguments import asked, data_argument, local

LISTS = Text("who may charge without the hub: list, allowances, locked PINs", "离线鉴权数据: 本地名单、额度、密码锁定")
UNLOCK = Text("let the PIN of a card be tried again", "解锁密码输错的卡")

KINDS = {"card": "卡", "account": "账户", "vin": "车辆", "voucher": "充电券"}


def configure_lists(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    parser.add_argument(
        "--json", action="store_true", help=str(Text("one JSON object, for programs", "输出一个 JSON 对象，供程序使用"))
    )


def run_lists(arguments: argparse.Namespace) -> int:
    """Print what a running edge holds."""
    held = asked(arguments, "lists")
    if arguments.json:
        import json

        print(json.dumps(held, ensure_ascii=False))
    else:
        print("\n".join(lines(held)))
    return Exit.CLEAN


def lines(held: Mapping[str, Any]) -> Iterator[str]:
    """The lines for people."""
    yield from _list(held["list"])
    if not held["clockTrusted"]:
        yield str(
            Text(
                "the clock is not trusted: no allowance and no pass is honoured until the hub, NTP or a person sets it",
                "时钟不可信：在平台、NTP 或人工校准前，不使用额度和包月",
            )
        )
    if not held["leases"]:
        yield str(Text("no allowance", "无额度"))
    for lease in held["leases"]:
        yield _lease(lease)
    for locked in held["locked"]:
        words = Text("locked after five wrong PINs: {} since {}", "密码连错五次已锁定：{}，自 {}")
        yield words.format(locked["token"], local(locked["since"]))


def _list(local: Mapping[str, Any]) -> Iterator[str]:
    kinds = ", ".join(f"{count} {Text(kind, KINDS.get(kind, kind))}" for kind, count in local["entries"].items())
    if local["version"] or local["entries"]:
        words = Text("local list, version {}: {}; {} blocked", "本地名单，版本 {}：{}；停用 {}")
        yield words.format(local["version"], kinds or Text("nobody", "无"), local["blocked"])
    else:
        yield str(Text("no local list: without the hub nobody is known", "无本地名单：平台未连接时无法识别任何人"))
    if not local["whole"] and local["entries"]:
        yield str(
            Text(
                "restored from a backup: passes and vouchers wait for a new list of the hub",
                "由备份恢复：包月与充电券须等待平台下发新名单",
            )
        )
    if local["coming"] is not None:
        yield Text("version {} is coming in parts", "版本 {} 正在分批下发").format(local["coming"])


def _lease(lease: Mapping[str, Any]) -> str:
    amount, spent, reserved = (lease[name] / 100 for name in ("amount", "spent", "reserved"))
    words = Text(
        "allowance {} of {}: {:.2f} yuan, {:.2f} spent, {:.2f} held by charges; until {}{}",
        "额度 {}，账户 {}：{:.2f} 元，已用 {:.2f}，占用 {:.2f}；至 {}{}",
    )
    withdrawn = Text(" (withdrawn)", " (已收回)") if lease["withdrawn"] else ""
    return words.format(lease["id"], lease["account"], amount, spent, reserved, local(lease["until"]), withdrawn)


def configure_unlock(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    parser.add_argument("number", metavar=str(Text("NUMBER", "卡号")), help=str(Text("as on the card", "卡面号码")))
    parser.add_argument(
        "--account", action="store_true", help=str(Text("it is an account, not a card", "这是账户而非卡号"))
    )


def run_unlock(arguments: argparse.Namespace) -> int:
    """Let it be tried again. Raises CommandError for one that the edge does not know."""
    kind = "account" if arguments.account else "card"
    unlocked = asked(arguments, "unlock", kind=kind, token=arguments.number)["unlocked"]
    done = Text("its PIN may be tried again", "可重新输入密码")
    print(done if unlocked else Text("no try was counted", "没有错误记录"))
    return Exit.CLEAN


COMMANDS = {
    "lists": (
        LISTS,
        configure_lists,
        run_lists,
        Example("chargelink edge lists --data ./data", Text("of a running edge", "查看运行中的网关")),
    ),
    "unlock-card": (
        UNLOCK,
        configure_unlock,
        run_unlock,
        Example("chargelink edge unlock-card 62148301", Text("after five wrong PINs", "密码连错五次后")),
    ),
}
