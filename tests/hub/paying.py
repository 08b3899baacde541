"""An account with money, and orders of it, for the tests of what is paid."""

import asyncio
import hashlib
from typing import Any

import msgpack
from tests.hub.fake_edge import NIGHT, TARIFF, ended, identifier, started

from chargelink.hub.bus import Bus
from chargelink.hub.services import accounts, books, orders
from chargelink.hub.services.intake import Intake
from chargelink.hub.services.orders import Place
from chargelink.hub.store.models import Alarm, Record
from chargelink.hub.store.money import Order

SESSION = identifier(1)
PRICES = ("tariff", TARIFF)
PLACE = Place(edge="edge-1", device="gun-1", mode="scan")
BACKWARDS = [{"at": NIGHT, "register": 9_000}, {"at": NIGHT + 1, "register": 8_000}]


async def account(fen: int = 10_000) -> str:
    """A new account with so much in its wallet."""
    row = await accounts.create(1)
    if fen:
        await accounts.top_up(row.id, fen, f"P-{row.id}", 1)
    return row.id


async def order(account: str, prepaid: int = 3_000, number: int | None = 77, asked: str | None = None) -> Order:
    """An order that is frozen; the edge was asked to start `number`, or asked `asked` itself."""
    return await orders.freeze(account, PLACE, 1, prepaid=prepaid, usual=1, remote_start_id=number, asked=asked)


def agreed(row: Order | None = None, **more: Any) -> dict[str, Any]:
    """What an edge writes of an authorisation."""
    named = {} if row is None else {"order": row.id, "account": row.account, "prepaid": row.prepaid}
    return {"authorisation": {"mode": "scan", **named, **more}}


def began(order: Order | None = None, session: str = SESSION, **more: Any) -> tuple[str, Any]:
    number = None if order is None else order.remote_start_id
    return "session.started", started("edge-1", session, remoteStartId=number, **agreed(order), **more)


def came(order: Order | None = None, session: str = SESSION, **more: Any) -> tuple[str, Any]:
    """The record of a session's end: 3.00 yuan of electricity, 4.00 of service."""
    number = None if order is None else order.remote_start_id
    return "session.ended", ended("edge-1", session, **{"remoteStartId": number, **agreed(order), **more})


def turned_down(row: Order | None = None, **more: Any) -> tuple[str, Any]:
    """The record that nothing begins."""
    number = None if row is None else row.remote_start_id
    said = {"edgeId": "edge-1", "device": "gun-1", "remoteStartId": number, "reason": "expired", "text": "too late"}
    return "start.refused", {**said, "at": NIGHT, **more}


async def take(*contents: tuple[str, Any], edge: str = "edge-1") -> None:
    """Store records as they come from an edge, and read them."""
    for kind, body in contents:
        raw = msgpack.packb(body)
        seq = await Record.all().count() + 1
        digest = hashlib.sha256(raw).hexdigest()
        await Record.create(
            edge=edge, epoch="e", lane="record", seq=seq, kind=kind, at=NIGHT, body=raw, hash=digest, received=NIGHT
        )
    intake = Intake(Bus(), asyncio.Event())
    while await intake.read_waiting():
        pass


async def money() -> dict[str, int]:
    """The accounts of the ledger that are not at 0, without the numbers of accounts and orders; it is right."""
    assert await books.verify() == []
    found: dict[str, int] = {}
    for name, fen in (await books.balances()).items():
        short = name if name.startswith("revenue:") else name.partition(":")[0]
        found[short] = found.get(short, 0) + fen
    return {name: fen for name, fen in found.items() if fen}


async def alarms() -> list[str]:
    return [row.kind for row in await Alarm.all().order_by("id")]
