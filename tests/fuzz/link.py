"""The link between edge and hub: any message of the other end, in either notation."""

import zlib

import msgspec
from tests.fuzz.script import Script, chunked
from tests.link.curves import CAR_SESSION as SESSION
from tests.link.curves import car

from chargelink.link.chain import record_hash
from chargelink.link.frames import Call, CallError, CallResult, Code, Codec, Frame
from chargelink.link.messages import (
    ACTIONS,
    BootNotification,
    Device,
    Heartbeat,
    HeartbeatResponse,
    Record,
    Records,
    TriggerMessage,
)
from chargelink.link.peer import CallFailed, CallReceived, Event, Peer, ResultReceived
from chargelink.link.telemetry import _columns, pack, unpack
from chargelink.wire import DecodeError, EncodeError

CODECS = tuple(Codec)
DEVICE = Device(id="gun-1", kind="gun", state="idle", at=1_700_000_000_000, detail={"locked": False})
RECORD = Record(seq=1, kind="alarm", at=5, body=b"\x80", hash=record_hash(b"\x80"))
BOOT = BootNotification(edge_id="e1", epoch="a", software="0.1", devices=(DEVICE,))
RECORDS = Records(epoch="a", first=1, records=(RECORD,))
TRIGGER = TriggerMessage(requested_message="Heartbeat")


def messages(data: bytes) -> None:
    """Both ends take whatever comes; every call of theirs ends once; what was understood is said again the same."""
    script = Script(data)
    codec = script.choose(CODECS)
    ends = Peer("edge", codec), Peer("hub", codec)
    now = 0.0
    while not script.ended:
        peer = script.choose(ends)
        begun = peer.waiting
        match script.number() % 5:
            case 0:
                now += script.step()
                events = peer.tick(now)
                assert peer.deadline is None or peer.deadline > now
            case 1:
                peer.call(Heartbeat() if peer.role == "edge" else TRIGGER, now)
                events = []
                begun += 1
            case 2:
                content = msgspec.Raw(script.chunk())
                action = script.choose((*ACTIONS, "Nonsense"))
                events = peer.receive(codec.pack(Call(script.choose(("1", "2")), action, content)), now)
            case 3:
                events = _heard(peer, zlib.compress(script.chunk(), 1), now)
            case _:
                events = _heard(peer, script.chunk(), now)
        ended = [event for event in events if isinstance(event, ResultReceived | CallFailed)]
        assert peer.waiting == begun - len(ended)
        for event in events:
            if isinstance(event, CallReceived):
                request = ACTIONS[event.action].request
                said = codec.pack(event.payload)
                assert codec.pack(codec.unpack(said, request)) == said
                _answer(peer, event, script)
        peer.data_to_send()
    for peer in ends:
        peer.close()
        assert not peer.waiting


def _heard(peer: Peer, message: bytes, now: float) -> list[Event]:
    """A message is answered at most once, and an answer never."""
    before = peer.outgoing
    events = peer.receive(message, now)
    try:
        frame = peer.codec.decode(peer.codec.plain(message))
    except DecodeError:
        assert peer.outgoing <= before + 1
    else:
        assert peer.outgoing <= before + isinstance(frame, Call)
    return events


def _answer(peer: Peer, event: CallReceived, script: Script) -> None:
    turn = script.number() % 4
    if turn == 0:
        return  # it waits, and may come again
    if turn & 1:
        peer.refuse(event.id, Code.INTERNAL_ERROR, script.take(3).decode("iso-8859-1"))
        return
    try:
        peer.answer(event.id, HeartbeatResponse(current_time=0))
    except EncodeError:
        assert event.action != "Heartbeat"


def message_seeds() -> list[bytes]:
    seeds = []
    for at, codec in enumerate(CODECS):
        frames: list[Frame] = [CallResult("1", codec.raw(HeartbeatResponse(current_time=0)))]
        frames += [Call("1", type(shape).__name__, codec.raw(shape)) for shape in (BOOT, RECORDS, Heartbeat())]
        frames.append(CallError("1", "X", "no", codec.raw({"a": 1})))
        texts = [codec.pack(frame) for frame in frames]
        seeds += [bytes((at, 0, 1, turn, how)) + chunked(text) for text in texts for turn in (0, 1) for how in (3, 4)]
        seeds += [bytes((at, turn, 4)) + chunked(zlib.compress(text, 1)) for text in texts for turn in (0, 1)]
        payloads = [codec.pack(shape) for shape in (BOOT, RECORDS, TRIGGER)]
        seeds += [bytes((at, 1, 2)) + chunked(payload) + b"\x00\x00" for payload in payloads]
    return seeds


def blocks(data: bytes) -> None:
    """The body of a telemetry block: samples that come back when they are written again, or a DecodeError."""
    try:
        samples = unpack(data, "gun-1", SESSION)
    except DecodeError:
        return
    assert unpack(pack(samples), "gun-1", SESSION) == samples


def block_seeds() -> list[bytes]:
    charge = [*car(300)]
    shapes = (charge[:1], charge[:20], charge, [msgspec.structs.replace(one, soc=None) for one in charge[:9]])
    return [pack(samples) for samples in shapes] + [b"\x01\x00" + _columns(charge[:30])]
