"""The control socket: for its owner alone, one JSON line for another, whatever is written into it."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chargelink.edge.control import LONGEST_LINE, MOST_CONNECTIONS, Control, ControlError, Request, ask


async def status(request: Request) -> dict[str, Any]:
    return {"devices": [], "asked": request}


async def stop(request: Request) -> dict[str, Any]:
    raise ControlError(f"no session {request.get('session')}")


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "control.sock"
    path.touch()  # left by one that was killed
    ready = asyncio.Event()
    task = asyncio.create_task(Control(path, {"status": status, "stop": stop}).serve(ready.set))
    async with asyncio.timeout(10):
        await ready.wait()
    yield path
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not path.exists()


async def told(path: Path, *lines: bytes) -> list[dict[str, Any]]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"".join(line + b"\n" for line in lines))
    writer.write_eof()
    answers = b""
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            answers = await reader.read()
    writer.close()
    return [json.loads(line) for line in answers.splitlines()]


async def test_a_question_and_its_answer(path: Path) -> None:
    answer = await asyncio.to_thread(ask, path, "status", verbose=True)
    assert answer == {"devices": [], "asked": {"action": "status", "verbose": True}}


async def test_a_refusal_says_why(path: Path) -> None:
    with pytest.raises(ControlError, match="no session 7"):
        await asyncio.to_thread(ask, path, "stop", session="7")


async def test_nobody_else_may_open_it(path: Path) -> None:
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{", b"\xff", b'{"action": 5}', b'{"action": "fly"}', b"{}", b"[" * 60_000]
)
async def test_nonsense_is_answered_and_the_next_question_too(path: Path, line: bytes) -> None:
    nonsense, answer = await told(path, line, b'{"action": "status"}')
    assert "error" in nonsense
    assert answer["devices"] == []


async def test_a_line_without_end_ends_the_connection_and_no_other(path: Path) -> None:
    assert await told(path, b"x" * (LONGEST_LINE * 2)) == []
    assert (await told(path, b'{"action": "status"}'))[0]["devices"] == []


async def test_connections_are_bounded(path: Path) -> None:
    held = []
    for _ in range(MOST_CONNECTIONS):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"action": "status"}\n')
        assert await reader.readline()
        held.append(writer)
    assert await told(path, b'{"action": "status"}') == []
    for writer in held:
        writer.close()
        await writer.wait_closed()


def test_nobody_runs(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="no edge runs here"):
        ask(tmp_path / "control.sock", "status")
    with pytest.raises(ControlError):
        ask(tmp_path / ("long" * 50), "status")
