"""Frames explained: requests' bodies, replies, refusals, both editions; nothing makes it fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645 import Edition, ErrorWord, Frame, explain
from chargelink.dlt645.bodies import (
    Address,
    BaudFeature,
    BroadcastTime,
    ClearEvents,
    Credentials,
    Freeze,
    Password,
    Relay,
    Security,
    SetPassword,
    TerminalSignal,
    Write,
    Write1997,
)
from chargelink.dlt645.control import AnyError, ErrorWord1997, RelayAccepted, RelayError, SecurityError
from chargelink.dlt645.message import Body
from chargelink.dlt645.refusal import WORDS, Acceptance, Refusal, error_bytes, error_words
from chargelink.wire import DecodeError, EncodeError

OPERATOR = Credentials("02", "ccbeac", "12345678")
BODIES = [
    (OPERATOR, "02 AC BE CC 78 56 34 12"),
    (Write(OPERATOR, b"\xaa\x00"), "02 AC BE CC 78 56 34 12 AA 00"),
    (Write1997("02", "ccbeac", b"\x01"), "02 AC BE CC 01"),
    (
        Relay(OPERATOR, 0x1A, "2099-12-31 23:59:59", wait=1),
        "02 AC BE CC 78 56 34 12 1A 01 59 59 23 31 12 99",
    ),
    (BroadcastTime("2022-03-17 14:07:47"), "47 07 14 17 03 22"),
    (Freeze(), "99 99 99 99"),
    (Freeze("99-99 23:30"), "30 23 99 99"),
    (BaudFeature(0x04), "04"),
    (ClearEvents(OPERATOR), "02 AC BE CC 78 56 34 12 FF FF FF FF"),
    (ClearEvents(OPERATOR, "033000FF"), "02 AC BE CC 78 56 34 12 FF 00 30 03"),
    (TerminalSignal(0x01), "01"),
    (Address("123456789012"), "12 90 78 56 34 12"),
    (Password("04", "123456"), "04 56 34 12"),
    (SetPassword(Password("02", "ccbeac"), Password("04", "123456")), "02 AC BE CC 04 56 34 12"),
    (Security("12345678", b"\x01\x02"), "78 56 34 12 01 02"),
]


@pytest.mark.parametrize(("body", "data"), BODIES, ids=lambda value: type(value).__name__)
def test_a_body_both_ways(body: Any, data: str) -> None:
    assert body.encode() == bytes.fromhex(data)
    assert type(body).decode(bytes.fromhex(data)) == body


@given(st.sampled_from([*{type(body) for body, _ in BODIES}, Refusal, Acceptance]), st.binary(max_size=20))
def test_any_data_is_a_body_or_raises_the_documented_error(kind: Any, data: bytes) -> None:
    try:
        body: Body = kind.decode(data)
    except DecodeError:
        return
    assert body.presented


@pytest.mark.parametrize(
    "body",
    [
        Credentials("2"),
        Credentials(password="12345"),
        Credentials(operator="xx345678"),
        Relay(Credentials(), 0x1A, "soon"),
        Relay(Credentials(), 0x11A, "2099-12-31 23:59:59"),
        BroadcastTime("14:07:47"),
        BaudFeature(0x06),
        ClearEvents(Credentials(), "0330"),
        TerminalSignal(0x03),
        Address("AAAAAAAAAAAA"),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_not_built(body: Any) -> None:
    with pytest.raises(EncodeError):
        body.encode()


@pytest.mark.parametrize(
    ("control", "data", "edition", "identifier", "values"),
    [
        (0x11, "00 00 01 00", "2007", "00010000", {}),
        (0x11, "00 00 00 06 03", "2007", "06000000", {"blocks": 3}),
        (
            0x11,
            "01 00 00 06 03 45 13 20 05 24",
            "2007",
            "06000001",
            {"blocks": 3, "from": "2024-05-20 13:45"},
        ),
        (0x11, "", "2007", None, {}),
        (0x11, "00", "2007", None, {"raw": "00"}),
        (0x12, "01 02 30 03 01", "2007", "03300201", {"sequence": 1}),
        (0xB1, "00 01 01 02 19 23", "2007", "02010100", {"voltage_a": {"value": "231.9", "unit": "V"}}),
        (0x92, "00 00 01 00 26 00 02", "2007", "00010000", {"raw": "26 00", "sequence": 2}),
        (0x91, "09 01 AA BC 01", "2007", "BCAA0109", {"raw": "01"}),
        (0x94, "", "2007", None, {}),
        (0x97, "08", "2007", None, {"baud_feature": {"value": "08", "baud": 2400}}),
        (0x16, "99 99 99 99", "2007", None, {"freeze": {"value": "99-99 99:99"}}),
        (0x1A, "02 00 00 00 00 00 00 00", "2007", None, {"PA": "02", "password": "000000", "operator": "00000000"}),
        (0x1C, "02", "2007", None, {"raw": "02"}),
        (0x1F, "01 02", "2007", None, {"raw": "01 02"}),
        (0x03, "FF 00 00 07 01", "2007", "070000FF", {"raw": "01"}),
        (
            0x1B,
            "02 00 00 00 00 00 00 00 FF 00 30 03",
            "2007",
            None,
            {"PA": "02", "password": "000000", "operator": "00000000", "identifier": "033000FF"},
        ),
        (
            0x03,
            "FF 00 00 07 78 56 34 12 AA",
            "2007",
            "070000FF",
            {"operator": "12345678", "raw": "AA"},
        ),
        (0x83, "FF 00 00 07 78 56 34 12 AA", "2007", "070000FF", {"raw": "78 56 34 12 AA"}),
        (
            0x18,
            "03 0C 00 04 02 AC BE CC 02 56 34 12",
            "2007",
            "04000C03",
            {"old_PA": "02", "old_password": "ccbeac", "PA": "02", "password": "123456"},
        ),
        (0x98, "02 56 34 12", "2007", None, {"PA": "02", "password": "123456"}),
        (0x9C, "04 00", "2007", None, {"accepted": ["trips now"]}),
        (0x9C, "", "2007", None, {}),
        (0x1D, "02", "2007", None, {"terminal": "02", "signal": "slot switch"}),
        (0x9D, "00", "2007", None, {"terminal": "00", "signal": "clock seconds"}),
        (0xC3, "08 00", "2007", None, {"error_word": "0008", "errors": ["authentication failed"]}),
        (0xDC, "24 00", "2007", None, {"error_word": "0024", "errors": ["password error", "power is kept: no trip"]}),
        (0xDC, "04", "2007", None, {"error_word": "04", "errors": ["password error/not authorised"]}),
        (0xDA, "04 00", "2007", None, {"error_word": "04", "raw": "04 00"}),
        (0xD1, "02", "2007", None, {"error_word": "02", "errors": ["no requested data"]}),
        (0xD1, "", "2007", None, {}),
        (0x01, "10 90", "1997", "9010", {}),
        (0x03, "", "1997", None, {}),
        (0x81, "1F 90 26 00 00 00", "1997", "901F", {"forward_active_energy": {"value": "0.26", "unit": "kWh"}}),
        (0x04, "32 C0 02 00 00 00 01", "1997", "C032", {"PA": "02", "password": "000000", "data": "01"}),
        (0x0A, "12 90 78 56 34 12", "1997", None, {"new_address": {"value": "123456789012"}}),
        (0xC1, "02", "1997", None, {"error_word": "02", "errors": ["wrong identifier"]}),
        (
            0x0F,
            "02 AC BE CC 02 56 34 12",
            "1997",
            None,
            {"old_PA": "02", "old_password": "ccbeac", "PA": "02", "password": "123456"},
        ),
        (0x8F, "02 56 34 12", "1997", None, {"PA": "02", "password": "123456"}),
        (0x0C, "20", "1997", None, {"raw": "20"}),
        (0x10, "", "1997", None, {}),
        (0x05, "01", "1997-vendor", None, {"raw": "01"}),
    ],
)
def test_a_frame_explained(control: int, data: str, edition: str, identifier: str | None, values: object) -> None:
    message = explain(Frame("000000000161", control, bytes.fromhex(data)))
    assert (message.edition, message.identifier, message.values) == (edition, identifier, values)


@given(st.integers(0, 255), st.binary(max_size=60))
def test_anything_is_explained(control: int, data: bytes) -> None:
    message = explain(Frame("000000000161", control, data))
    assert message.edition in Edition
    assert message.words.english
    assert all(flaw.english and flaw.chinese for flaw in message.flaws)


@pytest.mark.parametrize(("function", "kind"), [(0x03, SecurityError), (0x1C, RelayError), (0x14, ErrorWord)])
@given(data=st.binary(min_size=1, max_size=4))
def test_any_bytes_are_a_refusal(function: int, kind: type[AnyError], data: bytes) -> None:
    refusal = Refusal.decode(data, function)
    assert refusal.raw == data
    if len(data) == 2 and kind is not ErrorWord:
        assert isinstance(refusal.error, kind)
        assert error_bytes(refusal.error) == data
        assert int(str(refusal.presented["error_word"]), 16) == int.from_bytes(data, "little")
    else:
        assert isinstance(refusal.error, ErrorWord)
        assert error_bytes(refusal.error) == data[:1]


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_every_bit_of_an_error_word_has_words(kind: type[AnyError]) -> None:
    assert set(WORDS[kind]) == set(kind)
    for bit in kind:
        (words,) = error_words(bit)
        assert words.english
        assert words.chinese


def test_what_a_relay_command_was_accepted_as() -> None:
    acceptance = Acceptance.decode(b"\x10\x01")
    assert acceptance.accepted == RelayAccepted.TRIP_WITH_RETURN | RelayAccepted.KEEP_POWER
    assert [words.chinese for words in acceptance.words] == ["自动恢复跳闸", "保电"]


@pytest.mark.parametrize(
    ("control", "data", "english", "chinese"),
    [
        (0x03, "FF 00 00 07 01", "security", "安全认证"),
        (0x83, "FF 00 00 07 01", "security", "安全认证"),
        (0xC3, "04 00", "security", "安全认证"),
        (0x03, "10 90", "read again", "重读数据"),
        (0x08, "47 07 14 17 03 22", "broadcast time", "广播校时"),
        (0x1F, "", "function 1F", "功能码 1F"),
    ],
)
def test_a_control_code_in_words(control: int, data: str, english: str, chinese: str) -> None:
    """03 is two functions: security in 2007, reading again in 1997."""
    message = explain(Frame("000000000161", control, bytes.fromhex(data)))
    assert message.words == (english, chinese)


def test_a_refusal_names_its_bits() -> None:
    refusal = Refusal.decode(b"\x06")
    assert refusal.error == ErrorWord.NO_REQUESTED_DATA | ErrorWord.NOT_AUTHORISED
    assert [words.chinese for words in refusal.words] == ["无请求数据", "密码错/未授权"]
    old = Refusal.decode(b"\x06", 0x01, Edition.DLT645_1997)
    assert old.error == ErrorWord1997.WRONG_IDENTIFIER | ErrorWord1997.WRONG_PASSWORD
    assert [words.english for words in old.words] == ["wrong identifier", "password error"]
