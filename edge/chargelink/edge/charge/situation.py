"""What the controller knows: what it was told by board, guard, meter and vehicle. mV, mA, mWh, s.

Currents are positive into the vehicle.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from chargelink.edge.charge.battery import Told
from chargelink.edge.drivers.board_state import OFF, BoardFacts
from chargelink.gbt27930.parameters import BCP
from chargelink.model import Caps

NO_CAPS = Caps()
NO_CURRENT = 500  # mA: an instrument shows something when nothing flows


class GunLimits(NamedTuple):
    """What charger, gun and cable can carry: mV, mA, mW."""

    max_voltage: int
    min_voltage: int
    max_current: int
    max_power: int


UNKNOWN = BoardFacts(
    at=0.0, ac_feedback=False, k1k2_feedback=False, k3k4_feedback=False, lock_feedback=False, e_stop=False,
    door_open=False, permit=False, module_fault=False, cc1=0, inside_voltage=0, outside_voltage=0, current=0,
    module_temperature=0, insulation=0, read_back=OFF, disagreeing=frozenset(), implausible=frozenset(),
)  # fmt: skip
"""Before the board told anything: nothing follows from it, for a gun only moves once it was heard."""


class Asked(NamedTuple):
    """What the vehicle demands: mV, mA."""

    voltage: int = 0
    current: int = 0


@dataclass
class Vehicle:
    """What this vehicle said since it was plugged in, or since the dialogue with it began anew."""

    answered: bool = False  # the handshake is over: test the insulation
    handshake_limit: int | None = None  # mV, of BHM
    battery: BCP | None = None
    ready: bool = False  # its contactors are closed
    asked: Asked | None = None
    permits: bool = True
    soc_start: int | None = None  # 0.1 %
    soc: int | None = None  # 0.1 %
    identified: bool = False  # it said who it is
    vin: str | None = field(default=None, repr=False)  # personal: it stands in no log
    told: Told = field(default_factory=Told, repr=False)  # of its battery
    gone: bool = True  # no dialogue, or one that is over
    broken_off: str | None = None  # what was waited for in vain, when the dialogue may begin anew
    again: bool = False  # it was begun anew
    sleeps: bool = False  # nothing was ever heard of it: its auxiliary supply has to wake it

    @property
    def limit(self) -> int | None:
        """The least of its voltage limits, mV."""
        known = [self.handshake_limit, self.battery.max_total_voltage if self.battery else None]
        return min((limit for limit in known if limit is not None), default=None)

    def anew(self) -> "Vehicle":
        """What holds of it when the dialogue begins anew, with CRM: it says no BHM again."""
        return Vehicle(
            handshake_limit=self.handshake_limit,
            soc_start=self.soc_start,
            soc=self.soc,
            vin=self.vin,
            told=self.told,
            gone=False,
            again=True,
        )


@dataclass
class Charge:
    """One authorised charge."""

    caps: Caps = NO_CAPS
    start: int = 0  # mWh, the register at its beginning
    register: int = 0  # mWh
    began: float | None = None  # when the current was first permitted
    ended: float | None = None  # when the contactors were told to open
    vin: str | None = field(default=None, repr=False)  # of the vehicle that was authorised by it
    reconnections: int = 0  # how often the dialogue began anew

    @property
    def energy(self) -> int:
        """mWh so far."""
        return self.register - self.start

    def seconds(self, now: float) -> float:
        """For how long it has charged."""
        return 0.0 if self.began is None else (now if self.ended is None else self.ended) - self.began


@dataclass
class Situation:
    """Everything that conditions look at."""

    limits: GunLimits
    board: BoardFacts = UNKNOWN
    heard: bool = False  # the board told something
    vehicle: Vehicle = field(default_factory=Vehicle)
    charge: Charge | None = None
    asked: bool = False  # somebody wants to know what vehicle it is
    test_voltage: int = 0  # mV
    guard_state: str = "silent"  # as it says it; silent when it says nothing
    guard_rule: str | None = None

    @property
    def is_dead(self) -> bool:
        """The board was heard, its contactors are open and no current flows."""
        return self.heard and not self.board.k1k2_feedback and abs(self.board.current) < NO_CURRENT
