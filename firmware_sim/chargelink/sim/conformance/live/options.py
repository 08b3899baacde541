"""`chargelink conformance charger` and `vehicle`: the command line."""

import argparse
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from chargelink.cli.command import Command, CommandError, Example
from chargelink.cli.language import Text
from chargelink.sim.can_client import ADDRESS
from chargelink.sim.conformance.case import Case, Need
from chargelink.sim.conformance.figures import Side, Tolerances
from chargelink.sim.conformance.live.observer import FACTS
from chargelink.sim.conformance.live.run import run_cases
from chargelink.sim.conformance.live.screen import catalogue
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.tester import PATIENCE
from chargelink.sim.conformance.words import ChargerFigures, Speech, VehicleFigures, charger_words, vehicle_words

HOOK_PATIENCE = 120.0  # s
MOST = 10_000_000  # no figure or tolerance is larger
Numbers = TypeVar("Numbers", VehicleFigures, ChargerFigures, Tolerances)
FIGURES: dict[Side, VehicleFigures | ChargerFigures] = {Side.CHARGER: VehicleFigures(), Side.VEHICLE: ChargerFigures()}


class Setting(NamedTuple):
    """`name=number` on the command line."""

    name: str
    value: int

    @classmethod
    def parse(cls, text: str) -> "Setting":
        """Raises ArgumentTypeError."""
        name, _, value = text.partition("=")
        if not value.isdecimal() or int(value) > MOST:
            raise argparse.ArgumentTypeError(NO_SETTING.format(text))
        return cls(name.strip().replace("-", "_"), int(value))


def chosen(side: Side, globs: list[str]) -> list[Case]:
    """The cases of a side that any of the globs names, all without one. Raises CommandError when one names none."""
    cases = [case for case in CASES.values() if case.side is side]
    for glob in globs:
        if not any(fnmatchcase(case.id, glob.upper()) for case in cases):
            raise CommandError(NO_CASE.format(glob, side.text))
    return [case for case in cases if not globs or any(fnmatchcase(case.id, glob.upper()) for glob in globs)]


def changed(numbers: Numbers, settings: list[Setting], option: str) -> Numbers:
    """The numbers with what was set. Raises CommandError when there is no such number."""
    for name, value in settings:
        if name not in numbers._fields:
            raise CommandError(NO_NUMBER.format(name, option, shown(numbers)))
        numbers = numbers._replace(**{name: value})
    return numbers


def shown(numbers: VehicleFigures | ChargerFigures | Tolerances) -> str:
    return ", ".join(f"{name}={value}" for name, value in numbers._asdict().items())


def words(side: Side, settings: list[Setting]) -> dict[str, Speech]:
    """What the tester says with these figures. Raises CommandError when one cannot be said."""
    try:
        if side is Side.CHARGER:
            return vehicle_words(changed(VehicleFigures(), settings, "--figure"))
        return charger_words(changed(ChargerFigures(), settings, "--figure"))
    except (OverflowError, ValueError) as error:
        raise CommandError(UNSPEAKABLE.format(", ".join(f"{name}={value}" for name, value in settings))) from error


def run(side: Side, arguments: argparse.Namespace) -> int:
    cases = chosen(side, arguments.case)
    if arguments.list:
        print("\n".join(catalogue(cases)))
        return 0
    tolerances = changed(Tolerances(), arguments.tolerance, "--tolerance")
    return run_cases(side, cases, words(side, arguments.figure), tolerances, arguments)


def configure(side: Side, parser: argparse.ArgumentParser) -> None:
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--can", help=str(ADDRESS), metavar="ADDRESS")
    place.add_argument("--rehearse", action="store_true", help=str(REHEARSE))
    place.add_argument("--list", action="store_true", help=str(LIST))

    def option(name: str, meaning: Text, **settings: Any) -> None:
        parser.add_argument(name, help=str(meaning), **settings)

    option("--case", CASE, action="append", default=[], metavar="GLOB")
    option("--hook", HOOK, metavar="COMMAND")
    option("--hook-timeout", HOOK_TIMEOUT, type=positive, default=HOOK_PATIENCE, metavar="SECONDS")
    option("--control", CONTROL, type=Path, metavar="PATH")
    option("--automatic", AUTOMATIC, action="store_true")
    option("--observe", OBSERVE, metavar="COMMAND")
    option("--patience", PATIENT, type=positive, default=PATIENCE, metavar="SECONDS")
    numbers = Tolerances()
    described = Text(
        f"of the judge, may be given several times; period and early in %, gap in periods, else ms: {shown(numbers)}",
        f"判定容差，可多次给出；period 和 early 为 %，gap 为周期数，其余为 ms: {shown(numbers)}",
    )
    option("--tolerance", described, type=Setting.parse, action="append", default=[], metavar="NAME=NUMBER")
    figures = shown(FIGURES[side])
    said = Text(f"what the tester says it is, mV and mA: {figures}", f"测试系统自称的参数，mV、mA: {figures}")
    option("--figure", said, type=Setting.parse, action="append", default=[], metavar="NAME=NUMBER")
    lacks = [need.value for need in Need]
    option("--lacks", LACKS, choices=lacks, action="append", default=[])
    option("--device", DEVICE, default="", metavar="NAME")
    option("--html", HTML, type=Path, metavar="FILE")
    option("--junit", JUNIT, type=Path, metavar="FILE")
    option("--json", JSON, type=Path, metavar="FILE")
    option("--save-trace", TRACE, type=Path, metavar="FILE")


def positive(text: str) -> float:
    """A number of seconds. Raises ValueError."""
    value = float(text)
    if not 0 < value <= MOST:
        raise ValueError(text)
    return value


def command(side: Side, summary: Text) -> Command:
    """The command for a side."""
    name = side.name.lower()
    one = {Side.CHARGER: "DN.2007", Side.VEHICLE: "BN.2003"}[side]
    many = {Side.CHARGER: "DP.*", Side.VEHICLE: "BP.*"}[side]
    runs: Callable[[argparse.Namespace], int] = partial(run, side)
    return Command(
        name=name,
        summary=summary,
        configure=partial(configure, side),
        run=runs,
        examples=(
            Example(f"chargelink conformance {name} --list", Text("what is tested", "列出全部用例")),
            Example(
                f"chargelink conformance {name} --rehearse --html report.html",
                Text(
                    "see what a report looks like: against our own, in jumping time", "对本项目自身预演，查看报告样式"
                ),
            ),
            Example(
                f"chargelink conformance {name} --can can0 --case {one} --case '{many}' --junit report.xml",
                Text("some cases on a bus; it says what to do at the device", "在总线上执行部分用例，按提示操作设备"),
            ),
            Example(
                f"chargelink conformance {name} --can can0 --hook ./relays.sh --html report.html",
                Text("all cases; a script works the plug: ./relays.sh connect DN.1001", "全部用例，由脚本控制插拔"),
            ),
            Example(
                f"chargelink conformance {name} --can socketcand://127.0.0.1:29536/can0 --control device.sock",
                Text(f"against `chargelink sim {name} --control device.sock`", "测试仿真设备"),
            ),
        ),
    )


REHEARSE = Text("against our own side, in jumping time, without a bus", "不接总线，对本项目自身以跳跃时间预演")
LIST = Text("say what is tested, and end", "列出用例后退出")
CASE = Text("a case or several, by a pattern; may be given several times", "用例编号或通配符，可多次给出")
HOOK = Text(
    "shell command for what has to be done at the device: COMMAND ACTION CASE; ACTION is connect, stop, restart, "
    "hold-battery or auxiliary-off; exit code 0: done, 77: cannot be done here",
    "操作设备的 shell 命令: COMMAND 动作 用例；动作为 connect、stop、restart、hold-battery、auxiliary-off；"
    "退出码 0 表示完成，77 表示无法执行",
)
HOOK_TIMEOUT = Text("of the hook (default: 120)", "钩子命令的时限 (默认: 120)")
CONTROL = Text("the --control socket of a simulator of ours", "本项目仿真设备的 --control 套接字")
AUTOMATIC = Text(
    "the device begins again by itself: wait for CHM of a charger, for 3 s of silence of a vehicle; "
    "other things by --hook, --control or not at all",
    "设备会自行重新启动：等待充电桩的 CHM，或车辆静默 3 s；其他操作由 --hook 或 --control 执行，否则不执行",
)
OBSERVE = Text(
    f"shell command that watches what CAN does not show and prints, at least once a second, lines like "
    f"'locked yes' or 'output-off no': {', '.join(FACTS)}",
    f"观测 CAN 上不可见状态的 shell 命令，每秒至少输出一次，如 locked yes 或 output-off no: {', '.join(FACTS)}",
)
PATIENT = Text("to wait for what is done at the device (default: 300)", "等待设备操作的时限 (默认: 300)")
LACKS = Text("what the device does not have", "被测设备不具备的部件")
DEVICE = Text("what the device is called in the reports", "报告中的设备名称")
HTML = Text("write the report as a page, with the frames", "写出 HTML 报告 (含报文)")
JUNIT = Text("write the report as JUnit XML", "写出 JUnit XML 报告")
JSON = Text("write the report as JSON", "写出 JSON 报告")
TRACE = Text("write every frame as candump -L does", "以 candump -L 格式保存全部报文")
NO_CASE = Text("no case is called {} ({}); --list says what there is", "没有用例 {} ({})；可用 --list 查看")
NO_SETTING = Text(
    "{} is no NAME=NUMBER with a whole number, as soc=41", "{} 不是 NAME=NUMBER 的形式，数值须为整数，如 soc=41"
)
NO_NUMBER = Text("no {} in {}; there are {}", "{1} 中没有 {0}；可用: {2}")
UNSPEAKABLE = Text(
    "these figures do not fit in the messages: {}; voltages and currents are mV and mA",
    "这些参数无法用报文表示: {}；电压、电流单位为 mV、mA",
)
