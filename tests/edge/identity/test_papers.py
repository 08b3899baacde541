"""The file that says who an edge is: read back as written, atomically changed, refused in words when damaged."""

import stat
from pathlib import Path

import pytest

from chargelink.edge.identity import Drawer, IdentityError, Papers
from chargelink.edge.identity.enrol import papers
from chargelink.trust.certificates import DAY, Authority, new_key

NOW = 1_763_571_600_000
CA = Authority.new("hub", NOW)
LINK, ENROLL = "wss://hub.example.org:8701", "https://hub.example.org:8703"


def some(edge: str = "edge-1", ca: Authority = CA) -> Papers:
    key = new_key()
    chain = ca.edge_certificate(edge, key.public_key(), NOW).pem
    return papers(edge, LINK, ENROLL, ca.der, key, chain)


def test_written_and_read_back(tmp_path: Path) -> None:
    drawer, first = Drawer(tmp_path / "data"), some()
    assert drawer.read() is None
    drawer.write(first)
    assert drawer.read() == first
    assert (first.expires, first.renew_from) == (NOW + 400 * DAY, NOW + 399 * DAY // 2)
    assert stat.S_IMODE(drawer.current.stat().st_mode) == 0o600
    assert stat.S_IMODE(drawer.folder.stat().st_mode) == 0o700
    assert "PRIVATE KEY" not in repr(first)


def test_the_next_ones_are_there_until_they_are_used_or_forgotten(tmp_path: Path) -> None:
    drawer, first, second, third = Drawer(tmp_path), some(), some(), some()
    drawer.write(first)
    drawer.write_next(second)
    assert (drawer.read(), drawer.read_next()) == (first, second)
    drawer.promote()
    assert (drawer.read(), drawer.read_next()) == (second, None)
    drawer.write_next(third)
    drawer.forget_next()
    assert (drawer.read(), drawer.read_next()) == (second, None)
    drawer.write_next(third)
    drawer.write(first)  # enrolled again: what was renewed before is of somebody else
    assert (drawer.read(), drawer.read_next()) == (first, None)


@pytest.mark.parametrize("content", [b"", b"edge: a\n", b"\xff", b"no colon\n-----BEGIN ", b"torn"])
def test_a_damaged_file_is_told_with_its_remedy(tmp_path: Path, content: bytes) -> None:
    drawer = Drawer(tmp_path)
    drawer.write(some())
    drawer.current.write_bytes(content)
    drawer.next.write_bytes(content)
    with pytest.raises(IdentityError, match="enrol again: chargelink edge enroll"):
        drawer.read()
    assert drawer.read_next() is None


def test_any_cut_is_noticed() -> None:
    whole = some().encode()
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="too soon"):
            Papers.decode(whole[:length])


OTHERS = {
    "another edge": CA.edge_certificate("edge-2", new_key().public_key(), NOW).pem,
    "another CA": Authority.new("hub", NOW).edge_certificate("edge-1", new_key().public_key(), NOW).pem,
    "another key": CA.edge_certificate("edge-1", new_key().public_key(), NOW).pem,
    "nothing": "",
}


@pytest.mark.parametrize("chain", OTHERS.values(), ids=OTHERS)
def test_a_hub_that_answers_with_something_else_is_not_believed(chain: str) -> None:
    with pytest.raises(IdentityError, match="a certificate that we cannot use"):
        papers("edge-1", LINK, ENROLL, CA.der, new_key(), chain)
