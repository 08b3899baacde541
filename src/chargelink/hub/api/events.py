"""The stream of changes as Server-Sent Events: first everything as it is, then whatever becomes different.

A watcher that is too slow is cut off; its browser connects again and begins with everything as it is then. So there is
one way to catch up, and it is used at every start.
"""

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse

from chargelink.hub.api.queries import snapshot
from chargelink.hub.bus import Bus
from chargelink.hub.services.live import Live

QUIET = 15.0  # s; then a comment, so that a dead browser is noticed
RETRY = 1_000  # ms before a browser connects again

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(topic: str, json: bytes) -> bytes:
    """One event on the wire. JSON has no line breaks, so one data line holds it."""
    return b"event: %s\ndata: %s\n\n" % (topic.encode(), json)


async def changes(bus: Bus, live: Live) -> AsyncIterator[bytes]:
    """Everything as it is, then changes until the bus closes or we are too slow."""
    with bus.watching() as watcher:
        yield b"retry: %d\n\n" % RETRY
        yield event("snapshot", msgspec.json.encode(await snapshot(live)))
        while True:
            try:
                change = await watcher.next(within=QUIET)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if change is None:
                return
            yield event(change.topic, change.json)


async def events(request: Request) -> StreamingResponse:
    """GET /api/events"""
    stream = changes(request.app.state.bus, request.app.state.live)
    return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)
