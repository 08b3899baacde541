"""The DBC written from the standard's tables, which knows nothing of our declarations."""

from pathlib import Path
from typing import Any

import cantools

DATABASE: Any = cantools.database.load_file(Path(__file__).with_name("gbt27930.dbc"))
OPEN_ENDED = ("BMV", "BMT", "BSP")  # as long as the pack is large
OF_2011 = "_2011"


def judged_by(row: dict[str, Any]) -> Any:
    """The message of the DBC that has the layout of a vector."""
    name, size = row["message"], len(row["payload"]) // 2
    old = f"{name}{OF_2011}"
    known = {message.name for message in DATABASE.messages}
    shorter = old in known and size < DATABASE.get_message_by_name(name).length
    return DATABASE.get_message_by_name(old if old in known and (shorter or row["edition"] == "2011") else name)


def undefined(judge: Any, length: int) -> bytes:
    """Ones where the first `length` bytes of a message have no meaning."""
    if judge.name in OPEN_ENDED:
        return bytes(length)
    defined: int = sum(((1 << signal.length) - 1) << signal.start for signal in judge.signals)
    return (~defined & (1 << length * 8) - 1).to_bytes(length, "little")
