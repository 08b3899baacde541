"""`chargelink metering`: a key, and a file read with it."""

import json
import stat
from pathlib import Path

import pytest
from tests.metering.lane import SIGNER, SUPERVISOR, Written

from chargelink.cli.main import main
from chargelink.trust.exported import line_of
from chargelink.trust.metering import SupervisorKey


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "supervisor.key"
    path.write_text(SUPERVISOR.private.hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "site-0001.jsonl"
    path.write_bytes(b"".join(map(line_of, Written().measure(0, 1).sign().lines)))
    return path


def test_a_key_is_made_for_its_owner_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new.key"
    assert main(["metering", "keygen", str(path)]) == 0
    private = path.read_text()
    assert capsys.readouterr().out.strip() == SupervisorKey(bytes.fromhex(private)).public.hex()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert main(["metering", "keygen", str(path)]) == 2  # never over another
    assert path.read_text() == private


def test_a_table(file: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metering", "read", str(file), "--key", str(key), "--edge-key", SIGNER.public.hex()]) == 0
    first, second, total, until = capsys.readouterr().out.splitlines()
    assert first.split() == [
        *("1", "1970-01-01", "08:00:00", "1970-01-01", "09:00:00", "gun-1", "0.000", "->", "10.000"),
        *("10.000", "kWh", "10.00", "yuan", "meter", "000000000161,", "verification", "unknown"),
    ]
    assert "10.000 -> 20.000" in second
    assert total == "site-0001: 2 records, 2 signed, 2 opened, 20.000 kWh"
    assert until == "signed up to 1970-01-01 08:00:02"


def test_without_the_edges_key_it_says_what_it_believed(
    file: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metering", "read", str(file), "--key", str(key)]) == 0
    assert SIGNER.public.hex() in capsys.readouterr().out


def test_what_is_wrong_is_named_in_both_languages(file: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert main(["--lang", "en", "metering", "read", str(file), "--key", str(key)]) == 1
    assert "! record 1 of epoch e1: missing (1 records are missing)" in capsys.readouterr().out
    assert main(["--lang", "zh", "metering", "read", str(file), "--key", str(key)]) == 1
    assert "! 记录 1，纪元 e1: 缺失" in capsys.readouterr().out
    assert main(["--lang", "en", "metering", "read", str(file), "--key", str(key), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in told["findings"]] == ["missing", "not-checked"]
    assert [(one["seq"], one["end"]["register"]) for one in told["opened"]] == [(2, 20_000_000)]


def test_what_cannot_be_read(file: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*line: str) -> str:
        assert main(["metering", "read", *line]) == 2
        return capsys.readouterr().err

    assert "no exported lane: line 1" in refused(str(key), "--key", str(key))
    assert "No such file" in refused(str(tmp_path / "none"), "--key", str(key))
    assert "No such file" in refused(str(file), "--key", str(tmp_path / "none"))
    assert "no key of 64" in refused(str(file), "--key", str(key), "--edge-key", "5A")
    key.write_text("5f")
    assert "no key; `chargelink metering keygen` makes one" in refused(str(file), "--key", str(key))
    key.chmod(0o640)
    assert f"chmod 600 {key}" in refused(str(file), "--key", str(key))
