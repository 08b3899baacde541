"""Which edge is at the end of which link. The newest link of an edge wins: an older one is a ghost of a broken line."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping

from chargelink.hub.clock import now_ms
from chargelink.hub.gateway.connection import Connection
from chargelink.hub.services.commands import EdgeAwayError
from chargelink.link.shape import Shape

MOST_WAITING = 64  # commands that may wait for one edge to come back


class Edges:
    """The links that are up, by edge."""

    def __init__(self) -> None:
        self._links: dict[str, Connection] = {}
        self._arrivals: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)
        self.defects: Counter[str] = Counter()
        """What edges sent that they should not have, by kind, since the process began."""

    def has(self, edge: str) -> bool:
        """Whether an edge can be asked now."""
        return edge in self._links

    @property
    def up(self) -> Mapping[str, Connection]:
        """The links, by edge."""
        return self._links

    def join(self, link: Connection) -> Connection | None:
        """A link whose edge has said who it is. Returns the one to be closed, if the edge has two: the older."""
        other = self._links.get(link.edge)
        if link.ended or (other is not None and other.number > link.number):
            return link
        self._links[link.edge] = link
        for arrival in self._arrivals.pop(link.edge, ()):
            if not arrival.done():
                arrival.set_result(None)
        return other if other is not link else None

    def leave(self, link: Connection) -> None:
        """A link has ended. Its edge is away now, unless a newer link took over."""
        if self._links.get(link.edge) is link:
            del self._links[link.edge]

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        """Ask an edge, waiting for it to come back until `expiry` (UTC ms); after that it is not asked at all.

        Raises EdgeAwayError, EdgeRefusedError; NoAnswerError when it was asked and may have done it or not.
        """
        try:
            async with asyncio.timeout((expiry - now_ms()) / 1000):
                link = await self._link(edge)
        except TimeoutError:
            raise EdgeAwayError(f"{edge} was away until the command expired") from None
        within = (expiry - now_ms()) / 1000
        if within <= 0:
            raise EdgeAwayError("the command had expired before it could be sent")
        return await link.call(request, within)

    async def _link(self, edge: str) -> Connection:
        while edge not in self._links:
            if len(self._arrivals[edge]) >= MOST_WAITING:
                raise EdgeAwayError(f"{edge} is away, and {MOST_WAITING} commands already wait for it")
            arrival = asyncio.get_running_loop().create_future()
            self._arrivals[edge].append(arrival)
            try:
                await arrival
            finally:
                waiting = self._arrivals.get(edge, [])
                if arrival in waiting:
                    waiting.remove(arrival)
                if not waiting:
                    self._arrivals.pop(edge, None)
        return self._links[edge]
