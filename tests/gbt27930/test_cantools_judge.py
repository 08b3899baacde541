"""cantools, with a DBC written from the standard's tables, says the same as our declarations, both ways.

The DBC knows a field by its place, factor, offset and range; the signals have the names of our attributes, so that a
label on the wrong bits shows. Values are compared as integers in our units.
"""

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gbt27930.bus import VECTORS
from tests.gbt27930.database import DATABASE, OF_2011, OPEN_ENDED, judged_by

from chargelink.gbt27930.catalogue import BY_NAME, MESSAGES, Edition
from chargelink.gbt27930.charging import BMT, BMV, Cell
from chargelink.wire import Message

UNITS = {"V": 1000, "A": 1000, "kWh": 1_000_000, "Ah": 1000, "degC": 10, "%": 10, "min": 1, None: 1}
CELLS, SENSORS = 5, 9  # of the pack for which the DBC lays out BMV and BMT

Fields = dict[str, Any]


def signals(judge: Any) -> list[Any]:
    return sorted(judge.signals, key=lambda signal: signal.start)


def declared(judge: Any) -> type[Message]:
    """Our class for a message of the DBC."""
    name = judge.name.removesuffix(OF_2011)
    return BY_NAME[name].layout(Edition.OF_2011 if judge.name.endswith(OF_2011) else Edition.OF_2015)


def raw_of(signal: Any, physical: float) -> int:
    steps = physical - signal.offset
    return int(steps) if signal.scale == 1 else round(steps / signal.scale)  # a VIN is no float


def value_of(signal: Any, physical: float) -> Any:
    """What we call a physical value of the judge."""
    raw = raw_of(signal, physical)
    if signal.unit in ("raw", "text"):
        octets = raw.to_bytes(signal.length // 8, "little")
        return octets if signal.unit == "raw" else octets.decode("latin-1")
    return int(f"{raw:x}") if signal.unit == "BCD" else round(physical * UNITS[signal.unit])


def ours(judge: Any, physical: Fields) -> Message:
    """Our message that says what the judge's values say."""
    values = {signal.name: value_of(signal, physical[signal.name]) for signal in signals(judge)}
    if judge.name == "BMV":
        return BMV(tuple(Cell(values[f"cell_{n}_voltage"], values[f"cell_{n}_group"]) for n in range(1, CELLS + 1)))
    if judge.name == "BMT":
        return BMT(tuple(values[f"sensor_{n}"] for n in range(1, SENSORS + 1)))
    return declared(judge)(**values)


def flat(message: Message) -> Fields:
    """Our values by the judge's names."""
    if isinstance(message, BMV):
        cells = list(enumerate(message.cells, 1))
        return {f"cell_{n}_voltage": cell.voltage for n, cell in cells} | {
            f"cell_{n}_group": cell.group for n, cell in cells
        }
    if isinstance(message, BMT):
        return {f"sensor_{n}": value for n, value in enumerate(message.temperatures, 1)}
    return {name: getattr(message, name) for name in message.__struct_fields__ if name != "flaws"}


@cache
def sensible(judge: Any) -> st.SearchStrategy[Fields]:
    """Physical values that the standard allows; all ones, which may mean "not available", are left to the vectors."""
    return st.fixed_dictionaries({signal.name: sensible_value(signal) for signal in signals(judge)})


def sensible_value(signal: Any) -> st.SearchStrategy[float]:
    if signal.choices:
        raws: st.SearchStrategy[int] = st.sampled_from(sorted(signal.choices))
    else:
        ones = (1 << signal.length) - 1
        highest = raw_of(signal, signal.maximum)
        raws = st.integers(raw_of(signal, signal.minimum), highest - (highest == ones and signal.length >= 8))
        if signal.unit == "BCD":
            raws = raws.filter(lambda raw: f"{raw:x}".isdecimal())
    return raws.map(lambda raw: raw * signal.scale + signal.offset)


@pytest.mark.parametrize("judge", DATABASE.messages, ids=lambda judge: judge.name)
def test_our_bytes_and_the_judges_are_the_same(judge: Any) -> None:
    @settings(max_examples=60)
    @given(sensible(judge))
    def same(physical: Fields) -> None:
        message = ours(judge, physical)
        written = message.encode(None if judge.name in OPEN_ENDED else judge.length)
        judged = bytes(judge.encode(physical, scaling=True, padding=True, strict=False))
        assert written == judged
        assert type(message).decode(judged) == message
        assert judge.decode(written, decode_choices=False) == pytest.approx(physical)

    same()


def windows(judge: Any, payload: bytes) -> list[bytes]:
    """The payload in pieces of the judge's length: the first and the last of a large pack, else all of it."""
    return (
        [payload[: judge.length], payload[-judge.length :]] if judge.name in OPEN_ENDED else [payload[: judge.length]]
    )


@pytest.mark.parametrize(
    "row", [row for row in VECTORS if row["message"] in BY_NAME], ids=lambda row: f"{row['id']}-{row['message']}"
)
def test_the_judge_reads_real_messages_as_we_do(row: dict[str, Any]) -> None:
    judge = judged_by(row)
    for payload in windows(judge, bytes.fromhex(row["payload"])):
        physical = judge.decode(payload, decode_choices=False)
        message = declared(judge).decode(payload)
        absent = {flaw.field for flaw in message.flaws}
        for signal in signals(judge):
            value, raw = flat(message)[signal.name], raw_of(signal, physical[signal.name])
            if value is None:
                assert raw == (1 << signal.length) - 1 or signal.name in absent
            else:
                assert value == value_of(signal, physical[signal.name]), signal.name


def test_the_judge_knows_every_message() -> None:
    names = {judge.name for judge in DATABASE.messages}
    assert {name.removesuffix(OF_2011) for name in names} == set(BY_NAME)
    assert {entry.name for entry in MESSAGES if entry.of_2011 not in (None, entry.of_2015)} <= {
        name.removesuffix(OF_2011) for name in names if name.endswith(OF_2011)
    }


@pytest.mark.parametrize("judge", [m for m in DATABASE.messages if not m.name.endswith(OF_2011)], ids=lambda m: m.name)
def test_the_judge_agrees_about_identifier_length_and_sender(judge: Any) -> None:
    entry = BY_NAME[judge.name]
    assert judge.frame_id == entry.identifier
    assert judge.name in OPEN_ENDED or judge.length == entry.lengths_2015[0]
    assert [sender.upper() for sender in judge.senders] == [entry.sender.name]
