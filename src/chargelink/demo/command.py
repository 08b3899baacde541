"""The command `chargelink demo`."""

import argparse
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--once",
        action="store_true",
        help=str(
            Text("end after the story, exit 1 if something does not agree", "演示结束即退出，结果不一致时退出码为 1")
        ),
    )
    parser.add_argument(
        "--chaos",
        action="store_true",
        help=str(
            Text(
                "kill edge and hub at the worst moments; the bills must still agree",
                "在最坏的时刻强制结束边缘与平台进程，账单仍须一致",
            )
        ),
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar=str(Text("DIR", "目录")),
        help=str(Text("keep data and logs there (default: a temporary folder)", "数据与日志保存目录 (默认: 临时目录)")),
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo. Raises CommandError when it cannot be run."""
    import asyncio

    from chargelink.demo.performance import perform

    try:
        return asyncio.run(perform(arguments.keep, arguments.once, arguments.chaos))
    except asyncio.CancelledError:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise  # nobody reads what is printed: the command line knows what to do
    except OSError as error:
        raise CommandError(str(error)) from error


COMMAND = Command(
    name="demo",
    summary=Text("a whole site on this machine: charge, guard, bill", "在本机运行整个站点: 充电、保护、计费"),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink demo", Text("watch it, then look at the page", "观看演示，然后查看网页")),
        Example("chargelink demo --once", Text("as a check: under 90 s, exit code 0 or 1", "作为检验: 90 秒内完成")),
        Example("chargelink demo --once --chaos", Text("the same, with kill -9", "同上，并随时强制结束进程")),
    ),
)
