"""Violations: none on a clean recording, each kind on one that has it, with side and clause."""

from collections.abc import Callable

import pytest
from tests.gbt27930.bus import BMV, acknowledgement, cts, frame, packet, rts
from tests.trace.recorded import Recording, analysed
from tests.trace.scripted import BATTERY, HANDSHAKE, RECOGNITION, Script, charging, orderly, scripted

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.transport import Frame
from chargelink.trace.sessions.model import Session, Severity, Side, Violation
from chargelink.trace.sessions.violations import MOST, MOST_EXAMPLES, Kind, Violations, side_of

CHARGER, VEHICLE, BUS, UNKNOWN = Side.CHARGER, Side.VEHICLE, Side.BUS, Side.UNKNOWN
TEST_SAYS_SO = {("contradiction", "BSD"), ("contradiction", "CSD")}  # its messages are always the same


def only(recording: Recording) -> Session:
    (session,) = analysed(recording)
    return session


def changed(word: str, change: Callable[[Frame], Frame], script: Script | None = None) -> Recording:
    """A recording in which each frame of a message is another."""
    identifier = BY_NAME[word].identifier
    return [(at, change(one) if one.identifier == identifier else one) for at, one in scripted(script or orderly())]


def slower(name: str, factor: float) -> Recording:
    """A message that comes at another period while the vehicle charges."""
    identifier = BY_NAME[name].identifier
    rest = [(at, one) for at, one in scripted(charging(20)) if one.identifier != identifier]
    sample = next(one for _, one in scripted(charging(20)) if one.identifier == identifier)
    period = BY_NAME[name].period / 1000 * factor
    own = [(3.5 + number * period, sample) for number in range(int(16 / period))]
    return sorted([*rest, *own], key=lambda timed: timed[0])


def silent(name: str, begin: float, end: float) -> Recording:
    identifier = BY_NAME[name].identifier
    return [
        (at, one) for at, one in scripted(charging(20)) if one.identifier != identifier or not begin < at < end
    ]  # fmt: skip


def padded(one: Frame) -> Frame:
    return Frame(one.identifier, one.data.ljust(8, b"\0"))


def early(word: str, at: float) -> Recording:
    return sorted([*scripted(orderly()), (at, frame(word))], key=lambda timed: timed[0])


SEEN: dict[tuple[str, str, Side], Recording] = {
    ("period", "CCS", CHARGER): slower("CCS", 1.4),
    ("period", "BCL", VEHICLE): slower("BCL", 0.5),
    ("gap", "CCS", CHARGER): silent("CCS", 10.0, 11.5),
    ("gap", "BCL", VEHICLE): silent("BCL", 10.0, 11.5),
    ("hole", "", UNKNOWN): [timed for timed in scripted(charging(20)) if not 10.0 < timed[0] < 13.0],
    ("length", "BCL", VEHICLE): changed("BCL", padded),
    ("priority", "CCS", CHARGER): changed("CCS", lambda one: Frame(one.identifier & 0x3FFFFFF, one.data)),
    ("short", "CCS", CHARGER): changed("CCS", lambda one: Frame(one.identifier, one.data[:4])),
    ("range", "CCS", CHARGER): changed("CCS", lambda one: Frame(one.identifier, b"\xf0\xff" + one.data[2:])),
    ("implausible", "CML", CHARGER): changed("CML", lambda one: Frame(one.identifier, bytes(4) + one.data[4:])),
    ("padding", "BSM", VEHICLE): changed("BSM", lambda one: Frame(one.identifier, one.data[:6] + b"\x10")),
    ("packet-padding", "BCS", VEHICLE): [
        (at, one._replace(data=one.data[:3] + bytes(5)) if one.data[:1] == b"\x02" and at > 4 else one)
        for at, one in scripted(charging(6))
    ],
    ("not-transported", "BCP", VEHICLE): early("1C0656F4#BE80FA0010270A0F", 1.55),
    ("sequence", "CCS", CHARGER): early("1812F456#A510D80E0000FD", 2.0),
    ("sequence", "BRO", VEHICLE): early("100956F4#00", 3.0),
    ("too-early", "CRM", CHARGER): scripted(HANDSHAKE | {"CRM(00)": [(1.0, 1.4)], "CRM(AA)": [(1.4, 1.9)]}),
    ("too-early", "CRO", CHARGER): scripted(charging(20, {"BRO(AA)": [(3.05, 3.2)]})),
    ("too-early", "BCL", VEHICLE): scripted(charging(20, {"CRO(AA)": [(3.4, 3.5)]})),
    ("timeout-missed", "CRM", CHARGER): scripted(HANDSHAKE | {"BHM": [(0.25, 8.0)], "CRM(00)": [(1.0, 8.0)]}),
    ("timeout-missed", "CCS", CHARGER): scripted(charging(20, {"BCL": [(3.3, 15.0)]})),
    ("timeout-missed", "BCL", VEHICLE): scripted(charging(20, {"CCS": [(3.5, 15.0)], "CST:manual_stop": [(19, 19.2)]})),
    ("timeout-missed", "CST", CHARGER): scripted(charging(20, {"CST:manual_stop": [(20.0, 28.0)]})),
    ("ignored", "CCS", CHARGER): scripted(charging(20, {
        "BST:soc_target_reached": [(15.0, 20.0)], **{name: [(3.3, 15.0)] for name in BATTERY}})),
    ("ignored", "CRM", CHARGER): scripted(
        HANDSHAKE | RECOGNITION | {"CRM(AA)": [(1.4, 9.0)], "BCP": [(1.5, 9.0)]}),
    ("timeout-premature", "BEM", VEHICLE): scripted(charging(20, {"BEM:ccs_timeout": [(20.0, 21.0)]})),
    ("stale", "BEM", VEHICLE): scripted(orderly() | {"BEM:ccs_timeout": [(0.5, 1.3)]}),
    ("unanswered", "BRM", CHARGER): scripted(HANDSHAKE | RECOGNITION, unanswered=["BRM"]),
    ("abort", "BRM", VEHICLE): early("1CEC56F4#FFFFFFFFFF000200", 1.101),
    ("retry", "BRM", VEHICLE): early("1CEC56F4#10310007FF000200", 1.099),
    ("incomplete", "BCS", BUS): [timed for timed in scripted(charging(20)) if timed[1].data[:1] != b"\x02"],
    ("transport", "", UNKNOWN): early("1CEB56F4#0501020304050607", 0.9),
    ("contradiction", "BCL", VEHICLE): changed("BCL", lambda one: Frame(one.identifier, b"\x88\x13" + one.data[2:])),
}  # fmt: skip


def test_a_clean_recording_has_none() -> None:
    found = only(scripted(orderly())).violations
    assert {(one.code, one.message) for one in found} <= TEST_SAYS_SO


@pytest.mark.parametrize(("code", "message", "whose"), SEEN, ids=lambda value: str(value))
def test_seen(code: str, message: str, whose: Side) -> None:
    found = only(SEEN[code, message, whose]).violations
    seen = [one for one in found if (one.code, one.message) == (code, message)]
    assert len(seen) >= 1, [(one.code, one.message, one.text.english) for one in found]
    for one in seen:
        assert one.whose is whose
        assert one.text.english
        assert one.text.chinese
        assert "{" not in one.text.english + one.text.chinese
        assert one.clause or not message
        assert one.count >= 1
        assert len(one.examples) <= MOST_EXAMPLES


def test_the_worst_comes_first() -> None:
    found = only(SEEN["timeout-missed", "CCS", CHARGER]).violations
    assert [one.severity for one in found] == sorted((one.severity for one in found), key=[*Severity].index)
    assert found[0].severity is Severity.FAULT


def test_a_date_that_nobody_charges_by_is_a_remark() -> None:
    def of_2084(one: Frame) -> Frame:
        return Frame(one.identifier, bytes((3, *one.data[1:3], 99, *one.data[4:]))) if one.data[0] == 3 else one

    recording = [(at, of_2084(one) if one.identifier == 0x1CEB56F4 else one) for at, one in scripted(charging(20))]
    found = [one for one in only(recording).violations if (one.code, one.message) == ("range", "BRM")]
    assert [one.severity for one in found] == [Severity.REMARK]


def test_many_become_one_with_first_last_and_count() -> None:
    (found,) = [one for one in only(changed("BCL", padded)).violations if one.code == "length"]
    assert found.count > 300
    assert found.first == pytest.approx(3.3)
    assert found.last == pytest.approx(19.95)
    assert found.examples[0].frame == "181056F4#0410B80B02000000"
    assert "8" in found.text.english


def test_a_period_is_judged_from_where_the_message_begins() -> None:
    (found,) = [one for one in only(slower("CCS", 1.4)).violations if one.code == "period"]
    assert found.first == pytest.approx(3.5)
    assert found.severity is Severity.REMARK  # good chargers do so
    (slow,) = [one for one in only(slower("CCS", 1.6)).violations if one.code == "period"]
    assert slow.severity is Severity.VIOLATION
    assert "every 70 ms, not every 50 ms" in found.text.english


def test_the_longest_silence_is_told() -> None:
    recording = [timed for timed in silent("CCS", 10.0, 11.5) if timed[1].identifier != 0x1812F456
                 or not 15.0 < timed[0] < 17.5]  # fmt: skip
    (found,) = [one for one in only(recording).violations if one.code == "gap"]
    assert found.count == 2
    assert "2.50" in found.text.english


def test_lost_frames_are_counted_by_side() -> None:
    clean = only(scripted(charging(20))).counts
    assert (clean.lost_charger, clean.lost_vehicle) == (0, 0)
    every_tenth = [timed for number, timed in enumerate(scripted(charging(20)))
                   if timed[1].identifier != 0x1812F456 or number % 10]  # fmt: skip
    lost = len(scripted(charging(20))) - len(every_tenth)
    counts = only(every_tenth).counts
    assert counts.lost_charger == pytest.approx(lost, rel=0.2)
    assert counts.lost_vehicle == 0


def test_who_sends_more_often_than_it_has_to_loses_nothing() -> None:
    hasty = [(at + 0.01, one) for at, one in slower("CCS", 1.0) if one.identifier == 0x1812F456 and at % 1 > 0.4]
    counts = only(sorted([*scripted(charging(20)), *hasty], key=lambda timed: timed[0])).counts
    assert counts.lost_charger == 0


def test_a_message_that_waited_for_another_transfer_is_not_lost() -> None:
    cells = bytes(range(1, 253))
    sent = [rts(BMV, 252), cts(BMV, 36, 1), *(packet(cells, number) for number in range(1, 37))]
    sent.append(acknowledgement(BMV, 252))
    starts = [6.0, 9.0, 12.0, 15.0]
    cells_told = [(start + 0.014 * place, one) for start in starts for place, one in enumerate(sent)]
    others = scripted(charging(20, {"BCS": [(3.3, 6.0), *((start + 0.6, start + 3.0) for start in starts)]}))
    counts = only(sorted([*others, *cells_told], key=lambda timed: timed[0])).counts
    assert counts.messages["BMV"] == len(starts)
    assert counts.lost_vehicle == 0


@pytest.mark.parametrize("times", [lambda at: None, lambda at: 1_700_000_000.0], ids=["none", "all the same"])
def test_without_time_only_what_needs_none_is_judged(times: Callable[[float], float | None]) -> None:
    recording = [(times(at), one) for at, one in slower("CCS", 3.0)]
    (session,) = analysed(recording)
    assert not session.timed
    assert session.seconds is None
    assert {one.code for one in session.violations} <= {"contradiction"}


def test_a_coarse_clock_is_no_violation() -> None:
    """Tables of Chinese CAN tools have tenths of a second."""
    session = only([(round(at, 1), one) for at, one in scripted(orderly())])
    assert {(one.code, one.message) for one in session.violations} <= TEST_SAYS_SO


def test_a_side_that_is_not_recorded_is_not_blamed() -> None:
    only_vehicle = [timed for timed in scripted(orderly()) if timed[1].identifier & 0xFF == 0xF4]
    found = only(only_vehicle).violations
    assert {one.whose for one in found} <= {VEHICLE, BUS}
    assert not {one.code for one in found} & {"too-early", "timeout-missed", "unanswered"}


def test_violations_are_bounded() -> None:
    violations = Violations()
    kind = Kind("any", Severity.REMARK, None, Text("{message} {number}", "{message} {number}"))
    for number in range(MOST * 3):
        violations.add(kind, "CCS", side_of("CCS"), 0.0, detail=number, number=number)
    found: tuple[Violation, ...] = violations.result("2015", None)
    assert len(found) == MOST
    assert violations.omitted == 2 * MOST
