"""Frequencies, power and times of a site's radio."""

from dataclasses import dataclass
from itertools import pairwise

from chargelink.lora_radio.airtime import CN470, airtime_us, longest_payload
from chargelink.lora_socket.frame import LONGEST
from chargelink.wire import EncodeError

MOST_CHANNELS = 3
APART = 400_000  # Hz between two channels, at least
TURNAROUND = 0.012  # s that a radio needs between hearing and talking
ANSWER_SLACK = 0.15  # s for both radios to listen before talking, and for gateway and host to pass things on


@dataclass(frozen=True)
class RadioPlan:
    """One to three channels in Hz; sockets join on the first. `cycle` is how often each socket is polled, in s.

    Raises EncodeError for what the band does not allow.
    """

    frequencies: tuple[int, ...] = (470_300_000, 471_100_000, 471_900_000)
    spreading_factor: int = 8
    power_dbm: int = CN470.highest_power_dbm
    cycle: int = 4

    def __post_init__(self) -> None:
        ordered = sorted(self.frequencies)
        if not 1 <= len(ordered) <= MOST_CHANNELS:
            raise EncodeError(f"one to three channels: {self.frequencies}")
        within = CN470.lowest_hz <= ordered[0] and ordered[-1] <= CN470.highest_hz
        if not within or any(high - low < APART for low, high in pairwise(ordered)):
            raise EncodeError(f"channels of 470 to 510 MHz, {APART // 1000} kHz apart: {self.frequencies}")
        if (longest_payload(self.spreading_factor) or 0) < LONGEST:
            raise EncodeError(f"at SF{self.spreading_factor} the longest frame would last more than 1 s")
        if self.power_dbm > CN470.highest_power_dbm or not 1 <= self.cycle <= 255:
            raise EncodeError(f"{self.power_dbm} dBm, polled every {self.cycle} s")

    @property
    def told(self) -> tuple[int, int, int]:
        """The three channels of a JOIN_ACC; with fewer the first one fills the places."""
        first, second, third = (*self.frequencies, *self.frequencies[:1] * MOST_CHANNELS)[:MOST_CHANNELS]
        return first, second, third

    def channel(self, index: int) -> int:
        """The channel number of the site's socket `index`: spread, so that reports collide less."""
        return index % len(self.frequencies)

    def lasts(self, length: int) -> float:
        """s on the air of a frame of so many bytes."""
        return airtime_us(length, self.spreading_factor) / 1_000_000
