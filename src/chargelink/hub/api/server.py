"""uvicorn as a task of the hub: our signals, our logs, our socket."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp

GRACE = 2  # s for requests that are being answered when the hub stops


class WebServer(uvicorn.Server):
    """The web server of the pages and the API; `more` is for uvicorn's configuration."""

    def __init__(self, application: ASGIApp, **more: Any) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                **more,
                log_config=None,
                access_log=False,
                lifespan="off",
                proxy_headers=False,  # who it is says the connection, and not a header that anybody can write
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signals to the process."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    async def until_started(self) -> None:
        """Return when requests are answered."""
        await self._ready.wait()
