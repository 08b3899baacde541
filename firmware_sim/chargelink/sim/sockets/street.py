"""Simulated sockets around one gateway: the whole site without its edge, pure and by time as argument."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chargelink.lora_socket.codes import Place
from chargelink.sim.sockets.air import Air, Packet, Radio
from chargelink.sim.sockets.ebike import Ebike
from chargelink.sim.sockets.flash import Flash, Identity
from chargelink.sim.sockets.forwarder import Forwarder
from chargelink.sim.sockets.socket import TOP_UP, Socket

TURNAROUND = 0.012  # s from the end of a frame to its answer
SPREADING_FACTOR = 8


class Station(Protocol):
    """A gateway of any make between air and wire; `Forwarder` is one. It listens in the air under its EUI."""

    eui: bytes

    @property
    def deadline(self) -> float: ...

    def data_to_send(self) -> list[bytes]: ...

    def receive(self, datagram: bytes, now: float) -> None: ...

    def tick(self, now: float) -> None: ...

    def hear(self, packet: Packet, now: float) -> None: ...


class NewStation(Protocol):
    """How a station begins: its EUI, the air, and the time."""

    def __call__(self, eui: bytes, air: Air, now: float) -> Station: ...


class Street:
    """Sockets by number from 1 on, one gateway. What goes to and from the edge on its wire; `now` in seconds."""

    def __init__(
        self,
        identities: Sequence[Identity],
        gateway: bytes,
        join_frequency_hz: int,
        now: float,
        *,
        loss: float = 0.0,
        seed: int = 0,
        spread: int = 0,
        top_up: int = TOP_UP,
        station: NewStation = Forwarder,
    ) -> None:
        self.air = Air(loss, seed, spread)
        self.station = station(gateway, self.air, now)
        self.join_frequency_hz = join_frequency_hz
        self._top_up = top_up
        self._radios: dict[int, Radio] = {}
        self._sockets: dict[int, Socket] = {}
        for number, identity in enumerate(identities, 1):
            self._radios[number] = Radio(self.air, number)
            self._sockets[number] = Socket(identity, Flash(), join_frequency_hz, now, top_up)
            self._tune(number)

    @property
    def sockets(self) -> Mapping[int, Socket]:
        """The sockets by number."""
        return self._sockets

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        waits = [self.station.deadline, *(socket.deadline for socket in self._sockets.values())]
        waits += [radio.deadline for radio in self._radios.values() if radio.deadline is not None]
        return min(waits if self.air.deadline is None else [*waits, self.air.deadline])

    def data_to_send(self) -> list[bytes]:
        """What the gateway has for its wire, each piece to be sent as one."""
        return self.station.data_to_send()

    def receive(self, datagram: bytes, now: float) -> None:
        """Take what came on the wire."""
        self.station.receive(datagram, now)

    def tick(self, now: float) -> None:
        """Let time pass: what has arrived is heard, what is due is sent."""
        for heard in self.air.tick(now):
            if isinstance(heard.station, int):
                self._sockets[heard.station].receive(heard.packet.payload, heard.at)
                self._send(heard.station, heard.at)
            else:
                self.station.hear(heard.packet, heard.at)
        for number, socket in self._sockets.items():
            if socket.deadline <= now:
                socket.tick(now)
                self._send(number, now)
        for radio in self._radios.values():
            radio.tick(now)
        self.station.tick(now)

    def plug(self, number: int, place: Place, load: Ebike, now: float) -> None:
        """Somebody plugs an e-bike in. Raises KeyError for a socket that is not there."""
        self._sockets[number].plug(place, load, now)
        self._send(number, now)

    def unplug(self, number: int, place: Place, now: float) -> None:
        """Somebody pulls it out. Raises KeyError for a socket that is not there."""
        self._sockets[number].unplug(place, now)
        self._send(number, now)

    def battery_low(self, number: int, millivolts: int, now: float) -> None:
        """A socket's own battery is nearly empty. Raises KeyError for a socket that is not there."""
        self._sockets[number].battery_low(millivolts, now)
        self._send(number, now)

    def sensor_failed(self, number: int, place: Place, now: float) -> None:
        """The sensor at an outlet's contact fails. Raises KeyError for a socket that is not there."""
        self._sockets[number].sensor_failed(place, now)
        self._send(number, now)

    def power_cut(self, number: int, now: float) -> None:
        """A socket loses power for an instant. Its flash keeps counters, keys, settlements and charges."""
        socket = self._sockets[number]
        self._radios[number].forget()
        again = Socket(socket.identity, socket.flash, self.join_frequency_hz, now, self._top_up)
        for place, outlet in again.outlets.items():
            outlet.load, outlet.charge = socket.outlets[place].load, socket.outlets[place].charge
        self._sockets[number] = again
        self._send(number, now)

    def _send(self, number: int, now: float) -> None:
        """Give a socket's frames to its radio, and tune it."""
        radio = self._radios[number]
        for frame, quick, frequency_hz in self._sockets[number].data_to_send():
            if quick:
                radio.give_way()
            wait = TURNAROUND if quick else self.air.random.uniform(0.0, 0.2)
            radio.send(Packet(frequency_hz, SPREADING_FACTOR, False, frame), now + wait, quick=quick)
        self._tune(number)

    def _tune(self, number: int) -> None:
        frequencies = frozenset({self._sockets[number].frequency_hz})
        self.air.listen(number, inverted=True, frequencies=frequencies)
