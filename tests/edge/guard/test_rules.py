"""Every rule at its threshold and at its delay, with time as an argument; and the table itself."""

from pathlib import Path

import pytest
from tests.edge.guard.told import CLOSED, E_STOP, KNOWN, LOCKED, MS, WANTED, Bench, charging

from chargelink.edge.guard.evaluate import CONDITIONS, SIGNALS, Seen, evaluate
from chargelink.edge.guard.rules import RULES, UNCLEAN_START, Action, Rule, Watch

CATALOGUE = (*RULES, UNCLEAN_START)
SAFETY = Path(__file__).parents[3] / "docs" / "safety.md"


def test_estop() -> None:
    bench = charging()
    bench.bits |= E_STOP
    bench.step()
    assert bench.rules == ["estop"]
    assert bench.said[-1] == (bench.now, b"O")


@pytest.mark.parametrize(("outside", "trips"), [(402_000, False), (402_001, True)])
def test_over_voltage(outside: int, trips: bool) -> None:
    bench = charging()
    bench.outside = outside
    bench.step()
    bench.run(200 - 1)
    assert not bench.rules
    bench.run(1)
    assert bench.rules == (["over-voltage"] if trips else [])


def test_over_voltage_that_chatters_does_not_hide() -> None:
    """Three quarters of the time above: the delay runs up 3 and down 1, and is over after twice itself."""
    bench = charging()
    began = bench.now
    while not bench.rules:
        bench.outside = 390_000 if bench.now // (20 * MS) % 4 == 0 else 410_000
        bench.step()
        assert bench.now - began < 500 * MS
    assert bench.now - began > 300 * MS


def test_over_voltage_against_a_limit_that_is_lost() -> None:
    bench = charging()
    bench.flags = WANTED
    bench.run(200)
    assert not bench.rules
    bench.run(1)
    assert bench.rules == ["over-voltage"]
    assert bench.guard.trips[0].values["over_limit"] is None


def test_over_voltage_is_not_asked_while_no_charging_is_wanted() -> None:
    bench = Bench()
    bench.outside, bench.flags = 1_000_000, 0
    bench.run(500)
    assert bench.guard.state == "armed"


def test_stale_daemon() -> None:
    bench = charging()
    bench.telling = False
    bench.run(500)
    assert not bench.rules
    bench.step(1)
    assert bench.rules == ["stale-daemon"]


def test_stale_input() -> None:
    bench = charging()
    bench.feeding = False
    bench.run(50)
    assert not bench.rules
    bench.step(1)
    assert bench.rules == ["stale-input"]
    assert bench.said[-1] == (bench.now, b"O")


def test_overrun() -> None:
    """It sleeps from one pulse for 45 ms, then for a nanosecond more."""
    for after, rules in ((45 * MS, []), (45 * MS + 1, ["overrun"])):
        bench = charging()
        while bench.said[-1] != (bench.now, b"P"):
            bench.step()
        bench.step(after)
        assert bench.rules == rules


def test_unclean_start() -> None:
    bench = Bench(mark=None)
    assert bench.rules == ["unclean-start"]


def test_the_evaluation_is_a_pure_function() -> None:
    bench = charging()
    seen = bench.guard._seen()
    first = evaluate(seen, None, bench.now)
    assert first == evaluate(seen, None, bench.now)
    assert evaluate(seen, first, bench.now + MS) == evaluate(seen, first, bench.now + MS)


def test_an_old_input_leaves_its_signals_unknown() -> None:
    seen = charging().guard._seen()
    for age, value in ((50 * MS, 0), (50 * MS + 1, None)):
        assert evaluate(seen, None, seen.inputs_at + age).signals["e_stop"] == value


def test_nothing_seen_is_nothing_permitted() -> None:
    nothing = evaluate(Seen(None, 0, None, None), None, 0)
    assert {f.rule.name for f in nothing.findings if f.holds} == {
        "stale-input",
        "stale-daemon",
        "estop",
        "over-voltage",
    }
    assert not nothing.clean


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_the_table(rule: Rule) -> None:
    assert rule is UNCLEAN_START or rule.signal in SIGNALS
    assert rule.condition in CONDITIONS
    assert rule.chinese
    assert rule.reset
    assert rule.source
    assert rule.threshold >= 0 <= rule.on_delay
    assert rule.action is Action.S1 or not rule.on_delay, "what opens within 100 ms does not wait"
    assert f"\ndef {rule.test}(" in Path(__file__).read_text()


def test_names_are_given_once() -> None:
    for key in ("id", "name", "test"):
        assert len({getattr(rule, key) for rule in CATALOGUE}) == len(CATALOGUE)


def test_an_input_may_be_stale_only_where_its_age_is_watched() -> None:
    assert [rule.name for rule in RULES if rule.maximum_age is None] == ["overrun", "stale-input", "stale-daemon"]
    assert all(rule.watch is Watch.PERMIT for rule in RULES if rule.maximum_age is None)


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_the_page_tells_the_table(rule: Rule) -> None:
    threshold = f"> {rule.threshold} {rule.unit}" if rule.condition == "above" else "set"
    delay = f"{rule.on_delay} ms"
    age = f"{rule.maximum_age} ms" if rule.maximum_age else "–"
    cells = [rule.id, rule.name, rule.chinese, threshold, delay, age, rule.action, rule.latch, rule.reset, rule.source]
    assert f"| {' | '.join(cells)} |" in SAFETY.read_text()


def test_charging_here_means_current_flows() -> None:
    bench = charging()
    assert bench.bits == LOCKED | CLOSED
    assert bench.flags == WANTED | KNOWN
    assert bench.current > 5_000
