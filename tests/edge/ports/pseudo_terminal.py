"""A serial line without hardware: what is written to `near` is read from the port at `path`."""

import os
import pty
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple


class PseudoTerminal(NamedTuple):
    near: int
    far: int
    path: str

    def hang_up(self) -> None:
        """The adapter is pulled out."""
        for file in (self.near, self.far):
            with suppress(OSError):
                os.close(file)


@contextmanager
def pseudo_terminal() -> Iterator[PseudoTerminal]:
    near, far = pty.openpty()
    tty.setraw(far)
    os.set_blocking(near, False)
    line = PseudoTerminal(near, far, os.ttyname(far))
    try:
        yield line
    finally:
        line.hang_up()
