"""More than one charger and vehicle on a bus behind a bridge, and a hostile bus."""

import tracemalloc
from collections.abc import Iterable
from random import Random

import pytest
from tests.gbt27930.bus import VECTORS, frame
from tests.gbt27930.transfer import transfer

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.listener import MOST_FOREIGN, Foreign, Heard, Hearing, Listener
from chargelink.gbt27930.transport import Incomplete
from chargelink.gbt27930.transport.observer import MOST_SESSIONS

CHARGER_2, BMS_2 = 0x57, 0xF5  # a pair that the standard does not know
BRM_2011 = bytes.fromhex(next(row for row in VECTORS if row["id"] == "gbt27930-198")["payload"])
BRM_2015 = bytes.fromhex(next(row for row in VECTORS if row["id"] == "gbt27930-005")["payload"])
BCS_PAYLOAD = "550D990F8541437900"
CHM_2, BHM_2, CRM_2 = "1826F557#010100", "182757F5#A510", "1801F557#AA01010101313233"
BCL_2 = "181057F5#A510D80E02"


def hear(listener: Listener, *frames: str | Iterable[str]) -> list[Hearing]:
    flat = [one for part in frames for one in ([part] if isinstance(part, str) else part)]
    return [hearing for one in flat for hearing in listener.hear(*frame(one), 0.0)]


def understood(heard: list[Hearing]) -> list[tuple[str, str]]:
    """Message and edition of what was understood."""
    return [(one.entry.name, one.edition.value) for one in heard if isinstance(one, Heard)]


@pytest.mark.parametrize("handshake", [CHM_2, BHM_2, CRM_2])
def test_a_pair_is_learned_from_its_handshake(handshake: str) -> None:
    listener = Listener()
    assert hear(listener, BCL_2) == [Foreign(*frame(BCL_2))]
    assert understood(hear(listener, handshake, BCL_2))[1] == ("BCL", "2015")
    assert listener.sender(BMS_2, CHARGER_2) is Sender.CHARGER
    assert listener.sender(CHARGER_2, BMS_2) is Sender.BMS


@pytest.mark.parametrize(
    "no_handshake",
    [
        "1826F557#01010000",  # four bytes are no CHM
        "1826F556#010100",  # the charger has its vehicle
        "1826F457#010100",  # the vehicle has its charger
        "1826FF57#010100",  # to everybody
        "1812F557#C90EA00F0000FD",  # no handshake
    ],
)
def test_nothing_else_makes_a_pair(no_handshake: str) -> None:
    listener = Listener()
    assert not understood(hear(listener, no_handshake, BCL_2))


def test_the_pair_of_the_standard_needs_no_handshake_and_stays() -> None:
    assert understood(hear(Listener(), CHM_2, "181056F4#A510D80E02")) == [("CHM", "2015"), ("BCL", "2015")]


def test_pairs_keep_their_own_editions() -> None:
    listener = Listener()
    old = transfer(0x0200, BRM_2011.hex())
    new = transfer(0x0200, BRM_2015.hex(), CHARGER_2, BMS_2)
    bcs, bcs_2 = transfer(0x1100, BCS_PAYLOAD), transfer(0x1100, BCS_PAYLOAD, CHARGER_2, BMS_2)
    assert understood(hear(listener, CRM_2, old, new, bcs, bcs_2)) == [
        ("CRM", "2015"),
        ("BRM", "2011"),
        ("BRM", "2015"),
        ("BCS", "2011"),
        ("BCS", "2015"),
    ]


def test_transfers_of_two_pairs_may_interleave() -> None:
    """Frame by frame; TP.DT names no message, so only the addresses tell them apart."""
    listener = Listener()
    first, second = transfer(0x0200, BRM_2015.hex()), transfer(0x0200, BRM_2011.hex(), CHARGER_2, BMS_2)
    hear(listener, CRM_2)
    mixed = [one for both in zip(first, second, strict=False) for one in both] + first[len(second) :]
    payloads = [one.payload for one in hear(listener, mixed) if isinstance(one, Heard)]
    assert payloads == [BRM_2011, BRM_2015]


def test_other_messages_go_on_during_a_transfer() -> None:
    listener = Listener()
    mixed = [one for part in transfer(0x0200, BRM_2015.hex()) for one in (part, "181056F4#A510D80E02")]
    assert understood(hear(listener, mixed)) == [("BCL", "2015")] * 8 + [("BRM", "2015")] + [("BCL", "2015")] * 2


def test_buses_know_nothing_of_each_other() -> None:
    """One listener a bus: the same transfer on two of them, frame by frame."""
    listeners = Listener(), Listener(Edition.OF_2011)
    heard: list[list[Hearing]] = [[], []]
    for one in transfer(0x1100, BCS_PAYLOAD):
        for listener, found in zip(listeners, heard, strict=True):
            found += hear(listener, one)
    assert list(map(understood, heard)) == [[("BCS", "2015")], [("BCS", "2011")]]


def test_random_identifiers_fill_no_memory() -> None:
    """After as many as are remembered, a listener grows no more."""
    random, listener = Random(27930), Listener()

    def noise(count: int) -> None:
        for _ in range(count):
            identifier = random.getrandbits(29)
            if identifier >> 16 & 0xFF not in (0xEB, 0xEC):
                listener.hear(identifier, b"\0", 0.0)  # no handshake is that short

    noise(4 * MOST_FOREIGN)
    tracemalloc.start()
    noise(4 * MOST_FOREIGN)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100_000  # bytes


def test_transfers_that_never_end_fill_no_memory() -> None:
    """Those that began first are given up, and told."""
    listener = Listener()
    announced = bytes.fromhex("1031000707000200")
    heard = [
        event
        for pair in range(2 * MOST_SESSIONS)
        for event in listener.hear(0x1CEC0000 | pair, announced)
        if isinstance(event, Incomplete)
    ]
    assert [event.destination << 8 | event.source for event in heard] == list(range(MOST_SESSIONS))
    assert len(listener.close()) == MOST_SESSIONS
