"""Stories between a socket and its edge, with a clock that the test holds."""

import msgspec
import pytest
from tests.lora_socket import peer
from tests.lora_socket.worked import ADDRESS, BODIES, COMMAND, EVENT, KEYS, NET, SETTLE, STATUS, session

from chargelink.lora_socket.channel import Reason, Sender
from chargelink.lora_socket.codes import Result
from chargelink.lora_socket.counters import ROTATE_AT, SendCounter, floor_of
from chargelink.lora_socket.keys import GroupKey
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import Acknowledgement, Beacon, CommandResult, SettlementReceipt
from chargelink.lora_socket.session import Answered, Received, Refused, Role, Session, SessionEvent, Unanswered
from chargelink.wire import EncodeError

EDGE, SOCKET = Role.EDGE, Role.SOCKET


def carry(sender: Session, receiver: Session, now: float = 0.0) -> list[SessionEvent]:
    return [event for frame in sender.data_to_send() for event in receiver.receive(frame, now)]


def test_a_poll_and_its_answer() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    edge.send(BODIES[Kind.POLL], now=0.0)
    (polled,) = carry(edge, socket)
    assert isinstance(polled, Received)
    assert polled.body == BODIES[Kind.POLL]
    socket.send(STATUS, now=0.1)
    (answer,) = carry(socket, edge)
    assert isinstance(answer, Received)
    assert answer.body == STATUS
    assert edge.deadline is None


def test_an_event_is_repeated_until_it_is_acknowledged() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    socket.send(EVENT, now=10.0)
    lost = [socket.data_to_send()]
    for moment in (10.3, 11.3, 14.3, 44.3, 74.3):
        assert socket.deadline == pytest.approx(moment)
        assert socket.tick(moment - 0.01) == []
        assert socket.data_to_send() == []
        assert socket.tick(socket.deadline or 0.0) == []
        lost.append(socket.data_to_send())
    assert [len(frames) for frames in lost] == [1] * 6
    assert len({frames[0] for frames in lost}) == 6  # a new counter each time
    (received,) = edge.receive(lost[2][0], now=75.0)  # the third arrives, late; ours to store, then to acknowledge
    assert isinstance(received, Received)
    edge.acknowledge(received, now=75.0)
    assert carry(edge, socket)[1:] == [Answered(EVENT)]
    assert socket.deadline is None


def test_a_poll_may_acknowledge_an_event_in_passing() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    socket.send(EVENT, now=0.0)
    (received,) = carry(socket, edge)
    assert isinstance(received, Received)
    edge.send(BODIES[Kind.POLL], now=0.0, acknowledge=received.opened.counter)
    assert carry(edge, socket)[1:] == [Answered(EVENT)]


def test_a_settlement_that_makes_no_sense_is_acknowledged_too() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    odd = msgspec.structs.replace(SETTLE, place=247, peak_power=6_000_000)
    counter = SendCounter()
    counter.reserve(1)
    frame = Sender(KEYS.up, NET, ADDRESS, KEYS.join_nonce, counter, down=False).seal(odd, checked=False)
    (received,) = edge.receive(frame, now=0.0)
    assert isinstance(received, Received)
    assert not received.sound
    edge.acknowledge(received, now=0.0)
    (heard,) = carry(edge, socket)
    assert isinstance(heard, Received)
    assert heard.body.receipts[0].place == 247
    assert heard.body.receipts[0].digest == SettlementReceipt.of(odd).digest


def test_a_settlement_is_kept_until_its_receipt_comes() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    socket.send(SETTLE, now=0.0)
    (received,) = carry(socket, edge)
    assert isinstance(received, Received)
    count = received.opened.counter
    right = SettlementReceipt.of(SETTLE)
    wrong = [
        Acknowledgement(),
        Acknowledgement((SettlementReceipt(2, right.session, right.digest),)),
        Acknowledgement((SettlementReceipt(1, right.session + 1, right.digest),)),
        Acknowledgement((SettlementReceipt(1, right.session, bytes(8)),)),
        BODIES[Kind.POLL],
    ]
    for body in wrong:
        edge.send(body, now=0.0, acknowledge=count)
        assert not any(isinstance(event, Answered) for event in carry(edge, socket))
    edge.acknowledge(received, now=0.0)
    assert carry(edge, socket)[1:] == [Answered(SETTLE)]


def test_a_command_is_tried_three_times() -> None:
    edge = session(EDGE)
    edge.send(COMMAND, now=0.0)
    frames = edge.data_to_send()
    for moment in (0.4, 0.8):
        assert edge.tick(moment) == []
        frames += edge.data_to_send()
    assert len(set(frames)) == 3
    assert edge.deadline == pytest.approx(1.2)
    assert edge.tick(1.19) == []
    assert edge.tick(1.21) == [Unanswered(COMMAND)]
    assert edge.deadline is None


def test_a_command_is_answered_by_its_id() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    edge.send(COMMAND, now=0.0)
    (asked,) = carry(edge, socket)
    assert isinstance(asked, Received)
    assert asked.body == COMMAND
    socket.send(CommandResult(0x0103, Result.OK, 1, 2, 0), now=0.1)
    assert len(carry(socket, edge)) == 1
    socket.send(BODIES[Kind.CMD_RES], now=0.1, acknowledge=asked.opened.counter)
    assert carry(socket, edge)[1:] == [Answered(COMMAND)]
    assert edge.tick(10.0) == []


ORDERS = (Kind.PARAM_SET, Kind.PARAM_GET, Kind.OTA_SETUP, Kind.OTA_APPLY, Kind.KEY_UPDATE, Kind.CHAN)


@pytest.mark.parametrize("kind", ORDERS, ids=lambda kind: kind.name)
def test_other_orders_are_acknowledged_by_the_next_frame(kind: Kind) -> None:
    edge, socket = session(EDGE), session(SOCKET)
    edge.send(BODIES[kind], now=0.0)
    (ordered,) = carry(edge, socket)
    assert isinstance(ordered, Received)
    socket.send(STATUS, now=0.1)
    assert len(carry(socket, edge)) == 1
    socket.send(STATUS, now=0.2, acknowledge=ordered.opened.counter)
    assert carry(socket, edge)[1:] == [Answered(BODIES[kind])]


def test_group_frames_are_heard_with_the_group_key_only() -> None:
    counter = SendCounter(40_000)
    counter.reserve(40_256)
    sender = Sender(bytes(16), NET, 0xFFFF, 0, counter, down=True, group=True)
    first, second = sender.seal(BODIES[Kind.BEACON]), sender.seal(BODIES[Kind.OTA_DATA])
    socket = session(SOCKET)
    (refused,) = socket.receive(first, now=0.0)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NO_KEY
    socket.follow_group(GroupKey(bytes(16), 5), floor_of(counter.next))
    (heard,) = socket.receive(first, now=0.0)
    assert isinstance(heard, Received)
    assert heard.by_group
    assert isinstance(heard.body, Beacon)
    assert socket.heard == -1  # the group counts by itself
    assert isinstance(socket.receive(second, now=0.0)[0], Received)
    detail = "its counter was used before: counter 40000, last 40001"
    assert socket.receive(first, now=0.0) == [Refused(Reason.REPLAYED, detail, first)]
    with pytest.raises(EncodeError):
        session(EDGE).follow_group(GroupKey(bytes(16), 5), 0)


def test_a_group_frame_to_one_socket_or_of_another_type_is_refused() -> None:
    counter = SendCounter(0)
    counter.reserve(256)
    socket = session(SOCKET)
    socket.follow_group(GroupKey(bytes(16), 5), 0)
    unicast = Sender(bytes(16), NET, ADDRESS, 0, counter, down=True, group=True)
    (refused,) = socket.receive(unicast.seal(BODIES[Kind.BEACON]), now=0.0)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.OTHER_ADDRESS
    with pytest.raises(EncodeError, match="does not travel here"):
        unicast.seal(COMMAND)


def test_a_message_with_a_flaw_is_shown_and_not_sound() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    body = bytearray(COMMAND.encode())
    body[14:16] = (2300).to_bytes(2, "little")  # W: above what any outlet may carry
    frame = peer.seal(KEYS.down, 0x41, NET, ADDRESS, 0, KEYS.join_nonce, bytes(body), down=True, tag=8)
    (received,) = socket.receive(frame, now=0.0)
    assert isinstance(received, Received)
    assert not received.sound
    assert edge.refused == {}


def test_a_group_is_followed_from_its_floor_on() -> None:
    counter = SendCounter(32_768)
    counter.reserve(32_769)
    frame = Sender(bytes(16), NET, 0xFFE0, 0, counter, down=True, group=True).seal(BODIES[Kind.BEACON])
    late = session(SOCKET)
    late.follow_group(GroupKey(bytes(16), 5), 32_768)
    assert isinstance(late.receive(frame, now=0.0)[0], Received)
    later = session(SOCKET)
    later.follow_group(GroupKey(bytes(16), 5), 49_152)
    assert isinstance(later.receive(frame, now=0.0)[0], Refused)


def test_a_group_frame_acknowledges_nothing() -> None:
    """Every socket of a site has its group key and could silence another's events."""
    socket = session(SOCKET)
    socket.follow_group(GroupKey(bytes(16), 5), 0)
    socket.send(EVENT, now=0.0)
    body = b"\0\0" + BODIES[Kind.OTA_DATA].encode()
    forged = peer.seal(bytes(16), Kind.OTA_DATA, NET, 0xFFFF, 1, 0, body, down=True, tag=8, flags=0x0A)
    (refused,) = socket.receive(forged, now=0.1)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.WRONG_KEY
    assert socket.deadline is not None


@pytest.mark.parametrize(
    ("role", "kind"), [(SOCKET, Kind.POLL), (EDGE, Kind.STATUS), (EDGE, Kind.BEACON), (EDGE, Kind.JOIN_ACC)]
)
def test_what_does_not_travel_this_way_is_our_mistake(role: Role, kind: Kind) -> None:
    with pytest.raises(EncodeError, match="does not travel here"):
        session(role).send(BODIES[kind], now=0.0)


def test_only_reports_are_acknowledged() -> None:
    edge, socket = session(EDGE), session(SOCKET)
    socket.send(STATUS, now=0.0)
    (received,) = carry(socket, edge)
    assert isinstance(received, Received)
    with pytest.raises(EncodeError):
        edge.acknowledge(received, now=0.0)


def test_nothing_is_sealed_before_a_counter_is_reserved() -> None:
    fresh = Session(SOCKET, NET, ADDRESS, KEYS, reserved=640)
    with pytest.raises(EncodeError, match="not reserved"):
        fresh.send(STATUS, now=0.0)
    assert fresh.counter.due == 704
    fresh.counter.reserve(704)
    fresh.send(EVENT, now=0.0)
    fresh.counter.next = 704  # as if 63 more had gone out and storage were slow
    assert fresh.tick(1.0) == []
    assert len(fresh.data_to_send()) == 1  # the first; the repetition waits for its turn
    fresh.counter.reserve(768)
    fresh.tick(5.0)
    assert len(fresh.data_to_send()) == 1


def test_a_key_has_an_end() -> None:
    old = session(SOCKET, reserved=ROTATE_AT - 1)
    old.send(STATUS, now=0.0)
    with pytest.raises(EncodeError, match="new join"):
        old.send(STATUS, now=0.0)
    assert old.counter.exhausted


def test_keys_are_not_shown() -> None:
    assert KEYS.up.hex() not in repr(KEYS)
    assert repr(KEYS.up) not in repr(KEYS)
    assert "key=..." in repr(BODIES[Kind.KEY_UPDATE])
    assert repr(bytes(16)) not in repr(GroupKey(bytes(16), 5))
