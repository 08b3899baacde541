"""The judge of the transport: PyPI can-j1939, which shares nothing with us, at the other end of a virtual bus.

It runs in threads and in real time; these tests wait for what is to happen, generously, and never sleep.
"""

import queue
import time
from collections.abc import Iterator
from typing import Any

import can
import j1939
import pytest
from tests.gbt27930.bus import BCP, BCS, BMV, BRM, Node

from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import Event, Frame, Observer, Received, Receiver, Sender, Sent

PATIENCE = 20.0  # s
MESSAGES = [(BCS, b"abcdefghi"), (BCP, bytes(range(13))), (BRM, bytes(range(49))), (BMV, bytes(range(252)))]


class Judge:
    """A can-j1939 node with an address of its own; messages that it received are in `received` as (pgn, payload)."""

    def __init__(self, channel: str, address: int, peer: int, window: int) -> None:
        self.received: queue.Queue[tuple[int, bytes]] = queue.Queue()
        self._peer = peer
        self._unit = j1939.ElectronicControlUnit(max_cmdt_packets=window)
        self._unit.connect(interface="virtual", channel=channel)
        name = j1939.Name(arbitrary_address_capable=0, identity_number=address)
        self._node = j1939.ControllerApplication(name, address, bypass_address_claim=True)
        self._unit.add_ca(controller_application=self._node)
        self._node.start()
        self._node.subscribe(lambda priority, pgn, source, stamp, data: self.received.put((pgn, bytes(data))))

    def send(self, pgn: int, payload: bytes) -> None:
        """As soon as its own thread has closed the session before."""
        end = time.monotonic() + PATIENCE
        while not self._node.send_pgn(0, pgn >> 8, self._peer, 7, list(payload)):
            assert time.monotonic() < end

    def stop(self) -> None:
        self._node.stop()
        self._unit.stop()
        self._unit.disconnect()


class Shell:
    """Moves frames between the virtual bus and a node of ours, for which no time passes; an observer listens in."""

    def __init__(self, channel: str, node: Node) -> None:
        self._bus = can.Bus(interface="virtual", channel=channel)
        self._node = node
        self._observer = Observer()
        self.observed: list[Event] = []
        self.sent: list[Frame] = []

    def run(self, wanted: type[Event]) -> Event:
        """Until an event of this kind comes."""
        while True:
            self._send()
            message = self._bus.recv(PATIENCE)
            assert message is not None, f"nothing within {PATIENCE} s, let alone {wanted}"
            frame = Frame(message.arbitration_id, bytes(message.data))
            self.observed += self._observer.receive(*frame, 0.0)
            events = self._node.receive(*frame, 0.0)
            if found := next((event for event in events if isinstance(event, wanted)), None):
                self._send()
                return found

    def _send(self) -> None:
        for frame in self._node.data_to_send():
            self._bus.send(can.Message(arbitration_id=frame.identifier, data=frame.data, is_extended_id=True))
            self.sent.append(frame)
            self.observed += self._observer.receive(*frame, 0.0)

    def stop(self) -> None:
        self._bus.shutdown()


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """A bus of its own for each test."""
    return str(request.node.name)


@pytest.fixture
def parts() -> Iterator[list[Any]]:
    """What is to be stopped at the end."""
    started: list[Any] = []
    yield started
    for one in reversed(started):
        one.stop()


@pytest.mark.parametrize("window", [255, 2], ids=["any window", "two packets"])
def test_it_sends_and_we_receive(channel: str, parts: list[Any], window: int) -> None:
    shell = Shell(channel, Receiver(CHARGER, BMS))
    parts.append(shell)
    judge = Judge(channel, BMS, CHARGER, window)
    parts.append(judge)
    for pgn, payload in MESSAGES:
        judge.send(pgn, payload)
        event = shell.run(Received)
        assert isinstance(event, Received)
        assert (event.pgn, event.payload, event.source, event.retries) == (pgn, payload, BMS, 0)
    assert [(event.pgn, event.payload) for event in shell.observed if isinstance(event, Received)] == MESSAGES
    # its RTS says how many packets it sends at once; our CTS stays within it
    asked = [(data[1], data[2]) for _, data in shell.sent if data[:1] == b"\x11" and data[6] == BRM >> 8]
    assert asked == ([(2, 1), (2, 3), (2, 5), (1, 7)] if window == 2 else [(7, 1)])


@pytest.mark.parametrize("window", [255, 3], ids=["any window", "three packets"])
def test_we_send_and_it_receives(channel: str, parts: list[Any], window: int) -> None:
    vehicle = Sender(BMS, CHARGER, spacing=0)
    shell = Shell(channel, vehicle)
    parts.append(shell)
    judge = Judge(channel, CHARGER, BMS, window)
    parts.append(judge)
    for pgn, payload in MESSAGES:
        vehicle.send(pgn, payload, now=0.0)
        event = shell.run(Sent)
        assert isinstance(event, Sent)
        assert (event.pgn, event.retries) == (pgn, 0)
        assert judge.received.get(timeout=PATIENCE) == (pgn, payload)
    assert [(event.pgn, event.payload) for event in shell.observed if isinstance(event, Received)] == MESSAGES
