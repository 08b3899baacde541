"""What holds for every tariff and every session, however strange; and a reference of fractions for what flowed when."""

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.tariff.charges import BY_TIME, CHINA, HOLIDAY, HOUR, MINUTE, at, bill, changed, took

from chargelink.link.quantities import EXACT
from chargelink.model import AuthorisedBy, Bill, Period, Reading, SessionKind, Tariff, Usage
from chargelink.model.tariff import DayPlan, Discount, Occupancy, PassTerms, PerTime, PowerTiers, Tier
from chargelink.tariff import (
    Consumption,
    TariffError,
    affordable,
    cheapest_start,
    choose,
    doubts,
    due,
    explain,
    price,
    price_occupancy,
    quote,
    same_stretch,
)

WEEKENDS = DayPlan(
    periods=(
        Period(start="09:30", end="16:00", name="valley", energy_price=25_000, service_price=33_333),
        Period(start="16:00", end="09:30", name="sharp", energy_price=123_456, service_price=1),
    ),
    weekdays=(6, 7),
)
PLANNED = changed(BY_TIME, plans=(HOLIDAY, WEEKENDS))
START = at("04-29 00:00")

sometimes_huge = st.integers(0, 300_000) | st.sampled_from([EXACT, EXACT - 1, 10**9])
prices = st.integers(0, 300_000) | st.sampled_from([0, 10**9])
money = st.none() | st.integers(0, 5000) | st.just(EXACT)
steps = st.sampled_from([1, 15, 60, 100_000])


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    sold = draw(st.sampled_from(["periods", "per_use", "per_time", "tiers"]))
    ways: dict[str, Any] = {
        "periods": draw(
            st.sampled_from(
                [BY_TIME.periods, HOLIDAY.periods, (changed(HOLIDAY.periods[0], service_price=draw(prices)),)]
            )
        ),
        "per_use": draw(sometimes_huge),
        "per_time": PerTime(price=draw(prices), step=draw(steps)),
        "tiers": PowerTiers(
            rule=draw(st.sampled_from(["time-per-tier", "highest"])),
            tiers=(Tier(up_to=200_000, price=draw(prices)), Tier(up_to=EXACT, price=draw(prices)), Tier(price=1)),
            step=draw(steps),
        ),
    }
    portion = draw(st.none() | st.integers(0, 10_000))
    discount = Discount(
        of=draw(st.sampled_from(["service", "total"])),
        portion=portion,
        amount=draw(sometimes_huge) if portion is None else None,
        groups=draw(st.sampled_from([(), ("a",)])),
    )
    most = draw(money)
    return Tariff(
        id="t",
        version=1,
        **{sold: ways[sold]},
        plans=draw(st.sampled_from([(), (HOLIDAY,), (HOLIDAY, WEEKENDS)])) if sold == "periods" else (),
        inside=draw(prices),
        most=most,
        minimum=min(draw(sometimes_huge), EXACT if most is None else most),
        discounts=draw(st.sampled_from([(), (discount,)])),
        occupancy=draw(st.none() | st.builds(Occupancy, grace=steps, price=prices, step=steps, most=money)),
        monthly_pass=draw(st.none() | st.builds(PassTerms, price=sometimes_huge)),
        valid_from=draw(sometimes_huge),
    )


@st.composite
def sessions(draw: st.DrawFn) -> Consumption:
    seldom = st.integers(0, 19).map(lambda number: number == 7)
    gaps = st.integers(0, 6 * MINUTE) | st.integers(0, 9 * HOUR)
    more = st.integers(0, 3_000_000) | st.just(2**45 if draw(seldom) else 5_000)
    moment, register = START + draw(st.integers(0, 72)) * HOUR, draw(sometimes_huge) // 2
    shift = draw(st.none() | st.integers(-12, 12)) or 0
    taken: list[Reading] = []
    for gap, energy in draw(st.lists(st.tuples(gaps, more), min_size=1, max_size=8)):
        taken.append(Reading(at=moment, register=register, corrected=moment + shift * HOUR if shift else None))
        moment, register = moment + gap + draw(seldom) * 200 * 24 * HOUR, min(register + energy, EXACT)
    minutes = EXACT if draw(seldom) else draw(st.integers(0, 600))
    strange = draw(seldom)
    bounds: tuple[int, ...] = (
        (5, 4) if strange else draw(st.sampled_from([(200_000, 400_000), (5, 150_000), (2, EXACT)]))
    )
    usage = Usage(
        duration=min(minutes * MINUTE, EXACT), tier_bounds=bounds, tier_minutes=(minutes // 2, minutes // 3, 1)
    )
    authorisation = {
        "minimum": draw(st.integers(0, 500)),
        "group": draw(st.sampled_from([None, "a"])),
        "pass_id": "p" if draw(seldom) else None,
    }
    return took(
        *taken,
        kind=draw(st.sampled_from(SessionKind)),
        by=AuthorisedBy.MONITOR if draw(seldom) else AuthorisedBy.REMOTE,
        usage=None if draw(seldom) else usage,
        authorisation=authorisation,
        most=draw(money),
        fault=draw(st.booleans()),
    )


@given(tariffs(), sessions())
def test_every_bill_is_one(tariff: Tariff, session: Consumption) -> None:
    """It adds up, takes off no more than there is, keeps to its caps, and can be recorded; or nothing is priced."""
    try:
        made = bill(tariff, session)
    except TariffError:
        return
    assert isinstance(made, Bill)
    assert sum(line.amount for line in made.lines) == made.total
    assert made.energy_fee is not None
    assert made.service_fee is not None
    assert min(made.energy_fee, made.service_fee, made.total, made.given_away_amount) >= 0
    assert made.energy_fee + made.service_fee == made.total
    assert made.total <= min(limit for limit in (EXACT, session.most) if limit is not None)
    assert due(tariff, session) == made.total + made.given_away_amount
    assert tariff.most is None or due(tariff, session) <= tariff.most
    assert 0 <= made.given_away <= made.energy
    assert made.given_away == 0 or made.given_away_amount
    if made.lines:
        assert sum(line.energy for line in made.lines if line.what == "energy") == made.energy
    if session.authorisation is not None and session.authorisation.pass_id:
        assert made.total == 0


@given(tariffs(), sometimes_huge, st.integers(0, 10**7))
def test_whatever_a_tariff_says_can_be_told(tariff: Tariff, time: int, length: int) -> None:
    assert all(line.english and line.chinese for line in (*quote(tariff, time), *explain(tariff), *doubts(tariff)))
    bought = affordable(tariff, time)
    assert all(part is None or 0 <= part <= EXACT for part in (bought.energy, bought.minutes))
    assert time <= cheapest_start(tariff, time, time + length * 100, length % 3000) <= time + length * 100
    assert choose([tariff], time) in (tariff, None)
    same_stretch(tariff, time, time + length**2)
    try:
        occupied = price_occupancy(tariff, "", "s", time)
    except TariffError:
        return
    assert (
        0
        <= occupied.total
        <= (EXACT if tariff.occupancy is None or tariff.occupancy.most is None else tariff.occupancy.most)
    )


pieces = st.lists(st.tuples(st.integers(0, 20 * MINUTE), st.integers(0, 5_000_000)), min_size=1, max_size=8)


def readings(start: int, pieces: list[tuple[int, int]]) -> list[Reading]:
    made = [Reading(at=START + start * MINUTE, register=0)]
    for gap, energy in pieces:
        made.append(Reading(at=made[-1].at + gap, register=made[-1].register + energy))
    return made


@given(st.integers(0, 5000), pieces)
def test_what_comes_later_never_lowers_what_is_due(start: int, pieces: list[tuple[int, int]]) -> None:
    taken = readings(start, pieces)
    sums = [due(PLANNED, took(*taken[: count + 1])) for count in range(len(taken))]
    assert sums == sorted(sums)


@given(st.integers(0, 5000), pieces, st.data())
def test_a_reading_more_never_changes_the_energy(
    start: int, pieces: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Nor the bill, where it lies between two readings of one price."""
    taken = readings(start, pieces)
    index = data.draw(st.integers(0, len(taken) - 2))
    before, after = taken[index], taken[index + 1]
    between = Reading(
        at=data.draw(st.integers(before.at, after.at)), register=data.draw(st.integers(before.register, after.register))
    )
    whole, cut = took(*taken), took(*taken[: index + 1], between, *taken[index + 1 :])
    fewer, more = bill(PLANNED, whole), bill(PLANNED, cut)
    for made in (fewer, more):
        assert sum(line.energy for line in made.lines if line.what == "energy") == taken[-1].register
    if same_stretch(PLANNED, before.at, after.at + 1):
        assert [msgspec.to_builtins(line) for line in fewer.lines] == [msgspec.to_builtins(line) for line in more.lines]


def prices_at(time: int) -> tuple[str, int, int]:
    """The price at a time, looked up in the document."""
    moment = datetime.fromtimestamp(0, CHINA) + timedelta(milliseconds=time)
    special = HOLIDAY.periods if moment.date().isoformat() in HOLIDAY.dates else None
    periods = special or (WEEKENDS.periods if moment.isoweekday() > 5 else PLANNED.periods)
    [one] = [one for one in periods if any(moment.hour * 60 + moment.minute in part for part in one.minutes())]
    return one.name, one.energy_price, one.service_price


def reference(taken: list[Reading]) -> int:
    """The total by fractions, looking at every minute."""
    sums: dict[tuple[str, int, int], int] = {}
    for before, after in pairwise(taken):
        minutes = range(before.at - before.at % MINUTE + MINUTE, after.at, MINUTE)
        parts: list[list[Any]] = []
        for start, end in pairwise([before.at, *minutes, max(after.at, before.at + 1)]):
            if not parts or parts[-1][0] != prices_at(start):
                parts.append([prices_at(start), 0])
            parts[-1][1] += end - start
        energy, length = after.register - before.register, max(after.at - before.at, 1)
        if after.at - before.at > 300_000:
            cheapest = min((part[0] for part in parts), key=lambda rate: rate[1] + rate[2])
            parts = [[cheapest, length]]
        shares = [int(Fraction(energy * part[1], length)) for part in parts[:-1]]
        for part, share in zip(parts, [*shares, energy - sum(shares)], strict=True):
            sums[part[0]] = sums.get(part[0], 0) + share
    fees = [Fraction(energy * each, 10**9) for (_, *both), energy in sums.items() for each in both]
    return sum(int(fee + Fraction(1, 2)) for fee in fees)


@given(st.integers(0, 5000), pieces)
def test_the_reference_agrees(start: int, pieces: list[tuple[int, int]]) -> None:
    taken = readings(start, pieces)
    assert price(PLANNED, "", took(*taken)).total == reference(taken)
