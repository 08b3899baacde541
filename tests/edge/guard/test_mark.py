"""The mark: what survives, and what is taken for torn."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.edge.guard import mark
from chargelink.edge.guard.mark import ARMED, CLEAR, TRIPPED, Keeper, Mark

MARKS = [Mark(CLEAR), Mark(ARMED, sequence=3), Mark(TRIPPED, "over-voltage", 4_000_000_000)]


@pytest.mark.parametrize("said", MARKS)
def test_both_ways(said: Mark) -> None:
    assert Mark.decode(said.encode()) == said


@pytest.mark.parametrize("said", MARKS)
def test_torn_anywhere_or_wrong_in_one_bit_is_no_mark(said: Mark) -> None:
    line = said.encode()
    assert all(Mark.decode(line[:end]) is None for end in range(len(line)))
    for bit in range(len(line) * 8):
        wrong = bytearray(line)
        wrong[bit // 8] ^= 1 << bit % 8
        assert Mark.decode(bytes(wrong)) is None


@given(st.binary(max_size=120))
def test_any_bytes(line: bytes) -> None:
    said = Mark.decode(line)
    assert said is None or said.encode() == line


def test_the_child_writes_and_answers(tmp_path: Path) -> None:
    path = str(tmp_path / "mark")
    assert mark.read(path) is None
    keeper = Keeper(path)
    try:
        keeper._socket.setblocking(True)
        for said in MARKS:
            assert keeper.ask(said)
            assert keeper.answer() is True
            assert mark.read(path) == said
        assert [file.name for file in tmp_path.iterdir()] == ["mark"]
    finally:
        keeper.close()


def test_the_child_says_when_it_cannot_write(tmp_path: Path) -> None:
    keeper = Keeper(str(tmp_path / "nowhere" / "mark"))
    try:
        keeper._socket.setblocking(True)
        assert keeper.ask(Mark(CLEAR))
        assert keeper.answer() is False
    finally:
        keeper.close()


def test_commissioning_is_done_once(tmp_path: Path) -> None:
    path = str(tmp_path / "mark")
    mark.commission(path)
    assert mark.read(path) == Mark(CLEAR)
    with pytest.raises(FileExistsError):
        mark.commission(path)
