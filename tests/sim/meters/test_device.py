"""What a meter keeps as its clock goes on: tariffs, demand, settlements, freezes; and what people do to it."""

from datetime import datetime, timedelta

import pytest
from tests.sim.meters.bench import ADDRESS, NOON, Bench

from chargelink.dlt645.forms import Stamp, Value
from chargelink.dlt645.master import Reply, TimedOut
from chargelink.dlt645.request import read
from chargelink.sim.cable import Probe
from chargelink.sim.meters.clock import Clock
from chargelink.sim.meters.device import Built
from chargelink.sim.meters.parameters import FACTORY, Parameters, encoded
from chargelink.sim.meters.tariffs import Slot, holding

FULL = Probe(400_000, 90_000)  # 36 kW: 0.6 kWh a minute
KWH = 1_000_000  # mWh


def text(value: Value | None) -> str:
    assert isinstance(value, Stamp)
    return value.text


def parts(value: Value | None) -> tuple[Value | None, ...]:
    assert isinstance(value, tuple)
    return value


@pytest.mark.parametrize(
    ("at", "tariff", "slot"), [("00:00", 4, 1), ("05:59", 4, 1), ("06:00", 3, 2), ("12:59", 1, 4), ("23:59", 4, 7)]
)
def test_which_tariff_holds(at: str, tariff: int, slot: int) -> None:
    assert holding(Parameters(), datetime.fromisoformat(f"2026-11-20 {at}")) == Slot(tariff, slot, 1, 1)


def test_zones_go_on_over_new_year_and_slots_over_midnight() -> None:
    tables = {
        "04010000": bytes.fromhex("020103 010106"),  # from 1 March table 2, from 1 June table 1
        "04010001": bytes.fromhex("010008"),
        "04010002": bytes.fromhex("030008 020020"),
    }
    # travel low byte first: NN, then DD or mm, then MM or hh
    assert holding(tables, datetime(2026, 3, 1, 9)) == Slot(3, 1, 2, 1)
    assert holding(tables, datetime(2026, 3, 1, 7)) == Slot(2, 2, 2, 1)  # last night's
    assert holding(tables, datetime(2026, 1, 1, 9)) == Slot(1, 1, 1, 2)  # last year's
    assert holding({}, NOON) == Slot(1, 1, 1, 1)


def test_energy_goes_to_the_tariff_that_holds() -> None:
    bench = Bench(shows=NOON.replace(hour=12, minute=50, second=0))
    bench.wait(timedelta(minutes=15), FULL)  # ten minutes of tariff 1, five of tariff 3
    assert bench.values("0001FF00") == [9 * KWH, 6 * KWH, 0, 3 * KWH, 0]
    assert bench.values("006000FF") == [9 * KWH, 6 * KWH, 0, 3 * KWH, 0]
    assert bench.value("02810001") == "01010503"
    assert bench.raw("00010500") == b""  # it has four


def test_the_greatest_demand_and_when_it_was() -> None:
    bench = Bench(shows=NOON.replace(second=0))
    bench.wait(timedelta(minutes=20), FULL)
    bench.wait(timedelta(minutes=30), Probe(400_000, 10_000))
    power, when = parts(bench.value("01010000"))
    assert (power, text(when)) == (36_000_000, "2026-11-20 12:15")
    assert bench.value("01010100") == bench.value("01010000")
    assert bench.value("02800004") == 4_000_000
    assert bench.value("02800003") == 4_000_000
    assert parts(bench.value("01020000"))[0] == 0


def test_no_demand_is_measured_across_a_step_of_the_clock() -> None:
    bench = Bench(shows=NOON.replace(second=0))
    bench.wait(timedelta(minutes=14), FULL)
    bench.order("clock 2026-11-20T13:00:00")
    bench.wait(timedelta(minutes=14), FULL)
    assert parts(bench.value("01010000"))[0] == 0
    bench.wait(timedelta(minutes=1), FULL)
    assert text(parts(bench.value("01010000"))[1]) == "2026-11-20 13:15"


def test_a_settlement_day_keeps_the_registers_and_begins_demand_anew() -> None:
    bench = Bench(Built(energy=5 * KWH), shows=datetime(2026, 11, 30, 23, 40))
    bench.wait(timedelta(minutes=19), FULL)
    before = bench.value("00010000")
    demand = bench.value("01010000")
    bench.wait(timedelta(minutes=2))
    assert bench.value("00010001") == before
    assert bench.value("01010001") == demand
    assert parts(bench.value("01010000"))[0] == 0
    assert bench.raw("00010002") == b""
    assert text(bench.value("05070001")) == text(bench.value("05060001")) == "2026-12-01 00:00"
    assert bench.values("05070101")[0] == before
    assert bench.values("05060901")[0] == demand


def test_a_clock_that_drifts() -> None:
    bench = Bench(Built(drift=-2.5), shows=NOON)
    bench.wait(timedelta(days=2))
    assert text(bench.value("0400010C")) == "2026-11-22 12:00:25"
    clock = Clock(NOON, 0.0, 2.5)
    assert clock.shows(clock.read(1e6)) == pytest.approx(1e6)


def test_covers_that_were_opened() -> None:
    bench = Bench(Built(energy=5 * KWH))
    assert bench.order("cover open") == bench.order("cover open") == "ok"
    bench.wait(timedelta(seconds=100), FULL)
    assert parts(bench.value("03300D01"))[1] is None  # still open
    bench.order("cover close")
    assert bench.value("03300D00") == 1
    start, end, forward_before, *rest = parts(bench.value("03300D01"))
    assert (text(start), text(end)) == ("2026-11-20 12:00:30", "2026-11-20 12:02:10")
    assert (forward_before, rest[5]) == (5 * KWH, 6 * KWH)
    assert rest[1] is None  # no reactive register
    assert parts(bench.value("03300D02"))[2] == 0  # there is no second one


def test_a_meter_without_power() -> None:
    bench = Bench()
    bench.order("power off")
    assert isinstance(bench.ask(read(ADDRESS, "00010000")), TimedOut)
    bench.wait(timedelta(minutes=10), FULL)
    bench.order("power on")
    assert bench.value("00010000") == 0
    assert bench.value("03110000") == 1
    start, end = parts(bench.value("03110001"))
    assert text(start) == "2026-11-20 12:00:30"
    assert text(end)[:16] == "2026-11-20 12:10"


def test_only_ten_records_are_kept_and_all_are_counted() -> None:
    bench = Bench()
    for _ in range(12):
        bench.order("relay trip")
        bench.order("relay close")
        bench.wait(timedelta(minutes=1))
    assert (bench.value("1D000001"), bench.value("1E000001")) == (12, 12)
    assert text(parts(bench.value("1E00010A"))[0]) == "2026-11-20 12:02:30"
    assert bench.raw("1E00010B") == b""


def test_an_order_goes_to_one_meter_or_to_all() -> None:
    other = "000000000162"
    bench = Bench(None, ADDRESS, other)
    assert bench.order(f"{other} clock 2027-01-01T00:00:00") == "ok"
    assert [device.shows.year for device in bench.line.devices] == [2026, 2027]
    assert bench.order("relay trip") == "ok"
    assert [device.relay.open for device in bench.line.devices] == [True, True]


@pytest.mark.parametrize(
    "line",
    [
        *("", "x", "cover", "cover ajar", "key", "clock noon", "relay", "power", "fault x", "mend x"),
        *(
            "000000000999 cover open",
            "cover open now",
            "clock 2026-11-20 12:00:00",
            "clock 9999-12-31T23:59:59",
            "clock 2026-11-20T12:00:00Z",
        ),
    ],
)
def test_an_order_that_makes_no_sense(line: str) -> None:
    assert Bench().order(line).startswith("error ")


def test_the_factory_settings_can_be_read_as_they_were_meant() -> None:
    bench = Bench(Built(unlocked=True))
    for identifier, value in FACTORY.items():
        assert bench.raw(identifier) == encoded(identifier, value)
    event = bench.ask(read(ADDRESS, "040005FF"))
    assert isinstance(event, Reply)
    assert len(event.data) == 14
