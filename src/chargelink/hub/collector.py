"""The collector of garbage, kept from looking at what lives for long.

A full collection with ten thousand links up stops everything for half a second, and finds nothing: what a link leaves
behind when it ends refers to nothing of itself. So young objects are looked at often and a few at a time, old ones
hardly ever, and what has come to stay is taken out of sight.

The collector counts objects that come less those that go. Links that speak replace their few objects by new ones: the
count stays, and the young become a hundred thousand before anybody looks at them. So the clock has them looked at too.
"""

import asyncio
import gc
from collections.abc import Callable

YOUNG = 5_000  # objects more than before: a look at them takes about 1 ms
OFTEN = 3  # such looks, then one at all that have survived them
SELDOM = 100_000  # of those, then one at everything: about once a day
EVERY = 0.25  # s between looks by the clock
ROUNDS = 4  # of them until all that have survived them are looked at
SETTLE = 20  # of them until it is seen whether many links have come
MANY = 500  # links


def spare() -> None:
    """To be called when the process is ready."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OFTEN, SELDOM)


async def stay_spared(links: Callable[[], int]) -> None:
    """Look at the young by the clock. When many links have come and no more are coming, take them out of sight too."""
    spared = before = round_ = 0
    while True:
        await asyncio.sleep(EVERY)
        round_ += 1
        gc.collect(0 if round_ % ROUNDS else 1)
        if round_ % SETTLE:
            continue
        now = links()
        if abs(now - spared) >= MANY and abs(now - before) < MANY:
            gc.freeze()
            spared = now
        before = now
