"""The map of the board: the table itself, values both ways, any words."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.io_board.registers import (
    CC1,
    CURRENT,
    INSIDE_VOLTAGE,
    K1K2,
    MODULE_TEMPERATURE,
    POINTS,
    WATCHDOG,
    Point,
    Space,
    decode,
    register_table,
    size,
)
from chargelink.wire import DecodeError, EncodeError

ALL = [point for points in POINTS.values() for point in points]
PAGE = Path(__file__).parents[2] / "docs/protocols/io_board.md"

VECTORS = [
    (K1K2, 1, (1,)),
    (CC1, 4000, (0x0FA0,)),
    (INSIDE_VOLTAGE, 410_000, (0x0006, 0x4190)),
    (INSIDE_VOLTAGE, -12_000, (0xFFFF, 0xD120)),
    (CURRENT, 98_000, (0x0001, 0x7ED0)),
    (CURRENT, -1, (0xFFFF, 0xFFFF)),
    (MODULE_TEMPERATURE, -50, (0xFFCE,)),
    (WATCHDOG, 500, (0x01F4,)),
]


@pytest.mark.parametrize(("point", "value", "words"), VECTORS)
def test_vectors_both_ways(point: Point, value: int, words: tuple[int, ...]) -> None:
    assert point.encode(value) == words
    assert point.decode(words) == value


def test_names_are_unique() -> None:
    assert len({point.name for point in ALL}) == len(ALL)


@pytest.mark.parametrize("space", Space)
def test_a_space_begins_at_0_and_has_no_gap(space: Space) -> None:
    points = POINTS[space]
    assert points[0].address == 0
    assert all(first.address + first.size == second.address for first, second in pairwise(points))
    assert points[-1].addresses.stop == size(space)
    assert all(point.space is space for point in points)


@pytest.mark.parametrize("point", ALL, ids=lambda point: point.name)
def test_every_point_fits_its_words(point: Point) -> None:
    assert point.low <= 0 < point.high
    for value in (point.low, 0, point.high):
        assert point.decode(point.encode(value)) == value
    for value in (point.low - 1, point.high + 1):
        with pytest.raises(EncodeError):
            point.encode(value)


@given(st.sampled_from(ALL), st.lists(st.integers(-1, 0x10000), max_size=4))
def test_any_words_decode_or_raise(point: Point, words: list[int]) -> None:
    try:
        value = point.decode(words)
    except DecodeError:
        return
    if point.is_plausible(value):
        assert list(point.encode(value)) == words


@pytest.mark.parametrize("space", Space)
def test_a_whole_space(space: Space) -> None:
    assert dict(decode(space, [0] * size(space))) == dict.fromkeys(POINTS[space], 0)
    with pytest.raises(DecodeError, match=space.value):
        dict(decode(space, [0] * (size(space) - 1)))


def test_the_page_shows_the_map() -> None:
    assert register_table() in PAGE.read_text("utf-8")
