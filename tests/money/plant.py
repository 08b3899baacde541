"""What stands at a site, as far as money goes: clocks, meters of guns, sockets that keep their own accounts."""

from dataclasses import dataclass, field
from random import Random

from chargelink.edge.ledger.elapsed import Moment
from chargelink.edge.sockets.terms import Terms
from chargelink.lora_socket.codes import Place, StopReason
from chargelink.lora_socket.commands import Start
from chargelink.lora_socket.messages import Settle

HOUR = 3_600_000
RESOLUTION = 100  # mWh, of what a socket says
BOUNDS = Terms().tier_bounds  # mW


@dataclass
class Clock:
    """True time, and what the edge believes: `skew` ms apart. The machine counts from its own start."""

    now: int
    skew: int = 0
    boots: int = 0
    booted: int = 0

    @property
    def utc(self) -> int:
        """What the edge believes."""
        return self.now + self.skew

    def boot(self) -> None:
        """The machine starts anew."""
        self.boots, self.booted = self.boots + 1, self.now

    def elapsed(self) -> Moment:
        """By the clock that nobody sets."""
        return Moment(str(self.boots), self.now - self.booted)


@dataclass
class Gun:
    """A gun with its meter. `flowed` is all that was ever measured, `unseen` the most of it that may stand in no bill:
    it flowed in sessions in which the meter was exchanged for one that shows less.
    """

    name: str
    register: int
    power: int = 0  # mW, while the contactors are closed
    session: str | None = None
    flowed: int = 0
    unseen: int = 0
    exchanged: bool = False  # its meter was, during this session
    opens: int | None = None  # true time at which the contactors will be open, once that was decided
    _before: int = 0
    _rest: int = 0  # mW x ms below one mWh

    def pass_time(self, duration: int) -> None:
        """Energy flows."""
        if self.power:
            energy, self._rest = divmod(self.power * duration + self._rest, HOUR)
            self.register += energy
            self.flowed += energy

    def close(self, session: str) -> None:
        """The contactors close: a session begins."""
        self.session, self.exchanged, self._before = session, False, self.flowed

    def open(self) -> None:
        """The contactors open."""
        if self.session is not None and self.exchanged:
            self.unseen += self.flowed - self._before
        self.power, self.session, self.opens = 0, None, None


@dataclass
class Charge:
    """A session as the socket has it."""

    start: Start
    power: int
    began: int  # s of the network's time
    worked: int = 0  # mW x ms
    passed: int = 0  # ms with power
    tiers: list[int] = field(default_factory=lambda: [0] * 5)  # ms

    @property
    def energy(self) -> int:
        """mWh, as the socket says it."""
        return self.worked // HOUR // RESOLUTION * RESOLUTION

    def left(self) -> int:
        """ms until a limit ends it."""
        by_energy = -(-(self.start.most_energy * HOUR - self.worked) // self.power)
        return max(0, min(by_energy, self.start.most_minutes * 60_000 - self.passed))


@dataclass
class Socket:
    """Two outlets, and settlements in flash until they are acknowledged."""

    eui: bytes
    name: str
    charges: dict[Place, Charge] = field(default_factory=dict)
    waiting: list[Settle] = field(default_factory=list)
    settled: dict[int, int] = field(default_factory=dict)  # mWh by number
    seen: set[int] = field(default_factory=set)

    def start(self, place: Place, start: Start, power: int, utc: int) -> bool:
        """Begin; False for a number that was there before, or an outlet that is taken."""
        if start.session in self.seen or place in self.charges:
            return False
        self.seen.add(start.session)
        self.charges[place] = Charge(start, power, utc // 1000)
        return True

    def pass_time(self, duration: int) -> None:
        """Energy flows, up to each limit."""
        for place, charge in [*self.charges.items()]:
            used = min(duration, charge.left())
            charge.worked += charge.power * used
            charge.passed += used
            charge.tiers[sum(charge.power > bound for bound in BOUNDS)] += used
            if charge.left() == 0:
                full = charge.energy >= charge.start.most_energy
                self.end(place, StopReason.ENERGY if full else StopReason.TIME)

    def end(self, place: Place, reason: StopReason) -> None:
        """It is over: the settlement waits in flash."""
        charge = self.charges.pop(place)
        minutes = [ms // 60_000 for ms in charge.tiers]
        settle = Settle(
            session=charge.start.session,
            place=place,
            reason=reason,
            started=charge.began,
            duration=charge.passed // 1000,
            energy=charge.energy,
            peak_power=charge.power,
            tier_1=minutes[0],
            tier_2=minutes[1],
            tier_3=minutes[2],
            tier_4=minutes[3],
            tier_5=minutes[4],
            flags=0,
        )
        self.waiting.append(settle)
        self.settled[settle.session] = settle.energy

    def lose_mains(self, random: Random) -> None:
        """Some sessions go on when the mains are back, others are over."""
        for place in [*self.charges]:
            if random.randrange(2):
                self.end(place, StopReason.MAINS_LOST)
