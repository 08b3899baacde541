"""Published tariffs on their way: sent to edges that lack them, one at a time, refusals kept with their words."""

from collections.abc import Collection

import structlog

from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.services import tariffs, views
from chargelink.hub.services.commands import EdgeRefusedError
from chargelink.hub.services.deliveries import Visit
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.tariffs import AtEdge, TariffOffer
from chargelink.link.pricing import TariffUpdate, TariffUpdateResponse

log = structlog.get_logger()


class TariffErrands:
    """The duty of tariffs."""

    name = "tariffs"

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._newest: int | None = None  # offer that was looked at

    async def news(self, connected: Collection[str]) -> Collection[str]:
        """Everybody, when something was published: few things happen as seldom."""
        row = await TariffOffer.all().order_by("-id").only("id").first()
        newest, before = (row.id if row else 0), self._newest
        self._newest = newest
        return connected if before is not None and newest > before else ()

    async def visit(self, visit: Visit) -> None:
        """Send what it lacks. An edge that takes no tariffs said so at its boot, and is left alone."""
        if visit.takes.tariffs is None:
            return
        if visit.first:
            for change in views.alarms(*await tariffs.told(visit.edge, visit.takes.tariffs, now_ms())):
                self._bus.publish(change)
        for one in await tariffs.lacking(visit.edge, now_ms(), refused=visit.first):
            await self._send(visit, one)

    async def _send(self, visit: Visit, one: tariffs.Wanted) -> None:
        try:
            answer = await visit.ask(TariffUpdate(tariffs=(await tariffs.signed(one),)))
        except EdgeRefusedError as refusal:
            reason = str(refusal)
        else:
            assert isinstance(answer, TariffUpdateResponse)
            if answer.status == "Accepted" and one.hash in answer.held:
                await tariffs.note(visit.edge, one.hash, AtEdge.HELD, now_ms())
                log.info("tariff sent", edge=visit.edge, tariff=one.tariff, version=one.version)
                return
            reason = answer.reason or "it gave no reason"
        await tariffs.note(visit.edge, one.hash, AtEdge.REFUSED, now_ms(), reason)
        detail: dict[str, object] = {
            "edge": visit.edge,
            "tariff": one.tariff,
            "version": one.version,
            "why": reason,
        }
        alarm = await write_alarm(visit.edge, "tariff-refused", one.hash, now_ms(), detail)
        for change in views.alarms(alarm):
            self._bus.publish(change)
