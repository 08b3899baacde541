"""What a simulated socket says of itself: statuses, meter values, settlements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.codes import Place, SettleFlags, StatusFlags
from chargelink.lora_socket.commands import RATED_OUTLET
from chargelink.lora_socket.messages import Info, Meter, OutletStatus, Settle, Status, StatusShort
from chargelink.sim.sockets.outlet import Ended, Outlet

if TYPE_CHECKING:
    from chargelink.lora_socket.session import Session
    from chargelink.sim.sockets.socket import Socket

POWER_ON = 1  # reset reason
MAINS = 223_000  # mV without load
DROP = 2_000  # mW for each mV that the site's wiring loses
AMBIENT = 24  # °C
HEATING = 40_000  # mW that warm a contact by 1 °C
POWER_FACTOR = 92  # %, of a charger with a small correction


def flags(socket: Socket) -> StatusFlags:
    """The flags of STATUS and STATUS_SHORT."""
    said = StatusFlags.MAINS
    if socket.clock.synchronised:
        said |= StatusFlags.TIME_SYNCED
    if any(outlet.fault for outlet in socket.outlets.values()):
        said |= StatusFlags.LATCHED_FAULT
    if socket.flash.settlements:
        said |= StatusFlags.SETTLE_WAITING
    if socket.events:
        said |= StatusFlags.EVENT_WAITING
    return said


def status(socket: Socket) -> Status:
    """STATUS of both outlets."""
    outlets = [_outlet(outlet) for outlet in socket.outlets.values()]
    temperature = temperature_of(socket)
    return Status(flags(socket), voltage(socket), temperature, 500, 87, outlets[0], outlets[1])


def status_short(socket: Socket) -> StatusShort:
    """The three bytes of a socket at rest."""
    a, b = (outlet.state for outlet in socket.outlets.values())
    return StatusShort(flags(socket), a, b, temperature_of(socket))


def meter(socket: Socket, place: Place) -> Meter:
    """One outlet, measured."""
    outlet = socket.outlets[place]
    current = outlet.power * 100_000 // (voltage(socket) * POWER_FACTOR)
    energy = 0 if outlet.charge is None else outlet.charge.energy
    temperature = AMBIENT + outlet.power // HEATING
    factor = POWER_FACTOR if outlet.power else 0
    power = _whole(outlet.power, 100)
    return Meter(place, voltage(socket), current, power, factor, temperature, _whole(energy, 100))


def info(socket: Socket, now: float) -> Info:
    """Who it is and how it has been."""
    identity = socket.identity
    return Info(
        identity.model,
        hardware=1,
        firmware=socket.firmware,
        bank=0,
        capabilities=identity.capabilities,
        reset_reason=POWER_ON,
        device_key_epoch=0,
        uptime=int(now - socket.started_at),
        outlet_rating=RATED_OUTLET,
        total_rating=2 * RATED_OUTLET,
        parameter_version=0,
        settlements_waiting=len(socket.flash.settlements),
        bad_tags=min(socket.bad_tags, 0xFFFF),
    )


def settle(place: Place, ended: Ended, outlet_time: int, network_time: int | None) -> Settle:
    """The final report of a charge. `outlet_time` in ms, now; `network_time` in s, None if the clock was not set."""
    charge = ended.charge
    started = 0 if network_time is None else max(network_time - (outlet_time - charge.started) // 1000, 0)
    tiers = [min(tier // 60_000, 0xFFFF) for tier in charge.tiers]
    return Settle(
        charge.session,
        place,
        ended.reason,
        started,
        min(charge.elapsed // 1000, 0xFFFF),
        min(_whole(charge.energy, 100), 0xFFFFFF * 100),
        _whole(charge.peak, 100),
        tiers[0],
        tiers[1],
        tiers[2],
        tiers[3],
        tiers[4],
        SettleFlags.CLOCK_UNSURE if network_time is None else 0,
    )


def voltage(socket: Socket) -> int:
    """Of the mains under this load, in mV."""
    return _whole(MAINS - sum(outlet.power for outlet in socket.outlets.values()) // DROP, 100)


def temperature_of(socket: Socket) -> int:
    """Of the board, in °C."""
    return AMBIENT + sum(outlet.power for outlet in socket.outlets.values()) // HEATING


def bad_tags(session: Session) -> int:
    """Frames that somebody forged."""
    return session.refused[Reason.FORGED]


def _outlet(outlet: Outlet) -> OutletStatus:
    charge = outlet.charge
    if charge is None:
        return OutletStatus(0, outlet.state, 0, 0, 0)
    energy = min(_whole(charge.energy, 1000), 0xFFFF * 1000)
    return OutletStatus(0, outlet.state, _whole(outlet.power, 100), energy, min(charge.elapsed // 1000, 0xFFFF))


def _whole(value: int, step: int) -> int:
    """As fine as it travels, rounded down."""
    return value // step * step
