"""Alarms: each written once, however often its cause comes again."""

import msgspec

from chargelink.hub.store.models import Alarm

LONGEST_SUBJECT = 256


async def write_alarm(edge: str, kind: str, subject: str, at: int, detail: dict[str, object]) -> Alarm | None:
    """Write an alarm, in the transaction of its cause. None when (edge, kind, subject) was told before."""
    row, new = await Alarm.get_or_create(
        {"at": at, "detail": msgspec.json.encode(detail).decode()},
        edge=edge,
        kind=kind,
        subject=subject[:LONGEST_SUBJECT],
    )
    return row if new else None
