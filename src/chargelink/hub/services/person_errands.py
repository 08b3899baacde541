"""What the hub asks edges about persons until they have done it: to erase one, to tell keys again that it lost."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from chargelink.hub.clock import now_ms
from chargelink.hub.services import persons
from chargelink.hub.services.commands import EdgeAwayError, EdgeRefusedError, NoAnswerError
from chargelink.hub.store.persons import ErasedPerson
from chargelink.hub.store.trouble import is_trouble
from chargelink.link.messages import ErasePerson, ErasePersonResponse, PersonKeys, TriggerMessage
from chargelink.link.shape import Shape

LOOK_EVERY = 1.0  # s: a command beside this process may have erased somebody
WITHIN = 15_000  # ms that an edge has to answer
AT_ONCE = 16  # edges
AGAIN_AFTER = 60.0  # s before an edge that did not do it is asked again

Call = Callable[[str, Shape, int], Awaitable[Shape]]
"""Asks an edge, until an expiry in UTC milliseconds: `Edges.call`."""

log = structlog.get_logger()


class Errands:
    """`call` asks an edge; `connected` are the edges whose links are up."""

    def __init__(self, call: Call, connected: Callable[[], Collection[str]]) -> None:
        self._call = call
        self._connected = connected
        self._joined: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    def joined(self, edge: str) -> None:
        """An edge has said who it is."""
        self._joined.add(edge)
        self._not_before.pop(edge, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
            except Exception as failure:
                if not is_trouble(failure):
                    raise
                log.error("database", failure=str(failure))

    async def look(self) -> None:
        """Do what is due now."""
        joined, self._joined = self._joined, set()
        connected, now = set(self._connected()), asyncio.get_running_loop().time()
        waiting = await ErasedPerson.filter(obeyed__isnull=True).distinct().values_list("edge", flat=True)
        due = {str(edge) for edge in waiting if self._not_before.get(str(edge), 0.0) <= now}
        lacking = await persons.lacking_keys(joined)
        async with asyncio.TaskGroup() as group:
            for edge in (due | lacking) & connected:
                group.create_task(self._visit(edge, ask=edge in lacking), name=f"persons of {edge}")

    async def _visit(self, edge: str, *, ask: bool) -> None:
        async with self._places:
            try:
                await self._have_erased(edge)
                if ask:
                    log.warning("keys of persons are missing; the edge is asked for them", edge=edge)
                    await self._ask(edge, TriggerMessage(requested_message=PersonKeys.__name__))
            except (EdgeAwayError, EdgeRefusedError, NoAnswerError) as error:
                self._not_before[edge] = asyncio.get_running_loop().time() + AGAIN_AFTER
                log.warning("an edge did not do it; it is asked again", edge=edge, why=str(error))

    async def _have_erased(self, edge: str) -> None:
        for row in await ErasedPerson.filter(edge=edge, obeyed__isnull=True).order_by("id"):
            answer = await self._ask(edge, ErasePerson(person=row.person))
            assert isinstance(answer, ErasePersonResponse)
            if answer.status != "Accepted":
                raise EdgeRefusedError(answer.reason or "it gave no reason")
            await ErasedPerson.filter(id=row.id).update(obeyed=now_ms())

    async def _ask(self, edge: str, request: Shape) -> Shape:
        return await self._call(edge, request, now_ms() + WITHIN)
