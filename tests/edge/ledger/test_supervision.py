"""What a session measured is sealed for the supervisor, in the transaction of its end, in a lane of its own."""

import os
import sqlite3
from collections.abc import Callable

import pytest
from tests.edge.ledger.charging import MIDNIGHT, STOP, TARIFF, reading

from chargelink.edge.ledger import Ending, Journal, Sessions, Supervision
from chargelink.edge.ledger.database import Database
from chargelink.link.messages import METERING_LANE, RECORD_LANE, Record
from chargelink.model import AuthorisedBy, Metering, MeteringSealed, SessionKind, StopReason, content_of
from chargelink.model.metering import metering_in
from chargelink.trust.metering import SupervisorKey, recipient

KEY = SupervisorKey(bytes(range(1, 33)))
METER = "000000000161"


@pytest.fixture
def sessions(journal: Journal) -> Sessions:
    return Sessions(journal, "edge-1", os.urandom, Supervision("edge-1", KEY.public, {"gun-1": METER}))


async def lane(journal: Journal, name: str) -> list[Record]:
    return (await journal.pending(name, 1000, 1 << 20)).records


async def measured(journal: Journal) -> list[Metering]:
    contents = [content_of(record.kind, record.body) for record in await lane(journal, METERING_LANE)]
    assert all(isinstance(one, MeteringSealed) and one.recipient == recipient(KEY.public) for one in contents)
    return [metering_in(KEY.open(one.box, "edge-1")) for one in contents if isinstance(one, MeteringSealed)]


async def test_the_registers_of_a_session(journal: Journal, sessions: Sessions) -> None:
    begun = await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT, start=reading(0, 100))
    final = Ending(StopReason.EV_DISCONNECTED, by="vehicle", reading=reading(60_000, 600))
    ended = await sessions.end(begun.started.session_id, MIDNIGHT + 61_000, final)
    (one,) = await measured(journal)
    assert one == Metering(
        session_id=ended.session_id,
        edge_id="edge-1",
        device="gun-1",
        started_at=MIDNIGHT,
        ended_at=MIDNIGHT + 61_000,
        begin=reading(0, 100),
        end=reading(60_000, 600),
        energy=500_000,
        total=ended.bill.total,
        tariff_id=TARIFF.id,
        tariff_hash=ended.tariff_hash,
        measured_by="meter",
        meter=METER,
        meter_verified="unverified",
    )
    assert [record.kind for record in await lane(journal, RECORD_LANE)][-1] == "session.ended"


@pytest.mark.parametrize(
    ("kind", "by", "expected"),
    [
        (SessionKind.DC, AuthorisedBy.LOCAL, ("meter", METER)),
        (SessionKind.DC, AuthorisedBy.MONITOR, ("calculated", None)),
        (SessionKind.SOCKET, AuthorisedBy.REMOTE, ("socket", None)),
    ],
)
async def test_what_measured_is_said(
    journal: Journal, sessions: Sessions, kind: SessionKind, by: AuthorisedBy, expected: tuple[str, str | None]
) -> None:
    begun = await sessions.begin("gun-1", kind, TARIFF, MIDNIGHT, authorised_by=by)
    await sessions.end(begun.started.session_id, MIDNIGHT, STOP)
    (one,) = await measured(journal)
    assert (one.measured_by, one.meter) == expected
    assert (one.begin, one.end, one.energy) == (None, None, 0)


async def test_a_session_that_ends_twice_is_measured_once(journal: Journal, sessions: Sessions) -> None:
    begun = await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT)
    for _ in range(2):
        await sessions.end(begun.started.session_id, MIDNIGHT, STOP)
    assert len(await measured(journal)) == 1


async def test_without_a_supervisor_nothing_is_sealed(journal: Journal) -> None:
    sessions = Sessions(journal, "edge-1", os.urandom)
    begun = await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT)
    await sessions.end(begun.started.session_id, MIDNIGHT, STOP)
    assert await lane(journal, METERING_LANE) == []


async def test_an_end_that_is_not_stored_is_not_measured(journal: Journal, sessions: Sessions) -> None:
    begun = await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT)

    def work(sql: str) -> Callable[[Database], object]:
        return lambda database: database.execute(sql)

    await journal.writer.run(
        work("CREATE TEMP TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(FAIL, 'disk I/O error'); END")
    )
    with pytest.raises(sqlite3.IntegrityError, match="disk I/O error"):
        await sessions.end(begun.started.session_id, MIDNIGHT, STOP)
    assert await lane(journal, METERING_LANE) == []
    await journal.writer.run(work("DROP TRIGGER full"))
    await sessions.end(begun.started.session_id, MIDNIGHT, STOP)
    assert len(await measured(journal)) == 1


async def test_a_new_epoch_of_the_lane_says_what_it_follows(journal: Journal, sessions: Sessions) -> None:
    begun = await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT)
    await sessions.end(begun.started.session_id, MIDNIGHT, STOP)
    before = (await journal.position()).epoch
    await journal.reconcile(RECORD_LANE, 1000)  # the hub holds more than we do
    assert (await journal.position()).epoch != before
    assert [record.kind for record in await lane(journal, METERING_LANE)] == ["journal.epoch", "metering.sealed"]
