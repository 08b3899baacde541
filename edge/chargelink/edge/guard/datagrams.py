"""What the guard is told and what it says, byte for byte.

Nothing here raises: bytes that are not what they should be give None, and the guard counts them.
"""

import struct
from typing import NamedTuple

VERSION = 1
LONGEST = 64  # bytes; a longer datagram is cut to this, and is of the wrong length by then

PULSE = b"P"  # the one-shot holds the permit for another 50 ms
MODULES_OFF = b"M"  # the power modules' enable drops, the contactor stays
OPEN = b"O"  # the one-shot and the modules' enable drop at once
RESET = b"RESET"

GREATEST_VOLTAGE = 2_000_000  # mV; what no charger of GB/T 18487.1 (to 1500 V) can show is no measurement
GREATEST_CURRENT = 2_000_000  # mA
GREATEST_LIMIT = 1_500_000  # mV, the highest rated voltage of GB/T 20234.1

_INPUTS = struct.Struct("<BBHiii")
_FACTS = struct.Struct("<BBIQiiI")
_E_STOP, _DOOR, _CONTACTOR, _LOCK = 1, 2, 4, 8
_WANTED, _LIMIT_KNOWN = 1, 2


class Inputs(NamedTuple):
    """The safety inputs of the charger, every 5 ms and at once on a change. `counter` runs over at 65536."""

    e_stop: bool
    door_open: bool
    contactor_closed: bool  # feedback of K1/K2
    locked: bool
    counter: int
    outside_mv: int  # vehicle side of K1/K2
    inside_mv: int  # module side
    current_ma: int  # positive into the battery

    @classmethod
    def decode(cls, datagram: bytes) -> "Inputs | None":
        if len(datagram) != _INPUTS.size:
            return None
        version, bits, counter, outside, inside, current = _INPUTS.unpack(datagram)
        if version != VERSION or max(abs(outside), abs(inside)) > GREATEST_VOLTAGE or abs(current) > GREATEST_CURRENT:
            return None
        return cls(
            bool(bits & _E_STOP),
            bool(bits & _DOOR),
            bool(bits & _CONTACTOR),
            bool(bits & _LOCK),
            counter,
            outside,
            inside,
            current,
        )

    def follows(self, earlier: "Inputs") -> bool:
        """False for a repeated or late datagram: it says nothing about now."""
        return 0 < (self.counter - earlier.counter & 0xFFFF) < 0x8000


class Facts(NamedTuple):
    """What the daemon says of the session, every 20-100 ms. `sequence` runs over at 2**32."""

    wanted: bool
    limit_known: bool
    sequence: int
    at: int  # CLOCK_MONOTONIC, ns: the daemon's own stamp, so that waiting in a queue counts as age
    limit_mv: int  # the least of the vehicle's limits (BHM, BCP)
    limit_ma: int
    session: int  # short id

    @classmethod
    def decode(cls, datagram: bytes) -> "Facts | None":
        if len(datagram) != _FACTS.size:
            return None
        version, flags, sequence, at, limit_mv, limit_ma, session = _FACTS.unpack(datagram)
        limit_known = bool(flags & _LIMIT_KNOWN)
        if version != VERSION or (limit_known and not 0 < limit_mv <= GREATEST_LIMIT):
            return None
        return cls(bool(flags & _WANTED), limit_known, sequence, at, limit_mv, limit_ma, session)

    def encode(self) -> bytes:
        """Raises struct.error on a value that does not fit its field."""
        flags = _WANTED * self.wanted | _LIMIT_KNOWN * self.limit_known
        return _FACTS.pack(VERSION, flags, self.sequence, self.at, self.limit_mv, self.limit_ma, self.session)

    def follows(self, earlier: "Facts") -> bool:
        """False for a repeated, late or replayed datagram."""
        return 0 < (self.sequence - earlier.sequence & 0xFFFFFFFF) < 0x80000000 and self.at >= earlier.at
