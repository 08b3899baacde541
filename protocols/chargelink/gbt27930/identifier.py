"""The 29-bit identifier of SAE J1939, as GB/T 27930 uses it: priority, PGN, destination, source."""

from typing import NamedTuple

CHARGER = 0x56  # 86; both addresses are fixed by the standard
BMS = 0xF4  # 244
GLOBAL = 0xFF  # the address of everybody
FIRST_TO_ALL = 0xF000  # PGNs from here on name no destination (PDU2)
PGN_BITS = 0x3FFFF


class Identifier(NamedTuple):
    """`pgn` is 18 bits with the reserved and the data page bit; its low byte is 0 where a message has a destination.

    All messages of GB/T 27930 have one (PDU1). Others on the same pins may speak to everybody (PDU2): then the low
    byte is part of the PGN, and the destination is 255.
    """

    priority: int
    pgn: int
    destination: int
    source: int

    @classmethod
    def decode(cls, identifier: int) -> "Identifier":
        """Take a 29-bit identifier apart (SAE J1939-21, 5.2)."""
        pgn, specific = identifier >> 8 & PGN_BITS, identifier >> 8 & 0xFF
        if pgn & 0xFF00 >= FIRST_TO_ALL:
            return cls(identifier >> 26, pgn, GLOBAL, identifier & 0xFF)
        return cls(identifier >> 26, pgn - specific, specific, identifier & 0xFF)

    def encode(self) -> int:
        """The 29-bit identifier."""
        to_all = self.pgn & 0xFF00 >= FIRST_TO_ALL
        return self.priority << 26 | (self.pgn | (0 if to_all else self.destination)) << 8 | self.source
