"""The table of a session's states, cell by cell, against a real ledger that is opened again after each event."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Ending, Journal, OrderRefused, Sessions
from chargelink.edge.ledger.session_states import TABLE, Answer, Event, ImpossibleError, State, after
from chargelink.link.messages import RECORD_LANE
from chargelink.model import Reading, SessionKind, StartRefused, StopReason, Tariff

TARIFF = Tariff(id="t", version=1, per_use=100)
NOW = 1_790_000_000_000
NUMBER = 7
STOP = Ending(StopReason.LOCAL, by="driver")


class Life:
    """One order, number 7, and the session that it may have got."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = "never"
        self.register = 0

    async def wake(self) -> None:
        self.journal: Journal = open_journal(self.path)
        self.sessions = Sessions(self.journal, "edge-1", os.urandom)
        await self.sessions.load()

    async def begin(self) -> Answer:
        start = Reading(at=NOW, register=0)
        try:
            begun = await self.sessions.begin("gun-1", SessionKind.DC, TARIFF, NOW, remote_start_id=NUMBER, start=start)
        except OrderRefused:
            return Answer.SAME
        self.id = begun.started.session_id
        return Answer.SAME if begun.again else Answer.DONE

    async def refuse(self) -> Answer:
        stands = await self.sessions.refuse(NUMBER, "gun-1", None, "expired", f"{self.register}", "o", NOW)
        self.register += 1
        first = isinstance(stands, StartRefused) and stands.text == str(self.register - 1)
        return Answer.DONE if first else Answer.SAME

    async def read(self) -> Answer:
        taken = await self.sessions.read(self.id, Reading(at=NOW + 1, register=self.register))
        return Answer.DONE if taken else Answer.LEFT_OUT

    async def energy(self) -> Answer:
        self.register += 1000
        return await self.read()

    async def stop(self) -> Answer:
        by = f"somebody {self.register}"
        self.register += 1000
        try:
            asked = await self.sessions.stopping(self.id, StopReason.LOCAL, by)
        except KeyError:
            return Answer.IMPOSSIBLE
        return Answer.DONE if asked.by == by else Answer.SAME

    async def end(self) -> Answer:
        before = (await self.journal.position()).last
        try:
            await self.sessions.end(self.id, NOW + 2, STOP)
        except ImpossibleError:
            return Answer.IMPOSSIBLE
        return Answer.DONE if (await self.journal.position()).last > before else Answer.SAME

    async def restart(self) -> Answer:
        await self.journal.close()
        await self.wake()
        return Answer.SAME

    async def acknowledge(self) -> Answer:
        position = await self.journal.position()
        before = await self.state()
        await self.journal.acknowledge(position.epoch, RECORD_LANE, position.last)
        return Answer.SAME if await self.state() is before else Answer.DONE

    async def prune(self) -> Answer:
        before = await self.state()
        await self.journal.prune(NOW * 2)
        return Answer.SAME if await self.state() is before else Answer.DONE

    async def state(self) -> State:
        state = await self.sessions.state(self.id)
        if state is State.NONE:
            try:
                await self.sessions.started_by(NUMBER)
            except OrderRefused:
                return State.REFUSED
        return state


EVENTS: dict[Event, Callable[[Life], Awaitable[Answer]]] = {
    Event.BEGIN: Life.begin,
    Event.REFUSE: Life.refuse,
    Event.READ: Life.read,
    Event.ENERGY: Life.energy,
    Event.STOP: Life.stop,
    Event.END: Life.end,
    Event.RESTART: Life.restart,
    Event.ACKNOWLEDGE: Life.acknowledge,
    Event.PRUNE: Life.prune,
}
WAY: dict[State, tuple[Event, ...]] = {
    State.NONE: (),
    State.REFUSED: (Event.REFUSE,),
    State.AUTHORISED: (Event.BEGIN,),
    State.CHARGING: (Event.BEGIN, Event.ENERGY),
    State.ENDING: (Event.BEGIN, Event.ENERGY, Event.STOP),
    State.BILLED: (Event.BEGIN, Event.ENERGY, Event.END),
    State.SETTLED: (Event.BEGIN, Event.ENERGY, Event.END, Event.ACKNOWLEDGE),
}


def test_the_table_has_every_cell() -> None:
    assert set(TABLE) == {(state, event) for state in State for event in Event}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
async def test_each_cell(tmp_path: Path, state: State, event: Event) -> None:
    life = Life(tmp_path / "ledger.db")
    await life.wake()
    for step in WAY[state]:
        await EVENTS[step](life)
    assert await life.state() is state
    cell = TABLE[state, event]
    assert await EVENTS[event](life) is cell.answer
    assert await life.state() is cell.then
    await life.restart()
    assert await life.state() is cell.then
    await life.journal.close()


def test_what_is_impossible_says_so() -> None:
    with pytest.raises(KeyError) as caught:
        after(State.REFUSED, Event.END, "x")
    assert isinstance(caught.value, ImpossibleError)
    assert (caught.value.state, caught.value.event) == (State.REFUSED, Event.END)


async def test_what_is_odd_is_counted(tmp_path: Path) -> None:
    life = Life(tmp_path / "ledger.db")
    await life.wake()
    for event in (Event.READ, Event.STOP, Event.END, Event.END):
        await EVENTS[event](life)
    assert life.sessions.odd == {Event.READ: 1, Event.STOP: 1, Event.END: 2}
    await life.journal.close()
