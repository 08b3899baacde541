"""`chargelink tariff`: what it says of a tariff and of a session, and of files that are neither."""

import argparse
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from chargelink.cli.command import CommandError, Exit
from chargelink.cli.language import Language, speak
from chargelink.cli.parser import parse
from chargelink.pricing.commands import COMMAND

SAMPLE = Path(__file__).parents[2] / "edge" / "config" / "tariff.toml"
READINGS = [{"at": "2026-03-01T21:30:00+08:00", "kWh": 100}, {"at": "2026-03-01T22:30:00", "register": 120_000_000}]


def run(*line: str | Path) -> int:
    chosen = argparse.Namespace()
    parse(COMMAND, "chargelink tariff", [str(part) for part in line], chosen)
    code: int = chosen.run(chosen)
    return code


@pytest.fixture
def session(tmp_path: Path) -> Any:
    def written(document: object) -> Path:
        path = tmp_path / "session.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return written


def test_a_tariff_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", SAMPLE, "--week", "2026-03-04") == Exit.CLEAN
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "site-2026 version 1 2026 分时"
    assert "    10:00-15:00 peak: 1.42 yuan/kWh = electricity 1.02 + service 0.40" in told
    assert told[told.index("the week of 2026-03-02, yuan per kWh, both fees:") + 1].startswith(
        "  Mon-Sun: 00:00 valley 0.72"
    )
    assert told[-1] == "! there is no hotline: it must stand with the price"


def test_for_programs(capsys: pytest.CaptureFixture[str], session: Any) -> None:
    assert run("check", SAMPLE, "--json") == Exit.CLEAN
    checked = json.loads(capsys.readouterr().out)
    assert (checked["id"], checked["version"], len(checked["warnings"])) == ("site-2026", 1, 2)
    assert run("price", SAMPLE, session({"readings": READINGS, "occupiedMinutes": 5}), "--json") == Exit.CLEAN
    priced = json.loads(capsys.readouterr().out)
    assert (priced["bill"]["total"], priced["bill"]["tariffHash"]) == (2100, checked["hash"])
    assert priced["occupancy"]["total"] == 0


def test_a_session_is_priced_and_explained(capsys: pytest.CaptureFixture[str], session: Any) -> None:
    assert run("price", SAMPLE, session({"readings": READINGS, "measured": "verified"})) == Exit.CLEAN
    assert capsys.readouterr().out.splitlines() == [
        "electricity fee flat  13.00  20.000000 kWh x 0.65 yuan/kWh, flat, 03-01 21:30-22:30",
        "service fee flat       8.00  20.000000 kWh x 0.40 yuan/kWh, flat, 03-01 21:30-22:30",
        "total 21.00 yuan: electricity fee 13.00, service fee 8.00",
        "20.000000 kWh, by a meter that is verified and in date",
    ]


DAY_AND_NIGHT = """
id = "day-and-night"
version = 1
name = "day and night"
period = [
  { start = "08:00", end = "24:00", name = "flat", energy_yuan_per_kWh = 0.80, service_yuan_per_kWh = 0.40 },
  { start = "00:00", end = "08:00", name = "valley", energy_yuan_per_kWh = 0.30, service_yuan_per_kWh = 0.40 },
]
"""


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "the recorded bill comes to the same"),
        ({"total": 1000}, "! the recorded bill is 10.00 yuan"),
        ({"rulesVersion": 1}, "the recorded bill comes to the same"),
        ({"rulesVersion": 9}, "cannot be priced: rules 9 are not known here"),
        ({"rulesVersion": -1}, "(record): Expected `int` >= 1"),
    ],
)
def test_a_recorded_session_is_priced_again_by_its_own_rules(
    fields: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str], session: Any, tmp_path: Path
) -> None:
    page = (SAMPLE.parents[2] / "docs" / "protocols" / "records.md").read_text("utf-8")
    ended = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[2])
    ended["bill"] |= fields
    tariff = tmp_path / "tariff.toml"
    tariff.write_text(DAY_AND_NIGHT)
    run("price", tariff, session(ended))
    printed = capsys.readouterr().out
    assert told in printed
    priced = told.startswith(("the", "!"))
    assert ("total 9.83 yuan" in printed) == priced
    assert ("! it was sold by another tariff: SHA-256 79f994cd" in printed) == priced  # its bytes were others
    assert run("price", tariff, session(ended), "--json") == (Exit.CLEAN if priced else Exit.DEFECTS)


def test_in_chinese(capsys: pytest.CaptureFixture[str], session: Any) -> None:
    speak(Language.CHINESE)
    try:
        assert run("price", SAMPLE, session({"readings": READINGS, "kind": "socket"})) == Exit.CLEAN
        told = capsys.readouterr().out.splitlines()
        run("check", SAMPLE, "--week", "2026-03-04")
    finally:
        speak(Language.ENGLISH)
    assert told[0] == "电费 平    13.00  20.000000 kWh × 0.65 元/kWh，平，03-01 21:30-22:30"
    assert told[-1] == "20.000000 kWh，由设备计算，仅供参考"
    assert "  周一至周日：00:00 谷 0.72" in capsys.readouterr().out


def test_from_the_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps({"readings": READINGS}).encode())))
    assert run("price", SAMPLE, "-") == Exit.CLEAN
    assert "total 21.00 yuan" in capsys.readouterr().out


def test_a_tariff_that_is_none_is_told_with_path_and_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('id = "t"\nversion = 1\nper_usage_yuan = 2\n')
    assert run("check", path) == Exit.DEFECTS
    assert capsys.readouterr().out == f"{path}: per_usage_yuan: unknown key; did you mean per_use_yuan?\n"
    assert run("price", path, tmp_path / "s.json") == Exit.DEFECTS


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "readings: missing; add it to the file"),
        ({"readings": [], "reading": 1}, "reading: unknown key; did you mean readings?"),
        ({"readings": [{"at": "noon", "kWh": 1}]}, "readings[0].at: noon is no time; write ms, or a time as"),
        ({"readings": [{"at": -1, "kWh": 1}]}, "readings[0].at: Expected `int` >= 0; write ms"),
        ({"readings": [{"at": "1969-01-01", "kWh": 1}]}, "readings[0].at: 1969-01-01 is no time"),
        ({"readings": [{"at": 1}]}, "readings[0]: has no register, or two; write one of"),
        ({"readings": [{"at": 1, "kWh": 1, "register": 1}]}, "readings[0]: has no register, or two"),
        ({"readings": [{"at": 1, "kWh": 0.0000001}]}, "readings[0].kWh: 1E-7 kWh is no register"),
        ({"readings": [{"at": 1, "kWh": 1e300}]}, "readings[0].kWh: 1E+300 kWh is no register"),
        ({"readings": [], "usage": {}}, "usage: has no duration, or two"),
        ({"readings": [], "authorisation": {"minimum": -1}}, "authorisation: Expected `int` >= 0"),
        ({"readings": [], "kind": "ac"}, 'kind: Invalid enum value \'ac\'; write "dc" or "socket"'),
        ({"readings": list(reversed(READINGS))}, "cannot be priced: a reading at"),
    ],
)
def test_a_session_that_is_none_is_told_with_path_and_remedy(
    document: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str], session: Any
) -> None:
    assert run("price", SAMPLE, session(document)) == Exit.DEFECTS
    assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("[]", "is no JSON object"), (" " * 1_048_577, "more than")],
)
def test_a_file_that_is_no_json(text: str, told: str, session: Any) -> None:
    with pytest.raises(CommandError, match=told):
        run("price", SAMPLE, session(text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("check", tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match="UTF-8"):
        run("check", tmp_path / "bytes.toml")
    with pytest.raises(CommandError, match="--week: soon is no day"):
        run("check", SAMPLE, "--week", "soon")
    with pytest.raises(CommandError, match="two files"):
        run("price", "-", "-")
