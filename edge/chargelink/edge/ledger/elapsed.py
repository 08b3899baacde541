"""How long something takes, by a clock that nobody sets: what passes since the machine began, and which beginning."""

import time
import uuid
from functools import cache
from pathlib import Path

import msgspec

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4): another after each start of the machine


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """`ms` since the machine began, in its life `boot`."""

    boot: str
    ms: int

    def since(self, earlier: "Moment | None") -> int | None:
        """ms from an earlier moment to this one; None where that cannot be told: another life of the machine."""
        if earlier is None or earlier.boot != self.boot or earlier.ms > self.ms:
            return None
        return self.ms - earlier.ms


def passed_ms() -> int:
    """What passes whatever is set, also while the machine sleeps (clock_gettime(2))."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def moment() -> Moment:
    """Now."""
    return Moment(_boot(), passed_ms())


@cache
def _boot() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:  # then this process is all that is known to be one life
        return str(uuid.uuid4())
