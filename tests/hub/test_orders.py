"""Orders: every cell of their table, and what happens to the money in each."""

from itertools import permutations, product
from typing import Any

import pytest
from tests.hub.conftest import Place as Database
from tests.hub.fake_edge import identifier
from tests.hub.paying import (
    BACKWARDS,
    PRICES,
    SESSION,
    account,
    agreed,
    alarms,
    began,
    came,
    money,
    order,
    take,
    turned_down,
)
from tortoise.transactions import in_transaction

from chargelink.hub.services import accounts, books, orders
from chargelink.hub.services.order_states import CONTRADICTIONS, OPEN, TRANSITIONS, Event, State, after
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Bill, Quarantine
from chargelink.hub.store.money import Decision, Order

STAYS = ""
CELLS = {  # ACCEPTED, DEFERRED, REJECTED, SILENT, AWAY, STARTED, REFUSED, PRICED, UNPRICED, FREED
    State.ASKED: "running planned rejected unknown released running released settled waiting released",
    State.AUTHORISED: "- - - - - running released settled waiting released",
    State.PLANNED: "running - - - - running released settled waiting released",
    State.RUNNING: "- - - - - - -! settled waiting released",
    State.REJECTED: "running planned - - - running released settled waiting released",
    State.UNKNOWN: "running planned rejected - - running released settled waiting released",
    State.WAITING: "- - - - - - -! settled - released",
    State.SETTLED: "- - - - - - -! - - -",
    State.RELEASED: "-! - - - - -! - settled! -! -",
}


def test_the_table_has_every_state() -> None:
    assert set(TRANSITIONS) == set(CELLS) == set(State)
    assert set(OPEN) == set(State) - {State.SETTLED, State.RELEASED}


@pytest.mark.parametrize(("state", "event"), [*product(State, Event)], ids=lambda value: str(value))
async def test_every_cell(tables: Engine, state: State, event: Event) -> None:
    cell = CELLS[state].split()[[*Event].index(event)]
    expected = state if cell.startswith("-") else State(cell.removesuffix("!"))
    assert after(state, event) == expected
    who = await account(10_000)
    row = await order(who, 3_000)
    if state in (State.SETTLED, State.RELEASED):
        await orders.hear(row, Event.FREED, 2)
    await Order.filter(id=row.id).update(state=state)
    async with in_transaction():
        heard = await orders.hear(await orders.locked(row.id), event, 3, session=SESSION)
    stored = await Order.get(id=row.id)
    assert (stored.state, stored.session) == (expected, SESSION)
    assert stored.changed == (3 if expected != state else 1 if state in OPEN else 2)
    assert bool(heard) == cell.endswith("!") == ((state, event) in CONTRADICTIONS)
    free = state not in OPEN or expected == State.RELEASED  # "settled" is paid by whoever reads the record
    assert await money() == {"clearing": -10_000, "wallet": 10_000} | (
        {} if free else {"wallet": 7_000, "frozen": 3_000}
    )


async def test_money_is_frozen_with_its_order_or_not_at_all(tables: Engine) -> None:
    who = await account(10_000)
    first = await order(who, 3_000)
    assert (first.state, first.prepaid, first.minimum) == ("asked", 3_000, 0)
    assert await money() == {"clearing": -10_000, "wallet": 7_000, "frozen": 3_000}
    for prepaid in (7_001, 0, -1):
        with pytest.raises(RefusedError, match=r"has 70\.00 yuan unused"):
            async with in_transaction():
                await order(who, prepaid, number=78)
    assert await Order.all().count() == 1
    assert (await accounts.standing(who)).held == 3_000


@pytest.mark.parametrize(("unused", "frozen"), [(10_000, 5_000), (5_000, 5_000), (4_999, 4_999), (1, 1)])
async def test_without_an_amount_it_is_the_usual_or_what_there_is(tables: Engine, unused: int, frozen: int) -> None:
    row = await orders.freeze(await account(unused), place(), 1, usual=5_000, asked="q1")
    assert (row.prepaid, row.state, row.asked) == (frozen, "authorised", "q1")


def place() -> orders.Place:
    return orders.Place(edge="edge-1", device="gun-1", mode="card", minimum=6_000)


async def test_the_least_that_is_due_is_never_more_than_was_prepaid(tables: Engine) -> None:
    row = await orders.freeze(await account(), place(), 1, usual=5_000, asked="q1")
    assert orders.authorisation(row).minimum == 5_000


@pytest.mark.parametrize("closed", [True, False])
async def test_nobody_freezes_the_money_of_no_account(tables: Engine, closed: bool) -> None:
    who = await account(0)
    if closed:
        await accounts.close(who, 2)
    with pytest.raises(RefusedError, match="is closed" if closed else "unused"):
        await orders.freeze(who, place(), 3, usual=5_000, asked="q1")


RECORDS = ["tariff", "started", "ended"]


@pytest.mark.parametrize("sequence", [*permutations(RECORDS)], ids=" ".join)
@pytest.mark.parametrize("named", [True, False], ids=["by its order", "by its number"])
async def test_a_session_is_paid_from_what_was_frozen_and_the_rest_goes_back(
    tables: Engine, sequence: tuple[str, ...], named: bool
) -> None:
    row = await order(await account(10_000), 3_000)
    plain: dict[str, Any] = {} if named else {"authorisation": None}
    records = {"tariff": PRICES, "started": began(row), "ended": came(row, **plain)}
    for _ in range(2):  # and all of it again, as after a new epoch
        await take(*(records[one] for one in sequence))
    assert await money() == {
        "clearing": -10_000,
        "wallet": 9_300,
        "revenue:energy": 300,
        "revenue:service": 400,
    }
    stored = await Order.get()
    assert (stored.state, stored.session) == ("settled", SESSION)
    assert ((await Bill.get()).account, (await Bill.get()).total) == (row.account, 700)
    assert [line.key for line in await books.lines("order", row.id)][-1] == f"charge:{SESSION}"
    assert set(await alarms()) <= {"unknown-tariff"}


async def test_what_nobodys_account_began_is_to_be_collected_on_site(tables: Engine) -> None:
    await take(PRICES, began(), came())
    assert await money() == {"unassigned": -700, "revenue:energy": 300, "revenue:service": 400}
    assert (await Bill.get()).account is None


@pytest.mark.parametrize(
    ("edge_total", "service"), [(900, 400), (500, 200), (300, 0), (200, 0), (0, 0)], ids=lambda value: str(value)
)
async def test_where_prices_differ_the_lower_is_paid(tables: Engine, edge_total: int, service: int) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, came(row, total=edge_total))
    paid = min(edge_total, 700)
    revenue = {"revenue:energy": paid - service, "revenue:service": service}
    expected = {"clearing": -10_000, "wallet": 10_000 - paid} | {k: fen for k, fen in revenue.items() if fen}
    assert await money() == expected
    assert await alarms() == ["lower-price"]


async def test_where_only_the_fees_differ_ours_are_in_the_books_and_a_person_hears_of_it(tables: Engine) -> None:
    """The shares of others are of the service fee: an edge that names all of it electricity takes nothing off them."""
    row = await order(await account(10_000), 3_000)
    kind, body = came(row)
    body["bill"]["lines"] = [dict(body["bill"]["lines"][0], amount=700)]
    await take(PRICES, (kind, body))
    expected = {"clearing": -10_000, "wallet": 9_300, "revenue:energy": 300, "revenue:service": 400}
    assert await money() == expected
    assert await alarms() == ["other-fees"]


@pytest.mark.parametrize("why", ["no tariff", "readings that cannot be true"])
async def test_what_has_no_price_stays_frozen(tables: Engine, why: str) -> None:
    row = await order(await account(10_000), 3_000)
    if why == "no tariff":
        await take(came(row))
    else:
        await take(PRICES, came(row, readings=BACKWARDS))
    assert await money() == {"clearing": -10_000, "wallet": 7_000, "frozen": 3_000}
    assert (await Order.get()).state == "waiting"


async def test_no_more_is_paid_than_the_hub_froze_whatever_the_record_says(tables: Engine) -> None:
    row = await order(await account(10_000), 500)
    await take(PRICES, came(row, authorisation={"order": row.id, "prepaid": 900}))
    assert await money() == {"clearing": -10_000, "wallet": 9_500, "revenue:energy": 300, "revenue:service": 200}
    assert (await Bill.get()).total == 500
    assert await alarms() == ["above-prepaid"]


OTHERS = [
    ("of another edge", {"edge": "edge-2"}),
    ("of another session", {"session": identifier(9)}),
]


@pytest.mark.parametrize("other", [row[1] for row in OTHERS], ids=[row[0] for row in OTHERS])
async def test_nothing_is_paid_from_an_order_that_it_does_not_belong_to(tables: Engine, other: dict[str, str]) -> None:
    row = await order(await account(10_000), 3_000)
    record = came(row)
    await Order.filter(id=row.id).update(**other)
    before = await books.balances()
    await take(PRICES, record)
    expected = {"unassigned": -700, "revenue:energy": 300, "revenue:service": 400}
    assert await books.balances() == before | expected
    assert await alarms() == ["order-of-another"]


async def test_an_order_that_nobody_knows_pays_nothing(tables: Engine) -> None:
    await take(PRICES, came(None, **agreed(order="o9")))
    assert await money() == {"unassigned": -700, "revenue:energy": 300, "revenue:service": 400}
    assert await alarms() == ["order-of-another"]


async def test_two_sessions_of_one_order_are_not_both_paid_by_it(tables: Engine) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, began(row), came(row), came(row, identifier(2)))
    assert (await money())["wallet"] == 9_300
    assert (await money())["unassigned"] == -700
    assert (await Order.get()).session == SESSION


async def test_one_session_does_not_take_from_two_orders(tables: Engine) -> None:
    who = await account(10_000)
    first, second = await order(who, 3_000), await order(who, 3_000, number=78)
    await take(PRICES, began(first), came(second))
    assert {row.id: row.state for row in await Order.all()} == {first.id: "running", second.id: "asked"}
    assert (await money())["unassigned"] == -700
    assert await alarms() == ["order-of-another"]


async def test_a_number_of_another_edge_is_not_ours(tables: Engine) -> None:
    """Numbers of starts are one row for all edges: a record that only has the number must be of the same edge."""
    row = await order(await account(10_000), 3_000)
    await Order.filter(id=row.id).update(edge="edge-2")
    await take(PRICES, came(None, remoteStartId=77))
    assert (await money())["frozen"] == 3_000
    assert await alarms() == ["order-of-another"]


LEASED = {"order": None, "prepaid": 2_000, "lease": "l1"}


@pytest.mark.parametrize(
    ("lease", "wallet", "paid"),
    [
        (2_000, 500, {"leased": 1_300, "wallet": 500}),
        (700, 500, {"wallet": 500}),
        (300, 500, {"wallet": 500, "owed": -400}),
    ],
)
async def test_a_lease_pays_what_was_leased_and_the_rest_is_owed(
    tables: Engine, lease: int, wallet: int, paid: dict[str, int]
) -> None:
    who = await account(lease + wallet)
    await grant(who, lease)
    await take(PRICES, came(None, authorisation={"mode": "card", "account": who, **LEASED}))
    expected = {"clearing": -lease - wallet, "revenue:energy": 300, "revenue:service": 400} | paid
    assert await money() == expected
    assert await alarms() == (["unpaid"] if "owed" in paid else [])


@pytest.mark.parametrize(("left", "paid"), [(900, 700), (500, 500), (0, 0)])
async def test_a_lease_that_was_given_back_too_early_is_taken_again_once(tables: Engine, left: int, paid: int) -> None:
    who = await account(900)
    await grant(who, 900)
    await books.post("lease:l1:end", "lease-ended", 2, {"leased:l1": -900, books.wallet(who): 900})
    if left < 900:
        await accounts.refund(who, 900 - left, "R1", 3)
    agreement: dict[str, Any] = {"authorisation": {"mode": "card", "account": who, **LEASED}}
    for _ in range(2):
        await take(PRICES, came(None, **agreement))
    expected = {"clearing": -left, "wallet": left - paid, "owed": paid - 700}
    revenue = {"revenue:energy": 300, "revenue:service": 400}
    assert await money() == {name: fen for name, fen in (expected | revenue).items() if fen}
    await take(came(None, identifier(2), **agreement))  # 2 yuan of the lease are left, whatever the wallet has
    await accounts.top_up(who, 5_000, "P2", 4)
    await take(came(None, identifier(3), **agreement))
    has = await accounts.standing(who)
    taken = 3 * 700 - has.owed
    assert (taken <= 900, has.wallet) == (True, left + 5_000 - taken)


async def grant(account: str, fen: int, edge: str = "edge-1") -> None:
    from chargelink.hub.store.money import Lease

    await Lease.create(id="l1", account=account, edge=edge, amount=fen, until=9, state="held", created=1)
    await books.post("lease:l1", "lease", 1, {books.wallet(account): -fen, "leased:l1": fen})


async def test_the_lease_of_another_edge_pays_nothing(tables: Engine) -> None:
    who = await account(2_000)
    await grant(who, 1_000, edge="edge-2")
    await take(PRICES, came(None, authorisation={"mode": "card", "account": who, **LEASED}))
    assert await money() == {
        "clearing": -2_000,
        "wallet": 1_000,
        "leased": 1_000,
        "unassigned": -700,
        "revenue:energy": 300,
        "revenue:service": 400,
    }
    assert await alarms() == ["lease-of-another"]


@pytest.mark.parametrize("known", [True, False])
async def test_an_edge_that_names_an_account_takes_nothing_from_it(tables: Engine, known: bool) -> None:
    who = await account(2_000)
    await take(PRICES, came(None, authorisation={"mode": "card", "account": who if known else "a-other"}))
    debt = "owed" if known else "unassigned"
    assert await money() == {
        "clearing": -2_000,
        "wallet": 2_000,
        debt: -700,
        "revenue:energy": 300,
        "revenue:service": 400,
    }


async def test_a_pass_pays_nothing_here(tables: Engine) -> None:
    who = await account(2_000)
    empty = {"lines": [], "total": 0, "energy": 0, "rulesVersion": 1, "verifiedMeter": True, "fault": False}
    named = {"sessionId": SESSION, "tariffId": "site-1", "tariffHash": came()[1]["tariffHash"]}
    await take(PRICES, came(None, readings=[], bill=empty | named, **agreed(account=who, passId="p1")))
    assert await money() == {"clearing": -2_000, "wallet": 2_000}


@pytest.mark.parametrize("first", ["refused", "ended"])
async def test_a_refusal_frees_what_was_frozen_once(tables: Engine, first: str) -> None:
    row = await order(await account(10_000), 3_000)
    if first == "refused":
        await take(turned_down(row), turned_down(row))
        assert await money() == {"clearing": -10_000, "wallet": 10_000}
        assert ((await Order.get()).state, (await Order.get()).reason) == ("released", "expired: too late")
        assert await alarms() == []
        await take(PRICES, came(row))
    else:
        await take(PRICES, came(row), turned_down(row))
    assert await money() == {"clearing": -10_000, "wallet": 9_300, "revenue:energy": 300, "revenue:service": 400}
    assert await alarms() == ["order-contradiction"]


async def test_a_refusal_of_a_start_that_nobody_paid_for_is_nothing_to_us(tables: Engine) -> None:
    await take(turned_down(remoteStartId=5), turned_down(request="q9"), turned_down(order="o9"), turned_down())
    assert (await alarms(), await Quarantine.all().count()) == ([], 0)


@pytest.mark.parametrize(("left", "wallet", "owed"), [(10_000, 9_300, 0), (700, 0, 0), (500, 0, -200), (0, 0, -700)])
async def test_a_session_of_an_order_that_a_person_released_is_paid_as_far_as_the_wallet_reaches(
    tables: Engine, left: int, wallet: int, owed: int
) -> None:
    who = await account(10_000)
    row = await order(who, 3_000)
    assert await orders.release(row.id, "wang", "the site is dark", 5) == 3_000
    if left < 10_000:
        await accounts.refund(who, 10_000 - left, "R1", 6)
    await take(PRICES, began(row), came(row))
    expected = {"clearing": -left, "wallet": wallet, "owed": owed, "revenue:energy": 300, "revenue:service": 400}
    assert await money() == {name: fen for name, fen in expected.items() if fen}
    assert (await Order.get()).state == "settled"
    assert [kind for kind in await alarms() if kind != "unpaid"] == ["order-contradiction"] * 2
    decided = await Decision.get()
    assert (decided.subject, decided.before, decided.who, decided.why) == (row.id, 3_000, "wang", "the site is dark")


async def test_what_is_over_is_not_released(tables: Engine) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, came(row))
    with pytest.raises(RefusedError, match="is settled already"):
        await orders.release(row.id, "wang", "?", 5)
    with pytest.raises(RefusedError, match="there is no order o1"):
        await orders.release("o1", "wang", "?", 5)


async def test_a_record_that_cannot_be_paid_is_set_aside_whole_and_the_money_stays(
    tables: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours between the bill and its posting: neither is there, and a person hears of it."""
    row = await order(await account(10_000), 3_000)
    with monkeypatch.context() as patched:
        patched.setattr(books, "post", broken)
        await take(PRICES, came(row))
    assert await Bill.all().count() == 0
    assert (await Order.get()).state == "asked"
    assert (await money())["frozen"] == 3_000
    assert await alarms() == ["quarantined"]


async def broken(*_: Any, **__: Any) -> bool:
    raise RuntimeError("a fault of ours")


async def test_after_a_crash_nobody_knows_whether_the_edge_heard(tables: Engine, place: Database) -> None:
    row = await order(await account(10_000), 3_000)
    assert [await orders.recover(9), await orders.recover(9)] == [1, 0]
    assert ((await Order.get()).state, (await Order.get()).id) == ("unknown", row.id)
    assert (await money())["frozen"] == 3_000
