"""The tariff engine: examples by hand, and an oracle of fractions that shares nothing with it."""

from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.model import AuthorisedBy, Bill, Period, Reading, SessionKind, Tariff
from chargelink.tariff import Consumption, TariffError, fen, price, same_stretch, tariff_hash

MIDNIGHT = 1_771_689_600_000  # 2026-02-22 00:00 in China
MINUTE = 60_000
HOUR = 60 * MINUTE

VALLEY = Period(start="23:00", end="07:00", name="valley", energy_price=30_000, service_price=40_000)
FLAT = Period(start="07:00", end="18:00", name="flat", energy_price=60_000, service_price=40_000)
PEAK = Period(start="18:00", end="23:00", name="peak", energy_price=100_000, service_price=50_000)
BY_TIME = Tariff(id="by-time", version=1, periods=(VALLEY, FLAT, PEAK))
ALL_DAY = Tariff(
    id="all-day", version=1, periods=(Period(start="00:00", end="24:00", name="flat", energy_price=100_000),)
)
PER_USE = Tariff(id="per-use", version=1, per_use=100)


def bill(
    tariff: Tariff, *readings: tuple[int, int], fault: bool = False, by: AuthorisedBy = AuthorisedBy.LOCAL
) -> Bill:
    """The bill of readings given as (ms after midnight, Wh)."""
    taken = [Reading(at=MIDNIGHT + at, register=watt_hours * 1000) for at, watt_hours in readings]
    return price(tariff, tariff_hash(tariff), Consumption("s", SessionKind.DC, by, tuple(taken), fault=fault), 1)


def amounts(bill: Bill) -> list[tuple[str, str | None, int, int]]:
    return [(line.what, line.period, line.energy, line.amount) for line in bill.lines]


def test_one_period() -> None:
    assert amounts(bill(BY_TIME, (8 * HOUR, 5_000), (9 * HOUR, 15_000))) == [
        ("energy", "flat", 10_000_000, 600),
        ("service", "flat", 10_000_000, 400),
    ]


def test_a_boundary_splits_by_time_and_the_remainder_goes_to_the_later() -> None:
    made = bill(BY_TIME, (17 * HOUR + 40 * MINUTE, 0), (18 * HOUR + 40 * MINUTE, 10))
    assert amounts(made) == [
        ("energy", "flat", 3_333, 0),
        ("service", "flat", 3_333, 0),
        ("energy", "peak", 6_667, 1),
        ("service", "peak", 6_667, 0),
    ]
    assert made.energy == 10_000


def test_a_period_over_midnight_is_one_period() -> None:
    assert amounts(bill(BY_TIME, (23 * HOUR, 0), (30 * HOUR, 7_000))) == [
        ("energy", "valley", 7_000_000, 210),
        ("service", "valley", 7_000_000, 280),
    ]


def test_energy_exactly_at_a_boundary_belongs_to_what_begins() -> None:
    assert {line.period for line in bill(BY_TIME, (18 * HOUR, 0), (18 * HOUR, 1_000)).lines} == {"peak"}
    assert {line.period for line in bill(BY_TIME, (17 * HOUR, 0), (18 * HOUR, 1_000)).lines} == {"flat"}


@pytest.mark.parametrize(
    ("energy", "rate", "amount"),
    [(0, 100_000, 0), (4_999, 100_000, 0), (5_000, 100_000, 1), (15_000, 100_000, 2), (1_000_000, 123_456, 123)],
)
def test_money_is_rounded_half_up(energy: int, rate: int, amount: int) -> None:
    assert fen(energy, rate) == amount


@pytest.mark.parametrize(
    ("readings", "fault", "amount", "because"),
    [
        (((0, 0), (HOUR, 400)), False, 100, "price per use; 0.400000 kWh for information"),
        (((0, 0), (HOUR, 400)), True, 0, "not charged: the session broke down"),
        (((0, 7), (HOUR, 7)), False, 0, "not charged: no energy was delivered"),
        ((), False, 0, "not charged: no energy was delivered"),
    ],
)
def test_per_use(readings: tuple[tuple[int, int], ...], fault: bool, amount: int, because: str) -> None:
    made = bill(PER_USE, *readings, fault=fault)
    assert (made.total, made.lines[0].because) == (amount, because)


def test_a_session_that_broke_down_pays_for_its_energy() -> None:
    assert bill(ALL_DAY, (0, 0), (HOUR, 1_000), fault=True).total == 100


def test_who_only_watches_sells_nothing() -> None:
    made = bill(ALL_DAY, (0, 0), (HOUR, 1_000), by=AuthorisedBy.MONITOR)
    assert (made.lines, made.total, made.energy, made.verified_meter) == ((), 0, 1_000_000, False)


def test_a_clock_corrected_by_years_takes_the_cheapest_period() -> None:
    assert {line.period for line in bill(BY_TIME, (-56 * 365 * 24 * HOUR, 0), (19 * HOUR, 1_000)).lines} == {"valley"}


@pytest.mark.parametrize("readings", [((0, 5), (HOUR, 4)), ((HOUR, 0), (0, 1))])
def test_readings_that_cannot_be_true(readings: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(TariffError):
        bill(ALL_DAY, *readings)


@pytest.mark.parametrize(
    "periods",
    [
        (("00:00", "12:00"),),
        (("00:00", "12:00"), ("11:59", "24:00")),
        (("00:00", "24:00"), ("00:00", "24:00")),
        (("00:00", "12:00"), ("12:01", "24:00")),
    ],
)
def test_a_tariff_gives_each_minute_one_price(periods: tuple[tuple[str, str], ...]) -> None:
    document = {
        "id": "t",
        "version": 1,
        "periods": [{"start": start, "end": end, "name": "flat", "energyPrice": 1} for start, end in periods],
    }
    with pytest.raises(msgspec.ValidationError, match="exactly once"):
        msgspec.convert(document, Tariff)


def test_a_tariff_is_by_period_or_per_use() -> None:
    for document in ({"id": "t", "version": 1}, {"id": "t", "version": 1, "perUse": -1}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(document, Tariff)


def test_the_hash_is_of_the_content() -> None:
    assert tariff_hash(BY_TIME) == tariff_hash(msgspec.structs.replace(BY_TIME))
    assert tariff_hash(BY_TIME) != tariff_hash(msgspec.structs.replace(BY_TIME, version=2))


def test_where_the_price_stays_the_same() -> None:
    assert same_stretch(BY_TIME, MIDNIGHT + 7 * HOUR, MIDNIGHT + 18 * HOUR)
    assert not same_stretch(BY_TIME, MIDNIGHT + 7 * HOUR - 1, MIDNIGHT + 18 * HOUR)
    assert not same_stretch(BY_TIME, MIDNIGHT + 7 * HOUR, MIDNIGHT + 31 * HOUR)
    assert same_stretch(ALL_DAY, 0, 2**52)


def period_of(time: int) -> int:
    hour = Fraction(time - MIDNIGHT, HOUR) % 24
    return 1 if 7 <= hour < 18 else 2 if 18 <= hour < 23 else 0


def oracle(readings: list[tuple[int, int]]) -> int:
    """The total of BY_TIME, reckoned with fractions minute by minute."""
    energies = [0, 0, 0]
    for (start, first), (end, last) in pairwise(readings):
        cuts = [start, *range(start - start % MINUTE + MINUTE, end, MINUTE), end] if end > start else [start]
        pieces: list[list[int]] = []
        for piece_start, piece_end in pairwise(cuts):
            if pieces and pieces[-1][0] == period_of(piece_start):
                pieces[-1][1] += piece_end - piece_start
            else:
                pieces.append([period_of(piece_start), piece_end - piece_start])
        pieces = pieces or [[period_of(start), 0]]
        parts = [int(Fraction((last - first) * length, end - start)) for _, length in pieces[:-1]]
        parts.append(last - first - sum(parts))
        for (period, _), part in zip(pieces, parts, strict=True):
            energies[period] += part
    fees = [
        (energy, rate)
        for energy, period in zip(energies, (VALLEY, FLAT, PEAK), strict=True)
        for rate in (period.energy_price, period.service_price)
    ]
    return sum(int(Fraction(energy, 10**6) * Fraction(rate, 1000) + Fraction(1, 2)) for energy, rate in fees)


steps = st.lists(st.tuples(st.integers(0, 9 * HOUR), st.integers(0, 60_000_000)), min_size=1, max_size=5)


@given(st.integers(0, 24 * HOUR), steps)
def test_the_oracle_agrees(start: int, steps: list[tuple[int, int]]) -> None:
    readings = [(MIDNIGHT + start, 0)]
    for duration, energy in steps:
        readings.append((readings[-1][0] + duration, readings[-1][1] + energy))
    taken = [Reading(at=at, register=register) for at, register in readings]
    made = price(BY_TIME, "", Consumption("s", SessionKind.DC, AuthorisedBy.LOCAL, tuple(taken)), 1)
    assert made.total == oracle(readings)
    assert sum(line.energy for line in made.lines if line.what == "energy") == made.energy
