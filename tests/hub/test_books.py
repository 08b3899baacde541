"""The ledger: every entry adds up to 0, is written once, and no money is spent that is not there."""

import asyncio
import shutil
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.hub import postgres
from tests.hub.conftest import CLUSTER, DATABASE, Place
from tortoise.transactions import in_transaction

from chargelink.hub.services import books
from chargelink.hub.services.books import BooksError, OtherPostingsError, ShortError, post
from chargelink.hub.store.database import opened
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.money import Balance, Entry, Posting
from chargelink.hub.store.statements import connection
from chargelink.link.quantities import EXACT


async def top_up(account: str, fen: int) -> None:
    await post(f"top-up:{account}", "top-up", 1, {"clearing": -fen, f"wallet:{account}": fen})


async def test_an_entry_moves_money_and_says_why(tables: Engine, place: Place) -> None:
    assert await post("top-up:1", "top-up", 7, {"clearing": -500, "wallet:a": 500}, memo="by phone")
    assert await post("freeze:1", "freeze", 8, {"wallet:a": -300, "frozen:1": 300}, order="1")
    assert await books.balances() == {"clearing": -500, "frozen:1": 300, "wallet:a": 200}
    rows = await place.rows('SELECT "key", "at", "kind", "order", "session", "memo" FROM "entry" ORDER BY "id"')
    assert rows == [("top-up:1", 7, "top-up", None, None, "by phone"), ("freeze:1", 8, "freeze", "1", None, "")]
    assert [(line.account, line.fen) for line in await books.lines("order", "1")] == [
        ("frozen:1", 300),
        ("wallet:a", -300),
    ]
    assert [line.fen for line in await books.lines("account", "wallet:a")] == [500, -300]
    assert await books.verify() == []


async def test_a_sum_of_nothing_is_an_event_all_the_same(tables: Engine) -> None:
    assert await post("settle:1", "settle", 1, {"unassigned": 0, "revenue:energy": 0}, session="s")
    assert not await post("settle:1", "settle", 1, {})
    assert (await Entry.get()).session == "s"
    assert await Posting.all().count() == 0


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("does not add up", {"clearing": -1, "wallet:a": 2}, "not to 0"),
    ("no such account", {"bank": -1, "wallet:a": 1}, "no account 'bank'"),
    ("an account without a name", {"wallet:": -1, "wallet:a": 1}, "no account 'wallet:'"),
    ("a line feed behind", {"clearing\n": -1, "wallet:a": 1}, "no account"),
    ("revenue of no kind", {"revenue:": -1, "wallet:a": 1}, "no account"),
    ("half a fen", {"clearing": -0.5, "wallet:a": 0.5}, "no amount"),
    ("true", {"clearing": -1, "wallet:a": True}, "no amount"),
    ("more than is exact", {"clearing": -EXACT - 1, "wallet:a": EXACT + 1}, "no amount"),
]


@pytest.mark.parametrize(("amounts", "why"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
async def test_what_is_no_entry_is_not_written(tables: Engine, amounts: dict[str, Any], why: str) -> None:
    with pytest.raises(BooksError, match=why):
        await post("key", "kind", 1, amounts)
    assert await Entry.all().count() == 0


SHORT = [
    ({"wallet:a": -501, "frozen:1": 501}, "wallet:a", 500),
    ({"frozen:2": -1, "wallet:a": 1}, "frozen:2", 0),
    ({"leased:1": -1, "wallet:a": 1}, "leased:1", 0),
    ({"owed:a": 1, "wallet:a": -1}, "owed:a", 0),
]


@pytest.mark.parametrize(("amounts", "account", "have"), SHORT, ids=[row[1] for row in SHORT])
async def test_money_that_is_not_there_moves_nothing_and_the_transaction_goes_on(
    tables: Engine, amounts: dict[str, int], account: str, have: int
) -> None:
    await top_up("a", 500)
    async with in_transaction():
        with pytest.raises(ShortError) as short:
            await post("key", "kind", 1, amounts)
        assert (short.value.account, short.value.have) == (account, have)
        assert await post("key", "kind", 1, {"wallet:a": -500, "frozen:1": 500})
    assert await books.balances() == {"clearing": -500, "frozen:1": 500, "wallet:a": 0}
    assert await books.verify() == []


async def test_the_same_key_again_is_the_same_entry_or_an_error(tables: Engine) -> None:
    await top_up("a", 500)
    amounts = {"wallet:a": -100, "frozen:1": 100}
    assert [await post("freeze:1", "freeze", at, amounts) for at in (1, 2, 3)] == [True, False, False]
    for other in ({"wallet:a": -101, "frozen:1": 101}, {"wallet:a": -100, "frozen:2": 100}, {}):
        with pytest.raises(OtherPostingsError, match="freeze:1"):
            await post("freeze:1", "freeze", 1, other)
    assert await books.balance("wallet:a") == 400


async def test_what_is_undone_is_undone_altogether(tables: Engine) -> None:
    await top_up("a", 500)
    assert await attempt("freeze:1", {"wallet:a": -100, "frozen:1": 100}, crash=True) == "written"
    assert (await books.balance("wallet:a"), await books.balance("frozen:1")) == (500, 0)
    assert await attempt("freeze:1", {"wallet:a": -100, "frozen:1": 100}, crash=False) == "written"


async def test_two_who_spend_at_once_do_not_spend_the_same_money(tables: Engine) -> None:
    await top_up("a", 1_000)

    async def spend(number: int) -> str:
        try:
            async with in_transaction():
                await post(f"freeze:{number}", "freeze", 1, {"wallet:a": -300, f"frozen:{number}": 300})
        except ShortError:
            return "short"
        return "frozen"

    outcomes = Counter(await asyncio.gather(*map(spend, range(12))))
    assert outcomes == {"frozen": 3, "short": 9}
    assert await books.balance("wallet:a") == 100
    assert await books.verify() == []


async def test_many_who_write_the_same_entry_at_once_write_it_once(tables: Engine) -> None:
    await top_up("a", 1_000)
    same = (post("freeze:1", "freeze", 1, {"wallet:a": -300, "frozen:1": 300}) for _ in range(8))
    assert sorted(await asyncio.gather(*same)) == [False] * 7 + [True]
    assert await books.balance("wallet:a") == 700


DAMAGE = [
    ("a posting changed", 'UPDATE "posting" SET "fen" = 7 WHERE "fen" = 500', ["adds up", "7"]),
    ("a balance changed", 'UPDATE "balance" SET "fen" = 7', ["kept as 7"]),
    ("a balance lost", 'DELETE FROM "balance"', ["kept as 0"]),
    ("an entry lost", 'DELETE FROM "entry"', ["entry None"]),
    ("a posting lost", 'DELETE FROM "posting" WHERE "fen" > 0', ["adds up to -500", "kept as 500"]),
    ("money out of nothing", 'UPDATE "posting" SET "fen" = - "fen"', ["clearing has 500", "wallet:a has -500"]),
]


@pytest.mark.parametrize(("statement", "told"), [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
async def test_damage_is_found(tables: Engine, statement: str, told: list[str]) -> None:
    await top_up("a", 500)
    assert await books.verify() == []
    await connection().execute_query(statement)
    wrong = " / ".join(text.english for text in await books.verify())
    assert [word for word in told if word not in wrong] == []


AMOUNTS = st.integers(0, 1_000)
ACCOUNTS = st.sampled_from(["wallet:a", "wallet:b", "frozen:1", "leased:1", "owed:a", "clearing", "revenue:energy"])


class Bookkeeper(RuleBasedStateMachine):
    """Writes whatever comes to mind, beside a model of a dozen lines. Each run has names of its own."""

    runner: asyncio.Runner
    runs = count()

    @initialize()
    def begin(self) -> None:
        self.suffix = f"-{next(self.runs)}"
        self.have: Counter[str] = Counter()
        self.written: dict[str, dict[str, int]] = {}

    def named(self, account: str) -> str:
        return account + self.suffix if ":" in account and not account.startswith("revenue") else account

    @rule(key=st.integers(0, 30), source=ACCOUNTS, sink=ACCOUNTS, fen=AMOUNTS, crash=st.booleans())
    def move(self, key: int, source: str, sink: str, fen: int, crash: bool) -> None:
        amounts = Counter({self.named(sink): fen})
        amounts[self.named(source)] -= fen
        self.write(f"{key}{self.suffix}", amounts, crash)

    @rule(key=st.integers(0, 30), amounts=st.dictionaries(ACCOUNTS, st.integers(-500, 500), max_size=4))
    def write_anything(self, key: int, amounts: dict[str, int]) -> None:
        self.write(f"{key}{self.suffix}", Counter({self.named(name): fen for name, fen in amounts.items()}))

    def write(self, key: str, amounts: "Counter[str]", crash: bool = False) -> None:
        expected = self.expected(key, amounts)
        assert self.runner.run(attempt(key, dict(amounts), crash)) == expected
        if expected == "written" and not crash:
            self.written[key] = {name: fen for name, fen in amounts.items() if fen}
            self.have.update(amounts)

    def expected(self, key: str, amounts: "Counter[str]") -> str:
        if sum(amounts.values()):
            return "BooksError"
        if key in self.written:
            same = self.written[key] == {name: fen for name, fen in amounts.items() if fen}
            return "known" if same else "OtherPostingsError"
        after = {name: self.have[name] + fen for name, fen in amounts.items() if fen}
        below = any(fen < 0 for name, fen in after.items() if name.startswith(("wallet", "frozen", "leased")))
        above = any(fen > 0 for name, fen in after.items() if name.startswith("owed"))
        return "ShortError" if below or above else "written"

    @invariant()
    def has_what_the_model_has(self) -> None:
        for account in ("wallet:a", "wallet:b", "frozen:1", "leased:1", "owed:a"):
            name = self.named(account)
            assert self.runner.run(books.balance(name)) == self.have[name]


async def attempt(key: str, amounts: dict[str, int], crash: bool) -> str:
    """What comes of writing an entry, in a transaction that may be undone at its end."""
    told = ""
    try:
        async with in_transaction():
            told = "written" if await post(key, "kind", 1, amounts) else "known"
            if crash:
                raise ConnectionError
    except ConnectionError:
        pass
    except BooksError as error:
        told = type(error).__name__
    return told


def test_whatever_is_written_the_ledger_says_what_the_model_says(migrated: Path, tmp_path: Path) -> None:
    url = CLUSTER and postgres.url(CLUSTER, DATABASE)
    if not url:
        shutil.copy(migrated, tmp_path)
    with asyncio.Runner() as runner:
        if CLUSTER:
            runner.run(postgres.empty(CLUSTER, DATABASE))
        stack = AsyncExitStack()
        runner.run(stack.enter_async_context(opened(tmp_path, url)))
        try:
            Bookkeeper.runner = runner
            quick = settings(
                max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=[*HealthCheck]
            )
            run_state_machine_as_test(Bookkeeper, settings=quick)
            assert [str(text) for text in runner.run(books.verify()) if "clearing" not in str(text)] == []
            assert runner.run(kept()) > 0
        finally:
            runner.run(stack.aclose())


async def kept() -> int:
    return await Balance.all().count()
