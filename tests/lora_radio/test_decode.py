"""`chargelink decode gwmp` as people and programs meet it."""

import json
from pathlib import Path
from typing import Any

import pytest

from chargelink.cli.language import Language, speak
from chargelink.cli.main import main

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "vectors" / "lora_radio.jsonl").read_text().splitlines()
]
VECTORS = [row for row in ROWS if row["kind"] != "airtime"]


def decoded(tmp_path: Path, capfd: pytest.CaptureFixture[str], *lines: str) -> list[dict[str, Any]]:
    (tmp_path / "forwarder.log").write_text("\n".join(lines), encoding="utf-8")
    assert main(["decode", "gwmp", "--json", str(tmp_path / "forwarder.log")]) in (0, 1)
    return [json.loads(row) for row in capfd.readouterr().out.splitlines()]


def test_vectors(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    reports = decoded(tmp_path, capfd, *(row["raw"] for row in VECTORS))
    assert [report["fields"] for report in reports] == [row["expected"] for row in VECTORS]
    assert {report["direction"] for report in reports} == {"up", "down"}


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ('{"rxpk":[{"data":"AA==","size":2}]}', "the payload is not as long as stated"),
        ('{"rxpk":[{"data":"AA","size":1}]}', "the payload is no standard base64"),
        ('{"rxpk":[{"freq":"x"}]}', "cannot be read: freq: 'x'"),
        ('{"stat":{"rxnb":"x"}}', "cannot be read: rxnb: 'x'"),
        ('{"rxpk":[1]}', "cannot be read: ReceivedPacket is no JSON object: 1"),
        ('{"txpk_ack":{"error":"WHAT"}}', "unknown error code"),
        ("{", "cannot be read: no JSON: Input data was truncated"),
        ("017b0000", "cannot be read: GWMP version 1, this is 2"),
        ("hello", "no datagram: hello"),
        ("027b0003 zz", "no datagram: 027b0003 zz"),
    ],
)
def test_defects(tmp_path: Path, capfd: pytest.CaptureFixture[str], line: str, note: str) -> None:
    (report,) = decoded(tmp_path, capfd, "# a comment", line, "")
    assert not report["conforming"]
    assert report["notes"] == [note]
    assert isinstance(report["message"], str)


def test_a_forwarders_log_may_say_something_before_its_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (report,) = decoded(tmp_path, capfd, 'JSON up: {"stat":{"rxnb":2},"rxpk":[{"stat":-1,"data":"AA==","size":1}]}')
    assert (report["message"], report["conforming"]) == ("rxpk+stat", True)
    assert report["notes"] == ["the packet's CRC is wrong: to be dropped"]


@pytest.mark.parametrize(
    ("before", "time"),
    [("", None), ("JSON up: ", None), ("1700000000.25 up: ", 1_700_000_000.25), ("12:00:01.5 ", 43_201.5)],
)
def test_the_time_before_the_json_is_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], before: str, time: float | None
) -> None:
    (report,) = decoded(tmp_path, capfd, before + '{"stat":{"rxnb":2}}')
    assert (report["time"], report["message"]) == (time, "stat")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_listing_names_what_is_ours(tmp_path: Path, capfd: pytest.CaptureFixture[str], language: str) -> None:
    packet = '{"rxpk":[{"freq":470.3,"datr":"SF8BW125","rssi":-80,"size":14,"data":"4GBRKhEAcRFAwE8zh5o="}]}'
    (tmp_path / "forwarder.log").write_text("\n".join([packet, *(row["raw"] for row in VECTORS)]))
    assert main(["--lang", language, "decode", "gwmp", str(tmp_path / "forwarder.log")]) == 1
    speak(Language.ENGLISH)
    first, *others = capfd.readouterr().out.splitlines()
    assert "470.3 MHz SF8BW125 -80 dBm 14 B LS1 POLL 2A51/0011 #4465" in first
    assert len(others) == len(VECTORS)
    assert any("COLLISION_BEACON" in row for row in others)
