"""Who may charge by the hub: its yes, its no, its silence; nothing that it froze stays frozen where nothing begins."""

from typing import Any

import pytest
from tests.edge.ledger.till import AWAY, PASS, SILENT, Till, entry, refused

from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import Authorisation, AuthorizeResponse, TokenKind
from chargelink.link.messages import Caps
from chargelink.model import StartRefused


def yes(order: str | None = "order-1", **agreed: Any) -> AuthorizeResponse:
    return AuthorizeResponse(status="Accepted", authorisation=Authorisation(account="a-1", order=order, **agreed))


async def test_the_hub_says_yes(till: Till) -> None:
    till.hub.online, till.hub.answer = True, yes(prepaid=5_000)
    told = await till.ask("1001", outlet="A", pin="0417", tariff_hash="ab" * 32)
    asked = till.hub.asked[0]
    assert (asked.kind, asked.token, asked.pin, asked.outlet) == ("card", "1001", "0417", "A")
    assert told.authorisation == Authorisation(mode="pin", account="a-1", order="order-1", prepaid=5_000)
    session = await till.begin(told)
    await till.authoriser.release(told, "late", "it has begun already")
    await till.reopen()
    assert await till.records(StartRefused) == []
    await till.end(session, 1_000)
    with pytest.raises(NotAuthorisedError, match="took too long"):
        await till.begin(told)  # an answer is good for one session


async def test_the_hub_says_no_and_the_list_does_not_say_yes(till: Till) -> None:
    await till.hold(entry("1001"))
    await till.lend(5_000)
    till.hub.online = True
    for response, words in (
        (AuthorizeResponse(status="NoCredit", reason="top up your account"), "top up"),
        (AuthorizeResponse(status="Blocked"), "is blocked"),
        (AuthorizeResponse(status="Accepted"), "is not known"),
    ):
        till.hub.answer = response
        await refused(till, "1001", "Invalid" if response.status == "Accepted" else response.status, words)
    await till.reopen()
    assert await till.records(StartRefused) == []  # nothing was frozen


@pytest.mark.parametrize(("silence", "released"), [(AWAY, 0), (SILENT, 1)], ids=["not heard", "perhaps heard"])
async def test_a_hub_that_says_nothing_leaves_it_to_the_list(till: Till, silence: Exception, released: int) -> None:
    await till.hold(entry("1001"))
    await till.lend(5_000)
    till.hub.online, till.hub.answer = True, silence
    told = await till.ask("1001", outlet="A")
    assert (told.authorisation.lease, told.request) == ("l-1", None)
    records = await till.records(StartRefused)
    assert [(one.request, one.order, one.reason, one.outlet) for one in records] == [
        (till.hub.asked[0].id, None, "no-answer", "A")
    ][:released]
    await till.begin(told)
    assert len({one.id for one in till.hub.asked}) == 1


@pytest.mark.parametrize("how", ["released", "restarted", "restarted in the past", "stale"])
async def test_a_yes_with_which_nothing_begins_is_released_once(till: Till, how: str) -> None:
    till.hub.online, till.hub.answer = True, yes(prepaid=5_000)
    told = await till.ask("1001")
    for _ in range(2):
        if how == "released":
            await till.authoriser.release(told, "outlet-taken", "the outlet is taken")
        elif how.startswith("restarted"):
            till.now -= 0 if how == "restarted" else 400 * 86_400_000  # without a clock that runs on
            await till.reopen()
        else:
            till.now += 15 * 60_000 + 1
            await till.authoriser.tidy()
    with pytest.raises(NotAuthorisedError, match="took too long"):
        await till.begin(told)
    (record,) = await till.records(StartRefused)
    assert (record.order, record.request, record.remote_start_id) == ("order-1", till.hub.asked[0].id, None)


async def test_a_yes_that_freezes_nothing_leaves_nothing(till: Till) -> None:
    till.hub.online, till.hub.answer = True, yes(order=None)
    told = await till.ask("1001")
    assert told.request is None
    await till.reopen()
    assert await till.records(StartRefused) == []


async def test_a_pass_that_the_hub_counts_is_not_counted_here(till: Till) -> None:
    till.sold = PASS
    till.hub.online, till.hub.answer = True, yes(pass_id="p-9")
    told = await till.ask("1001")
    assert told.caps == Caps(minutes=600)  # as it is sold here
    await till.begin(told)


async def test_a_pass_of_the_hub_is_honoured_where_passes_are_sold(till: Till) -> None:
    till.hub.online, till.hub.answer = True, yes(order=None, pass_id="p-9")
    await refused(till, "1001", "Invalid", "no monthly passes")
    till.hub.answer = yes(pass_id="p-9")
    await refused(till, "1001", "Invalid", "no monthly passes")
    assert [record.order for record in await till.records(StartRefused)] == ["order-1"]


async def test_of_a_lease_that_the_hub_names_there_is_what_the_edge_knows(till: Till) -> None:
    """The hub has not heard yet of what is being spent."""
    await till.lend(900)
    till.hub.online = True
    amounts = []
    for said in (600, 500):
        till.hub.answer = yes(order=None, lease="l-1", prepaid=said)
        told = await till.ask("1001")
        amounts.append(told.authorisation.prepaid)
        await till.begin(told)
    assert amounts == [600, 300]
    await refused(till, "1001", "NoCredit", "buys nothing")


async def test_a_voucher_used_here_is_used_whatever_the_hub_says(till: Till) -> None:
    await till.hold(entry("v", TokenKind.VOUCHER, amount=300, voucher="v-1"))
    await till.begin(await till.ask("v", TokenKind.VOUCHER))
    till.hub.online, till.hub.answer = True, yes(voucher="v-1", prepaid=300)
    told = await till.ask("v", TokenKind.VOUCHER)
    with pytest.raises(NotAuthorisedError, match="has been used"):
        await till.begin(told)
