"""The command `chargelink demo`."""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # the last: its terminal was closed


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
    try:
        return asyncio.run(_stoppable(arguments.keep, arguments.once))
    except asyncio.CancelledError:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise  # nobody reads what is printed: the command line knows what to do
    except OSError as error:
        raise CommandError(str(error)) from error


async def _stoppable(keep: Path | None, once: bool) -> int:
    """The first signal stops it; those that follow do not disturb its end."""
    task = asyncio.ensure_future(_demo(keep, once))

    def stop() -> None:
        if not task.cancelling():
            task.cancel()

    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return await task


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where everything is kept: there, or nowhere when the demo is over."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="chargelink-demo-", ignore_cleanup_errors=True) as name:
            yield Path(name)
    else:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield keep


async def _demo(keep: Path | None, once: bool) -> int:
    from chargelink.demo.audit import differences, edge_sessions, meter_register
    from chargelink.demo.crew import Crew, DemoError
    from chargelink.demo.screen import for_output
    from chargelink.demo.site import METER, Site
    from chargelink.demo.story import Story, bill_lines

    screen = for_output()
    with _folder(keep) as folder:
        async with Crew(folder) as crew:
            site = Site(crew, folder)
            try:
                await site.open()
                screen.say(Text(f"the page is at {site.page}", f"网页地址：{site.page}"))
                async with screen.showing(site):
                    await Story(site, crew, screen.say).tell()
                bills = await site.hub.bills()
                await crew.end("edge")
                after = await asyncio.to_thread(meter_register, site.serial, METER)
            except DemoError as error:
                print(f"chargelink demo: {error}", file=sys.stderr)
                return Exit.DEFECTS
            print("\n".join(bill_lines(bills.values())))
            found = list(differences(edge_sessions(site.ledger), bills, site.register_at_start, after))
            _conclude(found, len(bills))
            if not once and not found:
                print(Text(f"the hub stays at {site.page} until Ctrl-C", f"平台继续运行于 {site.page}，按 Ctrl-C 结束"))
                await asyncio.Event().wait()
    return Exit.DEFECTS if found else Exit.CLEAN


def _conclude(found: list[str], sessions: int) -> None:
    for difference in found:
        print(f"! {difference}")
    if found:
        print(Text("they do not agree", "结果不一致"))
    else:
        agreed = Text("{} sessions: edge, hub and meter agree", "{} 次充电：边缘、平台与电能表三方一致")
        print(agreed.format(sessions))


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
