"""What concerns every socket of a site: the time, and switching everything off; under the group key."""

from collections.abc import Sequence

from chargelink.edge.sockets.keys import SiteKeys
from chargelink.lora_socket.channel import Sender
from chargelink.lora_socket.codes import BeaconFlags
from chargelink.lora_socket.counters import SendCounter, floor_of
from chargelink.lora_socket.frame import EVERYONE
from chargelink.lora_socket.messages import Beacon, KeyUpdate

EVERY = 32.0  # s on each channel
EPOCH = 0


class Beacons:
    """BEACONs of a site, channel by channel. `counter` is the group key's; its owner reserves it."""

    def __init__(self, keys: SiteKeys, counter: SendCounter, channels: Sequence[int], now: float) -> None:
        self.counter = counter
        self._key = keys.group_key
        self._sender = Sender(keys.group_key, keys.net, EVERYONE, 0, counter, down=True, group=True)
        self._due = dict.fromkeys(channels, now)  # by frequency in Hz
        self._flags = BeaconFlags(0)

    @property
    def deadline(self) -> float:
        """When the next one is due."""
        return min(self._due.values(), default=float("inf"))

    def emergency_off(self, on: bool, now: float) -> None:
        """Say at once, and from now on, whether everything is off."""
        self._flags = BeaconFlags.EMERGENCY_OFF | BeaconFlags.NO_NEW_STARTS if on else BeaconFlags(0)
        self._due = dict.fromkeys(self._due, now)

    def key_update(self) -> KeyUpdate:
        """The group key for a socket, and from where it can follow the counter."""
        return KeyUpdate(EPOCH, 0, self._key, floor_of(self.counter.next))

    def next(self, now: float, network_time: float, cycle: int) -> tuple[int, bytes] | None:
        """The BEACON that is due at `now`: its frequency in Hz, and the frame."""
        channel = min(self._due, key=self._due.__getitem__, default=None)
        if channel is None or self._due[channel] > now or not self.counter.ready:
            return None
        self._due[channel] = now + EVERY
        return channel, self._sender.seal(Beacon(*clock(network_time), self._flags, EPOCH, cycle, 0))


def clock(network_time: float) -> tuple[int, int]:
    """Seconds since 1970 as they travel: whole ones, and 1/256 s."""
    whole = int(network_time)
    return whole, int((network_time - whole) * 256)
