"""The service fee is shared to the fen; and what a community brings in a month and a year."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tariff.charges import bill, reading, took

from chargelink.model import Tariff
from chargelink.model.tariff import PassTerms
from chargelink.tariff import TariffError, shares

RULE = {"property": 6000, "city operator": 3500, "platform": 500}
BIKES = Tariff(id="bikes", version=1, per_use=200, monthly_pass=PassTerms(price=3000))
YUAN = 100


@pytest.mark.parametrize(
    ("fee", "portions", "parts"),
    [
        (0, {"a": 10_000}, [0]),
        (1, {"a": 5000, "b": 5000}, [1, 0]),
        (100, {"a": 3333, "b": 3333, "c": 3334}, [33, 33, 34]),
        (10, {"a": 3333, "b": 3333, "c": 3334}, [3, 3, 4]),
        (2, {"a": 3333, "b": 3333, "c": 3334}, [1, 0, 1]),
        (7, {"a": 0, "b": 10_000}, [0, 7]),
    ],
)
def test_what_is_left_goes_to_the_largest_remainders(fee: int, portions: dict[str, int], parts: list[int]) -> None:
    assert [*shares(fee, portions).values()] == parts


@given(st.integers(0, 2**53), st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
def test_shares_add_up_and_none_is_a_fen_off(fee: int, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 10_000]
    portions = {str(index): high - low for index, (low, high) in enumerate(pairwise(edges))}
    parts = shares(fee, portions)
    assert sum(parts.values()) == fee
    assert all(abs(parts[name] * 10_000 - fee * portion) < 10_000 for name, portion in portions.items())


@pytest.mark.parametrize("portions", [{}, {"a": 9_999}, {"a": 10_001}, {"a": -1, "b": 10_001}])
def test_portions_are_all_of_it(portions: dict[str, int]) -> None:
    with pytest.raises(TariffError):
        shares(100, portions)


def test_the_figures_of_a_community() -> None:
    """80 charges a day at 2 yuan, 150 passes at 30 yuan; nothing of it is electricity fee, so all of it is shared."""
    charge = bill(BIKES, took(reading("03-02 20:00", 0), reading("03-03 02:00", 900)))
    assert (charge.service_fee, charge.energy_fee, charge.energy) == (200, 0, 900_000)
    assert charge.service_fee is not None
    assert BIKES.monthly_pass is not None
    charges, passes = 80 * 30, 150
    by_use = {who: part * charges for who, part in shares(charge.service_fee, RULE).items()}
    by_pass = {who: part * passes for who, part in shares(BIKES.monthly_pass.price, RULE).items()}
    assert by_use == shares(4800 * YUAN, RULE) == {"property": 288_000, "city operator": 168_000, "platform": 24_000}
    assert by_pass == shares(4500 * YUAN, RULE) == {"property": 270_000, "city operator": 157_500, "platform": 22_500}


def test_the_figures_of_a_city_operator() -> None:
    """500 sockets at 220 yuan and 30 gateways at 980 yuan are five such communities, of 100 and 6 each."""
    cost = (500 * 220 + 30 * 980) * YUAN
    a_month = shares(4800 * YUAN, RULE)["city operator"] + shares(4500 * YUAN, RULE)["city operator"]
    a_year = 5 * 12 * a_month
    assert (cost, a_month, a_year) == (139_400 * YUAN, 3_255 * YUAN, 195_300 * YUAN)
    tenths = (2 * 10 * 12 * cost + a_year) // (2 * a_year)
    assert tenths == 86  # 8.6 months
