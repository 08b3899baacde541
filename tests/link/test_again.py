"""A call that comes twice is done once; how many may wait; what is remembered."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.link.answered import LARGEST_REMEMBERED, MOST_REMEMBERED, Answered
from chargelink.link.frames import Code, Message
from chargelink.link.messages import HeartbeatResponse, Nothing, SignCertificateResponse
from chargelink.link.peer import DUPLICATE, LARGEST_UNANSWERED, MOST_UNANSWERED, CallReceived, Defect, Peer

CLOCK = HeartbeatResponse(current_time=1)


def heard(peer: Peer, *frame: Any) -> Any:
    [event] = peer.receive(msgpack.packb(list(frame)), 0.0)
    return event


def said(peer: Peer) -> list[Any]:
    return [msgpack.unpackb(message) for message in peer.data_to_send()]


def test_while_it_waits_it_is_ignored() -> None:
    hub = Peer("hub")
    assert isinstance(heard(hub, 2, "x", "Heartbeat", {}), CallReceived)
    assert heard(hub, 2, "x", "Heartbeat", {}).kind == DUPLICATE
    assert said(hub) == []
    hub.answer("x", CLOCK)
    assert said(hub) == [[3, "x", {"currentTime": 1}]]


def test_afterwards_it_gets_the_same_answer() -> None:
    hub = Peer("hub")
    heard(hub, 2, "x", "Heartbeat", {})
    hub.answer("x", CLOCK)
    first = said(hub)
    for _ in range(3):
        assert heard(hub, 2, "x", "Heartbeat", {}).kind == DUPLICATE
        assert said(hub) == first


def test_a_refusal_stays_a_refusal() -> None:
    hub = Peer("hub")
    heard(hub, 2, "x", "Heartbeat", {})
    hub.refuse("x", Code.INTERNAL_ERROR, "not now")
    first = said(hub)
    assert heard(hub, 2, "x", "Heartbeat", {}).kind == DUPLICATE
    assert said(hub) == first == [[4, "x", "InternalError", "not now", {}]]


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize(
    "other", [("Heartbeat", {"new": 1}), ("Teleport", {}), ("StatusNotification", {"devices": []})]
)
def test_another_call_under_its_id_is_refused(answered: bool, other: tuple[str, Any]) -> None:
    hub = Peer("hub")
    heard(hub, 2, "x", "Heartbeat", {})
    if answered:
        hub.answer("x", CLOCK)
    hub.data_to_send()
    assert heard(hub, 2, "x", *other).kind == "RpcFrameworkError"
    assert [frame[:3] for frame in said(hub)] == [[4, "x", "RpcFrameworkError"]]


def test_the_next_connection_knows_nothing_of_it() -> None:
    for _ in range(2):
        assert isinstance(heard(Peer("hub"), 2, "x", "Heartbeat", {}), CallReceived)


@given(st.data())
def test_however_often_calls_come_each_is_done_once_and_its_answers_are_one(data: st.DataObject) -> None:
    """Up to as many calls as are remembered, told again at any time, before and after their answers."""
    hub = Peer("hub")
    frames = {str(number): msgpack.packb([2, str(number), "Heartbeat", {}]) for number in range(MOST_REMEMBERED)}
    done: list[str] = []
    answers: dict[str, set[Message]] = {identifier: set() for identifier in frames}
    for identifier in data.draw(st.lists(st.sampled_from([*frames]), min_size=1, max_size=40)):
        done += [event.id for event in hub.receive(frames[identifier], 0.0) if isinstance(event, CallReceived)]
        waiting = [one for one in done if not answers[one]]
        for one in waiting[: data.draw(st.integers(0, 2))]:
            hub.answer(one, HeartbeatResponse(current_time=len(done)))
        for message in hub.data_to_send():
            answers[msgpack.unpackb(message)[1]].add(message)
    assert sorted(set(done)) == sorted(done)
    assert all(len(said) <= 1 for said in answers.values())


def test_what_is_remembered_is_bounded_by_number() -> None:
    hub = Peer("hub")
    for number in range(MOST_REMEMBERED + 1):
        heard(hub, 2, str(number), "Heartbeat", {})
        hub.answer(str(number), CLOCK)
    assert isinstance(heard(hub, 2, "0", "Heartbeat", {}), CallReceived)
    assert heard(hub, 2, "2", "Heartbeat", {}).kind == DUPLICATE


def test_what_is_remembered_is_bounded_by_size() -> None:
    answered = Answered()
    for number in range(4):
        answered.remember(str(number), number, bytes(LARGEST_REMEMBERED // 2 - 1))
    assert ["2" in answered, "1" in answered, len(answered)] == [True, False, 2]
    answered.remember("huge", 9, bytes(2 * LARGEST_REMEMBERED))
    assert ("huge" in answered, len(answered)) == (True, 1)  # the newest always: it must not be done twice
    answered.remember("after", 10, b"x")
    assert ("huge" in answered, "after" in answered) == (False, True)


def test_calls_that_wait_are_bounded_by_number() -> None:
    hub = Peer("hub")
    for number in range(MOST_UNANSWERED):
        assert not hub.is_full
        assert isinstance(heard(hub, 2, str(number), "Heartbeat", {}), CallReceived)
    assert hub.is_full
    assert heard(hub, 2, "more", "Heartbeat", {}).kind == "GenericError"
    assert heard(hub, 2, "0", "Heartbeat", {}).kind == DUPLICATE
    hub.answer("0", CLOCK)
    assert isinstance(heard(hub, 2, "more", "Heartbeat", {}), CallReceived)


def test_calls_that_wait_are_bounded_by_size() -> None:
    hub = Peer("hub")
    count = 0
    while not hub.is_full:
        assert isinstance(heard(hub, 2, str(count), "Heartbeat", {"pad": bytes(1_000_000)}), CallReceived)
        count += 1
    assert count == LARGEST_UNANSWERED // 1_000_000 + 1
    assert heard(hub, 2, "more", "Heartbeat", {}).kind == "GenericError"
    for number in range(count):
        hub.answer(str(number), CLOCK)
    assert not hub.is_full


def test_an_answer_that_fits_no_frame_leaves_the_call_waiting() -> None:
    hub = Peer("hub")
    heard(hub, 2, "x", "SignCertificate", {"csr": b""})
    with pytest.raises(ValueError, match="are allowed"):
        hub.answer("x", SignCertificateResponse(status="Accepted", certificate_chain="x" * (1 << 20)))
    hub.refuse("x", Code.INTERNAL_ERROR)
    assert [frame[:3] for frame in said(hub)] == [[4, "x", "InternalError"]]


def test_only_a_call_that_waits_can_be_answered() -> None:
    hub = Peer("hub")
    heard(hub, 2, "x", "Heartbeat", {})
    hub.answer("x", CLOCK)
    with pytest.raises(ValueError, match="waits"):
        hub.answer("x", CLOCK)
    with pytest.raises(ValueError, match="waits"):
        hub.answer("y", Nothing())
    assert isinstance(heard(hub, 3, "x", {}), Defect)
