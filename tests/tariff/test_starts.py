"""Which tariff holds for a start, when a start is cheapest, and what is said before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tariff.charges import BY_TIME, HOLIDAY, MINUTE, at, changed, took

from chargelink.model import Reading, Tariff
from chargelink.model.tariff import Discount, Occupancy, PassTerms, PerTime, PowerTiers, Tier
from chargelink.tariff import TariffError, cheapest_start, choose, due, quote

USE = Tariff(id="use", version=1, per_use=200)


@pytest.mark.parametrize(
    ("group", "sites", "time", "chosen"),
    [
        (None, (), "03-02 08:00", "all"),
        (None, (), "03-05 08:00", "all-new"),
        (None, (), "03-05 07:59", "all"),
        ("owners", (), "03-09 08:00", "owners"),
        ("owners", ("north",), "03-09 08:00", "owners-north"),
        ("others", ("north",), "03-09 08:00", "north"),
        (None, (), "02-01 08:00", None),
    ],
)
def test_the_tariff_that_holds(group: str | None, sites: tuple[str, ...], time: str, chosen: str | None) -> None:
    held = [
        changed(USE, id="all", valid_from=at("03-01 08:00")),
        changed(USE, id="all-new", valid_from=at("03-05 08:00")),
        changed(USE, id="north", valid_from=at("03-06 08:00"), sites=("north", "south")),
        changed(USE, id="owners", valid_from=at("03-01 09:00"), customers=("owners",)),
        changed(USE, id="owners-north", valid_from=at("03-07 09:00"), customers=("owners",), sites=("north",)),
    ]
    one = choose(held, at(time), sites, group)
    assert (one and one.id) == chosen
    assert choose(reversed(held), at(time), sites, group) == one


def test_of_those_valid_since_the_same_time_the_highest_version_holds() -> None:
    assert choose([changed(USE, version=3), changed(USE, version=9), USE], 0) == changed(USE, version=9)


@pytest.mark.parametrize(
    ("now", "until", "minutes", "start"),
    [
        ("03-02 19:00", "03-03 07:00", 120, "03-02 23:00"),
        ("03-02 19:00", "03-03 00:30", 120, "03-02 22:30"),
        ("03-03 05:00", "03-03 12:00", 60, "03-03 05:00"),
        ("03-03 05:00", "03-03 12:00", 240, "03-03 05:00"),
        ("03-02 19:00", "03-02 20:00", 120, "03-02 19:00"),
        ("03-02 08:00", "03-02 18:30", 60, "03-02 08:00"),
        ("04-30 22:00", "05-01 12:00", 60, "05-01 00:00"),
        ("04-30 22:00", "05-01 00:30", 60, "04-30 23:30"),
    ],
)
def test_the_cheapest_start(now: str, until: str, minutes: int, start: str) -> None:
    tariff = changed(BY_TIME, plans=(HOLIDAY,))
    assert cheapest_start(tariff, at(now), at(until), minutes) == at(start)


@given(st.integers(0, 2 * 24 * 60), st.integers(1, 36 * 60), st.integers(1, 600))
def test_no_start_at_another_minute_is_cheaper(begin: int, window: int, minutes: int) -> None:
    now = at("04-30 00:00") + begin * MINUTE
    tariff = changed(BY_TIME, plans=(HOLIDAY,))
    best = cheapest_start(tariff, now, now + window * MINUTE, minutes)

    def cost(start: int) -> int:
        readings = [Reading(at=start + minute * MINUTE, register=minute * 1_000_000) for minute in range(minutes + 1)]
        return due(tariff, took(*readings))

    assert now <= best <= max(now, now + (window - minutes) * MINUTE)
    for other in range(now, now + (window - minutes) * MINUTE + 1, 97 * MINUTE):
        assert cost(best) <= cost(other)


def test_a_start_is_planned_within_a_month() -> None:
    with pytest.raises(TariffError):
        cheapest_start(BY_TIME, 0, 2**53, 1)
    assert cheapest_start(USE, 5, 1000 * MINUTE, 10) == 5


def test_the_price_is_told_before_a_start() -> None:
    tariff = changed(
        BY_TIME,
        plans=(HOLIDAY,),
        minimum=100,
        most=5000,
        discounts=(Discount(of="service", portion=1250, name="spring"),),
        occupancy=Occupancy(grace=30, price=1_200_000, step=15, most=3000),
        hotline="400-123",
    )
    told = quote(tariff, at("04-30 17:00"))
    assert [line.english for line in told] == [
        "now flat: 1.00 yuan/kWh = electricity 0.60 + service 0.40, until 18:00",
        "today 00:00-07:00 valley: 0.70 yuan/kWh = electricity 0.30 + service 0.40",
        "today 07:00-18:00 flat: 1.00 yuan/kWh = electricity 0.60 + service 0.40",
        "today 18:00-23:00 peak: 1.50 yuan/kWh = electricity 1.00 + service 0.50",
        "today 23:00-24:00 valley: 0.70 yuan/kWh = electricity 0.30 + service 0.40",
        "tomorrow 00:00-24:00 deep valley: 0.30 yuan/kWh = electricity 0.20 + service 0.10",
        "at least 1.00 yuan if any energy is delivered",
        "at most 50.00 yuan for a session",
        "12.5 % off the service fee (spring)",
        "occupancy fee 12.00 yuan per hour, each 15 min begun, from 30 min after the end, at most 30.00 yuan;"
        " you are told 5 min before",
        "hotline 400-123",
    ]
    assert told[0].chinese == "当前平：1.00 元/kWh = 电费 0.60 + 服务费 0.40，至 18:00"
    assert "at least" not in str(quote(tariff, at("04-30 17:00"), minimum=0))


@pytest.mark.parametrize(
    ("tariff", "told"),
    [
        (USE, ["2.00 yuan per use", "all of it is service fee, electricity is within it"]),
        (
            changed(USE, per_use=None, per_time=PerTime(price=60_000, step=30), inside=55_500),
            [
                "0.60 yuan per hour, each 30 min begun",
                "within it electricity at 0.555 yuan/kWh, the rest is service fee",
            ],
        ),
        (
            changed(
                USE,
                per_use=None,
                tiers=PowerTiers(
                    rule="highest", step=60, tiers=(Tier(up_to=200_500, price=30_000), Tier(price=90_000))
                ),
            ),
            [
                "by power, the whole time at the highest tier held for 2 min or more, each 60 min begun",
                "up to 200.5 W: 0.30 yuan per hour",
                "above 200.5 W: 0.90 yuan per hour",
                "all of it is service fee, electricity is within it",
            ],
        ),
        (
            changed(USE, monthly_pass=PassTerms(price=3000, uses_per_day=2, energy_per_use=1_500_000)),
            [
                "2.00 yuan per use",
                "all of it is service fee, electricity is within it",
                "monthly pass 30.00 yuan: 2 a day, 1.5 kWh each",
            ],
        ),
    ],
)
def test_other_prices_are_told(tariff: Tariff, told: list[str]) -> None:
    assert [line.english for line in quote(tariff, 0)] == told
    assert all(line.chinese != line.english for line in quote(tariff, 0))


def test_a_price_that_does_not_change_is_told_so() -> None:
    tariff = changed(BY_TIME, periods=HOLIDAY.periods)
    assert quote(tariff, 0)[0].english.endswith("for a week or more")
    assert quote(BY_TIME, at("03-02 23:30"))[0].english.endswith("until 07:00 tomorrow")
