"""Signatures under the journal: by the key that the edge first told, and by no other."""

import asyncio
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.hub.chained import ChainedJournal
from tests.hub.test_chains import fork, journal, send, told

from chargelink.hub.bus import Bus
from chargelink.hub.services.checks import Checks
from chargelink.hub.store import keys
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.writer import RecordWriter

__all__ = ["journal"]
STRANGER = Ed25519PrivateKey.generate()


async def check() -> None:
    checks = Checks(Bus(), asyncio.Event())
    while await checks.read_waiting():
        pass


async def test_a_right_one_is_silent(writer: RecordWriter, journal: ChainedJournal) -> None:
    await keys.pin("edge-1", journal.public, 1, trusted=False)
    await send(writer, journal, 1, 4, checkpoint=journal.checkpoint(4))
    await send(writer, journal, 5, 9, checkpoint=journal.checkpoint(7))
    await check()
    assert await told() == []


async def test_by_a_wrong_key_it_is_told_once_with_all_that_was_compared(
    writer: RecordWriter, journal: ChainedJournal
) -> None:
    await keys.pin("edge-1", journal.public, 1, trusted=False)
    wrong = journal.checkpoint(4, STRANGER)
    for _ in range(2):
        await send(writer, journal, 1, 4, checkpoint=wrong)
        await check()
    [(kind, detail)] = await told()
    assert kind == "checkpoint-wrong"
    assert detail["key"] == "edge-1/epoch-1/record/4"
    assert detail["chain"] == journal.chains[4].hex()
    assert detail["signature"] == wrong["signature"].hex()
    assert detail["keys"] == [journal.public.hex()]


async def test_for_another_history_it_is_told(writer: RecordWriter, journal: ChainedJournal) -> None:
    """An older client without `previous` whose records were changed under way: the signature shows it."""
    await keys.pin("edge-1", journal.public, 1, trusted=False)
    other = fork(journal, 2)
    await send(writer, other, 1, 4, previous=False, checkpoint=journal.checkpoint(4))
    await check()
    assert [kind for kind, _ in await told()] == ["checkpoint-wrong"]


async def test_without_any_key_it_is_told(writer: RecordWriter, journal: ChainedJournal) -> None:
    await send(writer, journal, 1, 4, checkpoint=journal.checkpoint(4))
    await check()
    [(kind, detail)] = await told()
    assert (kind, detail["keys"]) == ("checkpoint-wrong", [])


KEYS = [
    ("the first is believed", [(b"1" * 32, False)], 1, 0),
    ("again the same", [(b"1" * 32, False)] * 2, 1, 0),
    ("another is not, and told once", [(b"1" * 32, False), (b"2" * 32, False), (b"2" * 32, False)], 1, 1),
    ("another is where a person allowed it", [(b"1" * 32, True), (b"2" * 32, True), (b"1" * 32, True)], 2, 0),
    ("none changes nothing", [(None, False), (b"1" * 32, False), (None, False)], 1, 0),
]


@pytest.mark.parametrize(("story", "believed", "alarms"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
async def test_the_key_of_an_edge(tables: Engine, story: list[tuple[Any, bool]], believed: int, alarms: int) -> None:
    for key, trusted in story:
        await keys.pin("edge-1", key, 1, trusted=trusted)
    assert len(await keys.accepted("edge-1")) == believed
    found = await told()
    assert [kind for kind, _ in found] == ["signing-key-changed"] * alarms
    for _, detail in found:
        assert (detail["old"], detail["new"]) == ((b"1" * 32).hex(), (b"2" * 32).hex())
