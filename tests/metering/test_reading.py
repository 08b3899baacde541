"""What the supervisor sees of a lane: every session, and by name whatever was done to the file on the way."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metering.lane import EDGE, SIGNER, SUPERVISOR, Written, metering

from chargelink.link.chain import record_hash
from chargelink.metering.reading import Reading, read
from chargelink.trust.checkpoints import JournalKey
from chargelink.trust.exported import Entry, Lane, Line, Signed, line_of
from chargelink.trust.metering import SupervisorKey
from chargelink.wire import DecodeError

Lines = list[Line]
STRANGER = JournalKey(bytes(32))


def whole() -> Written:
    """Six sessions, signed behind the third and the sixth: lines 2 to 4 and 6 to 8 are records, 5 and 9 signatures."""
    return Written().measure(0, 1, 2).sign().measure(3, 4, 5).sign()


def reading(lines: Lines, key: SupervisorKey = SUPERVISOR, trusted: tuple[bytes, ...] = ()) -> Reading:
    return read(map(line_of, lines), key, trusted)


def found(lines: Lines, key: SupervisorKey = SUPERVISOR, trusted: tuple[bytes, ...] = ()) -> list[tuple[str, int, int]]:
    return [(finding.code, finding.first, finding.last) for finding in reading(lines, key, trusted).findings]


def test_everything_is_there() -> None:
    seen = reading(whole().lines, trusted=(SIGNER.public,))
    assert seen.findings == []
    assert [one.metering for one in seen.opened] == [metering(number) for number in range(6)]
    assert (seen.audit.records, seen.audit.signed, seen.audit.signed_at) == (6, 6, 6_500)


def changed(lines: Lines, place: int, **fields: object) -> Lines:
    line = msgspec.structs.replace(lines[place], **fields)
    return [*lines[:place], line, *lines[place + 1 :]]


def numbered_anew(lines: Lines) -> Lines:
    """Without record 2, and so that nothing seems to be missing."""
    return lines[:3] + [msgspec.structs.replace(line, seq=line.seq - 1) for line in lines[4:]]  # type: ignore[union-attr]


def altered_and_hashed_anew(lines: Lines) -> Lines:
    entry = lines[3]
    assert isinstance(entry, Entry)
    body = Written().measure(9).lines[2]
    assert isinstance(body, Entry)
    return changed(lines, 3, body=body.body, hash=record_hash(body.body))


def with_signature(lines: Lines, signer: JournalKey) -> Lines:
    old = lines[5]
    assert isinstance(old, Signed)
    return changed(lines, 5, signature=signer.checkpoint(old.seq, old.chain, old.at).signature)


DONE_TO_IT: dict[str, tuple[Callable[[Lines], Lines], list[tuple[str, int, int]]]] = {
    "an altered byte": (
        lambda lines: changed(lines, 3, body=lines[3].body[:-1] + b"\0"),  # type: ignore[union-attr]
        [("altered", 2, 2), ("cannot-be-read", 2, 2)],
    ),
    "another record in its place": (altered_and_hashed_anew, [("altered", 1, 3)]),
    "another time": (lambda lines: changed(lines, 3, at=1), [("altered", 1, 3)]),
    "another kind": (lambda lines: changed(lines, 3, kind="alarm"), [("altered", 1, 3), ("cannot-be-read", 2, 2)]),
    "a record left out": (lambda lines: lines[:3] + lines[4:], [("missing", 2, 2), ("not-checked", 1, 3)]),
    "records left out at the end": (lambda lines: lines[:7] + lines[9:], [("missing", 5, 6), ("not-signed", 4, 4)]),
    "one left out and the others numbered anew": (
        numbered_anew,
        [("foreign-signature", 2, 2), ("foreign-signature", 5, 5), ("not-signed", 1, 5)],
    ),
    "records in another order": (
        lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
        [("missing", 2, 2), ("out-of-order", 2, 2), ("not-checked", 1, 3)],
    ),
    "a record put in twice": (
        lambda lines: [*lines[:4], lines[3], *lines[4:]],
        [("out-of-order", 2, 2), ("not-checked", 1, 3)],
    ),
    "no signature behind the last": (lambda lines: lines[:-1], [("not-signed", 4, 6)]),
    "the signature of somebody else": (lambda lines: with_signature(lines, STRANGER), [("foreign-signature", 3, 3)]),
    "the name of another edge": (
        lambda lines: changed(lines, 0, edge="site-0002"),
        [("altered", 1, 3), *[("cannot-be-read", number, number) for number in range(1, 7)]],
    ),
}


@pytest.mark.parametrize(("do", "expected"), DONE_TO_IT.values(), ids=DONE_TO_IT)
def test_what_was_done_to_it_is_named(do: Callable[[Lines], Lines], expected: list[tuple[str, int, int]]) -> None:
    assert found(do(whole().lines)) == expected


def test_what_comes_behind_a_gap_is_checked_from_the_next_signature_on() -> None:
    lines = whole().lines
    seen = reading(lines[:3] + lines[4:])
    assert (seen.audit.records, seen.audit.signed) == (5, 3)


def test_another_edge_with_all_in_order() -> None:
    """The hub signs everything anew with a key of its own: only who knows the edge's key sees it."""
    forged = Written(signer=STRANGER).measure(0, 1).sign().lines
    assert found(forged) == []
    assert found(forged, trusted=(SIGNER.public,)) == [
        ("foreign-edge", 0, 0),
        ("foreign-signature", 2, 2),
        ("not-signed", 1, 2),
    ]


def test_another_supervisors_key() -> None:
    seen = reading(whole().lines, key=SupervisorKey.generate())
    assert [(one.code, one.first) for one in seen.findings] == [("cannot-be-read", number) for number in range(1, 7)]
    assert "sealed to another key" in seen.findings[0].text
    assert seen.audit.signed == 6  # what it cannot read it can check all the same


def test_a_record_of_another_edge() -> None:
    seen = reading(Written().measure(0, edge="site-0002").sign().lines)
    assert [(one.code, one.text) for one in seen.findings] == [
        ("cannot-be-read", "not sealed by this edge to this key")
    ]


def test_an_epoch_that_follows_another() -> None:
    assert found(whole().follow("e2").measure(6).sign().lines) == []


def test_what_the_hub_had_not_taken_is_repeated_in_the_next_epoch() -> None:
    """Numbers 4 to 6 of the first epoch never came; they are there under new ones, and the chain proves it."""
    written = Written().measure(0, 1, 2).sign()
    held = [*written.lines]
    lost = [line for line in written.measure(3, 4, 5).lines[len(held) :] if isinstance(line, Entry)]
    after = written.follow("e2", carried=lost).measure(6).sign()
    begun = len(held) + len(lost)
    assert found([*held, *after.lines[begun:]]) == []
    without = [line for line in after.lines[begun:] if line is not after.lines[begun + 2]]
    assert ("missing", 4, 6) in found([*held, *without])


def test_an_epoch_that_is_left_out() -> None:
    written = whole().follow("e2").measure(6).sign().follow("e3").measure(7).sign()
    lines = written.lines
    second = next(at for at, line in enumerate(lines) if getattr(line, "epoch", "") == "e2")
    third = next(at for at, line in enumerate(lines) if getattr(line, "epoch", "") == "e3")
    assert found(lines[:second] + lines[third:]) == [("missing", 1, 2)]
    assert ("missing", 1, 6) in found([lines[0], *lines[second:]])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "empty"),
        ([b"{}\n"], "line 1: "),
        ([b"\xff\n"], "line 1: "),
        ([b'{"line": "epoch", "epoch": "e1"}\n'], "line 1: the first line"),
        ([line_of(whole().lines[0]), line_of(whole().lines[2])], "line 2: a record before the first epoch"),
        ([line_of(whole().lines[0])] * 2, "line 2: a second lane"),
        ([*map(line_of, whole().lines[:2]), line_of(whole().lines[1])], "line 3: epoch e1 a second time"),
        ([b"[" * 10_000], "line 1: "),
        ([b"x" * (1 << 21)], "line 1: a line of 2097152 bytes"),
    ],
)
def test_what_is_no_lane_is_refused(lines: list[bytes], why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        read(lines, SUPERVISOR)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([*map(line_of, whole().lines)]), max_size=12))
def test_any_lines_are_read_or_refused(lines: list[bytes]) -> None:
    try:
        seen = read(lines, SUPERVISOR)
    except DecodeError:
        return
    assert seen.audit.lane == Lane(edge=EDGE, lane="metering", signing_keys=(SIGNER.public.hex(),))
