"""Who tells this edge what time it is: the kernel, whose clock NTP disciplines, and the hub.

NTP is whatever disciplines the system's clock: chrony, ntpd or timesyncd from servers, or chrony and gpsd from a GPS
receiver. All of them tell the kernel whether the clock is synchronised, and how far it may be off: adjtimex(2).
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

NTP = "ntp"
HUB = "hub"
PERSON = "person"

STA_UNSYNC = 0x0040  # <linux/timex.h>
TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """struct timex of <linux/timex.h>, up to what is read here; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class Kernel(NamedTuple):
    """What the kernel says of the system's clock: whether it is disciplined, and by how many ms it may be off."""

    synchronised: bool
    within: int


def kernel() -> Kernel | None:
    """Ask it; None where it does not say: no such call, or not for us."""
    call = _adjtimex()
    if call is None:
        return None
    timex = _Timex(modes=0)  # only read: needs no privilege
    state = call(ctypes.byref(timex))
    if state < 0:
        return None
    synchronised = state != TIME_ERROR and not timex.status & STA_UNSYNC
    return Kernel(synchronised, -(-int(timex.maxerror) // 1000))


@cache
def _adjtimex() -> Callable[..., int] | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    call.restype = ctypes.c_int
    return call
