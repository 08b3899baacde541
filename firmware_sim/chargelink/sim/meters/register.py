"""The energy register: what flows is added up, in each direction and tariff."""

from typing import NamedTuple

from chargelink.sim.cable import Probe

SILENT = 0.5  # s without a measurement: the outlet is dead, its last power is not carried on
MWH = 3_600_000_000_000  # µW µs in a milliwatt-hour
MICROSECONDS = 1_000_000
FLAT = 3  # the tariff that what was on the register before is counted to
NOTHING = Probe(0, 0)


class Energies(NamedTuple):
    """mWh by tariff, whole ones; under 0 their total."""

    forward: dict[int, int]
    reverse: dict[int, int]


class Register:
    """Integrates what a probe measures. The energy of either direction only ever grows.

    `start` mWh were on the forward register before. `tariff` is the one that counts now; no current flows while not
    `connected`, and a `stuck` register does not count. `now` in s.
    """

    def __init__(self, start: int = 0) -> None:
        self.tariff = FLAT
        self.connected = True
        self.stuck = False
        self._forward = {FLAT: start * MWH}
        self._reverse: dict[int, int] = {FLAT: 0}
        self._probe = NOTHING
        self._measured = 0  # µs, when the probe last spoke
        self._integrated = 0  # µs, up to when the energy is counted

    @property
    def probe(self) -> Probe:
        """What is measured now."""
        return self._probe if self.connected else Probe(self._probe.voltage, 0)

    @property
    def flowed(self) -> tuple[int, int]:
        """All energy that went out, and that came back, in µW µs."""
        return sum(self._forward.values()), sum(self._reverse.values())

    @property
    def energies(self) -> Energies:
        return Energies(_whole(self._forward), _whole(self._reverse))

    def measure(self, probe: Probe, now: float) -> None:
        """Take a measurement: the one before held until now."""
        self.pass_time(now)
        self._probe = probe
        self._measured = self._integrated

    def pass_time(self, now: float) -> None:
        """Let time pass. What was measured last holds for half a second, then nothing flows."""
        to = max(round(now * MICROSECONDS), self._integrated)
        holds_until = self._measured + round(SILENT * MICROSECONDS)
        held = max(min(to, holds_until) - self._integrated, 0)
        if not self.stuck:
            self.add(self.probe.voltage * self.probe.current * held)
        self._integrated = to
        if to >= holds_until:
            self._probe = NOTHING

    def add(self, energy: int) -> None:
        """Count energy in µW µs, negative what came back."""
        counting = self._forward if energy >= 0 else self._reverse
        counting[self.tariff] = counting.get(self.tariff, 0) + abs(energy)

    def clear(self) -> None:
        """To zero, as before a meter is sealed."""
        self._forward, self._reverse = {FLAT: 0}, {FLAT: 0}


def _whole(counted: dict[int, int]) -> dict[int, int]:
    return {0: sum(counted.values()) // MWH} | {tariff: energy // MWH for tariff, energy in counted.items()}
