"""What keeps the guard on time: no garbage collector, real-time priority, memory that stays where it is.

Where the system does not permit it the guard runs all the same, and says so in its state.
"""

import ctypes
import gc
import os

PRIORITY = 50  # SCHED_FIFO, above interrupt threads' clients and below the kernel's own interrupt threads
_CURRENT, _FUTURE, _ON_FAULT = 1, 2, 4  # <sys/mman.h>


def still_collector() -> None:
    """Nothing made until now is looked at again, nothing made later is collected: the loop makes no cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()


def take_priority() -> str:
    """`fifo`, or `other` where it is not permitted (CAP_SYS_NICE, RLIMIT_RTPRIO)."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        return "other"
    return "fifo"


def lock_memory() -> str:
    """`locked`, or `pageable` where it is not permitted (CAP_IPC_LOCK, RLIMIT_MEMLOCK).

    A page is locked when it is first used: what the rehearsal has touched stays, what is never used takes no memory.
    Before that the allocator gives back what starting needed (glibc; other libraries have no such call).
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    return "pageable" if libc.mlockall(_CURRENT | _FUTURE | _ON_FAULT) else "locked"


def resident_kib() -> int:
    """Resident memory of this process, KiB."""
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
