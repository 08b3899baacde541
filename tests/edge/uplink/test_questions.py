"""What the hub is asked because somebody waits: answered, refused, asked again on the next connection, or given up."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.edge.uplink.hub import FakeHub
from tests.edge.uplink.test_uplink import Edge

from chargelink.edge.uplink import NoAnswerError, Uplink, questions
from chargelink.link.authorisation import Authorize, AuthorizeResponse

LONG = 30.0  # s: nothing here waits so long


def question(number: int = 1) -> Authorize:
    return Authorize(id=f"q-{number}", kind="card", token="1001", device="gun-1")


def yes(frame: list[Any]) -> Any:
    if frame[2] != "Authorize":
        return None
    agreed = {"mode": "card", "order": f"order-{frame[3]['id']}", "prepaid": 5_000}
    return [3, frame[1], {"status": "Accepted", "authorisation": agreed}]


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return Edge(tmp_path / "ledger.db")


async def online(uplink: Uplink) -> None:
    async with asyncio.timeout(LONG):
        while not uplink.online:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)


async def test_many_are_answered_at_once(edge: Edge) -> None:
    hub = FakeHub()
    hub.reply = yes
    async with hub.serving(), edge.running(hub) as uplink:
        await online(uplink)
        answers = await asyncio.gather(*(uplink.ask(question(number), LONG) for number in range(9)))
    orders = [
        answer.authorisation and answer.authorisation.order
        for answer in answers
        if isinstance(answer, AuthorizeResponse)
    ]
    assert orders == [f"order-q-{number}" for number in range(9)]


async def test_without_a_hub_nothing_is_asked(edge: Edge) -> None:
    hub = FakeHub()
    async with edge.running(hub) as uplink:
        with pytest.raises(NoAnswerError, match="is away") as silence:
            await uplink.ask(question(), LONG)
    assert not silence.value.heard


async def test_a_hub_that_does_not_answer_may_have_heard_and_its_late_answer_harms_nobody(edge: Edge) -> None:
    hub = FakeHub()
    hub.silent = {"Authorize"}
    async with hub.serving(), edge.running(hub) as uplink:
        await online(uplink)
        asking = asyncio.create_task(uplink.ask(question(), 0.2))
        await hub.until(lambda: bool(hub.asked))
        with pytest.raises(NoAnswerError, match="in time") as silence:
            await asking
        assert silence.value.heard
        hub.silent, hub.reply = set(), yes
        assert isinstance(await uplink.ask(question(2), LONG), AuthorizeResponse)
        assert len(hub.boots) == 1  # silence about one question is no reason to hang up


async def test_a_hub_that_cannot_say_is_heard_at_once(edge: Edge) -> None:
    hub = FakeHub()
    hub.reply = lambda frame: [4, frame[1], "NotSupported", "no", {}] if frame[2] == "Authorize" else None
    async with hub.serving(), edge.running(hub) as uplink:
        await online(uplink)
        with pytest.raises(NoAnswerError, match="NotSupported") as silence:
            await uplink.ask(question(), LONG)
    assert silence.value.heard


async def test_a_connection_that_breaks_is_no_answer_it_is_asked_again_by_the_same_id(edge: Edge) -> None:
    hub = FakeHub()
    hub.silent = {"Authorize"}
    async with hub.serving(), edge.running(hub) as uplink:
        await online(uplink)
        asking = asyncio.create_task(uplink.ask(question(), LONG))
        await hub.until(lambda: len(hub.asked) == 1)
        hub.silent, hub.reply = set(), yes
        await hub.close()
        answer = await asking
    assert isinstance(answer, AuthorizeResponse)
    assert answer.status == "Accepted"
    assert [asked["id"] for asked in hub.asked] == ["q-1", "q-1"]


async def test_so_many_may_wait(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MOST", 2)
    hub = FakeHub()
    hub.silent = {"Authorize"}
    async with hub.serving(), edge.running(hub) as uplink:
        await online(uplink)
        asking = [asyncio.create_task(uplink.ask(question(number), LONG)) for number in range(2)]
        await hub.until(lambda: len(hub.asked) == 2)
        with pytest.raises(NoAnswerError, match="2 questions wait") as silence:
            await uplink.ask(question(3), LONG)
        assert not silence.value.heard
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        hub.silent, hub.reply = set(), yes
        await uplink.ask(question(4), LONG)  # who goes away makes room
