"""What the oracle makes of the text, by examples that were reckoned by hand."""

import ast
from pathlib import Path
from typing import Any

import pytest
from tests.money import oracle

Map = dict[str, Any]


def test_the_oracle_shares_nothing_with_what_it_judges() -> None:
    for module in ("oracle.py", "documents.py"):
        tree = ast.parse((Path(__file__).parent / module).read_text())
        imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        assert imported
        assert not [name for name in imported if name.split(".")[0] in ("chargelink", "tests")]


# The oracle by hand. 2027-01-01 00:00 in UTC+8, a Friday:
NEW_YEAR = 1_798_732_800_000
HOUR = 3_600_000
KWH = 1_000_000
FLAT = {"start": "08:00", "end": "24:00", "name": "flat", "energyPrice": 80_000, "servicePrice": 40_000}
VALLEY = {"start": "00:00", "end": "08:00", "name": "valley", "energyPrice": 30_000, "servicePrice": 40_000}
DAY_AND_NIGHT = {"id": "t", "version": 1, "periods": [FLAT, VALLEY]}
WINTER = {**DAY_AND_NIGHT, "plans": [{"periods": [{**VALLEY, "end": "24:00"}], "first": "12-01", "last": "01-31"}]}
TIERS = [{"price": 20_000, "upTo": 200_000}, {"price": 40_000, "upTo": 500_000}, {"price": 60_000}]


def read(*pairs: tuple[int, int], **others: Any) -> Map:
    return {
        "kind": "dc",
        "authorisedBy": "local",
        "fault": False,
        "readings": [{"at": at, "register": register} for at, register in pairs],
        **others,
    }


def used(energy: int, **usage: Any) -> Map:
    return read((NEW_YEAR, 0), (NEW_YEAR + HOUR, energy), usage=usage)


def tiered(rule: str, **terms: Any) -> Map:
    return {"id": "t", "version": 1, "tiers": {"rule": rule, "tiers": TIERS, **terms}}


# name: (tariff, session, amounts of the lines in order, energy given away)
BY_HAND = {
    # 10 kWh in the valley: 10 x 0.3, 10 x 0.4
    "one period": (DAY_AND_NIGHT, read((NEW_YEAR, 5), (NEW_YEAR + HOUR, 5 + 10 * KWH)), [300, 400], 0),
    # 4 minutes over 08:00, a quarter before it: 1 kWh and 3 kWh
    "split by time": (
        DAY_AND_NIGHT,
        read((NEW_YEAR + 8 * HOUR - 60_000, 0), (NEW_YEAR + 8 * HOUR + 180_000, 4 * KWH)),
        [30, 40, 240, 120],
        0,
    ),
    # an hour over 08:00: all of it valley
    "unseen": (
        DAY_AND_NIGHT,
        read((NEW_YEAR + 8 * HOUR - 60_000, 0), (NEW_YEAR + 9 * HOUR, 4 * KWH)),
        [120, 160],
        0,
    ),
    "season over new year": (WINTER, read((NEW_YEAR + 12 * HOUR, 0), (NEW_YEAR + 13 * HOUR, KWH)), [30, 40], 0),
    # 4 kWh at 1.2 yuan = 480; 100 fen buy 0.833333 kWh
    "prepaid": (
        DAY_AND_NIGHT,
        read((NEW_YEAR + 9 * HOUR, 0), (NEW_YEAR + 10 * HOUR, 4 * KWH), authorisation={"prepaid": 100}),
        [320, 160, -220, -160],
        4 * KWH - 833_333,
    ),
    "per use, electricity inside": (
        {"id": "t", "version": 1, "perUse": 150, "inside": 60_000},
        used(500_000, duration=1),
        [30, 120],
        0,
    ),
    # 61 minutes are 3 begun half hours: 1.5 h x 0.5 yuan = 75
    "per time": (
        {"id": "t", "version": 1, "perTime": {"price": 50_000, "step": 30}},
        used(500_000, duration=61 * 60_000),
        [0, 75],
        0,
    ),
    # 30 min at 0.2, 90 at 0.4; 180..250 W reaches into two tiers, and counts in the cheaper
    "time per tier": (
        {**tiered("time-per-tier"), "inside": 50_000},
        used(100_000, duration=HOUR, tierBounds=[180_000, 250_000, 500_000], tierMinutes=[10, 20, 90, 0]),
        [5, 5, 0, 60],
        0,
    ),
    # the highest tier with two minutes is the middle one: 2 h x 0.4
    "highest tier": (
        tiered("highest", step=60),
        used(100_000, duration=HOUR + 1, tierBounds=[200_000, 500_000], tierMinutes=[50, 10, 1]),
        [0, 80],
        0,
    ),
    # 1.2 kWh x 0.5 = 60 of 150: only energy, and nothing of the minimum
    "fault": (
        {"id": "t", "version": 1, "perUse": 150, "inside": 50_000, "minimum": 100},
        {**used(1_200_000, duration=1), "fault": True, "authorisation": {"minimum": 100}},
        [60, 0],
        0,
    ),
    "pass": (
        {"id": "t", "version": 1, "perUse": 150, "inside": 50_000, "minimum": 100},
        {**used(1_200_000, duration=1), "authorisation": {"minimum": 100, "passId": "p"}},
        [60, 90, -60, -90],
        0,
    ),
    # 12.5 % of 40, of 30: 5 and 3.75
    "discount of the total": (
        {**DAY_AND_NIGHT, "discounts": [{"of": "total", "portion": 1_250}]},
        read((NEW_YEAR, 0), (NEW_YEAR + HOUR, KWH)),
        [30, 40, -4, -5],
        0,
    ),
    "minimum, as shown": (
        {**DAY_AND_NIGHT, "minimum": 300},
        read((NEW_YEAR, 0), (NEW_YEAR + HOUR, KWH), authorisation={"minimum": 200}),
        [30, 40, 130],
        0,
    ),
    "most": ({**DAY_AND_NIGHT, "most": 20}, read((NEW_YEAR, 0), (NEW_YEAR + HOUR, KWH)), [30, 40, -10, -40], 0),
    "no energy": (
        {"id": "t", "version": 1, "perUse": 150, "minimum": 100},
        used(0, duration=HOUR),
        [],
        0,
    ),
    "monitor": (DAY_AND_NIGHT, {**read((NEW_YEAR, 0), (NEW_YEAR + HOUR, KWH)), "authorisedBy": "monitor"}, [], 0),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    tariff, session, amounts, given_away = BY_HAND[name]
    due = oracle.bill(tariff, session)
    assert [line.amount for line in due.lines] == amounts
    assert due.given_away == given_away


def test_two_times_by_hand() -> None:
    at = NEW_YEAR + 9 * HOUR
    session = read((at, 0), (at + HOUR, KWH))
    for one in session["readings"]:
        one["corrected"] = one["at"] - 5 * HOUR
    assert (oracle.bill(DAY_AND_NIGHT, session).total, oracle.bill(DAY_AND_NIGHT, session).times) == (70, "corrected")


def test_occupancy_by_hand() -> None:
    tariff = {"occupancy": {"grace": 15, "price": 600_000, "step": 10, "most": 250}}
    amounts = [[line.amount for line in oracle.occupancy(tariff, minutes * 60_000)] for minutes in (15, 16, 25, 26, 60)]
    assert amounts == [[], [100], [100], [200], [250]]
