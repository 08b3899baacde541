"""What a meter is asked, again and again, and what its answers are worth. No I/O, time in seconds as an argument.

Every period the energy register is read first, then voltage, current and power, as far as the meter's profile has them.
Where a profile has several energy registers (the precise one of State Grid's supplement of 2014, 0.1 Wh, and that of
the standard, 10 Wh), which of them the meter has is found out once, the finest first, and again after the meter was
lost, for it may be another one then.
"""

from enum import StrEnum
from typing import NamedTuple

from chargelink.dlt645.forms.unit import AMPERE, KW, KWH, VOLT
from chargelink.dlt645.master import Refused, Reply, TimedOut
from chargelink.dlt645.profiles import STANDARD_PROFILE, Profile
from chargelink.dlt645.profiles.reader import value_form
from chargelink.dlt645.reading import Readings
from chargelink.dlt645.request import Request, read
from chargelink.edge.drivers.reading import Quality, Reading

PERIOD = 1.0  # s, of a meter that bills
LOST_AFTER = 5  # periods without the energy register; then charging stops (GB/T 18487.1 asks for metering)
SILENCES = 2  # of the precise register while the meter answers the rest: there are meters that refuse by silence
FASTEST = 1_000_000_000  # mW; what counts faster is no charging place
SLACK = 20_000  # mWh; two steps of the coarse register
BELIEVED_AFTER = 10  # registers in a row that only contradict what was before them: it ran over, or it is another meter


class Quantity(StrEnum):
    """What is read."""

    ENERGY = "energy"  # mWh, forward active
    VOLTAGE = "voltage"  # mV
    CURRENT = "current"  # mA
    POWER = "power"  # mW


PARTS = {
    Quantity.ENERGY: KWH.parts,
    Quantity.VOLTAGE: VOLT.parts,
    Quantity.CURRENT: AMPERE.parts,
    Quantity.POWER: KW.parts,
}
"""How many of ours make one of the unit that a profile's item is in."""


class MeterLost(NamedTuple):
    """The energy register did not come for too long, whatever the reason. Told once."""

    source: str
    at: float
    silent: float  # s


class MeterBack(NamedTuple):
    """It came again."""

    source: str
    at: float


PollEvent = Reading | MeterLost | MeterBack


class MeterPoll:
    """One meter: what it `wants` to be asked goes to a line, how that ended comes back to `hear`.

    `source` names the meter in what it gives, `address` has twelve digits; `profile` says what it is asked for and what
    its answers mean; `period` is in s.
    """

    def __init__(
        self, source: str, address: str, now: float, profile: Profile = STANDARD_PROFILE, period: float = PERIOD
    ) -> None:
        """Raises EncodeError for an address that is none."""
        poll = profile.poll
        read(address, poll.energy[0]).frame().encode()
        self.lost = False
        self.address = address
        self.period = period
        self._source = source
        self._round: list[Quantity] = []
        self._asked: Quantity | None = None
        self._next_round = now
        self._catalogue = profile.catalogue
        self._energies = poll.energy
        others = {Quantity.VOLTAGE: poll.voltage, Quantity.CURRENT: poll.current, Quantity.POWER: poll.power}
        self._others = {quantity: identifier for quantity, identifier in others.items() if identifier}
        self._energy = poll.energy[0]
        self._settled = False  # which energy register the meter has
        self._silences = 0
        self._answers = False  # something else, since the energy register was last asked for
        self._heard = now  # when the energy register came last
        self._register: tuple[int, float] | None = None  # mWh and when, the last that was good
        self._doubted: tuple[int, float] | None = None  # the last that was not
        self._doubts = 0  # how many of these agreed with each other

    @property
    def deadline(self) -> float | None:
        """When `tick` is due, and then `wants`; None while a lost meter's answer is awaited."""
        due = [self._next_round] if self._asked is None else []
        if not self.lost:
            due.append(self._lost_at)
        return min(due, default=None)

    def tick(self, now: float) -> list[PollEvent]:
        """Let time pass."""
        events: list[PollEvent] = []
        if not self.lost and now >= self._lost_at:
            self._lose(events, now)
        return events

    def wants(self, now: float) -> Request | None:
        """The next question, if none is open. Of a meter that is lost no more than whether it is there."""
        if self._asked is not None:
            return None
        if not self._round and now >= self._next_round:
            # A second question tells a meter that is lost from one that has no such register.
            self._round = [Quantity.ENERGY, *self._others][: 2 if self.lost else None]
            self._next_round = now + self.period
        if not self._round:
            return None
        self._asked = self._round.pop(0)
        return read(self.address, self._others.get(self._asked, self._energy))

    def hear(self, event: Reply | Refused | TimedOut, now: float) -> list[PollEvent]:
        """How the open question ended."""
        events: list[PollEvent] = []
        if self._asked is not None:
            quantity, self._asked = self._asked, None
            self._take(quantity, event, events, now)
        return events

    @property
    def _lost_at(self) -> float:
        return self._heard + LOST_AFTER * self.period

    def _take(self, quantity: Quantity, event: Reply | Refused | TimedOut, events: list[PollEvent], now: float) -> None:
        if quantity is Quantity.ENERGY:
            self._learn(event)
        self._answers = quantity is not Quantity.ENERGY and (self._answers or not isinstance(event, TimedOut))
        if not isinstance(event, Reply):
            return
        reading = self._judge(quantity, event, now)
        if quantity is Quantity.ENERGY and reading.quality is not Quality.ABSENT:
            self._heard = now
            if self.lost:
                self.lost = False
                events.append(MeterBack(self._source, now))
        events.append(reading)

    def _learn(self, event: Reply | Refused | TimedOut) -> None:
        """Find out which energy register the meter has. Once it gave one, no other is mixed in: a coarse one lags
        behind by up to 10 Wh."""
        if self._settled:
            return
        if isinstance(event, TimedOut):
            self._silences += self._answers
            missing = self._silences >= SILENCES
        elif isinstance(event, Refused):
            missing = event.has_none
        else:
            found = event.readings(self._catalogue).readings
            missing = not found or (found[0].value is None and found[0].flaw is None)
            self._settled = not missing
        if missing:
            self._silences = 0
            next_one = self._energies.index(self._energy) + 1
            self._energy = self._energies[next_one % len(self._energies)]

    def _judge(self, quantity: Quantity, reply: Reply, now: float) -> Reading:
        found = reply.readings(self._catalogue)
        # What is longer than its form may be another form: the low bytes of a wider number are a smaller one.
        why = found.flaws[0].english if found.flaws else ""
        value = _value(quantity, found)
        if value is None:
            return Reading(self._source, quantity, None, Quality.DOUBTFUL if why else Quality.ABSENT, now, why)
        if quantity is Quantity.ENERGY and not why:
            why = self._doubt_energy(value, now)
        quality = Quality.DOUBTFUL if why else Quality.GOOD
        return Reading(self._source, quantity, value, quality, now, why)

    def _doubt_energy(self, value: int, now: float) -> str:
        """Why a register cannot be right beside the last good one; "" if it can.

        Whoever charges has long stopped when a new beginning is believed, and the readings of one session never run
        backwards.
        """
        why = _contradiction(self._register, value, now)
        if not why:
            self._doubts = 0
        else:
            agrees = self._doubts > 0 and not _contradiction(self._doubted, value, now)
            self._doubted, self._doubts = (value, now), self._doubts + 1 if agrees else 1
            if self._doubts < BELIEVED_AFTER:
                return why
            self._doubts = 0
        self._register = value, now
        return ""

    def _lose(self, events: list[PollEvent], now: float) -> None:
        self.lost = True
        self._round.clear()
        self._energy = self._energies[0]
        self._settled = False
        self._silences = 0
        self._register = None
        self._doubts = 0
        events.append(MeterLost(self._source, now, now - self._heard))


def _value(quantity: Quantity, found: Readings) -> int | None:
    """What was read, in our unit, cut to whole ones; None if there is none. Some meters put a status byte behind."""
    if not found.readings:
        return None
    reading = found.readings[0]
    value = reading.value[0] if isinstance(reading.value, tuple) else reading.value
    form = value_form(reading.item.form)
    if form is None or not isinstance(value, int):
        return None
    whole = abs(value) * PARTS[quantity] // form.scale.parts
    return whole if value >= 0 else -whole


def _contradiction(before: tuple[int, float] | None, value: int, now: float) -> str:
    """Why a register cannot follow another, told with when it was read; "" if it can."""
    if before is None:
        return ""
    last, at = before
    if value < last:
        return f"the register ran backwards from {last} mWh"
    if value - last > FASTEST * (now - at) / 3600 + SLACK:
        return f"the register leapt from {last} mWh"
    return ""
