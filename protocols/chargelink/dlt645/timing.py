"""How long things take on the line, in seconds."""

from dataclasses import dataclass

from chargelink.dlt645.frame import LONGEST
from chargelink.dlt645.scanner import LONGEST_GAP

BITS = 11  # a character: start, 8 data, even parity, stop
MOST_PREAMBLE = 8  # seven FE are the most that was seen in the field


@dataclass(frozen=True)
class Timing:
    """What a master allows.

    `response`: from the last byte sent to the first one heard; Td is 20..500 ms (DL/T 645-2007, clause 5.3.3), and
    adapters add to it; gateways over radio need seconds. `gap` between two bytes: Tb. `pause` before the next request,
    for the line to turn.
    """

    baud: int = 2400
    response: float = 0.7
    gap: float = LONGEST_GAP
    pause: float = 0.02

    def duration(self, size: int) -> float:
        """How long `size` bytes take."""
        return size * BITS / self.baud

    @property
    def longest_reply(self) -> float:
        """How long the longest frame that L can announce takes."""
        return self.duration(MOST_PREAMBLE + LONGEST)


USUAL = Timing()
