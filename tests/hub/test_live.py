"""Links and states as they are now: in memory first, in the database soon after, and not lost while it fails."""

import pytest
from tests.hub.conftest import Place

from chargelink.hub.bus import Bus
from chargelink.hub.services.live import AT_ONCE, Live
from chargelink.hub.store.engine import Engine, Row, Rows, TroubleError
from chargelink.model import Device

DEVICES = "SELECT edge, device, state FROM device ORDER BY edge, device"
EDGES = "SELECT id, software, epoch FROM edge ORDER BY id"


def device(name: str, state: str = "idle") -> Device:
    return Device(id=name, kind="gun", state=state, at=1)


async def test_the_newest_of_each_is_written(tables: Engine, place: Place) -> None:
    live = Live(Bus(), tables)
    live.up("edge-1", "one", "1.0", [device("gun-1"), device("gun-2")])
    live.status("edge-1", [device("gun-1", "charging")])
    await live.write()
    assert await place.rows(EDGES) == [("edge-1", "1.0", "one")]
    assert await place.rows(DEVICES) == [("edge-1", "gun-1", "charging"), ("edge-1", "gun-2", "idle")]
    live.status("edge-1", [device("gun-2", "faulted")])
    live.down("edge-1")
    live.up("edge-1", "two", "1.1", [device("gun-2"), device("gun-3")])
    await live.write()
    assert await place.rows(EDGES) == [("edge-1", "1.1", "two")]
    assert await place.rows(DEVICES) == [("edge-1", "gun-2", "idle"), ("edge-1", "gun-3", "idle")]


async def test_what_could_not_be_written_is_kept_unless_there_is_newer(
    tables: Engine, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(Bus(), tables)
    live.up("edge-1", "one", "1.0", [device("gun-0")])
    await live.write()
    live.up("edge-1", "one", "1.0", [device("gun-1"), device("gun-2")])
    live.up("edge-2", "one", "1.0", [device("gun-1")])

    async def fail(rows: Rows) -> list[tuple[int, Row]]:
        live.status("edge-1", [device("gun-2", "charging")])
        live.up("edge-2", "two", "1.0", [device("gun-9")])
        raise TroubleError("full")

    with monkeypatch.context() as patched:
        patched.setattr(tables, "write", fail)
        with pytest.raises(TroubleError):
            await live.write()
    await live.write()
    assert await place.rows(DEVICES) == [
        ("edge-1", "gun-1", "idle"),
        ("edge-1", "gun-2", "charging"),
        ("edge-2", "gun-9", "idle"),
    ]
    assert await place.rows(EDGES) == [("edge-1", "1.0", "one"), ("edge-2", "1.0", "two")]


async def test_thousands_go_in_by_small_transactions(
    tables: Engine, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(Bus(), tables)
    sizes: list[int] = []
    write = tables.write

    async def count(rows: Rows) -> list[tuple[int, Row]]:
        sizes.append(max(map(len, rows.tables.values())))
        return await write(rows)

    monkeypatch.setattr(tables, "write", count)
    for number in range(1000):
        live.up(f"edge-{number}", "one", "1.0", [device("gun-1")])
    await live.write()
    assert len(await place.rows(DEVICES)) == len(await place.rows(EDGES)) == 1000
    assert max(sizes) <= AT_ONCE
    await live.write()
    assert len(sizes) == 10


async def test_what_no_database_can_hold_is_refused(tables: Engine) -> None:
    live = Live(Bus(), tables)
    with pytest.raises(ValueError, match="not a word"):
        live.up("edge-1", "one", "\0", [])
    with pytest.raises(ValueError, match="not a word"):
        live.up("edge-1", "one", "1.0", [device("gun-1", "\0")])
    assert not live.connected
