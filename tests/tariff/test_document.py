"""The tariff's file: all that a tariff can be is written there, and whatever is wrong has its path and remedy."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tariff.charges import FLAT, at, changed

from chargelink.cli.language import Language, speak
from chargelink.model import Tariff, body_of
from chargelink.model.tariff import Discount, Occupancy, PassTerms, PerTime, PowerTiers, Tier
from chargelink.tariff import read_document, read_text

SAMPLE = (Path(__file__).parents[2] / "edge" / "config" / "tariff.toml").read_text("utf-8")
PERIOD = {"start": "00:00", "end": "24:00", "name": "flat", "energy_yuan_per_kWh": Decimal("0.6")}
BY_ENERGY: dict[str, Any] = {"id": "t", "version": 1, "period": [PERIOD]}
BY_USE: dict[str, Any] = {"id": "t", "version": 1, "per_use_yuan": 2}


def test_everything_by_energy() -> None:
    text = """
    id = "t"
    version = 7
    name = "资费"
    valid_from = 2026-03-01T08:00:00
    sites = ["north"]
    customers = ["owners"]
    hotline = "400"
    minimum_yuan = 1.5
    most_yuan = 200
    [[period]]
    start = "00:00"
    end = "24:00"
    name = "flat"
    energy_yuan_per_kWh = 0.60
    service_yuan_per_kWh = 0.40
    [[plan]]
    name = "weekends in summer"
    weekdays = [6, 7]
    first = "07-01"
    last = "09-30"
    [[plan.period]]
    start = "12:00"
    end = "12:00"
    name = "deep-valley"
    energy_yuan_per_kWh = 0.12345
    [[plan]]
    dates = [2026-10-01, 2026-10-02]
    [[plan.period]]
    start = "00:00"
    end = "24:00"
    name = "valley"
    energy_yuan_per_kWh = 0
    [occupancy]
    grace_min = 30
    warning_min = 10
    per_hour_yuan = 12
    step_min = 15
    most_yuan = 30
    [[discount]]
    of = "service"
    groups = ["owners"]
    off_percent = 12.5
    [[discount]]
    of = "total"
    off_yuan = 3
    name = "spring"
    [monthly_pass]
    price_yuan = 30
    uses_per_month = 60
    uses_per_day = 3
    minutes_per_use = 600
    energy_per_use_kWh = 1.5
    """
    tariff = read_text(text)
    assert isinstance(tariff, Tariff)
    assert tariff.periods == (changed(FLAT, start="00:00", end="24:00"),)
    assert [(plan.name, plan.weekdays, plan.first, plan.last, plan.dates) for plan in tariff.plans] == [
        ("weekends in summer", (6, 7), "07-01", "09-30", ()),
        ("", (), None, None, ("2026-10-01", "2026-10-02")),
    ]
    assert [plan.periods[0].energy_price for plan in tariff.plans] == [12_345, 0]
    assert (tariff.valid_from, tariff.sites, tariff.customers) == (at("03-01 08:00"), ("north",), ("owners",))
    assert (tariff.minimum, tariff.most, tariff.hotline) == (150, 20_000, "400")
    assert tariff.occupancy == Occupancy(grace=30, warning=10, price=1_200_000, step=15, most=3000)
    assert tariff.discounts == (
        Discount(of="service", groups=("owners",), portion=1250),
        Discount(of="total", amount=300, name="spring"),
    )
    assert tariff.monthly_pass == PassTerms(
        price=3000, uses_per_month=60, uses_per_day=3, minutes_per_use=600, energy_per_use=1_500_000
    )


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({"per_use_yuan": Decimal("1.50"), "inside_yuan_per_kWh": Decimal("0.5")}, {"per_use": 150, "inside": 50_000}),
        ({"per_time": {"per_hour_yuan": 1, "step_min": 30}}, {"per_time": PerTime(price=100_000, step=30)}),
        (
            {
                "tiers": {
                    "rule": "highest",
                    "tier": [{"up_to_W": Decimal("200.5"), "per_hour_yuan": 1}, {"per_hour_yuan": 2}],
                }
            },
            {"tiers": PowerTiers(rule="highest", tiers=(Tier(up_to=200_500, price=100_000), Tier(price=200_000)))},
        ),
    ],
)
def test_other_ways_to_sell(document: dict[str, Any], fields: dict[str, Any]) -> None:
    assert read_document({"id": "t", "version": 1} | document) == Tariff(id="t", version=1, **fields)


def test_the_sample_is_what_it_was() -> None:
    tariff = read_text(SAMPLE)
    assert isinstance(tariff, Tariff)
    assert [(one.start, one.energy_price, one.service_price) for one in tariff.periods][:2] == [
        ("23:00", 32_000, 40_000),
        ("07:00", 65_000, 40_000),
    ]


def plan(**fields: Any) -> dict[str, Any]:
    return BY_ENERGY | {"plan": [{"period": [PERIOD]} | fields]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, "id: missing; add it to the file"),
        (BY_ENERGY | {"version": 0}, "version: Expected `int` >= 1; write a whole number from 1 on"),
        (BY_ENERGY | {"per_use": 1}, "per_use: unknown key; did you mean per_use_yuan?"),
        (BY_ENERGY | {"minimum_yuan": "one"}, "minimum_yuan: "),
        (
            BY_ENERGY | {"minimum_yuan": Decimal("0.001")},
            "minimum_yuan: 0.001 yuan is no price; write a multiple of 0.01",
        ),
        (BY_ENERGY | {"minimum_yuan": Decimal("NaN")}, "minimum_yuan: NaN yuan is no price"),
        (BY_ENERGY | {"minimum_yuan": Decimal("1E+999999")}, "minimum_yuan: 1E+999999 yuan is no price"),
        (BY_ENERGY | {"minimum_yuan": Decimal("1E-999999")}, "minimum_yuan: 1E-999999 yuan is no price"),
        (BY_ENERGY | {"minimum_yuan": Decimal("0.01" + 40 * "0" + "1")}, "minimum_yuan: 0.0100"),
        (BY_ENERGY | {"minimum_yuan": 3, "most_yuan": 2}, "(tariff): the minimum is above the most"),
        (BY_ENERGY | {"per_use_yuan": 2}, "(tariff): a tariff sells by exactly one of"),
        (BY_USE | {"plan": [{"period": [PERIOD]}]}, "(tariff): plans of days are for tariffs with periods"),
        (BY_ENERGY | {"valid_from": "spring"}, "valid_from: "),
        (BY_ENERGY | {"valid_from": datetime(1960, 1, 1)}, "valid_from: "),
        (plan(period=[]), "plan[0]: the periods of a tariff cover each minute"),
        (plan(period=[PERIOD | {"end": "25:00"}]), "plan[0].period[0].end: "),
        (plan(period=[PERIOD | {"energy_yuan_per_kWh": -1}]), "plan[0].period[0].energy_yuan_per_kWh: -1 yuan is no"),
        (plan(first="02-30", last="03-01"), "plan[0].first: 02-30 never comes; write a month and a day"),
        (plan(first="07-01"), "plan[0]: a season has a first and a last day"),
        (plan(weekdays=[1, 8]), "plan[0].weekdays[1]: Expected `int` <= 7; write days from 1 (Monday)"),
        (plan(weekdays=[1, 1]), "plan[0].weekdays: 1 stands there twice"),
        (plan(dates=["2026-10-01", "2026-10-01"]), "plan[0].dates: 2026-10-01 stands there twice"),
        (plan(dates=["2026-02-30"]), "plan[0].dates[0]: "),
        (plan(dates=["2026-10-01"], weekdays=[1]), "plan[0]: a plan has dates, or weekdays and a season"),
        (BY_ENERGY | {"discount": [{"of": "service"}]}, "discount[0]: a discount is either a portion or an amount"),
        (
            plan(period=[PERIOD | {"name": "noon"}]),
            "plan[0].period[0].name: Invalid enum value 'noon'; write one of",
        ),
        (
            BY_ENERGY | {"discount": [{"of": "all", "off_yuan": 1}]},
            "discount[0].of: Invalid enum value 'all'; write \"s",
        ),
        (
            BY_ENERGY | {"discount": [{"of": "total", "off_percent": 101}]},
            "discount[0].off_percent: 101 % is out of ran",
        ),
        (BY_ENERGY | {"occupancy": {"per_hour_yuan": 1}}, "occupancy.grace_min: missing; add it to [occupancy]"),
        (BY_ENERGY | {"occupancy": {"per_hour_yuan": 1, "grace_min": 0}}, "occupancy.grace_min: Expected `int` >= 1"),
        (
            {"id": "t", "version": 1, "tiers": {"rule": "highest", "tier": [{"per_hour_yuan": 1, "up_to_W": 5}]}},
            "tiers: every power tier but the last has an upper bound",
        ),
        ({"id": "t", "version": 1, "tiers": {"rule": "highest", "tier": []}}, "tiers.tier: Expected `array` of length"),
        (BY_ENERGY | {"sites": ["a b"]}, "sites[0]: Expected `str` matching regex"),
        (
            BY_ENERGY | {"plan": [plan()["plan"][0] | {"dates": [f"{y}-01-01" for y in range(2000, 2400)]}] * 20},
            "(tariff): is",
        ),
        (BY_ENERGY | {"plan": plan()["plan"] * 65}, "plan: Expected `array` of length <= 64"),
    ],
)
def test_what_is_wrong_has_its_path_and_remedy(document: dict[str, Any], expected: str) -> None:
    problems = read_document(document)
    assert isinstance(problems, list)
    assert str(problems[0]).startswith(expected)


def test_it_is_said_in_chinese() -> None:
    problems = read_document(BY_ENERGY | {"minimum_yuan": 3, "most_yuan": 2})
    assert isinstance(problems, list)
    speak(Language.CHINESE)
    try:
        assert str(problems[0]) == "(tariff): 最低消费高于单次最高消费; 请改正；各键见 docs/tariffs.zh.md"
    finally:
        speak(Language.ENGLISH)


def test_all_that_is_wrong_with_the_prices_is_said_at_once() -> None:
    problems = read_document(BY_ENERGY | {"minimum_yuan": -1, "most_yuan": -1, "inside_yuan_per_kWh": 20_000})
    assert isinstance(problems, list)
    assert [problem.path for problem in problems] == ["inside_yuan_per_kWh", "minimum_yuan", "most_yuan"]


scalars = st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5) | st.datetimes() | st.dates()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
keys = st.sampled_from(
    [*BY_ENERGY, *PERIOD, "plan", "tiers", "tier", "occupancy", "discount", "valid_from", "per_time"]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(keys, values | st.lists(st.dictionaries(keys, values, max_size=4), max_size=2), max_size=6))
def test_any_document_is_read_or_refused(document: dict[str, Any]) -> None:
    for whole in (document, BY_ENERGY | document):
        tariff = read_document(whole)
        assert isinstance(tariff, list) or msgspec.msgpack.decode(body_of(tariff), type=Tariff) == tariff


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SAMPLE)), st.text(max_size=6), st.integers(0, 20))
def test_any_text_is_read_or_refused(place: int, put: str, cut: int) -> None:
    assert read_text(SAMPLE[:place] + put + SAMPLE[place + cut :])
