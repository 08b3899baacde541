"""The table of messages is the standard's, and it is whole."""

import re
from collections import Counter
from itertools import pairwise

import pytest

from chargelink.gbt27930.catalogue import (
    BY_NAME,
    BY_PGN,
    DIAGNOSTICS,
    MESSAGES,
    TRANSPORTED_ABOVE,
    Edition,
    Entry,
    Sender,
    by_class,
)
from chargelink.gbt27930.identifier import BMS, CHARGER, Identifier
from chargelink.gbt27930.transport.frames import TP_CM, TP_DT
from chargelink.wire.layout import layout
from chargelink.wire.table import table

# GB/T 27930-2015, tables 3 to 7: PGN, identifier between the fixed addresses, bytes, period in ms.
# BRM is 41 bytes long in table 3 and 49 in its fields and in every recording; CCS has 7 bytes, or 8 in table 5.
STANDARD = """
CHM 002600 1826F456  3   250
BHM 002700 182756F4  2   250
CRM 000100 1801F456  8   250
BRM 000200 1C0256F4 49   250
BCP 000600 1C0656F4 13   500
CTS 000700 1807F456  7   500
CML 000800 1808F456  8   250
BRO 000900 100956F4  1   250
CRO 000A00 100AF456  1   250
BCL 001000 181056F4  5    50
BCS 001100 1C1156F4  9   250
CCS 001200 1812F456  7    50
BSM 001300 181356F4  7   250
BMV 001500 1C1556F4  - 10000
BMT 001600 1C1656F4  - 10000
BSP 001700 1C1756F4  - 10000
BST 001900 101956F4  4    10
CST 001A00 101AF456  4    10
BSD 001C00 181C56F4  7   250
CSD 001D00 181DF456  8   250
BEM 001E00 081E56F4  4   250
CEM 001F00 081FF456  4   250
"""

OF_2011 = {"BRM": 41, "CML": 6, "CCS": 6, "CSD": 5}  # lengths that changed

BOTH = [(entry, edition) for entry in MESSAGES for edition in Edition]


def named(entry: Entry) -> str:
    return entry.name


def test_the_table_is_that_of_the_standard() -> None:
    ours = [
        (
            entry.name,
            f"{entry.pgn:06X}",
            f"{entry.identifier:08X}",
            str(entry.lengths_2015[0]) if entry.lengths_2015 else "-",
            str(entry.period),
        )
        for entry in MESSAGES
    ]
    assert ours == [tuple(row.split()) for row in STANDARD.split("\n") if row]


def test_lengths_of_2011() -> None:
    changed = {
        entry.name: entry.lengths_2011[0]
        for entry in MESSAGES
        if entry.of_2011 and entry.lengths_2011[:1] != entry.lengths_2015[:1]
    }
    assert changed == OF_2011
    assert [entry.name for entry in MESSAGES if entry.of_2011 is None] == ["CHM", "BHM"]


def test_nothing_stands_twice() -> None:
    for column in ("name", "chinese", "english", "pgn", "identifier"):
        assert max(Counter(getattr(entry, column) for entry in MESSAGES).values()) == 1
    assert not {entry.pgn for entry in MESSAGES} & {*DIAGNOSTICS, TP_CM << 8, TP_DT << 8}
    assert all(earlier.pgn < later.pgn for earlier, later in pairwise(MESSAGES[2:]))  # CHM and BHM came with 2015


def test_every_message_is_found() -> None:
    assert {entry.name for entry in BY_PGN.values()} == BY_NAME.keys() == {entry.name for entry in MESSAGES}
    assert by_class().keys() == {cls for entry in MESSAGES for cls in (entry.of_2015, entry.of_2011) if cls}


@pytest.mark.parametrize("entry", MESSAGES, ids=named)
def test_sender_and_addresses(entry: Entry) -> None:
    """The name of a message begins with its sender: B for the BMS, C for the charger."""
    assert entry.sender is (Sender.BMS if entry.name.startswith("B") else Sender.CHARGER)
    addresses = (CHARGER, BMS) if entry.sender is Sender.BMS else (BMS, CHARGER)
    assert Identifier.decode(entry.identifier) == (entry.priority, entry.pgn, *addresses)
    assert entry.sender.opposite.opposite is entry.sender is not entry.sender.opposite


@pytest.mark.parametrize("entry", MESSAGES, ids=named)
def test_what_is_long_has_the_priority_of_the_transport(entry: Entry) -> None:
    long = not entry.lengths_2015 or entry.lengths_2015[0] > TRANSPORTED_ABOVE
    assert (entry.priority == 7) is long


@pytest.mark.parametrize(("entry", "edition"), BOTH, ids=lambda value: getattr(value, "name", None))
def test_lengths_are_those_of_the_layout(entry: Entry, edition: Edition) -> None:
    """What an edition allows holds all that is mandatory; the usual length ends where a field ends."""
    of = layout(entry.layout(edition))
    assert all(length >= of.shortest for length in entry.lengths(edition))
    if entry.lengths(edition):
        assert entry.lengths(edition)[0] in of.lengths()
    else:
        assert of.rest or edition is Edition.OF_2011  # as long as the pack is large, or no message of 2011


@pytest.mark.parametrize("entry", MESSAGES, ids=named)
def test_layouts_are_named_after_their_message(entry: Entry) -> None:
    for edition in Edition:
        assert re.fullmatch(rf"{entry.name}(2011)?", entry.layout(edition).__name__)
        assert entry.layout(edition).__doc__


@pytest.mark.parametrize(
    ("identifier", "parts"),
    [
        (0x1826F456, Identifier(6, 0x2600, BMS, CHARGER)),
        (0x00000000, Identifier(0, 0, 0, 0)),
        (0x1CEB56F4, Identifier(7, 0xEB00, CHARGER, BMS)),
        (0x18EFFFF4, Identifier(6, 0xEF00, 0xFF, BMS)),  # the last that names a destination
        (0x18F004E5, Identifier(6, 0xF004, 0xFF, 0xE5)),  # to everybody: the PGN has all 16 bits
        (0x1FFFFFFF, Identifier(7, 0x3FFFF, 0xFF, 0xFF)),
        (0x03010203, Identifier(0, 0x30100, 0x02, 0x03)),  # reserved and data page bit
    ],
)
def test_identifiers_both_ways(identifier: int, parts: Identifier) -> None:
    assert Identifier.decode(identifier) == parts
    assert parts.encode() == identifier


@pytest.mark.parametrize("entry", MESSAGES, ids=named)
def test_the_documentation_names_every_parameter_of_the_standard(entry: Entry) -> None:
    """SPNs rise through a message; a group of bits that shares one has it at its first."""
    numbers = [int(spn) for spn in re.findall(r"SPN *(\d{4})", table(entry.layout(Edition.OF_2015)))]
    assert numbers
    assert entry.name == "CCS" or numbers == sorted(numbers)  # 2015 gave the permission a number of its own
