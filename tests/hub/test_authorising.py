"""Questions of edges that meet something else at the same moment: money is frozen once, and never left frozen."""

import asyncio
from contextlib import suppress

from tests.hub.paying import account, money, order
from tests.hub.test_tokens import vault
from tortoise.transactions import in_transaction

from chargelink.hub.services import accounts, authorising, leases, orders, tokens
from chargelink.hub.services.leases import LeaseState
from chargelink.hub.services.order_states import Event
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.money import Lease, Order
from chargelink.hub.store.vault import Vault
from chargelink.link.authorisation import Authorize, AuthorizeResponse
from chargelink.model import StartRefused

__all__ = ["vault"]

ROUNDS = 12


def question(name: str) -> Authorize:
    return Authorize(id=name, kind="card", token="4711", device="gun-1")


async def ask(name: str) -> AuthorizeResponse:
    return await authorising.authorise("edge-1", question(name), 5, usual=1_000)


async def turn_down(name: str) -> None:
    """What the reader of records does with a `start.refused`."""
    told = StartRefused(edge_id="edge-1", device="gun-1", request=name, reason="away", text="nobody there", at=1)
    async with in_transaction():
        await authorising.refused(told, 5)


async def test_a_question_and_the_record_that_it_is_over_leave_nothing_frozen(vault: Vault) -> None:
    who = await account(10_000)
    await tokens.add("card", "4711", who, 1)
    for number in range(ROUNDS):
        both = (ask(f"q{number}"), turn_down(f"q{number}"))
        await asyncio.gather(*(both if number % 2 else both[::-1]))
        assert (await ask(f"q{number}")).status == "Expired"
        assert await money() == {"clearing": -10_000, "wallet": 10_000}
    assert {row.state for row in await Order.all()} <= {"released"}


async def test_one_question_over_two_links_is_one_order(vault: Vault) -> None:
    who = await account(10_000)
    await tokens.add("card", "4711", who, 1)
    for number in range(ROUNDS // 2):
        answers = await asyncio.gather(*(ask(f"q{number}") for _ in range(4)))
        assert len({answer.authorisation.order for answer in answers if answer.authorisation}) == 1
        assert {answer.status for answer in answers} == {"Accepted"}
    assert (await money())["frozen"] == 1_000 * (ROUNDS // 2)


async def test_a_question_asked_again_is_not_answered_with_the_allowance_instead(vault: Vault) -> None:
    """The first answer was lost, and what it froze is what the wallet lacks now: that order stays the answer."""
    who = await account(1_800)
    await tokens.add("card", "4711", who, 1)
    await leases.grant(who, "edge-1", 800, 9_000, 1)
    await Lease.all().update(state=LeaseState.HELD, sent=1, accepted=1)
    first, again = await ask("q"), await ask("q")
    assert first.authorisation is not None
    assert first.authorisation.order is not None
    assert again == first
    card = await tokens.find("card", "4711")
    assert card is not None
    await tokens.block(card)
    assert await ask("q") == first
    assert (await ask("r")).status == "Blocked"
    await turn_down("q")
    assert await money() == {"clearing": -1_800, "leased": 800, "wallet": 1_000}


async def test_cards_of_one_account_at_many_guns_hold_no_more_than_it_has(vault: Vault) -> None:
    who = await account(2_500)
    await tokens.add("card", "4711", who, 1)
    answers = await asyncio.gather(*(ask(f"q{number}") for number in range(6)))
    held = sorted(answer.authorisation.prepaid or 0 for answer in answers if answer.authorisation)
    assert held == [500, 1_000, 1_000]
    assert await money() == {"clearing": -2_500, "frozen": 2_500}


async def test_an_order_is_freed_once_however_many_free_it(vault: Vault) -> None:
    who = await account(10_000)
    for number in range(ROUNDS // 2):
        row = await order(who, 3_000, number + 1)

        async def by_hand(name: str = row.id) -> None:
            with suppress(RefusedError):
                await orders.release(name, "wang", "?", 5)

        async def by_record(name: str = row.id) -> None:
            async with in_transaction():
                await orders.hear(await orders.locked(name), Event.REFUSED, 5)

        await asyncio.gather(by_hand(), by_record(), by_hand(), by_record())
        assert await accounts.standing(who) == accounts.Standing(10_000, 0, 0)


async def test_wrong_pins_at_once_are_each_counted(vault: Vault) -> None:
    token = await tokens.add("card", "4711", await account(), 1, pin="2718")
    await asyncio.gather(*(tokens.try_pin(token, "0000") for _ in range(20)))
    assert not await tokens.try_pin(token, "2718")
    found = await tokens.find("card", "4711")
    assert found is not None
    assert (found.status, found.tries) == ("blocked", 5)
