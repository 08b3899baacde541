"""How long the process was held up, and for how long that is remembered."""

import asyncio
import gc
import time

from tests.hub.conftest import Hub

from chargelink.hub.pulse import Longest, Pulse


def test_the_longest_is_remembered_for_a_minute() -> None:
    longest = Longest()
    for now, duration in ((100.0, 0.5), (100.9, 0.2), (105.0, 0.1), (130.2, 0.01)):
        longest.add(duration, now)
    assert longest.stalls(100.9).minute == 500_000
    told = longest.stalls(131.0)
    assert (told.second, told.ten_seconds, told.minute) == (10_000, 10_000, 500_000)
    assert longest.stalls(161.5).minute == 100_000
    assert longest.stalls(300.0).minute == 0


def test_what_is_remembered_does_not_grow() -> None:
    longest = Longest()
    for now in range(1000):
        longest.add(0.001, now)
    assert longest.of_the_last(10_000, 1000.0) == 0.001
    assert longest.of_the_last(5, 1010.0) == 0.0


async def test_a_loop_that_is_held_up_says_for_how_long() -> None:
    pulse = Pulse()
    with pulse.beating():
        await asyncio.sleep(0.02)
        time.sleep(0.2)  # noqa: ASYNC251 - the fault
        begun = time.thread_time()
        while time.thread_time() < begun + 0.1:  # another one
            pass
        gc.collect()
        await asyncio.sleep(0.02)
        told = pulse.loop.stalls(time.monotonic())
        assert told.minute >= 250_000
        assert pulse.work.stalls(time.monotonic()).minute >= 100_000
        assert pulse.collector.stalls(time.monotonic()).minute > 0
    assert pulse._collects not in gc.callbacks


async def test_the_api_tells_it(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    health = await hub.get("/api/health")
    assert health["connected"] == 1
    assert {*health["stalls"]} == {"loop", "work", "collector"}
    assert {*health["stalls"]["loop"]} == {"second", "tenSeconds", "minute"}
