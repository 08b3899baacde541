"""The radio of one e-bike socket: it joins, charges a bike, stops when full and settles; then a packet is replayed."""

from datetime import UTC, datetime
from typing import NamedTuple

from chargelink.lora_socket.channel import Sender
from chargelink.lora_socket.codes import (
    Answer,
    BeaconFlags,
    EventCode,
    OutletState,
    Place,
    Result,
    Severity,
    StartFlags,
    StatusFlags,
    StopReason,
)
from chargelink.lora_socket.commands import Command, Start, expiry_after
from chargelink.lora_socket.counters import SendCounter
from chargelink.lora_socket.frame import EVERYONE
from chargelink.lora_socket.join import JoiningEdge, JoiningSocket, Member
from chargelink.lora_socket.keys import device_key
from chargelink.lora_socket.kinds import Body
from chargelink.lora_socket.messages import (
    Beacon,
    CommandResult,
    Event,
    JoinAccept,
    Meter,
    OutletStatus,
    Poll,
    Settle,
    Status,
    StatusShort,
)
from chargelink.lora_socket.session import Received, Role, Session

START = 1_780_000_000  # s
CHARGE = 5_400  # s
NET, ADDRESS = 0x2A51, 0x0011
EUI = bytes.fromhex("a84041f4b1c2d3e4")
MASTER, GROUP_KEY = bytes(range(16)), bytes(range(16, 32))  # demo keys: anybody can guess them
CHANNELS = (470_300_000, 471_500_000, 472_700_000)  # Hz
SESSION = 0x00C0FFEE
IDLE = OutletStatus(0, OutletState.IDLE, 0, 0, 0)
QUIET = StatusFlags.MAINS | StatusFlags.TIME_SYNCED
SETTLEMENT = Settle(SESSION, Place.A, StopReason.FULL, START + 12, CHARGE, 312_400, 187_400, 90, 0, 0, 0, 0, 0)


class OnAir(NamedTuple):
    """A packet: when in s since 1970, which way, and its bytes."""

    time: float
    down: bool
    frame: bytes


class Radio:
    """A socket and its edge after the join, and who overhears them."""

    def __init__(self) -> None:
        self.now = float(START)
        self.heard: list[OnAir] = []
        edge = JoiningEdge(NET, {EUI: Member(device_key(MASTER, EUI))}, join_nonce=0xC359)
        socket = JoiningSocket(device_key(MASTER, EUI), EUI, NET, dev_nonce=6)
        request = edge.receive(
            self.say(False, socket.request(model=1, firmware=0x0104, capabilities=0x0F, reset_reason=0))
        )
        accept = JoinAccept(1, ADDRESS, START, *CHANNELS, 1, 8, 17, 5, 3, 4)  # the edge puts its next nonce in
        frame, joined = edge.accept(request, accept)
        socket.receive(self.say(True, frame))
        self.edge, self.socket = (Session(role, NET, ADDRESS, joined.keys) for role in (Role.EDGE, Role.SOCKET))
        for session in (self.edge, self.socket):
            session.counter.reserve(session.counter.block)

    def say(self, down: bool, frame: bytes) -> bytes:
        self.heard.append(OnAir(self.now, down, frame))
        self.now += 0.4
        return frame

    def send(self, down: bool, body: Body) -> Received:
        """A message that arrives at the other side."""
        sender, receiver = (self.edge, self.socket) if down else (self.socket, self.edge)
        sender.send(body, self.now)
        return self._carried(down, sender, receiver)

    def acknowledge(self, received: Received) -> None:
        self.edge.acknowledge(received, self.now)
        self._carried(True, self.edge, self.socket)

    def _carried(self, down: bool, sender: Session, receiver: Session) -> Received:
        (frame,) = sender.data_to_send()
        received = receiver.receive(self.say(down, frame), self.now)[0]
        assert isinstance(received, Received)
        return received


def beacon() -> bytes:
    """A group frame to everyone."""
    counter = SendCounter()
    counter.reserve(counter.block)
    sender = Sender(GROUP_KEY, NET, EVERYONE, 0, counter, down=True, group=True)
    return sender.seal(Beacon(START, 128, BeaconFlags.JOIN_OPEN, 5, 4, 3))


def conversation() -> list[OnAir]:
    """Join, beacon, start, status and meter, the end of the charge, settlement; then somebody replays a STATUS."""
    radio = Radio()
    radio.say(True, beacon())
    radio.send(True, Poll(Answer.SHORT))
    radio.send(False, StatusShort(QUIET, OutletState.PLUGGED, OutletState.IDLE, 24))
    start = Start(SESSION, 480, 1_500_000, 400_000, StartFlags.STOP_WHEN_FULL, 30_000, 10)
    radio.now = START + 12.0
    radio.send(True, Command(0x0102, expiry_after(START + 12, 30), Place.A, start))
    radio.send(False, CommandResult(0x0102, Result.OK, Place.A, OutletState.CHARGING, SESSION))
    radio.now += 60
    radio.send(True, Poll(Answer.STATUS))
    charging = OutletStatus(0, OutletState.CHARGING, 187_400, 3_000, 60)
    status = radio.send(False, Status(QUIET, 221_400, 31, 500, 87, charging, IDLE))
    assert status.sound
    replayed = radio.heard[-1].frame
    radio.send(True, Poll(Answer.METER_A))
    radio.send(False, Meter(Place.A, 221_400, 852, 187_400, 99, 41, 3_100))
    radio.now = START + 12.0 + CHARGE
    radio.acknowledge(radio.send(False, SETTLEMENT))
    radio.now += 600
    radio.acknowledge(radio.send(False, Event(9, EventCode.UNPLUGGED, Place.A, Severity.INFO, 0, 1)))
    radio.say(False, replayed)
    return radio.heard


def socket_radio() -> str:
    """The conversation as a log of packets in hexadecimal."""
    return "# one socket, join to settlement; keys in socket-keys.toml\n" + "".join(map(_line, conversation()))


def _line(packet: OnAir) -> str:
    time = datetime.fromtimestamp(packet.time, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"{time}  {'down' if packet.down else 'up'}: {packet.frame.hex()}\n"


def socket_keys() -> str:
    """The key file that opens it."""
    return f'''\
# Demo keys for socket.log: published, so they protect nothing. Never give them to a device.
master = "{MASTER.hex()}"

[[site]]
net = 0x{NET:04X}
group_key = "{GROUP_KEY.hex()}"

[[socket]]
eui = "{EUI.hex()}"
'''
