"""The air between gateway and sockets: airtime, half duplex, collisions, capture, loss, and listening before talking.

Pure and by time as argument; chance comes from one seeded generator, so a run can be repeated.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from chargelink.lora_radio.airtime import airtime_us

CARRIER_SENSE = 0.006  # s that a radio listens before it talks (CAD at SF8); what began since then it does not notice
BACK_OFF = 0.2  # s at most that a report waits before it tries again
QUICK_BACK_OFF = 0.01  # s at most for answers, which are expected
LEVEL = -8_500  # 0.01 dBm, of a socket in the next stairwell
NOISE = -11_700  # 0.01 dBm in 125 kHz, of a receiver with 6 dB
BEST_SNR = 850  # 0.01 dB; receivers do not tell more
CAPTURE = 600  # 0.01 dB by which the stronger of two packets is heard all the same


class Packet(NamedTuple):
    """What is on the air. `inverted` IQ marks downlinks: sockets do not hear each other, nor gateways each other.

    `level` in 0.01 dBm is that at whom it arrives.
    """

    frequency_hz: int
    spreading_factor: int
    inverted: bool
    payload: bytes
    level: int = LEVEL

    @property
    def snr(self) -> int:
        """Signal to noise as a receiver tells it, in 0.01 dB."""
        return min(self.level - NOISE, BEST_SNR)


class Heard(NamedTuple):
    """A packet that arrived at `station` when its last symbol did."""

    station: Hashable
    packet: Packet
    at: float


@dataclass
class _Transmission:
    sender: Hashable
    packet: Packet
    start: float
    end: float

    def overlaps(self, other: "_Transmission") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass
class _Ear:
    """What a station listens to: a set of frequencies (None: all) and one sense of IQ."""

    inverted: bool
    frequencies: frozenset[int] | None


class Air:
    """All radio within reach of each other. `loss` is the share of packets that each listener misses, 0 to 1.

    `spread` in dB is how much levels of links differ, chosen once for each pair of stations; with 0 all are alike, so
    that no packet survives a collision. When the stronger one began is not asked: the capture of real radios is rarer.
    """

    def __init__(self, loss: float = 0.0, seed: int = 0, spread: int = 0) -> None:
        self.loss = loss
        self._seed = seed
        self._spread = spread
        self._levels: dict[tuple[str, ...], int] = {}
        self.random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.used_us = 0
        self.collisions = 0  # packets that nobody heard for another's sake
        self.captured = 0  # packets that somebody heard in spite of another
        self._ears: dict[Hashable, _Ear] = {}
        self._transmissions: list[_Transmission] = []
        self._finished: list[_Transmission] = []

    def listen(self, station: Hashable, inverted: bool, frequencies: frozenset[int] | None = None) -> None:
        """Let a station hear downlinks (inverted) or uplinks, on some frequencies or on all."""
        self._ears[station] = _Ear(inverted, frequencies)

    def level(self, one: Hashable, other: Hashable) -> int:
        """At which level two stations hear each other, in 0.01 dBm."""
        pair = tuple(sorted((repr(one), repr(other))))
        if pair not in self._levels:
            chance = Random(f"{self._seed} {pair}")  # noqa: S311 - to be repeated, not to be secret
            self._levels[pair] = LEVEL + round(self._spread * 100 * (chance.random() - 0.5))
        return self._levels[pair]

    @property
    def deadline(self) -> float | None:
        """When the next packet ends."""
        return min((transmission.end for transmission in self._transmissions), default=None)

    def busy_until(self, frequency_hz: int, now: float) -> float:
        """Until when a station that listens now hears the channel occupied; `now` if it hears nothing."""
        ends = [
            transmission.end
            for transmission in self._transmissions
            if transmission.packet.frequency_hz == frequency_hz and transmission.start <= now - CARRIER_SENSE
        ]
        return max(ends, default=now)

    def transmit(self, sender: Hashable, packet: Packet, now: float) -> float:
        """Put a packet on the air at `now`; the time at which it ends."""
        lasts = airtime_us(len(packet.payload), packet.spreading_factor)
        self.used_us += lasts
        self._transmissions.append(_Transmission(sender, packet, now, now + lasts / 1_000_000))
        return now + lasts / 1_000_000

    def tick(self, now: float) -> list[Heard]:
        """Everything that has arrived by `now`."""
        ended = sorted((one for one in self._transmissions if one.end <= now), key=lambda one: one.end)
        heard = [
            Heard(station, one.packet._replace(level=self.level(one.sender, station)), one.end)
            for one in ended
            for station in self._receivers(one)
        ]
        self._transmissions = [one for one in self._transmissions if one.end > now]
        earliest = min((one.start for one in self._transmissions), default=now)
        self._finished = [one for one in (*self._finished, *ended) if one.end > earliest]
        return heard

    def _receivers(self, transmission: _Transmission) -> list[Hashable]:
        others = [
            other
            for other in (*self._finished, *self._transmissions)
            if other is not transmission and other.overlaps(transmission)
        ]
        packet = transmission.packet
        rivals = [one for one in others if one.packet[:3] == packet[:3]]  # frequency, spreading factor, IQ
        talking = {other.sender for other in others}  # a radio that talks hears nothing
        within = [
            station
            for station, ear in self._ears.items()
            if ear.inverted == packet.inverted
            and (ear.frequencies is None or packet.frequency_hz in ear.frequencies)
            and station not in talking
            and self._captures(transmission, rivals, station)
        ]
        if rivals:
            self.collisions += not within
            self.captured += bool(within)
        return [station for station in within if self.random.random() >= self.loss]

    def _captures(self, transmission: _Transmission, rivals: list[_Transmission], station: Hashable) -> bool:
        """Whether a station hears a packet in spite of those that overlap it."""
        level = self.level(transmission.sender, station)
        return all(level >= self.level(rival.sender, station) + CAPTURE for rival in rivals)


@dataclass
class _Queued:
    due: float
    packet: Packet
    quick: bool


@dataclass
class Radio:
    """A station's transmitter: one packet at a time, each only after the channel was found free."""

    air: Air
    station: Hashable
    _queue: list[_Queued] = field(default_factory=list)
    _talking_until: float = 0.0

    def send(self, packet: Packet, at: float, *, quick: bool) -> None:
        """Send at `at` or as soon after it as the channel is free. `quick`: somebody waits for it."""
        self._queue.append(_Queued(at, packet, quick))

    @property
    def busy(self) -> bool:
        """Whether a packet waits to be sent."""
        return bool(self._queue)

    @property
    def talking_until(self) -> float:
        """When the last packet is out, or was."""
        return self._talking_until

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        return max(self._queue[0].due, self._talking_until) if self._queue else None

    def forget(self) -> None:
        """Drop what waits to be sent."""
        self._queue.clear()

    def give_way(self) -> None:
        """Drop what nobody waits for."""
        self._queue = [queued for queued in self._queue if queued.quick]

    def tick(self, now: float) -> None:
        """Send what is due, or put it off."""
        while self._queue and max(self._queue[0].due, self._talking_until) <= now:
            first = self._queue[0]
            busy_until = self.air.busy_until(first.packet.frequency_hz, now)
            if busy_until > now:
                longest = QUICK_BACK_OFF if first.quick else BACK_OFF
                first.due = busy_until + self.air.random.uniform(0.001, longest)
            else:
                self._queue.pop(0)
                self._talking_until = self.air.transmit(self.station, first.packet, now)
