"""What is no whole backup, or holds a wrong chain, is not put back."""

import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.hub.saved import journal, saved

from chargelink.cli.main import main
from chargelink.hub.store.address import DATABASE

__all__ = ["journal", "saved"]


def rewritten(saved: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A backup with other parts."""
    with tarfile.open(saved) as archive:
        parts = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    change(parts)
    file = saved.with_suffix(".other")
    with tarfile.open(file, "w") as archive:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def naming(parts: dict[str, bytes], name: str) -> None:
    """Let the manifest name one more part."""
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"][name] = "00" * 32
    parts["manifest.json"] = json.dumps(manifest).encode()
    parts[name] = b"hostile"


NOT_WHOLE: list[tuple[str, Callable[[dict[str, bytes]], Any], str]] = [
    ("a byte changed", lambda parts: parts.update({"identity/ca.pem": b"another key"}), "ca.pem is damaged"),
    ("a part gone", lambda parts: parts.pop("identity/ca.pem"), "holds no identity/ca.pem"),
    ("no database", lambda parts: parts.pop("hub.db"), "holds no hub.db"),
    ("no manifest", lambda parts: parts.pop("manifest.json"), "holds no manifest.json"),
    ("no JSON", lambda parts: parts.update({"manifest.json": b"{"}), "not a whole backup"),
    ("out of its folder", lambda parts: naming(parts, "identity/../../x"), "what is identity/../../x"),
    ("to the root", lambda parts: naming(parts, "/etc/x"), "what is /etc/x"),
    ("beside", lambda parts: naming(parts, "persons.key"), "what is persons.key"),
]


@pytest.mark.parametrize(("change", "said"), [row[1:] for row in NOT_WHOLE], ids=[row[0] for row in NOT_WHOLE])
def test_what_is_no_whole_backup_is_not_put_back(
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, bytes]], Any],
    said: str,
) -> None:
    target = tmp_path / "elsewhere"
    capsys.readouterr()
    code = main(["hub", "restore", "--data", str(target), "--force", str(rewritten(saved, change)), "--lang", "en"])
    assert code == 2
    assert said in capsys.readouterr().err
    assert not (target / "hub.db").exists()
    assert not (tmp_path / "x").exists()


def test_any_file_is_no_backup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"hello" * 1000)
    assert main(["hub", "restore", "--data", str(tmp_path / "x"), str(tmp_path / "file"), "--lang", "en"]) == 2
    assert "not a whole backup" in capsys.readouterr().err


def test_a_wrong_chain_is_put_back_by_force_only(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is whole, what it holds was changed before it was made."""
    folder = tmp_path / "tampered"
    assert main(["hub", "restore", "--data", str(folder), "--force", str(saved), "--lang", "en"]) == 0
    with closing(sqlite3.connect(folder / "hub.db")) as database:
        database.execute("UPDATE record SET at = 7 WHERE seq = 7")
        database.commit()
    bad = tmp_path / "bad.backup"
    assert main(["hub", "backup", "--data", str(folder), str(bad), "--lang", "en"]) == 0
    target = tmp_path / "target"
    capsys.readouterr()
    assert main(["hub", "restore", "--data", str(target), str(bad), "--lang", "en"]) == 2
    said = capsys.readouterr()
    assert "record/12: the signature there is not under these records" in said.out
    assert "not restored" in said.err
    assert not (target / "hub.db").exists()
    assert main(["hub", "restore", "--data", str(target), "--force", str(bad), "--lang", "en"]) == 1
    assert (target / "hub.db").exists()


def test_a_hub_that_never_ran_cannot_be_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DATABASE, raising=False)
    assert main(["hub", "backup", "--data", str(tmp_path / "none"), str(tmp_path / "f"), "--lang", "en"]) == 2
    assert "no hub has run" in capsys.readouterr().err
