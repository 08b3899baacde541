"""What is said on a connection, and when: time is an argument."""

import msgpack
import pytest

from chargelink.edge.uplink.backoff import Backoff
from chargelink.edge.uplink.conversation import (
    FIRST_BATCH,
    RECORDS_PAUSE,
    SMALLEST_BATCH,
    Booted,
    Conversation,
    Held,
    Over,
    Stored,
    Trouble,
)
from chargelink.link.chain import record_hash
from chargelink.link.messages import BootNotification, Heartbeat, MeterValues, Record, Records, StatusNotification

BOOT = BootNotification(edge_id="edge-1", epoch="epoch", software="0.1")


def sent(conversation: Conversation) -> list[list[object]]:
    return [msgpack.unpackb(message) for message in conversation.data_to_send()]


def booted(interval: int = 30) -> Conversation:
    conversation = Conversation()
    conversation.boot(BOOT, 0.0)
    (call,) = sent(conversation)
    answer = msgpack.packb([3, call[1], {"currentTime": 9, "interval": interval, "have": {"record": 4}}])
    assert conversation.receive(answer, 0.0) == [
        Booted(9, {"record": Held(4, None, None), "metering": Held(0, None, None)})
    ]
    return conversation


def records(size: int) -> Records:
    body = bytes(size)
    return Records(
        epoch="epoch", first=5, records=(Record(seq=5, kind="alarm", at=1, body=body, hash=record_hash(body)),)
    )


def test_nothing_is_said_before_the_hub_knows_us() -> None:
    conversation = Conversation()
    conversation.boot(BOOT, 0.0)
    assert not any(conversation.may_send(kind, 0.0) for kind in (StatusNotification, MeterValues, Records))
    assert conversation.deadline == 30.0
    assert conversation.tick(30.0) == [Over("BootNotification: TimedOut no answer in time")]


def test_one_of_each_is_on_its_way() -> None:
    conversation = booted()
    conversation.send_records(records(1), 1.0)
    assert not conversation.may_send(Records, 1.0)
    assert conversation.may_send(StatusNotification, 1.0)
    (call,) = sent(conversation)
    assert conversation.receive(msgpack.packb([3, call[1], {"have": 5}]), 1.5) == [Stored("epoch", "record", 5)]
    assert conversation.may_send(Records, 1.5)


def test_a_heartbeat_when_nothing_else_was_said() -> None:
    conversation = booted(interval=10)
    assert conversation.deadline == 10.0
    conversation.send_status((), 4.0)
    (call,) = sent(conversation)
    conversation.receive(msgpack.packb([3, call[1], {}]), 4.0)
    assert conversation.deadline == 14.0
    assert (conversation.tick(13.9), sent(conversation)) == ([], [])
    conversation.tick(14.0)
    assert sent(conversation)[0][2] == Heartbeat.__name__
    conversation.tick(24.0)
    assert sent(conversation) == []  # the first is still on its way
    assert conversation.tick(44.0) == [Over("Heartbeat: TimedOut no answer in time")]


def test_a_batch_is_what_the_line_carries_in_200_ms() -> None:
    conversation = booted()
    for duration, expected in ((0.1, FIRST_BATCH * 2), (4.0, SMALLEST_BATCH)):
        conversation.send_records(records(FIRST_BATCH * 3), 0.0)
        (call,) = sent(conversation)
        conversation.receive(msgpack.packb([3, call[1], {"have": 5}]), duration)
        assert conversation.batch_bytes == expected


@pytest.mark.parametrize("frame", [[4, None, "GenericError", "full", {}], [3, None, {"have": 4}]])
def test_a_hub_that_takes_no_records_is_not_pestered(frame: list[object]) -> None:
    conversation = booted(interval=3600)
    conversation.send_records(records(1), 1.0)
    (call,) = sent(conversation)
    frame[1] = call[1]
    assert [type(event) for event in conversation.receive(msgpack.packb(frame), 2.0)] == [Trouble]
    assert not conversation.may_send(Records, 2.0 + RECORDS_PAUSE - 0.1)
    assert conversation.deadline == 2.0 + RECORDS_PAUSE
    conversation.tick(2.0 + RECORDS_PAUSE)
    assert conversation.may_send(Records, 2.0 + RECORDS_PAUSE)
    assert conversation.deadline != 2.0 + RECORDS_PAUSE


def test_waits_double_and_differ() -> None:
    backoff = Backoff(lambda: 1.0, first=1.0, longest=30.0)
    assert [backoff.wait() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.wait() == 1
    assert Backoff(lambda: 0.0, first=1.0).wait() == 0.5
