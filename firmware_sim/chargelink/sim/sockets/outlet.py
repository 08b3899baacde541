"""One switched outlet of a socket: it meters, keeps its limits by itself, and says why a charge ended.

Whatever the radio does, the limits of a START hold here. Pure, in whole milliseconds; `advance` lets time pass.
"""

from dataclasses import dataclass, field

from chargelink.lora_socket.codes import OutletState, Place, Result, StartFlags, StopReason
from chargelink.lora_socket.commands import Limit, Start
from chargelink.sim.sockets.ebike import MILLIWATT_MILLISECONDS, Ebike

STEP = 1000  # ms at most between two looks at the load
PLUG_WAIT = 120_000  # ms after a start without load
NO_LOAD_FOR = 60_000  # ms without load while charging
NO_LOAD_BELOW = 3_000  # mW
UNPLUGGED_FOR = 10_000  # ms that a plug may be out before the charge is over
OVERLOAD = ((1500, 100), (1200, 1_000), (1050, 10_000))  # of the limit in permille, and for how many ms
LONGEST = 720 * 60_000  # ms, whatever was asked for
TIER_BOUNDS = (200_000, 300_000, 500_000, 1_000_000)  # mW
FULL_PERMILLE = 200  # of the session's peak


@dataclass
class Charge:
    """A session as the outlet keeps it."""

    session: int
    most_time: int  # ms
    most_energy: int  # mWh
    most_power: int  # mW
    stop_when_full: bool
    full_below: int  # mW
    full_for: int  # ms
    started: int  # ms of the outlet's time
    drawn: int = 0  # mW x ms
    elapsed: int = 0  # ms
    peak: int = 0  # mW
    tiers: list[int] = field(default_factory=lambda: [0] * 5)  # ms

    @property
    def energy(self) -> int:
        """mWh."""
        return self.drawn // MILLIWATT_MILLISECONDS

    @property
    def room(self) -> int:
        """mW x ms until the energy limit."""
        return self.most_energy * MILLIWATT_MILLISECONDS - self.drawn


@dataclass
class Ended:
    """A charge that is over, and why."""

    charge: Charge
    reason: StopReason


class Outlet:
    """`rating` is what no frame can raise, in mW; `top_up` how long to go on after full, in ms."""

    def __init__(self, place: Place, now: int, rating: int, top_up: int) -> None:
        self.place = place
        self.now = now
        self.rating = rating
        self.top_up = top_up
        self.locked = False
        self.fault = False
        self.load: Ebike | None = None
        self.charge: Charge | None = None
        self.topping_up = False
        self.was_full = False
        self._since: dict[str, int] = {}

    @property
    def state(self) -> OutletState:
        """As STATUS tells it."""
        if self.fault:
            return OutletState.FAULT
        if self.charge is not None:
            return OutletState.TOP_UP if self.topping_up else OutletState.CHARGING
        if self.locked:
            return OutletState.LOCKED
        if self.load is None:
            return OutletState.IDLE
        return OutletState.FULL if self.was_full else OutletState.PLUGGED

    @property
    def power(self) -> int:
        """mW now."""
        return self.load.power if self.load is not None and self.charge is not None else 0

    def plug(self, load: Ebike) -> None:
        """Somebody plugs a charger in."""
        self.load, self.was_full = load, False

    def unplug(self) -> None:
        """Somebody pulls it out."""
        self.load, self.was_full = None, False

    def start(self, start: Start) -> Result:
        """Begin a session, or say why not. The one that runs is not begun twice."""
        if self.charge is not None:
            return Result.OK if self.charge.session == start.session else Result.BUSY
        if self.fault or self.locked:
            return Result.FAULT if self.fault else Result.LOCKED
        if not start.session or self._impossible(start):
            return Result.LIMIT
        self.charge = Charge(
            session=start.session,
            most_time=min(start.most_minutes * 60_000, LONGEST),
            most_energy=start.most_energy,
            most_power=start.most_power,
            stop_when_full=bool(start.flags & StartFlags.STOP_WHEN_FULL),
            full_below=start.full_threshold,
            full_for=start.full_minutes * 60_000,
            started=self.now,
        )
        self.topping_up = self.was_full = False
        self._since.clear()
        return Result.OK

    def limit(self, limit: Limit) -> Result:
        """Change the limits of the session that runs."""
        if self.charge is None or self.charge.session != limit.session:
            return Result.NO_SESSION
        if self._impossible(limit):
            return Result.LIMIT
        self.charge.most_power = limit.most_power
        self.charge.most_time = min(limit.most_minutes * 60_000, LONGEST)
        self.charge.most_energy = limit.most_energy
        return Result.OK

    def end(self, reason: StopReason) -> Ended | None:
        """Open the relay."""
        if self.charge is None:
            return None
        ended = Ended(self.charge, reason)
        self.charge, self.topping_up = None, False
        self.was_full = reason is StopReason.FULL
        return ended

    def advance(self, now: int) -> Ended | None:
        """Let time pass until `now`; the charge that ended on the way."""
        while self.now < now:
            if self.charge is None:
                self.now = now
                break
            step = self._step(self.charge, min(now - self.now, STEP))
            self._draw(self.charge, step)
            if (reason := self._reason(self.charge)) is not None:
                return self.end(reason)
        return None

    def _impossible(self, limits: Start | Limit) -> bool:
        """Limits that would limit nothing, or more than the outlet bears."""
        return not (0 < limits.most_power <= self.rating and limits.most_minutes and limits.most_energy)

    def _step(self, charge: Charge, longest: int) -> int:
        """How long the next step may be, so that no limit is passed within it."""
        longest = min(longest, max(charge.most_time - charge.elapsed, 1))
        if self.power:
            longest = min(longest, max(-(-charge.room // self.power), 1))
        return longest

    def _draw(self, charge: Charge, step: int) -> None:
        power = self.power
        if self.load is not None:
            charge.drawn += self.load.draw(step)
        charge.drawn += min(charge.room, 0)  # the last millisecond's share beyond the limit is not counted
        charge.elapsed += step
        charge.peak = max(charge.peak, power)
        charge.tiers[sum(power > bound for bound in TIER_BOUNDS)] += step
        self.now += step

    def _reason(self, charge: Charge) -> StopReason | None:
        """The first limit that is reached."""
        power = self.power
        if charge.room <= 0:
            return StopReason.ENERGY
        if charge.elapsed >= charge.most_time:
            return StopReason.TIME
        for permille, longest in OVERLOAD:
            if self._held(f"over {permille}", power * 1000 > charge.most_power * permille, longest):
                return StopReason.OVERLOAD
        if self._held("unplugged", self.load is None and charge.peak > 0, UNPLUGGED_FOR):
            return StopReason.UNPLUGGED
        if self._held("no load", power < NO_LOAD_BELOW, NO_LOAD_FOR if charge.peak > NO_LOAD_BELOW else PLUG_WAIT):
            return StopReason.NO_LOAD
        return self._full(charge, power)

    def _full(self, charge: Charge, power: int) -> StopReason | None:
        if not charge.stop_when_full or self.load is None:
            return None
        low = power < charge.full_below or power * 1000 < charge.peak * FULL_PERMILLE
        if self._held("full", low, charge.full_for):
            self.topping_up = True
        over = self.topping_up and self._held("topped up", True, self.top_up)
        return StopReason.FULL if over else None

    def _held(self, what: str, true: bool, longest: int) -> bool:
        """Whether something has been true without a break for so long."""
        if not true:
            self._since.pop(what, None)
            return False
        return self.now - self._since.setdefault(what, self.now) >= longest
