"""Registers of meters over sessions: a meter never runs backwards, so a later session never begins below.

A register that was set back, or a meter that was exchanged, is told once; from then on its new register counts.
"""

from collections.abc import Sequence

from chargelink.hub.bus import Change
from chargelink.hub.clock import now_ms
from chargelink.hub.services import views
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Register
from chargelink.model import AuthorisedBy, Reading, SessionEnded, SessionKind, SessionStarted


async def follow(told: SessionStarted | SessionEnded, readings: Sequence[Reading]) -> list[Change]:
    """Compare readings of a session, oldest first, with the last of its device; remember the newest."""
    if not readings or not has_register(told):
        return []
    first, last = readings[0], readings[-1]
    row = await Register.get_or_none(edge=told.edge_id, device=told.device)
    changes: list[Change] = []
    if row is None:
        row = Register(edge=told.edge_id, device=told.device, at=0, register=0)
    elif row.session != told.session_id and first.at >= row.at and first.register < row.register:
        detail: dict[str, object] = {
            "session": told.session_id,
            "device": told.device,
            "register": first.register,
            "before": row.register,
            "earlier": row.session,
        }
        alarm = await write_alarm(told.edge_id, "register-backwards", told.session_id, now_ms(), detail)
        changes = views.alarms(alarm)
    if last.at >= row.at:
        row.register, row.at, row.session = last.register, last.at, told.session_id
        await row.save()
    return changes


def has_register(told: SessionStarted | SessionEnded) -> bool:
    """Whether the readings are a meter's own register: those of sockets and of watched guns are counted from 0."""
    return told.kind is SessionKind.DC and told.authorised_by is not AuthorisedBy.MONITOR
