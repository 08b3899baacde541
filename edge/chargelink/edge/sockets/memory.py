"""What the edge must not forget about its sockets, or a nonce would be used twice: written before it is used.

One small document, replaced as a whole. Keys are not in it: they follow from device keys and nonces.
"""

import os
from pathlib import Path

import msgspec

from chargelink.wire import ChargelinkError

FAR = 1 << 16  # nonces and counters that an edge restored from a backup may have used since


class ForgottenError(ChargelinkError):
    """The memory cannot be read or written."""


class Conversation(msgspec.Struct):
    """One join, and how far its counters are: ours reserved, theirs heard."""

    dev_nonce: int
    join_nonce: int
    reserved: int = 0
    heard: int = -1


class SocketMemory(msgspec.Struct):
    """One socket: the highest DevNonce seen, the conversation in use, the one offered to it by the last JOIN_ACC."""

    dev_nonce: int = -1
    current: Conversation | None = None
    offered: Conversation | None = None


class Memory(msgspec.Struct):
    """A site. `life` names the life of the edge's journal in which it was written; `sockets` by EUI in hexadecimal."""

    life: str = ""
    join_nonce: int = 0
    commands: int = 0  # command numbers reserved; ids are their low 16 bits
    group: int = 0  # counters of the group key reserved
    sockets: dict[str, SocketMemory] = {}

    def in_life(self, life: str) -> "Memory":
        """This memory in a life of the journal.

        Another life than the one it was written in means that a backup was restored: conversations are dropped, so that
        sockets join anew, and whatever may have been used since is passed over.
        """
        if self.life in ("", life):
            self.life = life
            return self
        for socket in self.sockets.values():
            socket.current = socket.offered = None
        return Memory(life, self.join_nonce + FAR, self.commands + FAR, self.group + FAR, self.sockets)


class MemoryFile:
    """The memory on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Memory:
        """What was written last; an empty memory when nothing ever was. Raises ForgottenError for a damaged file."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Memory)
        except FileNotFoundError:
            return Memory()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ForgottenError(f"{self.path}: {error}; restore it from a backup, or join all sockets anew") from error

    def write(self, document: bytes) -> None:
        """Replace it; on the disk when this returns. Raises ForgottenError."""
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise ForgottenError(f"{self.path}: {error.strerror}") from error
