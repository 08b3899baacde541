"""Local lists: made for one edge alone, kept by what changed, sent in parts, and never in the way of anybody."""

import asyncio
import hashlib
import hmac
import time
from typing import Any

import pytest
from tests.hub.conftest import PATIENCE, Hub, Place
from tests.hub.list_edge import ListEdge, digest

from chargelink.hub.services import accounts, changes, listing, passes, tokens, vouchers
from chargelink.hub.services.listing import Piece, Reader
from chargelink.hub.services.tokens import TokenStatus
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.lists import EdgeList, Unlisted
from chargelink.hub.store.money import Token
from chargelink.hub.store.vault import unlocked, vault

NOW = 1_800_000_000_000
KEY = bytes(range(32))
CARD, OTHER = "0412A3B4C5", "0412A3B4C6"


async def account() -> str:
    return (await accounts.create(NOW)).id


async def card(value: str, owner: str, **more: Any) -> Token:
    return await tokens.add("card", value, owner, NOW, **more)


async def joined(hub: Hub, name: str = "edge-1", *, held: int = 0) -> ListEdge:
    edge = ListEdge(await hub.edge(name), held)
    await edge.edge.boot(localList=held)
    return edge


async def test_a_list_is_sent_and_then_what_changed(hub: Hub) -> None:
    owner = await account()
    await card(CARD, owner, pin="0417")
    edge = await joined(hub)
    await edge.until(await changes.last_change())
    (part,) = edge.parts
    assert (part["updateType"], part["part"], part["more"], part["base"]) == ("Full", 0, False, 0)
    entry = edge.entry("card", "0412-a3b4 c5")
    assert entry is not None
    assert entry["account"] == owner
    assert entry["pin"] == hmac.new(edge.key, b"pin\0" + entry["token"] + b"0417", hashlib.sha256).digest()

    token = await tokens.find("card", CARD)
    assert token is not None
    await tokens.block(token)
    await card(OTHER, owner)
    await edge.until(await changes.last_change())
    assert edge.parts[-1]["updateType"] == "Differential"
    assert edge.parts[-1]["key"] is None
    blocked, fresh = edge.entry("card", CARD), edge.entry("card", OTHER)
    assert blocked is not None
    assert fresh is not None
    assert (blocked["status"], fresh.get("status", "Accepted")) == ("Blocked", "Accepted")
    await tokens.remove(token)
    await accounts.close(owner, NOW)
    await edge.until(await changes.last_change())
    assert edge.entries == {}
    async with asyncio.timeout(PATIENCE):
        while await Unlisted.exists():  # noqa: ASYNC110 - the edge has removed them, and said so
            await asyncio.sleep(0.01)


async def test_each_edge_has_a_key_of_its_own(hub: Hub) -> None:
    await card(CARD, await account())
    first, second = await joined(hub), await joined(hub, "edge-2")
    for edge in (first, second):
        await edge.until(await changes.last_change())
        assert edge.entry("card", CARD)
    assert len(first.key) == 32
    assert first.key != second.key
    assert not first.entries.keys() & second.entries.keys()
    assert first.key not in (await EdgeList.get(edge="edge-1")).key


@pytest.mark.parametrize("held", [1, 2**52])
async def test_a_list_that_nobody_knows_is_replaced_in_full(hub: Hub, held: int) -> None:
    """It is from before a backup of either end was put back."""
    await card(CARD, await account())
    edge = await joined(hub, held=held)
    await edge.until(await changes.last_change())
    assert edge.parts[-1]["updateType"] == "Full"


async def test_an_edge_goes_on_from_the_list_that_it_holds(hub: Hub) -> None:
    owner = await account()
    await card(CARD, owner)
    edge = await joined(hub)
    await edge.until(await changes.last_change())
    await edge.edge.close()
    await card(OTHER, owner)
    again = ListEdge(await hub.edge(), edge.version)
    again.key, again.entries = edge.key, edge.entries
    await again.edge.boot(localList=edge.version)
    await again.until(await changes.last_change())
    assert [part["updateType"] for part in again.parts] == ["Differential"]
    assert len(again.entries) == 2


async def test_an_edge_that_holds_another_version_than_it_said_gets_all_of_it(hub: Hub) -> None:
    owner = await account()
    await card(CARD, owner)
    edge = await joined(hub)
    await edge.until(await changes.last_change())
    edge.version, edge.entries = 7, {}
    await card(OTHER, owner)
    await edge.until(await changes.last_change())
    assert [part["updateType"] for part in edge.parts] == ["Full", "Differential", "Full"]
    assert len(edge.entries) == 2


async def test_a_refusal_is_told_and_not_repeated_at_once(hub: Hub) -> None:
    await card(CARD, await account())
    edge = ListEdge(await hub.edge())
    edge.refusal = {"status": "Failed", "version": 0, "reason": "disk full"}
    await edge.edge.boot(localList=0)
    (alarm,) = await hub.until("/api/alarms", len)
    assert alarm["kind"] == "list-refused"
    assert (await EdgeList.get(edge="edge-1")).words == "disk full"
    assert len(edge.parts) == 1


async def test_a_list_goes_in_parts(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chargelink.hub.services.list_errands.PART", 4)
    monkeypatch.setattr("chargelink.hub.services.listing.AT_ONCE", 3)
    owner = await account()
    for number in range(10):
        await card(f"card-{number}", owner)
    edge = await joined(hub)
    await edge.until(await changes.last_change())
    assert [(part["part"], part["more"], len(part["entries"])) for part in edge.parts] == [
        (0, True, 3),
        (1, True, 3),
        (2, False, 4),
    ]
    assert len(edge.entries) == 10
    await accounts.close(owner, NOW)
    await edge.until(await changes.last_change())
    assert edge.entries == {}


async def whole(edge: str = "edge-1", since: int = 0) -> Piece:
    """A list, or what changed, in one piece."""
    found = Piece()
    async for piece in listing.pieces(Reader(edge, KEY, NOW), since, await changes.last_change()):
        found = Piece(found.entries + piece.entries, found.removed + piece.removed)
    return found


@pytest.fixture
def vaulted(tables: Engine, place: Place) -> Any:
    with unlocked(place.directory):
        yield


async def test_an_account_is_listed_where_it_may_charge(vaulted: None) -> None:
    everywhere, here = await account(), await account()
    await card(CARD, everywhere)
    await card(OTHER, here)
    await passes.allow(here, ["edge-1", "edge-3"])
    lists = {edge: {entry.account for entry in (await whole(edge)).entries} for edge in ("edge-1", "edge-2")}
    assert lists == {"edge-1": {everywhere, here}, "edge-2": {everywhere}}
    before = await changes.last_change()
    await passes.allow(here, ["edge-2"])
    assert (await whole("edge-1", before)).removed == (digest(KEY, "card", OTHER),)
    assert [entry.account for entry in (await whole("edge-2", before)).entries] == [here]
    await passes.allow(here, [])
    assert await listing.may_charge(here, "edge-9")


async def test_what_may_not_charge_is_not_listed(vaulted: None) -> None:
    """A VIN that no order has confirmed, what has expired, a code that any edge may ask for."""
    owner = await account()
    vin = await tokens.add("vin", "LSVAM4187C2184847", owner, NOW)
    await Token.filter(id=vin.id).update(status=TokenStatus.WAITING)
    await card(CARD, owner, until=NOW)
    await card(OTHER, owner, until=NOW + 1)
    await vouchers.make(2, 500, NOW)
    (entry,) = (await whole()).entries
    assert (entry.token, entry.until) == (digest(KEY, "card", OTHER), NOW + 1)


async def test_a_change_has_a_number_that_was_never_there_before(vaulted: None) -> None:
    before = time.time_ns() // 1_000
    numbers = [await changes.next_change() for _ in range(50)]
    assert numbers == sorted({*numbers})
    assert numbers[0] >= before


async def test_what_another_hub_sealed_is_left_out(vaulted: None, place: Place) -> None:
    owner = await account()
    await card(CARD, owner)
    (place.directory / "tokens.key").unlink()
    with unlocked(place.directory):
        await card(OTHER, owner)
        assert [entry.token for entry in (await whole()).entries] == [digest(KEY, "card", OTHER)]


async def test_many_cards_stall_nobody(vaulted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two turns of the others there are never more rows than one piece has."""
    owner, many = await account(), 5_000
    template = await card(CARD, owner)
    seal, find = vault().tokens.seal, vault().tokens.digest
    rows = []
    for number in range(many):
        value = f"card{number}"
        name = find("card", value)
        box = seal(value, f"card|{name}")
        columns = {"status": template.status, "account": owner, "added": NOW, "changed": template.changed}
        rows.append(Token(kind="card", digest=name, sealed=box, **columns))
    await Token.bulk_create(rows, batch_size=500)
    opened, most, turns = 0, 0, 0
    plain = tokens.plain

    def counted(token: Token) -> str | None:
        nonlocal opened
        opened += 1
        return plain(token)

    async def others() -> None:
        nonlocal opened, most, turns
        while True:
            most, opened, turns = max(most, opened), 0, turns + 1
            await asyncio.sleep(0)

    monkeypatch.setattr(tokens, "plain", counted)
    task = asyncio.create_task(others())
    assert len((await whole()).entries) == many + 1
    task.cancel()
    assert turns > many / listing.AT_ONCE
    assert most <= listing.AT_ONCE


async def test_forgotten_tokens_leave_only_what_their_edges_must_hear(vaulted: None) -> None:
    owner = await account()
    token = await card(CARD, owner)
    await EdgeList.create(edge="edge-1", key=tokens.sealed_list_key("edge-1", KEY))
    before = await changes.last_change()
    await tokens.remove(token)
    assert await tokens.find("card", CARD) is None
    (row,) = await Unlisted.all()
    assert row.digest == digest(KEY, "card", CARD).hex()
    assert (await whole(since=before)).removed == (digest(KEY, "card", CARD),)
    assert await listing.changes("edge-1", before, await changes.last_change()) == 1
    assert await asyncio.wait_for(listing.changes("edge-2", before, await changes.last_change()), PATIENCE) == 0
