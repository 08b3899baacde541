"""The commands `chargelink edge price ...` and `trust-tariff-key`: prices shown, set on site, and their past."""

import argparse
import base64
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import padded
from chargelink.cli.parser import Parser
from chargelink.edge.arguments import asked, data_argument, local, moment
from chargelink.edge.commands import PRICE, TRUST

if TYPE_CHECKING:
    from chargelink.model import Tariff
    from chargelink.model.tariff import PeriodName

STEPS = 100_000  # of a price in a yuan
HIGHEST = 10_000  # yuan: more is a slip of the pen
TIME = "([01][0-9]|2[0-3]):([0-5][0-9])"
PART = re.compile(f"(high|low)={TIME}-{TIME}")
SHOW = Text("the price in words, as it is now", "以文字显示当前价格")
AT = Text("the price in words at a time, past or to come", "过去或将来某时的价格")
LIST = Text("every tariff that this edge holds, the newest first", "本网关保存的全部资费，最新在前")
SET = Text("set a price on site, from now on", "现场设置价格，立即生效")
HOURS = Text("in which periods a device may charge", "设备允许充电的时段")
SOURCES = {"hub": Text("hub", "平台"), "screen": Text("set on site", "现场"), "file": Text("configuration", "配置")}
SCREEN = "screen"  # the id of what is set by --high, --flat, --low
LEVELS: dict[str, "PeriodName"] = {"high": "peak", "flat": "flat", "low": "valley"}


def _device(parser: argparse.ArgumentParser, *, many: bool = False) -> None:
    parser.add_argument(
        "device",
        nargs="*" if many else "?",
        metavar=str(Text("DEVICE", "设备")),
        help=str(Text("gun or socket; all if left out", "充电枪或插座；省略为全部")),
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=str(Text("for programs", "供程序使用")))


def configure_show(parser: argparse.ArgumentParser) -> None:
    _device(parser)
    data_argument(parser)
    _json(parser)
    parser.set_defaults(at=None)


def configure_at(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "at",
        type=moment,
        metavar=str(Text("TIME", "时间")),
        help=str(Text("2026-09-21T18:00, in UTC+8", "例如 2026-09-21T18:00，北京时间")),
    )
    _device(parser)
    data_argument(parser)
    _json(parser)


def run_show(arguments: argparse.Namespace) -> int:
    """Print the price of a device, or of each: unit, periods, hotline, and which tariff says so."""
    from chargelink.edge.price_control import document_of
    from chargelink.tariff import quote

    answer = asked(arguments, "quote", device=arguments.device, at=arguments.at)
    shown: list[dict[str, Any]] = []
    for price in answer["prices"]:
        tariff = document_of(price)
        lines = [*quote(tariff, answer["at"]), *_hours(price["periods"])]
        shown.append(
            {
                "device": price["device"],
                "at": answer["at"],
                "hash": price["hash"],
                "tariff": tariff.id,
                "version": tariff.version,
                "periods": price["periods"],
                "lines": [{"en": line.english, "zh": line.chinese} for line in lines],
            }
        )
        if not arguments.json:
            name = Text("{} at {}: {} version {}", "{} {}：{} 版本 {}")
            print(name.format(price["device"], local(answer["at"]), tariff.name or tariff.id, tariff.version))
            print("\n".join(f"  {line}" for line in lines))
    if arguments.json:
        print(json.dumps(shown, ensure_ascii=False))
    return Exit.CLEAN


def _hours(periods: list[str]) -> Iterator[Text]:
    from chargelink.tariff.words import PERIODS

    if periods:
        names = [PERIODS[name] for name in PERIODS if name in periods]
        english, chinese = ", ".join(name.english for name in names), "、".join(name.chinese for name in names)
        yield Text(f"charges begin in these periods only: {english}", f"仅在以下时段开始充电：{chinese}")


def configure_list(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    _json(parser)


def run_list(arguments: argparse.Namespace) -> int:
    """Print what is held, with its hash, source, signer and the time from which it is valid."""
    answer = asked(arguments, "prices")
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
        return Exit.CLEAN
    for held in answer["tariffs"]:
        print("  ".join(_row(held)).rstrip())
    key = answer["trusted"] or Text("none yet: the first that the link brings", "尚无：以链路首次收到的为准")
    print(Text("the hub's tariffs are signed by {}", "平台资费签名公钥 {}").format(key))
    return Exit.CLEAN


def _row(held: Mapping[str, Any]) -> Iterator[str]:
    yield held["hash"]
    yield padded(f"{held['id']} {held['version']}", 20)
    yield padded(str(SOURCES.get(held["source"], held["source"])), 14)
    begins = held["validFrom"] or held["adoptedAt"]
    yield Text("from {}", "自 {}").format(local(max(begins, held["adoptedAt"])))
    if held["until"] is not None:
        yield Text("until {}", "至 {}").format(local(held["until"]))
    yield ", ".join(held["devices"])
    if held["signer"]:
        yield Text("signed by {}", "签名 {}").format(held["signer"][:16])


def configure_set(parser: argparse.ArgumentParser) -> None:
    _device(parser, many=True)
    parser.add_argument(
        "--file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("a tariff as in the configuration (TOML)", "资费文件，与配置相同 (TOML)")),
    )
    for level, name in (("high", "高峰"), ("flat", "平段"), ("low", "低谷")):
        parser.add_argument(
            f"--{level}",
            type=_price,
            metavar="YUAN",
            help=str(Text(f"electricity fee of the {level} periods, per kWh", f"{name}时段电费，每 kWh")),
        )
    parser.add_argument(
        "--service", type=_price, default=0, metavar="YUAN", help=str(Text("service fee per kWh", "服务费，每 kWh"))
    )
    parser.add_argument(
        "--periods",
        default="",
        metavar="high=HH:MM-HH:MM,...",
        help=str(Text("when it is high and low; flat is the rest", "高峰与低谷时段；其余为平段")),
    )
    parser.add_argument("--hotline", default="", help=str(Text("whom to call", "服务热线")))
    parser.add_argument("--yes", action="store_true", help=str(Text("do not ask", "不再询问")))
    data_argument(parser)


def run_set(arguments: argparse.Namespace) -> int:
    """Show the price as it will be, ask, set it; print its hash. Raises CommandError."""
    import sys

    import msgspec

    from chargelink.edge.start_command import agreed
    from chargelink.model import body_of
    from chargelink.tariff import quote

    now = asked(arguments, "clock")["now"]
    tariff = _of_file(arguments.file) if arguments.file else _of_levels(arguments, _next_version(arguments))
    tariff = msgspec.structs.replace(tariff, valid_from=max(tariff.valid_from, now))
    for line in quote(tariff, tariff.valid_from):
        print(line, file=sys.stderr)
    if not (arguments.yes or agreed()):
        raise CommandError(str(Text("nothing was set", "未设置")))
    document = base64.b64encode(body_of(tariff)).decode()
    print(asked(arguments, "set-price", document=document, devices=arguments.device)["hash"])
    return Exit.CLEAN


def _of_file(path: Path) -> "Tariff":
    """The tariff of a file. Raises CommandError."""
    from chargelink.edge.config import ConfigError, tariff_of

    try:
        return tariff_of(path)
    except ConfigError as error:
        raise CommandError(str(error)) from None


def _next_version(arguments: argparse.Namespace) -> int:
    held = asked(arguments, "prices")["tariffs"]
    return 1 + max((one["version"] for one in held if one["id"] == SCREEN), default=0)


def _of_levels(arguments: argparse.Namespace, version: int) -> "Tariff":
    """The tariff that --high, --flat, --low and --periods say. Raises CommandError."""
    from chargelink.model import Period, Tariff

    prices = {level: getattr(arguments, level) for level in LEVELS}
    try:
        pieces = day(arguments.periods)
    except ValueError as error:
        raise CommandError(str(error)) from None
    if missing := [level for level, _, _ in pieces if prices[level] is None]:
        raise CommandError(Text("say the price: --{}", "请给出价格: --{}").format(missing[0]))
    periods = tuple(
        Period(start=start, end=end, name=LEVELS[level], energy_price=prices[level], service_price=arguments.service)
        for level, start, end in pieces
    )
    return Tariff(id=SCREEN, version=version, periods=periods, hotline=arguments.hotline)


def day(text: str) -> list[tuple[str, str, str]]:
    """The day that "high=08:00-11:00,low=23:00-07:00" cuts: level, start and end of each piece; flat is the rest.

    Raises ValueError with words for people.
    """
    levels = ["flat"] * 1440
    for part in filter(None, text.split(",")):
        match = PART.fullmatch(part.strip())
        if match is None:
            problem = Text("{!r} is no period, such as high=08:00-11:00", "{!r} 不是时段，例如 high=08:00-11:00")
            raise ValueError(problem.format(part))
        start, end = (int(hours) * 60 + int(minutes) for hours, minutes in (match.group(2, 3), match.group(4, 5)))
        for minute in range(start, end if start < end else end + 1440):
            if levels[minute % 1440] != "flat":
                taken = Text("{} is in two periods", "{} 处于两个时段").format(_clock(minute % 1440))
                raise ValueError(taken)
            levels[minute % 1440] = match[1]
    cuts = [0, *(minute for minute in range(1, 1440) if levels[minute] != levels[minute - 1]), 1440]
    return [(levels[start], _clock(start), _clock(end)) for start, end in pairwise(cuts)]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _price(text: str) -> int:
    """1/100 000 yuan. Raises argparse.ArgumentTypeError."""
    try:
        value = Decimal(text) * STEPS
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 <= value <= HIGHEST * STEPS and value == int(value)):
        problem = Text("{!r} is no price in yuan, such as 0.65", "{!r} 不是价格（元），例如 0.65")
        raise argparse.ArgumentTypeError(problem.format(text))
    return int(value)


def configure_hours(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar=str(Text("DEVICE", "设备")), help=str(Text("gun or socket", "充电枪或插座")))
    chosen = parser.add_mutually_exclusive_group()
    names = "sharp,peak,flat,valley,deep-valley"
    chosen.add_argument(
        "--allow",
        metavar="PERIODS",
        help=str(Text(f"only in these, of {names}", f"仅在这些时段，可选 {names}")),
    )
    chosen.add_argument("--always", action="store_true", help=str(Text("in every period", "任何时段")))
    data_argument(parser)


def run_hours(arguments: argparse.Namespace) -> int:
    """Say or set in which periods a charge may begin."""
    wanted: list[str] | None = [] if arguments.always else None
    if arguments.allow is not None:
        wanted = [name.strip() for name in arguments.allow.split(",")]
    periods = asked(arguments, "hours", device=arguments.device, periods=wanted)["periods"]
    lines = [*_hours(periods)] or [Text("charges begin in every period", "任何时段均可开始充电")]
    for line in lines:
        print(f"{arguments.device}: {line}")
    return Exit.CLEAN


def configure_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "key",
        metavar=str(Text("HEX", "公钥")),
        help=str(Text("64 hexadecimal digits, as the hub shows them", "64 位十六进制，见平台")),
    )
    data_argument(parser)


def run_trust(arguments: argparse.Namespace) -> int:
    """Believe the key, and no other."""
    new = asked(arguments, "trust-tariff-key", key=arguments.key.lower())["new"]
    said = Text("believed from now on", "已信任") if new else Text("is believed already", "此前已信任")
    print(f"{arguments.key.lower()} {said}")
    return Exit.CLEAN


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(one.name, one.summary, partial(_command, one.name)) for one in COMMANDS)


def _command(name: str) -> Command:
    return next(one for one in COMMANDS if one.name == name)


COMMANDS = (
    Command(
        "show",
        SHOW,
        configure_show,
        run_show,
        (Example("chargelink edge price show gun-1", Text("what a start costs now", "当前启动的价格")),),
    ),
    Command(
        "at",
        AT,
        configure_at,
        run_show,
        (
            Example(
                "chargelink edge price at 2026-09-21T18:00 gun-1",
                Text("by what this edge had then", "按本网关当时保存的资费"),
            ),
        ),
    ),
    Command(
        "list",
        LIST,
        configure_list,
        run_list,
        (Example("chargelink edge price list --json", Text("with hash, source and signer", "含哈希、来源与签名")),),
    ),
    Command(
        "set",
        SET,
        configure_set,
        run_set,
        (
            Example(
                "chargelink edge price set gun-1 --high 1.20 --flat 0.80 --low 0.40 --service 0.40 "
                "--periods high=08:00-11:00,high=18:00-21:00,low=23:00-07:00",
                Text("three levels; it holds until a newer one begins", "三级电价；直到更新的资费生效"),
            ),
            Example("chargelink edge price set --file tariff.toml", Text("for every device", "用于全部设备")),
        ),
    ),
    Command(
        "hours",
        HOURS,
        configure_hours,
        run_hours,
        (Example("chargelink edge price hours gun-1 --allow flat,valley", Text("never at peak", "高峰不充电")),),
    ),
)
COMMAND = Command(
    name="price",
    summary=PRICE,
    configure=configure,
    run=None,
    examples=(Example("chargelink edge price show", Text("at every device, now", "全部设备的当前价格")),),
)
TRUST_COMMAND = Command(
    name="trust-tariff-key",
    summary=TRUST,
    configure=configure_trust,
    run=run_trust,
    examples=(
        Example(
            "chargelink edge trust-tariff-key 4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29",
            Text("when the hub has a new one", "平台更换公钥后"),
        ),
    ),
)
