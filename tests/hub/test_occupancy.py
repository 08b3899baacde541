"""Bills for staying after a charge at the hub: priced again, paid once, and never from what was prepaid."""

import hashlib
from itertools import permutations
from typing import Any

import msgpack
import pytest
from tests.hub.fake_edge import NIGHT, TARIFF
from tests.hub.paying import PRICES, SESSION, account, agreed, alarms, came, money, order, take

from chargelink.hub.services import accounts, books, leases, orders
from chargelink.hub.services.decisions import OCCUPANCY, Person, decide
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Quarantine, Session
from chargelink.hub.store.money import OccupancyBill, Order

STAYING = {**TARIFF, "occupancy": {"grace": 10, "price": 6_000_000, "step": 1, "warning": 5, "most": 5_000}}
HASH = hashlib.sha256(msgpack.packb(STAYING)).hexdigest()


def stayed(row: Order | None = None, minutes: int = 25, total: int = 1_500, **more: Any) -> tuple[str, Any]:
    """The record that a place was left: so long after the charge. 10 minutes are free, then 1 yuan a minute."""
    line = {"what": "occupancy", "energy": 0, "amount": total, "because": "stayed", "rule": "occupancy"}
    bill = {
        "sessionId": SESSION,
        "tariffId": "site-1",
        "tariffHash": HASH,
        "rulesVersion": 2,
        "lines": [line] if total else [],
        "total": total,
        "energy": 0,
        "verifiedMeter": True,
        "fault": False,
        "occupancyFee": total,
    }
    body = {
        "sessionId": SESSION,
        "edgeId": "edge-1",
        "device": "gun-1",
        "tariffId": "site-1",
        "tariffHash": HASH,
        "startedAt": NIGHT,
        "at": NIGHT + minutes * 60_000,
        "duration": minutes * 60_000,
        "bill": bill,
    }
    return "occupancy.ended", {**body, **agreed(row), **more}


TERMS = ("tariff", STAYING)
CHARGED = {"clearing": -10_000, "revenue:energy": 300, "revenue:service": 400}


@pytest.mark.parametrize("sequence", [*permutations(["terms", "ended", "stayed"])], ids=" ".join)
async def test_it_is_paid_from_the_wallet_once(tables: Engine, sequence: tuple[str, ...]) -> None:
    row = await order(await account(10_000), 3_000)
    records = {"terms": TERMS, "ended": came(row), "stayed": stayed(row)}
    for _ in range(2):
        await take(PRICES, *(records[one] for one in sequence))
    assert await money() == CHARGED | {"wallet": 7_800, "revenue:occupancy": 1_500}
    bill = await OccupancyBill.get()
    assert (bill.account, bill.settlement, bill.total, bill.edge_total) == (row.account, "agreed", 1_500, 1_500)


@pytest.mark.parametrize(("edge", "paid"), [(1_600, 1_500), (900, 900), (0, 0)])
async def test_the_lower_of_two_prices_is_paid(tables: Engine, edge: int, paid: int) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, TERMS, came(row), stayed(row, total=edge))
    assert await money() == CHARGED | {"wallet": 9_300 - paid} | ({"revenue:occupancy": paid} if paid else {})
    assert await alarms() == ["lower-price"]


async def test_what_is_frozen_for_the_charge_is_not_touched(tables: Engine) -> None:
    """The charge is not priced yet: what was prepaid stays whole, though the wallet does not reach."""
    row = await order(await account(3_500), 3_000)
    await take(TERMS, came(row), stayed(row))
    assert await money() == {"clearing": -3_500, "frozen": 3_000, "owed": -1_000, "revenue:occupancy": 1_500}
    assert await alarms() == ["unknown-tariff", "unpaid"]


async def test_within_the_grace_nothing_is_due(tables: Engine) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, TERMS, came(row), stayed(row, minutes=10, total=0))
    assert await money() == CHARGED | {"wallet": 9_300}
    assert (await OccupancyBill.get()).total == 0


async def test_nobodys_account_stays_too(tables: Engine) -> None:
    await take(TERMS, stayed())
    assert await money() == {"unassigned": -1_500, "revenue:occupancy": 1_500}


async def test_without_its_tariff_it_waits_for_it_or_for_a_person(tables: Engine) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, came(row), stayed(row))
    assert ((await OccupancyBill.get()).total, await alarms()) == (None, ["unknown-tariff"])
    await decide(OCCUPANCY, SESSION, 500, Person("wang", "as agreed"), 9)
    await take(TERMS)
    assert await money() == CHARGED | {"wallet": 8_800, "revenue:occupancy": 500}
    with pytest.raises(RefusedError, match=r"at most 15\.00 yuan"):
        await decide(OCCUPANCY, SESSION, 1_501, Person("wang", "more"), 9)
    await decide(OCCUPANCY, SESSION, 0, Person("wang", "a kindness"), 9)
    assert await money() == CHARGED | {"wallet": 9_300}


async def test_two_bills_for_one_stay_are_told_to_a_person(tables: Engine) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, TERMS, came(row), stayed(row), stayed(row, minutes=20, total=1_000))
    assert await money() == CHARGED | {"wallet": 7_800, "revenue:occupancy": 1_500}
    assert await alarms() == ["occupancy-twice"]


async def test_the_session_of_another_edge_is_not_billed(tables: Engine) -> None:
    row = await order(await account(10_000), 3_000)
    await take(PRICES, TERMS, came(row))
    await Session.all().update(edge="edge-2")
    await take(stayed(row))
    assert await OccupancyBill.all().count() == 0
    assert "belongs to the edge edge-2" in (await Quarantine.get()).why


MINUTE = 60_000


async def test_nobody_stays_longer_than_since_the_end_of_the_charge(tables: Engine) -> None:
    """The edge alone says how long somebody stayed, but not longer ago than it said that the charge ended."""
    row = await order(await account(10_000), 3_000)
    stay = stayed(row, minutes=45)
    await take(PRICES, TERMS, came(row, at=NIGHT - 30 * MINUTE), stay)
    assert await money() == CHARGED | {"wallet": 9_300}
    assert (await OccupancyBill.get()).settlement == "unpriced"
    assert await alarms() == ["impossible-readings"]
    await take(stay)
    await decide(OCCUPANCY, SESSION, 500, Person("wang", "as on the camera"), 9)
    assert await money() == CHARGED | {"wallet": 8_800, "revenue:occupancy": 500}


async def test_nobody_stays_longer_than_since_the_order(tables: Engine) -> None:
    """An order whose charge never began, and an edge that wants the wallet that stands behind it."""
    row = await order(await account(10_000), 3_000)
    await Order.all().update(created=NIGHT - 30 * MINUTE)
    await take(PRICES, TERMS, stayed(row, minutes=45))
    assert await money() == {"clearing": -10_000, "frozen": 3_000, "wallet": 7_000}
    assert await alarms() == ["impossible-readings"]


async def test_who_charged_stays(tables: Engine) -> None:
    """Another account than the one that charged pays nothing, whatever an edge says."""
    row, lender = await order(await account(3_000), 3_000), await account(10_000)
    lease = await leases.grant(lender, "edge-1", 100, 2, 1)
    await take(PRICES, TERMS, came(row), stayed(None, **agreed(None, account=lender, lease=lease.id)))
    assert await books.balance(books.wallet(lender)) == 9_900
    assert (await money())["unassigned"] == -1_500
    assert await alarms() == ["stay-of-another"]


async def test_of_a_charge_and_a_stay_that_are_both_unpaid_a_person_hears_twice(tables: Engine) -> None:
    row = await order(await account(3_000), 3_000)
    await orders.release(row.id, "wang", "gone", 5)
    await accounts.refund(row.account, None, "R-1", 6)
    await take(PRICES, TERMS, came(row), stayed(row))
    assert (await money())["owed"] == -2_200
    assert await alarms() == ["order-contradiction", "unpaid", "unpaid"]
