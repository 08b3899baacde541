"""Whose fault it was: each rule by a recording that it is made for."""

from collections.abc import Sequence

import pytest
from tests.gbt27930.bus import frame
from tests.trace.recorded import Recording, analysed
from tests.trace.scripted import (
    BATTERY,
    HANDSHAKE,
    PARAMETERS,
    RECOGNITION,
    Script,
    charging,
    orderly,
    scripted,
)

from chargelink.gbt27930.causes import ChargerCause, ChargerTimeout, VehicleCause, VehicleTimeout
from chargelink.gbt27930.identifier import BMS
from chargelink.trace.can_log import Kind
from chargelink.trace.sessions.analyser import Analyser
from chargelink.trace.sessions.ending import AWAITED, LIMITS
from chargelink.trace.sessions.model import Session, Side
from chargelink.trace.sessions.rules import RULES
from chargelink.trace.sessions.stop_causes import BST, CST
from chargelink.trace.sessions.unstopped import UNSTOPPED

CHARGER, VEHICLE, BUS, NOBODY, UNKNOWN = Side.CHARGER, Side.VEHICLE, Side.BUS, Side.NOBODY, Side.UNKNOWN
UNTIL_BRM = HANDSHAKE | {"CRM(00)": [(1.0, 7.0)]}
UNTIL_BCP = HANDSHAKE | {"CRM(00)": [(1.0, 1.4)], "BRM": [(1.1, 1.3)], "CRM(AA)": [(1.4, 7.0)]}
UNTIL_CML = HANDSHAKE | RECOGNITION
UNTIL_BRO = HANDSHAKE | RECOGNITION | {"CML": [(1.9, 7.0)]}
UNTIL_CRO = HANDSHAKE | RECOGNITION | PARAMETERS
CHARGER_GONE = {"BCL": [(3.3, 21.0)], "BSM": [(3.3, 21.0)], "BCS": [(3.3, 20.0)]}  # nobody answers a BCS any more


def only(session: Sequence[Session]) -> Session:
    (found,) = session
    return found


FITS: dict[str, tuple[Script, Side]] = {
    "orderly": (orderly(), NOBODY),
    "not-transported": (UNTIL_BCP | {"CEM:bcp_timeout": [(6.5, 8.0)]}, VEHICLE),
    "came-all-the-same": (charging(20, {"CCS": [(3.5, 22.0)], "BEM:ccs_timeout": [(20.0, 22.0)]}), VEHICLE),
    "gave-up-early": (UNTIL_BRM | {"CRM(00)": [(1.0, 3.0)], "CEM:brm_timeout": [(3.0, 5.0)]}, CHARGER),
    "vehicle-not-ready": (UNTIL_BRO | {"CML": [(1.9, 62.0)], "BRO(00)": [(2.0, 62.0)],
                                       "CEM:bro_timeout": [(62.0, 64.0)]}, VEHICLE),
    "charger-not-ready": (UNTIL_CRO | {"BRO(AA)": [(2.5, 63.0)], "CRO(00)": [(2.6, 63.0)],
                                       "BEM:cro_timeout": [(63.0, 65.0)]}, CHARGER),
    "not-recognised": (UNTIL_BRM | {"BRM": [(1.1, 6.1)], "BEM:crm_aa_timeout": [(6.2, 8.0)]}, CHARGER),
    "no-parameters": (UNTIL_BCP | {"BCP": [(1.5, 6.5)], "BEM:cts_cml_timeout": [(6.6, 8.0)]}, CHARGER),
    "peer-silent": (charging(20, CHARGER_GONE | {"BEM:ccs_timeout": [(21.0, 23.0)]}), CHARGER),
    "peer-never-heard": ({"CHM": [(0.0, 1.0)], "CRM(00)": [(1.0, 6.0)], "CEM:brm_timeout": [(6.0, 8.0)]}, VEHICLE),
    "message-stopped": (charging(21, {"BCL": [(3.3, 20.0)], "CEM:bcl_timeout": [(21.0, 23.0)]}), VEHICLE),
    "message-missing": (UNTIL_BRM | {"BHM": [(0.25, 7.0)], "CEM:brm_timeout": [(6.0, 8.0)]}, VEHICLE),
    "error-unnamed": (charging(20, {"CEM:": [(20.0, 22.0)]}), CHARGER),
    "ccs-lost": (charging(20, CHARGER_GONE | {"BST:other_fault": [(21.0, 21.3)]}), CHARGER),
    "bcl-lost": (charging(21, {"BCL": [(3.3, 20.0)], "CST:other_fault": [(21.0, 21.3)]}), VEHICLE),
    "battery-fault": (charging(20, {"BSM": [(3.3, 18.0)], "BSM fault": [(18.0, 19.0)], "CST:fault_stop": [(18.3, 19.0)],
                                    "CCS": [(3.5, 18.2)]}), VEHICLE),
    "battery-full": (charging(20, {"BCS": [(3.3, 17.0)], "BCS full": [(17.0, 20.0)], "BSM": [(3.3, 18.0)],
                                   "BSM full": [(18.0, 19.0)], "CST:": [(18.3, 19.0)], "CCS": [(3.5, 18.2)]}), NOBODY),
    "pause-too-long": (charging(40, {"BSM": [(3.3, 18.0)], "BSM forbids": [(18.0, 40.0)], "CST:": [(40.0, 41.0)]}),
                       VEHICLE),
    "over-demand": (charging(20, {"CCS": [(3.5, 19.0)], "CCS high": [(19.0, 20.0)],
                                  "BST:current_excess": [(20.0, 20.3)]}), CHARGER),
    "error-unfounded": (charging(20, {"CEM:bst_timeout": [(20.0, 22.0)]}), CHARGER),
    "makes-no-sense": (charging(20, {"BCL": [(3.3, 18.9)], "BCL high": [(18.9, 21.0)],
                                     "CEM:bcl_timeout": [(20.0, 22.0)]}), VEHICLE),
    "never-answered": ({"CHM": [(0.0, 30.0)]}, VEHICLE),
    "fell-silent": (charging(20, CHARGER_GONE | {"BCL": [(3.3, 30.0)]}), CHARGER),
    "insulation-endless": ({"CHM": [(0.0, 90.0)], "BHM": [(0.25, 90.0)]}, CHARGER),
    "ended-unseen": ({"BSD": [(0.0, 3.0)], "CSD": [(0.0, 3.0)]}, NOBODY),
    "recording-ends-charging": (charging(20), NOBODY),
    "recording-ends": (HANDSHAKE | RECOGNITION, UNKNOWN),
    "no-reason": (charging(20, {"CST:": [(20.0, 20.3)]}), CHARGER),
}  # fmt: skip
ELSEWHERE = {
    "began-anew",
    "one-side-recorded",
    "bus-disturbed",
    "no-transport",
    "transfer-broken",
    "both-silent",
}  # tests of their own below


def test_every_rule_is_tested() -> None:
    codes = [rule.code for rule in (*RULES, *UNSTOPPED)]
    assert len(set(codes)) == len(codes)
    assert set(codes) == (set(FITS) | ELSEWHERE) - {"orderly", "no-reason"}


@pytest.mark.parametrize("code", FITS)
def test_rule(code: str) -> None:
    script, whose = FITS[code]
    recording = scripted(script)
    if code == "not-transported":
        recording = sorted([*recording, (1.5, frame("1C0656F4#BE80FA0010270A0F"))], key=lambda timed: timed[0])
    session = only(analysed(recording))
    assert (session.verdict.code, session.verdict.whose) == (code, whose)
    premature = any(violation.code == "timeout-premature" for violation in session.violations)
    assert premature is (code == "came-all-the-same")
    for words in (session.verdict.text, session.verdict.remedy, session.stop.text):
        assert words.english
        assert words.chinese
        assert "{" not in words.english + words.chinese


@pytest.mark.parametrize(("message", "meanings"), [("CST", CST), ("BST", BST)])
def test_every_cause_of_a_stop_has_its_words(message: str, meanings: dict[str, object]) -> None:
    assert set(meanings) == {*map(str, ChargerCause if message == "CST" else VehicleCause)}


@pytest.mark.parametrize(
    ("word", "whose"), [(f"{name}:{cause}", found.whose) for name, known in (("CST", CST), ("BST", BST))
                        for cause, found in known.items()]
)  # fmt: skip
def test_a_stop_means_what_it_raises(word: str, whose: Side) -> None:
    session = only(analysed(scripted(charging(20, {word: [(20.0, 20.3)]}))))
    assert session.verdict.whose is whose
    assert session.stop_causes == session.stop.causes == (word.partition(":")[2],)


def test_every_timeout_names_what_was_awaited() -> None:
    assert set(AWAITED) == set(LIMITS) == {*map(str, ChargerTimeout), *map(str, VehicleTimeout)}


def test_a_charger_without_the_transport_protocol() -> None:
    script = UNTIL_BRM | {"BRM": [(1.1, 1.8)], "BEM:crm_aa_timeout": [(6.2, 8.0)]}
    session = only(analysed(scripted(script, unanswered=["BRM"])))
    assert (session.verdict.code, session.verdict.whose) == ("no-transport", CHARGER)
    (unanswered,) = [one for one in session.violations if one.code == "unanswered"]
    assert (unanswered.message, unanswered.whose, unanswered.count) == ("BRM", CHARGER, 3)


def test_without_time_the_charger_without_transport_is_found_all_the_same() -> None:
    script = UNTIL_BRM | {"BRM": [(1.1, 1.8)], "BEM:crm_aa_timeout": [(6.2, 8.0)]}
    recording = [(None, frame) for _, frame in scripted(script, unanswered=["BRM"])]
    session = only(analysed(recording))
    assert (session.verdict.code, session.timed, session.start) == ("no-transport", False, None)
    assert all(span.seconds is None for span in session.phases)
    assert not {one.code for one in session.violations} & {"period", "gap", "timeout-missed", "timeout-premature"}


def test_transfers_that_never_get_whole() -> None:
    script = UNTIL_BRM | {"BRM": [(1.1, 6.1)], "CEM:brm_timeout": [(6.2, 8.0)]}
    recording = [timed for timed in scripted(script) if timed[1].data[:1] != b"\x05" and timed[1].data[:1] != b"\x13"]
    assert only(analysed(recording)).verdict.code == "transfer-broken"


def test_a_charger_that_begins_anew_in_the_middle_of_a_charge() -> None:
    first, second = analysed([*scripted(charging(20)), *scripted(orderly(), start=20.4)])
    assert (first.verdict.code, first.verdict.whose, second.verdict.whose) == ("began-anew", CHARGER, NOBODY)


def test_a_plug_that_is_pulled() -> None:
    """Both sides fall silent, and somebody else is heard after that."""
    recording: Recording = scripted(charging(20))
    sessions = analysed([*recording, *scripted(charging(20), start=100.0)])
    assert [session.verdict.code for session in sessions] == ["both-silent", "recording-ends-charging"]


def test_a_recording_of_the_vehicle_alone_blames_nobody() -> None:
    recording = scripted(charging(20, {"BEM:ccs_timeout": [(20.0, 22.0)]}))
    session = only(analysed([timed for timed in recording if timed[1].identifier & 0xFF == BMS]))
    assert (session.verdict.code, session.verdict.whose) == ("one-side-recorded", UNKNOWN)


def test_error_frames_blame_the_bus() -> None:
    analyser = Analyser()
    for number, (time, (identifier, data)) in enumerate(scripted(charging(20, {"BEM:ccs_timeout": [(21.0, 22.0)]}))):
        analyser.take(time, "can0", identifier, data)
        if number % 20 == 0:
            analyser.take(time, "can0", 4, bytes(8), Kind.ERROR)
    session = only(analyser.close())
    assert (session.verdict.code, session.verdict.whose) == ("bus-disturbed", BUS)
    assert session.counts.bus_errors > 10


def test_error_frames_of_a_bus_that_was_left_are_not_those_of_the_session() -> None:
    """The plug is out, the recorder is alone on the wires."""
    analyser = Analyser()
    for time, (identifier, data) in scripted(charging(20)):
        analyser.take(time, "can0", identifier, data)
    for number in range(1000):
        analyser.take(20.0 + number / 100, "can0", 4, bytes(8), Kind.ERROR)
    session = only(analyser.close())
    assert (session.verdict.code, session.counts.bus_errors) == ("both-silent", 0)


def test_a_handshake_of_a_second_is_not_yet_unanswered() -> None:
    assert only(analysed(scripted({"CHM": [(0.0, 1.0)]}))).verdict.code == "recording-ends"


def test_a_fault_of_the_battery_long_ago_is_not_the_reason() -> None:
    script = charging(
        30, {"BSM": [(3.3, 4.0), (5.0, 30.0)], "BSM fault": [(4.0, 5.0)], "CST:other_fault": [(30.0, 30.2)]}
    )
    assert only(analysed(scripted(script))).verdict.code == "CST:other_fault"


def test_a_vehicle_that_falls_silent_before_it_is_ready() -> None:
    script = UNTIL_BRO | {"CML": [(1.9, 9.0)], "BRO(00)": [(2.0, 3.0)], "CEM:bro_timeout": [(9.0, 11.0)]}
    assert only(analysed(scripted(script))).verdict.code == "peer-silent"


def test_the_class_of_a_fault_is_told() -> None:
    session = only(analysed(scripted(charging(20, {"CST:emergency_stop": [(20.0, 20.3)]}))))
    assert session.stop.fault_class is not None
    assert session.stop.fault_class.name == "C"


def test_a_stop_that_was_recorded_after_its_answer_decides() -> None:
    script = charging(20, {"CST:bms_stopped": [(20.0, 20.3)], "BST:hv_relay_fault": [(20.02, 20.2)]})
    session = only(analysed(scripted(script)))
    assert (session.verdict.whose, session.verdict.code) == (VEHICLE, "BST:hv_relay_fault")
    assert session.stop_causes == ("bms_stopped", "hv_relay_fault")


def test_an_error_after_an_orderly_stop_is_judged() -> None:
    """The charger stops, the vehicle never says its statistics."""
    script = charging(20, {
        "CST:manual_stop": [(20.0, 30.2)], "BST:charger_stopped": [(20.02, 20.12)], "CEM:bsd_timeout": [(30.2, 32.0)],
    })  # fmt: skip
    session = only(analysed(scripted(script)))
    assert (session.stop.by, session.stop.message) == (CHARGER, "CST")
    assert (session.verdict.whose, session.verdict.code) == (VEHICLE, "peer-silent")


def test_what_is_left_of_the_last_charge_is_not_the_cause_of_this_one() -> None:
    session = only(analysed(scripted(orderly() | {"BEM:ccs_timeout": [(0.5, 1.3)]})))
    assert session.verdict.code == "orderly"
    assert session.stop_causes == ("manual_stop", "charger_stopped")
    assert [one.code for one in session.violations if one.message == "BEM" and one.code == "stale"] == ["stale"]


def test_an_error_that_only_echoed_before_is_a_new_one_in_the_charge() -> None:
    stale = {"BEM:ccs_timeout": [(0.3, 1.2), (21.0, 23.0)], "BST:other_fault": [(0.3, 1.2)]}
    session = only(analysed(scripted(charging(20, CHARGER_GONE | stale))))
    assert (session.verdict.code, session.verdict.whose) == ("peer-silent", CHARGER)
    assert {violation.code for violation in session.violations} == {"stale", "gap"}


def test_a_stop_before_the_charge_is_one() -> None:
    session = only(analysed(scripted(UNTIL_CRO | {"BST:hv_relay_fault": [(3.3, 3.6)]})))
    assert (session.verdict.code, session.verdict.whose) == ("BST:hv_relay_fault", VEHICLE)


def test_an_error_that_nothing_led_to_is_judged_by_who_fell_silent() -> None:
    session = only(analysed(scripted(charging(21, {"BCL": [(3.3, 20.0)], "CEM:bst_timeout": [(21.0, 23.0)]}))))
    assert (session.verdict.code, session.verdict.whose) == ("error-unfounded", VEHICLE)


@pytest.mark.parametrize(("cause", "whose"), [("charger_condition_reached", VEHICLE), ("manual_stop", NOBODY)])
def test_a_pause_of_ten_minutes(cause: str, whose: Side) -> None:
    battery = {"BCL": [(3.3, 605.0)], "BCS": [(3.3, 605.0)], "BSM": [(3.3, 5.0)], "BSM forbids": [(5.0, 605.0)]}
    session = only(analysed(scripted(charging(605, battery | {f"CST:{cause}": [(605.0, 605.3)]}))))
    assert session.verdict.whose is whose


def test_a_reconnection_belongs_to_the_session() -> None:
    first = charging(10, {name: [(3.3, 11.0)] for name in BATTERY} | {"BEM:ccs_timeout": [(11.0, 13.0)]})
    again = [(at, one) for at, one in scripted(orderly(20.0), start=12.5) if at >= 13.5]
    session = only(analysed([*scripted(first), *again]))
    assert session.counts.reconnections == 1
    assert (session.stop.by, session.stop.causes) == (CHARGER, ("manual_stop",))
    assert session.verdict.whose is NOBODY
    assert "BEM (no CCS in time) interrupted it" in session.verdict.text.english
    assert [one.code for one in session.violations if one.message == "CCS"] == ["gap"]
    assert session.stop_causes == ("ccs_timeout", "manual_stop", "charger_stopped")
