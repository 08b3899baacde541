"""What money surely buys: a session of exactly so much never costs more, whenever it is and however it divides."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tariff.charges import BY_TIME, FLAT, HOLIDAY, MINUTE, at, changed, took

from chargelink.link.authorisation import Authorisation
from chargelink.model import Reading, Tariff, Usage
from chargelink.model.tariff import Discount, PerTime, PowerTiers, Tier
from chargelink.tariff import Affordable, affordable, due

ONE = Tariff(id="one", version=1, periods=(changed(FLAT, start="00:00", end="24:00"),))
PER_USE = Tariff(id="use", version=1, per_use=200)
PER_TIME = Tariff(id="time", version=1, per_time=PerTime(price=60_000, step=30))
TIERS = PowerTiers(
    rule="time-per-tier",
    tiers=(Tier(up_to=200_000, price=30_000), Tier(up_to=400_000, price=50_000), Tier(price=90_000)),
)
BY_TIER = Tariff(id="tier", version=1, tiers=TIERS)
HIGHEST = Tariff(id="highest", version=1, tiers=changed(TIERS, rule="highest", step=60))
HALF_OF_SERVICE = (Discount(of="service", portion=5000),)


@pytest.mark.parametrize(
    ("tariff", "money", "terms", "buys"),
    [
        (ONE, 100, {}, Affordable(energy=1_008_333)),  # 60.49998 and 40.33332 fen
        (ONE, 0, {}, Affordable(energy=8_333)),
        (changed(ONE, most=100), 99, {}, Affordable(energy=991_666)),  # 59.49996 and 39.66664 fen
        (changed(ONE, most=100), 100, {}, Affordable()),
        (changed(ONE, minimum=300), 299, {"minimum": 300}, Affordable(0, 0)),
        (changed(ONE, minimum=300), 299, {}, Affordable(energy=2_991_666)),
        (ONE, 0, {"pass_id": "p"}, Affordable()),
        (changed(ONE, discounts=HALF_OF_SERVICE), 80, {}, Affordable(energy=1_008_333)),
        (
            BY_TIME,
            150,
            {},
            Affordable(energy=986_666),
        ),  # 148 fen, and six lines half a fen each
        (PER_USE, 200, {}, Affordable()),
        (PER_USE, 199, {}, Affordable(0, 0)),
        (changed(PER_USE, discounts=HALF_OF_SERVICE), 100, {}, Affordable()),
        (changed(PER_USE, inside=50_000, discounts=HALF_OF_SERVICE), 150, {}, Affordable(energy=2_029_999)),
        (PER_TIME, 89, {}, Affordable(minutes=60)),
        (PER_TIME, 29, {}, Affordable(minutes=0)),
        (changed(PER_TIME, per_time=PerTime(price=0)), 0, {}, Affordable()),
        (BY_TIER, 90, {}, Affordable(minutes=59)),
        (HIGHEST, 90, {}, Affordable(minutes=60)),
        (HIGHEST, 179, {}, Affordable(minutes=60)),
    ],
)
def test_by_hand(tariff: Tariff, money: int, terms: dict[str, object], buys: Affordable) -> None:
    assert affordable(tariff, money, Authorisation(**terms)) == buys  # type: ignore[arg-type]


discounts = st.builds(
    lambda of, portion, amount: Discount(of=of, portion=portion if amount is None else None, amount=amount),
    st.sampled_from(["service", "total"]),
    st.integers(0, 10_000),
    st.none() | st.integers(0, 3000),
)
tariffs = st.builds(
    lambda tariff, discount, inside, most, minimum: changed(
        tariff,
        discounts=() if discount is None else (discount,),
        inside=inside,
        most=None if most is None else max(most, minimum),
        minimum=minimum,
    ),
    st.sampled_from([ONE, BY_TIME, changed(BY_TIME, plans=(HOLIDAY,)), PER_USE, PER_TIME, BY_TIER, HIGHEST]),
    st.none() | discounts,
    st.sampled_from([0, 30_000, 55_555]),
    st.none() | st.integers(0, 5000),
    st.sampled_from([0, 50]),
)
cuts = st.lists(st.integers(0, 10_000), min_size=1, max_size=6)


@given(tariffs, st.integers(0, 20_000), st.integers(0, 4 * 24 * 60), cuts, st.integers(0, 50))
def test_what_it_buys_never_costs_more(tariff: Tariff, money: int, start: int, cuts: list[int], shown: int) -> None:
    """The energy, in readings anywhere over the first days of May; the minutes, divided among the tiers."""
    terms = Authorisation(minimum=shown)
    bought = affordable(tariff, money, terms)
    if bought == Affordable(0, 0):
        return
    energy = 50_000_000 if bought.energy is None else bought.energy
    minutes = 3000 if bought.minutes is None else bought.minutes
    parts = [cut / max(sum(cuts), 1) for cut in cuts]
    registers = [0, *accumulate(int(part * energy) for part in parts[:-1]), energy]
    begun = at("04-30 12:00") + start * MINUTE
    readings = [
        Reading(at=begun + index * 4 * MINUTE + (index > 2) * 9 * 60 * MINUTE, register=min(register, energy))
        for index, register in enumerate(registers)
    ]
    low, middle = (int(part * minutes) for part in (parts[0] / 2, parts[-1] / 2))
    usage = Usage(
        duration=minutes * MINUTE, tier_bounds=(200_000, 400_000), tier_minutes=(low, middle, minutes - low - middle)
    )
    assert due(tariff, took(*readings, usage=usage, authorisation=terms)) <= money


@given(tariffs, st.integers(0, 20_000))
def test_more_money_never_buys_less(tariff: Tariff, money: int) -> None:
    less, more = affordable(tariff, money), affordable(tariff, money + 1)
    for name in ("energy", "minutes"):
        before, after = getattr(less, name), getattr(more, name)
        assert after is None or (before is not None and before <= after)
