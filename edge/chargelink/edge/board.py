"""The latest of everything: the one place where drivers show what their devices are doing, and others look.

Drivers `show` a device and add `sample`s; the uplink and the control socket watch. Whoever watches slowly sees only the
newest state of a device and the newest samples: the present is never kept waiting by the past.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from chargelink.link.messages import Device, Sample

MOST_SAMPLES = 1000  # that wait for one who watches, each of another session


class Watch:
    """What changed since it was last taken: of each device and session the newest. Of sessions the newest thousand."""

    def __init__(self, changed: asyncio.Event) -> None:
        self._changed = changed
        self._devices: dict[str, Device] = {}
        self._urgent: set[str] = set()  # of these, the ones in another state
        self._samples: dict[str, Sample] = {}

    def see(self, device: Device, urgent: bool) -> None:
        """A device that changed: another state is urgent, another detail is not."""
        self._wake(urgent)
        self._devices[device.id] = device
        if urgent:
            self._urgent.add(device.id)

    def measure(self, sample: Sample) -> None:
        """A sample."""
        self._wake(False)
        self._samples.pop(sample.session_id, None)
        self._samples[sample.session_id] = sample
        if len(self._samples) > MOST_SAMPLES:
            del self._samples[next(iter(self._samples))]

    @property
    def waits(self) -> bool:
        """Whether something waits to be taken."""
        return bool(self._devices or self._samples)

    def devices(self, details: bool = True) -> tuple[Device, ...]:
        """Take the devices that changed, each as it is now; without `details` only those in another state."""
        names = [*self._devices] if details else [name for name in self._devices if name in self._urgent]
        self._urgent.clear()
        return tuple(self._devices.pop(name) for name in names)

    def samples(self, most: int = MOST_SAMPLES) -> tuple[Sample, ...]:
        """Take up to `most` samples, one of each session, in the order in which they came."""
        return tuple(self._samples.pop(session) for session in [*self._samples][:most])

    def _wake(self, urgent: bool) -> None:
        """Whoever watches already knows that something waits, and comes for it in its own time, unless it is urgent."""
        if urgent or not self.waits:
            self._changed.set()


class Board:
    """The devices of an edge as they are now."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._descriptions: dict[str, Mapping[str, Any]] = {}
        self._watches: set[Watch] = set()
        self._listeners: list[Callable[[Sample], None]] = []
        self._prices: dict[str, str] = {}

    @property
    def devices(self) -> tuple[Device, ...]:
        """Every device shown, by id."""
        return tuple(self._priced(self._devices[identifier]) for identifier in sorted(self._devices))

    def price(self, hashes: Mapping[str, str | None]) -> None:
        """Which tariff holds at each device: told with it (`tariff`) where somebody could begin by it."""
        before = self._prices
        self._prices = {device: tariff for device, tariff in hashes.items() if tariff is not None}
        for identifier, device in self._devices.items():
            if before.get(identifier) != self._prices.get(identifier):
                for watch in self._watches:
                    watch.see(self._priced(device), urgent=False)

    def _priced(self, device: Device) -> Device:
        tariff = self._prices.get(device.id)
        if tariff is None or "session" in device.detail:  # no need of it during a charge, when most is told
            return device
        return msgspec.structs.replace(device, detail=device.detail | {"tariff": tariff})

    def show(self, device: Device) -> None:
        """A device as it is now. Nobody is told of one whose state and detail are as before."""
        before = self._devices.get(device.id)
        self._devices[device.id] = device
        if before is None or (before.state, before.detail) != (device.state, device.detail):
            for watch in self._watches:
                watch.see(self._priced(device), urgent=before is None or before.state != device.state)

    def describe(self, device: str, more: Mapping[str, Any]) -> None:
        """More of a device for whoever asks on the spot; it does not travel, for a SIM card has its price."""
        self._descriptions[device] = more

    @property
    def described(self) -> tuple[Device, ...]:
        """The devices with what was described of them."""
        return tuple(
            msgspec.structs.replace(device, detail={**device.detail, **self._descriptions.get(device.id, {})})
            for device in self.devices
        )

    def sample(self, sample: Sample) -> None:
        """One point of a session's curves."""
        for listen in self._listeners:
            listen(sample)
        for watch in self._watches:
            watch.measure(sample)

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
