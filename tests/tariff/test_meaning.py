"""A tariff in words for who wrote it, a week of it, and what looks like a slip."""

from datetime import date
from typing import Any

import pytest
from tests.tariff.charges import BY_TIME, FLAT, HOLIDAY, PEAK, at, changed

from chargelink.model import Tariff
from chargelink.model.tariff import DayPlan, Discount, Occupancy, PerTime, PowerTiers, Tier
from chargelink.tariff import doubts, explain, week

USE = Tariff(id="use", version=1, per_use=200, inside=50_000, hotline="400")
WEEKEND = DayPlan(name="summer", periods=HOLIDAY.periods, weekdays=(6, 7), first="07-01", last="08-31")


def test_everything_is_told() -> None:
    tariff = changed(
        BY_TIME,
        plans=(HOLIDAY, WEEKEND),
        valid_from=at("03-01 08:00"),
        sites=("north", "south"),
        customers=("owners",),
        discounts=(Discount(of="service", portion=2000, groups=("owners",)), Discount(of="total", amount=100)),
        occupancy=Occupancy(grace=30, price=1_200_000),
        most=5000,
    )
    assert [line.english for line in explain(tariff)] == [
        "from 2026-03-01 08:00",
        "for the sites of north, south, for the customers of owners",
        "sold by energy:",
        "  on 2026-05-01 to 2026-05-02",
        "    00:00-24:00 deep valley: 0.30 yuan/kWh = electricity 0.20 + service 0.10",
        "  Sat, Sun, 07-01 to 08-31 (summer)",
        "    00:00-24:00 deep valley: 0.30 yuan/kWh = electricity 0.20 + service 0.10",
        "  on all other days",
        "    23:00-07:00 valley: 0.70 yuan/kWh = electricity 0.30 + service 0.40",
        "    07:00-18:00 flat: 1.00 yuan/kWh = electricity 0.60 + service 0.40",
        "    18:00-23:00 peak: 1.50 yuan/kWh = electricity 1.00 + service 0.50",
        "at most 50.00 yuan for a session",
        "20 % off the service fee, for the groups owners",
        "1.00 yuan off everything, for everybody",
        "occupancy fee 12.00 yuan per hour, each 1 min begun, from 30 min after the end; you are told 5 min before",
    ]
    assert [line.chinese for line in explain(tariff)][3:6] == [
        "  2026-05-01 至 2026-05-02",
        "    00:00-24:00 深谷：0.30 元/kWh = 电费 0.20 + 服务费 0.10",
        "  周六、周日，07-01 至 08-31（summer）",
    ]


@pytest.mark.parametrize(
    ("monday", "days"),
    [
        (date(2026, 3, 2), ["Mon-Sun"]),
        (date(2026, 4, 27), ["Mon-Thu, Sun", "Fri, Sat"]),
        (date(2026, 7, 6), ["Mon-Fri", "Sat, Sun"]),
    ],
)
def test_a_week(monday: date, days: list[str]) -> None:
    lines = [line.english.partition(":")[::2] for line in week(changed(BY_TIME, plans=(HOLIDAY, WEEKEND)), monday)]
    assert [named for named, _ in lines] == days
    assert lines[0][1] == " 00:00 valley 0.70, 07:00 flat 1.00, 18:00 peak 1.50, 23:00 valley 0.70"


def one(**prices: Any) -> Tariff:
    return changed(BY_TIME, hotline="400", periods=(changed(FLAT, start="00:00", end="24:00", **prices),))


@pytest.mark.parametrize(
    ("tariff", "told"),
    [
        (USE, []),
        (changed(USE, hotline=""), ["there is no hotline"]),
        (changed(USE, inside=0), ["bills show no electricity fee"]),
        (changed(USE, per_use=0), ["a use costs nothing"]),
        (changed(USE, per_use=20_000), ["200.00 yuan for a use is unusual"]),
        (changed(USE, minimum=100), ["only where it was shown"]),
        (changed(USE, most=0), ["at most 0 yuan"]),
        (changed(USE, discounts=(Discount(of="total", portion=10_000),)), ["takes off all of it"]),
        (changed(USE, discounts=(Discount(of="total", amount=0),)), ["takes off nothing"]),
        (
            changed(USE, discounts=(Discount(of="total", amount=1), Discount(of="total", amount=2, groups=("a",)))),
            ["stands before others"],
        ),
        (
            changed(USE, occupancy=Occupancy(grace=3, price=10_000_000)),
            ["100.00 yuan for an hour of occupancy is unusual", "no limit", "before the charge ends"],
        ),
        (changed(USE, per_use=None, per_time=PerTime(price=3_000_000)), ["30.00 yuan for an hour is unusual"]),
        (
            changed(
                USE,
                per_use=None,
                tiers=PowerTiers(rule="highest", tiers=(Tier(up_to=5, price=20_000), Tier(price=10_000))),
            ),
            ["higher power is cheaper"],
        ),
        (one(energy_price=0), ["the electricity fee is 0"]),
        (one(energy_price=100, service_price=0), ["0.001 yuan for the electricity of a kWh", "for a person to check"]),
        (one(service_price=300_000), ["3.00 yuan of service fee", "for a person to check"]),
        (
            changed(BY_TIME, hotline="4", periods=(changed(FLAT, start="23:00"), changed(PEAK, energy_price=50_000))),
            ["flat is dearer than peak: 0.60 and 0.50", "for a person to check"],
        ),
        (
            changed(one(), plans=(changed(WEEKEND, weekdays=(), first=None, last=None), HOLIDAY)),
            ["for a person to check", 'the plan "summer" fits every day'],
        ),
    ],
)
def test_what_looks_like_a_slip(tariff: Tariff, told: list[str]) -> None:
    found = [line.english for line in doubts(tariff)]
    assert len(found) == len(told)
    for line, expected in zip(found, told, strict=True):
        assert expected in line
    assert all(line.chinese != line.english for line in doubts(tariff))
