"""The originator: stories of a BMS that sends BRM, BCP and BCS to good, slow, silent and odd chargers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gbt27930.bus import (
    BCP,
    BCS,
    BMV,
    BRM,
    CONNECTION_TO_BMS,
    TRANSFERS,
    abort,
    acknowledgement,
    cts,
    frame,
    packet,
    rts,
    shown,
)

from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import (
    Aborted,
    AbortReason,
    Event,
    Frame,
    Sender,
    Sent,
    TimedOut,
    Trouble,
    Unexpected,
)
from chargelink.wire import EncodeError

PAYLOAD = bytes(range(49))


class Vehicle(Sender):
    """A sender that is told whole frames."""

    def __init__(self, **options: Any) -> None:
        super().__init__(BMS, CHARGER, **options)

    def told(self, *frames: Frame, now: float = 0.0) -> list[Event]:
        return [event for one in frames for event in self.receive(*one, now)]


def asking(**options: Any) -> Vehicle:
    """A vehicle that has sent the RTS of BRM at 0 s."""
    vehicle = Vehicle(**options)
    vehicle.send(BRM, PAYLOAD, now=0.0)
    vehicle.data_to_send()
    return vehicle


def packets(*sequences: int) -> list[Frame]:
    return [packet(PAYLOAD, sequence) for sequence in sequences]


@pytest.mark.parametrize("row", TRANSFERS, ids=lambda row: row["id"])
def test_real_transfers(row: dict[str, Any]) -> None:
    """With the answers of the real charger (or those it would give) we send what the real BMS sent, padding apart."""
    payload = bytes.fromhex(row["payload"])
    pgn = int.from_bytes(frame(row["raw"][0]).data[5:8], "little")
    vehicle = Vehicle(spacing=0)
    vehicle.send(pgn, payload, now=0.0)
    sent = vehicle.data_to_send()
    assert vehicle.told(cts(pgn, 255, 1)) == []
    sent += vehicle.data_to_send()
    theirs = [frame(text) for text in row["raw"] if text.endswith("#") or "56F4#" in text]
    padding = -len(payload) % 7
    assert shown(sent[:-1]) == shown(theirs[:-1])
    assert sent[-1].data[: 8 - padding] == theirs[-1].data[: 8 - padding]
    assert sent[-1].data.endswith(b"\xff" * padding)
    assert vehicle.told(acknowledgement(pgn, len(payload)), now=0.5) == [Sent(pgn, took=0.5)]


def test_packets_keep_their_distance() -> None:
    vehicle = asking()
    vehicle.told(cts(BRM, 7, 1), now=1.0)
    moments = []
    for sequence in range(1, 8):
        assert vehicle.data_to_send() == packets(sequence)
        assert vehicle.deadline is not None
        moments.append(vehicle.deadline)
        assert vehicle.tick(vehicle.deadline - 0.001) == []
        assert vehicle.data_to_send() == []
        if sequence < 7:
            vehicle.tick(vehicle.deadline)
    assert moments == pytest.approx([1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.06 + 1.25])


def test_the_distance_holds_between_windows() -> None:
    vehicle = asking(spacing=0.1)
    vehicle.told(cts(BRM, 1, 1), now=1.0)
    vehicle.told(cts(BRM, 6, 2), now=1.02)
    assert vehicle.data_to_send() == packets(1)
    assert vehicle.deadline == pytest.approx(1.1)
    vehicle.tick(1.1)
    assert vehicle.data_to_send() == packets(2)


def test_a_tick_that_comes_late_does_not_make_a_burst() -> None:
    vehicle = asking()
    vehicle.told(cts(BRM, 7, 1), now=1.0)
    vehicle.tick(3.0)
    assert vehicle.data_to_send() == packets(1, 2)
    assert vehicle.deadline == pytest.approx(3.01)


@pytest.mark.parametrize(
    ("allowed", "first", "own_limit", "sent"),
    [
        (7, 1, 255, [1, 2, 3, 4, 5, 6, 7]),
        (255, 1, 255, [1, 2, 3, 4, 5, 6, 7]),
        (3, 1, 255, [1, 2, 3]),
        (9, 6, 255, [6, 7]),
        (1, 4, 255, [4]),
        (7, 1, 2, [1, 2]),  # more than RTS byte 5 allows the charger to ask for
    ],
)
def test_a_window_is_obeyed(allowed: int, first: int, own_limit: int, sent: list[int]) -> None:
    vehicle = asking(spacing=0, max_packets=own_limit)
    if first > 1:
        vehicle.told(cts(BRM, first - 1, 1))
        vehicle.data_to_send()
    assert vehicle.told(cts(BRM, allowed, first)) == []
    assert vehicle.data_to_send() == packets(*sent)


def test_packets_are_sent_again_from_where_the_charger_says() -> None:
    vehicle = asking(spacing=0)
    vehicle.told(cts(BRM, 7, 1))
    vehicle.data_to_send()
    vehicle.told(cts(BRM, 2, 3))
    assert vehicle.data_to_send() == packets(3, 4)
    assert vehicle.told(acknowledgement(BRM, 49), now=0.2) == [Sent(BRM, took=0.2, retries=1)]


def test_a_new_window_in_the_middle_of_one_is_obeyed() -> None:
    vehicle = asking()
    vehicle.told(cts(BRM, 7, 1), now=0.0)
    vehicle.tick(0.01)
    vehicle.told(cts(BRM, 7, 1), now=0.02)
    assert vehicle.data_to_send() == packets(1, 2, 1)


def test_who_never_gets_enough_is_left() -> None:
    vehicle = asking(spacing=0)
    vehicle.send(BCP, bytes(13), now=0.0)
    for _ in range(3):
        assert vehicle.told(cts(BRM, 1, 1)) == []
    vehicle.data_to_send()
    assert vehicle.told(cts(BRM, 1, 1)) == [Aborted(BRM, AbortReason.RESOURCES, BMS, BMS, CHARGER)]
    assert vehicle.data_to_send() == [abort(BRM, AbortReason.RESOURCES), rts(BCP, 13)]


@pytest.mark.parametrize(
    ("answers", "timer", "limit"),
    [
        ((), "T3", 1.250),
        ((cts(BRM, 7, 1),), "T3", 1.250),
        ((cts(BRM, 3, 1),), "T3", 1.250),
        ((cts(BRM, 0, 1),), "T4", 1.050),
        ((cts(BRM, 3, 1), cts(BRM, 0, 4)), "T4", 1.050),
    ],
    ids=["no CTS", "no EndOfMsgACK", "no second CTS", "held", "held in the middle"],
)
def test_timers_at_their_edge(answers: tuple[Frame, ...], timer: str, limit: float) -> None:
    """Asked three times in all, then given up."""
    vehicle = asking(spacing=0)
    now = 0.0
    for attempt in range(3):
        assert vehicle.told(*answers, now=now) == []
        vehicle.data_to_send()
        assert vehicle.deadline == now + limit
        assert vehicle.tick(now + limit - 0.001) == []
        assert vehicle.data_to_send() == []
        now += limit
        events = vehicle.tick(now)
        if attempt < 2:
            assert events == []
            assert vehicle.data_to_send() == [rts(BRM, 49)]
    first_unasked = max([answer.data[1] + answer.data[2] for answer in answers if answer.data[1]], default=1)
    assert events == [TimedOut(BRM, timer, tuple(range(first_unasked, 8)))]
    assert vehicle.data_to_send() == [abort(BRM, AbortReason.TIMEOUT)]
    assert vehicle.deadline is None


def test_a_charger_may_hold_as_long_as_it_says_so() -> None:
    vehicle = asking(spacing=0)
    for step in range(1, 21):
        assert vehicle.told(cts(BRM, 0, 1), now=step * 0.5) == []
        assert vehicle.tick(step * 0.5 + 0.4) == []
    assert vehicle.data_to_send() == []
    vehicle.told(cts(BRM, 7, 1), now=11.0)
    assert len(vehicle.data_to_send()) == 7


def test_a_hold_stops_packets_under_way() -> None:
    vehicle = asking()
    vehicle.told(cts(BRM, 7, 1), now=0.0)
    vehicle.told(cts(BRM, 0, 2), now=0.005)
    assert vehicle.tick(0.5) == []
    assert vehicle.data_to_send() == packets(1)


def test_the_queue_goes_on_whatever_becomes_of_the_first() -> None:
    for ending in (cts(BRM, 7, 1), abort(BRM, 2, CONNECTION_TO_BMS)):
        vehicle = asking(spacing=0)
        vehicle.send(BCP, bytes(13), now=0.0)
        vehicle.send(BCS, bytes(9), now=0.0)
        vehicle.told(ending)
        vehicle.told(acknowledgement(BRM, 49))
        assert vehicle.data_to_send()[-1] == rts(BCP, 13)


def test_a_message_that_waits_is_replaced_by_a_newer_one() -> None:
    vehicle = asking(spacing=0)
    vehicle.send(BCS, bytes(9), now=0.1)
    vehicle.send(BCP, bytes(13), now=0.1)
    vehicle.send(BCS, b"abcdefghi", now=0.2)
    vehicle.told(cts(BRM, 7, 1), acknowledgement(BRM, 49))
    vehicle.data_to_send()
    vehicle.told(cts(BCS, 2, 1))
    assert vehicle.data_to_send()[0].data == b"\x01abcdefg"
    vehicle.told(acknowledgement(BCS, 9))
    assert vehicle.data_to_send()[-1] == rts(BCP, 13)
    vehicle.told(abort(BCP, 1, CONNECTION_TO_BMS))
    assert vehicle.deadline is None, "BCS was sent once"


def test_the_responder_aborts() -> None:
    vehicle = asking()
    assert vehicle.told(abort(BRM, 2, CONNECTION_TO_BMS)) == [
        Aborted(BRM, 2, by=CHARGER, source=BMS, destination=CHARGER)
    ]
    assert (vehicle.deadline, vehicle.data_to_send()) == (None, [])


def test_we_abort_and_forget_what_waits() -> None:
    vehicle = asking()
    vehicle.send(BCP, bytes(13), now=0.0)
    vehicle.abort(AbortReason.TIMEOUT)
    assert vehicle.data_to_send() == [abort(BRM, AbortReason.TIMEOUT)]
    vehicle.abort()
    assert (vehicle.deadline, vehicle.data_to_send()) == (None, [])
    vehicle.send(BCS, bytes(9), now=1.0)
    assert vehicle.data_to_send() == [rts(BCS, 9)]


@pytest.mark.parametrize(
    "answer",
    [
        cts(BCP, 7, 1),
        cts(BRM, 7, 0),
        cts(BRM, 6, 2),
        cts(BRM, 7, 8),
        cts(BRM, 7, 255),
        acknowledgement(BRM, 49),
        acknowledgement(BCP, 13),
    ],
    ids=[
        "CTS of another",
        "packet 0",
        "packet 2 before 1",
        "packet 8",
        "packet 255",
        "ACK before the data",
        "ACK of another",
    ],
)
def test_answers_that_do_not_fit_change_nothing(answer: Frame) -> None:
    vehicle = asking()
    assert vehicle.told(answer, now=0.5) == [Unexpected(*answer, Trouble.WRONG_ANSWER)]
    assert (vehicle.deadline, vehicle.data_to_send()) == (1.250, [])


def test_an_acknowledgement_that_comes_after_the_next_request_is_late() -> None:
    """The responder has begun anew with that request, so the transfer is done again."""
    vehicle = asking(spacing=0)
    vehicle.told(cts(BRM, 7, 1))
    vehicle.tick(1.25)
    assert vehicle.told(acknowledgement(BRM, 49)) == [Unexpected(*acknowledgement(BRM, 49), Trouble.WRONG_ANSWER)]
    vehicle.told(cts(BRM, 7, 1), now=1.3)
    assert vehicle.told(acknowledgement(BRM, 49), now=1.4) == [Sent(BRM, took=1.4, retries=1)]


def test_answers_without_a_question() -> None:
    assert Vehicle().told(cts(BRM, 7, 1)) == [Unexpected(*cts(BRM, 7, 1), Trouble.WRONG_ANSWER)]
    assert Vehicle().told(abort(BRM, 1, CONNECTION_TO_BMS)) == []


@pytest.mark.parametrize("size", [0, 1, 8, 1786, 3000])
def test_what_travels_otherwise_or_not_at_all(size: int) -> None:
    vehicle = Vehicle()
    with pytest.raises(EncodeError, match="bytes for PGN"):
        vehicle.send(BMV, bytes(size), now=0.0)
    assert vehicle.deadline is None


@pytest.mark.parametrize("options", [{"spacing": -0.001}, {"spacing": 0.201}, {"max_packets": 0}, {"max_packets": 256}])
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(EncodeError):
        Vehicle(**options)


def test_a_pgn_of_24_bits() -> None:
    with pytest.raises(EncodeError, match="24 bits"):
        Vehicle().send(1 << 24, bytes(9), now=0.0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([CONNECTION_TO_BMS, 0x1CEBF456, 0x1CECFF56]),
            st.binary(max_size=9)
            | st.builds(lambda allowed, first: cts(BRM, allowed, first).data, st.integers(0, 255), st.integers(0, 9))
            | st.sampled_from([acknowledgement(BRM, 49).data, abort(BRM, 1).data]),
            st.floats(0, 2),
        ),
        max_size=30,
    )
)
def test_hostile_frames_never_raise(frames: list[tuple[int, bytes, float]]) -> None:
    """Whatever comes, only packets of the message are sent, and left alone the sender comes to rest."""
    vehicle = asking()
    now = 0.0
    for identifier, data, pause in frames:
        now += pause
        vehicle.tick(now)
        vehicle.receive(identifier, data, now)
    for _ in range(20):
        if vehicle.deadline is not None:
            now = max(now, vehicle.deadline)
            vehicle.tick(now)
    assert vehicle.deadline is None
    possible = {*packets(*range(1, 8)), rts(BRM, 49)}
    assert {one for one in vehicle.data_to_send() if one.data[0] != 0xFF} <= possible
