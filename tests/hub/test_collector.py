"""The collector of garbage sees what is young, by the clock, and not what has come to stay."""

import asyncio
import gc
import weakref
from collections.abc import Callable

import pytest

from chargelink.hub import collector

PATIENCE = 30  # s


class Ring:
    """Refers to itself: only the collector takes it away."""

    def __init__(self) -> None:
        self.itself = self


async def until(good: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not good():  # noqa: ASYNC110 - asking again is the condition
            await asyncio.sleep(0.001)


async def test_the_young_are_collected_and_links_that_stay_are_frozen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "EVERY", 0.001)
    frozen: list[int] = []
    links = 0
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(links))
    gc.disable()
    task = asyncio.create_task(collector.stay_spared(lambda: links))
    try:
        gone = weakref.ref(Ring())
        await until(lambda: gone() is None)
        links = collector.MANY - 1
        rounds = weakref.ref(Ring())
        await until(lambda: rounds() is None)
        links = 10 * collector.MANY
        await until(lambda: frozen)
        links += collector.MANY // 2  # a few more are not worth it
        await asyncio.sleep(0.1)
        assert frozen == [10 * collector.MANY]
        links = 0
        await until(lambda: len(frozen) == 2)
    finally:
        gc.enable()
        task.cancel()
