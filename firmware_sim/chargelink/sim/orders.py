"""What testers order a simulator to do: lines on a Unix socket, each answered by a line."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

OWNER_ONLY = 0o600


@asynccontextmanager
async def taking_orders(path: Path | None, obey: Callable[[str], str]) -> AsyncIterator[None]:
    """Serve `path`, if there is one; `obey` does what a line says and gives the answer. Raises OSError."""
    if path is None:
        yield
        return

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(f"{obey(line.decode(errors='replace').strip())}\n".encode())
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line without end
            pass
        finally:
            writer.close()

    clear(path)
    async with await asyncio.start_unix_server(converse, path):
        os.chmod(path, OWNER_ONLY)
        try:
            yield
        finally:
            clear(path)


def clear(path: Path) -> None:
    """Take away what a process before may have left."""
    path.unlink(missing_ok=True)
