"""What the guard is told, byte for byte; and any bytes at any time."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.guard.told import MS, Bench, facts, inputs

from chargelink.edge.guard.datagrams import Facts, Inputs


def test_inputs() -> None:
    datagram = bytes.fromhex("01 05 3930 60CC0500 00000000 A086FEFF")
    assert Inputs.decode(datagram) == Inputs(
        e_stop=True,
        door_open=False,
        contactor_closed=True,
        locked=False,
        counter=12345,
        outside_mv=380_000,
        inside_mv=0,
        current_ma=-96_608,
    )


def test_facts() -> None:
    datagram = bytes.fromhex("01 03 07000000 00E40B5402000000 801A0600 90D00300 EFBEADDE")
    told = Facts(True, True, 7, 10_000_000_000, 400_000, 250_000, 0xDEADBEEF)
    assert Facts.decode(datagram) == told
    assert told.encode() == datagram


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        inputs(1)[:-1],
        inputs(1) + b"\0",
        b"\2" + inputs(1)[1:],
        inputs(1, outside=2_000_001),
        inputs(1, inside=-2_000_001),
        inputs(1, current=-(2**31)),
    ],
)
def test_inputs_that_are_none(datagram: bytes) -> None:
    assert Inputs.decode(datagram) is None


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        facts(1, 0)[:-1],
        facts(1, 0) + b"\0",
        b"\0" + facts(1, 0)[1:],
        facts(1, 0, 2, limit=0),
        facts(1, 0, 2, limit=-1),
        facts(1, 0, 2, limit=1_500_001),
    ],
)
def test_facts_that_are_none(datagram: bytes) -> None:
    assert Facts.decode(datagram) is None


@pytest.mark.parametrize(("step", "follows"), [(0, False), (1, True), (0x7FFF, True), (0x8000, False), (-1, False)])
def test_what_follows(step: int, follows: bool) -> None:
    for counter in (0, 0xFFFF, 0x8000):
        earlier, later = Inputs.decode(inputs(counter)), Inputs.decode(inputs(counter + step))
        assert earlier
        assert later
        assert later.follows(earlier) is follows
        before, after = Facts.decode(facts(counter << 16, 5)), Facts.decode(facts(counter + step << 16, 5))
        assert before
        assert after
        assert after.follows(before) is follows
        assert not after._replace(at=4).follows(before)


NEARLY = st.one_of(
    st.binary(max_size=64),
    st.builds(lambda *values: struct.pack("<BBHiii", *values), st.just(1), *[st.integers(0, 255)] * 5),
    st.builds(lambda *values: struct.pack("<BBIQiiI", *values), st.just(1), *[st.integers(0, 255)] * 6),
    st.just(b"RESET"),
)


@given(st.lists(st.tuples(st.booleans(), NEARLY, st.integers(0, 60)), max_size=30))
def test_any_bytes_at_any_time(story: list[tuple[bool, bytes, int]]) -> None:
    """Nothing raises, and a guard that was not asked to permit never does."""
    bench = Bench()
    bench.feeding = bench.telling = False
    for to_inputs, datagram, wait in story:
        if to_inputs:
            bench.guard.receive_inputs(datagram, bench.now)
        else:
            bench.guard.receive_facts(datagram[:1] + b"\0" + datagram[2:], bench.now)
        bench.step(wait * MS)
    assert not set(bench.words()) & set(b"PM")
