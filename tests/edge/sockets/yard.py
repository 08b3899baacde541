"""A yard of e-bikes in jumping time: the edge's site, a packet forwarder, the air, and simulated sockets."""

from collections.abc import Callable
from pathlib import Path

from chargelink.edge.sockets.events import SiteEvent, Told
from chargelink.edge.sockets.keys import SiteKeys, SocketKey
from chargelink.edge.sockets.memory import Memory
from chargelink.edge.sockets.plan import RadioPlan
from chargelink.edge.sockets.site import Site
from chargelink.lora_radio.radio import PacketReceived, UnreachableError
from chargelink.lora_radio.server import Server, immediately
from chargelink.lora_socket.codes import Place
from chargelink.lora_socket.keys import device_key
from chargelink.lora_socket.messages import Event, Settle
from chargelink.sim.sockets.ebike import CURVES, Ebike
from chargelink.sim.sockets.flash import Identity
from chargelink.sim.sockets.street import Street

NET = 0x2A51
MASTER = bytes(range(16))
GATEWAY = bytes.fromhex("a84041ffff1e2d3c")
SOURCE = ("127.0.0.1", 40_000)
UTC = 1_790_000_000.0  # s since 1970 when `now` is 0
A, B = Place.A, Place.B


def eui(number: int) -> bytes:
    return bytes.fromhex(f"a84041f4b1c2{number:04x}")


def keys(count: int) -> SiteKeys:
    sockets = tuple(SocketKey(eui(number), number, device_key(MASTER, eui(number))) for number in range(1, count + 1))
    return SiteKeys(NET, bytes(range(16, 32)), sockets)


def small(energy: int = 20_000) -> Ebike:
    """A lithium battery of so many mWh."""
    return Ebike(CURVES["lithium"], energy)


class Yard:
    """Everything, and the one clock. `delay` is what host and UDP take each way, in s."""

    def __init__(
        self,
        count: int,
        *,
        loss: float = 0.0,
        seed: int = 1,
        spread: int = 0,
        delay: float = 0.0,
        plan: RadioPlan | None = None,
    ) -> None:
        self.now = 100.0
        self.count = count
        self.plan = plan or RadioPlan()
        self.delay = delay
        identities = [Identity(key.eui, key.device_key) for key in keys(count).sockets]
        frequency = self.plan.frequencies[0]
        self.street = Street(identities, GATEWAY, frequency, self.now, loss=loss, seed=seed, spread=spread, top_up=0)
        self.server = Server({GATEWAY: [SOURCE[0]]})
        self.saved: bytes = b""
        self.stores = 0
        self.down: list[bytes] = []  # every frame that the edge sent
        self.up: list[bytes] = []
        self.acknowledging = True  # at once, as if everything were stored
        self._flying: list[tuple[float, bool, bytes]] = []
        self.site = self.awake(Memory())

    def awake(self, memory: Memory) -> Site:
        """An edge that begins with this memory."""
        self.site = Site(
            keys(self.count), [eui(number + 1) for number in range(self.count)], self.plan, memory, self.now, UTC
        )
        return self.site

    @property
    def utc_ms(self) -> int:
        return round((UTC + self.now) * 1000)

    def run(self, until: Callable[[], bool], limit: float = 600.0) -> list[SiteEvent]:
        """Let time jump until something is so; what the site told meanwhile. Fails after `limit` s."""
        told: list[SiteEvent] = []
        end = self.now + limit
        while not until():
            assert self.now < end, "it did not come to that"
            told += self.step()
        return told

    def after(self, seconds: float) -> list[SiteEvent]:
        """Let so much time pass."""
        end = self.now + seconds
        return self.run(lambda: self.now >= end, seconds + 1)

    def step(self) -> list[SiteEvent]:
        """The next thing that happens."""
        told: list[SiteEvent] = []
        self._store()
        deadlines = [self.street.deadline, self.site.deadline, *(due for due, _, _ in self._flying)]
        self.now = max(self.now, min(deadlines))
        self.street.tick(self.now)
        told += self.site.tick(self.now)
        self._send()
        told += self._arrive()
        for event in told:
            if self.acknowledging and isinstance(event, Told) and isinstance(event.received.body, Event | Settle):
                self.site.acknowledge(event.eui, event.received)
        return told

    def _send(self) -> None:
        for downlink in self.site.data_to_send():
            self.down.append(downlink.frame)
            packet = immediately(downlink.frequency_hz, downlink.spreading_factor, downlink.frame, downlink.power_dbm)
            try:
                self.server.transmit(GATEWAY, packet, self.now)
            except UnreachableError:
                continue
        for datagram, _ in self.server.data_to_send():
            self._flying.append((self.now + self.delay, True, datagram))
        for datagram in self.street.data_to_send():
            self._flying.append((self.now + self.delay, False, datagram))

    def _arrive(self) -> list[SiteEvent]:
        told: list[SiteEvent] = []
        arrived = [one for one in self._flying if one[0] <= self.now]
        self._flying = [one for one in self._flying if one[0] > self.now]
        for _, to_gateway, datagram in arrived:
            if to_gateway:
                self.street.receive(datagram, self.now)
                continue
            for event in self.server.receive(datagram, SOURCE, self.now):
                if isinstance(event, PacketReceived):
                    frame = event.packet.payload or b""
                    self.up.append(frame)
                    told += self.site.receive(frame, event.packet.frequency_hz or 0, self.now)
        self.server.tick(self.now)
        return told

    def _store(self) -> None:
        document = self.site.to_store()
        if document is not None:
            self.saved = document
            self.stores += 1
            self.site.stored()

    @property
    def all_online(self) -> bool:
        return all(socket.online for socket in self.site.sockets.values())


def write_keys(path: Path, count: int) -> None:
    """The key file of the yard."""
    lines = [f'master = "{MASTER.hex()}"', "[[site]]", f"net = {NET}", f'group_key = "{bytes(range(16, 32)).hex()}"']
    for number in range(1, count + 1):
        lines += ["[[socket]]", f'eui = "{eui(number).hex()}"', f"address = {number}"]
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
