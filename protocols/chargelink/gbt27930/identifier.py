"""The 29-bit identifier of SAE J1939, as GB/T 27930 uses it: priority, PGN, destination, source."""

from typing import NamedTuple

CHARGER = 0x56  # 86; both addresses are fixed by the standard
BMS = 0xF4  # 244


class Identifier(NamedTuple):
    """`pgn` is the PDU format with a low byte of 0: GB/T 27930 addresses every message (PDU1)."""

    priority: int
    pgn: int
    destination: int
    source: int

    @classmethod
    def decode(cls, identifier: int) -> "Identifier":
        """Take a 29-bit identifier apart; the reserved and the data page bit are part of the PGN."""
        return cls(identifier >> 26, identifier >> 8 & 0x3FF00, identifier >> 8 & 0xFF, identifier & 0xFF)

    def encode(self) -> int:
        """The 29-bit identifier."""
        return self.priority << 26 | self.pgn << 8 | self.destination << 8 | self.source
