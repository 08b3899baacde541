"""A meter: what it measures and keeps, its clock, its relay, its covers and keys, and its end of the line."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chargelink.dlt645.bodies import Address
from chargelink.dlt645.catalogue import modern_identifier
from chargelink.dlt645.control import AnyError, Edition
from chargelink.dlt645.forms import Stamp, Value
from chargelink.dlt645.meter import REPLY_DELAY, USUAL_PART, Commanded, Meter
from chargelink.dlt645.profiles import PROFILES, STANDARD_PROFILE
from chargelink.sim.cable import Probe
from chargelink.sim.meters import events, freezes
from chargelink.sim.meters.access import Passwords, ProgrammingKey
from chargelink.sim.meters.clock import Clock, known, written
from chargelink.sim.meters.curves import Curves
from chargelink.sim.meters.demand import Demand
from chargelink.sim.meters.faults import LEAP, Declared, Faults
from chargelink.sim.meters.freezes import Freezes, Frozen
from chargelink.sim.meters.holdings import Holdings
from chargelink.sim.meters.obedience import Obedience
from chargelink.sim.meters.parameters import DEMAND_PERIOD, DEMAND_SLIDE, INTERVAL, TARIFFS, Parameters
from chargelink.sim.meters.quantities import classes, kept, quantity
from chargelink.sim.meters.register import MWH, Register
from chargelink.sim.meters.registers import Registers
from chargelink.sim.meters.relay import Relay
from chargelink.sim.meters.tariffs import Slot, holding

MINUTE = timedelta(minutes=1)
SETTLEMENTS = 12  # settlement days that are kept
BOTH = frozenset({Edition.DLT645_2007, Edition.DLT645_1997})


@dataclass(frozen=True, kw_only=True)
class Built:
    """How a meter is built. `energy` in mWh on its register, `drift` in s a day, `baud` None for any rate.

    `alternating`: one phase of it, not direct current. `coarse`: no energy to 0.1 Wh. `unlocked`: programming needs no
    key. `esam`: a grid meter, which takes a trip only through its security module.
    """

    energy: int = 0
    alternating: bool = False
    coarse: bool = False
    editions: frozenset[Edition] = frozenset({Edition.DLT645_2007})
    profile: str = STANDARD_PROFILE.name
    part: int = USUAL_PART
    delay: float = REPLY_DELAY
    baud: int | None = None
    drift: float = 0.0
    unlocked: bool = False
    esam: bool = False
    faults: list[Declared] = field(default_factory=list)


class Device:
    """`address` as on its name plate; its clock shows `clock` at `now`. Times in s.

    Raises EncodeError for an address or a part that cannot be.
    """

    def __init__(self, address: str, clock: datetime, now: float, built: Built | None = None) -> None:
        self.built = built or Built()
        self.baud = self.built.baud
        self.powered = True
        self.clock = Clock(clock, now, self.built.drift)
        self.register = Register(self.built.energy)
        self.demand = Demand()
        self.settled: deque[Holdings] = deque(maxlen=SETTLEMENTS)
        self.freezes = Freezes()
        self.curves = Curves()
        self.parameters = Parameters()
        if self.built.baud is not None:
            self.parameters.set_port(self.built.baud)
        self.passwords = Passwords()
        self.key = ProgrammingKey(self.built.unlocked)
        self.events = events.Events()
        self.relay = Relay()
        self.faults = Faults(self.built.faults, now, seed=int(address))
        self.now = now
        self._was_open = False
        self._opened: dict[str, tuple[Stamp, tuple[Value | None, ...]]] = {}  # covers: when, and energies then
        self._power_lost = Stamp(written(clock))
        self.catalogue = PROFILES[self.built.profile].catalogue
        self._obedience = Obedience(self)
        self._leapt = False
        self._flowed = self.register.flowed
        self._next_minute = self._minute_after(clock)
        self.register.pass_time(now)
        self.register.tariff = self.slot.tariff
        self.meter = Meter(
            address,
            Registers(lambda name: quantity(self, name), self._kept, self.catalogue),
            part=self.built.part,
            delay=self.built.delay,
            device=self._read_specially,
            editions=self.built.editions,
        )

    @property
    def address(self) -> str:
        return self.meter.address

    @property
    def holdings(self) -> Holdings:
        """Registers and demands now."""
        return Holdings(self.register.energies, dict(self.demand.forward), dict(self.demand.reverse))

    @property
    def slot(self) -> Slot:
        """Which tariff holds."""
        return holding(self.parameters, self.shows)

    @property
    def shows(self) -> datetime:
        """What its clock shows."""
        return self.clock.read(self.now)

    @property
    def tariffs(self) -> int:
        """How many it has."""
        return self.parameters.number(TARIFFS)

    @property
    def deadline(self) -> float | None:
        """When `tick` is due for the line's sake; time passes for the registers besides."""
        return self.meter.deadline

    def measure(self, probe: Probe, now: float) -> None:
        """Take what voltage and current are."""
        self.pass_time(now)
        if self.powered:
            self.register.measure(probe, now)

    def receive(self, data: bytes, now: float, speed: int | None = None) -> None:
        """Hear the line, which a master drives at `speed` if that is known."""
        self.pass_time(now)
        data = self.faults.heard(data, now)
        if not self.powered or (self.baud is not None and speed not in (None, self.baud)):
            return
        for event in self.meter.receive(data, now):
            if isinstance(event, Commanded):
                self._obedience.obey(event.frame, now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        self.pass_time(now)
        self.meter.tick(now)

    def data_to_send(self) -> bytes:
        """An answer that is due; none without power."""
        data = self.meter.data_to_send()
        if data:
            self._obedience.answered()
        return data if self.powered else b""

    def pass_time(self, now: float) -> None:
        """Let time pass for everything but the line: minute by minute, as the clock shows them."""
        while (ends := self.clock.shows(self._next_minute)) <= now:
            self.now = max(self.now, ends)
            self._pass(self.now)
            self._end_minute(self._next_minute)
            self._next_minute += MINUTE
        self.now = max(self.now, now)
        self._pass(self.now)

    def set_power(self, on: bool) -> None:
        """Without power it neither measures nor answers; its clock has a battery."""
        if on == self.powered:
            return
        self.powered = on
        self.register.measure(Probe(0, 0), self.now)
        now = Stamp(written(self.shows))
        if on:
            self.demand.interrupt()
            self.events.went_on(events.POWER_DOWN, self._power_lost, now)
        else:
            self._power_lost = now
            self.events.happened(events.POWER_DOWN, now, None)

    def move_cover(self, kind: str, opens: bool) -> None:
        """Open or close a cover; the record of it is complete when it is closed."""
        now = Stamp(written(self.shows))
        energies = self.holdings.six_energies
        if opens and kind not in self._opened:
            self._opened[kind] = (now, energies)
            self.events.happened(kind, now, None, *energies, *[None] * len(energies))
        elif not opens and kind in self._opened:
            when, before = self._opened.pop(kind)
            self.events.went_on(kind, when, now, *before, *energies)

    def set_clock(self, to: datetime) -> None:
        """A demand period does not go on across a step. Raises ValueError for what it cannot show."""
        if not known(to):
            raise ValueError(to)
        self.clock.set(to, self.now)
        self.clock_was_set()

    def clock_was_set(self) -> None:
        self.demand.interrupt()
        self._next_minute = self._minute_after(self.shows)
        self.register.tariff = self.slot.tariff

    def freeze(self, kind: str) -> None:
        """Keep the registers as they are."""
        self.freezes.keep(kind, Frozen(self.shows, self.holdings, self.power, self.tariffs))

    @property
    def power(self) -> int:
        """mW, negative if it comes back."""
        probe = self.register.probe
        return probe.voltage * probe.current // 1000

    def record_relay(self) -> None:
        """If the contact has moved that is an event, and current flows or does not."""
        if self.relay.open != self._was_open:
            self._was_open = self.relay.open
            self.register.connected = not self.relay.open
            kind = events.TRIP if self.relay.open else events.CLOSE
            self.events.happened(kind, Stamp(written(self.shows)), self.relay.operator, *self.holdings.six_energies)

    def clear(self) -> None:
        """All registers to zero, and everything forgotten but that this was done."""
        self.register.clear()
        self.demand.clear()
        self.settled.clear()
        self.freezes.clear()
        self.curves.clear()
        self.events.clear()
        self._flowed = self.register.flowed

    def _pass(self, now: float) -> None:
        self.relay.stuck = self.faults.active("relay-stuck", now)
        self.relay.pass_time(now)
        self.record_relay()
        self.register.stuck = self.faults.active("register-stuck", now)
        leaps = self.faults.active("register-leap", now)
        if leaps and not self._leapt:
            self.register.add(LEAP * MWH)
        self._leapt = leaps
        self.register.pass_time(now)

    def _end_minute(self, when: datetime) -> None:
        """The clock shows a full minute."""
        before, self._flowed = self._flowed, self.register.flowed
        if not self.powered:
            return
        energy = (self._flowed[0] - before[0], self._flowed[1] - before[1])
        number = self.parameters.number
        self.demand.pass_minute(energy, when, self.register.tariff, number(DEMAND_PERIOD), number(DEMAND_SLIDE))
        self.register.tariff = holding(self.parameters, when).tariff
        midnight = not when.hour and not when.minute
        if midnight:
            self.freeze(freezes.DAILY)
        if not when.minute:
            self.freeze(freezes.HOURLY)
            if (when.day, when.hour) in self.parameters.settlements:
                self.freeze(freezes.MONTHLY)
                self.settled.appendleft(self.holdings)
                self.demand.clear()
        if self.freezes.is_due(when):
            self.freeze(freezes.TIMED)
        if (60 * when.hour + when.minute) % max(number(INTERVAL), 1) == 0:
            self.curves.keep(classes(self, when))

    def _minute_after(self, moment: datetime) -> datetime:
        return moment.replace(second=0, microsecond=0) + MINUTE

    def _kept(self, identifier: str) -> bytes | None:
        """What is kept under an identifier; in the 1997 edition under that of the other."""
        if len(identifier) == 4:
            modern = modern_identifier(identifier)
            return None if modern is None or not modern.startswith("04") else kept(self, modern)
        return kept(self, identifier)

    def _read_specially(self, identifier: str, besides: bytes) -> bytes | AnyError | None:
        """A load profile is read by number and time."""
        if identifier.startswith("06") and len(identifier) == 8:
            return self.curves.value(identifier, besides)
        return None

    def set_baud(self, baud: int) -> None:
        """Speak at another rate from now on."""
        self.parameters.set_port(baud)
        if self.baud is not None:
            self.baud = baud

    def set_address(self, address: str) -> None:
        """Raises EncodeError."""
        Address(address).encode()
        self.meter.address = address
