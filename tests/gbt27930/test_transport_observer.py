"""Following the transfers of others: whole recordings, half ones, interleaved ones and broken ones."""

from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gbt27930.bus import (
    BCP,
    BCS,
    BRM,
    CONNECTION_TO_BMS,
    CONNECTION_TO_CHARGER,
    DATA_TO_CHARGER,
    TRANSFERS,
    abort,
    acknowledgement,
    cts,
    frame,
    packet,
    rts,
)

from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import (
    Aborted,
    Event,
    Frame,
    Incomplete,
    Observer,
    Received,
    Trouble,
    Unexpected,
)

PAYLOAD = bytes(range(49))
BCS_PAYLOAD = b"abcdefghi"


def seen(*frames: Frame, time: float = 0.0) -> list[Event]:
    """Everything that is told of a recording."""
    observer = Observer()
    events = [event for one in frames for event in observer.receive(*one, time)]
    return [*events, *observer.close()]


def packets(*sequences: int, payload: bytes = PAYLOAD) -> list[Frame]:
    return [packet(payload, sequence) for sequence in sequences]


BRM_RECEIVED = Received(BRM, PAYLOAD, BMS, CHARGER, took=0.0)
BCS_RECEIVED = Received(BCS, BCS_PAYLOAD, BMS, CHARGER, took=0.0)
WHOLE_BCS = [rts(BCS, 9), cts(BCS, 2, 1), *packets(1, 2, payload=BCS_PAYLOAD), acknowledgement(BCS, 9)]


@pytest.mark.parametrize("row", TRANSFERS, ids=lambda row: row["id"])
@pytest.mark.parametrize("ends", [("56F4", "F456"), ("56F4",)], ids=["both directions", "BMS only"])
def test_real_transfers(row: dict[str, Any], ends: tuple[str, ...]) -> None:
    """All with the same time stamp, as in some logs."""
    (event,) = seen(*(frame(text) for text in row["raw"] if text[4:8] in ends), time=1703560121.247259)
    assert isinstance(event, Received)
    assert event.payload.hex().upper() == row["payload"]
    assert (event.source, event.destination, event.took, event.retries) == (BMS, CHARGER, 0.0, 0)


def test_the_charger_s_direction_alone_tells_nothing_and_is_no_error() -> None:
    assert seen(cts(BRM, 7, 1), acknowledgement(BRM, 49), cts(BCS, 2, 1), acknowledgement(BCS, 9)) == []


def test_how_long_it_took() -> None:
    observer = Observer()
    for time, one in enumerate((rts(BCS, 9), cts(BCS, 2, 1), packet(BCS_PAYLOAD, 1))):
        assert not observer.receive(*one, time / 100)
    (event,) = observer.receive(*packet(BCS_PAYLOAD, 2), 0.25)
    assert event == Received(BCS, BCS_PAYLOAD, BMS, CHARGER, took=0.25)
    assert not observer.receive(*acknowledgement(BCS, 9), 0.26)
    assert observer.close() == []


def test_transfers_in_a_row_without_answers() -> None:
    one = [rts(BCS, 9), *packets(1, 2, payload=BCS_PAYLOAD)]
    assert seen(*one, *one, *one) == [BCS_RECEIVED] * 3


def test_single_frames_in_between() -> None:
    bcl = frame("181056F4#A510D80E02")
    frames = [rts(BRM, 49), cts(BRM, 7, 1), *packets(*range(1, 8)), acknowledgement(BRM, 49)]
    assert seen(*chain.from_iterable((bcl, one) for one in frames)) == [BRM_RECEIVED]


@given(st.lists(st.booleans(), min_size=20, max_size=20))
def test_two_pairs_and_both_directions_interleaved(turns: list[bool]) -> None:
    """However the frames of three transfers mix, each comes out whole."""
    other = [
        rts(BRM, 49, identifier=0x1CEC57F5),
        *(packet(PAYLOAD, sequence, 0x1CEB57F5) for sequence in range(1, 8)),
    ]
    backwards = [
        rts(0x2000, 20, identifier=CONNECTION_TO_BMS),
        *(packet(bytes(20), sequence, 0x1CEBF456) for sequence in range(1, 4)),
    ]
    rows = [iter([rts(BRM, 49), *packets(*range(1, 8))]), iter([*other, *backwards])]
    mixed = [one for turn in turns for one in [next(rows[turn], None)] if one]
    events = seen(*mixed, *rows[0], *rows[1])
    assert {(type(event), event.source, event.pgn) for event in events if isinstance(event, Received)} == {
        (Received, 0xF4, BRM),
        (Received, 0xF5, BRM),
        (Received, 0x56, 0x2000),
    }
    assert len(events) == 3


def test_each_bus_has_its_own_observer() -> None:
    buses = {"can0": Observer(), "can1": Observer()}
    payloads = {"can0": BCS_PAYLOAD, "can1": b"123456789"}
    events: dict[str, list[Event]] = {"can0": [], "can1": []}
    for step in range(3):
        for channel, observer in buses.items():
            one = packet(payloads[channel], step) if step else rts(BCS, 9)
            events[channel] += observer.receive(*one, 0.0)
    assert {
        channel: [event.payload for event in told if isinstance(event, Received)] for channel, told in events.items()
    } == {channel: [payload] for channel, payload in payloads.items()}


@pytest.mark.parametrize("tries", [2, 3, 4])
def test_requests_that_nobody_answers_are_counted(tries: int) -> None:
    (event,) = seen(*[rts(BRM, 49)] * tries, cts(BRM, 7, 1), *packets(*range(1, 8)))
    assert event == Received(BRM, PAYLOAD, BMS, CHARGER, took=0.0, retries=tries - 1)


def test_packets_asked_for_again_are_counted() -> None:
    frames = [rts(BRM, 49), cts(BRM, 7, 1), *packets(1, 2, 4, 6, 7)]
    frames += [cts(BRM, 1, 3), *packets(3), cts(BRM, 1, 5), *packets(5), acknowledgement(BRM, 49)]
    assert seen(*frames) == [Received(BRM, PAYLOAD, BMS, CHARGER, 0.0, retries=2)]


def test_windows_and_holds_are_no_repetition() -> None:
    frames = [rts(BRM, 49), cts(BRM, 4, 1), *packets(1, 2, 3, 4)]
    frames += [cts(BRM, 0, 0xFF), cts(BRM, 0, 5), cts(BRM, 3, 5), *packets(5, 6, 7)]
    assert seen(*frames) == [BRM_RECEIVED]


def test_answers_for_another_message_change_nothing() -> None:
    frames = [
        rts(BRM, 49),
        cts(BRM, 7, 1),
        *packets(1),
        cts(BCP, 2, 1),
        acknowledgement(BCP, 13),
        *packets(*range(2, 8)),
    ]
    assert seen(*frames) == [BRM_RECEIVED]


def test_what_was_complete_for_us_may_be_repeated_for_the_charger() -> None:
    frames = [
        rts(BRM, 49),
        cts(BRM, 7, 1),
        *packets(*range(1, 8)),
        cts(BRM, 2, 6),
        *packets(6, 7),
        acknowledgement(BRM, 49),
    ]
    assert seen(*frames) == [BRM_RECEIVED]


def test_packets_of_a_transfer_whose_request_is_missing_in_the_recording() -> None:
    """They are not taken for a repetition of those before."""
    newer = packets(1, 2, payload=b"123456789")
    frames = [rts(BCS, 9), *packets(1, 2, payload=BCS_PAYLOAD), *newer]
    assert seen(*frames) == [BCS_RECEIVED, *(Unexpected(*one, Trouble.NO_SESSION) for one in newer)]


def test_a_bms_gives_up_on_a_silent_charger() -> None:
    """The pattern of a charger without transport protocol: three requests, each given up with reason 255."""
    given_up = Aborted(BRM, 0xFF, by=BMS, source=BMS, destination=CHARGER)
    assert seen(*[rts(BRM, 49, limit=7), abort(BRM, 0xFF)] * 3) == [given_up] * 3


def test_a_charger_refuses() -> None:
    frames = [rts(BRM, 49), abort(BRM, 2, CONNECTION_TO_BMS)]
    (event,) = seen(*frames)
    assert event == Aborted(BRM, 2, by=CHARGER, source=BMS, destination=CHARGER)
    assert isinstance(event, Aborted)
    assert event.text == "resources are needed elsewhere"


def test_a_transfer_goes_on_while_another_is_refused() -> None:
    frames = [
        *(rts(BRM, 49), cts(BRM, 7, 1), *packets(1, 2, 3)),
        *(rts(BCP, 13), abort(BCP, 1, CONNECTION_TO_BMS)),
        *packets(4, 5, 6, 7),
    ]
    assert seen(*frames) == [Aborted(BCP, 1, by=CHARGER, source=BMS, destination=CHARGER), BRM_RECEIVED]


def test_a_transfer_that_another_one_ended() -> None:
    lost = Incomplete(BRM, BMS, CHARGER, have=3, of=7, why=Trouble.SUPERSEDED)
    begun = [rts(BRM, 49), cts(BRM, 7, 1), *packets(1, 2, 3)]
    assert seen(*begun, *WHOLE_BCS) == [lost, BCS_RECEIVED]
    assert seen(*begun, rts(BRM, 49), *packets(*range(1, 8))) == [lost, BRM_RECEIVED]
    assert seen(*begun, rts(BCP, 13), cts(BCP, 2, 1), *WHOLE_BCS) == [
        lost,
        Incomplete(BCP, BMS, CHARGER, have=0, of=2, why=Trouble.SUPERSEDED),
        BCS_RECEIVED,
    ]
    unanswered = Incomplete(BRM, BMS, CHARGER, have=0, of=7, why=Trouble.SUPERSEDED)
    assert seen(rts(BRM, 49), *WHOLE_BCS) == [unanswered, BCS_RECEIVED]
    assert seen(rts(BRM, 49), rts(BCP, 13), abort(BCP, 0xFF)) == [unanswered, Aborted(BCP, 0xFF, BMS, BMS, CHARGER)]


def test_an_abort_of_the_one_set_aside_leaves_the_other() -> None:
    frames = [
        rts(BRM, 49),
        cts(BRM, 7, 1),
        *packets(1),
        rts(BCS, 9),
        abort(BRM, 3),
        *packets(1, 2, payload=BCS_PAYLOAD),
    ]
    assert seen(*frames) == [Aborted(BRM, 3, by=BMS, source=BMS, destination=CHARGER), BCS_RECEIVED]


def test_acknowledged_though_packets_are_missing_in_the_recording() -> None:
    frames = [rts(BRM, 49), cts(BRM, 7, 1), *packets(1, 2, 4, 5, 6, 7), acknowledgement(BRM, 49)]
    assert seen(*frames) == [Incomplete(BRM, BMS, CHARGER, have=6, of=7, why=Trouble.NOT_RECORDED)]


def test_the_recording_ends_in_the_middle() -> None:
    observer = Observer()
    for one in (rts(BRM, 49), *packets(1, 2)):
        assert not observer.receive(*one, 0.0)
    assert observer.close() == [Incomplete(BRM, BMS, CHARGER, have=2, of=7, why=Trouble.ENDED)]
    assert observer.close() == []
    assert seen(rts(BRM, 49), cts(BRM, 7, 1), *packets(1), rts(BCP, 13)) == [
        Incomplete(BRM, BMS, CHARGER, have=1, of=7, why=Trouble.ENDED),
        Incomplete(BCP, BMS, CHARGER, have=0, of=2, why=Trouble.ENDED),
    ]


def test_the_recording_begins_in_the_middle() -> None:
    lone = [Unexpected(*one, Trouble.NO_SESSION) for one in packets(6, 7)]
    assert seen(*packets(6, 7), acknowledgement(BRM, 49), *WHOLE_BCS) == [*lone, BCS_RECEIVED]
    assert seen(abort(BRM, 3)) == [Aborted(BRM, 3, by=BMS, source=BMS, destination=CHARGER)]


def test_a_broadcast_is_recognised() -> None:
    announced = Frame(0x1CECFFF4, bytes.fromhex("20 09 00 02 FF 00 11 00"))
    (event,) = seen(announced, *(packet(BCS_PAYLOAD, sequence, 0x1CEBFFF4) for sequence in (1, 2)))
    assert event == Received(BCS, BCS_PAYLOAD, BMS, 0xFF, took=0.0, broadcast=True)


@pytest.mark.parametrize(
    ("size", "announced", "sent", "payload"),
    [
        (49, 8, 7, PAYLOAD),
        (49, 6, 7, PAYLOAD),
        (8, 2, 2, PAYLOAD[:8]),
        (7, 1, 1, PAYLOAD[:7]),
        (49, 6, 6, None),
        (0, 0, 0, None),
        (1786, 255, 0, None),
        (0xFFFF, 7, 0, None),
    ],
)
def test_sizes_that_cannot_be(size: int, announced: int, sent: int, payload: bytes | None) -> None:
    """Said, and read all the same where there is something to read."""
    request = rts(BRM, size, announced)
    first, *rest = seen(request, *packets(*range(1, sent + 1)))
    assert first == Unexpected(*request, Trouble.BAD_SIZE)
    assert [event.payload for event in rest if isinstance(event, Received)] == ([payload] if payload else [])
    assert bool(rest) == bool(sent), "what cannot be read begins no session"


@pytest.mark.parametrize(
    "data", [b"", b"\x00abcdefg", b"\x08abcdefg", b"\xffabcdefg", b"\x03abcdef"], ids=lambda data: data.hex() or "empty"
)
def test_a_packet_that_does_not_fit_changes_nothing(data: bytes) -> None:
    frames = [rts(BRM, 49), *packets(1, 2), Frame(DATA_TO_CHARGER, data), *packets(3, 4, 5, 6, 7)]
    assert seen(*frames) == [Unexpected(DATA_TO_CHARGER, data, Trouble.BAD_PACKET), BRM_RECEIVED]


def test_a_last_packet_without_padding() -> None:
    assert seen(rts(BCS, 9), Frame(DATA_TO_CHARGER, b"\x01abcdefg"), Frame(DATA_TO_CHARGER, b"\x02hi")) == [
        BCS_RECEIVED
    ]


def test_a_frame_of_can_fd_is_read_by_its_first_eight_bytes() -> None:
    long = [Frame(identifier, data + b"more") for identifier, data in WHOLE_BCS]
    assert seen(*long) == [BCS_RECEIVED]


@pytest.mark.parametrize("data", [b"", b"\x10\x31\x00\x07\xff\x00\x02", bytes(8), b"\x12" + bytes(7)])
def test_what_is_no_connection_message(data: bytes) -> None:
    assert seen(Frame(CONNECTION_TO_CHARGER, data)) == [Unexpected(CONNECTION_TO_CHARGER, data, Trouble.MALFORMED)]


@given(
    st.lists(
        st.tuples(
            st.integers(0, (1 << 29) - 1)
            | st.sampled_from([CONNECTION_TO_CHARGER, CONNECTION_TO_BMS, DATA_TO_CHARGER, 0x1CEBF456, 0x1CECFFF4]),
            st.binary(max_size=12)
            | st.sampled_from(
                [*(one.data for one in WHOLE_BCS), rts(BRM, 49).data, abort(BCS, 1).data, abort(BRM, 2).data]
            ),
        ),
        max_size=40,
    )
)
def test_hostile_frames_never_raise(frames: list[tuple[int, bytes]]) -> None:
    """And a message is never longer or shorter than it was announced."""
    observer = Observer()
    sizes = {int.from_bytes(data[1:3], "little") for _, data in frames if data[:1] in (b"\x10", b"\x20")}
    events = [event for identifier, data in frames for event in observer.receive(identifier, data, 0.0)]
    assert {len(event.payload) for event in events if isinstance(event, Received)} <= sizes
    observer.close()
