"""Bytes of a recording: files, pipes, gzip, whole lines, and what cannot be read."""

import argparse
import gzip
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.trace import source as module
from chargelink.trace.source import LONG_FILE, LONGEST_LINE, CannotRead, Source, lines, open_bytes, whole_lines

CONTENT = b"one\ntwo\r\n\nfour"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """The writing end of a pipe that is standard input."""
    reading, writing = os.pipe()
    kept = os.dup(0)
    os.dup2(reading, 0)
    os.close(reading)
    with io.FileIO(writing, "w") as end:
        yield end
    os.dup2(kept, 0)
    os.close(kept)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_file(recording: Path, packed: bool) -> None:
    if packed:
        recording.write_bytes(gzip.compress(CONTENT))
    with Source(str(recording)) as source:
        assert not source.live
        assert source.head() == CONTENT
        assert [*source.lines()] == [b"one", b"two", b"", b"four"]
    with Source(str(recording)) as source:
        assert source.take(3) + source.read() == CONTENT


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_pipe(pipe: io.FileIO, packed: bool) -> None:
    pipe.write(gzip.compress(CONTENT) if packed else CONTENT)
    pipe.close()
    with open_bytes(argparse.Namespace(file="-", no_progress=False)) as source:
        assert source.live
        assert b"".join(source.whole_lines()) == CONTENT


def test_a_pipe_gives_what_has_come(pipe: io.FileIO) -> None:
    """Without waiting for a block to fill: here nothing more would come."""
    pipe.write(b"one\n")
    with Source("-") as source:
        assert source.head() == b"one\n"
        blocks = source.whole_lines()
        assert next(blocks) == b"one\n"
        pipe.write(b"two\nthr")
        assert next(blocks) == b"two\n"
        pipe.write(b"ee\n")
        assert next(blocks) == b"three\n"


def test_a_pipe_that_somebody_made_non_blocking(pipe: io.FileIO) -> None:
    os.set_blocking(0, False)
    pipe.write(b"one\n")
    with Source("-") as source:
        assert source.head() == b"one\n"
        pipe.close()
        assert source.read() == b"one\n"


def test_output_is_flushed_before_waiting(pipe: io.FileIO, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []
    monkeypatch.setattr(sys.stdout, "flush", lambda: flushed.append(True))
    pipe.write(b"one\n")
    with Source("-") as source:
        assert not flushed
        next(iter(source))
        assert flushed


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"")
    with Source(str(path)) as source:
        assert (source.head(), [*source.lines()]) == (b"", [])


@pytest.mark.parametrize("path", ["nonexistent", "."])
def test_what_cannot_be_opened(path: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=r"cannot open .*; check the path"):
        Source(str(tmp_path / path))


@pytest.mark.parametrize("cut", [slice(3), slice(9), slice(20), slice(-1)])
def test_torn_gzip(cut: slice, recording: Path) -> None:
    recording.write_bytes(gzip.compress(CONTENT * 1000)[cut])
    with pytest.raises(CannotRead, match="cannot read"), Source(str(recording)) as source:
        source.read()


@pytest.mark.parametrize(("size", "shown"), [(LONG_FILE, True), (LONG_FILE - 1, False)])
def test_progress_on_long_files(
    size: int, shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the listing goes to a file and people look at standard error."""
    path = tmp_path / "log"
    path.write_bytes(b"\n" * size)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for progress in (True, False):
        with Source(str(path), progress) as source:
            source.read()
        assert ("log" in capsys.readouterr().err) == (shown and progress)


blocks_of_lines = st.lists(st.text("ab\r\n", max_size=12).map(str.encode), max_size=12)


@given(blocks_of_lines)
def test_chunking_never_matters(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    cut = [*whole_lines(blocks)]
    assert b"".join(cut) == whole
    assert all(block.endswith(b"\n") for block in cut[:-1])
    assert [line for block in cut for line in lines(block)] == (lines(whole) if whole else [])


def test_an_endless_line_keeps_memory_flat() -> None:
    block = b"a" * 1000
    pieces = [*whole_lines(block for _ in range(1000))]
    assert sum(map(len, pieces)) == 1_000_000
    assert max(map(len, pieces)) <= LONGEST_LINE + len(block)


def test_the_block_is_what_the_docstring_says() -> None:
    assert f"1 to {module.BLOCK // 1024} KiB" in str(Source.__doc__)
