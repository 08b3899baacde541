"""Counters: 16 bits on the air, 32 in the nonce, never the same twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.lora_socket.counters import MOST_MISSED, SendCounter, floor_of, following
from chargelink.wire import EncodeError


@pytest.mark.parametrize(
    ("low", "last", "counter"),
    [
        (0, -1, 0),
        (5, -1, 5),
        (5, 5, 65_541),
        (5, 4, 5),
        (4, 5, 65_540),
        (0, 65_535, 65_536),
        (65_535, 65_535, 131_071),
        (4465, 70_000, 70_001),
    ],
)
def test_following(low: int, last: int, counter: int) -> None:
    assert following(low, last) == counter


@given(st.integers(0, 0xFFFF), st.integers(-1, 1 << 31))
def test_following_is_the_smallest_above_with_the_same_low_half(low: int, last: int) -> None:
    counter = following(low, last)
    assert counter & 0xFFFF == low
    assert last < counter <= last + 0x10000


@given(st.lists(st.sampled_from(["take", "store", "crash"]), max_size=60), st.integers(1, 64))
def test_no_number_is_taken_twice_whatever_crashes(steps: list[str], block: int) -> None:
    stored, taken = 0, []
    counter = SendCounter(stored, block)
    for step in steps:
        if step == "crash":
            counter = SendCounter(stored, block)
        elif step == "store" and counter.due is not None:
            stored = counter.due
            counter.reserve(stored)
        elif step == "take" and counter.ready:
            taken.append(counter.take())
    assert taken == sorted(set(taken))
    assert all(number < stored for number in taken)


def test_reservation_comes_half_a_block_early() -> None:
    counter = SendCounter(0, 256)
    assert counter.due == 256
    counter.reserve(256)
    assert counter.due is None
    for number in range(128):
        assert counter.take() == number
    assert counter.due == 512
    for _ in range(128):
        counter.take()
    assert not counter.ready
    with pytest.raises(EncodeError, match="256 is not reserved"):
        counter.take()


def test_reservations_never_go_back() -> None:
    counter = SendCounter(512)
    counter.reserve(512)
    with pytest.raises(EncodeError):
        counter.reserve(256)
    with pytest.raises(EncodeError):
        SendCounter(-1)


@given(st.integers(0, 1 << 30))
def test_whoever_starts_at_the_floor_can_follow(counter: int) -> None:
    last = floor_of(counter) - 1
    assert following(counter & 0xFFFF, last) == counter
    assert counter - last <= MOST_MISSED
