"""Edges that come back as others: restored, cloned, with another meter. Nothing is doubled, nothing is mended."""

import json
from typing import Any

import pytest
from tests.hub.chained import ChainedJournal
from tests.hub.conftest import Hub
from tests.hub.fake_edge import NIGHT, TARIFF, FakeEdge, ended, identifier, started

FIRST, SECOND, THIRD = identifier(1), identifier(2), identifier(3)
HOUR = 3_600_000


async def boot(edge: FakeEdge, journal: ChainedJournal) -> dict[str, Any]:
    who = {"edgeId": edge.edge, "epoch": journal.epoch, "software": "fake", "signingKey": journal.public}
    return await edge.call("BootNotification", who)


async def send_all(edge: FakeEdge, journal: ChainedJournal, first: int = 1) -> None:
    last = len(journal.records)
    batch = journal.batch(first, last, checkpoint=journal.checkpoint(last))
    assert await edge.call("Records", batch) == {"have": last}


def charged(journal: ChainedJournal, session: str, **other: Any) -> None:
    journal.write(TARIFF, kind="tariff")
    journal.write(started("edge-1", session), kind="session.started")
    journal.write(ended("edge-1", session, **other), kind="session.ended")


def anew(journal: ChainedJournal, reason: str = "hub-ahead") -> ChainedJournal:
    """The journal of an edge that was restored: another life, the same key."""
    new = ChainedJournal(epoch="epoch-2", key=journal.key)
    new.write({"previous": journal.epoch, "reason": reason, "at": NIGHT, "lanes": {}}, kind="journal.epoch")
    return new


async def kinds(hub: Hub) -> list[str]:
    return sorted(alarm["kind"] for alarm in await hub.get("/api/alarms"))


async def test_a_restored_edge_tells_again_what_it_told_and_nothing_is_doubled(hub: Hub) -> None:
    journal = ChainedJournal()
    charged(journal, FIRST)
    edge = await hub.edge()
    assert (await boot(edge, journal))["have"] == {}
    await send_all(edge, journal)
    await hub.until("/api/bills", len)
    new = anew(journal)
    charged(new, FIRST)
    charged(new, SECOND)
    edge = await hub.edge()
    told = await boot(edge, new)
    assert (told["have"], told["chains"]) == ({}, {})
    await send_all(edge, new)
    bills = await hub.until("/api/bills", lambda bills: len(bills) > 1)
    assert {bill["session"] for bill in bills} == {FIRST, SECOND}
    assert len(await hub.get("/api/sessions")) == 2
    assert await kinds(hub) == ["journal-epoch"]
    old = await boot(edge, journal)
    assert (old["have"], old["chains"]) == ({"record": 3}, {"record": journal.chains[3]})
    assert old["hashes"] == {"record": journal.records[2]["hash"]}


async def test_a_session_that_a_restored_edge_ends_otherwise_is_billed_once_and_told(hub: Hub) -> None:
    journal = ChainedJournal()
    charged(journal, FIRST)
    edge = await hub.edge()
    await boot(edge, journal)
    await send_all(edge, journal)
    [bill] = await hub.until("/api/bills", len)
    new = anew(journal)
    charged(new, FIRST, stopReason="PowerLoss")
    await boot(edge, new)
    await send_all(edge, new)
    await hub.until("/api/alarms", lambda alarms: len(alarms) == 2)
    assert await kinds(hub) == ["ended-twice", "journal-epoch"]
    assert await hub.get("/api/bills") == [bill]


async def test_a_clone_of_an_edge_is_a_fork_that_blocks_nobody(hub: Hub) -> None:
    """Two gateways with one card: both go on from the same record. All bytes of both are kept and acknowledged."""
    journal = ChainedJournal()
    charged(journal, FIRST)
    edge = await hub.edge()
    await boot(edge, journal)
    await send_all(edge, journal)
    clone = journal.forked(3)
    journal.write({"code": "a", "text": "mine", "at": 1}, kind="alarm")
    await send_all(edge, journal, 4)
    clone.write({"code": "b", "text": "theirs", "at": 1}, {"code": "c", "text": "more", "at": 2}, kind="alarm")
    other = await hub.edge()
    assert (await boot(other, clone))["have"] == {"record": 4}
    await send_all(other, clone, 4)
    alarms = await hub.until("/api/alarms", lambda alarms: len(alarms) >= 4)
    assert sorted(alarm["kind"] for alarm in alarms) == ["edge-alarm", "edge-alarm", "fork", "set-aside"]
    [fork] = [alarm for alarm in alarms if alarm["kind"] == "fork"]
    assert fork["detail"]["held"] == journal.chains[4].hex()
    assert fork["detail"]["sent"] == clone.chains[4].hex()
    assert journal.chains[4].hex() in fork["words"]["en"]
    assert clone.chains[4].hex() in fork["words"]["zh"]
    assert (await boot(other, journal))["chains"] == {"record": clone.chains[5]}


async def test_an_edge_with_another_key_than_before_is_told_and_its_records_are_kept(hub: Hub) -> None:
    journal = ChainedJournal()
    charged(journal, FIRST)
    edge = await hub.edge()
    await boot(edge, journal)
    await send_all(edge, journal)
    stranger = ChainedJournal(epoch="epoch-9")
    charged(stranger, SECOND)
    await boot(edge, stranger)
    await send_all(edge, stranger)
    alarms = await hub.until("/api/alarms", lambda alarms: len(alarms) == 2)
    assert sorted(alarm["kind"] for alarm in alarms) == ["checkpoint-wrong", "signing-key-changed"]
    [wrong] = [alarm for alarm in alarms if alarm["kind"] == "checkpoint-wrong"]
    assert wrong["detail"]["keys"] == [journal.public.hex()]
    await hub.until("/api/bills", lambda bills: len(bills) == 2)


def readings(session: str, begin: int, end: int, hour: int, **other: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Start and end of a session with these registers, mWh, so many hours later."""
    first = {"at": NIGHT + hour * HOUR, "register": begin}
    last = {"at": NIGHT + (hour + 1) * HOUR, "register": end}
    return (
        started("edge-1", session, at=first["at"], start=first, **other),
        ended("edge-1", session, startedAt=first["at"], at=last["at"], readings=[first, last], **other),
    )


WATCHED = {"authorisedBy": "monitor"}
METERS: list[tuple[str, list[tuple[dict[str, Any], dict[str, Any]]], list[str]]] = [
    ("going on", [readings(FIRST, 5, 15, 0), readings(SECOND, 15, 25, 2)], []),
    ("going on from below", [readings(FIRST, 5, 15, 0), readings(SECOND, 14, 25, 2)], [SECOND]),
    ("another meter", [readings(FIRST, 5, 15, 0), readings(SECOND, 0, 9, 2), readings(THIRD, 9, 9, 4)], [SECOND]),
    ("told late", [readings(SECOND, 15, 25, 2), readings(FIRST, 5, 15, 0)], []),
    ("another gun", [readings(FIRST, 5, 15, 0), readings(SECOND, 0, 9, 2, device="gun-2")], []),
    ("sockets", [readings(FIRST, 0, 15, 0, kind="socket"), readings(SECOND, 0, 9, 2, kind="socket")], []),
    ("only watched", [readings(FIRST, 0, 15, 0, **WATCHED), readings(SECOND, 0, 9, 2, **WATCHED)], []),
    ("told twice", [readings(FIRST, 5, 15, 0), readings(FIRST, 5, 15, 0)], []),
]


@pytest.mark.parametrize(("sessions", "backwards"), [row[1:] for row in METERS], ids=[row[0] for row in METERS])
async def test_a_register_never_runs_backwards_from_session_to_session(
    hub: Hub, sessions: list[tuple[dict[str, Any], dict[str, Any]]], backwards: list[str]
) -> None:
    journal = ChainedJournal()
    journal.write(TARIFF, kind="tariff")
    for begin, end in sessions:
        journal.write(begin, kind="session.started")
        journal.write(end, kind="session.ended")
    journal.write({"code": "last", "text": "all were read", "at": 1}, kind="alarm")
    edge = await hub.edge()
    await boot(edge, journal)
    await send_all(edge, journal)
    alarms = await hub.until("/api/alarms", lambda alarms: any(alarm["kind"] == "edge-alarm" for alarm in alarms))
    found = [alarm for alarm in alarms if alarm["kind"] == "register-backwards"]
    assert [alarm["subject"] for alarm in found] == backwards
    for alarm in found:
        assert alarm["detail"] | {"before": 15, "earlier": FIRST} == alarm["detail"]
        assert "15 mWh" in json.dumps(alarm["words"])
