"""What is said on a connection, and when: time is an argument."""

import msgpack
import pytest

from chargelink.edge.uplink.backoff import Backoff
from chargelink.edge.uplink.conversation import (
    FIRST_BATCH,
    HISTORY_PAUSE,
    SMALLEST_BATCH,
    Booted,
    Conversation,
    Held,
    HubTime,
    Over,
    Stored,
    Trouble,
)
from chargelink.link.chain import record_hash
from chargelink.link.messages import (
    BootNotification,
    Heartbeat,
    MeterValues,
    Record,
    Records,
    StatusNotification,
    Telemetry,
    TelemetryGap,
)

BOOT = BootNotification(edge_id="edge-1", epoch="epoch", software="0.1")


def sent(conversation: Conversation) -> list[list[object]]:
    return [msgpack.unpackb(message) for message in conversation.data_to_send()]


def booted(interval: int = 30) -> Conversation:
    conversation = Conversation()
    conversation.boot(BOOT, 0.0)
    (call,) = sent(conversation)
    answer = msgpack.packb([3, call[1], {"currentTime": 9, "interval": interval, "have": {"record": 4}}])
    assert conversation.receive(answer, 0.0) == [
        HubTime(9, 0.0),
        Booted(9, {"record": Held(4, None, None), "metering": Held(0, None, None), "telemetry": Held(0, None, None)}),
    ]
    return conversation


TELEMETRY = Telemetry(
    epoch="life", blocks=(), gaps=(TelemetryGap(first=7, last=9, samples=5, begin=1, end=2, reason="full"),)
)


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


def test_history_goes_one_batch_at_a_time_and_not_to_who_cannot_take_it() -> None:
    conversation = booted()
    conversation.send_telemetry(TELEMETRY, 1.0)
    assert not any(conversation.may_send(kind, 1.0) for kind in (Records, Telemetry))
    (call,) = sent(conversation)
    assert conversation.receive(msgpack.packb([3, call[1], {"have": 9}]), 1.1) == [Stored("life", "telemetry", 9)]
    conversation.send_telemetry(TELEMETRY, 2.0)
    (call,) = sent(conversation)
    refused = conversation.receive(msgpack.packb([4, call[1], "NotSupported", "", {}]), 2.1)
    assert [type(event) for event in refused] == [Trouble]
    assert conversation.may_send(Records, 9e9)
    assert not conversation.may_send(Telemetry, 9e9)  # only the next connection may find another hub
    assert conversation.deadline is not None


def test_a_hub_that_did_not_take_the_telemetry_is_left_alone_for_a_while() -> None:
    conversation = booted()
    conversation.send_telemetry(TELEMETRY, 1.0)
    (call,) = sent(conversation)
    events = conversation.receive(msgpack.packb([3, call[1], {"have": 6}]), 1.1)
    assert events == [Trouble("the hub holds 6 of lane telemetry, and did not take 7")]
    assert not conversation.may_send(Telemetry, 1.1 + HISTORY_PAUSE - 1)
    conversation.tick(1.1 + HISTORY_PAUSE)
    assert conversation.may_send(Telemetry, 1.1 + HISTORY_PAUSE)


def test_the_present_is_told_every_few_seconds_or_as_the_hub_wants() -> None:
    conversation = Conversation()
    assert conversation.pace.due(0.0) <= 0.0
    conversation.boot(BOOT, 0.0)
    (call,) = sent(conversation)
    boot = {"currentTime": 9, "interval": 30, "liveInterval": 7}
    conversation.receive(msgpack.packb([3, call[1], boot]), 0.0)
    conversation.pace.said(10.0)
    assert conversation.pace.due(10.0) == 17.0
    assert conversation.receive(msgpack.packb([2, "w", "WatchLive", {"interval": 1, "seconds": 60}]), 12.0) == []
    assert sent(conversation) == [[3, "w", {"status": "Accepted"}]]
    assert conversation.pace.due(12.0) == 11.0
    conversation.pace.said(71.0)
    assert (conversation.pace.due(71.9), conversation.pace.due(72.0)) == (72.0, 78.0)
    conversation.receive(msgpack.packb([2, "x", "WatchLive", {"interval": 100, "seconds": 60}]), 80.0)
    assert conversation.pace.due(80.0) == 78.0  # never less often than else


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


def test_the_hub_is_asked_for_the_time_every_hour_however_much_is_said() -> None:
    conversation = booted(interval=10)
    asked = []
    for now in range(5, 2 * 3600 + 10, 5):
        conversation.tick(float(now))
        conversation.send_status((), float(now))
        for _, identifier, action, *_ in sent(conversation):
            answer = {"currentTime": now} if action == Heartbeat.__name__ else {}
            said = conversation.receive(msgpack.packb([3, identifier, answer]), now + 0.5)
            asked += [(now, one) for one in said if isinstance(one, HubTime)]
    assert asked == [(3600, HubTime(3600, 0.5)), (7200, HubTime(7200, 0.5))]


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
    assert not conversation.may_send(Records, 2.0 + HISTORY_PAUSE - 0.1)
    assert conversation.deadline == 2.0 + HISTORY_PAUSE
    conversation.tick(2.0 + HISTORY_PAUSE)
    assert conversation.may_send(Records, 2.0 + HISTORY_PAUSE)
    assert conversation.deadline != 2.0 + HISTORY_PAUSE


def test_waits_double_and_differ() -> None:
    backoff = Backoff(lambda: 1.0, first=1.0, longest=30.0)
    assert [backoff.wait() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.wait() == 1
    assert Backoff(lambda: 0.0, first=1.0).wait() == 0.5
