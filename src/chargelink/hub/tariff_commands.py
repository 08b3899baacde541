"""The commands `chargelink hub tariff`: publish a tariff, see which edge holds what. They work while the hub runs."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chargelink.cli.china import CHINA
from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import columns
from chargelink.cli.parser import Parser
from chargelink.hub.beside import in_hub
from chargelink.hub.commands import TARIFF as SUMMARY
from chargelink.hub.store_options import add_data, add_hub
from chargelink.hub.tariff_file import Cost, above_cost, cost, read

if TYPE_CHECKING:
    from chargelink.hub.services.tariff_list import Sent
    from chargelink.model import Tariff

LAST = 253_370_764_800  # s: the year 9999, as far as a calendar goes

PUBLISH = Text("sign a version, keep it for ever, send it to edges", "签署并永久保存一个资费版本，下发到网关")
LIST = Text("every version that was published", "列出已发布的资费版本")
SHOW = Text("what a published version means, in words or as its document", "以文字或文档显示已发布的资费")
CHECK = Text(
    "whether a file could be published, and sells no electricity above cost", "检查资费文件能否发布、电价是否加价"
)
SENT = Text("which edge holds which tariff, refusals and drift", "各网关持有的资费、拒绝与偏差")

KEY = Text(
    "the key that edges believe: for `tariff_key` of their configuration", "资费签名公钥，用于网关配置 tariff_key"
)

STATES = {
    "held": Text("held", "已持有"),
    "refused": Text("refused: {}", "已拒绝: {}"),
    "lost": Text("lost, is sent again", "已丢失，将重新下发"),
    "foreign": Text("not published by this hub", "非本平台发布"),
    "waiting": Text("waits for the edge", "等待网关"),
    "superseded": Text("superseded", "已被新版本取代"),
}
TROUBLE = ("refused", "lost", "foreign")


def moment(text: str) -> int:
    """`2026-03-01` or `2026-03-01T08:00` in UTC+8, or with an offset of its own, as UTC ms. Raises ValueError."""
    time = datetime.fromisoformat(text)
    at = int((time if time.tzinfo else time.replace(tzinfo=CHINA)).timestamp()) * 1000
    if at < 0:
        raise ValueError(text)
    return at


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("the tariff; see docs/tariffs.md", "资费文件，见 docs/tariffs.md")),
    )
    parser.add_argument(
        "--cost",
        type=cost,
        action="append",
        default=[],
        metavar=str(Text("[PERIOD=]YUAN", "[时段=]元")),
        help=str(
            Text(
                "what a kWh costs you, in all periods or in one, as peak=0.95; warns of electricity sold above that",
                "购电成本 (元/kWh)，可按时段给出，例如 peak=0.95；电价高于成本时提示",
            )
        ),
    )
    add_hub(parser)


def configure_publish(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    parser.add_argument(
        "--edge",
        action="append",
        default=[],
        metavar="ID",
        help=str(Text("for this edge; may be given again (default: for all)", "下发到该网关，可多次给出 (默认: 全部)")),
    )
    parser.add_argument(
        "--device",
        action="append",
        default=[],
        metavar="ID",
        help=str(Text("at this device of the edges alone; may be given again", "仅用于网关上的该设备，可多次给出")),
    )
    parser.add_argument(
        "--valid-from",
        type=moment,
        metavar=str(Text("TIME", "时间")),
        help=str(
            Text(
                "sessions may begin under it from then on, as 2026-03-01T00:00 in UTC+8 (default: as the file says)",
                "自该时刻起的充电适用，例如 2026-03-01T00:00 (北京时间；默认: 以文件为准)",
            )
        ),
    )


def configure_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        metavar=str(Text("NAME", "名称")),
        help=str(Text("its id, id@version, or first digits of its hash", "资费编号、编号@版本，或哈希前几位")),
    )
    add_hub(parser)
    _json(parser)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=str(Text("for programs", "供程序读取的 JSON")))


def configure_list(parser: argparse.ArgumentParser) -> None:
    add_hub(parser)
    _json(parser)


def configure_sent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--edge", metavar="ID", help=str(Text("at this edge alone", "仅该网关")))
    configure_list(parser)


def _warned(tariff: "Tariff", costs: Sequence[Cost]) -> bool:
    """Say what is sold above cost."""
    warnings = above_cost(tariff, costs)
    for warning in warnings:
        print(warning, file=sys.stderr)
    return bool(warnings)


def run_publish(arguments: argparse.Namespace) -> int:
    """Publish, and say to whom. Raises CommandError."""
    import msgspec

    from chargelink.hub.identity.tariff_key import opened
    from chargelink.hub.services import tariffs
    from chargelink.link.quantities import Name
    from chargelink.wire import ChargelinkError

    tariff = read(arguments.file)
    if arguments.valid_from is not None:
        tariff = msgspec.structs.replace(tariff, valid_from=arguments.valid_from)
    if arguments.device and not arguments.edge:
        raise CommandError(Text("--device is a device of which --edge?", "--device 属于哪个网关？请给出 --edge"))
    try:
        edges, devices = (msgspec.convert(names, tuple[Name, ...]) for names in (arguments.edge, arguments.device))
    except msgspec.ValidationError as error:
        raise CommandError(Text("no id of an edge or device: {}", "网关或设备编号不可用: {}").format(error)) from None
    aim = tariffs.Aim(tuple(sorted({*edges})), tuple(sorted({*devices})))

    async def publish(now: int) -> str:
        row = await tariffs.publish(tariff, aim, opened(arguments.data), now)
        return row.hash

    try:
        digest = in_hub(arguments, publish)
    except (tariffs.PublishError, ChargelinkError, OSError) as error:
        raise CommandError(str(error)) from None
    warned = _warned(tariff, arguments.cost)
    print(
        Text(
            "{}@{} is published ({}); a running hub sends it within seconds, see `chargelink hub tariff sent`",
            "{}@{} 已发布 ({})；运行中的平台将在数秒内下发，可用 chargelink hub tariff sent 查看",
        ).format(tariff.id, tariff.version, digest[:12])
    )
    return Exit.DEFECTS if warned else Exit.CLEAN


def run_list(arguments: argparse.Namespace) -> int:
    """Print a table, or JSON."""
    import msgspec

    from chargelink.hub.services.tariff_list import listed

    rows = in_hub(arguments, listed)
    if arguments.json:
        print(msgspec.json.encode([row._asdict() for row in rows]).decode())
        return Exit.CLEAN
    heads = [Text("TARIFF", "资费"), Text("HASH", "哈希"), Text("VALID FROM", "生效"), Text("EDGES", "网关")]
    cells = [
        [
            f"{row.tariff}@{row.version}",
            row.hash[:12],
            shown(row.valid_from) if row.valid_from else str(Text("at once", "立即")),
            ", ".join(row.edges) or str(Text("all", "全部")),
        ]
        for row in rows
    ]
    print("\n".join(columns([[*map(str, heads)], *cells])))
    return Exit.CLEAN


def run_show(arguments: argparse.Namespace) -> int:
    """Print what it means, or its document. Raises CommandError for one that is not there."""
    import msgspec

    from chargelink.hub.services.tariff_list import found
    from chargelink.model import Tariff, content_of
    from chargelink.tariff.meaning import explain

    row = in_hub(arguments, lambda _: found(arguments.name))
    if row is None:
        problem = Text(
            "no published tariff is called {}; see `chargelink hub tariff list`",
            "没有名为 {} 的已发布资费，可用 chargelink hub tariff list 查看",
        )
        raise CommandError(problem.format(arguments.name))
    tariff = content_of("tariff", row.document)
    assert isinstance(tariff, Tariff)
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(tariff), indent=2).decode())
    else:
        print("\n".join(map(str, explain(tariff))))
    return Exit.CLEAN


def run_check(arguments: argparse.Namespace) -> int:
    """Say whether it could be published. Raises CommandError where it could not."""
    from chargelink.hub.services import tariffs

    tariff = read(arguments.file)
    try:
        news = in_hub(arguments, partial(_publishable, tariff))
    except tariffs.PublishError as error:
        raise CommandError(str(error)) from None
    warned = _warned(tariff, arguments.cost)
    said = (
        Text("{}@{} can be published", "{}@{} 可以发布")
        if news
        else Text("{}@{} is published already, the very same", "{}@{} 已发布，内容相同")
    )
    print(said.format(tariff.id, tariff.version))
    return Exit.DEFECTS if warned else Exit.CLEAN


async def _publishable(tariff: "Tariff", _: int) -> bool:
    from chargelink.hub.services import tariffs

    return await tariffs.require_publishable(tariff)


def run_sent(arguments: argparse.Namespace) -> int:
    """Print who holds what; exit code 1 where something was refused, lost or is none of ours."""
    import msgspec

    from chargelink.hub.services import tariff_list

    async def look(now: int) -> tuple[list["Sent"], list[tariff_list.Adopted]]:
        return await tariff_list.sent(now, arguments.edge), await tariff_list.adopted(arguments.edge)

    rows, adopted = in_hub(arguments, look)
    if arguments.json:
        both = {"sent": [row._asdict() for row in rows], "adopted": [row._asdict() for row in adopted]}
        print(msgspec.json.encode(both).decode())
    else:
        heads = [Text("EDGE", "网关"), Text("TARIFF", "资费"), Text("SINCE", "时间"), Text("STATE", "状态")]
        print("\n".join(columns([[*map(str, heads)], *map(_cells, rows)])))
    return Exit.DEFECTS if any(row.state in TROUBLE for row in rows) else Exit.CLEAN


def run_key(arguments: argparse.Namespace) -> int:
    """Print the public key, 64 hexadecimal digits. Raises CommandError."""
    from chargelink.hub.identity.tariff_key import opened
    from chargelink.wire import ChargelinkError

    try:
        print(opened(arguments.data).public.hex())
    except (ChargelinkError, OSError) as error:
        raise CommandError(str(error)) from None
    return Exit.CLEAN


def _cells(row: "Sent") -> list[str]:
    state = STATES[row.state].format(row.reason)
    if row.drifts:
        state += Text(" (lost {} times)", "（丢失 {} 次）").format(row.drifts)
    name = f"{row.tariff}@{row.version}" if row.tariff else row.hash[:12]
    return [row.edge, name, shown(row.since) if row.since else "-", state]


def shown(at: int) -> str:
    """UTC ms as a time in China."""
    return datetime.fromtimestamp(min(at / 1000, LAST), CHINA).strftime("%Y-%m-%d %H:%M")


Configure = Callable[[argparse.ArgumentParser], None]
Entry = tuple[Text, Configure, Callable[[argparse.Namespace], int], tuple[Example, ...]]
COMMANDS: dict[str, Entry] = {
    "publish": (
        PUBLISH,
        configure_publish,
        run_publish,
        (
            Example(
                "chargelink hub tariff publish night.toml --data ./hub --cost 0.65",
                Text("for all edges; warns of electricity above 0.65 yuan/kWh", "下发全部网关；电价高于 0.65 元时提示"),
            ),
            Example(
                "chargelink hub tariff publish night.toml --data ./hub --edge garage-1 --device gun-1"
                " --valid-from 2026-03-01T00:00",
                Text("one gun, from 1 March", "仅一把枪，3 月 1 日起"),
            ),
        ),
    ),
    "list": (
        LIST,
        configure_list,
        run_list,
        (Example("chargelink hub tariff list --data ./hub", Text("newest version first", "最新版本在前")),),
    ),
    "show": (
        SHOW,
        configure_name,
        run_show,
        (Example("chargelink hub tariff show night@3 --data ./hub", Text("version 3", "第 3 版")),),
    ),
    "check": (
        CHECK,
        _file,
        run_check,
        (
            Example(
                "chargelink hub tariff check night.toml --data ./hub --cost peak=0.95 --cost valley=0.32",
                Text("before publishing it", "发布前检查"),
            ),
        ),
    ),
    "sent": (
        SENT,
        configure_sent,
        run_sent,
        (Example("chargelink hub tariff sent --data ./hub", Text("exit code 1: look into it", "退出码 1 表示需处理")),),
    ),
    "key": (
        KEY,
        add_data,
        run_key,
        (Example("chargelink hub tariff key --data ./hub", Text("64 digits", "64 位十六进制")),),
    ),
}


def load(name: str) -> Command:
    """One of the commands below `hub tariff`."""
    summary, configure_one, run_one, examples = COMMANDS[name]
    return Command(name, summary, configure_one, run_one, examples)


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, row[0], partial(load, name)) for name, row in COMMANDS.items())


COMMAND = Command(
    name="tariff",
    summary=SUMMARY,
    configure=configure,
    run=None,
    examples=(
        *COMMANDS["publish"][3],
        Example("chargelink hub tariff sent --data ./hub", Text("which edge holds what", "各网关持有的资费")),
    ),
)
