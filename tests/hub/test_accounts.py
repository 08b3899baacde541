"""Accounts: what was paid in counts once, what is unused goes back where it came from, nothing else comes out."""

import asyncio

import pytest
from tests.hub.test_tokens import vault

from chargelink.cli.money import fen_of, yuan
from chargelink.hub.services import accounts, books, tokens
from chargelink.hub.services.accounts import Part, Standing
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.money import Account, Refund, TopUp
from chargelink.hub.store.vault import Vault

__all__ = ["vault"]


@pytest.fixture
async def account(tables: Engine) -> str:
    return (await accounts.create(1)).id


async def paid(account: str, *amounts: int) -> None:
    for number, fen in enumerate(amounts, 1):
        await accounts.top_up(account, fen, f"P{number}", number)


async def test_an_account_is_opened_once_for_a_reference(tables: Engine) -> None:
    same = await asyncio.gather(*(accounts.create(1, group="staff", reference="HR-7") for _ in range(4)))
    assert len({row.id for row in same}) == 1
    with pytest.raises(RefusedError, match="another customer group"):
        await accounts.create(1, reference="HR-7")
    assert len({(await accounts.create(1)).id for _ in range(3)}) == 3


async def test_a_payment_counts_once(account: str) -> None:
    assert [await accounts.top_up(account, 5_000, "WX-1", at) for at in (1, 2)] == [True, False]
    other = (await accounts.create(1)).id
    for who, fen in ((account, 5_001), (other, 5_000)):
        with pytest.raises(RefusedError, match=r"WX-1 is 50\.00 yuan"):
            await accounts.top_up(who, fen, "WX-1", 3)
    assert await accounts.standing(account) == Standing(5_000, 0, 0)


REFUNDS = [
    ("the oldest first", 700, None, [Part("P1", 500), Part("P2", 200)]),
    ("all", None, None, [Part("P1", 500), Part("P2", 500), Part("P3", 200)]),
    ("back to one", 300, "P2", [Part("P2", 300)]),
    ("to the last fen", 1_200, None, [Part("P1", 500), Part("P2", 500), Part("P3", 200)]),
]


@pytest.mark.parametrize(("fen", "origin", "parts"), [row[1:] for row in REFUNDS], ids=[row[0] for row in REFUNDS])
async def test_a_refund_goes_back_to_its_origin(
    account: str, fen: int | None, origin: str | None, parts: list[Part]
) -> None:
    await paid(account, 500, 500, 500)
    await books.post("freeze:1", "freeze", 9, {f"wallet:{account}": -300, "frozen:1": 300})
    for _ in range(2):
        assert await accounts.refund(account, fen, "R1", 9, origin=origin) == parts
    total = sum(part.fen for part in parts)
    assert await accounts.standing(account) == Standing(1_200 - total, 0, 0)
    assert await books.balance("clearing") == -1_500 + total
    assert {row.reference: row.refunded for row in await TopUp.filter(refunded__gt=0)} == dict(parts)
    assert await books.verify() == []


NO_REFUND = [
    ("more than is unused", 1_201, None, r"12\.00 yuan of account .* are unused, 12\.01 are more"),
    ("more than came by that payment", 501, "P2", r"only 5\.00 yuan can go back to payment P2"),
    ("by no such payment", 1, "P9", r"only 0\.00 yuan can go back to payment P9"),
    ("nothing", 0, None, "above 0"),
    ("less than nothing", -1, None, "above 0"),
]


@pytest.mark.parametrize(("fen", "origin", "why"), [row[1:] for row in NO_REFUND], ids=[row[0] for row in NO_REFUND])
async def test_no_other_money_is_refunded(account: str, fen: int, origin: str | None, why: str) -> None:
    await paid(account, 500, 500, 500)
    await books.post("freeze:1", "freeze", 9, {f"wallet:{account}": -300, "frozen:1": 300})
    with pytest.raises(RefusedError, match=why):
        await accounts.refund(account, fen, "R1", 9, origin=origin)
    assert await Refund.all().count() == 0
    assert not await TopUp.filter(refunded__gt=0).exists()


async def test_a_refund_of_the_same_number_is_the_same_refund(account: str) -> None:
    await paid(account, 500, 500)
    await accounts.refund(account, 300, "R1", 9)
    other = (await accounts.create(1)).id
    for who, fen in ((account, 301), (other, 300)):
        with pytest.raises(RefusedError, match=r"R1 is 3\.00 yuan"):
            await accounts.refund(who, fen, "R1", 9)
    assert await accounts.refund(account, 300, "R2", 9) == [Part("P1", 200), Part("P2", 100)]


async def test_what_was_given_is_not_paid_out(account: str) -> None:
    await paid(account, 500)
    await books.post("gift", "gift", 1, {"promotion": -1_000, f"wallet:{account}": 1_000})
    with pytest.raises(RefusedError, match=r"only 5\.00 yuan can go back to its top-ups"):
        await accounts.refund(account, None, "R1", 9)
    assert await accounts.refund(account, 500, "R1", 9) == [Part("P1", 500)]


async def test_refunds_at_once_give_nothing_twice(account: str) -> None:
    await paid(account, 500, 500)

    async def one(number: int) -> int:
        try:
            return sum(part.fen for part in await accounts.refund(account, 300, f"R{number}", 9))
        except RefusedError:
            return 0

    assert sum(await asyncio.gather(*map(one, range(8)))) == 900
    assert sum(row.refunded for row in await TopUp.all()) == 900
    assert await books.verify() == []


async def test_an_account_is_closed_when_its_money_is_gone_and_nobody_is_known_by_it(vault: Vault) -> None:
    account = (await accounts.create(1, reference="13800138000")).id
    await tokens.add("card", "4711", account, 1)
    await paid(account, 500)
    with pytest.raises(RefusedError, match=r"has 5\.00 yuan unused"):
        await accounts.close(account, 9)
    await accounts.refund(account, None, "R1", 9)
    assert await accounts.close(account, 9) == 1
    row = await Account.get(id=account)
    assert (row.state, row.closed, row.reference) == ("closed", 9, None)
    for refused in (accounts.top_up(account, 1, "P2", 9), accounts.close(account, 9), accounts.regroup(account, "x")):
        with pytest.raises(RefusedError, match="is closed"):
            await refused
    assert len(await books.lines("account", f"wallet:{account}")) == 2


async def test_what_is_owed_is_collected_as_far_as_the_wallet_reaches(account: str) -> None:
    await books.post("bill:1", "bill", 1, {f"owed:{account}": -800, "revenue:energy": 800})
    assert await accounts.collect(account, 2) == 0
    await paid(account, 500)
    assert await accounts.collect(account, 3) == 500
    assert await accounts.standing(account) == Standing(0, 0, 300)
    with pytest.raises(RefusedError, match=r"owes 3\.00"):
        await accounts.close(account, 4)


@pytest.mark.parametrize("reference", ["", " WX", "x" * 129, "a\nb", "\x00"])
async def test_a_reference_can_be_read_by_people(account: str, reference: str) -> None:
    with pytest.raises(RefusedError, match="printable"):
        await accounts.top_up(account, 1, reference, 1)


async def test_nobody_has_no_account(tables: Engine) -> None:
    with pytest.raises(RefusedError, match="there is no account a1"):
        await accounts.top_up("a1", 1, "P1", 1)


@pytest.mark.parametrize(
    ("text", "fen"), [("0", 0), ("0.01", 1), ("12.3", 1_230), ("12.34", 1_234), ("9999999999.99", 999_999_999_999)]
)
def test_amounts_as_they_are_typed(text: str, fen: int) -> None:
    assert fen_of(text) == fen
    assert fen_of(yuan(fen)) == fen


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1,000", "1.", ".5", "1.234", "1e3", "01", "１", "1 ", "nan", "10000000000", "1\n"]
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        fen_of(text)


def test_amounts_below_nothing_are_shown() -> None:
    assert (yuan(-1), yuan(-12_345), yuan(5)) == ("-0.01", "-123.45", "0.05")
