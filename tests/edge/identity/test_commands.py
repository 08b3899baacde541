"""`chargelink edge enroll` and `identity`: what they refuse before anything is sent."""

import os
from pathlib import Path

import pytest
from tests.edge.identity.test_papers import some

from chargelink.cli.main import main
from chargelink.edge.identity import Drawer


def test_who_is_this(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edge", "identity", "--data", str(tmp_path)]) == 2
    assert "chargelink hub edge add" in capsys.readouterr().err
    drawer, papers = Drawer(tmp_path), some()
    drawer.write(papers)
    drawer.write_next(some())
    assert main(["edge", "identity", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"certificate: {papers.fingerprint}" in out
    assert "until: 2026-12-24T" in out
    assert "next certificate: " in out
    assert "PRIVATE" not in out


def test_an_identity_is_not_lost_by_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Drawer(tmp_path).write(some())
    before = Drawer(tmp_path).current.read_bytes()
    assert main(["edge", "enroll", "clk1.whatever", "--data", str(tmp_path)]) == 2
    assert "--force begins anew" in capsys.readouterr().err
    assert main(["edge", "enroll", "clk1.whatever", "--data", str(tmp_path), "--force"]) == 2
    assert "mistyped or cut" in capsys.readouterr().err
    assert Drawer(tmp_path).current.read_bytes() == before


def test_what_the_daemon_could_not_read_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert main(["edge", "enroll", "clk1.whatever", "--data", str(tmp_path)]) == 2
    assert "sudo -u" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
