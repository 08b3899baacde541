"""The hub's clock, in the unit of all its times."""

import time


def now_ms() -> int:
    """UTC, milliseconds since 1970."""
    return time.time_ns() // 1_000_000
