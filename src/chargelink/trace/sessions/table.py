"""The messages of a recording as a table for spreadsheets and data frames: a row a message, as it came.

Values keep their names, units and signs of `chargelink decode gbt27930 --json` (a current into the battery is
negative) and stand until the same side says others: `message` tells which of them are new in a row.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple

from chargelink.gbt27930.causes import raised
from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BSM, CCS
from chargelink.gbt27930.listener import Heard
from chargelink.trace.sessions.draft import Draft
from chargelink.trace.sessions.talker import STOPS
from chargelink.units import SHOWN
from chargelink.wire import Message
from chargelink.wire.layout import Field, layout
from chargelink.wire.show import show_of

Row = list[Any]
Write = Callable[[Row], None]


class Column(NamedTuple):
    """A column by its name; `kind` is float, int, bool or str, and any value may be None."""

    name: str
    kind: type


def _column(field: Field) -> Column:
    if issubclass(field.kind, IntEnum):
        return Column(field.shown_name, str)
    return Column(field.shown_name, float if SHOWN[getattr(field.item, "unit", "")].divisor > 1 else int)


FIRST = (
    Column("time_s", float),  # of the recording's clock
    Column("session_s", float),  # since the session began
    Column("session", int),
    Column("channel", str),
    Column("phase", str),
    Column("message", str),
    Column("conforming", bool),
    Column("causes", str),  # of this CST, BST, CEM or BEM
)
CARRIED: tuple[type[Message], ...] = (BCL, BCS, CCS, BSM)
COLUMNS = (*FIRST, *(_column(field) for cls in CARRIED for field in layout(cls).fields))
PLACES = {column.name: place - len(FIRST) for place, column in enumerate(COLUMNS)}


class Table:
    """Writes a row for each message that it is shown: an `analyser.Watch`."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._pairs: dict[tuple[str, tuple[int, int]], tuple[int, Row]] = {}  # session and values that stand

    def __call__(self, time: float | None, draft: Draft, heard: Heard) -> None:
        pair = draft.channel, draft.addresses
        session, values = self._pairs.get(pair, (0, []))
        if session != draft.number:
            values = [None] * (len(COLUMNS) - len(FIRST))
            self._pairs[pair] = draft.number, values
        message = heard.message
        if isinstance(message, (BCL, BCS, BCS2011, CCS, BSM)):
            for name, value in show_of(type(message))(message).items():
                values[PLACES[name]] = value
        name = heard.entry.name
        self._write(
            [
                time,
                None if time is None else round(draft.last - draft.start, 6),
                draft.number,
                draft.channel,
                draft.phases.now.value,
                name,
                not heard.oddities or heard.conforming,
                " ".join(raised(message)) if name in STOPS else None,
                *values,
            ]
        )
