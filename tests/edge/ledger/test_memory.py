"""What drivers remember: values by name, and numbers that never repeat, not even after a restart."""

import asyncio
from pathlib import Path

from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Journal, Memory


async def test_a_value_stays_until_it_is_replaced_or_forgotten(journal: Journal) -> None:
    memory = Memory(journal)
    assert await memory.get("radio/key") is None
    await memory.put("radio/key", b"a")
    await memory.put("radio/key", b"b")
    await memory.put("other", b"c")
    assert await memory.get("radio/key") == b"b"
    await memory.forget("radio/")
    assert [await memory.get(name) for name in ("radio/key", "other")] == [None, b"c"]


async def test_reserved_numbers_never_repeat(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    memory = Memory(journal)
    firsts = await asyncio.gather(*(memory.reserve("counter", 16) for _ in range(5)))
    assert sorted(firsts) == [0, 16, 32, 48, 64]
    await journal.close()
    journal = open_journal(tmp_path / "ledger.db")
    assert await Memory(journal).reserve("counter", 1) == 80
    await journal.close()
