"""`chargelink decode ls1` as people and programs meet it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.lora_socket.worked import BODIES, EVENT, STATUS, session

from chargelink.cli.language import Language, speak
from chargelink.cli.main import main
from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.codes import BeaconFlags, SettleFlags, StartFlags, StatusFlags
from chargelink.lora_socket.commands import OPERATIONS, UnknownOperation, operation_name
from chargelink.lora_socket.kinds import RULES, Kind
from chargelink.lora_socket.messages import KeyUpdate
from chargelink.lora_socket.session import Role
from chargelink.trace.ls1.chinese import CHINESE, FLAGS_CHINESE, OPERATIONS_CHINESE
from chargelink.trace.ls1.words import REASONS, WHY, fields, flag_names, flaw_note, words
from chargelink.wire import Flaw, Message, Why
from chargelink.wire.layout import layout

KEY_FILE = """
master = "000102030405060708090a0b0c0d0e0f"
[[site]]
net = 0x2A51
group_key = "ffeeddccbbaa99887766554433221100"
[[socket]]
eui = "a84041f4b1c2d3e4"
net = 0x2A51
address = 0x0011
dev_nonce = 7
join_nonce = 0xC35A
"""
SECRETS = ("000102030405", "ffeeddccbbaa", "6ebd0959", "5e2d5ef2", "a8038495")


def frame(body: Any, counter: int, role: Role = Role.SOCKET) -> str:
    sender = session(role, reserved=counter)
    sender.send(body, now=0.0)
    return sender.data_to_send()[0].hex()


RECORDING = [
    "# a night at the site",
    "12:00:01.5 " + frame(BODIES[Kind.POLL], 70_001, Role.EDGE),
    frame(STATUS, 313),
    frame(BODIES[Kind.CMD], 70_002, Role.EDGE),
    frame(EVENT, 315),
    "",
    '{"rxpk":[{"size":14,"data":"4GBRKhEAcRFAwE8zh5o="}]}',
    "hello",
    "e0 40 51 2a",
    '{"rxpk":[{"data":"*"}]}',
    "{",
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    (tmp_path / "packets.log").write_text("\n".join(RECORDING))
    (tmp_path / "keys.toml").write_text(KEY_FILE)
    return tmp_path


def decoded(capfd: pytest.CaptureFixture[str], *line: str) -> list[dict[str, Any]]:
    assert main(["decode", "ls1", "--json", *line]) in (0, 1)
    return [json.loads(row) for row in capfd.readouterr().out.splitlines()]


def test_json(recording: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = decoded(capfd, "--key-file", str(recording / "keys.toml"), str(recording / "packets.log"))
    assert [row["message"] for row in rows] == ["POLL", "STATUS", "CMD", "EVENT", "POLL", *["unreadable"] * 4]
    assert [row["conforming"] for row in rows] == [True] * 4 + [False] * 5
    poll, status, command, event, again, *_ = rows
    assert (poll["time"], poll["direction"], poll["counter"]) == (43_201.5, "down", 70_001)
    assert status["fields"]["voltage_V"] == 221.4
    assert status["fields"]["outlet_a"]["power_W"] == 187.4
    assert status["fields"]["flags"] == ["mains", "time_synced", "usb1_on"]
    assert command["fields"]["operation"] == "START"
    assert command["fields"]["most_energy_kWh"] == 1.5
    assert event["fields"]["severity"] == "trip"
    assert again["notes"] == ["counter used before: replayed, or heard twice"]


def test_without_keys_the_headers_are_told(recording: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = decoded(capfd, str(recording / "packets.log"))
    assert all(row["conforming"] and not row["opened"] for row in rows[:5])
    assert rows[0]["notes"] == ["no key: only the header can be read"]
    assert (rows[0]["net"], rows[0]["address"], rows[0]["counter16"]) == ("2A51", "0011", 4465)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_listing(recording: Path, capfd: pytest.CaptureFixture[str], language: str) -> None:
    keys, packets = str(recording / "keys.toml"), str(recording / "packets.log")
    assert main(["--lang", language, "decode", "ls1", "--key-file", keys, packets]) == 1
    speak(Language.ENGLISH)
    out, err = capfd.readouterr()
    assert "221.4 V" in out
    assert ("charging" if language == "en" else "充电中") in out
    assert ("board over-temperature" if language == "en" else "主板过温") in out
    assert not any(secret in out + err for secret in SECRETS)
    assert len(out.splitlines()) == 9


def test_a_clean_recording_ends_with_zero(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "packets.log").write_text(frame(STATUS, 313) + "\n")
    assert main(["decode", "ls1", str(tmp_path / "packets.log")]) == 0
    assert "STATUS" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "no valid TOML"),
        ('mister = "00"', "unknown key or wrong type"),
        ("[[socket]]\nup = 5\n", "$.socket[0].up"),
        ('master = "000102030405060708090a0b0c0d0eZZ"', "master: 32 hexadecimal digits"),
        ('[[site]]\nnet = 1\ngroup_key = "ffeeddccbbaa"', "site[0].group_key: 32 hexadecimal digits"),
        ('[[socket]]\neui = "a8"', "socket[0].eui: 16 hexadecimal digits"),
        ("[[socket]]\nnet = 1\naddress = 1", "socket[0]: give eui"),
        (KEY_FILE.replace("0xC35A", "0x1000000"), "a number out of range"),
    ],
)
def test_a_wrong_key_file_is_told_by_place_never_by_value(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "keys.toml").write_text(text)
    assert main(["decode", "ls1", "--key-file", str(tmp_path / "keys.toml"), str(tmp_path / "keys.toml")]) == 2
    err = capfd.readouterr().err
    assert said in err
    assert not any(secret in err for secret in SECRETS)
    assert "Traceback" not in err


def test_a_missing_key_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "ls1", "--key-file", str(tmp_path / "none.toml"), "-"]) == 2
    assert "cannot open the key file" in capfd.readouterr().err


def test_the_time_before_the_json_of_a_forwarder_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [f'12:00:01.5 up: {{"rxpk":[{{"size":14,"data":"{data}"}}]}}' for data in ("4GBRKhEAcRFAwE8zh5o=", "")]
    (tmp_path / "packets.log").write_text("\n".join(lines))
    assert [row["time"] for row in decoded(capfd, str(tmp_path / "packets.log"))] == [43_201.5, 43_201.5]


def test_session_keys_may_be_given_as_they_are(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "keys.toml").write_text(
        "[[socket]]\nnet = 0x2A51\naddress = 0x11\njoin_nonce = 0xC35A\n"
        'up = "6ebd0959b33f5699a11a4a963f5b5a39"\ndown = "5e2d5ef222bb1f0944c8b987caafaa56"\n'
    )
    (tmp_path / "packets.log").write_text(frame(STATUS, 313))
    (row,) = decoded(capfd, "--key-file", str(tmp_path / "keys.toml"), str(tmp_path / "packets.log"))
    assert row["opened"]


@pytest.mark.parametrize(
    ("kind", "english", "chinese"),
    [
        (Kind.STATUS, "last downlink -87 dBm", "上次下行信号 -87 dBm"),
        (Kind.SETTLE, "started 2026-", "开始时间 2026-"),
        (Kind.CMD, "START socket, id 258", "启动充电 插座，编号 258"),
    ],
)
def test_what_people_want_to_know(kind: Kind, english: str, chinese: str) -> None:
    assert english in words(BODIES[kind])
    speak(Language.CHINESE)
    said = words(BODIES[kind])
    speak(Language.ENGLISH)
    assert chinese in said


def test_a_flaw_names_the_field_in_both_languages() -> None:
    note = flaw_note(Flaw("state", 32, Why.UNKNOWN_CODE))
    assert note.english == "state has an unknown code (raw 32)"
    assert note.chinese == "状态 的取值未定义（原始值 32）"


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_every_message_has_fields_and_words(kind: Kind) -> None:
    body = BODIES[kind]
    shown = fields(body)
    json.dumps(shown)
    for language in Language:
        speak(language)
        said = words(body)
        assert said or kind is Kind.ACK
        if isinstance(body, KeyUpdate):
            assert body.key.hex() not in said
            assert body.key.hex() not in json.dumps(shown)
    speak(Language.ENGLISH)


def test_every_name_is_known_in_chinese() -> None:
    named = {
        field.name
        for rule in RULES
        if issubclass(rule.body, Message)
        for field in layout(rule.body).fields
        if field.name not in ("flags", "key")
    }
    assert named <= set(CHINESE)
    operations: list[type[Message]] = [*OPERATIONS.values(), UnknownOperation]
    assert set(map(operation_name, operations)) == set(OPERATIONS_CHINESE)
    flags = [flag for kind in (StatusFlags, BeaconFlags, StartFlags, SettleFlags) for flag in kind]
    assert {flag.name.lower() for flag in flags if flag.name} == set(FLAGS_CHINESE)
    assert set(REASONS) == set(Reason)
    assert set(WHY) == set(Why)
    assert flag_names(BeaconFlags, 0x81) == ["emergency_off", "0x80"]
