"""An event loop whose clock jumps to the next timer when nothing else is to be done. Threads get a moment first."""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
MOMENT = 0.0001  # s of real time that a writer thread or a socket gets before time jumps


class _Selector(selectors.DefaultSelector):
    loop: "JumpingLoop"

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        time.sleep(MOMENT)  # a timeout of select itself is never shorter than a millisecond
        if timeout:
            self.loop.jumped += timeout
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumped = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.jumped


def run(story: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(story)
