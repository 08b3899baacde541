"""What the writer remembers of the lanes it wrote last. Bounded; whatever is not in it is in the database."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

MOST = 50_000  # keys, about 300 bytes each

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """The newest values by key; the one that was used longest ago is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """The value, if it is remembered."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Remember what has been committed."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, keys: Iterable[Key]) -> None:
        """Nobody knows whether it was committed: ask the database next time."""
        for key in keys:
            self._values.pop(key, None)
