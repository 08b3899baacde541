"""One performance: the site is built, the story told, the books compared, everything taken down."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chargelink.cli.command import Exit
from chargelink.cli.language import Text
from chargelink.demo.audit import differences, edge_sessions, meter_register
from chargelink.demo.chaos import Chaos
from chargelink.demo.crew import Crew, DemoError
from chargelink.demo.screen import for_output
from chargelink.demo.site import METER, Site
from chargelink.demo.story import Story, bill_lines

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # the last: its terminal was closed


async def perform(keep: Path | None, once: bool, chaos: bool) -> int:
    """Tell the story and return an exit code. The first signal ends it; those that follow do not disturb its end."""
    task = asyncio.ensure_future(_demo(keep, once, Chaos if chaos else Story))

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


async def _demo(keep: Path | None, once: bool, told: type[Story]) -> int:
    screen = for_output()
    with _folder(keep) as folder:
        async with Crew(folder) as crew:
            site = Site(crew, folder)
            try:
                await site.open()
                screen.say(Text(f"the page is at {site.page}", f"网页地址：{site.page}"))
                story = told(site, crew, screen.say)
                async with screen.showing(site):
                    await story.tell()
                bills = await site.hub.bills()
                day = await story.purse.reconciled(max(bill["at"] for bill in bills.values()))
                await crew.end("edge")
                after = await asyncio.to_thread(meter_register, site.serial, METER)
            except DemoError as error:
                print(f"chargelink demo: {error}", file=sys.stderr)
                return Exit.DEFECTS
            print("\n".join(bill_lines(bills.values())))
            print(day, end="")
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
