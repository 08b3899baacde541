"""What a person decides about bills, and bills for staying: the difference moves, and no more than was shown."""

import pytest
from tests.hub.fake_edge import identifier
from tests.hub.paying import BACKWARDS, PRICES, SESSION, account, came, money, order, take

from chargelink.hub.services import accounts, books, decisions, orders
from chargelink.hub.services.decisions import CHARGE, OCCUPANCY, Person, collected, decide
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Bill, Quarantine
from chargelink.hub.store.money import Decision, Order

WANG = Person("wang", "read the meter again")
PAID = {"clearing": -10_000, "wallet": 9_300, "revenue:energy": 300, "revenue:service": 400}


async def left(session: str = SESSION) -> tuple[str, int | None]:
    bill = await Bill.get(session=session)
    return bill.settlement, bill.total


DECIDED: list[tuple[str, int, int | str, dict[str, int]]] = [
    ("up to the edge's", 900, "edge", {"wallet": 9_100, "revenue:energy": 300, "revenue:service": 600}),
    ("the hub's, as it was", 900, "hub", {"wallet": 9_300, "revenue:energy": 300, "revenue:service": 400}),
    ("between", 900, 800, {"wallet": 9_200, "revenue:energy": 300, "revenue:service": 500}),
    ("down", 900, 250, {"wallet": 9_750, "revenue:energy": 250}),
    ("to nothing", 700, 0, {"wallet": 10_000}),
]


@pytest.mark.parametrize(("edge", "wanted", "after"), [row[1:] for row in DECIDED], ids=[row[0] for row in DECIDED])
async def test_a_decision_moves_the_difference(
    tables: Engine, edge: int, wanted: int | str, after: dict[str, int]
) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, came(row, total=edge))
    assert await decide(CHARGE, SESSION, wanted, WANG, 9) == 700
    assert await money() == {"clearing": -10_000} | after
    assert await left() == ("decided", 10_000 - after["wallet"])
    one = await Decision.get()
    assert (one.subject, one.before, one.after, one.who, one.why) == (SESSION, 700, 10_000 - after["wallet"], *WANG)


async def test_a_decision_may_be_changed_and_every_one_is_kept(tables: Engine) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, came(row, total=900))
    for wanted in (900, 0, 900, 700, 700):
        await decide(CHARGE, SESSION, wanted, WANG, 9)
    assert await money() == PAID
    assert [one.after for one in await Decision.all().order_by("id")] == [900, 0, 900, 700, 700]


@pytest.mark.parametrize("wanted", [901, -1, 10**12])
async def test_nobody_decides_more_than_the_customer_was_shown(tables: Engine, wanted: int) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, came(row, total=900))
    with pytest.raises(RefusedError, match=r"at most 9\.00 yuan"):
        await decide(CHARGE, SESSION, wanted, WANG, 9)
    assert (await money(), await Decision.all().count()) == (PAID, 0)


async def test_nor_more_than_was_prepaid(tables: Engine) -> None:
    row = await order(await account(10_000), 800)
    await take(PRICES, came(row, total=900))
    with pytest.raises(RefusedError, match=r"at most 8\.00 yuan"):
        await decide(CHARGE, SESSION, "edge", WANG, 9)


@pytest.mark.parametrize("why", ["no tariff", "readings that cannot be true"])
async def test_what_has_no_price_is_paid_as_a_person_says(tables: Engine, why: str) -> None:
    row = await order(await account(10_000), 3_000)
    records = [came(row)] if why == "no tariff" else [PRICES, came(row, readings=BACKWARDS)]
    await take(*records)
    with pytest.raises(RefusedError, match="the hub has no price"):
        await decide(CHARGE, SESSION, "hub", WANG, 9)
    assert await decide(CHARGE, SESSION, 600, WANG, 9) is None
    assert await money() == {"clearing": -10_000, "wallet": 9_400, "revenue:energy": 300, "revenue:service": 300}
    assert (await Order.get()).state == "settled"
    await take(PRICES)  # the tariff comes after all
    assert await left() == ("decided", 600)
    assert (await money())["wallet"] == 9_400
    assert await Quarantine.all().count() == 0


async def test_what_an_order_no_longer_holds_comes_from_the_wallet_and_then_is_owed(tables: Engine) -> None:
    who = await account(3_000)
    row = await order(who, 3_000)
    await take(PRICES, came(row, total=900))
    await accounts.refund(who, 2_200, "R1", 9)
    await decide(CHARGE, SESSION, "edge", WANG, 9)
    assert await money() == {"clearing": -800, "owed": -100, "revenue:energy": 300, "revenue:service": 600}
    await decide(CHARGE, SESSION, 600, WANG, 9)  # first the debt goes, then money comes back
    assert await money() == {"clearing": -800, "wallet": 200, "revenue:energy": 300, "revenue:service": 300}


async def test_a_debt_that_was_paid_is_given_back_as_money(tables: Engine) -> None:
    who = await account(700)
    row = await order(who, 700)
    await orders.release(row.id, "wang", "?", 5)
    await accounts.refund(who, None, "R1", 6)
    await take(PRICES, came(row))
    assert await accounts.standing(who) == accounts.Standing(0, 0, 700)
    await accounts.top_up(who, 1_000, "P2", 7)
    assert await accounts.collect(who, 8) == 700
    await decide(CHARGE, SESSION, 0, WANG, 9)
    assert await accounts.standing(who) == accounts.Standing(1_000, 0, 0)


async def test_sessions_of_nobody_are_decided_too(tables: Engine) -> None:
    await take(PRICES, came(total=900))
    await decide(CHARGE, SESSION, "edge", WANG, 9)
    assert await money() == {"unassigned": -900, "revenue:energy": 300, "revenue:service": 600}
    await decide(CHARGE, SESSION, 0, WANG, 9)
    assert await money() == {}


async def test_what_is_paid_on_site_is_written_down_once(tables: Engine) -> None:
    await take(PRICES, came(total=900), came(None, identifier(2)))
    for _ in range(2):
        assert await collected(SESSION, "WX-1", 9) == 700
    assert await money() == {"clearing": -700, "unassigned": -700, "revenue:energy": 600, "revenue:service": 800}
    with pytest.raises(RefusedError, match="was for session"):
        await collected(identifier(2), "WX-1", 9)
    with pytest.raises(RefusedError, match="nothing of session"):
        await collected(SESSION, "WX-2", 9)
    await decide(CHARGE, SESSION, "edge", WANG, 9)
    assert await collected(SESSION, "WX-3", 9) == 200
    with pytest.raises(RefusedError, match="no such bill"):
        await collected(identifier(3), "WX-4", 9)
    await decide(CHARGE, SESSION, 0, WANG, 9)  # to be paid back where it was paid in
    assert await money() == {"unassigned": -700, "revenue:energy": 300, "revenue:service": 400}


@pytest.mark.parametrize("kind", [CHARGE, OCCUPANCY], ids=["charge", "occupancy"])
async def test_there_must_be_a_bill(tables: Engine, kind: decisions.Kind) -> None:
    with pytest.raises(RefusedError, match="no such bill"):
        await decide(kind, SESSION, 0, WANG, 9)


async def test_what_was_given_back_to_a_closed_account_is_refunded(tables: Engine) -> None:
    who = await account(700)
    await take(PRICES, came(await order(who, 700)))
    await accounts.close(who, 8)
    await decide(CHARGE, SESSION, 200, WANG, 9)
    assert [part.fen for part in await accounts.refund(who, None, "R1", 10)] == [500]
    assert (await books.verify(), (await money())["clearing"]) == ([], -200)
