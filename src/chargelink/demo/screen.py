"""What is shown while the story goes on: lines, and on a terminal a live table of devices and sessions."""

import asyncio
import sys
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from chargelink.cli.language import Text
from chargelink.demo.crew import DemoError
from chargelink.demo.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.table import Table

LOOK_EVERY = 0.5  # s
LINES = 12  # of the story that stay on the screen


class Screen:
    """Lines as they come."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: Text) -> None:
        """Something happened."""
        print(self.line(text), flush=True)

    def line(self, text: Text) -> str:
        return f"{time.monotonic() - self._began:6.1f} s  {text}"

    @asynccontextmanager
    async def showing(self, site: Site) -> "AsyncIterator[None]":
        """While the story goes on."""
        yield


class LiveScreen(Screen):
    """A table that is drawn anew twice a second, the newest lines of the story below it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=LINES)

    def say(self, text: Text) -> None:
        self._lines.append(self.line(text))

    @asynccontextmanager
    async def showing(self, site: Site) -> "AsyncIterator[None]":
        from rich.console import Group
        from rich.live import Live

        with Live(refresh_per_second=4) as live:

            async def draw() -> None:
                while True:
                    try:
                        table = _table(await site.hub.devices(), await site.hub.sessions())
                    except DemoError:
                        table = _table({}, {})
                    where = Text(f"page: {site.page}", f"网页: {site.page}")
                    live.update(Group(str(where), table, *self._lines))
                    await asyncio.sleep(LOOK_EVERY)

            drawing = asyncio.create_task(draw(), name="draw")
            try:
                yield
            finally:
                drawing.cancel()


def for_output() -> Screen:
    """A live table on a terminal, lines elsewhere."""
    return LiveScreen() if sys.stdout.isatty() else Screen()


def _table(devices: dict[str, Any], sessions: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(str(Text("device", "设备")), str(Text("state", "状态")), str(Text("what it does", "运行情况")))
    for name, device in sorted(devices.items()):
        table.add_row(name, device["state"], _doing(device["detail"]))
    if not devices:
        table.add_row("–", str(Text("the hub is away", "平台离线")), "")
    running = [session for session in sessions.values() if session["ended"] is None]
    ended = len(sessions) - len(running)
    table.caption = Text("{} running, {} ended", "进行中 {}，已结束 {}").format(len(running), ended)
    return table


def _doing(detail: dict[str, Any]) -> str:
    if "outlets" in detail:
        outlets = detail["outlets"].items()
        return "  ".join(
            f"{name} {outlet.get('state')} {(outlet.get('power') or 0) / 1000:.0f} W" for name, outlet in outlets
        )
    if "phase" in detail:
        soc = f"  SOC {detail['soc'] / 10:.0f} %" if "soc" in detail else ""
        volts, amperes = detail.get("voltage", 0) / 1000, detail.get("current", 0) / 1000
        return f"{detail['phase']}  {volts:.1f} V {amperes:.1f} A{soc}"
    return ""
