"""Starts that are paid for, and cards that edges ask about: over a real link, with every answer and without one."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import msgpack
import pytest
from tests.hub.conftest import PATIENCE, Hub
from tests.hub.fake_edge import TARIFF, TARIFF_HASH, FakeEdge, device, record
from tests.hub.paying import SESSION, account, alarms, came, money, turned_down

from chargelink.hub.bus import Bus
from chargelink.hub.services import commands, orders, tokens
from chargelink.hub.services.deliveries import Takes, Visit
from chargelink.hub.services.order_states import Event
from chargelink.hub.services.orders import Place
from chargelink.hub.services.starts import OrderErrands, Starts, Wish
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Command
from chargelink.hub.store.money import Order, Question
from chargelink.link.messages import RequestStartTransactionResponse
from chargelink.link.shape import Shape

ACCEPTED = {"status": "Accepted", "transactionId": SESSION}
PLANNED = {"status": "Accepted", "transactionId": None}
REFUSED = {"status": "Rejected", "reason": "no vehicle"}
FROZEN = {"clearing": -10_000, "wallet": 7_000, "frozen": 3_000}
FREE = {"clearing": -10_000, "wallet": 10_000}


async def start(hub: Hub, **body: Any) -> httpx.Response:
    return await hub.http.post("/api/devices/edge-1/gun-1/start", json=body)


async def ready(hub: Hub, **answers: Any) -> FakeEdge:
    edge = await hub.edge()
    edge.answers.update(answers)
    await edge.boot(devices=(device("gun-1"),))
    return edge


async def asked(edge: FakeEdge) -> dict[str, Any]:
    """The next start that the edge is asked for."""
    while True:
        action, request = await asyncio.wait_for(edge.asked.get(), PATIENCE)
        if action == "RequestStartTransaction":
            return request


async def test_the_edge_is_told_whose_charge_it_is_and_what_was_agreed(hub: Hub) -> None:
    edge, who = await ready(hub, RequestStartTransaction=ACCEPTED), await account(10_000)
    await edge.send(record(1, "tariff", {**TARIFF, "minimum": 0}))
    await hub.until("/api/health", bool)
    answer = await start(hub, account=who, prepaid=3_000, mode="scan", caps={"soc": 800})
    said = answer.json()
    assert (answer.status_code, said["outcome"], said["session"], said["state"]) == (
        200,
        "accepted",
        SESSION,
        "running",
    )
    request = await asked(edge)
    assert request["authorisation"] == {"mode": "scan", "account": who, "order": said["order"], "prepaid": 3_000}
    assert request["caps"]["soc"] == 800
    one = await hub.get(f"/api/orders/{said['order']}")
    assert (one["state"], one["prepaid"], one["remoteStartId"]) == ("running", 3_000, request["remoteStartId"])
    assert await hub.get(f"/api/orders?account={who}") == [one]
    assert await hub.get(f"/api/accounts/{who}") == {
        "id": who,
        "state": "open",
        "group": None,
        "wallet": 7_000,
        "held": 3_000,
        "owed": 0,
    }
    assert await money() == FROZEN


async def test_the_price_that_was_shown_is_agreed_with_its_minimum(hub: Hub) -> None:
    tariff = msgpack.packb({**TARIFF, "minimum": 150})
    edge, who = await ready(hub, RequestStartTransaction=ACCEPTED), await account()
    await edge.send(record(1, "tariff", tariff))
    name = hashlib.sha256(tariff).hexdigest()
    async with asyncio.timeout(PATIENCE):
        while (answer := await start(hub, account=who, tariffHash=name)).status_code == 409:
            assert "has no tariff" in answer.json()["error"]["en"]  # it has not been read yet
    request = await asked(edge)
    assert (request["tariffHash"], request["authorisation"]["minimum"]) == (name, 150)
    assert request["authorisation"]["prepaid"] == 5_000  # the usual


async def until(good: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await good():  # noqa: ASYNC110 - asking again is the condition
            await asyncio.sleep(0.01)


OUTCOMES = [
    ("accepted", ACCEPTED, 200, "running", FROZEN),
    ("accepted for later", PLANNED, 200, "planned", FROZEN),
    ("refused", REFUSED, 409, "rejected", FROZEN),
    ("not answered", None, 504, "unknown", FROZEN),
]


@pytest.mark.parametrize(
    ("answer", "status", "state", "left"), [row[1:] for row in OUTCOMES], ids=[row[0] for row in OUTCOMES]
)
async def test_what_the_edge_says_frees_nothing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, answer: Any, status: int, state: str, left: dict[str, int]
) -> None:
    monkeypatch.setattr("chargelink.hub.services.starts.EXPIRY", 200 if answer is None else 20_000)
    await ready(hub, **({} if answer is None else {"RequestStartTransaction": answer}))
    said = await start(hub, account=await account(), prepaid=3_000, at=int(time.time() * 1000) + 1)
    assert (said.status_code, said.json()["state"]) == (status, state)
    assert await money() == left


async def test_what_was_never_sent_is_released_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = await ready(hub)
    await edge.close()
    await hub.until("/api/edges", lambda edges: not edges[0]["connected"])
    monkeypatch.setattr("chargelink.hub.services.starts.EXPIRY", 50)
    said = await start(hub, account=await account(), prepaid=3_000)
    assert (said.status_code, said.json()["state"]) == (503, "released")
    assert await money() == FREE


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"account": "a-nobody"}, "there is no account"),
        ({"prepaid": 10_001}, "unused; top it up"),
        ({"tariffHash": TARIFF_HASH}, "has no tariff"),
    ],
)
async def test_what_cannot_be_paid_is_not_asked_for(hub: Hub, body: dict[str, Any], why: str) -> None:
    edge, who = await ready(hub, RequestStartTransaction=ACCEPTED), await account(10_000)
    answer = await start(hub, **{"account": who, **body})
    assert answer.status_code == 409
    assert why in answer.json()["error"]["en"]
    assert (edge.asked.empty(), await Order.all().count(), await Command.all().count()) == (True, 0, 0)
    assert await money() == FREE


@pytest.mark.parametrize("body", [{"prepaid": 100}, {"at": -1}, {"account": "a", "prepaid": 0}, {"account": "a b"}])
async def test_what_is_no_start(hub: Hub, body: dict[str, Any]) -> None:
    await ready(hub)
    assert (await start(hub, **body)).status_code == 400


@pytest.mark.parametrize("name", ["o1", "%00", "a" * 100, "'"])
async def test_orders_and_accounts_that_are_not_there(hub: Hub, name: str) -> None:
    assert (await hub.http.get(f"/api/orders/{name}")).status_code == 404
    assert (await hub.http.get(f"/api/accounts/{name}")).status_code == 404
    assert await hub.get(f"/api/orders?account={name}") == []


async def test_whoever_goes_away_does_not_take_the_answer_along(tables: Engine) -> None:
    """The browser that asked is closed: what the edge answers is written down all the same."""
    link = Slow()
    starts = Starts(commands.Commands(link), Bus())
    wish = Wish(account=await account(), place=PLACE, prepaid=3_000)
    asking = asyncio.create_task(starts.start(wish))
    await asyncio.wait_for(link.called.wait(), PATIENCE)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    assert (await Order.get()).state == "asked"
    link.answer.set()
    await until(lambda: Order.exists(state="running"))
    assert (await Order.get()).state == "running"


PLACE = Place(edge="edge-1", device="gun-1", mode="scan")


class Slow:
    """An edge that answers when it is told to."""

    def __init__(self) -> None:
        self.called, self.answer = asyncio.Event(), asyncio.Event()

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        self.called.set()
        await self.answer.wait()
        return RequestStartTransactionResponse(status="Accepted", transaction_id=SESSION)


async def test_the_command_is_durable_before_it_is_sent(tables: Engine) -> None:
    """What another process sees at the moment of sending: order, freeze and command together."""
    seen: list[tuple[str, int, int]] = []

    class Looking(Slow):
        async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
            row = await Order.get()
            seen.append((row.state, (await money())["frozen"], await Command.filter(id=row.remote_start_id).count()))
            raise asyncio.CancelledError  # the power goes

    starts = Starts(commands.Commands(Looking()), Bus())
    with suppress(asyncio.CancelledError):
        await starts.start(Wish(account=await account(), place=PLACE, prepaid=3_000))
    assert seen == [("asked", 3_000, 1)]
    await orders.recover(9)
    assert (await Order.get()).state == "unknown"


AGAIN = [
    ("it had begun", ACCEPTED, "running", FROZEN),
    ("it had not", REFUSED, "rejected", FROZEN),
]


@pytest.mark.parametrize(("answer", "state", "left"), [row[1:] for row in AGAIN], ids=[row[0] for row in AGAIN])
async def test_an_order_in_doubt_is_asked_about_again_under_the_same_number_past_its_expiry(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, answer: Any, state: str, left: dict[str, int]
) -> None:
    monkeypatch.setattr("chargelink.hub.services.starts.EXPIRY", 100)
    edge = await ready(hub)
    order = (await start(hub, account=await account(), prepaid=3_000)).json()["order"]
    first = await asked(edge)
    await edge.close()
    back = await ready(hub, RequestStartTransaction=answer)
    assert await asked(back) == first
    assert first["expiry"] < time.time() * 1000
    await hub.until(f"/api/orders/{order}", lambda one: one["state"] == state)
    assert await money() == left
    if state == "rejected":
        row = await Order.get()
        await back.send(record(1, *turned_down(row)))
        await hub.until(f"/api/orders/{order}", lambda one: one["state"] == "released")
        assert await money() == FREE


async def test_an_order_is_asked_about_once_at_each_boot(tables: Engine) -> None:
    calls: list[Shape] = []

    async def ask(request: Shape) -> Shape:
        calls.append(request)
        return RequestStartTransactionResponse(status="Rejected", reason="expired")

    starts = Starts(commands.Commands(Slow()), Bus())
    errands = OrderErrands(starts)
    row = await orders.freeze(await account(), PLACE, 1, usual=1, remote_start_id=7)
    await Command.create(id=7, edge="edge-1", action="start", given=1, expiry=2, payload=PAYLOAD)
    assert await errands.news(["edge-1"]) == set()
    await starts.heard(row.id, Event.SILENT, "")
    assert await errands.news(["edge-2"]) == set()
    await errands.visit(Visit("edge-1", Takes(), True, ask))
    assert [type(call).__name__ for call in calls] == ["RequestStartTransaction"]
    assert await errands.news(["edge-1"]) == {"edge-1"}  # it is refused now: news
    assert await errands.news(["edge-1"]) == set()
    assert (await Order.get()).state == "rejected"


PAYLOAD = '{"device":"gun-1","remoteStartId":7,"expiry":2}'


async def test_an_edge_that_cannot_take_the_call_is_not_asked_for_ever(tables: Engine) -> None:
    async def ask(request: Shape) -> Shape:
        raise commands.EdgeRefusedError("NotSupported")

    starts = Starts(commands.Commands(Slow()), Bus())
    row = await orders.freeze(await account(), PLACE, 1, usual=1, remote_start_id=7)
    await Command.create(id=7, edge="edge-1", action="start", given=1, expiry=2, payload=PAYLOAD)
    await starts.heard(row.id, Event.SILENT, "")
    await OrderErrands(starts).visit(Visit("edge-1", Takes(), True, ask))
    assert ((await Order.get()).state, (await Order.get()).reason) == ("rejected", "NotSupported")


CARD = {"id": "q1", "kind": "card", "token": "04 a2 b3", "device": "gun-1"}


async def ask(edge: FakeEdge, **other: Any) -> dict[str, Any]:
    return await edge.call("Authorize", {**CARD, **other})


async def test_a_card_freezes_money_before_the_edge_hears_yes(hub: Hub) -> None:
    edge, who = await ready(hub), await account(10_000)
    await tokens.add("card", "04A2B3", who, 1)
    said = await ask(edge)
    row = await Order.get()
    assert (row.account, row.state, row.mode, row.device) == (who, "authorised", "card", "gun-1")
    agreed = said["authorisation"]
    assert (said["status"], agreed["order"], agreed["account"], agreed["prepaid"]) == ("Accepted", row.id, who, 5_000)
    assert await money() == {"clearing": -10_000, "wallet": 5_000, "frozen": 5_000}
    await edge.send(record(1, "tariff", TARIFF), record(2, *came(row, remoteStartId=None)))
    await hub.until(f"/api/orders/{row.id}", lambda one: one["state"] == "settled")
    assert await money() == {"clearing": -10_000, "wallet": 9_300, "revenue:energy": 300, "revenue:service": 400}


async def test_a_question_that_is_asked_again_has_the_same_answer(hub: Hub) -> None:
    edge = await ready(hub)
    await tokens.add("card", "04A2B3", await account(10_000), 1)
    assert await ask(edge) == await ask(edge)
    assert (await money())["frozen"] == 5_000
    other = await ask(edge, id="q2")
    assert other["authorisation"]["order"] != (await ask(edge))["authorisation"]["order"]
    assert (await ask(edge, id="q3"))["status"] == "NoCredit"
    assert (await ask(edge, id="q4", token="04A2B4"))["status"] == "Invalid"
    assert await ask(edge, id="q1", token="04A2B4") == await ask(edge)  # as if the card were forgotten meanwhile


@pytest.mark.parametrize("first", ["the question", "the record"])
async def test_a_question_with_whose_answer_nothing_begins_frees_its_money(hub: Hub, first: str) -> None:
    edge = await ready(hub)
    await tokens.add("card", "04A2B3", await account(10_000), 1)
    over = record(1, *turned_down(None, request="q1", reason="away"))
    if first == "the question":
        assert (await ask(edge))["status"] == "Accepted"
    await edge.send(over)
    if first == "the question":
        await hub.until("/api/orders", lambda rows: rows[0]["state"] == "released")
    else:
        await until(lambda: Question.exists(asked="q1"))
    said = await ask(edge)
    assert (said["status"], said["authorisation"]) == ("Expired", None)
    assert await money() == FREE
    assert await alarms() == []


NOT_ACCEPTED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("unknown", {}, {"token": "99"}, "Invalid"),
    ("of another kind", {}, {"kind": "vin"}, "Invalid"),
    ("nothing but spaces", {}, {"token": " "}, "Invalid"),
    ("expired", {"until": 5}, {}, "Expired"),
    ("no PIN given", {"pin": "2718"}, {}, "WrongPin"),
    ("another PIN", {"pin": "2718"}, {"pin": "2719"}, "WrongPin"),
]


@pytest.mark.parametrize(
    ("card", "question", "status"), [r[1:] for r in NOT_ACCEPTED], ids=[r[0] for r in NOT_ACCEPTED]
)
async def test_what_does_not_charge(hub: Hub, card: dict[str, Any], question: dict[str, Any], status: str) -> None:
    edge = await ready(hub)
    await tokens.add("card", "04A2B3", await account(10_000), 1, **card)
    said = await ask(edge, **question)
    assert (said["status"], said["authorisation"]) == (status, None)
    assert " / " in said["reason"]  # in both languages
    assert await money() == FREE


async def test_an_account_charges_by_its_pin_alone(hub: Hub) -> None:
    edge, who = await ready(hub), await account(10_000)
    await tokens.add("account", who, who, 1)
    assert (await ask(edge, kind="account", token=who, pin="2718"))["status"] == "Invalid"
    await tokens.add("account", who, who, 1, pin="2718")
    said = await ask(edge, kind="account", token=who, pin="2718")
    assert (said["status"], said["authorisation"]["mode"]) == ("Accepted", "pin")


async def test_blocked_closed_and_empty(hub: Hub) -> None:
    edge, who = await ready(hub), await account(0)
    token = await tokens.add("card", "04A2B3", who, 1)
    assert (await ask(edge))["status"] == "NoCredit"
    await tokens.block(token)
    assert (await ask(edge))["status"] == "Blocked"


async def test_nobody_asks_before_saying_who_he_is(hub: Hub) -> None:
    edge = await hub.edge()
    with pytest.raises(Exception, match="SecurityError"):
        await ask(edge)
