"""Which format a recording has, found by content or suffix or told; and what is none."""

import gzip
from pathlib import Path

import pytest

from chargelink.trace.can_log import CanFrame, CanLog, Unreadable
from chargelink.trace.can_log.log import FORMATS, format_of
from chargelink.trace.source import CannotRead, Source

LINE = b"(1.0) can0 1826F456#010100\n"
FRAME = CanFrame(1.0, "can0", 0x1826F456, bytes.fromhex("010100"))


@pytest.mark.parametrize(
    ("head", "name", "form"),
    [
        (LINE, "-", "candump"),
        (LINE, "candump.log", "candump"),
        (b"", "empty", "candump"),
        (b"1826F456#010100", "frame.csv", "candump"),
        (b"time,id,data\n1,1826F456,00\n", "-", "csv"),
        ("序号,帧ID,数据\n".encode("gbk"), "export.txt", "csv"),
        ("id\tdata\n".encode("utf-16"), "export.txt", "csv"),
        (LINE.decode().encode("utf-16"), "candump.txt", "candump"),
        (b"date Mon Dec 25 10:08:41 pm 2023\nbase hex  timestamps absolute\n", "-", "asc"),
        (b"anything", "LOG.ASC", "asc"),
        (b"LOGG\x90\0\0\0", "-", "blf"),
        (b"MDF     4.10", "-", "mf4"),
        (b";$FILEVERSION=2.1\n", "-", "trc"),
        (b"; comment\n", "old.trc.gz", "trc"),
        (b"\0" * 100 + b"\n" + LINE, "-", "candump"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture.png", None),
        (bytes(range(256)) * 4, "-", None),
    ],
)
def test_a_format_is_found(head: bytes, name: str, form: str | None) -> None:
    assert format_of(head, name) == form


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_frames_are_counted(packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "candump.log"
    content = LINE * 1500 + b"torn\n" + LINE
    path.write_bytes(gzip.compress(content) if packed else content)
    with Source(str(path)) as source:
        log = CanLog(source)
        batches = [*log]
    assert [frame for batch in batches if isinstance(batch, list) for frame in batch] == [FRAME] * 1501
    assert [batch.line for batch in batches if isinstance(batch, Unreadable)] == [1501]
    assert (log.form, log.frames, log.unreadable, log.tally()) == ("candump", 1501, 1, "1,501 frames")


def test_what_is_no_recording_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with Source(str(path)) as source, pytest.raises(CannotRead, match="choose one with --format"):
        CanLog(source)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("content", [b"", LINE, b"\0\xff" * 100], ids=["empty", "candump", "binary"])
def test_a_wrong_format_is_refused_or_reported(form: str, content: bytes, tmp_path: Path) -> None:
    """The user may insist; what comes is frames, reports, or that it cannot be read."""
    path = tmp_path / "log"
    path.write_bytes(content)
    try:
        with Source(str(path)) as source:
            batches = [*CanLog(source, form)]
    except CannotRead:
        return
    assert all(isinstance(batch, Unreadable) or batch == [FRAME] for batch in batches)
