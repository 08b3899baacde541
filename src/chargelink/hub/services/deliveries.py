"""What the hub has for its edges: brought to each that is connected, again until it took it.

A duty is one kind of thing to bring: tariffs, lists of tokens, allowances. It is asked every second whether there is
news, because a command beside this process may have written it, and at every boot of an edge.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

import structlog

from chargelink.hub.clock import now_ms
from chargelink.hub.services.commands import EdgeAwayError, EdgeRefusedError, NoAnswerError
from chargelink.hub.store.trouble import is_trouble
from chargelink.link.shape import Shape

LOOK_EVERY = 1.0  # s
WITHIN = 15_000  # ms that an edge has to answer
AT_ONCE = 16  # edges
AGAIN_AFTER = 60.0  # s before an edge that did not take it is visited again

Call = Callable[[str, Shape, int], Awaitable[Shape]]
"""Asks an edge, until an expiry in UTC milliseconds: `Edges.call`."""

Ask = Callable[[Shape], Awaitable[Shape]]
"""Asks the edge that is visited. Raises EdgeAwayError, EdgeRefusedError, NoAnswerError."""

log = structlog.get_logger()


class Takes(NamedTuple):
    """What an edge takes of us, as it said at its boot: the tariffs and the version of the list that it holds.

    None for one that takes no such thing.
    """

    tariffs: tuple[str, ...] | None = None
    local_list: int | None = None


class Link(Protocol):
    """The link of an edge."""

    takes: Takes


class Visit(NamedTuple):
    """An edge that is visited: what it takes, as it said at its boot; `first` is true for the first since then."""

    edge: str
    takes: Takes
    first: bool
    ask: Ask


class Duty(Protocol):
    """One kind of thing to bring."""

    name: str

    async def news(self, connected: Collection[str]) -> Collection[str]:
        """Those of the connected edges that may have to be visited; said once for each piece of news."""
        ...

    async def visit(self, visit: Visit) -> None:
        """Bring what the edge lacks. Raises what `ask` raises: then it is visited again later."""
        ...


class Deliveries:
    """`call` asks an edge; `up` are the links of connected edges."""

    def __init__(self, call: Call, up: Mapping[str, Link], duties: Sequence[Duty]) -> None:
        self._call = call
        self._up = up
        self._duties = duties
        self._due: set[tuple[Duty, str]] = set()
        self._first: set[tuple[Duty, str]] = set()
        self._working: set[tuple[Duty, str]] = set()
        self._not_before: dict[tuple[Duty, str], float] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._somebody = asyncio.Event()  # joined

    def joined(self, edge: str) -> None:
        """An edge has said who it is."""
        for duty in self._duties:
            self._due.add((duty, edge))
            self._first.add((duty, edge))
            self._not_before.pop((duty, edge), None)
        self._somebody.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as visits:
            looked = float("-inf")
            clock = asyncio.get_running_loop().time
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._somebody.wait(), LOOK_EVERY)
                self._somebody.clear()
                if clock() - looked >= LOOK_EVERY:
                    looked = clock()
                    await self._look()
                self._set_out(visits)

    async def _look(self) -> None:
        connected = [*self._up]
        try:
            for duty in self._duties:
                for edge in await duty.news(connected):
                    self._due.add((duty, edge))
        except Exception as failure:
            if not is_trouble(failure):
                raise
            log.error("database", failure=str(failure))

    def _set_out(self, visits: asyncio.TaskGroup) -> None:
        """Begin the visits that are due; those to edges that are away come up again when they join."""
        now = asyncio.get_running_loop().time()
        self._due = {errand for errand in self._due if errand[1] in self._up}
        for errand in [one for one in self._due if self._not_before.get(one, 0.0) <= now and one not in self._working]:
            self._due.discard(errand)
            self._working.add(errand)
            visits.create_task(self._visit(errand), name=f"{errand[0].name} for {errand[1]}")

    async def _visit(self, errand: tuple[Duty, str]) -> None:
        duty, edge = errand
        first = errand in self._first
        self._first.discard(errand)
        try:
            async with self._places:
                link = self._up.get(edge)
                if link is not None:
                    await duty.visit(Visit(edge, link.takes, first, lambda request: self._ask(edge, request)))
        except (EdgeAwayError, EdgeRefusedError, NoAnswerError) as error:
            self._again(errand, first)
            log.warning("an edge did not take it; it is asked again", edge=edge, what=duty.name, why=str(error))
        except Exception as failure:  # of one edge: the others go on
            self._again(errand, first)
            if is_trouble(failure):
                log.error("database", failure=str(failure))
            else:
                log.exception("delivery failed", edge=edge, what=duty.name)
        finally:
            self._working.discard(errand)

    def _again(self, errand: tuple[Duty, str], first: bool) -> None:
        self._not_before[errand] = asyncio.get_running_loop().time() + AGAIN_AFTER
        self._due.add(errand)
        if first:
            self._first.add(errand)

    async def _ask(self, edge: str, request: Shape) -> Shape:
        return await self._call(edge, request, now_ms() + WITHIN)
