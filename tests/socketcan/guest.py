"""What runs in the virtual machine, as its first process: every check on a fresh virtual CAN interface.

It says on the serial console, a line each: `check NAME ok|FAILED SECONDS DETAIL`, and `done CHECKS FAILED` at the end.
"""

import asyncio
import contextlib
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from tests.guest.inside import power_off, prepare, say
from tests.socketcan import interface, kernel_checks, pair_checks, port_checks

# What the commands need comes along into the machine by these.
import chargelink.cli.main
import chargelink.sim.conformance.live.options
import chargelink.sim.vehicle  # noqa: F401

NAME = "vcan0"
CHECKS: tuple[Callable[[str], str | Coroutine[Any, Any, str]], ...] = (
    *port_checks.CHECKS,
    *kernel_checks.CHECKS,
    *pair_checks.CHECKS,
)


def main() -> None:
    """Everything; then the power goes off."""
    failed = 0
    try:
        prepare()
        for check in CHECKS:
            failed += not checked(check)
        say("done", len(CHECKS), failed)
    except BaseException:
        say("done 0 broken", traceback.format_exc().replace("\n", " | "))
    power_off()


def checked(check: Callable[[str], str | Coroutine[Any, Any, str]]) -> bool:
    """Whether it went well; its detail is what was seen, or why not."""
    interface.add(NAME)
    interface.set_up(NAME, up=True)
    began, result = time.monotonic(), "ok"
    try:
        detail = check(NAME)
        detail = detail if isinstance(detail, str) else asyncio.run(detail)
    except Exception:
        result, detail = "FAILED", traceback.format_exc().replace("\n", " | ")
    say("check", check.__name__, result, f"{time.monotonic() - began:.2f}", detail)
    with contextlib.suppress(OSError):
        interface.remove(NAME)
    return result == "ok"
