"""An old copy of the ledger is put back, under load: a new life of the journal, and the hub loses nothing by it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.torture import audit, processes
from tests.torture.kill import Site

BOTH = ("edge", "hub")
TOLD = {"edge-alarm", "trip", "ended-twice", "journal-epoch"}  # kinds of alarms that a restored copy may well raise


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "site", seed=3)
    try:
        yield site
    finally:
        site.close()


@pytest.mark.parametrize("hub_dies_too", [False, True])
def test_an_old_copy_of_the_ledger_put_back(site: Site, tmp_path: Path, hub_dies_too: bool) -> None:
    copy, victims = tmp_path / "copied" / "edge", BOTH if hub_dies_too else ("edge",)
    folder = site.ledger.parent
    site.start()
    site.wait_until_acknowledged(100)
    assert site.kill(victims) == []
    shutil.copytree(folder, copy)
    assert site.look() == []

    copied = audit.edge_lane(processes.ledger_of(tmp_path / "copied"))
    site.start()
    site.wait_until_acknowledged(len(copied) + 100)
    assert site.kill(victims) == []
    assert site.look() == []
    lost_life, acknowledged = audit.edge_lane(site.ledger), dict(site.said.acknowledged)
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)

    site.start()
    site.wait_until_acknowledged(sum(acknowledged.values()) + 100)
    assert [*site.finish()] == []
    here, there = audit.edge_lane(site.ledger), audit.hub_lane(site.books)
    [first] = acknowledged
    assert {epoch for epoch, _ in here} == {epoch for epoch, _ in there} > {first}
    for seq in range(1, acknowledged[first] + 1):
        assert there[first, seq] == lost_life[first, seq], "acknowledged before the copy was put back"
    told_anew = {record.body for (epoch, _), record in there.items() if epoch != first}
    for key, record in here.items():
        if key in copied or key[0] != first:
            assert there.get(key, record) == record, "one key, two records"
        if key[0] == first and key not in copied:  # recorded before the hub was there to say that it has this number
            assert record.body in told_anew
        assert key in there or record.body in told_anew, "all of it is with the hub"
    with audit.reading(site.books) as database:
        for table in ("set_aside", "quarantine"):
            assert database.execute(f"SELECT * FROM {table}").fetchall() == []
        kinds = {kind for (kind,) in database.execute("SELECT kind FROM alarm")}
        billed = dict(database.execute("SELECT session, total FROM bill"))
    assert {"journal-epoch"} <= kinds <= TOLD
    ended = [audit.session_ended(record) for record in lost_life.values() if record.kind == "session.ended"]
    ends = {one.session_id: one.bill.total for one in ended}
    delivered = [audit.session_ended(record) for key, record in there.items() if record.kind == "session.ended"]
    assert billed.keys() == {one.session_id for one in delivered}
    for key, record in lost_life.items():
        if record.kind == "session.ended" and key[1] <= acknowledged[first]:
            session = audit.session_ended(record).session_id
            assert billed[session] == ends[session], "what was billed first stays"
