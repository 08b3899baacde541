"""LS1: bodies, frames under the right key and under none, joins, and a whole session with a hostile radio between.

A fuzzer cannot guess a tag. So what it writes is sealed for it: bodies, control bits and counters that a peer with the
key but without sense could send.
"""

from typing import Any

import msgspec
from tests.fuzz.script import Script, chunked
from tests.lora_socket.worked import ADDRESS, BODIES, DEVICE_KEY, EUI, KEYS, NET, session

from chargelink.lora_socket.channel import Receiver, RefusedError
from chargelink.lora_socket.counters import MOST_MISSED
from chargelink.lora_socket.frame import EVERYONE, JOINING, LONGEST, Control, Header, seal
from chargelink.lora_socket.join import JoiningEdge, JoiningSocket, Member, claimed_identity, open_request
from chargelink.lora_socket.keys import GroupKey, join_key
from chargelink.lora_socket.kinds import RULES, Kind, Rule, Seal
from chargelink.lora_socket.listener import Listener
from chargelink.lora_socket.messages import JoinAccept
from chargelink.lora_socket.session import Received, Role, Session
from chargelink.wire import DecodeError, EncodeError

GROUP = GroupKey(bytes(range(16, 32)), 5)
MOST_BODY = LONGEST - 9 - 8 - 2  # bytes beside header, long tag and the counter acknowledged


def bodies(data: bytes) -> None:
    """The body of any type decodes, or raises DecodeError; what was decoded is sent to say the same again."""
    script = Script(data)
    rule = script.choose(RULES)
    try:
        body = rule.body.decode(script.rest())
    except DecodeError:
        return
    again = rule.body.decode(body.encode(checked=False))
    assert _without_flaws(again) == _without_flaws(body)
    if not body.flaws:
        assert rule.body.decode(body.encode()) == body


def _without_flaws(body: Any) -> Any:
    if hasattr(body, "operation"):
        body = msgspec.structs.replace(body, operation=_without_flaws(body.operation))
    return msgspec.structs.replace(body, flaws=())


def body_seeds() -> list[bytes]:
    return [bytes((number,)) + BODIES[rule.kind].encode() for number, rule in enumerate(RULES)]


def sealed(script: Script, last: int) -> bytes:
    """A frame with a right tag: any type and body, sensible control bits or any, the next counter or another."""
    rule = script.choose(RULES)
    control = _usual(rule) if script.number() & 1 else Control(script.number() & 0x3F)
    counter = last + script.choose((1, 2, MOST_MISSED, MOST_MISSED + 1, 0x10000, 0))
    body = script.chunk()[:MOST_BODY]
    if rule.seal is Seal.JOIN:
        nonce = int.from_bytes(body[8:11] if rule.kind is Kind.JOIN_REQ else body[:3], "little")
        counter = nonce if rule.kind is Kind.JOIN_REQ else 8
        header = Header(control, NET, JOINING, counter & 0xFFFF, rule.kind)
        clear = min(rule.clear, len(body))
        join_nonce = nonce if rule.kind is Kind.JOIN_ACC else 0
        return seal(join_key(DEVICE_KEY, EUI), header, counter, join_nonce, body, clear)
    group = Control.GROUP in control
    header = Header(control, NET, EVERYONE if group else ADDRESS, max(counter, 0) & 0xFFFF, rule.kind)
    key = GROUP.key if group else KEYS.down if header.down else KEYS.up
    return seal(key, header, max(counter, 0), 0 if group else KEYS.join_nonce, body)


def _usual(rule: Rule) -> Control:
    control = Control.DOWN if rule.down else Control(0)
    control |= Control.LONG_TAG if rule.tag_length(False) == 8 else Control(0)
    return control | (Control.GROUP if rule.seal is Seal.GROUP else Control(0))


def usually_sealed(number: int, body: bytes) -> bytes:
    """What `sealed` reads as a body of the type at `number` of RULES, under its usual control bits."""
    return bytes((number, 1, 0)) + chunked(body)


def frames(data: bytes) -> None:
    """Any bytes are an LS1 frame or raise; under a right tag, any body is opened, or refused with a reason."""
    try:
        header = Header.decode(data)
    except DecodeError:
        pass
    else:
        assert header.encode() == data[:9]
    script = Script(data)
    listener = Listener()
    listener.add_session(NET, ADDRESS, KEYS)
    listener.add_group(NET, GROUP.key)
    receivers = [
        Receiver(key, NET, frozenset(addresses), nonce, down=down, group=group)
        for key, addresses, nonce, down, group in (
            (KEYS.down, (ADDRESS,), KEYS.join_nonce, True, False),
            (KEYS.up, (ADDRESS,), KEYS.join_nonce, False, False),
            (GROUP.key, (EVERYONE,), 0, True, True),
        )
    ]
    while not script.ended:
        receiver = script.choose(receivers)
        frame = sealed(script, receiver.last) if script.number() & 1 else script.chunk()
        before = receiver.last
        try:
            opened = receiver.open(frame)
        except RefusedError:
            assert before <= receiver.last <= before + MOST_MISSED
        else:
            assert before < receiver.last == opened.counter <= before + MOST_MISSED
            _refuse_again(receiver, frame)
        try:
            listener.hear(frame)
        except DecodeError:
            continue


def _refuse_again(receiver: Receiver, frame: bytes) -> None:
    try:
        receiver.open(frame)
    except RefusedError:
        return
    raise AssertionError("a frame was opened twice")


def frame_seeds() -> list[bytes]:
    kinds = [usually_sealed(number, BODIES[rule.kind].encode()) for number, rule in enumerate(RULES)]
    turns = [bytes((0 if rule.down else 1, 1)) for rule in RULES]
    both = list(map(bytes.__add__, turns, kinds))
    worked = bytes.fromhex("e060512a1100711140c04f33879a")
    return [*both, b"".join(both), worked, b"\x00\x00" + chunked(worked)]


def joins(data: bytes) -> None:
    """Any request is answered once or refused; any answer is taken or refused; both sides then have the same keys."""
    script = Script(data)
    edge = JoiningEdge(NET, {EUI: Member(DEVICE_KEY)}, 0)
    socket = JoiningSocket(DEVICE_KEY, EUI, script.choose((0, NET, 0x1234)), 6)
    accept = JoinAccept(1, ADDRESS, 1_795_000_000, 470_300_000, 471_500_000, 472_700_000, 1, 8, 17, 5, 3, 4)
    while not script.ended:
        act = script.number() % 3
        asked = socket.request(1, 0x0104, 0x0F, 0) if act == 0 else sealed(script, 0) if act == 1 else script.chunk()
        for opening in (claimed_identity, lambda frame: open_request(DEVICE_KEY, frame), socket.receive):
            try:
                opening(asked)
            except DecodeError:
                continue
        try:
            request = edge.receive(asked)
        except DecodeError:
            continue
        answer, joined = edge.accept(request, accept)
        try:
            assert socket.receive(answer).keys == joined.keys
        except DecodeError:
            assert request.dev_nonce != socket.dev_nonce or socket.net not in (0, NET)


def join_seeds() -> list[bytes]:
    request = b"\x01" + usually_sealed(0, BODIES[Kind.JOIN_REQ].encode())
    return [b"\x00\x00\x00", b"\x00" + request, b"\x01\x00\x01" + usually_sealed(1, BODIES[Kind.JOIN_ACC].encode())]


def sessions(data: bytes) -> None:
    """Edge and socket over a radio that loses, repeats and forges; what waits is repeated or given up, in time."""
    script = Script(data)
    edge, socket = session(Role.EDGE), session(Role.SOCKET)
    socket.follow_group(GROUP, 0)
    air: list[tuple[Session, bytes]] = []
    now = 0.0
    while not script.ended:
        match script.number() % 6:
            case 0:
                now += script.step()
            case 1:
                sender, receiver = (edge, socket) if script.number() & 1 else (socket, edge)
                body = BODIES[script.choose(RULES).kind]
                try:
                    sender.send(body, now, more=bool(script.number() & 1))
                except EncodeError:
                    assert receiver  # the body does not travel this way
            case 2:
                for receiver, frame in air[:1]:
                    _hear(receiver, frame, script, now)
                del air[: script.number() & 1]  # 0: it will come again
            case 3:
                del air[: script.number()]
            case 4:
                receiver = script.choose((edge, socket))
                _hear(receiver, sealed(script, receiver.heard), script, now)
            case _:
                _hear(script.choose((edge, socket)), script.chunk(), script, now)
        for one, other in ((edge, socket), (socket, edge)):
            one.tick(now)
            assert one.deadline is None or one.deadline > now
            air += [(other, frame) for frame in one.data_to_send()]
        del air[:-64]


def _hear(receiver: Session, frame: bytes, script: Script, now: float) -> None:
    for event in receiver.receive(frame, now):
        if isinstance(event, Received) and receiver.role is Role.EDGE and script.number() & 1:
            try:
                receiver.acknowledge(event, now)
            except EncodeError:
                assert event.opened.kind not in (Kind.EVENT, Kind.SETTLE)


def session_seeds() -> list[bytes]:
    sent = [bytes((1, rule.down, number, 0)) + b"\x02\x01\x01" + b"\x00\x05" for number, rule in enumerate(RULES)]
    forged = [
        bytes((4, rule.down)) + usually_sealed(number, BODIES[rule.kind].encode()) for number, rule in enumerate(RULES)
    ]
    return [*sent, b"".join(sent), b"".join(forged), *forged]
