"""The last calls that were answered, so that one that comes again is not done again."""

from chargelink.link.frames import Message

MOST_REMEMBERED = 8  # answers: more than a peer has calls in flight; ten thousand links must have room for them
LARGEST_REMEMBERED = 65_536  # bytes of answers; the newest is kept whatever its size


class Answered:
    """Ids of calls with what they held, as a hash, and the answer as it was sent."""

    __slots__ = ("_answers", "_size")

    def __init__(self) -> None:
        self._answers: dict[str, tuple[int, Message]] = {}  # the oldest first
        self._size = 0

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._answers

    def __len__(self) -> int:
        return len(self._answers)

    def content(self, identifier: str) -> int:
        """What the call held, as a hash."""
        return self._answers[identifier][0]

    def message(self, identifier: str) -> Message:
        """What it was answered."""
        return self._answers[identifier][1]

    def remember(self, identifier: str, content: int, message: Message) -> None:
        """One more; the oldest are forgotten."""
        self._answers[identifier] = content, message
        self._size += len(message)
        while len(self._answers) > MOST_REMEMBERED or (self._size > LARGEST_REMEMBERED and len(self._answers) > 1):
            _, forgotten = self._answers.pop(next(iter(self._answers)))
            self._size -= len(forgotten)
