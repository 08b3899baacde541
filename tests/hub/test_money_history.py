"""Histories of money at the hub: whatever comes, in whatever order, however often, the books say what happened."""

import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.hub import postgres
from tests.hub.conftest import CLUSTER, DATABASE
from tests.hub.fake_edge import identifier
from tests.hub.paying import PRICES, account, began, came, order, take, turned_down
from tortoise.transactions import in_transaction

from chargelink.hub.services import accounts, books, decisions, orders
from chargelink.hub.services.decisions import CHARGE, Person
from chargelink.hub.services.order_states import OPEN, Event
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.database import opened
from chargelink.hub.store.models import Alarm, Bill, Progress, Quarantine, Record, Session, Tariff
from chargelink.hub.store.money import Account, Balance, Decision, Entry, Order, Posting, Refund, TopUp
from chargelink.hub.store.progress import RECORDS

TABLES = (Alarm, Bill, Quarantine, Record, Session, Tariff, Account, Balance, Decision, Entry, Order, Posting, Refund)
WANG = Person("wang", "why not")
WHICH = st.integers(0, 7)


@dataclass
class Story:
    """An order, and what its edge has to say of it: nothing if it was never sent."""

    id: str
    account: str
    session: str
    prepaid: int
    edge_total: int
    records: list[tuple[str, Any]] = field(default_factory=list)
    ended: bool = False  # its end was delivered


class Day(RuleBasedStateMachine):
    """A day at the hub: customers, edges, people, and failures of the database in the middle of anything."""

    runner: asyncio.Runner

    @initialize()
    def morning(self) -> None:
        self.paid_in: dict[str, int] = {}
        self.stories: list[Story] = []
        self.priced = False
        self.decided: dict[str, int] = {}
        self.numbers = 0
        self.run(self.sweep())
        for _ in range(2):
            self.paid_in[self.run(account(10_000))] = 10_000

    def run(self, story: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(story)

    async def sweep(self) -> None:
        for table in (*TABLES, TopUp):
            await table.all().delete()
        await Progress.filter(name=RECORDS).delete()

    @rule(who=st.integers(0, 1), fen=st.integers(1, 5_000))
    def top_up(self, who: int, fen: int) -> None:
        name = [*self.paid_in][who]
        self.numbers += 1
        self.run(accounts.top_up(name, fen, f"P{self.numbers}", 2))
        self.paid_in[name] += fen

    @rule(who=st.integers(0, 1))
    def refund(self, who: int) -> None:
        name = [*self.paid_in][who]
        self.numbers += 1
        with suppress(RefusedError):
            parts = self.run(accounts.refund(name, None, f"R{self.numbers}", 2))
            self.paid_in[name] -= sum(part.fen for part in parts)

    @rule(
        who=st.integers(0, 1),
        prepaid=st.sampled_from([1, 500, 700, 3_000]),
        edge_total=st.sampled_from([0, 500, 700, 900]),
        fate=st.sampled_from(["away", "refused", "charged", "charged", "charged"]),
        asks=st.booleans(),
    )
    def begin(self, who: int, prepaid: int, edge_total: int, fate: str, asks: bool) -> None:
        """An order; by a card that the edge asked about, or a start that the hub sends."""
        self.numbers += 1
        number = None if asks else self.numbers
        try:
            row = self.run(self.frozen([*self.paid_in][who], prepaid, number))
        except RefusedError:
            return
        story = Story(row.id, row.account, identifier(self.numbers), prepaid, edge_total)
        if fate == "charged":
            story.records = [began(row, story.session), came(row, story.session, total=edge_total)]
        elif fate == "refused":
            story.records = [turned_down(row, request=row.asked)]
        elif not asks:
            self.run(self.hear(row.id, Event.AWAY))
        self.stories.append(story)

    async def frozen(self, name: str, prepaid: int, number: int | None) -> Order:
        async with in_transaction():
            return await order(name, prepaid, number, None if number else f"q{self.numbers}")

    async def hear(self, name: str, event: Event) -> None:
        async with in_transaction():
            await orders.hear(await orders.locked(name), event, 3)

    @precondition(lambda self: self.stories)
    @rule(which=WHICH, event=st.sampled_from([Event.ACCEPTED, Event.DEFERRED, Event.REJECTED, Event.SILENT]))
    def answer(self, which: int, event: Event) -> None:
        """Whatever an edge answers, if it was asked at all: it frees nothing."""
        story = self.stories[which % len(self.stories)]
        if story.records:
            self.run(self.hear(story.id, event))

    @precondition(lambda self: self.stories)
    @rule(which=WHICH, record=st.integers(0, 1), fails=st.sampled_from([0, 0, 1, 2]))
    def deliver(self, which: int, record: int, fails: int) -> None:
        """A record, in any order and as often as it likes; the database may fail in the middle of it."""
        story = self.stories[which % len(self.stories)]
        if not story.records:
            return
        told = story.records[record % len(story.records)]
        self.run(self.read(told, fails))
        story.ended |= told[0] == "session.ended"

    async def read(self, told: tuple[str, Any], fails: int) -> None:
        if fails:
            with patch.object(books, "fetched", failing(fails)), suppress(OSError):
                await take(told)
            await take()
        else:
            await take(told)

    @rule()
    def prices(self) -> None:
        self.run(take(PRICES))
        self.priced = True

    @precondition(lambda self: self.stories)
    @rule(which=WHICH)
    def release(self, which: int) -> None:
        with suppress(RefusedError):
            self.run(orders.release(self.stories[which % len(self.stories)].id, "wang", "why not", 4))

    @precondition(lambda self: self.stories)
    @rule(which=WHICH, amount=st.sampled_from([0, 300, 700, 900]))
    def decide(self, which: int, amount: int) -> None:
        session = self.stories[which % len(self.stories)].session
        with suppress(RefusedError):
            self.run(decisions.decide(CHARGE, session, amount, WANG, 5))
            self.decided[session] = amount

    @rule()
    def restart(self) -> None:
        self.run(orders.recover(6))

    @invariant()
    def the_books_are_right(self) -> None:
        self.run(self.check())

    async def check(self) -> None:
        assert await books.verify() == []
        assert await Quarantine.all().count() == 0
        for name, paid_in in self.paid_in.items():
            has = await accounts.standing(name)
            spent = sum(bill.total or 0 for bill in await Bill.filter(account=name))
            assert has.wallet + has.held + spent - has.owed == paid_in
        for story in self.stories:
            row = await Order.get(id=story.id)
            assert await books.balance(books.frozen(story.id)) == (story.prepaid if row.state in OPEN else 0)
            bill = await Bill.get_or_none(session=story.session)
            assert (bill.total if bill else None) == self.expected(story)
            told = await decisions.posted(CHARGE, story.session)
            assert sum(fen for name, fen in told.items() if name.startswith("revenue:")) == ((bill and bill.total) or 0)

    def expected(self, story: Story) -> int | None:
        """What is due of a session, by the model."""
        if story.session in self.decided:
            return self.decided[story.session]
        if not (story.ended and self.priced):
            return None
        return min(story.edge_total, 700, story.prepaid)


def failing(after: int) -> Any:
    """The ledger's statements, of which one fails as the database does when it goes away."""
    count = 0

    async def fetched(query: str, values: Any) -> Any:
        nonlocal count
        count += 1
        if count > after:
            raise OSError("gone")
        return await real(query, values)

    return fetched


real = books.fetched  # type: ignore[attr-defined]


def test_a_day_at_the_hub(migrated: Path, tmp_path: Path) -> None:
    url = CLUSTER and postgres.url(CLUSTER, DATABASE)
    if not url:
        shutil.copy(migrated, tmp_path)
    with asyncio.Runner() as runner:
        if CLUSTER:
            runner.run(postgres.empty(CLUSTER, DATABASE))
        stack = AsyncExitStack()
        runner.run(stack.enter_async_context(opened(tmp_path, url)))
        try:
            Day.runner = runner
            quick = settings(
                max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck]
            )
            run_state_machine_as_test(Day, settings=quick)
        finally:
            runner.run(stack.aclose())
