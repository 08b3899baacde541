"""Sessions of recordings: our own two sides against each other, several of them, cut and hostile ones."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gbt27930.bus import BRM, VECTORS, rts
from tests.trace.recorded import Recording, Wire, analysed, good_session
from tests.trace.scripted import HANDSHAKE, charging, orderly, scripted

from chargelink.gbt27930.catalogue import MESSAGES, Edition
from chargelink.gbt27930.transport import Frame
from chargelink.trace.can_log import Kind
from chargelink.trace.sessions.analyser import MOST_CHANNELS, MOST_PAIRS, Analyser
from chargelink.trace.sessions.as_json import as_json
from chargelink.trace.sessions.curves import MOST, Recorder
from chargelink.trace.sessions.model import EnergySource, Phase, Side
from chargelink.trace.sessions.sparkline import sparkline
from chargelink.trace.sessions.terminal import Terminal, duration

ORDER = [Phase.RECOGNITION, Phase.PARAMETERS, Phase.PREPARING, Phase.CHARGING, Phase.STOPPING, Phase.STATISTICS]
IDENTIFIERS = [*(entry.identifier for entry in MESSAGES), 0x1CEC56F4, 0x1CEB56F4, 0x1CECF456, 0x1CEBF456, 0x0070F4B5]
REAL = [bytes.fromhex(raw.partition("#")[2]) for row in VECTORS for raw in row["raw"]]


@pytest.mark.parametrize("edition", list(Edition))
def test_a_good_session(edition: Edition) -> None:
    (session,) = analysed(good_session(edition))
    before = [Phase.HANDSHAKE] + ([Phase.INSULATION] if edition is Edition.OF_2015 else [])
    assert [span.phase for span in session.phases] == before + ORDER
    assert session.edition == edition.value
    assert (session.first_soc, session.last_soc) == (413, 420)
    assert (session.energy, session.energy_from) == (400_000, EnergySource.CSD)
    # 380 V x 100 A for about 30 s
    assert session.energies[EnergySource.CCS] == pytest.approx(38_000_000 * 30 / 3600, rel=0.2)
    assert (session.stop.by, session.stop.message, session.stop.causes) == (Side.CHARGER, "CST", ("manual_stop",))
    assert session.verdict.whose is Side.NOBODY
    assert session.violations == ()


def test_phases_follow_each_other_without_a_gap() -> None:
    (session,) = analysed(good_session(start=1_700_000_000.0))
    assert session.start == session.phases[0].start == 1_700_000_000.0
    for span, following in zip(session.phases, session.phases[1:], strict=False):
        assert span.start is not None
        assert span.seconds is not None
        assert span.start + span.seconds == pytest.approx(following.start)
    assert sum(span.seconds or 0.0 for span in session.phases) == pytest.approx(session.seconds)


def test_several_sessions_each_with_its_own_numbers() -> None:
    recording = [*good_session(), *good_session(start=100.0), *good_session(Edition.OF_2011, start=200.0)]
    sessions = analysed(recording)
    assert [(session.number, session.edition) for session in sessions] == [(1, "2015"), (2, "2015"), (3, "2011")]
    assert [session.energy for session in sessions] == [400_000] * 3
    assert [session.start for session in sessions] == [0.0, 100.0, 200.0]


def test_sessions_of_2011_without_chm_are_told_apart() -> None:
    """A charger of 2011 begins with CRM."""
    one = [timed for timed in scripted(orderly()) if timed[1].identifier not in (0x1826F456, 0x182756F4)]
    again = [(at + 60.0, frame) for at, frame in one]
    assert [session.stop.message for session in analysed([*one, *again])] == ["CST", "CST"]


def test_each_channel_and_each_pair_has_its_own_sessions() -> None:
    analyser = Analyser()
    for time, (identifier, data) in scripted(orderly()):
        other = identifier & 0xFFFF0000 | {0x56F4: 0x57F5, 0xF456: 0xF557}[identifier & 0xFFFF]
        analyser.take(time, "can0", identifier, data)
        analyser.take(time, "can0", other, data)
        analyser.take(time, "can1", identifier, data)
    sessions = analyser.close()
    assert {(session.channel, session.addresses) for session in sessions} == {
        ("can0", (0x56, 0xF4)),
        ("can0", (0x57, 0xF5)),
        ("can1", (0x56, 0xF4)),
    }
    assert {session.counts.frames for session in sessions} == {len(scripted(orderly()))}


@pytest.mark.parametrize("cut", range(0, 21, 2))
def test_a_recording_may_begin_anywhere(cut: int) -> None:
    """Whatever is missing at the beginning, nobody is blamed for it."""
    (session,) = analysed([timed for timed in scripted(orderly()) if timed[0] >= cut])
    assert session.whole is (cut == 0)
    assert session.verdict.code == ("orderly" if cut <= 20 else "ended-unseen")
    assert not {one.code for one in session.violations} & {"too-early", "sequence", "timeout-missed", "stale"}


@pytest.mark.parametrize("cut", [0.3, 1.2, 1.6, 2.2, 3.0, 10.0, 20.1])
def test_a_recording_may_end_anywhere(cut: float) -> None:
    (session,) = analysed([timed for timed in scripted(orderly()) if timed[0] <= cut])
    assert session.verdict.code in ("recording-ends", "recording-ends-charging", "orderly")
    assert session.verdict.whose in (Side.UNKNOWN, Side.NOBODY)


def test_a_session_of_which_nothing_tells_a_phase() -> None:
    """A request of the transport alone, as at the end of a recording that was cut short."""
    (session,) = analysed([(0.0, rts(BRM, 49)), (0.5, rts(BRM, 49))])
    assert [(span.phase, span.seconds) for span in session.phases] == [(Phase.UNKNOWN, 0.5)]


def test_a_pause_is_a_phase() -> None:
    script = charging(20, {"BSM": [(3.3, 8.0), (12.0, 20.0)], "BSM forbids": [(8.0, 12.0)]})
    (session,) = analysed(scripted(script))
    tail = [(span.phase, round(span.seconds or 0.0)) for span in session.phases][-3:]
    assert tail == [(Phase.CHARGING, 5), (Phase.PAUSED, 4), (Phase.CHARGING, 8)]


def test_our_own_sides_reconnect_within_one_session() -> None:
    """CCS are lost for a while: BEM, CRM(00) again, and the charge goes on."""
    wire = Wire(fault=lambda now, frame: None if 10.0 < now < 11.5 and frame.identifier == 0x1812F456 else frame)
    sessions = analysed(wire.run(40.0).recording)
    assert len(sessions) == 1
    assert sessions[0].stop_causes[0] == "ccs_timeout"


def test_a_clock_that_is_set_back_splits_nothing() -> None:
    recording = [(at if at < 10.0 else at - 5_000.0, frame) for at, frame in scripted(orderly())]
    (session,) = analysed(recording)
    assert session.verdict.code == "orderly"
    assert session.seconds == pytest.approx(21.1, abs=0.3)


def test_foreign_frames_are_counted_and_change_nothing() -> None:
    foreign: Recording = [(at / 2, Frame(0x0070F4B5, b"\x01\x02\x03")) for at in range(40)]
    both: Recording = sorted([*scripted(orderly()), *foreign], key=lambda timed: timed[0])
    (session,) = analysed(both)
    assert session.counts.foreign == 40
    assert session.verdict.code == "orderly"


def test_energy_is_unknown_where_nothing_tells_it() -> None:
    (session,) = analysed(scripted(HANDSHAKE))
    assert (session.energy, session.energy_from, session.first_soc) == (None, None, None)


def test_a_charger_that_forgot_its_energy_is_not_believed() -> None:
    recording = [
        (at, Frame(identifier, bytes((1, 0, 0, 0)) + data[4:]) if identifier == 0x181DF456 else Frame(identifier, data))
        for at, (identifier, data) in scripted(orderly(60))
    ]
    (session,) = analysed(recording)
    assert session.energy_from is EnergySource.CCS
    assert session.energies[EnergySource.CSD] == 0


def test_soc_in_whole_percents_is_not_believed() -> None:
    """Some say 41 in a field of tenths."""
    recording = [
        (at, Frame(identifier, data.replace(bytes.fromhex("9d01"), bytes.fromhex("2900"))))
        for at, (identifier, data) in scripted(orderly())
    ]
    (session,) = analysed(recording)
    assert session.first_soc == 420
    assert "contradiction" in {one.code for one in session.violations}


def test_curves_keep_their_extremes_within_their_bounds() -> None:
    recorder = Recorder()
    for number in range(100_000):
        recorder.add(number * 0.05, 1_000_000 if number == 54_321 else number % 100)
    curve = recorder.curve("output_current")
    assert len(curve.points) <= MOST
    assert (curve.low, curve.high) == (0, 1_000_000)
    peak = next(point for point in curve.points if point.high == 1_000_000)
    assert peak.time == pytest.approx(54_321 * 0.05, abs=20.0)
    assert [point.time for point in curve.points] == sorted(point.time for point in curve.points)


def test_a_sparkline_shows_a_peak() -> None:
    recorder = Recorder()
    for number in range(1000):
        recorder.add(number * 1.0, 100 if number == 500 else 0)
    assert sparkline(recorder.curve("soc"), 0.0, 999.0, 11) == "▁▁▁▁▁█▁▁▁▁▁"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.25, "0.25 s"), (16.24, "16.2 s"), (125, "2 min 05 s"), (15_600, "4 h 20 min")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_memory_does_not_grow_with_channels_and_pairs() -> None:
    analyser = Analyser()
    for number in range(3 * MOST_CHANNELS):
        for charger in range(0x10, 0x20, 2):
            analyser.take(0.0, f"can{number}", 0x18260000 | charger << 8 | charger + 1, b"\x01\x01\x00")
    assert len(analyser.close()) == MOST_PAIRS


def test_requests_for_messages_that_nobody_knows_are_not_kept() -> None:
    analyser = Analyser()
    for pgn in range(0x10000, 0x10000 + 3000):
        analyser.take(0.0, "can0", *rts(pgn, 9))
    (session,) = analyser.close()
    assert len(as_json(session)) < 5_000


def test_an_error_that_goes_on_long_after_the_plug_is_out_ends_its_session() -> None:
    """A vehicle of 2011 says BEM for minutes, then the next charger begins with CRM."""
    first = charging(10, {"BCL": [(3.3, 11.0)], "BEM:ccs_timeout": [(11.0, 120.0)]})
    again = [(at + 119.0, one) for at, one in scripted(orderly()) if at >= 1.0]
    assert [session.verdict.whose for session in analysed([*scripted(first), *again])] == [Side.CHARGER, Side.NOBODY]


def test_a_frame_without_its_time_came_when_the_one_before_did() -> None:
    recording: list[tuple[float | None, Frame]] = [
        (None if number % 7 == 3 else at, frame) for number, (at, frame) in enumerate(scripted(orderly()))
    ]
    (session,) = analysed(recording)
    assert session.seconds == pytest.approx(21.1, abs=0.2)
    assert session.verdict.code == "orderly"


frames = st.tuples(
    st.none() | st.floats(-1e12, 1e12) | st.floats(0, 20),
    st.sampled_from(["can0", "can1"]),
    st.sampled_from(IDENTIFIERS) | st.integers(0, (1 << 29) - 1),
    st.binary(max_size=8) | st.sampled_from(REAL),
    st.sampled_from([Kind.EXTENDED] * 9 + [Kind.ERROR]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(frames, max_size=60))
def test_no_frames_make_it_fail(sent: list[tuple[float | None, str, int, bytes, Kind]]) -> None:
    analyser = Analyser()
    for frame in sent:
        analyser.take(*frame)
    terminal = Terminal(80, True, True)
    for session in analyser.close():
        assert as_json(session, curves=True)
        assert terminal.session(session)
        assert session.seconds is None or session.seconds >= 0
        assert all(span.seconds is None or span.seconds >= 0 for span in session.phases)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_session_with_frames_lost_and_damaged_never_fails(data: st.DataObject) -> None:
    recording = list(islice(scripted(orderly(6)), 500))
    for _ in range(data.draw(st.integers(1, 10))):
        place = data.draw(st.integers(0, len(recording) - 1))
        at, frame = recording[place]
        recording[place] = (at, Frame(frame.identifier, data.draw(st.binary(max_size=8))))
        recording = recording[: data.draw(st.integers(1, len(recording)))]
    for session in analysed(recording):
        assert as_json(session)
        assert session.verdict.text.chinese
