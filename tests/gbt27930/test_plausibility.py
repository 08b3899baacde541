"""What cannot be though each field is in range; each from a message seen in the field, or from its mirror image."""

from typing import Any

import pytest
from tests.gbt27930.bus import VECTORS, frame
from tests.gbt27930.transfer import transfer

from chargelink.gbt27930.catalogue import BY_NAME, Edition
from chargelink.gbt27930.listener import Heard, Listener
from chargelink.gbt27930.plausibility import ADVISORY, JUDGES, Implausible, implausible
from chargelink.wire import Message

# Message, payload, and what is implausible about it.
CASES = [
    ("CTS", "30451228051520", None),
    ("CTS", "00000029022420", None),  # a leap year
    ("CTS", "30451231021520", Implausible.NO_SUCH_DATE),  # 31 February
    ("CTS", "30451228050000", Implausible.NO_SUCH_DATE),  # no year 0
    ("CTS", "3045122805FFFF", Implausible.NO_SUCH_DATE),  # all but the year
    ("CTS", "FFFFFFFFFFFFFF", None),  # not available
    ("CTS", "1E2D0C1C050F14", None),  # no BCD: the flaws say it
    ("CML", "6419D007AC0DB004", Implausible.LIMITS_CROSSED),  # -50 A to -280 A
    ("CML", "6419D007DC05A00F", None),
    ("CML", "6419D007A00FA00F", None),  # nothing to give yet
    ("CML", "6419D007AC0DAC0D", None),  # exactly one current
    ("CML", "6419D007AC0D0000", None),  # the lowest left at raw zero
    ("CML", "6419D007AC0D", None),  # 2011 has no lowest
    ("CML", "D0076419AC0DA00F", Implausible.VOLTAGES_CROSSED),
    ("CML", "0000000000000000", Implausible.ALL_ZERO),
    ("CML", "000000000000", Implausible.ALL_ZERO),
    ("BCP", "9E01B80B4E008E176ECA032413", None),
    ("BCP", "9E01B80B4E0024136ECA038E17", Implausible.ABOVE_OWN_LIMIT),  # 603.0 V of at most 490.0 V
    ("BCP", "9E01B80B4E0024136ECA032413", None),  # exactly full
    ("BCS", "000000000000640000", Implausible.RAW_ZERO_CURRENT),
    ("BCS", "2F0300005911542C01", Implausible.RAW_ZERO_CURRENT),
    ("BCS", "2F0301005911542C01", None),  # -399.9 A
    ("BCS", "2F03A00F5911542C01", None),
    ("CCS", "000000000000", Implausible.RAW_ZERO_CURRENT),
    ("CCS", "00000000000000", Implausible.RAW_ZERO_CURRENT),
    ("CCS", "B80B00000000FD", None),  # 300.0 V and really -400 A
    ("CCS", "0000A00F0000FC", None),
    ("BSM", "343606350F00D0", None),
    ("BSM", "343506350F00D0", None),
    ("BSM", "343406350F00D0", Implausible.TEMPERATURES_CROSSED),
    ("BMT", "0A0A0A090909090909", Implausible.TOO_COLD),
    ("BMT", "4545450AFFFFFFFFFF", Implausible.TOO_COLD),  # one is enough
    ("BMT", "0B4545FFFFFFFFFFFF", None),  # -39 °C; slots without a sensor
    ("BSP", "00" * 16, None),
    ("BSP", "00" * 17, Implausible.TOO_LONG),
    ("BSD", "50640164014B4C", None),
    ("BSD", "50650164014B4C", Implausible.CELLS_CROSSED),
    ("BSD", "50640164014C4B", Implausible.TEMPERATURES_CROSSED),
]


def heard(name: str, payload: str) -> Heard:
    entry = BY_NAME[name]
    frames = [f"{entry.identifier:08X}#{payload}"] if len(payload) <= 16 else transfer(entry.pgn, payload)
    listener = Listener()
    (found,) = [one for raw in frames for one in listener.hear(*frame(raw)) if isinstance(one, Heard)]
    return found


@pytest.mark.parametrize(("name", "payload", "odd"), CASES)
def test_contradictions_are_found(name: str, payload: str, odd: Implausible | None) -> None:
    found = heard(name, payload)
    assert implausible(found.message) == (() if odd is None else (odd,))
    assert [one for one in found.oddities if isinstance(one, Implausible)] == ([] if odd is None else [odd])
    if odd is not None:
        assert found.conforming is (odd in ADVISORY)


def test_every_contradiction_has_a_case() -> None:
    assert {odd for _, _, odd in CASES} == {*Implausible, None}


def test_every_contradiction_says_so_in_both_languages() -> None:
    for odd in Implausible:
        assert odd.text.isascii() or "°" in odd.text
        assert not odd.chinese.isascii()


def test_every_judged_layout_belongs_to_a_message() -> None:
    assert JUDGES.keys() <= {entry.layout(edition) for entry in BY_NAME.values() for edition in Edition}


def test_what_nobody_judges_is_plausible() -> None:
    unjudged = [entry.layout(Edition.OF_2015) for entry in BY_NAME.values()]
    for cls in set(unjudged) - JUDGES.keys():
        message: Message = cls.decode(bytes(49))
        assert implausible(message) == ()


@pytest.mark.parametrize(
    "row", [row for row in VECTORS if row["message"] in BY_NAME and row["conforming"]], ids=lambda row: row["id"]
)
def test_real_messages_that_conform_are_plausible(row: dict[str, Any]) -> None:
    cls = BY_NAME[row["message"]].layout(Edition(row["edition"]))
    assert set(implausible(cls.decode(bytes.fromhex(row["payload"])))) <= set(ADVISORY)
