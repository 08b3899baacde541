"""Edges are asked to be lively while somebody watches, on each link once and then now and then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from tests.edge.drivers.jumping import run

from chargelink.hub.bus import Bus
from chargelink.hub.services.commands import EdgeAwayError, EdgeRefusedError, NoAnswerError
from chargelink.hub.services.watching import LASTS, MOST, RENEWED, Watching
from chargelink.link.messages import WatchLive, WatchLiveResponse
from chargelink.link.shape import Shape


class Links:
    def __init__(self, failure: Exception | None = None) -> None:
        self.up: dict[str, object] = {}
        self.asked: list[str] = []
        self.failure = failure

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        assert request == WatchLive(interval=1, seconds=LASTS)
        self.asked.append(edge)
        if self.failure:
            raise self.failure
        return WatchLiveResponse(status="Accepted")


@asynccontextmanager
async def watching(bus: Bus, links: Links) -> AsyncIterator[None]:
    task = asyncio.create_task(Watching(bus, links).run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_nobody_is_asked_while_nobody_watches() -> None:
    async def story() -> None:
        bus, links = Bus(), Links()
        links.up["a"] = object()
        async with watching(bus, links):
            await asyncio.sleep(100)
            assert links.asked == []
            with bus.watching():
                await asyncio.sleep(1)
                assert links.asked == ["a"]
            await asyncio.sleep(1000)
            assert links.asked == ["a"]

    run(story())


def test_it_is_renewed_before_it_ends_and_asked_anew_on_a_new_link() -> None:
    async def story() -> None:
        bus, links = Bus(), Links()
        links.up["a"] = object()
        async with watching(bus, links):
            with bus.watching():
                await asyncio.sleep(RENEWED - 1)
                assert links.asked == ["a"]
                await asyncio.sleep(2)
                assert links.asked == ["a", "a"]
                links.up |= {"a": object(), "b": object()}
                await asyncio.sleep(1)
                assert links.asked == ["a", "a", "a", "b"]

    assert RENEWED < LASTS
    run(story())


@pytest.mark.parametrize("failure", [EdgeAwayError(), EdgeRefusedError(), NoAnswerError()])
def test_an_edge_that_cannot_is_left_as_it_is(failure: Exception) -> None:
    async def story() -> None:
        bus, links = Bus(), Links(failure)
        links.up |= {"a": object(), "b": object()}
        async with watching(bus, links):
            with bus.watching():
                await asyncio.sleep(2)
                assert links.asked == ["a", "b"]

    run(story())


def test_of_a_large_fleet_only_some_are_asked() -> None:
    async def story() -> None:
        bus, links = Bus(), Links()
        links.up |= {f"edge-{number:04}": object() for number in range(1000)}
        async with watching(bus, links):
            with bus.watching():
                await asyncio.sleep(2)
        assert len(links.asked) == MOST

    run(story())
