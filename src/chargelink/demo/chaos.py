"""The story at its worst: edge and hub are killed at the moments that hurt most, and the books still agree.

A kill is SIGKILL: nothing is said, nothing is tidied up. Each moment is found by looking at what the processes have
made durable, not by the clock.
"""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from chargelink.cli.language import Text
from chargelink.demo.audit import edge_sessions
from chargelink.demo.crew import DemoError
from chargelink.demo.site import EDGE, SOCKETS
from chargelink.demo.story import BIKE_CAPS, Story

LOOK_AT_ONCE = 0.01  # s between looks for a moment that soon passes
PATIENCE = 60.0  # s


class Chaos(Story):
    """The story with kills in it."""

    async def tell(self) -> None:
        """From the first plug to the last bill. Raises DemoError when something does not happen."""
        await self.devices_there()
        bikes = [await self.charge_bike(1, SOCKETS[0]), await self._hub_dies_at_a_start()]
        cars = [await self._edge_dies_at_full_current(), await self._both_die_at_a_bill()]
        await self._edge_dies_at_a_settlement()
        await self.billed([*bikes, *cars, *self.cut_off])
        await self._all_told()

    async def _hub_dies_at_a_start(self) -> str:
        """The hub has told the edge to start, the edge has the session in its ledger, and nobody hears the answer."""
        name = SOCKETS[1]
        await self.plug_bike(2, name)
        before = await self._open_sessions(name)
        asked = asyncio.ensure_future(self.site.hub.start(EDGE, name, "A", BIKE_CAPS))
        try:
            await self._moment(lambda: self._begun(name) > len(before), f"{name} has begun")
        finally:
            await self.site.lose_hub()
            with suppress(DemoError):  # the answer is lost: the start is unknown, not failed
                await asked
        self.say(Text("the hub is killed before it hears of a start", "平台在收到启动应答之前被强制结束"))
        await self.site.start_hub()
        (session,) = await self._open_sessions(name) - before

        async def known() -> bool:
            return session in await self.site.hub.sessions()

        await self.until(known, Text("the hub is back, and the session is there once", "平台恢复，该充电过程只有一笔"))
        return session

    async def _edge_dies_at_full_current(self) -> str:
        """The daemon is gone while a car charges: its guard opens, the session is closed from the register."""
        car = await self.charge_car()
        await self.crew.kill("edge")
        self.say(Text("the edge is killed while the car charges", "车辆充电中，边缘进程被强制结束"))
        await self.site.start_edge()
        await self.ended(car)
        self.say(Text("the edge is back and has closed the session", "边缘恢复，已按电表读数结束该过程"))
        await self.plug_again()
        return car

    async def _both_die_at_a_bill(self) -> str:
        """The car's bill stands in the edge's ledger alone; then in the hub, which cannot say so any more."""
        car = await self.charge_car()
        await self.site.lose_hub()
        await self.crew.do("edge", "stop", car, "--data", str(self.site.data))
        await self._moment(lambda: car in self._ended_at_edge(), "the edge has billed the car")
        await self.crew.kill("edge")
        self.say(Text("both are killed when only the edge has the bill", "账单仅存于边缘时，两端均被强制结束"))
        await self.site.start_hub()
        await self.site.start_edge()
        await self._moment(lambda: car in self._ended_at_hub(), "the hub has the bill")
        await self.site.lose_hub()
        self.say(Text("the hub is killed the moment it has the bill", "平台收到账单的瞬间再次被强制结束"))
        await self.site.start_hub()
        return car

    async def _edge_dies_at_a_settlement(self) -> None:
        """An e-bike is unplugged and its socket says what it counted, to nobody."""
        await self.site.tell("site", "unplug 1 A")
        await self.crew.kill("edge")
        self.say(Text("the edge is killed when a socket settles", "插座结算时，边缘进程被强制结束"))
        await self.site.start_edge()

    async def _all_told(self) -> None:
        """The hub has every record, and found nothing strange in any."""

        async def told() -> bool:
            return bool((await self._status())["pending"] == 0)

        await self.until(told, Text("the hub has every record", "平台已收齐全部记录"))
        found = _rows(self.site.hub_database, "SELECT kind, subject FROM alarm WHERE kind IN (?, ?, ?, ?)", STRANGE)
        if found:
            raise DemoError(f"the hub found records strange: {found}")

    async def _status(self) -> dict[str, Any]:
        printed = await self.crew.do("edge", "status", "--json", "--data", str(self.site.data))
        status: dict[str, Any] = json.loads(printed)
        return status

    async def _open_sessions(self, device: str) -> set[str]:
        return {one["id"] for one in (await self._status())["sessions"] if one["device"] == device}

    def _begun(self, device: str) -> int:
        found = _rows(self.site.ledger, "SELECT count(*) FROM sessions WHERE device = ? AND ended IS NULL", (device,))
        return int(found[0][0])

    def _ended_at_edge(self) -> set[str]:
        return {session.session_id for session in edge_sessions(self.site.ledger)}

    def _ended_at_hub(self) -> set[str]:
        rows = _rows(self.site.hub_database, "SELECT id FROM session WHERE ended IS NOT NULL", ())
        return {identifier for (identifier,) in rows}

    async def _moment(self, so: Callable[[], bool], what: str) -> None:
        """Wait for a moment and miss it by little."""

        async def now() -> bool:
            return so()

        await self.crew.until(_often(now), PATIENCE, what)


STRANGE = ("set-aside", "missing-records", "quarantined", "ended-twice")


def _often(so: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    """Look many times for each time that is asked."""

    async def look() -> bool:
        for _ in range(20):
            if await so():
                return True
            await asyncio.sleep(LOOK_AT_ONCE)
        return False

    return look


def _rows(database: Path, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
