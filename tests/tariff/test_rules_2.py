"""The rules of version 2, chapter by chapter, as docs/tariffs.md has them."""

from typing import Any

import pytest
from tests.tariff.charges import BY_TIME, HOUR, MINUTE, amounts, bill, changed, reading, took

from chargelink.model import AuthorisedBy, Measured, Period, SessionKind, Tariff, Usage
from chargelink.model.tariff import Discount, Occupancy, PerTime, PowerTiers, Tier
from chargelink.tariff import Consumption, TariffError, due, price, price_occupancy

ALL_DAY = Tariff(
    id="all-day",
    version=1,
    periods=(Period(start="00:00", end="24:00", name="flat", energy_price=60_000, service_price=40_000),),
)
TIERS = (Tier(up_to=200_000, price=30_000), Tier(up_to=400_000, price=50_000), Tier(price=90_000))
PER_USE = Tariff(id="per-use", version=1, per_use=200)
PER_TIME = Tariff(id="per-time", version=1, per_time=PerTime(price=60_000, step=30))
BY_TIER = Tariff(id="by-tier", version=1, tiers=PowerTiers(rule="time-per-tier", tiers=TIERS), inside=50_000)
HIGHEST = Tariff(id="highest", version=1, tiers=PowerTiers(rule="highest", tiers=TIERS, step=60))
TEN = (reading("03-02 08:00", 0), reading("03-02 09:00", 10_000))


def test_a_bill_has_its_fees_apart_and_says_what_its_energy_is() -> None:
    made = bill(ALL_DAY, took(*TEN, usage=Usage(duration=HOUR), measured="verified"))
    assert amounts(made) == [("energy", "period", 10_000_000, 600), ("service", "period", 10_000_000, 400)]
    assert (made.total, made.energy_fee, made.service_fee, made.occupancy_fee) == (1000, 600, 400, 0)
    assert (made.measured, made.verified_meter, made.duration, made.rules_version) == ("verified", True, HOUR, 2)
    assert made.lines[0].because == "10.000000 kWh x 0.60 yuan/kWh, flat, 03-02 08:00-09:00"
    assert (made.lines[0].price, made.lines[1].price) == (60_000, 40_000)


@pytest.mark.parametrize(
    ("kind", "by", "said", "measured"),
    [
        (SessionKind.DC, AuthorisedBy.LOCAL, None, "unverified"),
        (SessionKind.DC, AuthorisedBy.REMOTE, "overdue", "overdue"),
        (SessionKind.DC, AuthorisedBy.MONITOR, None, "calculated"),
        (SessionKind.SOCKET, AuthorisedBy.LOCAL, None, "calculated"),
    ],
)
def test_what_the_energy_is_worth(kind: SessionKind, by: AuthorisedBy, said: Measured | None, measured: str) -> None:
    made = bill(ALL_DAY, took(*TEN, kind=kind, by=by, measured=said))
    assert (made.measured, made.verified_meter) == (measured, False)


@pytest.mark.parametrize("readings", [(), TEN[:1], (TEN[0], reading("03-02 20:00", 0))])
@pytest.mark.parametrize("tariff", [ALL_DAY, PER_USE, PER_TIME, changed(ALL_DAY, minimum=500)])
def test_without_energy_nothing_is_due(tariff: Tariff, readings: tuple[Any, ...]) -> None:
    made = bill(tariff, took(*readings, authorisation={"minimum": 500}))
    assert (made.lines, made.total, made.energy) == ((), 0, 0)


def test_who_only_watches_sells_nothing() -> None:
    made = bill(ALL_DAY, took(*TEN, by=AuthorisedBy.MONITOR))
    assert (made.lines, made.total, made.energy) == ((), 0, 10_000_000)


def test_a_change_within_five_minutes_is_split_by_time_and_both_readings_stand_in_the_bill() -> None:
    before, after = reading("03-02 17:58", 0), reading("03-02 18:01", 1_000)
    made = bill(BY_TIME, took(before, after))
    assert amounts(made) == [
        ("energy", "period", 666_666, 40),
        ("service", "period", 666_666, 27),
        ("energy", "period", 333_334, 33),
        ("service", "period", 333_334, 17),
    ]
    [boundary] = made.boundaries
    assert (boundary.before, boundary.after, boundary.cheapest) == (before, after, False)
    assert boundary.at == reading("03-02 18:00", 0).at


@pytest.mark.parametrize(
    ("after", "periods", "cheapest"),
    [("18:04", ["flat", "peak"], False), ("18:04:01", ["flat"], True), ("23:30", ["valley"], True)],
)
def test_what_no_reading_covers_takes_the_cheapest(after: str, periods: list[str], cheapest: bool) -> None:
    made = bill(BY_TIME, took(reading("03-02 17:59", 0), reading(f"03-02 {after}", 1_000)))
    assert [line.period for line in made.lines if line.what == "energy"] == periods
    [boundary] = made.boundaries
    assert (boundary.cheapest, boundary.at) == (cheapest, reading("03-02 18:00", 0).at)
    assert ("no reading says when" in made.lines[0].because) == cheapest


def test_periods_of_one_price_and_name_are_one() -> None:
    twice = (
        Period(start="00:00", end="08:30", name="flat", energy_price=60_000, service_price=40_000),
        Period(start="08:30", end="24:00", name="flat", energy_price=60_000, service_price=40_000),
    )
    made = bill(Tariff(id="t", version=1, periods=twice), took(*TEN))
    assert amounts(made) == amounts(bill(ALL_DAY, took(*TEN)))
    assert made.boundaries == ()


def test_a_day_long_session_is_explained_shortly() -> None:
    every_hour = [reading(f"03-{2 + hour // 24:02d} {hour % 24:02d}:00", hour * 1000) for hour in range(96)]
    for line in bill(BY_TIME, took(*every_hour)).lines:
        assert "more times" in line.because
        assert len(line.because) < 200


@pytest.mark.parametrize(
    ("inside", "energy", "service"), [(0, (0, None), 200), (15_000, (150, 15_000), 50), (50_000, (200, 50_000), 0)]
)
def test_a_price_per_use(inside: int, energy: tuple[int, int | None], service: int) -> None:
    made = bill(changed(PER_USE, inside=inside), took(*TEN))
    assert amounts(made) == [("energy", "use", 10_000_000, energy[0]), ("service", "use", 0, service)]
    assert made.lines[0].price == energy[1]
    assert made.total == 200


@pytest.mark.parametrize(
    ("duration", "steps"), [(0, 0), (1, 1), (30 * MINUTE, 1), (30 * MINUTE + 1, 2), (10 * HOUR, 20)]
)
def test_a_price_per_time(duration: int, steps: int) -> None:
    made = bill(PER_TIME, took(*TEN, usage=Usage(duration=duration)))
    assert made.total == steps * 30
    assert (made.lines[1].duration, made.lines[1].price) == (steps * 30 * MINUTE, 60_000)


@pytest.mark.parametrize(
    ("bounds", "minutes", "lines"),
    [
        ((200_000, 400_000), (60, 30, 10), [(30, 0), (20, 5), (0, 15)]),
        ((200_000, 400_000), (0, 0, 60), [(50, 40)]),
        ((100_000, 200_000, 300_000), (10, 10, 30, 30), [(10, 0), (40, 10)]),
        ((300_000,), (60, 60), [(30, 0), (20, 30)]),  # 0-300 W may be the first tier, all above the second
        ((), (60,), [(30, 0)]),
        ((200_000, 400_000), (0, 0, 0), []),
    ],
)
def test_time_per_tier(bounds: tuple[int, ...], minutes: tuple[int, ...], lines: list[tuple[int, int]]) -> None:
    """1 kWh at 0.50 inside is 50 fen of electricity, taken from the tiers in their order."""
    usage = Usage(duration=HOUR, tier_bounds=bounds, tier_minutes=minutes)
    made = bill(BY_TIER, took(reading("03-02 08:00", 0), reading("03-02 09:00", 1_000), usage=usage))
    pairs = list(zip(made.lines[::2], made.lines[1::2], strict=True))
    assert [(energy.amount, service.amount) for energy, service in pairs] == lines
    assert [energy.energy for energy, _ in pairs] == [1_000_000, 0, 0][: len(lines)]
    assert {line.rule for line in made.lines} <= {"tier"}


@pytest.mark.parametrize(
    ("minutes", "total"),
    [
        ((60, 2, 0), 100),
        ((60, 1, 0), 60),
        ((0, 1, 1), 100),
        ((0, 0, 1), 180),
        ((60, 5, 2), 180),
        ((), 60),
        ((0,) * 3, 60),
    ],
)
def test_the_highest_tier_that_was_held(minutes: tuple[int, ...], total: int) -> None:
    usage = Usage(duration=61 * MINUTE, tier_bounds=(200_000, 400_000), tier_minutes=minutes)
    made = bill(HIGHEST, took(*TEN, usage=usage))
    assert made.total == total
    assert made.lines[1].duration == 2 * HOUR


@pytest.mark.parametrize(
    ("tariff", "usage"),
    [
        (PER_TIME, None),
        (BY_TIER, None),
        (HIGHEST, None),
        (BY_TIER, Usage(duration=1)),
        (BY_TIER, Usage(duration=1, tier_bounds=(1, 2), tier_minutes=(1, 2))),
        (HIGHEST, Usage(duration=1, tier_bounds=(2, 1), tier_minutes=(1, 2, 3))),
        (HIGHEST, Usage(duration=1, tier_bounds=(0,), tier_minutes=(1, 2))),
        (HIGHEST, Usage(duration=1, tier_bounds=(-5,), tier_minutes=(1, 2))),
        (changed(BY_TIER, inside=0), Usage(duration=1, tier_bounds=(2, 400_000), tier_minutes=(0, 0, 2**38))),
    ],
)
def test_what_cannot_be_reckoned(tariff: Tariff, usage: Usage | None) -> None:
    with pytest.raises(TariffError):
        bill(tariff, took(*TEN, usage=usage))


@pytest.mark.parametrize(
    ("tariff", "usage", "lines"),
    [
        (ALL_DAY, None, [600, 400]),
        (PER_USE, None, [0, 0]),
        (changed(PER_USE, inside=15_000), None, [150, 0]),
        (changed(PER_USE, inside=50_000), None, [200, 0]),
        (
            BY_TIER,
            Usage(duration=HOUR, tier_bounds=(200_000, 400_000), tier_minutes=(60, 30, 0)),
            [30, 0, 25, 0],
        ),
    ],
)
def test_a_session_that_broke_down_pays_for_energy_only(tariff: Tariff, usage: Usage | None, lines: list[int]) -> None:
    broken = took(*TEN, usage=usage, fault=True, authorisation={"minimum": 5000})
    made = bill(changed(tariff, minimum=5000), broken)
    assert [line.amount for line in made.lines] == lines
    assert made.fault


@pytest.mark.parametrize(
    ("discounts", "lines"),
    [
        ([Discount(of="service", portion=2500)], [("service", -100)]),
        ([Discount(of="service", amount=150)], [("service", -150)]),
        ([Discount(of="service", amount=5000)], [("service", -400)]),
        ([Discount(of="total", portion=1000)], [("energy", -60), ("service", -40)]),
        ([Discount(of="total", amount=450)], [("energy", -50), ("service", -400)]),
        ([Discount(of="total", amount=5000)], [("energy", -600), ("service", -400)]),
        ([Discount(of="service", portion=0)], []),
        ([Discount(of="service", portion=5000, groups=("other",))], []),
        (
            [Discount(of="service", portion=5000, groups=("owners", "other")), Discount(of="total", portion=5000)],
            [("service", -200)],
        ),
    ],
)
def test_the_first_discount_that_fits(discounts: list[Discount], lines: list[tuple[str, int]]) -> None:
    made = bill(changed(ALL_DAY, discounts=tuple(discounts)), took(*TEN, authorisation={"group": "owners"}))
    assert [(line.what, line.amount) for line in made.lines[2:]] == lines
    assert made.total == 1000 + sum(amount for _, amount in lines)


def test_a_discount_is_rounded_half_up() -> None:
    odd = Tariff(id="odd", version=1, per_use=105, discounts=(Discount(of="service", portion=1000),))
    assert bill(odd, took(*TEN)).total == 94  # 10.5 fen are 11


def test_a_pass_covers_everything_and_leaves_the_fees_to_be_seen() -> None:
    tariff = changed(ALL_DAY, minimum=300, discounts=(Discount(of="total", portion=5000),))
    made = bill(tariff, took(*TEN, authorisation={"pass_id": "pass-7", "minimum": 300}))
    assert amounts(made)[2:] == [("energy", "pass", 0, -600), ("service", "pass", 0, -400)]
    assert (made.total, made.energy, made.pass_id) == (0, 10_000_000, "pass-7")


@pytest.mark.parametrize(
    ("minimum", "shown", "added"), [(0, 0, 0), (1500, 0, 0), (1500, 1200, 200), (1200, 1500, 200), (900, 900, 0)]
)
def test_the_minimum_is_due_as_far_as_it_was_shown(minimum: int, shown: int, added: int) -> None:
    made = bill(changed(ALL_DAY, minimum=minimum), took(*TEN, authorisation={"minimum": shown}))
    assert [line.amount for line in made.lines if line.rule == "minimum"] == ([added] if added else [])
    assert made.total == 1000 + added


@pytest.mark.parametrize(
    ("most", "lines"),
    [(None, []), (1000, []), (900, [("service", -100)]), (500, [("energy", -100), ("service", -400)])],
)
def test_the_most_that_a_session_costs(most: int | None, lines: list[tuple[str, int]]) -> None:
    made = bill(changed(ALL_DAY, most=most), took(*TEN))
    assert [(line.what, line.amount) for line in made.lines if line.rule == "most"] == lines
    assert (made.given_away, made.given_away_amount) == (0, 0)


@pytest.mark.parametrize(
    ("tariff", "most", "given", "energy"),
    [
        (ALL_DAY, 1000, 0, 0),
        (ALL_DAY, 999, 1, 10_000),
        (ALL_DAY, 0, 1000, 10_000_000),
        (changed(PER_USE, inside=10_000), 150, 50, 2_500_000),
        (changed(ALL_DAY, discounts=(Discount(of="total", portion=5000),)), 400, 100, 2_000_000),
        (changed(ALL_DAY, most=800), 400, 400, 5_000_000),
    ],
)
def test_what_is_above_the_prepaid_amount_is_given_away(tariff: Tariff, most: int, given: int, energy: int) -> None:
    consumption = took(*TEN, most=most)
    made = bill(tariff, consumption)
    assert made.total <= most
    assert (made.given_away_amount, made.given_away) == (given, energy)
    assert due(tariff, consumption) == made.total + given


def test_energy_is_given_away_in_the_order_of_time() -> None:
    """2 kWh flat at 1.00, 2 kWh peak at 1.50: 3.50 yuan pay all of the flat and one of the peak."""
    readings = reading("03-02 17:00", 0), reading("03-02 18:00", 2_000), reading("03-02 19:00", 4_000)
    made = bill(BY_TIME, took(*readings, most=350))
    assert (made.total, made.given_away_amount, made.given_away) == (350, 150, 1_000_000)


def test_a_clock_that_is_put_right_never_raises_a_bill() -> None:
    """By the clock it was the flat period, in truth the peak; and the other way round."""
    late = took(reading("03-02 17:00", 0, "03-02 19:00"), reading("03-02 17:30", 1_000, "03-02 19:30"))
    early = took(reading("03-02 19:00", 0, "03-02 17:00"), reading("03-02 19:30", 1_000, "03-02 17:30"))
    assert (bill(BY_TIME, late).total, bill(BY_TIME, late).times) == (100, "read")
    assert (bill(BY_TIME, early).total, bill(BY_TIME, early).times) == (100, "corrected")
    assert bill(BY_TIME, early).started_at == reading("03-02 19:00", 0).at


@pytest.mark.parametrize("corrected", [("03-02 17:30", "03-02 17:00"), ("01-01 00:00", "12-31 00:00")])
def test_a_correction_that_cannot_be_true_or_is_dearer_is_left_out(corrected: tuple[str, str]) -> None:
    readings = reading("03-02 19:00", 0, corrected[0]), reading("03-02 19:30", 1_000, corrected[1])
    made = bill(BY_TIME, took(*readings))
    assert made.times == ("corrected" if corrected[0].startswith("01") else "read")


@pytest.mark.parametrize(
    "readings",
    [
        (reading("03-02 08:00", 5), reading("03-02 09:00", 4)),
        (reading("03-02 09:00", 0), reading("03-02 08:00", 1)),
    ],
)
def test_readings_that_cannot_be_true(readings: tuple[Any, ...]) -> None:
    with pytest.raises(TariffError):
        price(ALL_DAY, "", took(*readings))


@pytest.mark.parametrize(
    ("minutes", "fault", "amount"),
    [
        (0, False, 0),
        (30, False, 0),
        (30.01, False, 300),
        (45, False, 300),
        (46, False, 600),
        (999, False, 2000),
        (999, True, 0),
    ],
)
def test_staying_plugged_in(minutes: float, fault: bool, amount: int) -> None:
    terms = Occupancy(grace=30, price=1_200_000, step=15, most=2000)
    made = price_occupancy(changed(ALL_DAY, occupancy=terms), "", "s", int(minutes * MINUTE), fault)
    assert (made.total, made.occupancy_fee, made.energy) == (amount, amount, 0)
    assert [line.what for line in made.lines] == (["occupancy"] if amount else [])


def test_without_a_fee_for_it_nobody_owes_one() -> None:
    assert price_occupancy(ALL_DAY, "", "s", 10 * HOUR).lines == ()


def test_the_rules_are_those_that_are_asked_for() -> None:
    one = Consumption("s", SessionKind.DC, AuthorisedBy.LOCAL, TEN)
    assert price(ALL_DAY, "", one).rules_version == 2
    assert price(ALL_DAY, "", one, 1).rules_version == 1
    with pytest.raises(TariffError, match="rules 3 are not known here"):
        price(ALL_DAY, "", one, 3)
