"""Which edge is at the end of which link. The newest link of an edge wins: an older one is a ghost of a broken line."""

import asyncio
from collections import defaultdict

from chargelink.hub.clock import now_ms
from chargelink.hub.gateway.connection import Connection
from chargelink.hub.services.commands import EdgeAwayError, NoAnswerError
from chargelink.link.shape import Shape


class Edges:
    """The links that are up, by edge."""

    def __init__(self) -> None:
        self._links: dict[str, Connection] = {}
        self._arrivals: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)

    def join(self, link: Connection) -> Connection | None:
        """A link whose edge has said who it is. Returns the older link of that edge, to be closed."""
        older = self._links.get(link.edge)
        self._links[link.edge] = link
        for arrival in self._arrivals.pop(link.edge, ()):
            if not arrival.done():
                arrival.set_result(None)
        return older if older is not link else None

    def leave(self, link: Connection) -> bool:
        """A link has ended; whether its edge is away now, which it is not when a newer link took over."""
        if self._links.get(link.edge) is not link:
            return False
        del self._links[link.edge]
        return True

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        """Ask an edge, waiting for it to come back until `expiry` (UTC ms); after that it is not asked at all.

        Raises EdgeAwayError, EdgeRefusedError; NoAnswerError when it was asked and may have done it or not.
        """
        link = None
        try:
            async with asyncio.timeout((expiry - now_ms()) / 1000):
                link = await self._link(edge)
                return await link.call(request, within=max(0.0, (expiry - now_ms()) / 1000))
        except TimeoutError:
            if link is None:
                raise EdgeAwayError(f"{edge} was away until the command expired") from None
            raise NoAnswerError(f"{edge} did not answer in time") from None

    async def _link(self, edge: str) -> Connection:
        while edge not in self._links:
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
