"""The command `chargelink demo`."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--once",
        action="store_true",
        help=str(
            Text("end after the story, exit 1 if something does not agree", "演示结束即退出，结果不一致时退出码为 1")
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
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="chargelink-demo-"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return asyncio.run(_stoppable(folder, arguments.once))
    except asyncio.CancelledError:
        return Exit.INTERRUPTED
    except OSError as error:
        raise CommandError(str(error)) from error
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _stoppable(folder: Path, once: bool) -> int:
    task = asyncio.ensure_future(_demo(folder, once))
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


async def _demo(folder: Path, once: bool) -> int:
    from chargelink.demo.audit import differences, edge_sessions, meter_register
    from chargelink.demo.crew import Crew, DemoError
    from chargelink.demo.screen import for_output
    from chargelink.demo.site import METER, Site
    from chargelink.demo.story import Story, bill_lines

    screen = for_output()
    async with Crew(folder) as crew:
        site = Site(crew, folder)
        try:
            await site.open()
            before = site.register_at_start
            screen.say(Text(f"the page is at {site.page}", f"网页地址：{site.page}"))
            async with screen.showing(site):
                await Story(site, crew, screen.say).tell()
            bills = await site.hub.bills()
            await crew.end("edge")
            after = await asyncio.to_thread(meter_register, site.serial, METER)
            print("\n".join(bill_lines(bills.values())))
            found = list(differences(edge_sessions(site.ledger), bills, before, after))
        except DemoError as error:
            print(f"chargelink demo: {error}", file=sys.stderr)
            return Exit.DEFECTS
        for difference in found:
            print(f"! {difference}")
        agreed = Text("{} sessions: edge, hub and meter agree", "{} 次充电：边缘、平台与电能表三方一致").format(
            len(bills)
        )
        print(agreed if not found else Text("they do not agree", "结果不一致"))
        if not once and not found:
            print(Text(f"the hub stays at {site.page} until Ctrl-C", f"平台继续运行于 {site.page}，按 Ctrl-C 结束"))
            await asyncio.Event().wait()
    return Exit.DEFECTS if found else Exit.CLEAN


COMMAND = Command(
    name="demo",
    summary=Text("a whole site on this machine: charge, guard, bill", "在本机运行整个站点: 充电、保护、计费"),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink demo", Text("watch it, then look at the page", "观看演示，然后查看网页")),
        Example("chargelink demo --once", Text("as a check: under 90 s, exit code 0 or 1", "作为检验: 90 秒内完成")),
    ),
)
