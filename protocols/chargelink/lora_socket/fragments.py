"""Firmware in fragments, with parity fragments that stand for any that were lost (LoRa Alliance TS004-1.0.0).

Fragments are numbered from 1 to `count`; the last one is filled up with zeros. What comes after them is parity: a
parity fragment is the XOR of about half of the fragments, chosen by a generator (prbs23), so that a receiver who lacks
k of them needs hardly more than k parity fragments, whichever those are.

A receiver solves equations in as many unknowns as there are fragments, which a small controller cannot for hundreds.
So parity is made over blocks of up to 128 fragments, as few as possible and of one length, the first ones longer by one
where that does not come out. Parity fragments go round: the first of each block, the second of each block, and so on.
An image of one block is exactly as in TS004.
"""

from functools import lru_cache

from chargelink.lora_socket.firmware import FRAGMENT, FirmwareData, FirmwareSetup
from chargelink.wire import DecodeError, EncodeError

BLOCK = 128  # fragments
MOST_INDEX = 0x3FFF


def fragment_count(size: int, fragment_size: int = FRAGMENT) -> int:
    """Fragments of an image of `size` bytes."""
    return -(-size // fragment_size)


@lru_cache(maxsize=1024)
def parity_row(number: int, fragments: int) -> int:
    """Which of so many fragments parity fragment `number` (from 1) is the XOR of: bit 0 for the first one."""
    generated = 1 + 1001 * number
    even = fragments & (fragments - 1) == 0  # a power of two: the modulus is one more, what is too high is drawn again
    row = 0
    for _ in range(fragments // 2):
        place = fragments
        while place >= fragments:
            generated = _prbs23(generated)
            place = generated % (fragments + even)
        row |= 1 << place
    return row


class Fragments:
    """An image to be sent. `fragment_size` 1 to 96 bytes. Raises EncodeError for one that does not fit the numbers."""

    def __init__(self, image: bytes, fragment_size: int = FRAGMENT) -> None:
        if not image or not 1 <= fragment_size <= FRAGMENT:
            raise EncodeError(f"no image in fragments: {len(image)} bytes, fragments of {fragment_size}")
        self.count = fragment_count(len(image), fragment_size)
        if self.count > MOST_INDEX:
            raise EncodeError(f"{self.count} fragments, {MOST_INDEX} at most: the image is too long for this size")
        filled = image.ljust(self.count * fragment_size, b"\0")
        self.fragment_size = fragment_size
        self._fragments = [filled[at : at + fragment_size] for at in range(0, len(filled), fragment_size)]

    def content(self, index: int) -> bytes:
        """Fragment `index`, parity above `count`. Raises EncodeError for an index that cannot travel."""
        if not 1 <= index <= MOST_INDEX:
            raise EncodeError(f"fragments are 1 to {MOST_INDEX}, not {index}")
        if index <= self.count:
            return self._fragments[index - 1]
        block, row = _parity(index, self.count)
        first, length = _block(block, self.count)
        parts = [self._fragments[first + place] for place in range(length) if row >> place & 1]
        parity = 0
        for part in parts:
            parity ^= int.from_bytes(part, "little")
        return parity.to_bytes(self.fragment_size, "little")

    def data(self, session: int, index: int) -> FirmwareData:
        """OTA_DATA of fragment `index` in a session, 0 to 3."""
        return FirmwareData(index, session, self.content(index))


class Assembly:
    """An image as it comes together from what arrives, in any order and however often. Raises DecodeError.

    Memory is bounded by the image: never more equations than fragments.
    """

    def __init__(self, setup: FirmwareSetup) -> None:
        fits = 1 <= setup.fragment_size <= FRAGMENT and 1 <= setup.count <= MOST_INDEX
        if not fits or setup.count != fragment_count(setup.size, setup.fragment_size):
            raise DecodeError(f"{setup.count} fragments of {setup.fragment_size} bytes are not {setup.size} bytes")
        self.setup = setup
        # By block: equations by their highest fragment, each solved for it as far as that goes.
        self._blocks: list[dict[int, tuple[int, int]]] = [{} for _ in range(_blocks(setup.count))]

    def add(self, index: int, content: bytes) -> bool:
        """A fragment or parity fragment; whether it told anything new. Raises DecodeError for one of another image."""
        setup = self.setup
        if len(content) != setup.fragment_size or not 1 <= index <= MOST_INDEX:
            raise DecodeError(f"fragment {index} of {len(content)} bytes, not {setup.fragment_size}")
        if index <= setup.count:
            block, place = _place(index, setup.count)
            row = 1 << place
        else:
            block, row = _parity(index, setup.count)
        return _solve(self._blocks[block], row, int.from_bytes(content, "little"))

    @property
    def missing(self) -> list[int]:
        """Indices of the fragments that are not known yet."""
        return [index for index in range(1, self.setup.count + 1) if self._known(index) is None]

    @property
    def complete(self) -> bool:
        """Whether every fragment is known."""
        return sum(map(len, self._blocks)) == self.setup.count

    def image(self) -> bytes:
        """The image, whose digest is still to be judged. Raises DecodeError while anything is missing."""
        known = [self._known(index) for index in range(1, self.setup.count + 1)]
        if None in known:
            raise DecodeError(f"{known.count(None)} of {self.setup.count} fragments are missing")
        size = self.setup.fragment_size
        return b"".join(part.to_bytes(size, "little") for part in known if part is not None)[: self.setup.size]

    def _known(self, index: int) -> int | None:
        block, place = _place(index, self.setup.count)
        row, value = self._blocks[block].get(place, (0, 0))
        return value if row == 1 << place else None


def _solve(equations: dict[int, tuple[int, int]], row: int, value: int) -> bool:
    """Take one more equation: what it says beyond the others. They stay free of one another's highest fragments."""
    for place, (other, known) in equations.items():
        if row >> place & 1:
            row, value = row ^ other, value ^ known
    if row == 0:
        return False
    highest = row.bit_length() - 1
    for place, (other, known) in equations.items():
        if other >> highest & 1:
            equations[place] = (other ^ row, known ^ value)
    equations[highest] = (row, value)
    return True


def _parity(index: int, count: int) -> tuple[int, int]:
    """Of a parity fragment: its block, and which of the block's fragments it combines."""
    number, block = divmod(index - count - 1, _blocks(count))
    return block, parity_row(number + 1, _block(block, count)[1])


def _block(block: int, count: int) -> tuple[int, int]:
    """The first fragment of a block, from 0, and how many it has."""
    length, longer = divmod(count, _blocks(count))
    return block * length + min(block, longer), length + (block < longer)


def _place(index: int, count: int) -> tuple[int, int]:
    """The block of a fragment, and its place there, from 0."""
    length, longer = divmod(count, _blocks(count))
    at = index - 1
    if at < longer * (length + 1):
        return divmod(at, length + 1)
    block, place = divmod(at - longer * (length + 1), length)
    return longer + block, place


def _blocks(count: int) -> int:
    return -(-count // BLOCK)


def _prbs23(state: int) -> int:
    return state >> 1 | ((state ^ state >> 5) & 1) << 22
