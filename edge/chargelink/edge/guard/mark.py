"""What the guard remembers over a loss of power: one line in one file, written durably by a child process.

The child is forked before the guard takes its priority. It shares nothing with the cut-off path: no lock, no
interpreter, no memory; the guard asks it over a socket pair and goes on without waiting.
"""

import os
import signal
import socket
from binascii import crc32
from contextlib import suppress
from typing import NamedTuple

CLEAR, ARMED, TRIPPED = "clear", "armed", "tripped"
_LONGEST = 200


class Mark(NamedTuple):
    """`clear` after an orderly end, `armed` from before the first permit, `tripped` with the first-out rule."""

    word: str
    rule: str = "-"
    sequence: int = 0  # of the last trip, so that numbers are not given twice

    def encode(self) -> bytes:
        text = f"chargelink-guard 1 {self.word} {self.rule} {self.sequence}"
        return f"{text} {crc32(text.encode()):08x}\n".encode()

    @classmethod
    def decode(cls, line: bytes) -> "Mark | None":
        """None for a torn or foreign line."""
        words = line.decode("ascii", "replace").split()
        if len(words) != 6 or not words[4].isdecimal() or words[2] not in (CLEAR, ARMED, TRIPPED):
            return None
        mark = cls(words[2], words[3], int(words[4]))
        return mark if mark.encode() == line else None


def read(path: str) -> Mark | None:
    """The mark on disk. None where it is missing, torn or not to be read: all the same to the guard."""
    try:
        with open(path, "rb") as file:
            return Mark.decode(file.read(_LONGEST))
    except OSError:
        return None


def write(path: str, mark: Mark) -> None:
    """Durable when it returns: the file, then its name. Raises OSError."""
    new = f"{path}.new"
    with open(new, "wb") as file:
        file.write(mark.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def commission(path: str) -> None:
    """Lay down the first `clear` mark, once. Raises FileExistsError where there is one, OSError."""
    if os.path.exists(path):
        raise FileExistsError(path)
    write(path, Mark(CLEAR))


class Keeper:
    """The guard's end of the child that writes."""

    def __init__(self, path: str) -> None:
        """Forks: to be called while the process has one thread and normal priority."""
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if not self.pid:
            self._socket.close()
            _keep(other, path)
        other.close()
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def ask(self, mark: Mark) -> bool:
        """False when the child cannot be asked."""
        try:
            self._socket.send(mark.encode())
        except OSError:
            return False
        return True

    def answer(self) -> bool | None:
        """To be called when readable: is the mark that was asked for durable now? None: the child is gone."""
        try:
            answer = self._socket.recv(1)
        except OSError:
            return None
        return answer == b"1" if answer else None

    def close(self) -> None:
        """The child ends by itself when its socket does."""
        self._socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _keep(asked: socket.socket, path: str) -> None:
    """The child: writes what it is sent, answers, ends with its parent. Never returns."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        while line := asked.recv(_LONGEST):
            mark = Mark.decode(line)
            try:
                if mark is None:
                    break
                write(path, mark)
            except OSError:
                asked.send(b"0")
            else:
                asked.send(b"1")
    except OSError:
        pass
    finally:
        os._exit(0)
