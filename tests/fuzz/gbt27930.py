"""GB/T 27930: every message, everything a listener hears, and both ends of a transport with hostile frames between."""

import msgspec
from tests.fuzz.script import Script, chunked
from tests.fuzz.seeds import can_frames, rows

from chargelink.gbt27930.catalogue import BY_NAME, MESSAGES, Edition, by_class
from chargelink.gbt27930.contradictions import Session
from chargelink.gbt27930.identifier import BMS, CHARGER, Identifier
from chargelink.gbt27930.listener import Heard, Listener
from chargelink.gbt27930.plausibility import implausible
from chargelink.gbt27930.transport import AbortReason, Endpoint, Frame, Observer, Received
from chargelink.gbt27930.transport.frames import CONNECTION, LARGEST, SMALLEST, TP_CM, TP_DT, Control, DataPacket
from chargelink.wire import DecodeError, Message
from chargelink.wire.layout import layout
from chargelink.wire.show import shown

CLASSES: tuple[type[Message], ...] = (*by_class(), *CONNECTION.values(), DataPacket)
EDITIONS = (None, *Edition)
KNOWN = tuple(entry.identifier for entry in MESSAGES) + tuple(
    Identifier(7, pdu_format << 8, destination, source).encode()
    for pdu_format in (TP_CM, TP_DT)
    for destination, source in ((BMS, CHARGER), (CHARGER, BMS), (0xFF, BMS), (0x10, 0x11))
)
OTHER = 0xFF  # in place of an index into KNOWN: an identifier follows


def messages(data: bytes) -> None:
    """A message decodes, or too few bytes raise; what was decoded can be shown, and sent to say the same again."""
    script = Script(data)
    cls = script.choose(CLASSES)
    raw = script.rest()
    try:
        message = cls.decode(raw)
    except DecodeError:
        assert len(raw) < layout(cls).shortest
        return
    again = cls.decode(message.encode(checked=False))
    assert msgspec.structs.replace(again, flaws=()) == msgspec.structs.replace(message, flaws=())
    if not message.flaws:
        assert not again.flaws
        assert cls.decode(message.encode()) == message
    msgspec.json.encode(shown(message))
    implausible(message)


def message_seeds() -> list[bytes]:
    seeds = []
    for row in rows("gbt27930"):
        entry = BY_NAME.get(row["message"])
        cls = entry.layout(Edition(row["edition"])) if entry else CONNECTION[int(row["payload"][:2], 16)]
        seeds.append(bytes((CLASSES.index(cls),)) + bytes.fromhex(row["payload"]))
    return seeds


def read_frame(script: Script) -> tuple[int, bytes]:
    """A frame: of GB/T 27930, or any."""
    known = script.number()
    identifier = script.number(4) & 0x1FFF_FFFF if known == OTHER else KNOWN[known % len(KNOWN)]
    return identifier, script.take(script.number() % 9)


def framed(identifier: int, data: bytes) -> bytes:
    """What `read_frame` reads as this frame."""
    if identifier in KNOWN:
        return bytes((KNOWN.index(identifier),)) + chunked(data)
    return bytes((OTHER,)) + identifier.to_bytes(4, "big") + chunked(data)


def listener(data: bytes) -> None:
    """Whatever frames a bus carries, in whatever order, are heard; nothing raises and nothing is said twice."""
    script = Script(data)
    listening, session = Listener(script.choose(EDITIONS)), Session()
    time = 0.0
    while not script.ended:
        time += script.step()
        identifier, payload = read_frame(script)
        heard = listening.hear(identifier, payload, time)
        assert heard or identifier >> 16 & 0x3FF in (TP_CM, TP_DT)
        for hearing in heard:
            if isinstance(hearing, Heard):
                assert not (hearing.conforming and hearing.message.flaws)
                assert isinstance(hearing.message, hearing.entry.layout(hearing.edition))
                assert all(found.text and found.chinese for found in session.judge(hearing.message))
                session.take(hearing.message, time)
    listening.close()
    assert not listening.close()


def listener_seeds() -> list[bytes]:
    stories = [b"".join(b"\x01" + framed(*frame) for frame in can_frames(row)) for row in rows("gbt27930")]
    whole = [b"".join(stories[at : at + 20]) for at in range(0, len(stories), 20)]
    return [b"\x00" + story for story in (*stories, *whole)]


class Side:
    """One end of a pair, and what it may do: what the other end announced and allowed so far."""

    def __init__(self, own: int, peer: int, script: Script) -> None:
        self.own, self.peer = own, peer
        self.window = script.number() % 255 + 1
        spacing = script.choose((0.0, 0.010, 0.200))
        self.most = script.choose((1, 2, 7, 255))
        self.endpoint = Endpoint(own, peer, window=self.window, spacing=spacing, max_packets=self.most)
        self.announced: dict[int, bytes] = {}  # the last RTS by PGN
        self.allowed = 0  # packets, by all CTS so far
        self.to_peer: list[Frame] = []

    def receive(self, frame: Frame, now: float) -> None:
        """Take a frame; a transfer that it completes must have been announced."""
        if frame.identifier & 0x03FF_FFFF == Identifier(0, TP_CM << 8, self.own, self.peer).encode():
            if frame.data[:1] == bytes((Control.RTS,)) and len(frame.data) == 8:
                self.announced[int.from_bytes(frame.data[5:8], "little")] = frame.data
            if frame.data[:1] == bytes((Control.CTS,)) and len(frame.data) == 8:
                self.allowed += min(frame.data[1], self.most)
        for event in self.endpoint.receive(frame.identifier, frame.data, now):
            if isinstance(event, Received):
                assert len(event.payload) == int.from_bytes(self.announced[event.pgn][1:3], "little")
                assert SMALLEST <= len(event.payload) <= LARGEST

    def sent(self) -> list[Frame]:
        """What goes out, checked: CTS within what RTS offered, TP.DT within what CTS allowed."""
        frames = self.endpoint.data_to_send()
        for identifier, data in frames:
            assert len(data) == 8
            assert identifier & 0xFFFF == self.peer << 8 | self.own
            if identifier >> 16 & 0xFF == TP_DT:
                self.allowed -= 1
                assert self.allowed >= 0
            elif data[0] == Control.CTS:
                rts = self.announced[int.from_bytes(data[5:8], "little")]
                assert 1 <= data[1] <= min(rts[4] or 1, self.window)
                assert 1 <= data[2] <= data[2] + data[1] - 1 <= rts[3]
        self.to_peer += frames
        return frames

    def tick(self, now: float) -> None:
        """After a tick nothing is due that was due before."""
        self.endpoint.tick(now)
        assert self.endpoint.deadline is None or self.endpoint.deadline > now


def transport(data: bytes) -> None:
    """Charger and BMS send to each other over a bus that loses, repeats and forges frames; an observer watches."""
    script = Script(data)
    charger, bms = Side(CHARGER, BMS, script), Side(BMS, CHARGER, script)
    watching = Observer()
    now = 0.0
    while not script.ended:
        act = script.number()
        side, other = (charger, bms) if act & 0x80 else (bms, charger)
        match act % 6:
            case 0:
                frame = Frame(*read_frame(script))
                watching.receive(frame.identifier, frame.data, now)
                side.receive(frame, now)
            case 1:
                now += script.step()
            case 2:
                side.endpoint.send(script.number() % 8 << 8, bytes(SMALLEST + script.number(2) % (LARGEST - 8)), now)
            case 3:
                for frame in side.to_peer[:1]:
                    other.receive(frame, now)
                del side.to_peer[: script.number() & 1]  # 0: it will come again
            case 4:
                del side.to_peer[: script.number()]
            case 5 if script.number() & 1:
                side.endpoint.abort()
            case _:
                side.endpoint.receiver.abort(AbortReason.BUSY)
        for one in (charger, bms):
            one.tick(now)
            for frame in one.sent():
                watching.receive(frame.identifier, frame.data, now)
    watching.close()
    _come_to_rest(charger, now)
    _come_to_rest(bms, now)


def _come_to_rest(side: Side, now: float) -> None:
    """An end that hears nothing more gives up; nothing waits for ever."""
    for _ in range(5000):
        deadline = side.endpoint.deadline
        if deadline is None:
            return
        now = max(now, deadline)
        side.tick(now)
        side.sent()
    raise AssertionError("it still waits")


def transport_seeds() -> list[bytes]:
    options = bytes((254, 1, 3)) * 2
    transfers = [can_frames(row) for row in rows("gbt27930") if len(row["raw"]) > 1]
    heard = [b"".join(b"\x80" + framed(*frame) for frame in frames) for frames in transfers]
    exchange = b"\x02\x02\x00\x00\x28" + b"\x03\x01\x81\x00" * 4 + b"\x01\x02\x03\x01" * 12
    return [options + story for story in (*heard, exchange)]
