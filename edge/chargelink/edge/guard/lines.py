"""The wires: datagram sockets in the file system, readable and writable by the owner only. Nothing here blocks."""

import os
import socket
from contextlib import suppress

from chargelink.edge.guard.datagrams import LONGEST

AT_ONCE = 64  # datagrams taken before the rules are evaluated again, however many more are waiting
ALREADY_GUARDED = 3  # exit code of a guard whose lines another one holds


class Ear:
    """A bound socket. A file left by an earlier process is replaced: who may bind is settled by the lock."""

    def __init__(self, path: str) -> None:
        """Raises OSError."""
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with suppress(FileNotFoundError):
            os.unlink(path)
        self._socket.bind(path)
        os.chmod(path, 0o600)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[bytes]:
        """What has arrived, oldest first, each cut to one byte more than the longest that can be right."""
        datagrams: list[bytes] = []
        try:
            while len(datagrams) < AT_ONCE:
                datagrams.append(self._socket.recv(LONGEST))
        except OSError:  # nothing more; a datagram socket has no other end to lose
            pass
        return datagrams

    def close(self) -> None:
        self._socket.close()
        with suppress(FileNotFoundError):
            os.unlink(self._path)


class Mouth:
    """Says datagrams to a path that another process has bound, or has not bound yet, or no more."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.unheard = 0

    def say(self, datagram: bytes) -> None:
        """A datagram that nobody takes is counted and forgotten: the next one comes in 20 ms."""
        try:
            self._socket.sendto(datagram, self._path)
        except OSError:
            self.unheard += 1

    def close(self) -> None:
        self._socket.close()
