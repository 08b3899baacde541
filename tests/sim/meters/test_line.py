"""Several meters on one pair of wires, and everything that can be wrong with one of them."""

import re
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.meters.bench import ADDRESS, Bench

from chargelink.dlt645 import Defect, Noise, Received, Scanner
from chargelink.dlt645.master import Reply, TimedOut, Unsolicited
from chargelink.dlt645.request import read, read_address
from chargelink.dlt645.timing import BITS
from chargelink.sim.cable import Probe
from chargelink.sim.meters.device import Built
from chargelink.sim.meters.faults import FAULTS, LEAP, Declared
from chargelink.sim.meters.hands import ORDERS
from chargelink.sim.meters.line import USUAL_BAUD

OTHER = "000000000172"
ENERGY = read(ADDRESS, "00010000")


def with_faults(*names: str, retries: int = 0) -> Bench:
    return Bench(Built(energy=5_000_000, faults=[Declared.parse(name) for name in names]), retries=retries)


def test_each_meter_answers_for_itself() -> None:
    bench = Bench(None, ADDRESS, OTHER)
    bench.line.devices[1].measure(Probe(100_000, 1_000), bench.now)
    for address, voltage in ((ADDRESS, 0), (OTHER, 100_000)):
        event = bench.ask(read(address, "02010100"))
        assert isinstance(event, Reply)
        assert event.address == address
        assert event.readings().readings[0].value == voltage


def test_two_that_answer_at_once_are_heard_as_one_damaged_frame() -> None:
    bench = Bench(None, ADDRESS, OTHER)
    assert isinstance(bench.ask(read_address()), TimedOut)
    (defect,) = (event for event in bench.events if isinstance(event, Defect))
    assert "checksum" in defect.reason.english
    found = bench.ask(read("AAAAAAAAAA72", "04000401"))  # abbreviated so far that only one is meant
    assert isinstance(found, Reply)
    assert found.address == OTHER


def test_where_both_say_the_same_nobody_can_tell() -> None:
    assert isinstance(Bench(None, ADDRESS, ADDRESS).ask(read_address()), Reply)


def test_bytes_take_their_time() -> None:
    bench = Bench()
    begun = bench.now
    bench.ask(ENERGY)
    assert bench.now - begun == pytest.approx(0.02 + 24 * BITS / USUAL_BAUD)


def test_a_meter_that_is_asked_while_it_answers_goes_on_behind_it() -> None:
    bench = Bench()
    for wait in (0.0, 0.021, 0.1):
        bench.wait(timedelta(seconds=wait))
        bench.line.receive(ENERGY.frame().encode(), bench.now)
    settle(bench)
    heard = Scanner().receive(bench.line.data_to_send(), bench.now)
    assert [type(event) for event in [*bench.strays, *heard]] == [Unsolicited, Unsolicited, Received]


def test_a_meter_hears_its_own_rate_only() -> None:
    bench = Bench(Built(baud=2400))
    for speed, heard in ((9600, TimedOut), (2400, Reply), (None, Reply)):
        bench.speed = speed
        assert isinstance(bench.ask(ENERGY), heard)


def test_a_late_answer_is_legal() -> None:
    assert isinstance(with_faults("late").ask(ENERGY), Reply)


def test_an_answer_that_comes_too_late_answers_nothing() -> None:
    bench = with_faults("late-answer")
    assert isinstance(bench.ask(ENERGY), TimedOut)
    bench.wait(timedelta(seconds=5))
    (stray,) = bench.strays
    assert stray.frame.data[:4] == bytes.fromhex("00000100")


@pytest.mark.parametrize("name", ["mute", "deaf"])
def test_silence(name: str) -> None:
    bench = with_faults(name)
    assert isinstance(bench.ask(ENERGY), TimedOut)
    assert len(bench.events) == 1


@pytest.mark.parametrize("name", ["echo", "noise"])
def test_what_a_master_sees_through(name: str) -> None:
    bench = with_faults(name)
    for _ in range(20):
        assert isinstance(bench.ask(ENERGY), Reply)
    assert bench.master.echoes == (20 if name == "echo" else 0)
    assert bool(bench.master.noise_bytes) is (name == "noise")


@pytest.mark.parametrize("name", ["wrong-checksum", "collision", "parity", "cut-frame"])
def test_a_damaged_answer_is_none(name: str) -> None:
    bench = with_faults(name)
    for _ in range(10):
        assert isinstance(bench.ask(ENERGY), TimedOut)
    assert any(isinstance(event, Defect | Noise) for event in bench.events)


def test_without_parity_the_preamble_survives_and_the_header_does_not() -> None:
    seen = FAULTS["parity"].answers
    assert seen is not None
    answer = bytes.fromhex("FEFEFEFE 68 61 01 00 91 33")
    assert seen(answer, Random(1)) == bytes.fromhex("FEFEFEFE 68 61 01 00 91 00")


@pytest.mark.parametrize("name", ["wrong-address", "wrong-di"])
def test_an_answer_of_another_is_none(name: str) -> None:
    bench = with_faults(name)
    assert isinstance(bench.ask(ENERGY), TimedOut)
    assert len(bench.strays) == 1


def test_a_register_that_leaps_and_one_that_stands_still() -> None:
    bench = with_faults("register-leap@5", "register-stuck@10+100")
    assert bench.value("00010000") == 5_000_000
    bench.wait(timedelta(seconds=11))
    leapt = 5_000_000 + LEAP
    assert bench.value("00010000") == leapt
    bench.wait(timedelta(seconds=50), Probe(400_000, 90_000))
    assert bench.value("00010000") == leapt
    bench.order("mend register-stuck")
    bench.wait(timedelta(seconds=100), Probe(400_000, 90_000))
    assert bench.value("00010000") == leapt + 1_000_000


def test_faults_come_and_go() -> None:
    bench = with_faults("mute@2+3")
    heard = []
    for _ in range(8):
        heard.append(isinstance(bench.ask(ENERGY), Reply))
        bench.now = round(bench.now) + 1.0
    assert heard == [True, True, False, False, True, True, True, True]
    assert bench.order("fault mute") == "ok"
    assert isinstance(bench.ask(ENERGY), TimedOut)
    assert bench.order("mend") == "ok"
    assert isinstance(bench.ask(ENERGY), Reply)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_and_leaves_nothing_behind(name: str) -> None:
    bench = with_faults(name, retries=1)
    bench.ask(ENERGY)
    bench.order("mend")
    bench.wait(timedelta(seconds=10))
    assert isinstance(bench.ask(ENERGY), Reply)
    assert bench.line.deadline is None


@pytest.mark.parametrize("text", ["", "x", "mute@x", "mute@1+x", "@1", "mute@nan", "mute@-1", "mute@1+inf"])
def test_what_is_no_fault(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Declared.parse(text)


def settle(bench: Bench) -> None:
    """Let the line do all that it has begun."""
    while (due := bench.line.deadline) is not None:
        bench.now = max(bench.now, due)
        bench.line.tick(bench.now)


@settings(max_examples=40)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(sorted(FAULTS))), max_size=12))
def test_whatever_comes_a_line_is_quiet_again_soon_and_holds_little(story: list[bytes | str]) -> None:
    bench = Bench(None, ADDRESS, OTHER)
    scanner = Scanner()
    for thing in story:
        if isinstance(thing, str):
            bench.order(f"fault {thing}@0+1")
        else:
            bench.line.receive(thing * 50, bench.now)
            bench.line.receive(ENERGY.frame().encode(), bench.now)
    patience = bench.now + 60
    settle(bench)
    assert bench.now < patience
    bench.line.data_to_send()
    bench.wait(timedelta(seconds=2))
    bench.line.receive(ENERGY.frame().encode(), bench.now)
    settle(bench)
    (event,) = scanner.receive(bench.line.data_to_send(), bench.now)
    assert isinstance(event, Received)


def test_the_documentation_names_every_fault_and_order() -> None:
    page = (Path(__file__).parents[3] / "docs/simulators.md").read_text("utf-8")
    for name, fault in FAULTS.items():
        assert f"| `{name}` | {fault.meaning.english} | {fault.meaning.chinese} |" in page
    for name, order in ORDERS.items():
        written = order.written.replace("|", "` or `")
        assert f"| `{name}` | `{written}` | {order.meaning.english} | {order.meaning.chinese} |" in page
