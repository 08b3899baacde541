"""The meters of a configuration, put on their lines: those of guns for their guns, the others to be shown."""

from collections.abc import Callable, Mapping

from chargelink.edge.config import Config
from chargelink.edge.config.sections import Meter
from chargelink.edge.drivers import shown_meter
from chargelink.edge.drivers.meter_line import MeterLine, PolledMeter
from chargelink.edge.drivers.meter_poll import PollEvent
from chargelink.edge.drivers.shown_meter import ShownMeter
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.ports.address import Address

Hear = Callable[[PollEvent], None]


def device_path(port: str) -> str:
    """What tells a line from another: its device, however it is set. Raises AddressError."""
    return Address.parse(port).path


def meter_lines(config: Config, guns: Mapping[str | None, Hear], around: Surroundings) -> dict[str, MeterLine]:
    """The lines by their devices; `guns` says by a meter's id who bills by it."""
    lines: dict[str, list[Meter]] = {}
    for meter in config.meters:
        lines.setdefault(device_path(meter.port), []).append(meter)
    return {
        path: MeterLine(meters[0].port, [_polled(meter, config, guns, around) for meter in meters])
        for path, meters in lines.items()
    }


def _polled(meter: Meter, config: Config, guns: Mapping[str | None, Hear], around: Surroundings) -> PolledMeter:
    profile = config.profiles[meter.id]
    if meter.id in guns:
        return PolledMeter(meter.id, meter.address, guns[meter.id], profile)
    shown = ShownMeter(meter.id, around.board, around.clock)
    return PolledMeter(meter.id, meter.address, shown.hear, profile, shown_meter.PERIOD)
