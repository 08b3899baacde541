"""Commands beside a hub work on its database, whether it runs or not."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.hub.store_options import database_of

Result = TypeVar("Result")


def in_hub(arguments: argparse.Namespace, work: Callable[[int], Awaitable[Result]]) -> Result:
    """Do something in the database and with the key of a hub. Raises CommandError."""
    from chargelink.hub.clock import now_ms
    from chargelink.hub.store.database import beside
    from chargelink.hub.store.trouble import is_trouble
    from chargelink.hub.store.vault import unlocked
    from chargelink.wire import ChargelinkError

    data: Path = arguments.data
    url = database_of(arguments)

    async def run() -> Result:
        async with beside(data, url):
            with unlocked(data):
                return await work(now_ms())

    try:
        return asyncio.run(run())
    except FileNotFoundError:
        problem = Text(
            "no hub has run in {0}; start it: chargelink hub serve --data {0}",
            "{0} 中还没有平台数据；请先启动: chargelink hub serve --data {0}",
        )
        raise CommandError(problem.format(data)) from None
    except Exception as error:
        if not (isinstance(error, OSError | ChargelinkError) or is_trouble(error)):
            raise
        raise CommandError(Text("the hub's data: {}", "平台数据: {}").format(error)) from None
