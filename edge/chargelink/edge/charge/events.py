"""What the controller of a gun says: events, what it wants, why it refuses."""

from typing import NamedTuple

from chargelink.edge.charge.causes import Stop
from chargelink.edge.charge.phases import Phase
from chargelink.edge.charge.situation import Charge, Vehicle
from chargelink.edge.drivers.board_state import Wanted
from chargelink.wire import ChargelinkError


class RefusedError(ChargelinkError):
    """A charge cannot begin now; the message says why."""


class Entered(NamedTuple):
    """A phase was entered."""

    phase: Phase


class Noted(NamedTuple):
    """Something went wrong in a phase: the first of a charge stops it, the others come on top."""

    phase: Phase
    stop: Stop


class Warned(NamedTuple):
    """Something to be looked at that stops nothing."""

    phase: Phase
    what: str
    detail: str = ""


class Identified(NamedTuple):
    """What a vehicle says that it is, before anybody authorised anything: personal, and not to be logged."""

    vin: str | None

    def __repr__(self) -> str:
        return "Identified(...)"


class Finished(NamedTuple):
    """A charge is over, contactors open as far as that can be known. `vehicle` is what it said."""

    charge: Charge
    stop: Stop
    vehicle: Vehicle


Event = Entered | Noted | Warned | Identified | Finished


class Wants(NamedTuple):
    """What board and guard shall do, and in a word what holds the current where it is."""

    board: Wanted
    permit: bool
    limit: tuple[int, int] | None  # mV and mA to which the guard shall hold the output; None without a permit
    because: str
