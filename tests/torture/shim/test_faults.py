"""Disk full, a disk that turned read-only: edge and hub refuse in words, go on, and lose nothing they acknowledged."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.torture.audit import Said
from tests.torture.shim.site import WatchedSite


def some_acknowledged(said: Said) -> bool:
    return sum(said.acknowledged.values()) >= 100


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WatchedSite]:
    site = WatchedSite(tmp_path)
    try:
        site.start_hub()
        site.start_edge()
        site.until(some_acknowledged, "records are acknowledged")
        yield site
    finally:
        site.close()


def test_the_edge_outlives_a_full_disk(site: WatchedSite) -> None:
    """No restart, no lost connection: it refuses while there is no space, and goes on when there is some."""
    site.faults["edge"].leave_space(0)
    site.until(lambda said: len(said.refused) >= 20, "the edge refuses")
    assert site.faults["edge"].felt.no_space
    assert set(site.said.refused) == {"not stored: database or disk is full"}
    told = site.said.count
    site.faults["edge"].leave_space(None)
    site.until(lambda said: said.count >= told + 100, "the edge goes on")
    assert site.come_to_rest() == []
    log = site.trouble("hub").read_text()
    assert (log.count("link up"), log.count("link down")) == (1, 1)


def test_the_edge_outlives_a_disk_that_turned_read_only(site: WatchedSite) -> None:
    site.faults["edge"].remount(read_only=True)
    site.until(lambda said: len(said.refused) >= 20, "the edge refuses")
    assert site.faults["edge"].felt.read_only
    assert all(text.startswith("not stored: ") for text in site.said.refused)
    site.kill("edge")
    assert site.look() == []
    site.faults["edge"].remount(read_only=False)
    site.start_edge()
    assert site.come_to_rest() == []


@pytest.mark.parametrize("fault", ["full", "failing", "read-only"])
def test_the_hub_acknowledges_nothing_that_its_disk_did_not_take(site: WatchedSite, fault: str) -> None:
    """And takes it later, without a restart; what the edge said meanwhile is all there in the end."""
    faults = site.faults["hub"]
    if fault == "failing":
        faults.fail_syncs(5)
    elif fault == "full":
        faults.leave_space(0)
    else:
        faults.remount(read_only=True)
    site.until(lambda _: max(faults.felt) >= 5, "the hub feels it")
    assert site.look() == []
    faults.leave_space(None)
    faults.remount(read_only=False)
    had = sum(site.said.acknowledged.values())
    site.until(lambda said: sum(said.acknowledged.values()) >= had + 100, "the hub goes on")
    assert site.come_to_rest() == []
