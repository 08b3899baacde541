"""Every message can be said in both languages, whatever its bytes."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargelink.cli.language import Language, speak
from chargelink.gbt27930.catalogue import MESSAGES, Edition, by_class
from chargelink.gbt27930.handshake import BRM, CHM
from chargelink.gbt27930.listener import Listener
from chargelink.gbt27930.transport import Trouble
from chargelink.gbt27930.transport.frames import CONNECTION
from chargelink.trace.gbt27930.fields import json_fields, version
from chargelink.trace.gbt27930.names import CHINESE, ENGLISH, name_of
from chargelink.trace.gbt27930.reports import FLAW, reported
from chargelink.trace.gbt27930.words import controlled, spoken_name, words
from chargelink.wire import DecodeError, Message, Why
from chargelink.wire.layout import layout

CLASSES = sorted(by_class(), key=lambda cls: cls.__name__)
FIELDS = {field.name for cls in CLASSES for field in (*layout(cls).fields, layout(cls).rest) if field}
ELEMENTS = {"voltage", "group"}  # of a cell in BMV


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak(Language.ENGLISH)


def test_every_field_has_a_chinese_name_and_no_name_is_left_over() -> None:
    assert CHINESE.keys() == FIELDS | ELEMENTS
    assert ENGLISH.keys() <= FIELDS
    assert not any(name.isascii() for name in CHINESE.values())


def test_names_follow_the_language() -> None:
    assert (name_of("soc"), name_of("measured_voltage")) == ("SOC", "measured voltage")
    speak(Language.CHINESE)
    assert (name_of("soc"), name_of("measured_voltage")) == ("荷电状态 SOC", "充电电压测量值")


def test_every_flaw_and_trouble_has_words() -> None:
    assert FLAW.keys() == set(Why)
    assert all(trouble.text.isascii() and not trouble.chinese.isascii() for trouble in Trouble)


@pytest.mark.parametrize(
    ("message", "shown_name", "spoken"),
    [
        ("BCS", "measured_voltage_V", "measured voltage"),
        ("BEM", "SPN3905_CCS_timeout", "no CCS in time"),
        ("BMT", "temperatures_C[3]", "temperatures[3]"),
        ("BMV", "cells[99].voltage_V", "cells[99].voltage_V"),
        ("BCS", "nonsense", "nonsense"),
    ],
)
def test_a_flaw_is_told_by_the_spoken_name(message: str, shown_name: str, spoken: str) -> None:
    cls = next(cls for cls in CLASSES if cls.__name__ == message)
    assert spoken_name(cls, shown_name) == spoken


@pytest.mark.parametrize("raw", ["000100", "010100", "000002", "ABCDEF"])
def test_versions(raw: str) -> None:
    names = {"000100": "V1.0", "010100": "V1.1", "000002": "V2.0.0", "ABCDEF": "abcdef"}
    assert version(bytes.fromhex(raw)) == names[raw]
    assert words(CHM.decode(bytes.fromhex(raw))) == names[raw]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_any_message_has_words_and_json(cls: type[Message], language: Language) -> None:
    speak(language)

    @settings(max_examples=30)
    @given(st.binary(max_size=60))
    def said(data: bytes) -> None:
        try:
            message = cls.decode(data)
        except DecodeError:
            return
        assert words(message) or not data
        json.dumps(json_fields(cls)(message), allow_nan=False)

    said()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("control", sorted(CONNECTION))
def test_any_control_frame_has_words(control: int, language: Language) -> None:
    speak(language)
    names: set[str] = set()
    for entry in MESSAGES:
        frame = CONNECTION[control].decode(bytes((control, 9, 0, 2, 0xFF, *entry.pgn.to_bytes(3, "little"))))
        assert entry.name in controlled(frame)
        names.add(controlled(frame))
    assert len(names) == len(MESSAGES)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from([entry.identifier for entry in MESSAGES]), st.binary(max_size=8)), max_size=20),
    st.sampled_from([None, *Edition]),
)
def test_any_frame_is_reported_alike_to_people_and_programs(
    frames: list[tuple[int, bytes]], edition: Edition | None
) -> None:
    listener = Listener(edition)
    for identifier, data in frames:
        for hearing in listener.hear(identifier, data):
            report = reported(1.5, "can0", hearing, listener, True)
            assert report is not None
            found, line = json.loads(report.json()), report.line()
            assert (found["time"], found["direction"], found["message"]) == (line.time, line.direction, line.message)
            assert len(found["notes"]) == len(line.notes)
            assert found["conforming"] is report.conforming


def test_a_vehicle_is_not_identified_in_a_listing() -> None:
    payload = bytes.fromhex("010100036400E803") + bytes(16) + b"LDEMO0000DEMO0001"
    assert "LDEMO0000DE******" in words(BRM.decode(payload))
    assert "MO0001" not in words(BRM.decode(payload))
