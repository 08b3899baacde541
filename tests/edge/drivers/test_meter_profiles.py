"""Polling meters that are not the standard's: their identifiers, their forms, our units."""

import pytest

from chargelink.dlt645.meter import Asked, Meter
from chargelink.dlt645.profiles import PROFILES
from chargelink.dlt645.timing import Timing
from chargelink.edge.drivers.meter_line import LinePoll
from chargelink.edge.drivers.meter_poll import MeterLost, MeterPoll, PollEvent
from chargelink.edge.drivers.reading import Quality, Reading

ADDRESS = "000000000161"
YADA = {
    "00D10000": "40 E2 01 00",  # 123.456 kWh, binary
    "00010000": "45 23 01 00",  # 123.45 kWh
    "02000100": "67 45 23 81",  # -123.4567 A
    "02000200": "56 34 75 00",  # 753.456 V
}
OLD = {"9010": "45 23 01 00", "B691": "56 34 75", "B6A1": "67 45 23 01"}
WIDE = {"00010000": "45 23 01 00", "02010100": "00 23", "02020100": "67 45 23 01", "02030000": "78 56 34 01"}


def polled(profile: str, registers: dict[str, str], seconds: float = 2.5) -> tuple[list[PollEvent], list[str]]:
    """What is told, and the identifiers asked for."""
    poll = LinePoll([MeterPoll("m1", ADDRESS, 0.0, PROFILES[profile])], Timing(9600))
    meter = Meter(ADDRESS, {name: bytes.fromhex(data) for name, data in registers.items()})
    now, told, asked = 0.0, poll.tick(0.0), []
    while now < seconds:
        asked += [event.identifier for event in meter.receive(poll.data_to_send(), now) if isinstance(event, Asked)]
        now = min(time for time in (poll.deadline, meter.deadline) if time is not None)
        meter.tick(now)
        told += poll.receive(meter.data_to_send(), now)
    return told, asked


def good(told: list[PollEvent]) -> dict[str, int | None]:
    return {
        event.quantity: event.value for event in told if isinstance(event, Reading) and event.quality is Quality.GOOD
    }


@pytest.mark.parametrize(
    ("profile", "registers", "values"),
    [
        ("yada_dc", YADA, {"energy": 123_456_000, "voltage": 753_456, "current": -123_456}),
        ("yada_dc_1997", OLD, {"energy": 123_450_000, "voltage": 753_456, "current": 123_456}),
        (
            "wide",
            WIDE,
            {"energy": 123_450_000, "voltage": 230_000, "current": 1_234_567, "power": 134_567_800},
        ),
        ("energy_status", {"00010000": "45 23 01 00 01"}, {"energy": 123_450_000}),
    ],
)
def test_a_profile_is_polled(profile: str, registers: dict[str, str], values: dict[str, int]) -> None:
    told, asked = polled(profile, registers)
    assert good(told) == values
    poll = PROFILES[profile].poll
    assert set(asked) <= {*poll.energy, poll.voltage, poll.current, poll.power} - {""}


def test_a_meter_without_the_finer_register() -> None:
    told, asked = polled("yada_dc", {name: data for name, data in YADA.items() if name != "00D10000"})
    assert good(told)["energy"] == 123_450_000
    assert asked.count("00D10000") == 1


def test_what_is_longer_than_the_standard_is_not_believed() -> None:
    """134 kW in four bytes would be 34 kW in three."""
    told, _ = polled("standard", WIDE)
    assert good(told) == {"energy": 123_450_000, "voltage": 230_000}
    doubtful = {event.quantity: event.because for event in told if isinstance(event, Reading) and event.because}
    assert doubtful == dict.fromkeys(("current", "power"), "1 byte more than the identifier has")


def test_a_wrong_profile_loses_the_meter() -> None:
    told, _ = polled("yada_dc_1997", YADA, 6.0)
    assert good(told) == {}
    assert [type(event) for event in told if isinstance(event, MeterLost)] == [MeterLost]
