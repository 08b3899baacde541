"""The cut-offs, as data. The first that trips, in this order within one evaluation, is the first-out.

Sources: GB/T 18487.1-2015 and GB/T 34657.1-2025 as public test programmes check them; "own" marks a default of ours.
"""

from enum import Enum, StrEnum
from typing import NamedTuple

MS = 1_000_000  # ns

INPUTS_AGE = 50  # ms; ten missed, so that blindness and its noticing (10 ms) and the release (30 ms) stay under 100 ms
FACTS_AGE = 500  # ms
PULSE_AGE = 45  # ms; the one-shot lets go at 50: what it opened must not be closed again by the next pulse

STOP_WITHIN = 1000 * MS  # S1: from the beginning of the cause to the open contactor
RELEASE = 100 * MS  # of which the contactor's release and the wires may take
STOP_CURRENT = 5_000  # mA; K1/K2 open at 5 A or less (GB/T 18487.1-2015 B.3.7)
SAFE_VOLTAGE = 60_000  # mV; a latch of the cabinet is reset below it


class Action(StrEnum):
    """What a trip does, the stronger first."""

    S0 = "S0"  # contactor open and modules off at once, open within 100 ms
    S1 = "S1"  # modules off, contactor open at 5 A or when the second is over


class Latch(StrEnum):
    """Who resets it."""

    CABINET = "L0"  # a person at the cabinet: cause gone, contactor open, output below 60 V, no charging wanted
    SESSION = "L1"  # with the end of the session: cause gone, contactor open, no charging wanted


class Watch(Enum):
    """When it latches. While no permit is given, any rule that holds withholds it."""

    ALWAYS = "always"
    PERMIT = "permit"


class Rule(NamedTuple):
    """One cut-off: `signal condition threshold` for longer than the delay, or the signal unknown for as long."""

    id: str  # of the cut-off catalogue
    name: str
    chinese: str
    signal: str  # a key of evaluate.SIGNALS
    condition: str  # a key of evaluate.CONDITIONS
    threshold: int
    unit: str
    on_delay: int  # ms
    maximum_age: int | None  # ms; an older input leaves the signal unknown. None: this rule is about age itself
    action: Action
    latch: Latch
    watch: Watch
    reset: str
    source: str
    test: str  # name of the test of its threshold and delay


RULES: tuple[Rule, ...] = (
    Rule(
        id="DC-X01",
        name="overrun",
        chinese="安全进程超时",
        signal="pulse_age",
        condition="above",
        threshold=PULSE_AGE,
        unit="ms",
        on_delay=0,
        maximum_age=None,
        action=Action.S0,
        latch=Latch.SESSION,
        watch=Watch.PERMIT,
        reset="pulses again in time, session ended",
        source="own, from the one-shot's 50 ms",
        test="test_overrun",
    ),
    Rule(
        id="DC-X08",
        name="stale-input",
        chinese="安全输入失效",
        signal="inputs_age",
        condition="above",
        threshold=INPUTS_AGE,
        unit="ms",
        on_delay=0,
        maximum_age=None,
        action=Action.S0,
        latch=Latch.SESSION,
        watch=Watch.PERMIT,
        reset="inputs fresh, session ended",
        source="own, from the 100 ms of GB/T 18487.1-2015 B.3.7",
        test="test_stale_input",
    ),
    Rule(
        id="DC-X02",
        name="stale-daemon",
        chinese="控制进程失联",
        signal="facts_age",
        condition="above",
        threshold=FACTS_AGE,
        unit="ms",
        on_delay=0,
        maximum_age=None,
        action=Action.S1,
        latch=Latch.SESSION,
        watch=Watch.PERMIT,
        reset="facts fresh, session ended",
        source="own",
        test="test_stale_daemon",
    ),
    Rule(
        id="DC-E01",
        name="estop",
        chinese="急停",
        signal="e_stop",
        condition="set",
        threshold=0,
        unit="",
        on_delay=0,  # the input board debounces; a second wait here would only be a delay
        maximum_age=INPUTS_AGE,
        action=Action.S0,
        latch=Latch.CABINET,
        watch=Watch.ALWAYS,
        reset="button released at the cabinet, output below 60 V, session ended",
        source="GB/T 34657.1-2025, NB/T 33008.1-2018 5.4.7: open within 100 ms",
        test="test_estop",
    ),
    Rule(
        id="DC-V01",
        name="over-voltage",
        chinese="输出过压",
        signal="over_limit",
        condition="above",
        threshold=2_000,
        unit="mV",
        on_delay=200,
        maximum_age=FACTS_AGE,
        action=Action.S1,
        latch=Latch.SESSION,
        watch=Watch.PERMIT,
        reset="voltage back below, session ended (re-plug)",
        source="GB/T 18487.1-2015 B.3.7.6: stop within 1 s; margin and delay own",
        test="test_over_voltage",
    ),
)

UNCLEAN_START = Rule(
    id="DC-X09",
    name="unclean-start",
    chinese="异常断电或未投运",
    signal="mark",
    condition="set",
    threshold=0,
    unit="",
    on_delay=0,
    maximum_age=None,
    action=Action.S0,
    latch=Latch.CABINET,
    watch=Watch.ALWAYS,
    reset="contactor open, output below 60 V",
    source="GB/T 18487.1-2015 B.4.3: no resumption after a loss of power",
    test="test_unclean_start",
)
"""Not evaluated: it is latched at the start where the mark on disk is missing, torn, or says anything but clear."""
