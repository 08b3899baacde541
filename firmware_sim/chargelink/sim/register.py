"""What a meter has measured up to now, as DL/T 645 wants it told."""

from collections.abc import Iterator, Mapping

from chargelink.dlt645.bodies import Address
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.forms.number import Number
from chargelink.sim.cable import Probe
from chargelink.wire import EncodeError

SILENT = 0.5  # s without a measurement: the outlet is dead, its last power is not carried on
MWH = 3_600_000_000_000  # µW µs in a milliwatt-hour
MICROSECONDS = 1_000_000
MAINS_FREQUENCY = 50_000  # mHz
UNITY = 1_000  # power factor, 1/1000

PRECISE = ("00600000", "00610000")  # energy to 0.1 Wh, which older meters do not have


class Register(Mapping[str, bytes]):
    """Integrates what a probe measures; as a mapping, what each identifier holds.

    The energy of either direction only ever grows. `start` mWh were on the forward register before; `alternating`
    adds what only an alternating current has; a `coarse` meter knows no precise energy. `now` in s.
    """

    def __init__(self, address: str, start: int = 0, alternating: bool = False, coarse: bool = False) -> None:
        self._address = Address(address).encode()
        self._alternating = alternating
        self._coarse = coarse
        self._forward = start * MWH
        self._reverse = 0
        self._probe = Probe(0, 0)
        self._measured = 0  # µs, when the probe last spoke
        self._integrated = 0  # µs, up to when the energy is counted

    @property
    def forward(self) -> int:
        """mWh that went out, whole ones."""
        return self._forward // MWH

    @property
    def reverse(self) -> int:
        """mWh that came back, whole ones."""
        return self._reverse // MWH

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
        energy = self._probe.voltage * self._probe.current * held
        self._forward += max(energy, 0)
        self._reverse += max(-energy, 0)
        self._integrated = to
        if to >= holds_until:
            self._probe = Probe(0, 0)

    def __getitem__(self, identifier: str) -> bytes:
        """Raises KeyError for what this meter does not have."""
        if identifier == "04000401":
            return self._address
        value = self._values()[identifier]
        (item,) = STANDARD.expand(identifier)
        assert isinstance(item.form, Number)
        whole = abs(value) // item.form.step * item.form.step  # a display cuts, it does not round
        try:
            return item.form.encode(whole if value >= 0 else -whole)
        except EncodeError:  # more digits than the identifier has: not available
            return item.form.encode(None)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._values(), "04000401"])

    def __len__(self) -> int:
        return len(self._values()) + 1

    def _values(self) -> dict[str, int]:
        """mWh, mV, mA, mW by identifier (DL/T 645-2007, tables A.1 and A.3)."""
        power = self._probe.voltage * self._probe.current // 1_000
        values = {
            "00600000": self.forward,
            "00610000": self.reverse,
            "00000000": self.forward + self.reverse,
            "00010000": self.forward,
            "00020000": self.reverse,
            "02010100": self._probe.voltage,
            "02020100": self._probe.current,
            "02030000": power,
            "02030100": power,
        }
        if self._alternating:
            values |= {"02060000": UNITY, "02800002": MAINS_FREQUENCY}
        return {name: value for name, value in values.items() if not (self._coarse and name in PRECISE)}
