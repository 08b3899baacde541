"""The master by itself: deadlines with time as an argument, and what is no answer to what was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645 import ErrorWord, Frame
from chargelink.dlt645.bodies import Credentials, Relay
from chargelink.dlt645.master import Master, Refused, Reply, Sent, TimedOut, Unsolicited
from chargelink.dlt645.request import (
    Request,
    broadcast_time,
    freeze,
    read,
    read_address,
    relay,
    set_baud,
    write,
    write_address,
)
from chargelink.dlt645.scanner import Defect, Noise
from chargelink.dlt645.timing import Timing

ADDRESS = "000000000161"
ENERGY = read(ADDRESS, "00010000")
REPLY = Frame(ADDRESS, 0x91, bytes.fromhex("00000100 26000000"))
TIMING = Timing(baud=11_000)  # a byte a millisecond
SENT = 0.020  # s that the request of 20 bytes takes
RESPONSE = SENT + TIMING.response


def asking(request: Request = ENERGY, now: float = 0.0, **options: int) -> Master:
    master = Master(TIMING, **options)
    master.request(request, now)
    assert master.data_to_send() == request.frame().encode(4)
    assert master.data_to_send() == b""
    return master


def test_an_answer() -> None:
    master = asking()
    (reply,) = master.receive(REPLY.encode(0), 0.1)
    assert reply == Reply(ENERGY, ADDRESS, bytes.fromhex("26000000"), frames=1)
    assert isinstance(reply, Reply)
    assert reply.readings().readings[0].value == 260_000
    assert not master.busy
    assert master.deadline is None


def test_no_answer_is_given_up_after_every_attempt() -> None:
    master = asking(retries=1)
    assert master.deadline == pytest.approx(RESPONSE)
    assert master.tick(RESPONSE - 0.001) == []
    assert master.tick(RESPONSE) == []
    assert master.data_to_send() == ENERGY.frame().encode(4)
    assert master.deadline == pytest.approx(2 * RESPONSE)
    assert master.tick(2 * RESPONSE) == [TimedOut(ENERGY, attempts=2)]
    assert master.deadline is None


def test_what_writes_is_not_repeated() -> None:
    request = write(ADDRESS, "04000103", b"\x15", Credentials())
    master = asking(request)
    assert master.deadline is not None
    assert master.tick(master.deadline) == [TimedOut(request, attempts=1)]


def test_bytes_extend_the_wait_by_a_gap_up_to_the_longest_frame() -> None:
    master = asking(retries=0)
    master.receive(b"\x00", 0.7)
    assert master.deadline == pytest.approx(1.2)
    now = 0.7
    while now < 5.0 and master.busy:
        now += 0.1
        master.receive(b"\x00", now)
    assert now == pytest.approx(RESPONSE + TIMING.longest_reply + TIMING.gap, abs=0.1)


def test_a_slow_answer_counts_from_its_first_byte() -> None:
    master = asking()
    raw = REPLY.encode(4)
    assert master.receive(raw[:1], 0.71) == []
    assert master.receive(raw[1:12], 1.2) == []
    assert [type(event) for event in master.receive(raw[12:], 1.6)] == [Reply]


def test_an_answer_counts_though_nobody_looked_in_time() -> None:
    assert [type(event) for event in asking().receive(REPLY.encode(), 0.9)] == [Reply]


@pytest.mark.parametrize(
    "other",
    [
        Frame("000000000162", 0x91, REPLY.data),
        Frame(ADDRESS, 0x81, REPLY.data),
        Frame(ADDRESS, 0x93, REPLY.data),
        Frame(ADDRESS, 0x91, bytes.fromhex("00000200 26000000")),
        Frame(ADDRESS, 0x91, b""),
        Frame(ADDRESS, 0xD2, b"\x02"),
        Frame(ADDRESS, 0xD1, b""),
        Frame(ADDRESS, 0x11, bytes.fromhex("00000200")),
    ],
    ids=str,
)
def test_other_frames_are_no_answer(other: Frame) -> None:
    master = asking()
    assert master.receive(other.encode(), 0.1) == [Unsolicited(other)]
    assert master.busy
    assert [type(event) for event in master.receive(REPLY.encode(), 0.2)] == [Reply]


def test_a_late_answer_is_not_taken_for_the_next_request() -> None:
    master = asking(retries=0)
    master.tick(RESPONSE)
    raw = REPLY.encode()
    assert master.receive(raw[:9], 1.0) == []
    master.request(ENERGY, 1.1)  # the same again while the late answer is coming in
    master.data_to_send()
    assert not any(isinstance(event, Reply) for event in master.receive(raw[9:], 1.2))
    assert master.busy


def test_what_came_before_the_request_was_handed_out_is_no_answer() -> None:
    master = Master(TIMING)
    master.request(ENERGY, 0.0)
    assert master.receive(REPLY.encode(), 0.0) == [Unsolicited(REPLY)]


def test_after_several_attempts_the_next_request_waits_for_the_last_window() -> None:
    master = asking()
    master.tick(RESPONSE)
    master.data_to_send()
    assert [type(event) for event in master.receive(REPLY.encode(), RESPONSE + 0.05)] == [Reply]
    master.request(read(ADDRESS, "02010100"), RESPONSE + 0.1)
    assert master.data_to_send() == b""
    assert master.deadline == pytest.approx(2 * RESPONSE)
    assert master.receive(REPLY.encode(), 2 * RESPONSE - 0.01) == [Unsolicited(REPLY)]
    master.tick(2 * RESPONSE)
    assert master.data_to_send() == read(ADDRESS, "02010100").frame().encode()


def test_the_line_gets_time_to_turn() -> None:
    master = asking()
    master.receive(REPLY.encode(), 0.1)
    master.request(ENERGY, 0.11)
    assert master.data_to_send() == b""
    assert master.deadline == pytest.approx(0.12)
    master.tick(0.121)
    assert master.data_to_send() == ENERGY.frame().encode()


def test_echo_is_no_event() -> None:
    master = asking()
    assert master.receive(ENERGY.frame().encode() + REPLY.encode(), 0.1) == [Reply(ENERGY, ADDRESS, b"\x26\0\0\0", 1)]
    assert master.echoes == 1


def test_a_refusal() -> None:
    master = asking()
    assert master.receive(Frame(ADDRESS, 0xD1, b"\x02").encode(), 0.1) == [
        Refused(ENERGY, ErrorWord.NO_REQUESTED_DATA, b"\x02")
    ]
    assert not master.busy


def test_noise_and_damage_are_told_and_change_nothing() -> None:
    master = asking()
    damaged = REPLY.encode(0)[:-2] + b"\x00\x16"
    events = master.receive(b"\x00\x01" + damaged + REPLY.encode(), 0.1)
    assert [type(event) for event in events] == [Noise, Defect, Reply]
    assert master.noise_bytes == 2


def test_follow_up_frames_are_asked_for_and_joined() -> None:
    request = read(ADDRESS, "03300201")
    head = bytes.fromhex("01023003")
    master = asking(request)
    assert master.receive(Frame(ADDRESS, 0xB1, head + b"first ").encode(), 0.1) == []
    master.tick(0.2)
    assert master.data_to_send() == Frame(ADDRESS, 0x12, head + b"\x01").encode()
    wrong = Frame(ADDRESS, 0xB2, head + b"other \x02")
    assert master.receive(wrong.encode(), 0.3) == [Unsolicited(wrong)]
    assert master.receive(Frame(ADDRESS, 0xB2, head + b"second \x01").encode(), 0.4) == []
    master.tick(0.5)
    assert master.data_to_send() == Frame(ADDRESS, 0x12, head + b"\x02").encode()
    assert master.receive(Frame(ADDRESS, 0x92, head + b"third\x02").encode(), 0.6) == [
        Reply(request, ADDRESS, b"first second third", frames=3)
    ]


def test_a_meter_that_never_ends_is_given_up() -> None:
    request = read(ADDRESS, "03300201")
    head = bytes.fromhex("01023003")
    master = asking(request)
    events = master.receive(Frame(ADDRESS, 0xB1, head).encode(), 0.0)
    now = 0.0
    for sequence in range(1, 256):
        now += 1.0
        assert events == []
        master.tick(now)
        master.data_to_send()
        events = master.receive(Frame(ADDRESS, 0xB2, head + bytes((sequence,))).encode(), now)
    assert events == [TimedOut(request, attempts=1)]


def test_the_1997_edition_asks_on_without_numbers() -> None:
    request = read(ADDRESS, "901F")
    master = asking(request)
    master.receive(Frame(ADDRESS, 0xA1, bytes.fromhex("1F90") + b"one").encode(), 0.1)
    master.tick(0.2)
    assert master.data_to_send() == Frame(ADDRESS, 0x02, bytes.fromhex("1F90")).encode()
    assert master.receive(Frame(ADDRESS, 0x82, bytes.fromhex("1F90") + b"two").encode(), 0.3) == [
        Reply(request, ADDRESS, b"onetwo", frames=2)
    ]


@pytest.mark.parametrize("answering", ["123456789012", "AAAAAAAAAAAA"])
def test_anybody_may_answer_a_wildcard(answering: str) -> None:
    request = read("AAAAAAAAAAAA", "00010000")
    reply = Frame(answering, 0x91, REPLY.data)
    assert asking(request).receive(reply.encode(), 0.1) == [Reply(request, answering, b"\x26\0\0\0", 1)]


def test_reading_the_address() -> None:
    request = read_address()
    data = bytes.fromhex("129078563412")
    assert asking(request).receive(Frame("123456789012", 0x93, data).encode(), 0.1) == [
        Reply(request, "123456789012", data, 1)
    ]


@pytest.mark.parametrize("request_", [broadcast_time("2022-03-17 14:07:47"), freeze()], ids=["time", "freeze"])
def test_nobody_answers_what_is_for_all(request_: Request) -> None:
    master = asking(request_)
    assert master.deadline == pytest.approx(len(request_.frame().encode()) / 1000)
    assert master.tick(1.0) == [Sent(request_)]
    assert not master.busy


def test_commands_are_answered_by_their_function() -> None:
    trip = Relay(Credentials(), 0x1A, "2099-12-31 23:59:59")
    for request, reply in (
        (relay(ADDRESS, trip), Frame(ADDRESS, 0x9C)),
        (set_baud(ADDRESS, 0x08), Frame(ADDRESS, 0x97, b"\x08")),
        (write_address("000000000162", ADDRESS), Frame(ADDRESS, 0x95)),
        (write(ADDRESS, "04000103", b"\x15", Credentials()), Frame(ADDRESS, 0x94)),
    ):
        assert asking(request).receive(reply.encode(), 0.1) == [Reply(request, ADDRESS, reply.data, 1)]


def test_one_exchange_at_a_time() -> None:
    with pytest.raises(RuntimeError):
        asking().request(ENERGY, 0.1)


@given(st.lists(st.tuples(st.binary(max_size=40), st.floats(0, 1)), max_size=20))
def test_whatever_comes_an_exchange_ends(chunks: list[tuple[bytes, float]]) -> None:
    master = asking()
    now = 0.0
    ends = 0
    for data, wait in chunks:
        now += wait
        ends += sum(isinstance(event, Reply | Refused | TimedOut) for event in master.receive(data, now))
        master.data_to_send()
    while master.deadline is not None and now < 100:
        now = max(now, master.deadline)
        ends += sum(isinstance(event, Reply | Refused | TimedOut) for event in master.tick(now))
        master.data_to_send()
    assert ends == 1
    assert not master.busy
