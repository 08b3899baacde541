"""Cards and codes at the hub: found however they are written, told to nobody, PINs tried five times."""

from collections.abc import Iterator

import pytest
from tests.hub.conftest import Place

from chargelink.hub.services import tokens
from chargelink.hub.services.tokens import MOST_TRIES, TokenError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.money import Token
from chargelink.hub.store.vault import Vault, VaultError, unlocked

CARD = "04A2 B3C4-D5"


@pytest.fixture
def vault(tables: Engine, place: Place) -> Iterator[Vault]:
    with unlocked(place.directory) as vault:
        yield vault


@pytest.mark.parametrize(
    ("kind", "value", "account"),
    [
        ("card", "04a2b3c4d5", "a"),
        ("card", "04 A2 B3 C4 D5", "a"),
        ("card", "04A2B3C4D6", None),
        ("vin", "04A2B3C4D5", None),
        ("card", " - ", None),
        ("card", "x" * 65, None),
        ("", "04A2B3C4D5", None),
    ],
)
async def test_a_token_is_found_however_it_is_written(vault: Vault, kind: str, value: str, account: str | None) -> None:
    await tokens.add("card", CARD, "a", 1)
    found = await tokens.find(kind, value)
    assert (found and found.account) == account


async def test_nothing_in_the_database_tells_card_or_pin(vault: Vault, place: Place) -> None:
    token = await tokens.add("card", CARD, "a", 1, pin="271828")
    (row,) = await place.rows('SELECT * FROM "token"')
    held = b" ".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row)
    assert not [secret for secret in (CARD, "04A2B3C4D5", "271828") if secret.encode() in held]
    assert (tokens.plain(token), tokens.plain_pin(token)) == (CARD, "271828")


async def test_another_hub_finds_and_opens_nothing(vault: Vault, place: Place) -> None:
    token = await tokens.add("card", CARD, "a", 1, pin="2718")
    other = place.directory / "other"
    other.mkdir()
    with unlocked(other):
        assert await tokens.find("card", CARD) is None
        assert (tokens.plain(token), tokens.plain_pin(token)) == (None, None)
        assert not await tokens.try_pin(token, "2718")
    assert await tokens.try_pin(token, "2718")


async def test_sealed_fields_do_not_move_to_another_row(vault: Vault) -> None:
    one, two = [await tokens.add("card", value, "a", 1, pin="1111") for value in ("1", "2")]
    two.sealed, two.pin = one.sealed, one.pin
    assert (tokens.plain(two), tokens.plain_pin(two)) == (None, None)


async def test_a_card_has_one_account_and_may_be_entered_again(vault: Vault) -> None:
    await tokens.add("card", CARD, "a", 1, pin="1111")
    with pytest.raises(TokenError, match="belongs to the account a"):
        await tokens.add("card", CARD, "b", 2)
    again = await tokens.add("card", CARD, "a", 2, until=9)
    assert (again.pin, again.until, await Token.all().count()) == (None, 9, 1)


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "１２３４", ""])
async def test_a_pin_has_four_to_eight_digits(vault: Vault, pin: str) -> None:
    with pytest.raises(TokenError, match="4 to 8 digits"):
        await tokens.add("card", CARD, "a", 1, pin=pin)


async def test_a_pin_may_be_wrong_four_times_in_a_row(vault: Vault) -> None:
    token = await tokens.add("card", CARD, "a", 1, pin="2718")
    for _ in range(2):
        assert [await tokens.try_pin(token, "0000") for _ in range(MOST_TRIES - 1)] == [False] * (MOST_TRIES - 1)
        assert await tokens.try_pin(token, "2718")
    for _ in range(MOST_TRIES):
        assert not await tokens.try_pin(token, "0000")
    assert not await tokens.try_pin(token, "2718")
    assert (await Token.get()).status == "blocked"
    await tokens.block(token, blocked=False)
    assert await tokens.try_pin(token, "2718")


async def test_a_token_without_a_pin_has_no_right_one(vault: Vault) -> None:
    token = await tokens.add("card", CARD, "a", 1)
    assert not await tokens.try_pin(token, "0000")


async def test_cut_off_tokens_are_nobodys(vault: Vault) -> None:
    for value in ("1", "2"):
        await tokens.add("card", value, "a", 1)
    await tokens.add("card", "3", "b", 1)
    assert await tokens.cut("a") == 2
    assert [row.account for row in await Token.all()] == ["b"]


def test_a_damaged_key_is_told_with_what_to_do(vault: Vault, place: Place) -> None:
    (place.directory / "tokens.key").write_text("rubbish")
    (place.directory / "tokens.key").chmod(0o600)
    with unlocked(place.directory) as other, pytest.raises(VaultError, match="enter every card again"):
        other.tokens.digest("card", CARD)
