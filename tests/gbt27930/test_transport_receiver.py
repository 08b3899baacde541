"""The responder: stories of a charger that is sent BRM, BCP and BCS, its timers, and what it will not take."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gbt27930.bus import (
    BCP,
    BCS,
    BMV,
    BRM,
    CONNECTION_TO_CHARGER,
    DATA_TO_CHARGER,
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
    Received,
    Receiver,
    Refused,
    TimedOut,
    Trouble,
    Unexpected,
)
from chargelink.gbt27930.transport.receiver import everything

PAYLOAD = bytes(range(49))


class Charger(Receiver):
    """A receiver that is told whole frames."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CHARGER, BMS, **options)

    def told(self, *frames: Frame, now: float = 0.0) -> list[Event]:
        return [event for one in frames for event in self.receive(*one, now)]


def begun(*sequences: int, now: float = 0.0, **options: Any) -> Charger:
    """A charger in the middle of BRM: RTS at 0 s, then some packets at `now`."""
    charger = Charger(**options)
    assert charger.told(rts(BRM, 49)) == []
    assert charger.told(*(packet(PAYLOAD, sequence) for sequence in sequences), now=now) == []
    charger.data_to_send()
    return charger


@pytest.mark.parametrize("row", TRANSFERS, ids=lambda row: row["id"])
def test_real_transfers(row: dict[str, Any]) -> None:
    """The message comes out, and the answers are those of the real charger, where the log holds them."""
    charger = Charger()
    frames = [frame(text) for text in row["raw"]]
    events = charger.told(*(one for one in frames if one.identifier & 0xFF == BMS))
    assert [event.payload.hex().upper() for event in events if isinstance(event, Received)] == [row["payload"]]
    assert len(events) == 1
    answers = [text for text in row["raw"] if text.startswith("1CECF456")]
    assert shown(charger.data_to_send())[: len(answers)] == answers
    assert charger.deadline is None


def test_what_is_told_of_a_message() -> None:
    charger = begun(1, 2, 3, 4, 5, 6, now=0.06)
    (event,) = charger.told(packet(PAYLOAD, 7), now=0.07)
    assert event == Received(BRM, PAYLOAD, source=BMS, destination=CHARGER, took=0.07, retries=0)
    assert charger.data_to_send() == [acknowledgement(BRM, 49)]


@given(
    size=st.integers(9, 1785),
    limit=st.integers(0, 255),
    window=st.integers(1, 255),
)
def test_clear_to_send_never_allows_too_much(size: int, limit: int, window: int) -> None:
    """Not above RTS byte 5, not above our own window, not beyond the last packet."""
    payload = bytes(size)
    packets = -(-size // 7)
    charger = Charger(window=window)
    charger.told(rts(BMV, size, limit=limit))
    events: list[Event] = []
    asked = 0
    while answers := charger.data_to_send():
        (answer,) = answers
        if answer == acknowledgement(BMV, size):
            break
        allowed, first = answer.data[1], answer.data[2]
        assert answer == cts(BMV, allowed, first)
        assert first == asked + 1
        assert 1 <= allowed <= min(limit or 1, window, packets - asked)
        asked += allowed
        events += charger.told(*(packet(payload, sequence) for sequence in range(first, asked + 1)))
    assert asked == packets
    assert events == [Received(BMV, payload, BMS, CHARGER, 0.0)]


@pytest.mark.parametrize("lost", range(1, 7))
def test_a_lost_packet_is_asked_for_at_the_end_of_the_window(lost: int) -> None:
    charger = begun(*(sequence for sequence in range(1, 7) if sequence != lost))
    assert charger.told(packet(PAYLOAD, 7)) == []
    assert charger.data_to_send() == [cts(BRM, 1, lost)]
    assert charger.told(packet(PAYLOAD, lost)) == [Received(BRM, PAYLOAD, BMS, CHARGER, 0.0, retries=1)]
    assert charger.data_to_send() == [acknowledgement(BRM, 49)]


def test_gaps_are_asked_for_one_after_the_other() -> None:
    charger = begun(1, 2, 4, 6)
    charger.told(packet(PAYLOAD, 7), packet(PAYLOAD, 3))
    assert charger.data_to_send() == [cts(BRM, 1, 3), cts(BRM, 1, 5)]
    assert charger.told(packet(PAYLOAD, 5)) == [Received(BRM, PAYLOAD, BMS, CHARGER, 0.0, retries=2)]


def test_the_last_packet_lost_is_asked_for_after_t1() -> None:
    charger = begun(1, 2, 3, 4, 5, 6, now=0.06)
    assert charger.deadline == pytest.approx(0.06 + 0.750)
    assert charger.tick(0.06 + 0.7501) == []
    assert charger.data_to_send() == [cts(BRM, 1, 7)]


@given(st.permutations(range(1, 8)))
def test_order_does_not_matter(order: list[int]) -> None:
    charger = begun()
    events = charger.told(*(packet(PAYLOAD, sequence) for sequence in order))
    assert [event.payload for event in events if isinstance(event, Received)] == [PAYLOAD]
    assert charger.data_to_send()[-1] == acknowledgement(BRM, 49)


def test_duplicates_are_ignored_and_do_not_feed_the_timer() -> None:
    charger = begun(1, 2)
    assert charger.told(packet(PAYLOAD, 1), packet(PAYLOAD, 2), now=0.5) == []
    assert charger.deadline == 0.750
    assert charger.data_to_send() == []


def test_the_padding_is_not_looked_at() -> None:
    charger = Charger()
    frames = (
        rts(BCS, 9),
        Frame(DATA_TO_CHARGER, b"\x01abcdefg"),
        Frame(DATA_TO_CHARGER, b"\x02hi\x00\x01\x02\x03\x04"),
    )
    assert charger.told(*frames) == [Received(BCS, b"abcdefghi", BMS, CHARGER, 0.0)]


@pytest.mark.parametrize(
    ("last", "complete"), [(b"\x02hi", True), (b"\x02hi\x00", True), (b"\x02h", False), (b"\x02", False)]
)
def test_a_last_packet_without_padding(last: bytes, complete: bool) -> None:
    charger = Charger()
    (event,) = charger.told(rts(BCS, 9), Frame(DATA_TO_CHARGER, b"\x01abcdefg"), Frame(DATA_TO_CHARGER, last))
    if complete:
        assert event == Received(BCS, b"abcdefghi", BMS, CHARGER, 0.0)
    else:
        assert event == Unexpected(DATA_TO_CHARGER, last, Trouble.BAD_PACKET)


@pytest.mark.parametrize("data", [b"", b"\x00abcdefg", b"\x08abcdefg", b"\xffabcdefg", b"\x03abcdef"])
def test_a_packet_that_does_not_fit(data: bytes) -> None:
    charger = begun(1, 2)
    assert charger.told(Frame(DATA_TO_CHARGER, data)) == [Unexpected(DATA_TO_CHARGER, data, Trouble.BAD_PACKET)]
    events = charger.told(*(packet(PAYLOAD, sequence) for sequence in range(3, 8)))
    assert events == [Received(BRM, PAYLOAD, BMS, CHARGER, 0.0)]


def test_a_packet_without_a_session() -> None:
    assert Charger().told(packet(PAYLOAD, 1)) == [Unexpected(*packet(PAYLOAD, 1), Trouble.NO_SESSION)]


def test_a_second_request_for_the_same_message_replaces_the_first() -> None:
    charger = begun(1, 2, 3)
    newer = PAYLOAD[::-1]
    assert charger.told(rts(BRM, 49), now=1.0) == []
    assert charger.data_to_send() == [cts(BRM, 7, 1)]
    events = charger.told(*(packet(newer, sequence) for sequence in range(1, 8)), now=1.5)
    assert events == [Received(BRM, newer, BMS, CHARGER, 0.5)]


def test_a_request_for_another_message_is_refused_and_the_first_goes_on() -> None:
    charger = begun(1, 2, 3)
    assert charger.told(rts(BCP, 13)) == [Refused(BCP, Trouble.OTHER_SESSION)]
    assert charger.data_to_send() == [abort(BCP, AbortReason.BUSY, 0x1CECF456)]
    events = charger.told(*(packet(PAYLOAD, sequence) for sequence in range(4, 8)))
    assert events == [Received(BRM, PAYLOAD, BMS, CHARGER, 0.0)]


@pytest.mark.parametrize(
    ("size", "packets"), [(0, 0), (8, 2), (8, 1), (1786, 255), (0xFFFF, 255), (49, 6), (49, 8), (49, 0), (13, 255)]
)
def test_an_impossible_request_is_refused(size: int, packets: int) -> None:
    charger = Charger()
    assert charger.told(rts(BRM, size, packets)) == [Refused(BRM, Trouble.BAD_SIZE)]
    assert charger.data_to_send() == [abort(BRM, AbortReason.RESOURCES, 0x1CECF456)]
    assert charger.deadline is None


def test_a_charger_may_refuse_cell_voltages() -> None:
    charger = Charger(accepts={BRM, BCP, BCS}.__contains__)
    assert charger.told(rts(BMV, 252)) == [Refused(BMV, Trouble.NOT_ACCEPTED)]
    assert charger.data_to_send() == [abort(BMV, AbortReason.RESOURCES, 0x1CECF456)]
    charger.told(rts(BCP, 13))
    assert charger.data_to_send() == [cts(BCP, 2, 1)]
    assert everything(BMV)


@pytest.mark.parametrize(
    ("received", "timer", "limit"), [((), "T2", 1.250), ((1, 2, 3), "T1", 0.750)], ids=["T2", "T1"]
)
def test_timers_at_their_edge(received: tuple[int, ...], timer: str, limit: float) -> None:
    """Asked again twice, then given up: three requests in all."""
    charger = begun(*received)
    missing = tuple(range(len(received) + 1, 8))
    assert charger.deadline == limit
    now = 0.0
    asked = 3 if timer == "T1" else 2
    for _ in range(asked):
        assert charger.tick(now + limit - 0.001) == []
        assert charger.data_to_send() == []
        now += limit
        assert charger.tick(now) == []
        assert charger.data_to_send() == [cts(BRM, len(missing), missing[0])]
        limit = 1.250
    assert charger.tick(now + 1.249) == []
    assert charger.tick(now + 1.250) == [TimedOut(BRM, "T2", missing)]
    assert charger.data_to_send() == [abort(BRM, AbortReason.TIMEOUT, 0x1CECF456)]
    assert charger.deadline is None
    assert charger.tick(now + 99) == []


def test_the_originator_aborts() -> None:
    charger = begun(1, 2)
    (event,) = charger.told(abort(BRM, 0xFF))
    assert event == Aborted(BRM, 0xFF, by=BMS, source=BMS, destination=CHARGER)
    assert (charger.deadline, charger.data_to_send()) == (None, [])
    assert charger.told(abort(BRM, 0xFF)) == [], "nothing is left to abort"


@pytest.mark.parametrize(("reason", "text", "chinese"), [(3, "timeout", "超时"), (0xFF, "reason 255", "原因 255")])
def test_the_reason_of_an_abort_in_words(reason: int, text: str, chinese: str) -> None:
    (event,) = begun().told(abort(BRM, reason))
    assert isinstance(event, Aborted)
    assert (event.text, event.chinese) == (text, chinese)


def test_an_abort_of_another_message_changes_nothing() -> None:
    charger = begun(1, 2)
    assert charger.told(abort(BCP, 3)) == []
    assert charger.deadline == 0.750


def test_we_abort() -> None:
    charger = begun(1, 2)
    charger.abort()
    assert charger.data_to_send() == [abort(BRM, AbortReason.RESOURCES, 0x1CECF456)]
    charger.abort()
    assert (charger.deadline, charger.data_to_send()) == (None, [])


@pytest.mark.parametrize(
    "identifier", [0x1CEC56F5, 0x1CEC57F4, 0x1CECF456, 0x1CECFFF4, 0x1DEC56F4, 0x1EEC56F4, 0x181056F4]
)
def test_frames_for_others_are_ignored(identifier: int) -> None:
    charger = Charger()
    assert charger.told(Frame(identifier, rts(BRM, 49).data)) == []
    assert charger.data_to_send() == []


@pytest.mark.parametrize("priority", range(8))
def test_the_priority_says_nothing(priority: int) -> None:
    charger = Charger()
    charger.told(rts(BRM, 49, identifier=CONNECTION_TO_CHARGER & 0x03FFFFFF | priority << 26))
    assert charger.data_to_send() == [cts(BRM, 7, 1)]


def test_what_is_no_connection_message() -> None:
    for data, why in (
        (b"", Trouble.MALFORMED),
        (b"\x10\x31\x00\x07", Trouble.MALFORMED),
        (bytes(8), Trouble.MALFORMED),
    ):
        assert Charger().told(Frame(CONNECTION_TO_CHARGER, data)) == [Unexpected(CONNECTION_TO_CHARGER, data, why)]
    broadcast = Frame(CONNECTION_TO_CHARGER, bytes.fromhex("20 09 00 02 FF 00 11 00"))
    assert Charger().told(broadcast) == [Unexpected(*broadcast, Trouble.BROADCAST)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([CONNECTION_TO_CHARGER, DATA_TO_CHARGER, 0x1CECFFF4, 0x181056F4]),
            st.binary(max_size=9)
            | st.tuples(st.sampled_from([0x10, 0x11, 0x13, 0x20, 0xFF, 1, 2]), st.binary(min_size=7, max_size=7)).map(
                lambda pair: bytes((pair[0],)) + pair[1]
            )
            | st.sampled_from([rts(BCS, 9).data, rts(BRM, 49).data, abort(BCS, 1).data]),
            st.floats(0, 2),
        ),
        max_size=30,
    )
)
def test_hostile_frames_never_raise(frames: list[tuple[int, bytes, float]]) -> None:
    """Whatever comes, answers are well formed, and left alone the receiver comes to rest."""
    charger = Charger()
    now = 0.0
    for identifier, data, pause in frames:
        now += pause
        charger.tick(now)
        charger.receive(identifier, data, now)
    for _ in range(5):
        if charger.deadline is not None:
            now = max(now, charger.deadline)
            charger.tick(now)
    assert charger.deadline is None
    for answer in charger.data_to_send():
        assert answer.identifier == 0x1CECF456
        assert len(answer.data) == 8
        assert answer.data[0] in (0x11, 0x13, 0xFF)
