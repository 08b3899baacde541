"""The command `chargelink edge`: run the daemon, check its configuration, ask and tell a running one."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer, offers_of_modules
from chargelink.cli.groups import leaves
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser
from chargelink.edge import identity_commands, list_commands, start_command
from chargelink.edge.arguments import asked, data_argument

RUN = Text("run the daemon of a site", "运行站点守护进程")
CHECK = Text("check a configuration before it is run", "运行前检查配置")
STATUS = Text("what a running edge does: devices, sessions, hub", "查看运行状态: 设备、充电过程、平台连接")
START = Text("start charging at a gun or an outlet", "在充电枪或插座口上开始充电")
RESET = Text("let a gun work again after a trip, on site", "跳闸后在现场复位充电枪")
COMMISSION = Text("once, when a site is built: accept its guards", "建站时执行一次: 启用安全进程")
PRICE = Text("prices: shown, set on site, their past", "价格: 查看、现场设置、历史")
TRUST = Text("believe another key of the hub's tariffs", "信任平台新的资费签名公钥")
METERS = Text("meters on a serial line: find, read, switch", "串口上的电能表: 搜索、读数、通断")
PERSON = Text("persons whose data this edge has sealed", "本网关加密保存的个人信息")
STOP = Text("stop a session, or cancel a planned start", "停止一个充电过程，或取消预约")


def _config_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config",
        type=Path,
        metavar="CONFIG",
        help=str(Text("configuration (TOML); see edge/config/ for samples", "配置文件 (TOML)；示例见 edge/config/")),
    )


def _configured(path: Path) -> Any:
    from chargelink.edge.config import ConfigError, load

    try:
        return load(path)
    except ConfigError as error:
        raise CommandError(str(error)) from None


def configure_run(parser: argparse.ArgumentParser) -> None:
    _config_argument(parser)
    parser.add_argument(
        "--log-json",
        action="store_true",
        help=str(Text("log one JSON object a line", "日志每行一个 JSON 对象")),
    )


def run_daemon(arguments: argparse.Namespace) -> int:
    """Run until stopped. Raises CommandError for a configuration or a ledger that is not to be run."""
    import asyncio

    from chargelink.cli.logs import configure
    from chargelink.edge.daemon import run
    from chargelink.wire import ChargelinkError

    config = _configured(arguments.config)
    configure(arguments.log_json)
    try:
        os.umask(0o077)  # the folder may be there, and others look into it
        asyncio.run(run(config))
    except* (ChargelinkError, OSError) as errors:
        raise CommandError("; ".join(dict.fromkeys(map(str, leaves(errors))))) from None
    return Exit.CLEAN


def run_check(arguments: argparse.Namespace) -> int:
    """Say what is configured, and what to see to. Raises CommandError with every problem that was found."""
    from chargelink.edge.clock import system_ms
    from chargelink.edge.verification import warnings

    config = _configured(arguments.config)
    for warning in warnings(config, system_ms()):
        print(Text("{}: warning: {}", "{}：注意：{}").format(arguments.config, warning))
    found = {
        Text("meters", "电能表"): config.meters,
        Text("charger boards", "控制板"): config.io_boards,
        Text("guns", "充电枪"): config.guns,
        Text("socket sites", "插座站"): config.socket_sites,
    }
    counts = ", ".join(f"{len(things)} {name}" for name, things in found.items())
    print(Text("{}: can be run; {}", "{}：可以运行；{}").format(arguments.config, counts))
    return Exit.CLEAN


def configure_status(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    parser.add_argument(
        "--json", action="store_true", help=str(Text("one JSON object, for programs", "输出一个 JSON 对象，供程序使用"))
    )


def run_status(arguments: argparse.Namespace) -> int:
    """Print the state of a running edge."""
    status = asked(arguments, "status")
    if arguments.json:
        import json

        print(json.dumps(status, ensure_ascii=False))
    else:
        from chargelink.edge.status import lines

        print("\n".join(lines(status)))
    return Exit.CLEAN


def configure_stop(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    parser.add_argument(
        "session",
        metavar=str(Text("SESSION", "充电过程")),
        help=str(Text("its id, or that of a planned start, see `status`", "编号，或预约编号，见 status")),
    )
    parser.add_argument(
        "--give-up",
        action="store_true",
        help=str(
            Text(
                "its socket is dead: end it now, billed is what was read",
                "插座已失联：立即结束，按已读取的电量结算",
            )
        ),
    )


def run_stop(arguments: argparse.Namespace) -> int:
    """Ask for an orderly stop."""
    asked(arguments, "stop", session=arguments.session, giveUp=arguments.give_up)
    return Exit.CLEAN


def configure_reset(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    parser.add_argument(
        "gun", metavar=str(Text("GUN", "充电枪")), help=str(Text("the one that tripped", "已跳闸的充电枪"))
    )


def run_reset(arguments: argparse.Namespace) -> int:
    """Ask guard and gun to work again. Raises CommandError, which says what still holds them."""
    if holding := asked(arguments, "reset", device=arguments.gun)["holding"]:
        words = ", ".join(holding)
        raise CommandError(
            Text("{} does not work yet; what holds it: {}", "{} 尚未恢复；原因：{}").format(arguments.gun, words)
        )
    print(Text("{} works again", "{} 已恢复").format(arguments.gun))
    return Exit.CLEAN


def run_commission(arguments: argparse.Namespace) -> int:
    """Lay down the guard's first mark of each gun. Raises CommandError where there is one already."""
    from chargelink.edge import paths
    from chargelink.edge.guard.mark import commission

    config = _configured(arguments.config)
    for gun in config.guns:
        if gun.mode == "charge":
            mark = paths.guard_mark(config.site.data, gun.id)
            mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                commission(str(mark))
            except FileExistsError:
                raise CommandError(
                    Text(
                        "{} is commissioned already; after a trip use `chargelink edge reset {}`",
                        "{} 已经启用过；跳闸后请用 chargelink edge reset {} 复位",
                    ).format(gun.id, gun.id)
                ) from None
            except OSError as error:
                raise CommandError(Text("{}: {}", "{}：{}").format(mark, error.strerror or error)) from None
            print(Text("{}: its guard may give its first permit", "{}：安全进程可首次许可").format(gun.id))
    return Exit.CLEAN


Configure = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace], int]

COMMANDS: dict[str, tuple[Text, Configure, Run, Example]] = {
    "run": (
        RUN,
        configure_run,
        run_daemon,
        Example(
            "chargelink edge run /etc/chargelink/edge.toml", Text("until Ctrl-C or SIGTERM", "直到 Ctrl-C 或 SIGTERM")
        ),
    ),
    "check": (
        CHECK,
        _config_argument,
        run_check,
        Example("chargelink edge check edge.toml", Text("every problem, with its remedy", "列出全部问题及处理办法")),
    ),
    "status": (
        STATUS,
        configure_status,
        run_status,
        Example(
            "chargelink edge status --data ./data", Text("of the edge that keeps its data there", "查看该目录的网关")
        ),
    ),
    "start": (
        START,
        start_command.configure,
        start_command.run,
        Example("chargelink edge start socket-1 A --minutes 120", Text("outlet A for two hours", "A 口充电两小时")),
    ),
    "reset": (
        RESET,
        configure_reset,
        run_reset,
        Example("chargelink edge reset gun-1", Text("when the cause is gone", "故障原因消除后")),
    ),
    "commission": (
        COMMISSION,
        _config_argument,
        run_commission,
        Example("chargelink edge commission edge.toml", Text("before its first run", "首次运行前")),
    ),
    "stop": (
        STOP,
        configure_stop,
        run_stop,
        Example(
            "chargelink edge stop 01a2b3c4-d5e6-7f00-8111-222233334444",
            Text("an orderly stop; the bill follows", "正常停止，随后出账"),
        ),
    ),
    **list_commands.COMMANDS,
    **identity_commands.COMMANDS,
}


KEEPING = {
    "backup": Text("save ledger and keys in one file", "将账本与密钥保存为一个文件"),
    "restore": Text("lay a backup down in a data folder", "将备份恢复到数据目录"),
    "verify": Text("whether the ledger is as it was written", "核验账本是否与写入时一致"),
}


def load(name: str) -> Command:
    """One of the commands below `edge`."""
    summary, configure_one, run_one, example = COMMANDS[name]
    return Command(name, summary, configure_one, run_one, (example,))


def load_person() -> Command:
    """The commands about persons."""
    from chargelink.edge import person_commands

    return person_commands.COMMAND


def load_meters() -> Command:
    """The commands about the meters of a line."""
    from chargelink.edge.meters import commands

    return commands.COMMAND


def load_trust() -> Command:
    """The command that believes another key of the hub."""
    from chargelink.edge import price_commands

    return price_commands.TRUST_COMMAND


def load_price() -> Command:
    """The commands about prices."""
    from chargelink.edge import price_commands

    return price_commands.COMMAND


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    own = [Offer(name, row[0], partial(load, name)) for name, row in COMMANDS.items()]
    parser.offer(
        [
            *own,
            *offers_of_modules("chargelink.edge.ledger.commands", KEEPING),
            Offer("price", PRICE, load_price),
            Offer("trust-tariff-key", TRUST, load_trust),
            Offer("person", PERSON, load_person),
            Offer("meters", METERS, load_meters),
        ]
    )


COMMAND = Command(
    name="edge",
    summary=Text("the daemon on a gateway: charges, guards, bills", "网关守护进程: 充电、保护、计费"),
    configure=configure,
    run=None,
    examples=(
        Example("chargelink edge check edge.toml", Text("before it is run", "运行前检查")),
        Example("chargelink edge run edge.toml", Text("run it", "运行")),
    ),
)
