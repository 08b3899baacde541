"""The tables themselves: types, codes, operations, parameters; and the bodies that are no plain layout."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lora_socket.worked import BODIES, COMMAND

from chargelink.lora_socket import codes
from chargelink.lora_socket.commands import (
    OPERATIONS,
    ClearFault,
    Command,
    Locate,
    Lock,
    Stop,
    UnknownOperation,
    expiry_after,
    operation_name,
)
from chargelink.lora_socket.firmware import FirmwareData
from chargelink.lora_socket.kinds import RULE, RULES, Kind, Rule, Seal
from chargelink.lora_socket.messages import Acknowledgement, Event
from chargelink.lora_socket.parameters import (
    BY_TAG,
    PARAMETERS,
    Parameter,
    ParameterReport,
    ParameterSet,
    Setting,
    judge,
)
from chargelink.lora_socket.settings import read_settings, write_settings
from chargelink.wire import Coded, DecodeError, EncodeError, Why

ENUMERATIONS = [
    value
    for value in vars(codes).values()
    if isinstance(value, type) and issubclass(value, Coded) and value is not Coded
]


def test_every_type_has_one_rule_and_an_example() -> None:
    assert [rule.kind for rule in RULES] == sorted(Kind)
    assert set(BODIES) == set(Kind)
    assert len({rule.body for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind.name)
def test_rules(rule: Rule) -> None:
    assert type(BODIES[rule.kind]) is rule.body
    if rule.kind is not Kind.JOIN_ACC:
        assert rule.down == (rule.kind >= 0x40)
    costly = {Kind.EVENT, Kind.SETTLE, Kind.ACK, Kind.CMD, Kind.PARAM_SET, Kind.PARAM_GET, Kind.PARAM_RPT}
    costly |= {
        Kind.JOIN_REQ,
        Kind.JOIN_ACC,
        Kind.KEY_UPDATE,
        Kind.CHAN,
        Kind.NETWORK_TIME,
        Kind.OTA_SETUP,
        Kind.OTA_APPLY,
    }
    assert rule.long_tag == (rule.kind in costly)
    assert (rule.seal in (Seal.GROUP, Seal.EITHER)) == (rule.kind in (Kind.BEACON, Kind.OTA_DATA))
    body = BODIES[rule.kind]
    assert rule.body.decode(body.encode()) == body
    assert not body.flaws


def test_what_acknowledges_downwards_has_the_long_tag() -> None:
    assert RULE[Kind.POLL].tag_length(acknowledges=False) == 4
    assert RULE[Kind.POLL].tag_length(acknowledges=True) == 8
    assert RULE[Kind.CMD_RES].tag_length(acknowledges=True) == 4


@pytest.mark.parametrize("enumeration", ENUMERATIONS, ids=lambda enumeration: enumeration.__name__)
def test_codes_speak_both_languages(enumeration: type[Coded]) -> None:
    assert len({code.text for code in enumeration}) == len(enumeration)
    assert all(code.text and code.chinese for code in enumeration)


def test_every_event_of_the_list_is_there() -> None:
    assert [code.value for code in codes.EventCode] == list(range(0x01, 0x1F))
    assert (codes.EventCode.BATTERY_LOW, codes.EventCode.SENSOR_FAULT) == (0x1D, 0x1E)
    assert {reason.value for reason in codes.StopReason if reason < 0x40} < set(codes.EventCode)


def test_an_unknown_event_is_kept_and_marked() -> None:
    event = Event.decode(bytes.fromhex("0900ff20000001"))
    assert event.code == 0xFF
    assert [flaw.why for flaw in event.flaws] == [Why.UNKNOWN_CODE]


@pytest.mark.parametrize("number", OPERATIONS)
def test_operations(number: int) -> None:
    blank = {name: 1 for name in OPERATIONS[number].__struct_fields__ if name != "flaws"}
    steps = {"most_energy": 1000, "most_power": 1000, "full_threshold": 1000}
    operation = OPERATIONS[number](*(steps.get(name, value) for name, value in blank.items()))
    command = Command(7, 600, codes.Place.B, operation, number)
    assert command.encode()[4] == number
    assert Command.decode(command.encode()) == command
    assert operation_name(ClearFault) == "CLEAR_FAULT"


def test_sizes_of_commands() -> None:
    assert len(COMMAND.encode()) == 19
    assert len(Command(1, 1, 1, Stop(7)).encode()) == 10
    assert len(Command(1, 1, 1, Lock()).encode()) == 6


def test_an_operation_of_a_newer_edge_is_kept_and_marked() -> None:
    command = Command.decode(bytes.fromhex("0100020063010203"))
    assert command.operation == UnknownOperation(b"\x02\x03")
    assert [flaw.field for flaw in command.flaws] == ["operation"]
    assert command.encode() == bytes.fromhex("0100020063010203")


@pytest.mark.parametrize("body", ["", "0100020001", "01000200010000", "010002000701"[:10]])
def test_a_torn_command(body: str) -> None:
    with pytest.raises(DecodeError):
        Command.decode(bytes.fromhex(body))


def test_a_command_expires() -> None:
    now = 1_795_000_000
    command = Command(1, expiry_after(now, 30), codes.Place.A, Locate(5))
    assert command.remaining(now) == 30
    assert command.remaining(now + 29) == 1
    assert command.remaining(now + 30) is None
    assert command.remaining(now - 570) == 600
    assert command.remaining(now - 571) is None


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: f"{parameter.tag:02X}")
def test_parameters(parameter: Parameter) -> None:
    assert judge(Setting(parameter.tag, parameter.default)) is None
    assert parameter.name
    assert parameter.chinese
    for bound, beyond in ((parameter.high, Why.ABOVE), (parameter.low, Why.BELOW)):
        step = 1 if beyond is Why.ABOVE else -1
        value = bound if parameter.fields == 1 else (bound,) * parameter.fields
        far = bound + step if parameter.fields == 1 else (bound + step,) * parameter.fields
        written = write_settings((Setting(parameter.tag, value),))
        assert read_settings(written) == (Setting(parameter.tag, value),)
        with pytest.raises(EncodeError):
            write_settings((Setting(parameter.tag, far),))
        assert judge(Setting(parameter.tag, far)) is beyond


def test_parameter_tags() -> None:
    assert list(BY_TAG) == list(range(0x01, 0x15))


@pytest.mark.parametrize("torn", ["01", "0102", "010290", "0102900112", "20400000"])
def test_a_torn_list_is_refused_as_a_whole(torn: str) -> None:
    with pytest.raises(DecodeError, match="torn at byte"):
        ParameterSet.decode(bytes.fromhex(torn))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("010190", Why.TORN),
        ("01020100", Why.BELOW),
        ("0102ffff", Why.ABOVE),
        ("7f0101", Why.UNKNOWN_CODE),
        ("2000", Why.TORN),
    ],
)
def test_one_bad_parameter_marks_the_list(data: str, why: Why) -> None:
    whole = bytes.fromhex("04011e" + data)
    decoded = ParameterSet.decode(whole)
    assert [flaw.why for flaw in decoded.flaws] == [why]
    assert decoded.settings[0] == Setting(4, 30)
    assert ParameterSet.encode(decoded, checked=False) == whole


@given(st.binary(max_size=60))
def test_any_list_is_read_or_refused(data: bytes) -> None:
    for body in (ParameterSet, ParameterReport):
        try:
            decoded = body.decode(data)
        except DecodeError:
            continue
        assert decoded.encode(checked=False) == data


def test_settings_that_cannot_be_written() -> None:
    for setting in (Setting(0x01, (1, 2)), Setting(0x0C, 70), Setting(0x7F, 5), Setting(0x01, 70_000)):
        for checked in (True, False):
            with pytest.raises(EncodeError):
                write_settings((setting,), checked)


def test_an_image_signature_is_a_parameter() -> None:
    signature = Setting(0x20, bytes(range(64)))
    assert read_settings(write_settings((signature,))) == (signature,)


def test_bodies_of_varying_length() -> None:
    assert Acknowledgement.decode(b"") == Acknowledgement()
    assert Acknowledgement.decode(bytes(14)).flaws
    assert FirmwareData.decode(bytes.fromhex("ab42" + "00" * 5)) == FirmwareData(683, 1, bytes(5))
