"""Changes on their way to whoever watches. In memory: what matters is in the database before it is published."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

LARGEST_BACKLOG = 512  # changes a watcher may be behind; more, and it is dropped and begins anew


class Change:
    """Something that is different now: a topic and its JSON, encoded once for all who watch."""

    __slots__ = ("json", "topic")

    def __init__(self, topic: str, json: bytes) -> None:
        self.topic = topic
        self.json = json


class Watcher:
    """One who watches. Iterating ends when the bus closes, or when the watcher is too slow to follow."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue(LARGEST_BACKLOG + 1)

    def offer(self, change: Change | None) -> bool:
        """Queue a change; False when there is no room, and then the watcher's iteration ends after what it has."""
        if change is not None and self._queue.qsize() >= LARGEST_BACKLOG:
            self.offer(None)
            return False
        if not self._queue.full():
            self._queue.put_nowait(change)
        return True

    async def next(self, within: float) -> Change | None:
        """The next change. None at the end.

        Raises TimeoutError when nothing changed within so many seconds.
        """
        return await asyncio.wait_for(self._queue.get(), within)

    async def __aiter__(self) -> AsyncIterator[Change]:
        while change := await self._queue.get():
            yield change


class Bus:
    """Who watches, and what they are told. A slow watcher is dropped, never waited for."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self.closed = False

    @property
    def watched(self) -> bool:
        """Whether anybody watches; what is costly to say need not be said to nobody."""
        return bool(self._watchers)

    def publish(self, change: Change) -> None:
        """Tell everyone who watches."""
        self._watchers -= {watcher for watcher in self._watchers if not watcher.offer(change)}

    @contextmanager
    def watching(self) -> Iterator[Watcher]:
        """Be told of everything from now on."""
        watcher = Watcher()
        self._watchers.add(watcher)
        if self.closed:
            watcher.offer(None)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """End every iteration, so that streams end before the process does."""
        self.closed = True
        for watcher in self._watchers:
            watcher.offer(None)
