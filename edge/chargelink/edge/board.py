"""The latest of everything: the one place where drivers show what their devices are doing, and others look.

Drivers `show` a device and add `sample`s; the uplink and the control socket watch. Whoever watches slowly sees only the
newest state of a device and the newest samples: the present is never kept waiting by the past.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chargelink.link.messages import Device, Sample

MOST_SAMPLES = 1000  # that wait for one who watches


class Watch:
    """What changed since it was last taken."""

    def __init__(self, changed: asyncio.Event) -> None:
        self._changed = changed
        self._devices: dict[str, Device] = {}
        self._samples: deque[Sample] = deque(maxlen=MOST_SAMPLES)
        self.dropped = 0  # samples that nobody fetched in time

    def see(self, thing: Device | Sample) -> None:
        """Note something that changed."""
        if isinstance(thing, Device):
            self._devices[thing.id] = thing
        else:
            self.dropped += len(self._samples) == self._samples.maxlen
            self._samples.append(thing)
        self._changed.set()

    def devices(self) -> tuple[Device, ...]:
        """Take the devices that changed, each as it is now."""
        devices = tuple(self._devices.values())
        self._devices.clear()
        return devices

    @property
    def has_samples(self) -> bool:
        """Whether samples wait to be taken."""
        return bool(self._samples)

    def samples(self, most: int) -> tuple[Sample, ...]:
        """Take up to `most` samples, oldest first."""
        return tuple(self._samples.popleft() for _ in range(min(most, len(self._samples))))


class Board:
    """The devices of an edge as they are now."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._watches: set[Watch] = set()
        self._listeners: list[Callable[[Sample], None]] = []

    @property
    def devices(self) -> tuple[Device, ...]:
        """Every device shown, by id."""
        return tuple(self._devices[identifier] for identifier in sorted(self._devices))

    def show(self, device: Device) -> None:
        """A device as it is now. Nobody is told of one whose state and detail are as before."""
        before = self._devices.get(device.id)
        self._devices[device.id] = device
        if before is None or (before.state, before.detail) != (device.state, device.detail):
            self._tell(device)

    def sample(self, sample: Sample) -> None:
        """One point of a session's curves."""
        for listen in self._listeners:
            listen(sample)
        self._tell(sample)

    def listen(self, listener: Callable[[Sample], None]) -> None:
        """Have every sample from now on given to a listener that forgets none."""
        self._listeners.append(listener)

    @contextmanager
    def watch(self, changed: asyncio.Event) -> Iterator[Watch]:
        """Watch what changes from now on; `changed` is set at each change."""
        watch = Watch(changed)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def _tell(self, thing: Device | Sample) -> None:
        for watch in self._watches:
            watch.see(thing)
