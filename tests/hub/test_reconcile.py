"""Does it add up: a day of sessions by an account of ours, and every way in which it might not."""

import asyncio
import json
from typing import Any

import pytest
from tests.hub import paying
from tests.hub.conftest import Place
from tests.hub.fake_edge import NIGHT, identifier

from chargelink.cli.main import main
from chargelink.hub.reconcile_commands import kwh, portions, span
from chargelink.hub.services import books, leases
from chargelink.hub.services.reconciling import Report, reconcile, statement
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.lists import MonthlyPass, PassShare
from chargelink.hub.store.models import Bill
from chargelink.hub.store.money import Balance, Lease, OccupancyBill, Order

DAY = span("2025-11-20")
HOUR = 3_600_000
MWH = 1_000_000  # in a kWh


async def report() -> Report:
    return await reconcile(DAY, NIGHT)


def told(found: Report) -> list[tuple[str, str, int]]:
    """What differs, of which session, by how much."""
    return [(one.what, one.session, one.by) for one in found.differences]


async def sold(number: int, first: int, *, device: str = "gun-1", hour: int = 0, **more: Any) -> str:
    """A session of 10 kWh from this register (kWh) on, 3.00 yuan of electricity and 4.00 of service."""
    session, at = identifier(number), NIGHT + hour * HOUR
    readings = [{"at": at, "register": first * MWH}, {"at": at + HOUR, "register": (first + 10) * MWH}]
    await paying.take(
        paying.came(session=session, device=device, readings=readings, startedAt=at, at=at + HOUR, **more)
    )
    return session


async def test_a_day_adds_up(tables: Engine) -> None:
    """Two guns, a pause between two sessions in which 2 kWh flowed, an order, an allowance."""
    account = await paying.account()
    order = await paying.order(account)
    lease = await leases.grant(account, "edge-1", 1_000, NIGHT + 9 * HOUR, NIGHT)
    await paying.take(paying.PRICES, paying.began(order), paying.came(order))
    await sold(2, 17, hour=2, authorisation={"lease": lease.id, "account": account, "prepaid": 1_000})
    await sold(3, 100, device="gun-2")
    found = await report()
    assert told(found) == []
    assert found.ledger == []
    assert found.agrees
    (first, gun), (second, other) = found.places
    assert (first, second) == (("edge-1", "gun-1"), ("edge-1", "gun-2"))
    assert (gun.sessions, gun.energy, gun.metered, gun.between) == (2, 20 * MWH, 20 * MWH, 2 * MWH)
    assert (gun.first_register, gun.last_register) == (5 * MWH, 27 * MWH)
    assert (gun.energy_fee, gun.service_fee, gun.ledger_energy_fee, gun.ledger_service_fee) == (600, 800, 600, 800)
    assert (other.sessions, other.between) == (1, 0)
    total = found.total
    assert (total.sessions, total.energy, total.metered, total.energy_fee) == (3, 30 * MWH, 30 * MWH, 900)
    assert [(one.what, one.age, one.number, one.fen) for one in found.ages] == [("leased", "hour", 1, 300)]


async def test_a_register_goes_on_where_the_day_before_left_it(tables: Engine) -> None:
    await paying.take(paying.PRICES)
    await sold(1, 5, hour=-6)  # ends the day before
    await sold(2, 18)
    found = await report()
    assert (found.total.sessions, found.total.between) == (1, 3 * MWH)
    assert found.agrees


async def test_nothing_in_a_day_agrees(tables: Engine) -> None:
    found = await report()
    assert found.agrees
    assert found.total.sessions == 0


async def test_a_fen_in_the_ledger_is_found(tables: Engine) -> None:
    await paying.take(paying.PRICES)
    session = await sold(1, 5)
    await books.post("slip", "charge", NIGHT, {books.UNASSIGNED: -1, books.SERVICE: 1}, session=session)
    assert told(await report()) == [("service fee", session, -1)]


async def test_a_bill_that_was_changed_is_found(tables: Engine) -> None:
    await paying.take(paying.PRICES)
    session = await sold(1, 5)
    await Bill.filter(session=session).update(total=699)
    assert told(await report()) == [("service fee", session, -1)]


async def test_energy_that_the_meter_did_not_count_is_found(tables: Engine) -> None:
    await paying.take(paying.PRICES)
    session = await sold(1, 5)
    row = await Bill.get(session=session)
    row.hub_bill = row.hub_bill.replace('"energy":10000000,"verifiedMeter"', '"energy":10000001,"verifiedMeter"')
    await row.save()
    (one,) = (await report()).differences
    assert (one.what, one.session, one.by, one.note) == ("energy", session, 1, "5000000 .. 15000000 mWh")


async def test_registers_that_overlap_are_found(tables: Engine) -> None:
    await paying.take(paying.PRICES)
    earlier = await sold(1, 5)
    session = await sold(2, 14, hour=2)
    (one,) = (await report()).differences
    assert (one.what, one.session, one.by) == ("register", session, -MWH)
    assert one.note == f"session {earlier} ended at it"


async def test_money_without_a_bill_is_found(tables: Engine) -> None:
    moved, session = {books.UNASSIGNED: -5, books.ENERGY: 5}, identifier(9)
    await books.post("charge:none", "charge", NIGHT, moved, session=session)
    (one,) = (await report()).differences
    assert (one.what, one.session, one.by, one.note) == ("without a bill", session, -5, "charge:none")


async def test_money_that_is_held_for_nothing_is_found(tables: Engine) -> None:
    account = await paying.account()
    order = await paying.order(account)
    await Order.filter(id=order.id).update(state="released")
    lease = await leases.grant(account, "edge-1", 100, NIGHT + HOUR, NIGHT)
    await Lease.filter(id=lease.id).delete()
    found = await report()
    assert sorted((one.what, one.by, one.note) for one in found.differences) == [
        ("held for nothing", -100, f"leased:{lease.id}"),
        ("held too long", -3_000, order.id),
    ]


async def test_a_ledger_that_was_changed_is_found(tables: Engine) -> None:
    account = await paying.account()
    await Balance.filter(account=books.wallet(account)).update(fen=9_999)
    found = await report()
    assert len(found.ledger) == 1
    assert not found.agrees


async def test_what_waits_for_a_person_is_named(tables: Engine) -> None:
    """One whose prices differ, one without its tariff; neither is a difference: the lower settles, or nothing."""
    await paying.take(paying.PRICES)
    lower = await sold(1, 5, bill={**paying.came()[1]["bill"], "sessionId": identifier(1), "total": 800})
    unpriced = await sold(2, 15, hour=2, tariffHash="ab" * 32)
    found = await report()
    assert (found.total.waiting, found.waiting) == (2, [lower, unpriced])
    assert (found.total.energy_fee, found.total.service_fee) == (300, 400)
    assert found.agrees


async def test_staying_after_the_charge_is_compared_too(tables: Engine) -> None:
    await paying.take(paying.PRICES)
    session = await sold(1, 5)
    line = '{"what":"occupancy","energy":0,"amount":250,"because":""}'
    text = (
        f'{{"sessionId":"{session}","tariffId":"t","tariffHash":"{"0" * 64}","rulesVersion":2,"lines":[{line}],'
        '"total":250,"energy":0,"verifiedMeter":true,"fault":false}'
    )
    columns: dict[str, Any] = {"edge": "edge-1", "at": NIGHT + HOUR, "record": 0, "tariff_hash": "0" * 64}
    prices: dict[str, Any] = {"settlement": "agreed", "total": 250, "edge_total": 250, "edge_bill": text}
    await OccupancyBill.create(session=session, **columns, **prices)
    assert told(await report()) == [("occupancy fee", session, 250)]
    moved = {books.UNASSIGNED: -250, books.OCCUPANCY: 250}
    await books.post(f"occupancy:{session}", "occupancy", NIGHT, moved, session=session)
    found = await report()
    assert found.agrees
    assert found.total.occupancy_fee == found.total.ledger_occupancy_fee == 250


async def test_a_month_of_many_sessions_is_added_up_in_pieces(tables: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chargelink.hub.services.reconciling.bills.AT_ONCE", 2)
    await paying.take(paying.PRICES)
    for number in range(7):
        await sold(number, 5 + 10 * number, hour=number // 3)  # three end in the same ms
    found = await reconcile(span("2025-11"), NIGHT)
    assert (found.total.sessions, found.total.metered) == (7, 70 * MWH)


@pytest.mark.parametrize(
    ("text", "hours"), [("2026-03-01", 24), ("2026-03", 31 * 24), ("2026-02", 28 * 24), ("2025-12", 31 * 24)]
)
def test_a_day_begins_at_midnight_in_china(text: str, hours: int) -> None:
    begin, end = span(text)
    assert (end - begin) // HOUR == hours
    assert begin % (24 * HOUR) == 16 * HOUR


async def test_the_service_fee_is_shared_and_never_the_electricity(tables: Engine) -> None:
    await paying.take(paying.PRICES)
    for number in range(3):
        await sold(number, 5 + 10 * number, hour=number)
    said = await statement((), DAY, {"property": 6_000, "city": 3_500, "rest": 500})
    assert (said.sessions, said.service_fee, said.shared) == (3, 1_200, 1_200)
    assert said.parts == {"property": 720, "city": 420, "rest": 60}
    assert (await statement(("edge-2",), DAY, {"all": 10_000})).shared == 0


@pytest.mark.parametrize(
    ("count", "parts"), [(150, {"property": 270_000, "city": 157_500, "rest": 22_500}), (1, {"property": 1_800})]
)
async def test_passes_are_shared_where_they_are_honoured(tables: Engine, count: int, parts: dict[str, int]) -> None:
    """150 passes of 30 yuan are 4,500: 2,700, 1,575 and 225."""
    for number in range(count):
        terms: dict[str, Any] = {"price": 3_000, "sold": NIGHT, "start": NIGHT, "until": NIGHT + HOUR}
        row = await MonthlyPass.create(id=f"p{number}", reference=f"r{number}", account="a", tariff_hash="", **terms)
        await PassShare.create(monthly_pass=row.id, edge="edge-1", uses=30)
        await PassShare.create(monthly_pass=row.id, edge="edge-2", uses=10)
    portions = {"property": 6_000, "city": 3_500, "rest": 500}
    said = await statement((), DAY, portions)
    assert parts.items() <= said.parts.items()
    assert (await statement(("edge-2",), DAY, portions)).shared == count * 750


@pytest.mark.parametrize(
    ("said", "limit", "why"),
    [
        ({"a": 5_000, "b": 4_999}, None, "so that they are 100 %"),
        ({"a": 5_000, "b": 5_001}, None, "so that they are 100 %"),
        ({"a": 6_000, "b": 4_000}, 3_000, "at most 30 % to one party: a, b"),
        ({"a": 7_001, "b": 2_999}, 7_000, "at most 70 % to one party: a"),
    ],
)
async def test_what_is_no_sharing(tables: Engine, said: dict[str, int], limit: int | None, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        await statement((), DAY, said, limit=limit)


@pytest.mark.parametrize(
    ("text", "read"), [("a=60,b=35,c=5", {"a": 6_000, "b": 3_500, "c": 500}), ("x=33.33", {"x": 3_333})]
)
def test_portions_are_percent(text: str, read: dict[str, int]) -> None:
    assert portions(text) == read


@pytest.mark.parametrize("text", ["", "a", "a=", "=5", "a=x", "a=1,a=2", "a=101", "a=-1", "a=0.001", "a=NaN"])
def test_what_are_no_portions(text: str) -> None:
    with pytest.raises(ValueError, match="percentage"):
        portions(text)


@pytest.mark.parametrize(
    ("energy", "text"), [(0, "0.000"), (1, "0.000001"), (12_345_600, "12.3456"), (-2_000_000, "-2.000")]
)
def test_energy_is_shown_with_every_digit(energy: int, text: str) -> None:
    assert kwh(energy) == text


async def test_the_commands(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    from chargelink.hub.store.database import opened

    async with opened(place.directory, place.url):
        await paying.take(paying.PRICES)
        session = await sold(1, 5)
    beside_hub = ["--data", str(place.directory), *(["--database", place.url] if place.url else [])]

    async def run(*line: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["hub", *line, *beside_hub])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    code, said = await run("reconcile", "--day", "2025-11-20")
    assert code == 0
    assert "ledger, bills and meters agree" in said
    assert "10.000" in said
    code, said = await run("reconcile", "--day", "2025-11-20", "--json")
    document = json.loads(said)
    assert (document["agrees"], document["total"]["service_fee"]) == (True, 400)
    code, said = await run("shares", "--day", "2025-11", "--portions", "property=60,city=40")
    assert code == 0
    assert "2.40" in said
    assert (await run("shares", "--day", "2025-10", "--portions", "all=100"))[0] == 2
    async with opened(place.directory, place.url):
        await Bill.filter(session=session).update(total=600)
    code, said = await run("reconcile", "--day", "2025-11-20")
    assert code == 1
    assert f"service fee, bill and ledger: edge-1 gun-1 {session} 3.00 and 4.00, by -1.00" in said
    assert "1 differences" in said
