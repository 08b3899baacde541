"""`chargelink trace` as people and programs meet it."""

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.trace.recorded import Recording
from tests.trace.scripted import charging, orderly, scripted

from chargelink.cli.command import CommandError, Exit
from chargelink.cli.language import Language, speak, spoken
from chargelink.cli.parser import parse
from chargelink.trace.sessions.command import COMMAND
from chargelink.trace.sessions.recording import Recording as Recorded
from chargelink.trace.source import CannotRead, Source

SESSION_KEYS = [
    "session", "channel", "addresses", "edition", "editions", "start", "seconds", "timed", "whole", "verdict", "phases",
    "energy_kWh", "energy_from", "energies_kWh", "first_soc", "last_soc", "stopped_by", "stop", "stop_causes",
    "violations", "counts", "vehicle", "limits",
]  # fmt: skip
VIOLATION_KEYS = [
    "code", "message", "whose", "severity", "clause", "count", "first", "last", "english", "chinese", "examples",
]  # fmt: skip
CCS_LOST = charging(20, {"BCL": [(3.3, 21.0)], "BSM": [(3.3, 21.0)], "BEM:ccs_timeout": [(21.0, 23.0)]})
CLEAN = charging(20)


class Run(NamedTuple):
    code: int
    output: str
    summary: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]


def candump(recording: Recording, start: float = 1_703_560_121.0) -> str:
    return "".join(f"({start + at:.6f}) can0 {one.identifier:08X}#{one.data.hex()}\n" for at, one in recording)


class Trace:
    """The command on a recording given as text, in this process."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.file = folder / "recording.log"
        self._capture = capture

    def __call__(self, *arguments: str, text: str) -> Run:
        self.file.write_text(text, "utf-8")
        namespace = argparse.Namespace()
        parse(COMMAND, "chargelink trace", [*arguments, str(self.file)], namespace)
        code = namespace.run(namespace)
        output, summary = self._capture.readouterr()
        return Run(code, output.decode(), summary.decode())


@pytest.fixture
def trace(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Trace:
    return Trace(tmp_path, capsysbinary)


@pytest.fixture
def chinese() -> Iterator[None]:
    before = spoken()
    speak(Language.CHINESE)
    yield
    speak(before)


def test_one_object_a_session(trace: Trace) -> None:
    ran = trace("--json", text=candump(scripted(orderly())) + candump(scripted(CCS_LOST, start=60.0)))
    first, second = ran.objects
    assert ran.code == Exit.DEFECTS
    assert list(first) == list(second) == SESSION_KEYS
    assert all(list(violation) == VIOLATION_KEYS for violation in second["violations"])
    assert (first["edition"], first["stopped_by"], first["stop_causes"]) == (
        "2015", "charger", ["manual_stop", "charger_stopped"],
    )  # fmt: skip
    assert (first["energy_kWh"], first["energy_from"], first["first_soc"], first["last_soc"]) == (0.4, "CSD", 41.3, 42)
    assert first["phases"][0] == {"phase": "handshake", "start": 1_703_560_121.0, "seconds": 0.25}
    assert first["verdict"]["whose"] == "nobody"
    assert (second["stopped_by"], second["stop_causes"]) == ("vehicle", ["ccs_timeout"])
    assert (second["verdict"]["whose"], second["verdict"]["code"]) == ("charger", "peer-silent")
    assert second["counts"]["messages"]["BEM"] == 8
    assert second["vehicle"]["vin"] == "LDEMO0000DEMO0001"


def test_curves_on_request(trace: Trace) -> None:
    (session,) = trace("--json", "--curves", text=candump(scripted(CLEAN))).objects
    assert session["curves"]["output_current_A"][0] == [pytest.approx(1_703_560_124.5), 99.0, 99.0]
    assert "soc_percent" in session["curves"]


def test_the_first_line_is_the_verdict(trace: Trace) -> None:
    lines = trace(text=candump(scripted(CCS_LOST))).output.splitlines()
    assert lines[0].startswith("THE CHARGER'S FAULT: the charger fell silent: nothing from it for 1.05 s")
    assert lines[1].startswith("  do: check S+ and S-")


def test_several_sessions_end_in_an_overview(trace: Trace) -> None:
    text = candump(scripted(orderly())) + candump(scripted(CCS_LOST, start=60.0))
    assert trace(text=text).output.splitlines()[-3:] == [
        "all sessions",
        "  1  2023-12-26 11:08:41 UTC+8  21.2 s  400 Wh  NOBODY'S FAULT (orderly)",
        "  2  2023-12-26 11:09:41 UTC+8  22.8 s  172 Wh  THE CHARGER'S FAULT (peer-silent)",
    ]
    assert "all sessions" not in trace("--session", "1", text=text).output


@pytest.mark.usefixtures("chinese")
def test_in_chinese(trace: Trace) -> None:
    ran = trace(text=candump(scripted(CCS_LOST)))
    assert ran.output.startswith("责任方：充电机。充电机停止通信：")
    assert "1 次充电过程" in ran.summary
    assert "GB/T 27930-2015 第 8、10 章、附录 A" in ran.output


def test_a_vin_is_masked_on_the_screen(trace: Trace) -> None:
    said = trace(text=candump(scripted(CLEAN))).output
    assert "LDEMO0000DE******" in said
    assert "LDEMO0000DEMO0001" not in said


def test_a_recording_in_which_all_is_well_is_clean(trace: Trace) -> None:
    ran = trace(text=candump(scripted(CLEAN)))
    assert ran.code == Exit.CLEAN
    assert "no violations" in ran.output


def test_all_violations_or_the_worst(trace: Trace) -> None:
    recording = [
        (at, one._replace(data=one.data.ljust(8, b"\0"))) if len(one.data) < 8 else (at, one)
        for at, one in scripted(orderly())
    ]
    few, everything = trace(text=candump(recording)).output, trace("--all", text=candump(recording)).output
    assert "more: --all" in few
    assert "more: --all" not in everything
    assert everything.count("\n  ! ") > few.count("\n  ! ")


def test_one_session_of_several(trace: Trace) -> None:
    text = candump(scripted(orderly())) + candump(scripted(CCS_LOST, start=60.0))
    (session,) = trace("--json", "--session", "2", text=text).objects
    assert session["session"] == 2
    with pytest.raises(CommandError, match="no session 7: the recording has 2"):
        trace("--session", "7", text=text)


def test_a_recording_without_a_session_says_so(trace: Trace) -> None:
    with pytest.raises(CommandError, match="no message of GB/T 27930"):
        trace(text="(1.0) can0 123#00\n")


@pytest.mark.parametrize("text", ["", "2024-01-01 meter 1234\n"])
def test_a_file_without_frames_is_no_bus_with_another_rate(text: str, trace: Trace) -> None:
    with pytest.raises(CommandError, match=r"no CAN frame in .*: 0 frames, 0 sessions.*is it the right file"):
        trace(text=text)


@pytest.mark.usefixtures("chinese")
def test_why_a_file_cannot_be_opened_in_chinese(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "这是一个文件夹"), (tmp_path / "none", "文件或文件夹不存在")):
        with pytest.raises(CannotRead, match=said):
            Source(str(path))


def test_a_recording_that_breaks_off_is_told_until_then(
    trace: Trace, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    whole = gzip.compress(candump(scripted(orderly())).encode())
    trace.file.with_suffix(".gz").write_bytes(whole[: len(whole) // 2])
    namespace = argparse.Namespace()
    parse(COMMAND, "chargelink trace", ["--json", str(trace.file.with_suffix(".gz"))], namespace)
    with pytest.raises(CannotRead):
        namespace.run(namespace)
    assert json.loads(capsysbinary.readouterr().out)["session"] == 1


def test_a_table_of_chinese_windows(trace: Trace) -> None:
    """GBK, tenths of a second, minutes and seconds only."""
    rows = [
        f"{number},0x{one.identifier:08X},{int(at) // 60:02}:{at % 60:04.1f},{len(one.data)},{one.data.hex(' ')} "
        for number, (at, one) in enumerate(scripted(CCS_LOST))
    ]
    table = "\r\n".join(["序号,帧ID,时间标识,长度,数据(Hex)", *rows]).encode("gbk")
    trace.file.with_suffix(".csv").write_bytes(table)
    namespace = argparse.Namespace()
    parse(COMMAND, "chargelink trace", ["--json", str(trace.file.with_suffix(".csv"))], namespace)
    assert namespace.run(namespace) == Exit.DEFECTS


class Interrupted(Source):
    """A recording in the midst of which somebody presses Ctrl-C."""

    def whole_lines(self) -> Iterator[bytes]:
        yield self.head()
        raise KeyboardInterrupt


def test_ctrl_c_ends_a_live_recording(trace: Trace) -> None:
    """Whoever stops watching a bus gets the sessions told."""
    trace.file.write_text(candump(scripted(CLEAN)))
    with Interrupted(str(trace.file)) as source:
        source.live = True
        assert [session.verdict.code for session in Recorded(source)] == ["recording-ends-charging"]
    with Interrupted(str(trace.file)) as source, pytest.raises(KeyboardInterrupt):
        list(Recorded(source))
