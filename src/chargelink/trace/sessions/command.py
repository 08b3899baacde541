"""Arguments of `chargelink trace`, and the way from a recording to sessions."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text

if TYPE_CHECKING:
    from chargelink.trace.sessions.model import Session

MOST_ROWS = 1000  # of the overview
NO_SESSION = Text(
    "no message of GB/T 27930 in {}: {}; is it the charging bus (250 kbit/s, 29-bit identifiers)? "
    "'chargelink decode gbt27930' shows what it holds",
    "{} 中没有 GB/T 27930 报文：{}；请确认抓取的是充电 CAN（250 kbit/s，扩展帧）；"
    "可用 'chargelink decode gbt27930' 查看内容",
)
NO_FRAME = Text(
    "no CAN frame in {}: {}; is it the right file, and was anything written? --format names its format",
    "{} 中没有 CAN 帧：{}；请确认是否选错文件，或未录到数据；也可用 --format 指定格式",
)
NO_SUCH_SESSION = Text(
    "there is no session {}: the recording has {}; leave --session out to see all",
    "没有第 {} 次充电过程：记录中共有 {} 次；去掉 --session 可查看全部",
)


def configure(parser: argparse.ArgumentParser) -> None:
    from chargelink.trace.can_log import add_format_argument
    from chargelink.trace.edition import add_edition_argument
    from chargelink.trace.report import add_input_arguments, add_output_arguments
    from chargelink.trace.sessions.exports import add_export_arguments

    add_input_arguments(parser)
    add_format_argument(parser)
    add_edition_argument(parser)
    parser.add_argument(
        "--session",
        type=int,
        metavar="N",
        help=str(Text("only this session, counted from 1", "只显示第 N 次充电过程，从 1 起")),
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help=str(Text("list all violations, not only the worst", "列出全部违规，而不只是最严重的")),
    )
    parser.add_argument(
        "--curves",
        action="store_true",
        help=str(
            Text(
                "with --json: also the curves, at most 512 points each: time, lowest, highest",
                "与 --json 同用: 同时输出曲线，每条最多 512 点: 时间、最低值、最高值",
            )
        ),
    )
    add_output_arguments(parser)
    add_export_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from chargelink.trace.report import open_bytes, seldom_collecting
    from chargelink.trace.sessions.as_json import as_json
    from chargelink.trace.sessions.exports import Exports
    from chargelink.trace.sessions.recording import Recording
    from chargelink.trace.sessions.terminal import Terminal, row

    if arguments.session is not None and arguments.session < 1:
        raise CommandError(Text("sessions are counted from 1", "充电过程从 1 开始编号").format())
    terminal = Terminal(terminal_width(), coloured(arguments.color), arguments.all)
    with open_bytes(arguments) as source, Exports(arguments, source.name) as exports, seldom_collecting():
        recording = Recording(source, arguments.format, arguments.edition, exports.watch)
        exports.begin(recording)

        def wanted() -> "Iterator[Session]":
            for session in recording:
                if arguments.session in (None, session.number):
                    yield session

        told = defective = 0
        rows: list[list[str]] = []
        for session in wanted():
            told += 1
            defective += is_defective(session)
            exports.add(session)
            if arguments.json:
                sys.stdout.buffer.write(as_json(session, curves=arguments.curves) + b"\n")
            else:
                write(("\n" if told > 1 else "") + terminal.session(session))
                if len(rows) < MOST_ROWS:
                    rows.append(row(session))
        if len(rows) > 1:
            write("\n" + terminal.overview(rows))
        sys.stdout.flush()
        if not recording.sessions:
            missing = NO_SESSION if recording.log.frames else NO_FRAME
            raise CommandError(missing.format(source.name, recording.tally()))
        if not told:
            raise CommandError(NO_SUCH_SESSION.format(arguments.session, recording.sessions))
        if not arguments.json:
            print(recording.tally(), file=sys.stderr)
    return Exit.DEFECTS if defective else Exit.CLEAN


def write(text: str) -> None:
    """To standard output, whatever it can show."""
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "replace"))


def is_defective(session: "Session") -> bool:
    """Somebody was at fault, or violated the standard by more than a remark."""
    from chargelink.trace.sessions.model import Severity

    return not session.orderly or any(one.severity is not Severity.REMARK for one in session.violations)


def terminal_width() -> int | None:
    """Columns of standard output; None where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def coloured(color: str) -> bool:
    """As standard output and `--color` ask for; NO_COLOR as in no-color.org."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return color == "always" or (color == "auto" and sys.stdout.isatty() and not plain)


COMMAND = Command(
    name="trace",
    summary=Text(
        "find the charging sessions of a CAN recording, and whose fault it was",
        "分析 CAN 记录中的充电过程，判断责任方",
    ),
    configure=configure,
    run=run,
    examples=(
        Example(
            "chargelink trace field.log",
            Text(
                "who stopped, why, and whose fault it was",
                "谁中止、为何中止、责任在谁",
            ),
        ),
        Example(
            "chargelink trace field.log --html field.html --csv field.csv",
            Text("a page to mail, a table to calculate with", "生成可发送的网页和可计算的表格"),
        ),
        Example("chargelink --lang zh trace session.blf", Text("the same in Chinese", "同上，输出中文")),
        Example(
            "chargelink trace --json field.csv | jq .verdict",
            Text("for programs: one JSON object a session", "供程序使用: 每次充电过程一个 JSON 对象"),
        ),
        Example("chargelink trace --session 2 --all day.asc", Text("one session in full", "完整显示一次充电过程")),
        Example(
            "candump -L can0 | chargelink trace -",
            Text(
                "from the bus, told when it ends",
                "直接从总线读取，结束时给出结论",
            ),
        ),
    ),
)
