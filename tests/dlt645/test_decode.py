"""`chargelink decode dlt645`: logs as people write them, captures, JSON with the published rows' facts."""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.dlt645.vectors import ROWS, STREAMS, VALID, frame_bytes, raw

from chargelink.cli.command import Exit
from chargelink.trace.dlt645 import COMMAND
from chargelink.trace.dlt645.command import run
from chargelink.trace.hex_lines import LoggedBytes, logged_bytes

REQUEST = "68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16"
REPLY = "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16"


def decode(path: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    COMMAND.configure(parser)
    return run(parser.parse_args([str(path), "--no-progress", *options]))


def decoded(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    decode(path, "--json", *options)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def written(path: Path, content: str | bytes) -> Path:
    file = path / "recording"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    ("line", "time", "strange"),
    [
        (REQUEST, None, ()),
        (REQUEST.replace(" ", ""), None, ()),
        (REQUEST.lower(), None, ()),
        (f"TX: {REQUEST}", None, ()),
        (f"TX:{REQUEST}", None, ()),
        (f"发送：{REQUEST}", None, ()),
        (f"<= {REQUEST}   # poll", None, ()),
        (f"[12:00:01.250] Rx {REQUEST}", 43201.25, ()),
        (f"1970-01-02 00:00:00,500 [COM3] {REQUEST}", 86400.5, ()),
        (f"1970-01-02T00:00:00Z {REQUEST}", 86400.0, ()),
        (f"(12.5) {REQUEST}", 12.5, ()),
        (f"12:00:01:250 > {REQUEST}", 43201.25, ()),
        (f"1700000000 {REQUEST}", 1_700_000_000.0, ()),
        (f"1700000000250 RX {REQUEST}", 1_700_000_000.25, ()),
        (REQUEST.replace(" ", ":"), None, ()),
        (f"0000: {REQUEST}", None, ()),
        (", ".join(f"0x{byte}" for byte in REQUEST.split()), None, ()),
        (REQUEST.replace(" ", "-"), None, ()),
        (" ".join(f"{byte}H" for byte in REQUEST.split()), None, ()),
        (f"{{{REQUEST.replace(' ', ',')}}};", None, ()),
        (f"{REQUEST} ok", None, ("ok",)),
        (f"9999-99-99 00:00:00 {REQUEST}", None, ()),
    ],
)
def test_lines_as_people_write_them(line: str, time: float | None, strange: tuple[str, ...]) -> None:
    assert logged_bytes(line) == LoggedBytes(time, bytes.fromhex(REQUEST), strange)


@pytest.mark.parametrize("line", ["", "  ", "# comment", "// comment", "\ufeff"])
def test_lines_without_anything(line: str) -> None:
    assert logged_bytes(line) is None


@pytest.mark.parametrize("line", ["meter 3 does not answer", "12:00:01", "zz"])
def test_lines_without_bytes(line: str) -> None:
    logged = logged_bytes(line)
    assert logged is not None
    assert logged.raw == b""


def test_the_published_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for row in ROWS if row["direction"] != "stream"]
    found = decoded(written(tmp_path, "\n".join(row["hex"] for row in rows)), capsys)
    facts = ("direction", "address", "control", "di", "edition", "values", "valid")
    assert [{key: report[key] for key in facts} for report in found] == [
        {key: row[key] for key in facts} for row in rows
    ]
    for report, row in zip(found, rows, strict=True):
        assert bool(report["defect"]) is not row["valid"]
        if row["valid"]:
            assert bytes.fromhex(report["hex"]) == frame_bytes(row)


def test_a_line_with_several_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = STREAMS
    found = decoded(written(tmp_path, row["hex"]), capsys)
    assert [(report["hex"], report["di"], report["values"]) for report in found] == [
        (frame["hex"], frame["di"], frame["values"]) for frame in row["values"]["frames"]
    ]


@pytest.mark.parametrize(
    ("line", "notes"),
    [
        (f"00 16 {REPLY}", ["2 stray bytes before the frame: 00 16"]),
        (f"{REPLY} 0D", ["1 stray byte after the frame: 0D"]),
        (f"{REPLY} ok", ["not hexadecimal: ok"]),
    ],
)
def test_what_stands_beside_a_frame_is_a_note(
    line: str, notes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (report,) = decoded(written(tmp_path, line), capsys)
    assert (report["valid"], report["notes"]) == (True, notes)


def test_a_damaged_frame_stands_beside_a_good_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = REPLY.replace("8A 16", "8B 16")
    found = decoded(written(tmp_path, f"{damaged} {REPLY}"), capsys)
    assert [(report["valid"], report["defect"], report["hex"]) for report in found] == [
        (False, "checksum 8B, computed 8A", damaged),
        (True, None, REPLY),
    ]


@pytest.mark.parametrize("cuts", [[3], [10], [30], [3, 12], [9, 27, 45]])
def test_a_frame_in_pieces_is_put_together(cuts: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pieces = [REPLY[start:end] for start, end in pairwise([0, *(cut // 3 * 3 for cut in cuts), len(REPLY)])]
    found = decoded(written(tmp_path, "\n".join([REQUEST, *pieces, REQUEST])), capsys)
    assert [(report["valid"], report["hex"]) for report in found] == [(True, REQUEST), (True, REPLY), (True, REQUEST)]
    assert found[1]["notes"] == [f"joined of {len(pieces)} lines"]


def test_pieces_of_different_frames_are_not_put_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [REPLY[:30], REQUEST[:30], "FE FE FE FE", REPLY]
    found = decoded(written(tmp_path, "\n".join(lines)), capsys)
    assert [report["hex"].strip() for report in found] == [line.strip() for line in lines]
    assert [report["valid"] for report in found] == [False, False, False, True]


def test_a_capture_is_recognised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for row in VALID if row.get("preamble")]
    found = decoded(written(tmp_path, b"".join(raw(row) for row in rows)), capsys)
    assert [report["values"] for report in found if report["valid"]] == [row["values"] for row in rows]


def test_a_capture_of_noise_is_one_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (report,) = decoded(written(tmp_path, bytes(100_000)), capsys, "--raw")
    assert (report["valid"], report["defect"]) == (False, "no frame in 100000 bytes")


@pytest.mark.parametrize(
    ("content", "exit_code"),
    [
        (REPLY, Exit.CLEAN),
        ("", Exit.CLEAN),
        (REPLY.replace("8A 16", "8B 16"), Exit.DEFECTS),
        ("no bytes here", Exit.DEFECTS),
    ],
)
def test_exit_codes(content: str, exit_code: Exit, tmp_path: Path) -> None:
    assert decode(written(tmp_path, content)) == exit_code


def test_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decode(written(tmp_path, f"{REQUEST}\n{REPLY}\n{REPLY[:-3]}\n"))
    request, reply, defect = capsys.readouterr().out.splitlines()
    assert request.split() == ["request", "11", "read", "000000000161", "00010000", "forward", "active", "energy"]
    assert reply.split() == [
        "response",
        "91",
        "read",
        "000000000161",
        "00010000",
        "forward",
        "active",
        "energy",
        "0.26",
        "kWh",
    ]
    assert "incomplete frame: 19 of 20 bytes" in defect


def test_a_vendors_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reply = "68 61 01 00 00 00 00 68 91 08 33 34 33 35 67 45 33 33"
    reply += f" {sum(bytes.fromhex(reply)) & 0xFF:02X} 16"
    (plain,) = decoded(written(tmp_path, reply), capsys)
    assert plain["values"] == {"raw": "34 12 00 00"}
    (yada,) = decoded(written(tmp_path, reply), capsys, "--profile", "yada_dc")
    assert yada["values"] == {"current_a": {"value": "0.1234", "unit": "A"}}
    own = tmp_path / "own.toml"
    own.write_text(
        '[profile]\nenglish = "own"\nchinese = "自用"\n[poll]\nenergy = ["00010000"]\n'
        '[[item]]\nidentifier = "02000100"\nname = "flow"\nchinese = "电流"\nform = "binary"\n'
        'bytes = 4\ndecimals = 3\nunit = "A"\n',
        "utf-8",
    )
    (mine,) = decoded(written(tmp_path, reply), capsys, "--profile", str(own))
    assert mine["values"] == {"flow": {"value": "4.660", "unit": "A"}}


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("yada", "there is no profile 'yada': choose standard, energy_status"),
        ("none.toml", "No such file"),
        ("empty.toml", "empty.toml: file: Object missing required field `profile`; see a shipped profile"),
    ],
)
def test_a_profile_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], profile: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.toml").touch()
    with pytest.raises(SystemExit, match="2"):
        decode(Path("-"), "--profile", profile)
    assert said in capsys.readouterr().err
