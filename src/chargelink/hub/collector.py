"""The collector of garbage, kept from looking at what lives for long.

A full collection with ten thousand links up stops everything for half a second, and finds nothing: what a link leaves
behind when it ends refers to nothing of itself. So young objects are looked at often and a few at a time, old ones
hardly ever, and what has come to stay is taken out of sight.
"""

import asyncio
import gc
from collections.abc import Callable

YOUNG = 5_000  # objects more than before: a look at them takes about 1 ms
OFTEN = 3  # such looks, then one at all that have survived them
SELDOM = 10_000  # of those, then one at everything
EVERY = 5.0  # s between looks whether many links have come
MANY = 500  # links


def spare() -> None:
    """To be called when the process is ready."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OFTEN, SELDOM)


async def stay_spared(links: Callable[[], int]) -> None:
    """Whenever many links have come and no more are coming, take them out of sight too."""
    spared = before = 0
    while True:
        await asyncio.sleep(EVERY)
        now = links()
        if abs(now - spared) >= MANY and abs(now - before) < MANY:
            gc.collect(1)
            gc.freeze()
            spared = now
        before = now
