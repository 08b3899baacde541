"""Several meters on one line, in jumping time: one that bills, some to look at, some that are mute."""

from tests.dlt645.shared_line import Wire

from chargelink.dlt645.meter import Meter
from chargelink.dlt645.timing import Timing
from chargelink.edge.board import Board
from chargelink.edge.drivers import shown_meter
from chargelink.edge.drivers.meter_line import LinePoll
from chargelink.edge.drivers.meter_poll import MeterBack, MeterLost, MeterPoll
from chargelink.edge.drivers.reading import Quality, Reading
from chargelink.edge.drivers.shown_meter import ShownMeter
from chargelink.model import DeviceKind


def address(number: int) -> str:
    return f"{number:012d}"


def a_meter(number: int) -> Meter:
    registers = {"00010000": bytes((number, 0, 0, 0)), "02010100": b"\x00\x22", "02030000": b"\x00\x50\x01"}
    return Meter(address(number), registers)


def polls(wire: Wire, shown: int) -> LinePoll:
    """Meter 1 bills, so many others are to be looked at."""
    billing = MeterPoll("m1", address(1), wire.now)
    others = [
        MeterPoll(f"m{number}", address(number), wire.now, period=shown_meter.PERIOD) for number in range(2, 2 + shown)
    ]
    return LinePoll([billing, *others], Timing(wire.baud))


def energies(told: list[object], source: str) -> list[int | None]:
    return [one.value for one in told if isinstance(one, Reading) and (one.source, one.quantity) == (source, "energy")]


def test_each_value_is_that_of_its_meter() -> None:
    wire = Wire([a_meter(1), a_meter(2)], 9600)
    told = wire.run(polls(wire, 1), 60.0)
    assert {*energies(told, "m1")} == {10_000}
    assert {*energies(told, "m2")} == {20_000}
    assert len(energies(told, "m1")) >= 58
    assert len(energies(told, "m2")) >= 5


def test_the_meter_that_bills_is_never_lost_to_those_that_are_looked_at() -> None:
    """Ten meters at 2400 baud, half of them mute."""
    wire = Wire([a_meter(number) for number in range(1, 7)])
    told = wire.run(polls(wire, 10), 120.0)
    assert {event.source for event in told if isinstance(event, MeterLost)} == {f"m{number}" for number in range(7, 12)}
    assert len(energies(told, "m1")) >= 40  # its own four reads take a second
    assert all(len(energies(told, f"m{number}")) >= 3 for number in range(2, 7))


def test_one_lost_meter_leaves_the_other_alone() -> None:
    both = [a_meter(1), a_meter(2)]
    wire = Wire(both, 9600)
    poll = polls(wire, 1)
    wire.run(poll, 20.0)
    wire.meters = both[:1]
    told = wire.run(poll, 80.0)
    assert [type(event) for event in told if not isinstance(event, Reading)] == [MeterLost]
    assert len(energies(told, "m1")) > 60
    wire.meters = both
    told = wire.run(poll, 20.0)
    assert [event.source for event in told if isinstance(event, MeterBack)] == ["m2"]


def test_a_meter_to_look_at() -> None:
    board = Board()
    meter = ShownMeter("m2", board, lambda: 1_790_000_000_000)
    (device,) = board.devices
    assert (device.kind, device.state, device.detail) == (DeviceKind.METER, "offline", {})
    meter.hear(Reading("m2", "energy", 20_000, Quality.GOOD, 1.0))
    meter.hear(Reading("m2", "voltage", 220_000, Quality.GOOD, 1.0))
    assert board.devices[0].state == "online"
    assert board.devices[0].detail == {"energy": 20_000, "voltage": 220_000}
    meter.hear(Reading("m2", "energy", 10_000, Quality.DOUBTFUL, 2.0, "ran backwards"))
    assert board.devices[0].detail == {"voltage": 220_000}
    meter.hear(MeterLost("m2", 60.0, 50.0))
    assert (board.devices[0].state, board.devices[0].detail) == ("offline", {})
    meter.hear(MeterBack("m2", 70.0))
    assert board.devices[0].state == "online"
