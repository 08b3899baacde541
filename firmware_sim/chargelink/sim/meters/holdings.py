"""Registers and demands as they were at a moment, by the names of the catalogue."""

from typing import NamedTuple

from chargelink.dlt645.forms import Stamp, Value
from chargelink.sim.meters.clock import written
from chargelink.sim.meters.demand import Peak, Peaks
from chargelink.sim.meters.register import Energies

NEVER = "2000-00-00 00:00"
FORWARD, REVERSE = 1, 4  # bits of the combination word that add; those after each subtract


class Holdings(NamedTuple):
    """mWh and mW by tariff. A meter without reactive registers."""

    energies: Energies
    forward_peaks: Peaks
    reverse_peaks: Peaks

    def value(self, name: str, tariffs: int, combination: int) -> Value:
        """What an item of the catalogue's name holds, without `_settlement_`. Raises KeyError if there is none.

        `tariffs` is how many the meter has; `combination` says what combined energy is made of.
        """
        base, _, tariff = name.partition("_t")
        number = int(tariff) if tariff.isdecimal() else 0
        if (tariff and not tariff.isdecimal()) or number > tariffs:
            raise KeyError(name)
        forward, reverse = (energies.get(number, 0) for energies in self.energies)
        match base.removeprefix("precise_"):
            case "forward_active_energy":
                return forward
            case "reverse_active_energy":
                return reverse
            case "combined_active_energy":
                return _part(combination, FORWARD, forward) + _part(combination, REVERSE, reverse)
            case "forward_active_max_demand":
                return dated(self.forward_peaks.get(number))
            case "reverse_active_max_demand":
                return dated(self.reverse_peaks.get(number))
        raise KeyError(name)

    @property
    def six_energies(self) -> tuple[Value | None, ...]:
        """The energies of an event record; None: the meter has no such register."""
        return (self.energies.forward[0], self.energies.reverse[0], None, None, None, None)

    @property
    def energies_of_phases(self) -> tuple[Value | None, ...]:
        """Those of a clear: all together, then phase A, B, C. There is one phase."""
        return (*self.six_energies, *self.six_energies, *(None,) * 12)

    @property
    def demands_of_phases(self) -> tuple[Value | None, ...]:
        """The demands of a clear, in the same order."""
        both = (dated(self.forward_peaks.get(0)), dated(self.reverse_peaks.get(0)), None, None, None, None)
        return (*both, *both, *(None,) * 12)


def dated(peak: Peak | None) -> tuple[int, Stamp]:
    """A demand with its time; zeros if there was none."""
    return (0, Stamp(NEVER)) if peak is None else (peak.power, Stamp(written(peak.when)[:-3]))


def _part(combination: int, bit: int, energy: int) -> int:
    return energy * (bool(combination & bit) - bool(combination & 2 * bit))
