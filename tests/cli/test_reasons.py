"""Why the operating system refused something."""

import errno
import os

from chargelink.cli.language import Text
from chargelink.cli.reasons import REASONS, reason


def test_what_is_known_is_said_in_both_languages() -> None:
    for number, said in REASONS.items():
        assert reason(OSError(number, os.strerror(number))) == said
        assert said.english.isascii()
        assert not said.chinese.isascii()


def test_what_is_not_known_is_said_by_the_system() -> None:
    system = os.strerror(errno.EXDEV)
    assert reason(OSError(errno.EXDEV, system)) == Text(system, system)
    assert reason(EOFError("it ended")) == Text("it ended", "it ended")
    assert reason(TimeoutError()) == REASONS[errno.ETIMEDOUT]
