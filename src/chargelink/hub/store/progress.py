"""How far our readers have come through a table: one row each, moved in the transaction of what was read."""

from chargelink.hub.store.models import Progress

RECORDS = "records"
CHECKPOINTS = "checkpoints"
TELEMETRY = "telemetry"


async def reached(name: str) -> int:
    """The last row that was read; 0 before the first."""
    row = await Progress.get_or_none(name=name)
    return row.row if row else 0


async def reach(name: str, row: int) -> None:
    """Everything up to this row has been read."""
    if not await Progress.filter(name=name).update(row=row):
        await Progress.create(name=name, row=row)
