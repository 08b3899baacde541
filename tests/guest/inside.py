"""What the first process of a virtual machine does: file systems, drivers, a line on the console, power off."""

import ctypes
import errno
import os
import termios
import tty
from pathlib import Path

MODULES = Path("/modules")
INIT_MODULE = 313  # finit_module of x86_64
POWER_OFF = 0x4321FEDC  # LINUX_REBOOT_CMD_POWER_OFF

libc = ctypes.CDLL(None, use_errno=True)


def prepare() -> None:
    """Drivers and the kernel's file systems; and a console that adds nothing to lines."""
    for kind, place in (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")):
        mount(kind, kind, place)
    for line in (MODULES / "order").read_text().split():
        module = os.open(MODULES / line, os.O_RDONLY)
        check(libc.syscall(INIT_MODULE, module, b"", 0), line)
        os.close(module)
    tty.setraw(1, termios.TCSANOW)


def mount(source: str, kind: str, place: str) -> None:
    """Raises OSError."""
    check(libc.mount(source.encode(), place.encode(), kind.encode(), 0, None), place)


def words() -> dict[str, str]:
    """What the machine was started with."""
    return dict(word.split("=", 1) for word in Path("/proc/cmdline").read_text().split() if "=" in word)


def power_off() -> None:
    """With everything written."""
    libc.sync()
    libc.reboot(POWER_OFF)


def say(*told: object) -> None:
    """One line, in one write."""
    os.write(1, (" ".join(map(str, told)) + "\n").encode())


def check(result: int, what: str) -> None:
    """Raises OSError for the result of a call that failed, other than that it was done before."""
    number = ctypes.get_errno()
    if result != 0 and number not in (errno.EEXIST, errno.EBUSY):
        raise OSError(number, os.strerror(number), what)
