"""`chargelink trace --csv` and `--parquet`: what the messages said, a row each."""

import csv
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from tests.trace.recorded import Recording, good_session

from chargelink.cli.command import CommandError, Exit
from chargelink.cli.main import main
from chargelink.trace.sessions import table_files
from chargelink.trace.sessions.table import CARRIED, COLUMNS
from chargelink.trace.sessions.table_files import CsvFile, ParquetFile

SAMPLES = Path(__file__).parents[2] / "docs/samples"
SAMPLE = str(SAMPLES / "field.log")
CARRIED_NAMES = {cls.__name__ for cls in CARRIED}


def candump(recording: Recording, channel: str = "can0") -> str:
    lines = [f"({time:.6f}) {channel} {identifier:08X}#{data.hex()}" for time, (identifier, data) in recording]
    return "\n".join(lines) + "\n"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def typed(row: dict[str, str]) -> dict[str, Any]:
    """A row of CSV as Parquet has it."""
    kinds = {column.name: column.kind for column in COLUMNS}
    return {
        name: None if value == "" else value == "True" if kinds[name] is bool else kinds[name](value)
        for name, value in row.items()
    }


@pytest.mark.parametrize(
    ("name", "phases", "causes"),
    [
        ("field.log", ["handshake", "error"], {"ccs_timeout"}),
        ("session.log", ["handshake", "statistics"], {"manual_stop", "charger_stopped"}),
    ],
)
def test_every_message_is_a_row_with_what_decode_says(
    name: str, phases: list[str], causes: set[str], tmp_path: Path, capsysbinary: Any
) -> None:
    sample = str(SAMPLES / name)
    main(["trace", sample, "--csv", str(tmp_path / "a.csv")])
    rows = rows_of(tmp_path / "a.csv")
    capsysbinary.readouterr()
    main(["decode", "gbt27930", "--json", sample])
    said = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    said = [one for one in said if not one["message"].startswith("TP.")]
    assert [row["message"] for row in rows] == [one["message"] for one in said]
    standing: dict[str, Any] = {}
    for row, one in zip(map(typed, rows), said, strict=True):
        if one["message"] in CARRIED_NAMES:
            standing |= {name: value for name, value in one["fields"].items() if name in row}
        assert (row["time_s"], row["conforming"], row["session"]) == (one["time"], one["conforming"], 1)
        assert {name: value for name, value in row.items() if value is not None and name in standing} == standing
    assert len(standing) == len(COLUMNS) - 8
    assert [row["phase"] for row in rows][:: len(rows) - 1] == phases
    assert {row["causes"] for row in rows} == causes | {""}


def test_parquet_has_the_same_with_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "GROUP", 100)
    main(["trace", SAMPLE, "--csv", str(tmp_path / "a.csv"), "--parquet", str(tmp_path / "a.parquet")])
    file = pyarrow.parquet.ParquetFile(tmp_path / "a.parquet")
    assert file.read().to_pylist() == [*map(typed, rows_of(tmp_path / "a.csv"))]
    assert file.num_row_groups == -(-file.metadata.num_rows // 100) > 5
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert [types[name] for name in ("time_s", "session", "conforming", "soc_percent", "phase")] == [
        "double", "int32", "bool", "double", "string",
    ]  # fmt: skip


def test_each_session_begins_with_nothing_known(tmp_path: Path) -> None:
    """Two sessions of one pair, and one of another bus at the same time."""
    recording = good_session() + good_session(start=500.0)
    log = tmp_path / "a.log"
    other = [(time + 10.0, frame) for time, frame in good_session()]
    both = sorted(
        (candump(recording) + candump(other, "can1")).splitlines(), key=lambda line: float(line[1 : line.index(")")])
    )
    log.write_text("\n".join(both))
    main(["trace", str(log), "--csv", str(tmp_path / "a.csv")])
    rows = rows_of(tmp_path / "a.csv")
    firsts = {number: next(row for row in rows if row["session"] == number) for number in ("1", "2", "3")}
    assert [(one["channel"], one["session_s"]) for one in firsts.values()] == [
        ("can0", "0.0"),
        ("can1", "0.0"),
        ("can0", "0.0"),
    ]
    for number in firsts:
        mine = [row for row in rows if row["session"] == number]
        begun = next(place for place, row in enumerate(mine) if row["message"] == "BCL")
        assert {row["voltage_demand_V"] for row in mine[:begun]} == {""}
        assert {row["voltage_demand_V"] for row in mine[begun:]} == {"410.0"}


def test_without_time_the_column_is_empty(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1826F456#010100\n182756F4#A00F\n")
    main(["trace", str(log), "--csv", str(tmp_path / "a.csv")])
    assert [(row["time_s"], row["session_s"], row["message"]) for row in rows_of(tmp_path / "a.csv")] == [
        ("", "", "CHM"),
        ("", "", "BHM"),
    ]


def test_a_channel_is_no_formula(tmp_path: Path) -> None:
    with CsvFile(str(tmp_path / "a.csv")) as file:
        file.write([0.0, 0.0, 1, "=cmd|' /C calc'!A0", *(None,) * (len(COLUMNS) - 4)])
    assert rows_of(tmp_path / "a.csv")[0]["channel"] == "'=cmd|' /C calc'!A0"


def test_what_came_before_the_recording_broke_off_is_kept(tmp_path: Path, capsys: Any) -> None:
    cut = tmp_path / "cut.log.gz"
    packed = gzip.compress(Path(SAMPLE).read_bytes())
    cut.write_bytes(packed[: len(packed) // 2])
    names = [str(tmp_path / name) for name in ("a.csv", "a.parquet", "a.html")]
    assert main(["trace", str(cut), "--csv", names[0], "--parquet", names[1], "--html", names[2]]) == Exit.CANNOT
    rows = rows_of(tmp_path / "a.csv")
    assert 100 < len(rows) == pyarrow.parquet.read_metadata(names[1]).num_rows
    page = Path(names[2]).read_text("utf-8")
    assert "could not be read to its end" in page
    assert "charging" in page


@pytest.mark.parametrize("option", ["--csv", "--parquet", "--html"])
def test_where_nothing_can_be_written(option: str, tmp_path: Path, capsys: Any) -> None:
    log = tmp_path / "a.log"
    log.write_text("1826F456#010100\n")
    assert main(["trace", str(log), option, str(tmp_path / "none" / "a")]) == Exit.CANNOT
    assert "there is no such file or folder; choose another place" in capsys.readouterr().err
    assert main(["trace", str(log), option, "/dev/full"]) == Exit.CANNOT
    assert "choose another place" in capsys.readouterr().err
    assert main(["trace", str(log), option, "-"]) == Exit.CANNOT
    assert f"give {option} the name of a file" in capsys.readouterr().err
    (tmp_path / "link").symlink_to(log)
    assert main(["trace", str(log), option, str(tmp_path / "link")]) == Exit.CANNOT
    assert f"would be overwritten: choose another name for {option}" in capsys.readouterr().err
    assert log.read_text() == "1826F456#010100\n"


def test_two_outputs_need_two_files(tmp_path: Path, capsys: Any) -> None:
    same = str(tmp_path / "a")
    assert main(["trace", SAMPLE, "--csv", same, "--html", same]) == Exit.CANNOT
    assert "choose another name for --csv" in capsys.readouterr().err


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CommandError, match=r"pip install 'chargelink\[trace\]'"):
        ParquetFile(str(tmp_path / "a.parquet"))
    assert main(["trace", SAMPLE, "--csv", str(tmp_path / "a.csv")]) == Exit.DEFECTS  # needs none
