"""While somebody watches, edges tell the present every second instead of every few; else they spare their SIM cards."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.services.commands import EdgeAwayError, EdgeRefusedError, NoAnswerError
from chargelink.link.messages import WatchLive
from chargelink.link.shape import Shape

INTERVAL = 1  # s between states and samples while somebody watches
LASTS = 60  # s for which an edge is asked
RENEWED = 45.0  # s after which it is asked again
LOOKS_EVERY = 0.5  # s until who begins to watch is noticed
MOST = 50  # edges: nobody follows more with the eyes, and each costs its owner


class Links(Protocol):
    """The links that are up."""

    @property
    def up(self) -> Mapping[str, object]:
        """By edge: another link of the same edge is another object."""
        ...

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        """Ask an edge. Raises EdgeAwayError, EdgeRefusedError or NoAnswerError."""
        ...


class Watching:
    """Asks edges to be lively; `run` is its task."""

    def __init__(self, bus: Bus, links: Links) -> None:
        self._bus = bus
        self._links = links
        self._asked: dict[str, tuple[object, float]] = {}  # by edge: on which link, at which s of the loop

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as asking:
            while True:
                if self._bus.watched:
                    for edge in self._due(asyncio.get_running_loop().time()):
                        asking.create_task(self._ask(edge), name=f"watch {edge}")
                await asyncio.sleep(LOOKS_EVERY)

    def _due(self, now: float) -> list[str]:
        """The edges to be asked now: those never asked on the link that they have, or long ago."""
        links = {edge: self._links.up[edge] for edge in sorted(self._links.up)[:MOST]}
        self._asked = {edge: asked for edge, asked in self._asked.items() if links.get(edge) is asked[0]}
        due = [edge for edge in links if edge not in self._asked or now - self._asked[edge][1] >= RENEWED]
        self._asked |= {edge: (links[edge], now) for edge in due}
        return due

    async def _ask(self, edge: str) -> None:
        """An edge that cannot, or is gone, is as lively as it is."""
        try:
            await self._links.call(edge, WatchLive(interval=INTERVAL, seconds=LASTS), now_ms() + 5_000)
        except (EdgeAwayError, EdgeRefusedError, NoAnswerError):
            return
