"""Listening to one bus, told as stories: who is a pair, which edition each side speaks, and what is odd."""

import gc
import weakref
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gbt27930.bus import VECTORS, frame
from tests.gbt27930.transfer import transfer

from chargelink.gbt27930.catalogue import BY_NAME, DIAGNOSTICS, MESSAGES, Edition, Sender
from chargelink.gbt27930.charging import BMT, BMV, BSP, CCS
from chargelink.gbt27930.handshake import BRM, CRM, CRM2011
from chargelink.gbt27930.listener import Control, Foreign, Heard, Hearing, Listener, Odd, Oddity, Unread
from chargelink.gbt27930.transport import Incomplete, Trouble
from chargelink.wire.layout import layout

CHM, BHM = "1826F456#010100", "182756F4#A510"
BRM_2011 = next(row for row in VECTORS if row["id"] == "gbt27930-198")["raw"]
BRM_2015 = next(row for row in VECTORS if row["id"] == "gbt27930-005")["raw"]
CRM_FRAME = "1801F456#AA01010101313233"
BST = "101956F4#00000400"
BCS = transfer(0x1100, "550D990F8541437900")
CCS_6, CCS_7, CCS_8 = "1812F456#7A0D540F0000", "1812F456#C90EA00F0000FD", "1812F456#C90EA00F0000FDFF"
CML_6, CML_8 = "1808F456#8813D007F00A", "1808F456#9411D007F00A9A0F"


def hear(listener: Listener, *frames: str | Iterable[str]) -> list[Hearing]:
    """All that is heard of frames and of transfers; control frames are left out."""
    flat = [one for part in frames for one in ([part] if isinstance(part, str) else part)]
    heard = [hearing for one in flat for hearing in listener.hear(*frame(one), 0.0)]
    return [hearing for hearing in heard if not isinstance(hearing, Control)]


def messages(listener: Listener, *frames: str | Iterable[str]) -> list[Heard]:
    heard = hear(listener, *frames)
    found = [hearing for hearing in heard if isinstance(hearing, Heard)]
    assert len(found) == len(heard)
    return found


def last(*frames: str | Iterable[str], edition: Edition | None = None) -> Heard:
    """The last message of a recording."""
    return messages(Listener(edition), *frames)[-1]


def oddities(heard: Heard) -> set[Odd]:
    return {odd.odd for odd in heard.oddities if isinstance(odd, Oddity)}


# Which edition a side speaks: what was on the bus before, and the edition in which the last message is read.
OLD, NEW = Edition.OF_2011, Edition.OF_2015
EDITIONS: dict[str, tuple[list[Any], Edition]] = {
    "nothing known: that of today": ([CRM_FRAME], NEW),
    "a BMS that sends BHM": ([BHM, BCS], NEW),
    "a BMS that says V1.0": ([BRM_2011, BCS], OLD),
    "a BMS that says V1.1": ([BRM_2015, BCS], NEW),
    "the BMS of a charger that sends CHM": ([CHM, BCS], NEW),
    "a BMS of 2011 at a charger of 2015": ([CHM, BRM_2011, BCS], OLD),
    "the charger of 2015 that it is at": ([CHM, BRM_2011, CRM_FRAME], NEW),
    "a charger without CHM, as its BMS": ([BRM_2011, CRM_FRAME], OLD),
    "a charger with a short CML": ([CML_6, CRM_FRAME], OLD),
    "a charger with a long CML": ([BRM_2011, CML_8, CRM_FRAME], NEW),
    "a charger with a short CCS": ([CCS_6, CRM_FRAME], OLD),
    "a charger with a short CSD": (["181DF456#0000000001", CRM_FRAME], OLD),
    "the BMS of a charger with a short CCS": ([CCS_6, BST], OLD),
    "a charger with CHM that once sends a short CCS": ([CHM, CCS_6, CRM_FRAME], NEW),
    "a car of 2015 after one of 2011": ([CHM, BRM_2011, BCS, CHM, BHM, BCS], NEW),
    "a car of 2011 after one of 2015": ([CHM, BHM, BRM_2015, CHM, BRM_2011, BCS], OLD),
}


@pytest.mark.parametrize(("frames", "edition"), EDITIONS.values(), ids=EDITIONS)
def test_editions_are_found_out(frames: list[Any], edition: Edition) -> None:
    heard = last(*frames)
    assert heard.edition is edition
    assert type(heard.message) is heard.entry.layout(edition)


@pytest.mark.parametrize("edition", Edition)
def test_an_edition_can_be_forced(edition: Edition) -> None:
    """Whatever the handshake says."""
    heard = messages(Listener(edition), CHM, BHM, BRM_2015, BCS, BRM_2011, BCS, CCS_6, CCS_7, CRM_FRAME)
    assert {one.edition for one in heard} == {edition}
    assert type(heard[-1].message) is {OLD: CRM2011, NEW: CRM}[edition]
    assert last(CHM, edition=OLD).conforming  # 2011 has no CHM; it is read as what it can only be


@pytest.mark.parametrize(
    ("frames", "odd"),
    [
        ([CCS_7], set()),
        ([CCS_8], set()),
        ([CCS_6], set()),
        ([CHM, CCS_6], {Odd.LENGTH}),
        (["181056F4#A510D80E02"], set()),
        (["181056F4#A510D80E02000000"], {Odd.LENGTH}),
        (["100956F4#AA00000000000000"], {Odd.LENGTH}),
        (["101956F4#40000000"], set()),
        (["181956F4#40000000"], {Odd.PRIORITY}),
        (["181FF456#FCF0C0FC"], {Odd.PRIORITY}),
        (["101956F4#4000000000"], {Odd.LENGTH}),
        ([BRM_2015], set()),
        ([transfer(0x0200, "010100" + "00" * 38)], {Odd.LENGTH}),
        (["1C0256F4#010100036400E803"], {Odd.NOT_TRANSPORTED, Odd.LENGTH}),
        (["1C1556F4#4F114F114F11FFFF"], set()),
        (["181556F4#4F114F114F11FFFF"], set()),
        ([transfer(0x1000, "A510D80E0200000000")], {Odd.TRANSPORTED, Odd.LENGTH}),
    ],
)
def test_what_is_odd_about_a_message_as_a_whole(frames: list[Any], odd: set[Odd]) -> None:
    heard = last(*frames)
    assert oddities(heard) == odd
    assert heard.conforming or heard.oddities
    if odd:
        assert not heard.conforming


def test_a_second_attempt_is_told_and_allowed() -> None:
    """SAE J1939-21, 5.10.2.4: a request may be repeated twice."""
    heard = last(BCS[0], BCS[0], BCS)
    assert heard.oddities == (Oddity(Odd.RETRIED, 2),)
    assert heard.conforming


@pytest.mark.parametrize("priority", range(8))
def test_the_priority_decides_nothing(priority: int) -> None:
    identifier = priority << 26 | 0x001056F4
    heard = last(f"{identifier:08X}#A510D80E02")
    assert heard.entry.name == "BCL"
    assert (Odd.PRIORITY in oddities(heard)) is (priority != 6)


@pytest.mark.parametrize("entry", [entry for entry in MESSAGES if entry.lengths_2015], ids=lambda entry: entry.name)
def test_a_message_cut_short_is_unread_and_tells_why(entry: Any) -> None:
    shortest = layout(entry.of_2015).shortest
    for size in range(9):
        (heard,) = Listener(Edition.OF_2015).hear(entry.identifier, bytes(size))
        assert isinstance(heard, Unread if size < shortest else Heard)
        assert (heard.entry, heard.payload) == (entry, bytes(size))
        if isinstance(heard, Unread):
            assert f"{entry.name} needs {shortest} bytes, got {size}" in str(heard.error)


@pytest.mark.parametrize(
    "frame_of_others",
    [
        "0070F4B5#010203",  # seen in real sessions, with the BMS as destination
        "18FF50E5#0011223344556677",  # PDU2: to everybody
        "1810F456#A510D80E02",  # a message of the BMS with the charger's address
        "1812F4F4#C90EA00F0000FD",  # the BMS to itself
        "191056F4#A510D80E02",  # another data page
        "1A1056F4#A510D80E02",  # the reserved bit
        *(f"18{pgn >> 8:02X}{ends}#0001" for pgn in DIAGNOSTICS for ends in ("56F4", "F456")),
    ],
)
def test_frames_of_others_are_foreign(frame_of_others: str) -> None:
    assert hear(Listener(), frame_of_others, frame_of_others) == [Foreign(*frame(frame_of_others))] * 2


def test_long_messages_of_others_are_foreign() -> None:
    """By transport between two that are no pair, and by broadcast."""
    listener = Listener()
    assert hear(listener, transfer(0x1100, "550D990F8541437900", 0x05, 0x17)) == [
        Foreign(0x1C110517, bytes.fromhex("550D990F8541437900"))
    ]
    assert hear(listener, transfer(0xFECA, "00" * 10, broadcast=True)) == [Foreign(0x1CFECAF4, bytes(10))]
    assert hear(listener, transfer(0xFFFECA, "00" * 10)) == [Foreign(0x1FFECAF4, bytes(10))]  # no such PGN


def test_a_broadcast_is_read_but_odd() -> None:
    heard = last(transfer(0x1100, "550D990F8541437900", broadcast=True))
    assert heard.entry.name == "BCS"
    assert oddities(heard) == {Odd.BROADCAST}
    assert not heard.conforming


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (["1C1556F4#4F114F114F11FFFF"], BMV.decode(bytes.fromhex("4F114F114F11FFFF"))),
        (["1C1656F4#4B4C4DFFFFFFFFFF"], BMT((250, 260, 270, None, None, None, None, None))),
        (["1C1756F4#0102030405060708"], BSP(bytes(range(1, 9)))),
        ([transfer(0x1600, "4B" * 9)], BMT((250,) * 9)),
    ],
)
def test_small_packs_need_no_transport(frames: list[Any], message: Any) -> None:
    """What has no more than 8 bytes travels as one frame (SAE J1939-21, 5.10.5.2)."""
    heard = last(*frames)
    assert heard.message == message
    assert heard.conforming


def test_a_transfer_without_its_end_is_told_at_the_end() -> None:
    listener = Listener()
    assert hear(listener, BRM_2015[:4]) == []
    assert [hearing.why for hearing in listener.close() if isinstance(hearing, Incomplete)] == [Trouble.ENDED]
    assert not listener.close()


def test_control_frames_are_heard_as_such() -> None:
    heard = [hearing for one in BRM_2015 for hearing in Listener().hear(*frame(one))]
    assert [hearing.identifier for hearing in heard if isinstance(hearing, Control)] == [
        frame(one).identifier for one in BRM_2015 if frame(one).identifier >> 16 & 0xFF == 0xEC
    ]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.integers(0, (1 << 29) - 1),
                st.sampled_from([entry.identifier for entry in MESSAGES]),
                st.sampled_from([0x1CEC56F4, 0x1CEB56F4, 0x1CECF456, 0x1CEBF456, 0x1CECFFF4, 0x1CEBFFF4]),
            ),
            st.binary(max_size=8) | st.sampled_from([frame(one).data for one in (*BRM_2015, *BRM_2011, CHM, BHM)]),
        ),
        max_size=60,
    ),
    st.sampled_from([None, *Edition]),
)
def test_nothing_on_a_bus_raises(frames: list[tuple[int, bytes]], edition: Edition | None) -> None:
    listener = Listener(edition)
    for identifier, data in frames:
        for heard in listener.hear(identifier, data, 0.0):
            if isinstance(heard, Heard):
                assert heard.entry is BY_NAME[heard.entry.name]
                assert heard.conforming or heard.oddities
    listener.close()


def test_senders_of_the_standards_addresses_are_known() -> None:
    listener = Listener()
    assert listener.sender(0xF4, 0x56) is Sender.CHARGER
    assert listener.sender(0x56, 0xF4) is Sender.BMS
    assert listener.sender(0x05, 0x17) is None


def test_the_charger_may_pause_without_a_permission_of_2011() -> None:
    assert isinstance(message := last(CCS_6).message, CCS)
    assert message.charging_permitted is None


def test_a_brm_tells_its_own_edition_at_once() -> None:
    heard = last(BHM, BRM_2011)
    assert isinstance(heard.message, BRM)
    assert heard.edition is OLD
    assert heard.conforming


def test_what_cannot_be_read_keeps_nothing_alive() -> None:
    """A recording full of such frames, analysed in flat memory."""

    def heard() -> weakref.ref[Listener]:
        listening = Listener()
        (unread,) = listening.hear(0x181056F4, b"")
        assert isinstance(unread, Unread)
        return weakref.ref(listening)

    gone = heard()
    gc.collect()
    assert gone() is None
