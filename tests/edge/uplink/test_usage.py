"""What the link takes of a month is counted across restarts, and begins anew with the month."""

import asyncio
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal
from tests.edge.uplink.hub import FakeHub
from tests.edge.uplink.test_uplink import do

from chargelink.edge.board import Board
from chargelink.edge.uplink import Uplink
from chargelink.edge.uplink.usage import AROUND_MESSAGE, HANDSHAKE, PINGS, Usage

NOVEMBER = 1_795_000_000_000  # 2026-11-18 in China
DECEMBER = 1_796_054_400_000  # 2026-12-01 00:00 in China, 16:00 UTC of the day before


def used() -> Usage:
    usage = Usage()
    usage.turn(NOVEMBER)
    usage.opened()
    usage.sent(300)
    usage.received(20)
    usage.was_up(60)
    return usage


def test_messages_and_what_lies_around_them() -> None:
    (month,) = used().shown()
    around = 2 * AROUND_MESSAGE + HANDSHAKE + 60 * PINGS
    assert month == {"month": "2026-11", "sent": 300, "received": 20, "around": around}


def test_it_is_kept() -> None:
    usage = Usage()
    usage.load(used().dump())
    usage.turn(NOVEMBER + 60_000)
    assert usage.shown() == used().shown()


@pytest.mark.parametrize("data", [None, b"", b"\xc1", b"\x92\x01\xc0"])
def test_what_cannot_be_read_begins_anew(data: bytes | None) -> None:
    usage = Usage()
    usage.load(data)
    usage.turn(NOVEMBER)
    assert usage.month.sent == 0


def test_a_month_ends_in_china() -> None:
    usage = used()
    usage.turn(DECEMBER - 1)
    assert [month["month"] for month in usage.shown()] == ["2026-11"]
    usage.turn(DECEMBER)
    assert [(month["month"], month["sent"]) for month in usage.shown()] == [("2026-12", 0), ("2026-11", 300)]
    usage.turn(NOVEMBER)  # a clock that was set back
    assert usage.month.name == "2026-12"


async def test_an_uplink_keeps_its_count_across_restarts(tmp_path: Path) -> None:
    hub = FakeHub()
    ledger = open_journal(tmp_path / "ledger.db")
    months = []
    async with hub.serving():
        for _ in range(2):
            uplink = Uplink(f"ws://127.0.0.1:{hub.port}", "edge-1", "0.1", ledger, Board(), do, lambda: NOVEMBER)
            tasks = [asyncio.create_task(work) for work in (uplink.count(), uplink.run())]
            hub.boots.clear()
            await hub.until(lambda: bool(hub.boots))
            while not uplink.usage.month.name:  # noqa: ASYNC110 - the ledger has been read then
                await asyncio.sleep(0.001)
            uplink.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            months.append(uplink.usage.month)
    await ledger.close()
    assert months[0].name == "2026-11"
    assert (months[0].links, months[1].links) == (1, 2)
    assert months[1].sent >= 2 * months[0].sent > 0
