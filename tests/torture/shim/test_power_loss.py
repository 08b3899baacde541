"""What losses of power would have left of a run, at many instants: nothing acknowledged is lost in any of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.torture.shim.site import WatchedSite, survey

RECORDS = 300  # that the hub acknowledges before a run ends
STATES = 40


@contextmanager
def run(place: Path, synchronous: str = "FULL") -> Iterator[WatchedSite]:
    """A site that works until the hub has acknowledged RECORDS, and comes to rest when it is left."""
    site = WatchedSite(place, synchronous)
    try:
        site.start_hub()
        site.start_edge()
        site.until(lambda said: sum(said.acknowledged.values()) >= RECORDS, "records are acknowledged")
        yield site
        assert site.come_to_rest() == []
    finally:
        site.close()


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with run(tmp_path) as site:
        pass
    assert survey(site, STATES, 1, tmp_path) == []


def test_a_failed_sync_is_no_promise(tmp_path: Path) -> None:
    """What the disk could not make durable was not said to be, and what is said afterwards is durable again."""
    with run(tmp_path) as site:
        site.faults["edge"].fail_syncs(3)
        site.until(lambda said: len(said.refused) >= 3, "the edge has refused")
        told = site.said.count
        site.until(lambda said: said.count > told + 100, "the edge goes on")
        assert all(text.startswith("not stored: ") for text in site.said.refused)
    assert site.faults["edge"].felt.failed_syncs == 3
    assert survey(site, STATES // 2, 2, tmp_path) == []


def test_less_flushing_is_found_out(tmp_path: Path) -> None:
    """The same with synchronous=NORMAL, which loses what was acknowledged: at both ends, or the test sees nothing."""
    with run(tmp_path, "NORMAL") as site:
        pass
    found = survey(site, STATES // 4, 3, tmp_path)
    assert {finding.what for finding in found} == {"lost"}
    for end in ("the ledger", "the hub"):
        assert any(end in finding.text for finding in found), end
