"""The tables of the protocol pages by name, each made from the code when it is asked for."""

from collections.abc import Callable
from functools import partial

from chargelink.gbt27930.catalogue import MESSAGES, Entry, by_class
from chargelink.wire.table import table


def _messages() -> str:
    """The messages of GB/T 27930 at a glance."""
    head = "| message | | PGN | identifier | priority | period | bytes 2015 | bytes 2011 |"
    return "\n".join([head, "|---" * 8 + "|", *map(_message, MESSAGES)])


def _message(entry: Entry) -> str:
    lengths = [" / ".join(map(str, lengths)) or "any" for lengths in (entry.lengths_2015, entry.lengths_2011)]
    if entry.of_2011 is None:
        lengths[1] = "–"
    cells = (entry.name, f"{entry.english} {entry.chinese}", f"0x{entry.pgn:06X}", f"{entry.identifier:08X}")
    return f"| {' | '.join(cells)} | {entry.priority} | {entry.period} ms | {' | '.join(lengths)} |"


TABLES: dict[str, Callable[[], str]] = {
    "gbt27930.messages": _messages,
    **{f"gbt27930.{cls.__name__}": partial(table, cls) for cls in by_class()},
}
