"""Many samples as few bytes: nothing is lost, and no bytes do harm."""

import re
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.link.curves import CAR_SESSION, bike, car

from chargelink.link import telemetry
from chargelink.link.messages import MOST_SAMPLES, Sample
from chargelink.link.quantities import EXACT
from chargelink.link.telemetry import LARGEST_COLUMNS, pack, unpack
from chargelink.wire import DecodeError, EncodeError

SESSION = CAR_SESSION
TWO = [
    Sample(
        device="g", session_id=SESSION, at=500 + 1000 * n, voltage=400_000, current=10_000, power=4_000_000, energy=n
    )
    for n in range(2)
]
COUNTS = st.integers(0, EXACT) | st.integers(0, 5_000)
SIGNED = st.integers(-EXACT, EXACT) | st.integers(-200, 200)
ROW = st.tuples(COUNTS, SIGNED, SIGNED, SIGNED, COUNTS, st.none() | st.integers(0, 1000))


def sample(at: int, voltage: int, current: int, power: int, energy: int, soc: int | None) -> Sample:
    return Sample(
        device="g", session_id=SESSION, at=at, voltage=voltage, current=current, power=power, energy=energy, soc=soc
    )


def again(samples: list[Sample]) -> list[Sample]:
    one = samples[0]
    return [*unpack(pack(samples), one.device, one.session_id, one.outlet)]


@given(st.lists(ROW, min_size=1, max_size=40))
def test_every_legal_sample_comes_back(rows: list[tuple[int, int, int, int, int, int | None]]) -> None:
    samples = [sample(*row) for row in rows]
    assert again(samples) == samples


@given(st.lists(ROW, min_size=1, max_size=20), st.integers(-2, 2))
def test_power_near_what_is_expected_comes_back(
    rows: list[tuple[int, int, int, int, int, int | None]], above: int
) -> None:
    powers = [max(-EXACT, min(voltage * current // 1000 + above, EXACT)) for _, voltage, current, *_ in rows]
    samples = [
        sample(at, voltage, current, power, energy, soc)
        for (at, voltage, current, _, energy, soc), power in zip(rows, powers, strict=True)
    ]
    assert again(samples) == samples


@pytest.mark.parametrize("curve", [car, bike])
@pytest.mark.parametrize("count", [1, 2, 5, 600, 3600])
def test_charges_come_back(curve: Callable[[int], Iterator[Sample]], count: int) -> None:
    samples = [*curve(count)]
    assert again(samples) == samples


def test_an_hour_of_a_car_takes_two_bytes_a_second() -> None:
    samples = [*car(3600)]
    assert sum(len(pack(samples[at : at + 600])) for at in range(0, 3600, 600)) < 2 * 3600


def test_the_worst_values_of_the_largest_block_fit() -> None:
    samples = [
        sample(*((EXACT, -EXACT, EXACT, -EXACT, EXACT, 1000) if n & 1 else (0, EXACT, -EXACT, EXACT, 0, None)))
        for n in range(MOST_SAMPLES)
    ]
    assert again(samples) == samples
    assert len(telemetry._columns(samples)) < LARGEST_COLUMNS


def test_the_example_of_the_page() -> None:
    example = bytes.fromhex(re.findall(r"\n    (01 00  .*)\n", telemetry.__doc__ or "")[0])
    assert pack(TWO) == example
    assert unpack(example, "g", SESSION) == tuple(TWO)


REFUSED = {
    "none": [],
    "too many": [sample(1, 2, 3, 4, 5, None)] * (MOST_SAMPLES + 1),
    "two sessions": [TWO[0], Sample(device="h", session_id=SESSION, at=1, voltage=2, current=3, power=4, energy=5)],
    "before 1970": [sample(-1, 0, 0, 0, 0, None)],
    "beyond 2^53": [sample(0, 0, 0, EXACT + 1, 0, None)],
    "more than full": [sample(0, 0, 0, 0, 0, 1001)],
}


@pytest.mark.parametrize("what", REFUSED)
def test_impossible_values_are_not_written(what: str) -> None:
    with pytest.raises(EncodeError):
        pack(REFUSED[what])


ZERO = "00 01 00"  # a column of one sample: 0
GOOD = f"01 00 01 {ZERO} {ZERO} {ZERO} {ZERO} {ZERO} 00"
LONG = "ff " * 9


def zipped(columns: bytes, size: int, rest: bytes = b"") -> str:
    return (b"\x01\x01" + telemetry._varint(size) + zlib.compress(columns) + rest).hex()


COLUMNS = bytes.fromhex(GOOD)[2:]
HOSTILE = {
    "nothing": "",
    "one byte": "01",
    "another version": "02" + GOOD[2:],
    "another packing": "01 02" + GOOD[5:],
    "no sample": "01 00 00",
    "more than may be": "01 00 91 4e" + "00" * 100,
    "no columns": "01 00 01",
    "one column less": f"01 00 01 {ZERO} {ZERO} {ZERO} {ZERO}",
    "no word on SOC": GOOD[:-3],
    "something behind": GOOD + "00",
    "kind of column": f"01 00 01 04 01 00 {ZERO} {ZERO} {ZERO} {ZERO} 00",
    "a time beside what is expected": f"01 00 01 02 01 00 {ZERO} {ZERO} {ZERO} {ZERO} 00",
    "a step of nothing": f"01 00 01 00 00 00 {ZERO} {ZERO} {ZERO} {ZERO} 00",
    "a time before 1970": f"01 00 01 00 01 01 {ZERO} {ZERO} {ZERO} {ZERO} 00",
    "a varint without end": f"01 00 01 00 01 {LONG} 00",
    "a count without end": f"01 00 {LONG} 00",
    "a voltage beyond 2^53": f"01 00 01 {ZERO} 00 01 {'80 ' * 7} 40 {ZERO} {ZERO} {ZERO} 00",
    "kind of SOC": GOOD[:-2] + "03",
    "SOC above 100 %": GOOD[:-2] + "01 00 01 d2 0f",
    "SOC of nobody": GOOD[:-2] + "02 00" + ZERO,
    "SOC of more than there are": GOOD[:-2] + "02 03" + ZERO,
    "the sum runs away": f"01 00 03 01 {'ff ' * 8} 7f {'fe ' + 'ff ' * 7 + '7f'} 02 02",
    "no zlib": "01 01 10 00 00 00",
    "less than it says": zipped(COLUMNS, len(COLUMNS) + 1),
    "more than it says": zipped(COLUMNS, len(COLUMNS) - 1),
    "something behind the zlib": zipped(COLUMNS, len(COLUMNS), b"\x00"),
    "zlib cut off": zipped(COLUMNS, len(COLUMNS))[:-4],
    "more than allowed, zipped": zipped(bytes(LARGEST_COLUMNS + 1), LARGEST_COLUMNS + 1),
    "more than allowed": "01 00" + "00" * (LARGEST_COLUMNS + 1),
}


def test_the_good_one_is_good() -> None:
    assert unpack(bytes.fromhex(GOOD), "g", SESSION) == (sample(0, 0, 0, 0, 0, None),)
    assert unpack(bytes.fromhex(zipped(COLUMNS, len(COLUMNS))), "g", SESSION) == (sample(0, 0, 0, 0, 0, None),)


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bytes_are_refused(what: str) -> None:
    with pytest.raises(DecodeError):
        unpack(bytes.fromhex(HOSTILE[what]), "g", SESSION)


def test_products_beyond_64_bits_are_not_used() -> None:
    far = (2**40 * 2**40 // 1000) % EXACT
    samples = [sample(0, 2**40, 2**40, far, 0, None)] * 2
    assert again(samples) == samples
    body = f"01 00 01 {ZERO} 00 01 {'80 ' * 5} 40 00 01 {'80 ' * 5} 40 02 01 00 {ZERO} 00"
    with pytest.raises(DecodeError, match="kind 2"):
        unpack(bytes.fromhex(body), "g", SESSION)


def test_a_bomb_takes_no_more_than_it_says() -> None:
    bomb = b"\x01\x01" + telemetry._varint(1000) + zlib.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            unpack(bomb, "g", SESSION)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=200))
def test_any_bytes_are_samples_or_a_decode_error(rest: bytes) -> None:
    for head in (b"", b"\x01\x00", b"\x01\x00\x02\x00\x01"):
        try:
            samples = unpack(head + rest, "g", SESSION)
        except DecodeError:
            continue
        assert again([*samples]) == [*samples]
