"""Every control code against a simulated meter, by our own master: what it does, what it refuses, what it ignores."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.meters.bench import ADDRESS, NOON, Bench

from chargelink.dlt645 import ErrorWord, Frame
from chargelink.dlt645.bodies import Credentials, Password
from chargelink.dlt645.control import Edition
from chargelink.dlt645.master import MasterEvent, Refused, Reply, Sent, TimedOut
from chargelink.dlt645.request import (
    Request,
    broadcast_time,
    clear_demand,
    clear_demand_1997,
    clear_events,
    clear_meter,
    freeze,
    load_profile,
    read,
    read_address,
    read_again,
    set_baud,
    set_password,
    set_password_1997,
    terminal_signal,
    write,
    write_1997,
    write_address,
)
from chargelink.sim.cable import Probe
from chargelink.sim.meters.access import LOCKED, PROGRAMMING, TRIES
from chargelink.sim.meters.device import BOTH, Built

BY = Credentials("02", "000000", "12345678")
WRONG = Credentials("02", "111111", "12345678")
LOW = Credentials("05", "000000", "12345678")
OPEN = Built(unlocked=True)
FULL = Probe(400_000, 90_000)
PERIOD = "04000103"


def error(event: MasterEvent) -> object:
    assert isinstance(event, Refused), event
    return event.error


def done(event: MasterEvent, data: bytes = b"") -> None:
    assert isinstance(event, Reply), event
    assert event.data == data


def test_who_is_there() -> None:
    event = Bench().ask(read_address())
    assert isinstance(event, Reply)
    assert event.address == ADDRESS


def test_what_it_does_not_have() -> None:
    assert error(Bench().ask(read(ADDRESS, "02FF0100"))) == ErrorWord.NO_REQUESTED_DATA


def test_programming_needs_the_key_and_the_password() -> None:
    bench = Bench()
    request = write(ADDRESS, PERIOD, b"\x30", BY)
    assert error(bench.ask(request)) == ErrorWord.NOT_AUTHORISED
    assert bench.order("key programming") == "ok"
    assert bench.value("04000503") == 1 << 3
    for by in (WRONG, LOW, Credentials("98", "000000")):
        assert error(bench.ask(write(ADDRESS, PERIOD, b"\x30", by))) == ErrorWord.NOT_AUTHORISED
    done(bench.ask(request))
    assert bench.value(PERIOD) == 30
    bench.wait(timedelta(seconds=PROGRAMMING))
    assert error(bench.ask(request)) == ErrorWord.NOT_AUTHORISED


def test_one_press_of_the_key_is_one_record_of_programming() -> None:
    bench = Bench()
    for _ in range(2):
        bench.order("key programming")
        for identifier, value in ((PERIOD, b"\x30"), ("04000104", b"\x05")):
            done(bench.ask(write(ADDRESS, identifier, value, BY)))
        bench.order("key programming")
    assert bench.value("03300000") == 2
    assert bench.value("03300001") == bench.value("03300002")
    record = bench.value("03300001")
    assert isinstance(record, tuple)
    assert record[1:5] == ("12345678", PERIOD, "04000104", None)


def test_without_a_key_each_write_is_a_record() -> None:
    bench = Bench(OPEN)
    for _ in range(2):
        done(bench.ask(write(ADDRESS, PERIOD, b"\x30", BY)))
    assert bench.value("03300000") == 2


@pytest.mark.parametrize(
    ("identifier", "value", "refused"),
    [
        (PERIOD, "3A", ErrorWord.OTHER),  # no BCD
        (PERIOD, "3000", ErrorWord.OTHER),
        ("00010000", "00000000", ErrorWord.NO_REQUESTED_DATA),
        ("04000503", "0000", ErrorWord.NOT_AUTHORISED),
        ("04000C03", "00000000", ErrorWord.NOT_AUTHORISED),
        ("04FF0000", "00", ErrorWord.NO_REQUESTED_DATA),
        ("04000201", "15", ErrorWord.YEAR_ZONES_EXCEEDED),
        ("04000203", "15", ErrorWord.DAY_SLOTS_EXCEEDED),
        ("04000204", "64", ErrorWord.TARIFF_COUNT_EXCEEDED),
        ("04010000", "010101" * 15, ErrorWord.YEAR_ZONES_EXCEEDED),
        ("04010001", "010001" * 15, ErrorWord.DAY_SLOTS_EXCEEDED),
        ("04010001", "050000", ErrorWord.TARIFF_COUNT_EXCEEDED),  # it has four
        ("04000101", "05321326", ErrorWord.OTHER),  # the 32nd of month 13
        ("04000102", "FFFFFF", ErrorWord.OTHER),
    ],
)
def test_what_cannot_be_written(identifier: str, value: str, refused: ErrorWord) -> None:
    bench = Bench(OPEN)
    before = bench.raw(identifier)
    assert error(bench.ask(write(ADDRESS, identifier, bytes.fromhex(value), BY))) == refused
    if identifier != "04000102":
        assert bench.raw(identifier) == before
    assert bench.value("03300000") == 0


def test_wrong_passwords_lock_their_level_for_a_while() -> None:
    bench = Bench(OPEN)
    for _ in range(TRIES):
        bench.ask(write(ADDRESS, PERIOD, b"\x30", WRONG))
    assert error(bench.ask(write(ADDRESS, PERIOD, b"\x30", BY))) == ErrorWord.NOT_AUTHORISED
    done(bench.ask(write(ADDRESS, PERIOD, b"\x30", Credentials("04", "000000"))))  # another level
    bench.wait(timedelta(seconds=LOCKED))
    done(bench.ask(write(ADDRESS, PERIOD, b"\x60", BY)))


def test_a_password_is_changed_by_its_level_or_a_higher_one() -> None:
    bench = Bench(OPEN)
    new = Password("04", "123456")
    assert error(bench.ask(set_password(ADDRESS, Password("05", "000000"), new))) == ErrorWord.NOT_AUTHORISED
    done(bench.ask(set_password(ADDRESS, Password("02", "000000"), new)), new.encode())
    assert error(bench.ask(write(ADDRESS, PERIOD, b"\x30", Credentials("04")))) == ErrorWord.NOT_AUTHORISED
    done(bench.ask(write(ADDRESS, PERIOD, b"\x30", Credentials("04", "123456"))))


def test_an_address_is_given_to_the_meter_whose_key_is_pressed() -> None:
    bench = Bench(None, ADDRESS, "000000000162")
    assert isinstance(bench.ask(write_address("000000000999")), TimedOut)
    bench.order("000000000162 key programming")
    done(bench.ask(write_address("000000000999")))
    assert [device.address for device in bench.line.devices] == [ADDRESS, "000000000999"]


def test_a_freeze_at_once_and_by_the_clock() -> None:
    bench = Bench(Built(energy=7_000_000))
    done(bench.ask(freeze(address=ADDRESS)))
    assert bench.value("05010001").text == "2026-11-20 12:00"  # type: ignore[union-attr]
    assert bench.values("05010101") == [7_000_000, 0, 0, 7_000_000, 0]
    assert bench.raw("05010102") == bench.raw("05010100") == b""
    assert isinstance(bench.ask(freeze("99-99 99:02")), Sent)
    bench.wait(timedelta(hours=2))
    assert bench.value("05000002").text == "2026-11-20 12:02"  # type: ignore[union-attr]
    assert bench.values("0504FF02")[0].text == "2026-11-20 13:00"  # type: ignore[union-attr]
    for moment in ("12-99 99:99", "99-32 00:00", "99-01 24:00"):
        assert error(bench.ask(freeze(moment, ADDRESS))) == ErrorWord.OTHER


def test_another_rate_holds_after_the_answer() -> None:
    bench = Bench(Built(baud=2400))
    bench.speed = 2400
    assert bench.value("04000703") == 0x08
    done(bench.ask(set_baud(ADDRESS, 0x20)), b"\x20")
    assert isinstance(bench.ask(read(ADDRESS, "00010000")), TimedOut)
    bench.speed = 9600
    assert bench.value("04000703") == 0x20
    event = bench.ask(Request(ADDRESS, 0x17, besides=b"\x30"))
    assert error(event) == ErrorWord.BAUD_CANNOT_CHANGE


def test_a_meter_that_hears_any_rate_does_so_after_a_change_too() -> None:
    bench = Bench()
    bench.speed = 9600
    done(bench.ask(set_baud(ADDRESS, 0x08)), b"\x08")
    assert bench.value("04000703") == 0x08


def test_demand_is_cleared_and_what_it_was_comes_in_two_frames() -> None:
    bench = Bench(OPEN)
    bench.wait(timedelta(minutes=20), FULL)
    assert bench.value("01010000")[0] == 36_000_000  # type: ignore[index]
    assert error(bench.ask(clear_demand(ADDRESS, Credentials("04")))) == ErrorWord.NOT_AUTHORISED
    done(bench.ask(clear_demand(ADDRESS, BY)))
    assert bench.value("01010000")[0] == 0  # type: ignore[index]
    event = bench.ask(read(ADDRESS, "03300201"))
    assert isinstance(event, Reply)
    assert (len(event.data), event.frames) == (202, 2)
    record = bench.value("03300201")
    assert isinstance(record, tuple)
    assert record[2][0] == 36_000_000  # type: ignore[index]


@pytest.mark.parametrize(("part", "frames"), [(1, 202), (100, 3), (195, 2)])
def test_how_much_goes_into_a_frame(part: int, frames: int) -> None:
    event = Bench(Built(part=part)).ask(read(ADDRESS, "03300201"))
    assert isinstance(event, Reply)
    assert (len(event.data), event.frames) == (202, frames)


def test_a_meter_is_cleared() -> None:
    bench = Bench(Built(energy=7_000_000, unlocked=True))
    bench.order("cover open")
    done(bench.ask(clear_meter(ADDRESS, BY)))
    assert bench.value("00010000") == 0
    assert bench.value("03300D00") == 0
    assert bench.value("03300100") == 1
    assert bench.value("03300101")[2] == 7_000_000  # type: ignore[index]


def test_events_are_cleared_by_kind_or_all() -> None:
    bench = Bench(OPEN)
    for cover in ("cover", "terminal-cover"):
        bench.order(f"{cover} open")
    done(bench.ask(clear_events(ADDRESS, BY, "03300DFF")))
    assert (bench.value("03300D00"), bench.value("03300E00")) == (0, 1)
    done(bench.ask(clear_events(ADDRESS, BY)))
    assert (bench.value("03300E00"), bench.value("03300300")) == (0, 2)
    assert [bench.value(f"0330030{back}")[2] for back in (1, 2)] == [None, "03300DFF"]  # type: ignore[index]
    assert error(bench.ask(clear_events(ADDRESS, BY, "03FE00FF"))) == ErrorWord.NO_REQUESTED_DATA


def test_the_terminal() -> None:
    bench = Bench()
    done(bench.ask(terminal_signal(2, ADDRESS)), b"\x02")
    assert isinstance(bench.ask(terminal_signal(1)), Sent)
    assert error(bench.ask(Request(ADDRESS, 0x1D, besides=b"\x07"))) == ErrorWord.OTHER


@pytest.mark.parametrize(
    ("shows", "told", "follows"),
    [
        ("12:00:30", "12:04:00", True),
        ("12:00:30", "11:57:00", True),
        ("12:00:30", "12:06:00", False),  # more than 5 minutes
        ("23:56:00", "23:57:00", False),  # near midnight
        ("00:04:00", "00:03:00", False),
    ],
)
def test_a_broadcast_time(shows: str, told: str, follows: bool) -> None:
    hour, minute, second = map(int, shows.split(":"))
    bench = Bench(shows=NOON.replace(hour=hour, minute=minute, second=second))
    assert isinstance(bench.ask(broadcast_time(f"2026-11-20 {told}")), Sent)
    shown = str(bench.value("04000102").text)  # type: ignore[union-attr]
    assert (shown[:5] == told[:5]) is follows
    if follows:  # once a day
        bench.ask(broadcast_time("2026-11-20 12:01:30"))
        assert bench.value("04000102").text[:5] == told[:5]  # type: ignore[union-attr]
    assert bench.value("03300400") == 0  # broadcasts are not recorded


def test_no_broadcast_near_a_settlement() -> None:
    bench = Bench(shows=NOON.replace(day=1, hour=9, minute=57))
    bench.order("power on")
    assert bench.meter.parameters.write("04000B01", bytes.fromhex("1001")) is None
    bench.ask(broadcast_time("2026-11-01 09:58:30"))
    assert bench.value("04000102").text[:5] == "09:57"  # type: ignore[union-attr]


def test_the_clock_is_set_and_that_is_recorded() -> None:
    bench = Bench(OPEN)
    done(bench.ask(write(ADDRESS, "0400010C", bytes.fromhex("00000001 010127"), BY)))
    assert bench.value("04000101").text == "2027-01-01"  # type: ignore[union-attr]
    done(bench.ask(write(ADDRESS, "04000102", bytes.fromhex("304523"), BY)))
    assert bench.value("0400010C").text == "2027-01-01 23:45:30"  # type: ignore[union-attr]
    assert bench.value("03300400") == 2
    assert bench.value("03300402")[1].text[:16] == "2026-11-20 12:00"  # type: ignore[index, union-attr]


def test_the_load_profile_by_number_and_time() -> None:
    bench = Bench(Built(alternating=True))
    assert bench.raw("06000002") == b""
    bench.wait(timedelta(hours=1))
    latest = bench.raw("06000002")
    assert latest.startswith(bytes.fromhex("A0A0"))
    assert latest.endswith(b"\xe5")
    assert latest[2] == len(latest) - 5
    assert latest[3:8] == bytes.fromhex("0013201126")
    assert sum(latest[:-2]) & 0xFF == latest[-2]
    event = bench.ask(load_profile(ADDRESS, "06000001", 2, "2026-11-20 12:30"))
    assert isinstance(event, Reply)
    assert event.data[3:8] == bytes.fromhex("3012201126")
    assert (len(event.data), event.frames) == (2 * len(latest), 2)
    assert len(bench.raw("06010000", b"\x03")) == 3 * (3 + 5 + 17 + 6 + 2)


def test_the_edition_of_1997() -> None:
    bench = Bench(Built(editions=frozenset({Edition.DLT645_1997}), energy=5_000_000, unlocked=True))
    assert isinstance(bench.ask(read_address()), TimedOut)
    assert isinstance(bench.ask(read(ADDRESS, "00010000")), TimedOut)
    assert bench.value("9010") == 5_000_000
    done(bench.ask(read_again(ADDRESS, "9010")), b"\x00\x05\x00\x00")
    done(bench.ask(write_1997(ADDRESS, "C011", bytes.fromhex("000018"), Password("02", "000000"))))
    assert bench.value("C011").text == "18:00:00"  # type: ignore[union-attr]
    refused = bench.ask(write_1997(ADDRESS, "C0FF", b"", Password("02", "000000")))
    assert isinstance(refused, Refused)
    assert refused.has_none
    done(
        bench.ask(set_password_1997(ADDRESS, Password("02", "000000"), Password("02", "777777"))),
        bytes.fromhex("02777777"),
    )
    done(bench.ask(clear_demand_1997(ADDRESS)))
    done(bench.ask(write_address("000000000777", ADDRESS, Edition.DLT645_1997)))
    assert bench.meter.address == "000000000777"


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([OPEN, Built(unlocked=True, esam=True, editions=BOTH, profile="yada_dc")]),
    st.lists(st.tuples(st.integers(0, 0x7F), st.binary(max_size=30), st.booleans()), max_size=20),
)
def test_whatever_it_is_told_it_goes_on(built: Built, story: list[tuple[int, bytes, bool]]) -> None:
    bench = Bench(built)
    for control, data, proven in story:
        body = data[:4] + BY.encode() + data[4:] if proven else data
        bench.line.receive(Frame(bench.meter.address, control, body).encode(), bench.now)
        bench.wait(timedelta(seconds=30))
    address = bench.meter.address
    bench.speed = bench.meter.baud
    assert isinstance(bench.ask(read(address, "04000401")), Reply)
    assert bench.value("00010000") == 0


def test_a_meter_of_2007_is_silent_in_1997() -> None:
    assert isinstance(Bench().ask(read(ADDRESS, "9010")), TimedOut)
    both = Bench(Built(editions=BOTH))
    assert both.value("9010") == both.value("00010000") == 0
