"""The control socket, `<data>/control.sock`: one JSON object a line in, one a line out.

Only the owner of the daemon and root may speak on it: the file is theirs alone (mode 0600), and the kernel says who
connects (SO_PEERCRED, unix(7)).
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from chargelink.cli.language import Text
from chargelink.wire import ChargelinkError

LONGEST_LINE = 1 << 17  # the largest tariff, in Base64
MOST_CONNECTIONS = 16
ANSWER_TIMEOUT = 30.0  # seconds

Request = dict[str, Any]
Answer = Mapping[str, Any]
Action = Callable[[Request], Awaitable[Answer]]

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


class ControlError(ChargelinkError):
    """The daemon cannot be asked, or will not: the message says why."""


class Control:
    """The daemon's end. `actions` are what can be asked for, by name; an action raises ControlError to refuse."""

    def __init__(self, path: Path, actions: Mapping[str, Action]) -> None:
        self._path = path
        self._actions = actions
        self._conversations: set[asyncio.Task[None]] = set()

    async def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until cancelled; `ready` is called when the socket listens. Raises OSError if there can be none."""
        listener = _listen(self._path)
        server = await asyncio.start_unix_server(self._converse, sock=listener, limit=LONGEST_LINE)
        ready()
        try:
            async with server:
                await server.serve_forever()
        finally:
            for conversation in self._conversations:
                conversation.cancel()
            await asyncio.gather(*self._conversations, return_exceptions=True)
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if not _may_speak(writer) or len(self._conversations) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._conversations.add(task)
        try:
            while line := await reader.readline():
                writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # gone, or a line without end
        except asyncio.CancelledError:
            pass  # the daemon ends, and so does this task; Python 3.11 would log it as an error
        finally:
            self._conversations.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            request = msgspec.json.decode(line, type=Request)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return {"error": f"not a JSON object: {error}"}
        action = self._actions.get(str(request.get("action")))
        if action is None:
            return {"error": f"unknown action; there are {', '.join(sorted(self._actions))}"}
        try:
            return await action(request)
        except ChargelinkError as error:
            text = getattr(error, "text", None)
            return {"error": str(error), **({"errorChinese": text.chinese} if isinstance(text, Text) else {})}


def ask(path: Path, action: str, timeout: float = ANSWER_TIMEOUT, **values: Any) -> dict[str, Any]:
    """Ask the daemon whose control socket this is; its answer.

    Raises ControlError if it does not run, may not be asked, refuses, or does not answer within `timeout` seconds.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            connection.sendall(msgspec.json.encode({"action": action, **values}) + b"\n")
            with connection.makefile("rb") as answers:
                answer = msgspec.json.decode(answers.readline(), type=dict[str, Any])
        except FileNotFoundError:
            raise ControlError(f"{path}: no edge runs here") from None
        except ConnectionRefusedError:
            raise ControlError(f"{path}: the edge that ran here is gone") from None
        except PermissionError:
            raise ControlError(f"{path}: only its owner and root may ask") from None
        except (OSError, msgspec.DecodeError) as error:
            raise ControlError(f"{path}: no answer: {error}") from error
    if "error" in answer:
        english = str(answer["error"])
        raise ControlError(str(Text(english, str(answer.get("errorChinese", english)))))
    return answer


def _listen(path: Path) -> socket.socket:
    """A listening socket that nobody else could open even for a moment.

    It takes the place of one left by a dead daemon: a living one would hold the lock of the ledger beside it.
    """
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        # The descriptor's mode before bind becomes the file's: at no moment does it have another.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    return listener


def _may_speak(writer: asyncio.StreamWriter) -> bool:
    connection = writer.get_extra_info("socket")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(credentials)
    return user in (0, os.getuid())
