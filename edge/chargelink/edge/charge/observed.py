"""A charge that somebody else makes, seen on the bus: no I/O, no clock.

    observed = Observed()
    for event in observed.hear(identifier, data, now): ...    ChargeSeen, Progress
    for event in observed.tick(now): ...                      ChargeGone, when the bus falls silent

Energy is calculated from what the charger says that it gives (CCS), else from what the battery measures (BCS): no
verified meter has seen it. mV, mA positive into the battery, mWh, 0.1 %; times in s of any clock that never goes
backwards.
"""

from typing import NamedTuple

from chargelink.edge.charge.battery import Told
from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.causes import raised
from chargelink.gbt27930.charging import BCS, BCS2011, CCS
from chargelink.gbt27930.ending import BEM, BST, BST2011, CEM, CST, CST2011
from chargelink.gbt27930.handshake import BRM, CHM, CRM, CRM2011
from chargelink.gbt27930.listener import Heard, Listener
from chargelink.gbt27930.parameters import BCP
from chargelink.model import Battery
from chargelink.wire import Message

SILENT = 5.0  # s without a message of the charge: BCS and BCL would have failed by then
LONGEST_GAP = 1.0  # s that a measurement stands for; CCS comes every 50 ms, BCS every 250 ms
CHARGER_STALE = 1.0  # s without CCS, then the battery's own measurement counts
SAMPLE_EVERY = 1.0  # s
MILLIWATT_HOUR = 3_600_000_000_000  # mV x mA x us


class ChargeSeen(NamedTuple):
    """A charge is going on: current is permitted to flow."""

    vin: str | None
    soc: int | None


class Progress(NamedTuple):
    """What is given now, about once a second."""

    voltage: int
    current: int
    energy: int  # since the charge was seen
    soc: int | None


class ChargeGone(NamedTuple):
    """It is over: who said so first, and the raised fields; nobody if the bus fell silent."""

    by: Sender | None
    causes: tuple[str, ...]
    energy: int
    soc_start: int | None
    soc: int | None
    battery: Battery | None


ObservedEvent = ChargeSeen | Progress | ChargeGone


class Observed:
    """One gun's bus. One charge after the other, whenever listening began."""

    def __init__(self) -> None:
        self._listener = Listener()
        self.told = Told()
        self._vin: str | None = None
        self._first: int | None = None  # SOC
        self._soc: int | None = None
        self._over = False  # the statistics were said: what comes until the next handshake is its echo
        self._forget()

    def _forget(self) -> None:
        self._under_way = False
        self._energy = 0  # mV x mA x us
        self._output: tuple[int, int] | None = None
        self._output_at = self._charger_at = self._sampled_at = self._heard_at = float("-inf")
        self._stopped: tuple[Sender, tuple[str, ...]] | None = None

    @property
    def under_way(self) -> bool:
        return self._under_way

    @property
    def energy(self) -> int:
        """mWh since the charge was seen."""
        return self._energy // MILLIWATT_HOUR

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called."""
        return self._heard_at + SILENT if self._under_way else None

    def hear(self, identifier: int, data: bytes, now: float) -> list[ObservedEvent]:
        """Take a frame of the bus."""
        events: list[ObservedEvent] = []
        for heard in self._listener.hear(identifier, data, now):
            if isinstance(heard, Heard):
                events += self._take(heard, heard.message, now)
        return events

    def tick(self, now: float) -> list[ObservedEvent]:
        """Let time pass."""
        return self._gone() if self._under_way and now >= self._heard_at + SILENT else []

    def _take(self, heard: Heard, message: Message, now: float) -> list[ObservedEvent]:
        self.told.take(message)
        match message:
            case CHM() | CRM() | CRM2011():
                self._over = False
                if isinstance(message, CHM):
                    gone = self._gone()
                    self._vin = self._first = self._soc = None
                    self.told = Told()
                    return gone
                return self._gone()  # a charger begins anew
            case BRM(vin=vin):
                self._vin = vin
            case BCP(soc=soc) if 0 <= soc <= 1000:
                self._first = self._soc = soc
            case CCS(output_voltage=voltage, output_current=current):
                self._charger_at = now
                return self._flow(heard, voltage, -current, now)
            case BCS() | BCS2011():
                if 0 <= message.soc <= 1000:
                    self._soc = message.soc
                    self._first = message.soc if self._first is None else self._first
                if now - self._charger_at > CHARGER_STALE:
                    return self._flow(heard, message.measured_voltage, -message.measured_current, now)
            case BST() | BST2011() | CST() | CST2011() | BEM() | CEM():
                self._stopped = self._stopped or (heard.entry.sender, raised(message))
        if heard.entry.name in ("CSD", "BSD"):
            self._over = True
            return self._gone()
        return []

    def _flow(self, heard: Heard, voltage: int, current: int, now: float) -> list[ObservedEvent]:
        """Voltage and current now: what was said before held until now."""
        if heard.message.flaws or self._over:
            return []  # shown elsewhere, never counted
        events: list[ObservedEvent] = []
        if not self._under_way:
            self._forget()
            self._under_way, self._charger_at = True, now if isinstance(heard.message, CCS) else float("-inf")
            events.append(ChargeSeen(self._vin, self._soc))
        elif self._output is not None:
            microseconds = round(min(now - self._output_at, LONGEST_GAP) * 1_000_000)
            self._energy += max(self._output[0] * self._output[1], 0) * microseconds
        self._output, self._output_at, self._heard_at = (voltage, current), now, now
        if now >= self._sampled_at + SAMPLE_EVERY:
            self._sampled_at = now
            events.append(Progress(voltage, current, self.energy, self._soc))
        return events

    def _gone(self) -> list[ObservedEvent]:
        stopped, under_way, energy = self._stopped, self._under_way, self.energy
        self._forget()
        if not under_way:
            return []
        by, causes = stopped or (None, ())
        return [ChargeGone(by, causes, energy, self._first, self._soc, self.told.battery)]
