"""A simulator as a process: it says when it is ready, runs until it is told to stop, and ends in order."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from chargelink.cli.command import CommandError, Exit
from chargelink.cli.groups import leaves
from chargelink.wire import ChargelinkError

PRIORITY = 1  # of real time, the lowest: below the guard's
HOST = "127.0.0.1"  # simulators talk to this machine only


def announce(what: str = "ready", /, **facts: object) -> None:
    """Print a line that others wait for: `ready can=socketcand://127.0.0.1:40123/can0`."""
    print(what, *(f"{name.replace('_', '-')}={value}" for name, value in facts.items()), flush=True)


def like_hardware() -> None:
    """Run before all else on this machine, where that is permitted: what is simulated has a processor of its own.

    A board that is late by 50 ms is a fault, and the guard would rightly cut off for it. What the process starts
    runs as others do.
    """
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))


def run(main: Coroutine[Any, Any, int], loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> int:
    """Run to the end, or until SIGTERM or Ctrl-C cancel `main`; its exit code, or that of an orderly end.

    `loop` makes another event loop than asyncio's own. Raises CommandError when the other end of a connection is not
    there, or a port is taken.
    """
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(_stoppable(main))
    except OSError as error:
        raise CommandError(str(error)) from error
    except ExceptionGroup as group:
        unexpected = group.split((OSError, ChargelinkError, CommandError))[1]
        if unexpected:
            raise
        raise CommandError("; ".join(map(str, leaves(group)))) from group


async def _stoppable(main: Coroutine[Any, Any, int]) -> int:
    task = asyncio.ensure_future(main)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return Exit.CLEAN
