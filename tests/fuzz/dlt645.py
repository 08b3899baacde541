"""DL/T 645: frames, what they mean, frames out of streams, and a master and a meter on a hostile line."""

import msgspec
from tests.fuzz.script import Script, chunked
from tests.fuzz.seeds import meter_bytes

from chargelink.dlt645 import Defect, ErrorWord, Frame, Frame698, Noise, Received, Scanner, explain, readings
from chargelink.dlt645.bodies import (
    Address,
    BaudFeature,
    BroadcastTime,
    Credentials,
    Freeze,
    Password,
    Relay,
    Security,
    SetPassword,
    Write,
    Write1997,
)
from chargelink.dlt645.frame import LONGEST_DATA, SENDABLE_ADDRESS, defect
from chargelink.dlt645.frame import read as read_frame
from chargelink.dlt645.master import Master, MasterEvent, Refused, Reply, Sent, TimedOut
from chargelink.dlt645.meter import Commanded, Meter
from chargelink.dlt645.profiles import PROFILES
from chargelink.dlt645.request import (
    Request,
    broadcast_time,
    clear_demand_1997,
    clear_events,
    freeze,
    read,
    read_address,
    read_again,
    relay,
    security,
    set_password,
    terminal_signal,
    write,
    write_address,
)
from chargelink.dlt645.scanner import DLT645, DLT698, ScanEvent
from chargelink.wire import DecodeError, EncodeError

BODIES = (
    Address,
    BaudFeature,
    BroadcastTime,
    Credentials,
    Freeze,
    Password,
    Relay,
    Security,
    SetPassword,
    Write,
    Write1997,
)
CATALOGUES = tuple(profile.catalogue for profile in PROFILES.values())
METER = "000000000161"
REQUESTS: tuple[Request, ...] = (
    read(METER, "00010000"),
    read(METER, "0201FF00"),
    read(METER, "9010"),
    read(METER, "04000101"),
    read_address(),
    write(METER, "04000101", bytes(4), Credentials()),
    freeze(),
    freeze(address=METER),
    broadcast_time("2022-03-17 14:07:47"),
    relay(METER, Relay(Credentials(), 0x1A, "2099-12-31 23:59:59")),
    set_password(METER, Password("02", "000000"), Password("04", "123456")),
    clear_events(METER, Credentials()),
    terminal_signal(0x00, METER),
    security(METER, "078102FF", b""),
    write_address("000000000162", METER),
    read_again(METER, "9010"),
    clear_demand_1997(METER),
)
REGISTERS = {
    "00010000": bytes(4),
    "02010100": b"\x00\x22",
    "9010": b"\x11\x22\x33\x44",
    "04000101": bytes(range(255)) * 3,
}
GOOD = Frame(METER, 0x91, bytes.fromhex("00000100 26000000"))


def frame(data: bytes) -> None:
    """One frame of either protocol, or DecodeError; what is read is written again byte for byte."""
    try:
        found = Frame.decode(data)
    except DecodeError:
        reason = defect(data)
        assert reason.english
        assert reason.chinese
    else:
        if len(found.data) <= LONGEST_DATA and SENDABLE_ADDRESS.fullmatch(found.address):
            assert found.encode(0) == data.lstrip(b"\xfe")
    try:
        found698 = Frame698.decode(data)
    except DecodeError:
        return
    assert len(found698.address) in range(2, 33, 2)


def meaning(data: bytes) -> None:
    """Any control code with any data is explained, in words and as JSON; sound values are written to read the same."""
    script = Script(data)
    catalogue = script.choose(CATALOGUES)
    control = script.number()
    content = script.rest()
    message = explain(Frame(METER, control, content), catalogue)
    msgspec.json.encode(message.values)
    for words in (message.words, *message.flaws):
        assert words.english
        assert words.chinese
    if message.identifier is not None:
        found = readings(message.identifier, content[len(message.identifier) // 2 :], catalogue)
        assert sum(len(reading.raw) for reading in found.readings) + len(found.extra) <= len(content)
        msgspec.json.encode(found.presented)
        for value, form in ((reading.value, reading.item.form) for reading in found.readings):
            assert value is None or form.decode(form.encode(value)) == value
    for kind in BODIES:
        try:
            body = kind.decode(content)
            raw = body.encode()
        except DecodeError:
            continue
        except EncodeError:
            assert kind in (Address, BaudFeature)  # shown though no meter has such an address or rate
            continue
        assert kind.decode(raw) == body


def meaning_seeds() -> list[bytes]:
    frames = [read_frame(raw.lstrip(b"\xfe")) for raw in meter_bytes()]
    return [bytes((0, frame.control)) + frame.data for frame in frames if frame is not None]


def _told(events: list[ScanEvent]) -> tuple[bytes, list[Frame | Frame698], bytes]:
    """All bytes of the events, the frames among them, and the bytes that belong to none."""
    frames = [event.frame for event in events if isinstance(event, Received)]
    noise = b"".join(event.raw for event in events if isinstance(event, Noise | Defect))
    return b"".join(event.raw for event in events), frames, noise


def _without_preambles(raw: bytes) -> bytes:
    return raw.replace(b"\xfe", b"")


def scanner(data: bytes) -> None:
    """However a stream is cut the same comes out of it, no byte is lost, and no frame behind noise and silence."""
    script = Script(data)
    framings = script.choose(((DLT645,), (DLT645, DLT698), (DLT698, DLT645)))
    step = script.choose((0.0, 0.01, 0.4))
    pieces = []
    while not script.ended:
        pieces.append(script.chunk() or b"\x00")
    stream = b"".join(pieces) + GOOD.encode(script.number() % 5)
    whole, cut = Scanner(framings), Scanner(framings)
    at_once = whole.receive(stream, 0.0) + whole.flush()
    now = 0.0
    in_pieces = []
    for piece in (*pieces, stream[sum(map(len, pieces)) :]):
        in_pieces += cut.receive(piece, now)
        now += step
    in_pieces += cut.flush()
    raw, frames, noise = _told(at_once)
    assert (frames, noise) == _told(in_pieces)[1:]
    assert whole.noise_bytes <= len(stream)
    assert _without_preambles(raw) == _without_preambles(stream)
    quiet = Scanner(framings)
    quiet.receive(b"".join(pieces), 0.0)
    events = quiet.receive(stream[sum(map(len, pieces)) :], 0.5)
    assert [event.frame for event in events if isinstance(event, Received)][-1:] == [GOOD]
    assert quiet.deadline is None


def scanner_seeds() -> list[bytes]:
    raws = meter_bytes()
    return [b"\x01\x00" + chunked(raw) for raw in raws] + [
        b"\x01\x01" + b"".join(map(chunked, raws[at : at + 6])) for at in range(0, len(raws), 6)
    ]


class Exchanges:
    """A master whose every request must end exactly once."""

    def __init__(self) -> None:
        self.master = Master()
        self.begun = self.ended = 0

    def begin(self, request: Request, now: float) -> None:
        if not self.master.busy:
            self.master.request(request, now)
            self.begun += 1

    def note(self, events: list[MasterEvent]) -> None:
        self.ended += sum(isinstance(event, Reply | Refused | Sent | TimedOut) for event in events)
        assert self.ended == self.begun - self.master.busy

    def tick(self, now: float) -> None:
        self.note(self.master.tick(now))
        assert self.master.deadline is None or self.master.deadline > now


def link(data: bytes) -> None:
    """A master asks, a meter answers, and the line between them loses, garbles and invents."""
    script = Script(data)
    exchanges = Exchanges()
    master = exchanges.master
    meter = Meter(METER, REGISTERS, part=script.number() % 195 + 1)
    to_meter, to_master = b"", b""
    now = 0.0
    while not script.ended:
        match script.number() % 7:
            case 0:
                exchanges.begin(script.choose(REQUESTS), now)
            case 1:
                now += script.step()
            case 2:
                size = script.number() or len(to_meter)
                for event in meter.receive(to_meter[:size], now):
                    if isinstance(event, Commanded):
                        _obey(meter, event, script, now)
                to_meter = to_meter[size:]
            case 3:
                size = script.number() or len(to_master)
                exchanges.note(master.receive(to_master[:size], now))
                to_master = to_master[size:]
            case 4:
                exchanges.note(master.receive(script.chunk(), now))
            case 5:
                invented = Frame(script.choose((METER, "000000000099")), script.number(), script.chunk()[:LONGEST_DATA])
                exchanges.note(master.receive(invented.encode(), now))
            case _:
                meter.receive(script.chunk(), now)
        exchanges.tick(now)
        meter.tick(now)
        assert meter.deadline is None or meter.deadline > now
        to_meter += master.data_to_send()
        to_master += meter.data_to_send()
    _come_to_rest(exchanges, now)


def _obey(meter: Meter, event: Commanded, script: Script, now: float) -> None:
    if script.number() & 1:
        meter.answer(event.frame, script.chunk()[:LONGEST_DATA], now, more_follows=bool(script.number() & 1))
    else:
        meter.refuse(event.frame, script.choose(tuple(ErrorWord)), now)


def _come_to_rest(exchanges: Exchanges, now: float) -> None:
    """A master that hears nothing more ends its exchange; nothing waits for ever."""
    for _ in range(1000):
        deadline = exchanges.master.deadline
        if deadline is None:
            assert not exchanges.master.busy
            return
        now = max(now, deadline)
        exchanges.tick(now)
    raise AssertionError("it still waits")


def link_seeds() -> list[bytes]:
    answered = b"\x02\x00\x01\x04\x03\x00\x01\x04"
    stories = [bytes((0, request)) + answered * 6 + b"\x01\x09" * 4 for request in range(len(REQUESTS))]
    invented = [b"\x00\x00\x05\x00\x91" + chunked(GOOD.data) + b"\x01\x09", b"\x00\x00\x04" + chunked(GOOD.encode())]
    return [b"\x10" + story for story in (*stories, *invented)]
