"""The board as its master sees it: the points of the map over the circuit, and the watchdog."""

from chargelink.io_board.registers import OUTPUTS, POINTS, WATCHDOG, Point, Space
from chargelink.sim.dc_circuit import DcCircuit

POWER_UP_WATCHDOG = 1_000  # ms


class ChargerBoard:
    """`now` in s. `watchdog` in ms; 0 switches it off, as boards on the market allow."""

    def __init__(self, circuit: DcCircuit, now: float) -> None:
        self.circuit = circuit
        self.watchdog = POWER_UP_WATCHDOG
        self._heard = now

    def step(self, now: float) -> None:
        """Let time pass: the watchdog's, then the circuit's."""
        if self.watchdog and now - self._heard > self.watchdog / 1000:
            for point in OUTPUTS:
                setattr(self.circuit.commands, point.name, 0)
        self.circuit.step(now)

    def read(self, space: Space, address: int, count: int, now: float) -> list[int]:
        """Bits or words. Raises LookupError for what is not there."""
        self._heard = now
        self.circuit.step(now)
        words = [word for point in POINTS[space] for word in point.encode(self._value(point))]
        if not 0 <= address < address + count <= len(words):
            raise LookupError(f"no {space.value} {address}..{address + count - 1}")
        return words[address : address + count]

    def write(self, space: Space, address: int, words: list[int], now: float) -> None:
        """Set whole points. Raises LookupError where there is nothing to write, EncodeError for impossible values."""
        self._heard = now
        points = {point.address: point for point in POINTS[space]} if space.is_written else {}
        values: list[tuple[Point, int]] = []
        at = address
        while at < address + len(words):
            point = points.get(at)
            if point is None or at + point.size > address + len(words):
                raise LookupError(f"no whole {space.value} at {at}")
            value = point.decode(words[at - address : at - address + point.size])
            point.encode(value)
            values.append((point, value))
            at += point.size
        self.circuit.step(now)  # with what was commanded until now
        for point, value in values:
            setattr(self if point is WATCHDOG else self.circuit.commands, point.name, value)

    def _value(self, point: Point) -> int:
        if point is WATCHDOG:
            return self.watchdog
        holder = self.circuit.commands if point.space.is_written else self.circuit.facts
        value = int(getattr(holder, point.name))
        return min(max(value, point.low), point.high)  # an instrument at the end of its scale
