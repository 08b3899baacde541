"""Alarms: each written once, however often its cause comes again."""

import msgspec

from chargelink.hub.store.models import Alarm
from chargelink.hub.store.statements import fetched

LONGEST_SUBJECT = 256
INSERT = (
    'INSERT INTO "alarm" ("at", "edge", "kind", "subject", "detail") VALUES (?, ?, ?, ?, ?)'
    ' ON CONFLICT ("edge", "kind", "subject") DO NOTHING RETURNING "id"'
)


async def write_alarm(edge: str, kind: str, subject: str, at: int, detail: dict[str, object]) -> Alarm | None:
    """Write an alarm, in the transaction of its cause. None when (edge, kind, subject) was told before."""
    row = (at, edge, kind, subject[:LONGEST_SUBJECT], msgspec.json.encode(detail).decode())
    made = await fetched(INSERT, row)
    return alarm_of(made[0]["id"], row) if made else None


def alarm_of(number: int, row: tuple[object, ...]) -> Alarm:
    """An alarm that was just written."""
    at, edge, kind, subject, detail = row
    return Alarm(id=number, at=at, edge=edge, kind=kind, subject=subject, detail=detail)
