"""How late this process is woken: what the machine does to the tester, not what the device does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

EVERY = 0.005  # s


class Lateness:
    """Looks at the clock every few milliseconds; `worst` is how late that was at worst, s."""

    def __init__(self) -> None:
        self.worst = 0.0

    def take(self) -> float:
        """The worst since the last time, s."""
        worst, self.worst = self.worst, 0.0
        return worst

    def note(self, late: float) -> None:
        self.worst = max(self.worst, late)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch for as long as the block lasts."""
        task = asyncio.create_task(self._watch(), name="lateness")
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            self.note(loop.time() - due)
