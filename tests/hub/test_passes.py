"""Passes and vouchers: paid once, spent where they may be, and never more often than was sold."""

from typing import Any

import msgspec
import pytest
from tests.hub.conftest import Place
from tests.hub.fake_edge import PERIODS, identifier

from chargelink.hub.identity import tariff_key
from chargelink.hub.services import (
    accounts,
    authorising,
    books,
    changes,
    leases,
    listing,
    passes,
    payments,
    tariffs,
    tokens,
    vouchers,
)
from chargelink.hub.services.listing import Reader
from chargelink.hub.services.orders import Told
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.services.tariffs import Aim
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.lists import MonthlyPass
from chargelink.hub.store.models import Bill
from chargelink.hub.store.money import Lease, Token
from chargelink.hub.store.tariffs import PublishedTariff
from chargelink.hub.store.vault import unlocked
from chargelink.link.authorisation import Authorisation, Authorize, ListEntry
from chargelink.model import Bill as BillShape
from chargelink.model import BillLine, Tariff

NOW = 1_800_000_000_000  # 2027-01-15 16:00 in UTC+8
KEY = bytes(range(32))
DAY = 24 * 3_600_000
SESSION = identifier(1)


@pytest.fixture
def vaulted(tables: Engine, place: Place) -> Any:
    with unlocked(place.directory):
        yield place


async def published(place: Place, name: str = "ebikes", **terms: Any) -> PublishedTariff:
    document = {"id": name, "version": 1, "periods": PERIODS, "monthlyPass": {"price": 3_000, **terms}}
    tariff = msgspec.convert(document, Tariff)
    return await tariffs.publish(tariff, Aim(), tariff_key.opened(place.directory), NOW)


async def rich(fen: int = 10_000) -> str:
    account = (await accounts.create(NOW)).id
    await accounts.top_up(account, fen, f"pay-{account}", NOW)
    await tokens.add("card", f"card-{account}", account, NOW)
    return account


async def entries(edge: str, now: int = NOW) -> list[ListEntry]:
    reader = Reader(edge, KEY, now)
    return [entry async for piece in listing.pieces(reader, 0, await changes.last_change()) for entry in piece.entries]


async def test_a_pass_is_paid_once_and_honoured_where_it_has_uses(vaulted: Place) -> None:
    tariff = await published(vaulted, usesPerMonth=30, usesPerDay=2, minutesPerUse=600)
    account = await rich()
    row, new = await passes.sell(account, tariff, "sale-1", NOW, {"edge-1": 20, "edge-2": None})
    again, newer = await passes.sell(account, tariff, "sale-1", NOW + 1, {})
    assert (again.id, new, newer) == (row.id, True, False)
    assert (await books.balance(books.wallet(account)), await books.balance(books.PASS)) == (7_000, 3_000)
    honoured = {edge: (await entries(edge))[0].honours for edge in ("edge-1", "edge-2", "edge-3")}
    first, second = honoured["edge-1"], honoured["edge-2"]
    assert first is not None
    assert (first.id, first.uses, first.uses_per_day, first.minutes_per_use) == (row.id, 20, 2, 600)
    assert first.until == row.until == NOW + 31 * DAY
    assert second is not None
    assert (second.uses, honoured["edge-3"]) == (10, None)
    (sold,) = await passes.listed(account=account, since=NOW)
    assert sold.shares == {"edge-1": 20, "edge-2": 10}


async def test_the_next_pass_begins_when_the_last_one_ends(vaulted: Place) -> None:
    tariff, account = await published(vaulted), await rich()
    first, _ = await passes.sell(account, tariff, "sale-1", NOW, {"edge-1": None})
    second, _ = await passes.sell(account, tariff, "sale-2", NOW + DAY, {"edge-1": None})
    assert (second.start, second.begun) == (first.until, False)
    before = await changes.last_change()
    await passes.begin(first.until - 1)
    assert await changes.last_change() == before
    await passes.begin(first.until)
    assert await changes.last_change() > before
    for now, name in ((first.until - 1, first.id), (first.until, second.id)):
        (entry,) = await entries("edge-1", now)
        assert entry.honours is not None
        assert (entry.honours.id, entry.honours.uses) == (name, passes.MOST_USES)


@pytest.mark.parametrize("shares", [{"edge-1": 31}, {"edge-1": 20, "edge-2": 11}, {"edge-1": -1}])
async def test_edges_never_honour_more_than_was_sold(vaulted: Place, shares: dict[str, int | None]) -> None:
    tariff, account = await published(vaulted, usesPerMonth=30), await rich()
    with pytest.raises(RefusedError, match="30 uses"):
        await passes.sell(account, tariff, "sale-1", NOW, shares)
    assert not await MonthlyPass.exists()
    assert await books.balance(books.wallet(account)) == 10_000


async def test_a_pass_goes_to_the_edges_of_its_account(vaulted: Place) -> None:
    tariff, account = await published(vaulted, usesPerMonth=31), await rich()
    await passes.allow(account, ["b", "a"])
    await passes.sell(account, tariff, "sale-1", NOW, {})
    (sold,) = await passes.listed()
    assert sold.shares == {"a": 16, "b": 15}


async def test_what_cannot_be_sold(vaulted: Place) -> None:
    tariff, poor, account = await published(vaulted), await rich(2_999), await rich()
    with pytest.raises(RefusedError, match=r"costs 30\.00 yuan"):
        await passes.sell(poor, tariff, "sale-1", NOW, {})
    await passes.sell(account, tariff, "sale-1", NOW, {})
    with pytest.raises(RefusedError, match="has sold pass"):
        await passes.sell(poor, tariff, "sale-1", NOW, {})
    assert await books.balance(books.PASS) == 3_000


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2027-01-31T08:00", "2027-02-28T08:00"),
        ("2028-01-31T08:00", "2028-02-29T08:00"),
        ("2026-12-15T23:59", "2027-01-15T23:59"),
        ("2027-02-28T00:00", "2027-03-28T00:00"),
    ],
)
def test_a_month_ends_on_the_same_day_of_the_next(start: str, end: str) -> None:
    from chargelink.hub.tariff_commands import moment

    assert passes.month_later(moment(start)) == moment(end)
    assert passes.month_later(moment(start) + 7) == moment(end) + 7


async def test_a_voucher_for_any_edge_pays_online_and_stands_in_no_list(vaulted: Place) -> None:
    (made,) = await vouchers.make(1, 500, NOW)
    assert await books.balance(books.wallet(made.account)) == 500
    assert await books.balance(books.PROMOTION) == -500
    token = await tokens.find("voucher", made.code.lower())
    assert token is not None
    assert token.account == made.account
    assert await entries("edge-1") == []


async def test_a_voucher_of_one_edge_works_there_and_once(vaulted: Place) -> None:
    (made,) = await vouchers.make(1, 500, NOW, edge="edge-1", until=NOW + DAY)
    name = vouchers.name_of(made.account)
    assert await books.balance(books.wallet(made.account)) == 0
    assert await books.balance(books.leased(name)) == 500
    (entry,) = await entries("edge-1")
    assert (entry.kind, entry.amount, entry.voucher, entry.until) == ("voucher", 500, name, NOW + DAY)
    assert await entries("edge-2") == []
    await books.post("charge:s1", "charge", NOW, {books.leased(name): -300, books.ENERGY: 300})
    for _ in range(2):
        await vouchers.used(name, NOW + 1)
        assert await books.balance(books.wallet(made.account)) == 200  # to be used online
    assert await entries("edge-1") == []
    (shown,) = await vouchers.listed()
    assert (shown.left, shown.amount, shown.masked[-4:]) == (200, None, made.code[-4:])
    assert not await books.verify()


async def test_the_money_of_a_voucher_that_was_never_used_waits_for_a_person(vaulted: Place) -> None:
    (made,) = await vouchers.make(1, 500, NOW, edge="edge-1", until=NOW + DAY)
    name = vouchers.name_of(made.account)
    await leases.expire(NOW + 2 * DAY)
    assert await books.balance(books.leased(name)) == 500
    assert await leases.release(name, "zhang", "edge read out", NOW + 2 * DAY, force=True) == 500


async def test_an_edge_that_began_anew_is_not_sent_its_vouchers_again(vaulted: Place) -> None:
    """It may have forgotten that they were used."""
    (made,) = await vouchers.make(1, 500, NOW, edge="edge-1")
    await vouchers.void("edge-2")
    assert len(await entries("edge-1")) == 1
    await vouchers.void("edge-1")
    assert await entries("edge-1") == []
    assert await books.balance(books.leased(vouchers.name_of(made.account))) == 500


async def test_paid_vouchers_are_paid_once(vaulted: Place) -> None:
    made = await vouchers.make(30, 500, NOW, reference="pay-9")
    assert len({one.code for one in made}) == 30
    assert await books.balance(books.CLEARING) == -15_000
    with pytest.raises(RefusedError):
        await vouchers.make(1, 500, NOW, reference="pay-9")
    assert await Token.filter(kind="voucher").count() == 30
    for count, fen in ((0, 1), (10_001, 1), (1, 0)):
        with pytest.raises(RefusedError):
            await vouchers.make(count, fen, NOW)


async def asked(kind: str, token: str, edge: str, shown: str | None = None) -> Authorisation | str:
    """What an edge is told that asks: what to begin with, or why not."""
    question = Authorize(id=f"q-{edge}-{token}", kind=kind, token=token, device="gun-1", tariff_hash=shown)
    answer = await authorising.authorise(edge, question, NOW, 2_000)
    return answer.authorisation or answer.status


async def test_an_edge_that_asks_is_told_the_allowance_that_has_the_money(vaulted: Place) -> None:
    account = await rich(5_000)
    lease = await leases.grant(account, "edge-1", 4_000, NOW + DAY, NOW)
    await Lease.filter(id=lease.id).update(state="held")
    told = await asked("card", f"card-{account}", "edge-1")
    assert isinstance(told, Authorisation)
    assert (told.lease, told.prepaid, told.order) == (lease.id, 2_000, None)
    elsewhere = await asked("card", f"card-{account}", "edge-2")
    assert isinstance(elsewhere, Authorisation)
    assert (elsewhere.lease, elsewhere.prepaid) == (None, 1_000)
    assert elsewhere.order


async def test_an_edge_that_asks_is_told_the_pass_that_it_honours(vaulted: Place) -> None:
    tariff, account = await published(vaulted, usesPerMonth=1), await rich(3_000)
    row, _ = await passes.sell(account, tariff, "sale-1", NOW, {"edge-1": 1})
    told = await asked("card", f"card-{account}", "edge-1")
    assert isinstance(told, Authorisation)
    assert (told.pass_id, told.order, told.prepaid) == (row.id, None, None)
    assert await asked("card", f"card-{account}", "edge-2") == "NoCredit"
    plain = msgspec.convert({"id": "cars", "version": 1, "periods": PERIODS}, Tariff)
    cars = await tariffs.publish(plain, Aim(), tariff_key.opened(vaulted.directory), NOW)
    assert await asked("card", f"card-{account}", "edge-1", tariff.hash) == told
    assert await asked("card", f"card-{account}", "edge-1", cars.hash) == "NoCredit"  # none are sold there
    bill: dict[str, Any] = {
        "edge": "edge-1",
        "account": account,
        "tariff_hash": "",
        "settlement": "agreed",
        "edge_total": 0,
    }
    await Bill.create(session="s1", at=NOW, edge_bill=f'{{"passId":"{row.id}"}}', **bill)
    assert await asked("card", f"card-{account}", "edge-1") == "NoCredit"  # used up, and the wallet is empty


async def test_an_edge_that_asks_is_told_its_own_voucher(vaulted: Place) -> None:
    (made,) = await vouchers.make(1, 500, NOW, edge="edge-1")
    told = await asked("voucher", made.code, "edge-1")
    assert isinstance(told, Authorisation)
    assert (told.voucher, told.prepaid, told.order) == (vouchers.name_of(made.account), 500, None)
    assert await asked("voucher", made.code, "edge-2") == "NoCredit"


async def test_an_account_charges_where_it_may(vaulted: Place) -> None:
    account = await rich()
    await passes.allow(account, ["edge-2"])
    assert await asked("card", f"card-{account}", "edge-1") == "Blocked"
    assert isinstance(await asked("card", f"card-{account}", "edge-2"), Authorisation)


@pytest.mark.parametrize(("energy", "left", "listed"), [(4_000_000, 380, 0), (0, 0, 1)])
async def test_a_session_on_a_voucher_pays_from_it(vaulted: Place, energy: int, left: int, listed: int) -> None:
    """One that delivered nothing has not used it."""
    (made,) = await vouchers.make(1, 500, NOW, edge="edge-1")
    name, total = vouchers.name_of(made.account), 120 if energy else 0
    line = BillLine(what="energy", energy=energy, amount=total, because="")
    bill = BillShape(
        session_id=SESSION,
        tariff_id="t",
        tariff_hash="0" * 64,
        rules_version=2,
        lines=(line,),
        total=total,
        energy=energy,
        verified_meter=True,
        fault=False,
    )
    told = Told("edge-1", SESSION, Authorisation(voucher=name, account=made.account, prepaid=500))
    paid = await payments.settle(payments.Charge("charge:s1", told, bill, bill), total, NOW)
    assert (paid.account, paid.total, paid.alarms) == (made.account, total, [])
    assert await books.balance(books.wallet(made.account)) == left
    assert len(await entries("edge-1")) == listed
    assert not await books.verify()
