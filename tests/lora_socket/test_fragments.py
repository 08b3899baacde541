"""Fragments and parity: the published vectors of TS004, and images over an air that loses."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargelink.lora_socket.firmware import FirmwareData, FirmwareSetup
from chargelink.lora_socket.fragments import (
    BLOCK,
    MOST_INDEX,
    Assembly,
    Fragments,
    _block,
    _blocks,
    _place,
    fragment_count,
    parity_row,
)
from chargelink.wire import DecodeError, EncodeError

ROWS = [
    json.loads(line) for line in (Path(__file__).parent.parent / "vectors" / "ts004.jsonl").read_text().splitlines()
]


def announced(size: int, fragment_size: int) -> FirmwareSetup:
    return FirmwareSetup(1, size, 0x0105, fragment_size, fragment_count(size, fragment_size), 0, bytes(8))


def test_the_published_fragment() -> None:
    (row,) = [row for row in ROWS if row["kind"] == "ts004"]
    expected = row["expected"]
    data = FirmwareData.decode(bytes.fromhex(row["raw"])[1:])  # after TS004's command number
    assert (data.id, data.index) == (expected["frag_index"], expected["n"])
    assert data.content.hex() == expected["payload"]
    assert data.encode() == bytes.fromhex(row["raw"])[1:]


def test_the_published_parity() -> None:
    (row,) = [row for row in ROWS if row["kind"] == "ts004_fec"]
    image, expected = bytes.fromhex(row["raw"]), row["expected"]
    fragments = Fragments(image, expected["fragment_size"])
    assert fragments.count == 10
    made = [fragments.content(index).hex() for index in range(1, 11 + expected["redundancy"])]
    assert made[:10] == [image[at : at + 10].hex() for at in range(0, 100, 10)]
    assert made[10:] == expected["parity"]


def test_a_power_of_two_draws_again_what_is_too_high() -> None:
    for number in range(1, 50):
        for fragments in (1, 2, 64, BLOCK):
            assert parity_row(number, fragments) < 1 << fragments
            assert parity_row(number, fragments).bit_count() <= fragments // 2


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3000), st.integers(3, 96), st.integers(0, 1 << 30))
def test_whatever_arrives_the_image_is_right_or_not_complete(size: int, fragment_size: int, seed: int) -> None:
    random = Random(seed)
    image = random.randbytes(size)
    fragments = Fragments(image, fragment_size)
    assembly = Assembly(announced(size, fragment_size))
    loss = random.random()
    sent = [*range(1, 2 * fragments.count + 20)]
    random.shuffle(sent)
    for index in sent:
        if random.random() >= loss:
            assembly.add(index, fragments.content(index))
    assert assembly.complete == (assembly.missing == [])
    for index in assembly.missing:
        assembly.add(index, fragments.content(index))
    assert assembly.complete
    assert assembly.missing == []
    assert assembly.image() == image


def test_a_firmware_of_64_kib_over_an_air_that_loses_a_tenth() -> None:
    image = Random(1).randbytes(65_536)
    fragments = Fragments(image)
    assert fragments.count == 683
    random, assembly = Random(2), Assembly(announced(65_536, 96))
    for index in range(1, 683 + 137 + 1):  # 20 % parity
        if random.random() >= 0.1:
            assembly.add(index, fragments.content(index))
    assert assembly.complete
    assert assembly.image() == image


@pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 130, 255, 256, 257, 683])
def test_blocks_hold_every_fragment_once_and_are_of_one_length(count: int) -> None:
    places = [_place(index, count) for index in range(1, count + 1)]
    blocks = [_block(block, count) for block in range(_blocks(count))]
    assert places == [(block, place) for block, (_, length) in enumerate(blocks) for place in range(length)]
    assert [first for first, _ in blocks] == [places.index((block, 0)) for block in range(len(blocks))]
    lengths = {length for _, length in blocks}
    assert max(lengths) <= BLOCK
    assert max(lengths) - min(lengths) <= 1


def test_what_is_known_already_tells_nothing() -> None:
    fragments, assembly = Fragments(bytes(range(100)), 10), Assembly(announced(100, 10))
    assert assembly.add(3, fragments.content(3))
    assert not assembly.add(3, fragments.content(3))
    for index in (1, 2, *range(4, 11)):
        assert assembly.add(index, fragments.content(index))
    assert not any(assembly.add(index, fragments.content(index)) for index in range(11, 200))
    assert sum(len(block) for block in assembly._blocks) == 10


def test_a_wrong_fragment_is_kept_from_nobody_but_makes_another_image() -> None:
    """Who has the group key can spoil an image; digest and signature find out."""
    fragments, assembly = Fragments(bytes(100), 10), Assembly(announced(100, 10))
    assembly.add(1, b"\xff" * 10)
    for index in range(2, 11):
        assembly.add(index, fragments.content(index))
    assert assembly.image() != bytes(100)


@pytest.mark.parametrize("setup", [(100, 10, 11), (100, 10, 9), (0, 10, 1), (100, 97, 2), (100, 0, 1)])
def test_an_announcement_that_does_not_add_up(setup: tuple[int, int, int]) -> None:
    size, fragment_size, count = setup
    with pytest.raises(DecodeError):
        Assembly(FirmwareSetup(1, size, 2, fragment_size, count, 0, bytes(8)))


@pytest.mark.parametrize(("index", "length"), [(1, 9), (1, 11), (0, 10), (MOST_INDEX + 1, 10), (12, 0)])
def test_a_fragment_of_another_image(index: int, length: int) -> None:
    with pytest.raises(DecodeError):
        Assembly(announced(100, 10)).add(index, bytes(length))


def test_an_image_is_not_read_before_it_is_complete() -> None:
    with pytest.raises(DecodeError, match="10 of 10 fragments are missing"):
        Assembly(announced(100, 10)).image()


@pytest.mark.parametrize(("size", "fragment_size"), [(0, 10), (10, 0), (10, 97), (MOST_INDEX + 1, 1)])
def test_an_image_that_does_not_fit(size: int, fragment_size: int) -> None:
    with pytest.raises(EncodeError):
        Fragments(bytes(size), fragment_size)


@pytest.mark.parametrize("index", [0, MOST_INDEX + 1])
def test_no_such_fragment(index: int) -> None:
    with pytest.raises(EncodeError):
        Fragments(bytes(10)).content(index)
