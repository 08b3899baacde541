"""Fuzzed bytes read as a story: which message, which address, how long to wait, what the line brings next."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

STEPS = (0.0, 0.001, 0.01, 0.02, 0.25, 0.5, 0.501, 0.75, 1.05, 1.25, 3.0, 10.0, 60.0)  # s: around every timer we have


class Script:
    """Takes instructions off the front of `data`; where it is used up everything is 0 and empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def ended(self) -> bool:
        """Nothing is left."""
        return self._at >= len(self._data)

    def take(self, size: int) -> bytes:
        """The next bytes, fewer at the end."""
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def number(self, size: int = 1) -> int:
        """The next `size` bytes as a number, high byte first."""
        return int.from_bytes(self.take(size), "big")

    def choose(self, options: Sequence[T]) -> T:
        """One of the options, by the next byte."""
        return options[self.number() % len(options)]

    def chunk(self) -> bytes:
        """A length in one byte, and so many bytes."""
        return self.take(self.number())

    def step(self) -> float:
        """How much time passes, in s."""
        return self.choose(STEPS)

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data))


def chunked(data: bytes) -> bytes:
    """What `Script.chunk` reads as `data`, or as its first 255 bytes."""
    return bytes((len(data[:255]),)) + data[:255]
