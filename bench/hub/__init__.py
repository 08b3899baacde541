"""The hub under ten thousand edges: memory, durable records, calls, a storm of reconnections. Each process is its own.

The load comes from `chargelink sim fleet`, which counts its own processor. Shorter: EDGES=1000 LOADED=200 SECONDS=3
LONG=20 make bench ONLY=hub.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bench.hub import calls, crowd, durable
from bench.measure import Measured


def figures() -> Iterator[Measured]:
    """All of them, as they come."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder, asyncio.Runner() as runner:
        rows = everything(Path(folder))
        while (row := runner.run(following(rows))) is not None:
            yield row


async def following(rows: AsyncIterator[Measured]) -> Measured | None:
    return await anext(rows, None)


async def everything(folder: Path) -> AsyncIterator[Measured]:
    for part in (crowd.figures, calls.figures, durable.figures):
        async for row in part(folder):
            yield row
