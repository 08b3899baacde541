"""`chargelink decode gbt27930` as people and programs meet it: small recordings in, a listing or JSON out."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chargelink.cli.main import main
from chargelink.trace.gbt27930.command import MOST_CHANNELS

CHM = "1826F456#010100"
BCL = "181056F4#A510D80E02"
BCS = ["1CEC56F4#10090002FF001100", "1CECF456#110201FFFF001100", "1CEB56F4#01C90EA00F4C114D"]
BCS += ["1CEB56F4#020000FFFFFFFFFF", "1CECF456#13090002FF001100"]
BST = "101956F4#00000400"
FOREIGN = "0070F4B5#010203"
KEYS = ["time", "message", "direction", "fields", "conforming", "notes", "channel", "identifier"]


class Run(NamedTuple):
    code: int
    output: str
    summary: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]

    @property
    def rows(self) -> list[str]:
        return self.output.splitlines()


class Decode:
    """The command on a recording given as text, in this process."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self._file = folder / "recording.log"
        self._capture = capture

    def __call__(self, *arguments: str, text: str, language: str = "en") -> Run:
        self._file.write_text(text, "utf-8")
        code = main(["decode", "gbt27930", "--lang", language, *arguments, str(self._file)])
        output, summary = self._capture.readouterr()
        return Run(code, output.decode(), summary.decode())


@pytest.fixture
def decode(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Decode:
    return Decode(tmp_path, capsysbinary)


def lines(*frames: str) -> str:
    return "\n".join(frames) + "\n"


def test_one_object_a_line(decode: Decode) -> None:
    ran = decode("--json", text=f"(1703560121.247259) can0 {BCL}\n")
    assert ran.code == 0
    assert ran.summary == ""
    (found,) = ran.objects
    assert list(found) == KEYS
    assert found == {
        "time": 1703560121.247259,
        "message": "BCL",
        "direction": "BMS->charger",
        "fields": {"voltage_demand_V": 426.1, "current_demand_A": -20.0, "charge_mode": "CC"},
        "conforming": True,
        "notes": [],
        "channel": "can0",
        "identifier": "181056F4",
    }


def test_every_kind_of_report_has_the_same_keys(decode: Decode) -> None:
    short, standard, no_frame, torn = "181056F4#A510", "123#01", "hello", "1CEC56F4#10310007FF000200"
    ran = decode("--json", text=lines(CHM, *BCS, short, FOREIGN, standard, no_frame, torn))
    assert all(list(found) == KEYS for found in ran.objects)
    assert [(found["message"], found["conforming"]) for found in ran.objects] == [
        ("CHM", True),
        ("TP.CM_RTS", True),
        ("TP.CM_CTS", True),
        ("BCS", True),
        ("TP.CM_EndOfMsgACK", True),
        ("BCL", False),
        ("unknown", True),
        ("unknown", False),
        ("unreadable", False),
        ("TP.CM_RTS", True),
        ("BRM", True),
    ]
    assert all(found["notes"] for found in ran.objects if not found["conforming"])
    assert ran.code == 1


LISTINGS = [
    (CHM, "charger->BMS  CHM   charger handshake: V1.1", "charger->BMS  CHM   充电机握手：V1.1"),
    (
        BCL,
        "BMS->charger  BCL   charge demand: voltage demand 426.1 V, current demand -20.0 A, charge mode CC",
        "BMS->charger  BCL   电池充电需求：电压需求 426.1 V，电流需求 -20.0 A，充电模式 恒流充电",
    ),
    (
        "181056F4#740EECFC02",
        "charge mode CC (perhaps 38.8 A, coded as -10 I - 400)  ! current demand is above",
        "38.8 A",
    ),
    ("181056F4#FFFFFFFFFF", "6153.5 A, charge mode 0xFF  ! voltage demand is above", "充电模式 0xFF  ! 电压需求"),
    ("1C1656F4#4B4C09FFFFFFFFFF", "battery temperatures: 3 sensors, -41 to 26 °C", "3 个检测点，-41 至 26 °C"),
    ("1C1556F4#4F114A11FFFFFFFF", "cell voltages: 2 cells, 3.30 to 3.35 V, groups 1", "2 个单体"),
    ("1C1556F4#FFFFFFFFFFFFFFFF", "cell voltages: no cells", "无单体数据"),
    ("181C56F4#64680168014B4C", "min cell voltage 3.60 V, max cell voltage 3.60 V, min temperature 25 °C", "3.60 V"),
    ("100956F4#AA", "BRO   battery readiness: ready", "准备就绪"),
    ("100AF456#FF", "CRO   charger readiness: invalid", "无效"),
    ("1801F456#AA01010101313233", "BMS recognised, charger number 16843009, region code 123", "辨识结果 能识别"),
    ("1812F456#C90EA00F0000FC", "charging paused", "充电允许 暂停"),
    ("1812F456#C90EA00F0000", "charging –", "充电允许 –"),
    (
        "181356F4#343606350F00D0",
        "highest cell 53, 4 °C at sensor 7, 3 °C at sensor 16, all normal, charging permitted",
        "最高单体编号 53，最高 4 °C（检测点 7），最低 3 °C（检测点 16），各项正常，充电允许",
    ),
    ("181356F4#343606350F01C2", "cell voltage too high, insulation untrusted, charging forbidden", "绝缘状态 不可信"),
    (BST, "BMS stops: high voltage relay fault", "BMS中止充电：高压继电器故障"),
    ("101956F4#00000000", "BMS stops: nothing set", "均未置位"),
    ("101956F4#100000F0", "cell voltage reached", "达到单体电压设定值"),
    ("101956F4#20000000", "(untrusted)", "（不可信）"),
    ("081E56F4#F4F0F0FC", "BMS error: no CRM (recognised) in time", "辨识报文超时"),
    ("1807F456#57360816051520", "charger time: 2015-05-16 08:36:57", "时间同步信息：2015-05-16 08:36:57"),
    (
        "1807F456#57361A16051520",
        "time: invalid  ! hour is not binary coded decimal (raw 0x1A)",
        "无效  ! 时 不是有效的 BCD 码",
    ),
    ("1807F456#3045122805FFFF", "time: invalid  ! the date is incomplete or impossible", "无效  ! 日期不完整或不存在"),
    ("1807F456#FFFFFFFFFFFFFF", "charger time: –", "–"),
    ("181056F4#A510", "! too short", "! 长度不足"),
    (FOREIGN, "not a message of GB/T 27930", "不是该地址间的 GB/T 27930 报文"),
    ("182156F4#00013C0F", "DM2   pgn 0x002100", "诊断报文"),
    ("123#01", "unknown  123#01  ! data frame, 11-bit identifier: ", "只使用扩展数据帧"),
]


@pytest.mark.parametrize(("text", "english", "chinese"), LISTINGS)
def test_listings_in_both_languages(decode: Decode, text: str, english: str, chinese: str) -> None:
    assert english in decode(text=lines(text)).output
    assert chinese in decode(text=lines(text), language="zh").output


def test_the_end_of_a_vin_is_not_listed_but_is_in_json(decode: Decode) -> None:
    vin = "LDEMO0000DEMO0001"
    payload = bytes.fromhex("010100036400E803") + bytes(16) + vin.encode()
    packets = [f"1CEB56F4#{n + 1:02X}{payload[n * 7 : n * 7 + 7].ljust(7, b'0').hex()}" for n in range(6)]
    recording = lines("1CEC56F4#10290006FF000200", *packets)
    assert f"VIN {vin[:-6]}******" in decode(text=recording).output
    assert decode("--json", text=recording).objects[-1]["fields"]["vin"] == vin


def test_control_frames_are_listed_on_demand(decode: Decode) -> None:
    assert len(decode(text=lines(*BCS)).rows) == 1
    listing = decode("--transport", text=lines(*BCS)).output
    assert "wants to send BCS: 9 bytes in 2 packets" in listing
    assert "wants 2 packets of BCS from number 1" in listing
    assert "has received BCS: 9 bytes" in listing
    assert "请求发送 BCS：9 字节，2 包" in decode("--transport", text=lines(*BCS), language="zh").output


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ("1CEC56F4#1031000707000200", "wants to send BRM: 49 bytes in 7 packets, 7 at a time"),
        ("1CECF456#1100FFFFFF000200", "wants BRM later"),
        ("1CEC56F4#FFFFFFFFFF000200", "gives up BRM: reason 255"),
        ("1CECF456#FF03FFFFFF001600", "gives up BMT: timeout"),
        ("1CECFFF4#20090002FF001100", "announces BCS to all: 9 bytes"),
    ],
)
def test_the_transport_in_words(decode: Decode, frame: str, said: str) -> None:
    assert said in decode("--transport", text=lines(frame)).output


def test_what_ends_a_transfer_is_listed_without_being_asked_for(decode: Decode) -> None:
    assert "gives up BRM" in decode(text=lines("1CEC56F4#FFFFFFFFFF000200")).output


@pytest.mark.parametrize(
    ("edition", "fault"), [("auto", "hv_relay_fault"), ("2015", "hv_relay_fault"), ("2011", "other_fault")]
)
def test_the_edition_can_be_chosen(decode: Decode, edition: str, fault: str) -> None:
    """The same bit is the high voltage relay in 2015 and any other fault in 2011."""
    (found,) = decode("--json", "--edition", edition, text=lines(BST)).objects
    assert [name for name, value in found["fields"].items() if value] == [fault]


@pytest.mark.parametrize(
    ("text", "code", "summary"),
    [
        (lines(CHM, BCL), 0, "2 frames, 2 messages, 0 defects\n"),
        (lines(FOREIGN), 0, "1 frame, 1 message, 0 defects\n"),
        (lines(CHM, "181056F4#A510D80E02000000"), 1, "2 frames, 2 messages, 1 defect\n"),
        (lines("181056F4#A510"), 1, "1 frame, 1 message, 1 defect\n"),
        (lines("123#01"), 1, "1 frame, 1 message, 1 defect\n"),
        ("", 0, "0 frames, 0 messages, 0 defects\n"),
    ],
)
def test_exit_codes(decode: Decode, text: str, code: int, summary: str) -> None:
    ran = decode(text=text)
    assert (ran.code, ran.summary) == (code, summary)


def test_what_cannot_be_read_has_its_own_exit_code(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["decode", "gbt27930", "--lang", "en", str(tmp_path / "missing.log")]) == 2
    assert b"missing.log" in capsysbinary.readouterr().err


def test_lines_that_are_no_frames_are_reported_in_place(decode: Decode) -> None:
    ran = decode("--json", text=lines(CHM, "181056F4#A510D8ZZ", BCL))
    assert [found["message"] for found in ran.objects] == ["CHM", "unreadable", "BCL"]
    assert ran.objects[1]["fields"] == {"line": 2, "text": "181056F4#A510D8ZZ"}
    assert ran.objects[1]["time"] is None
    assert ran.code == 1


def test_channels_are_buses_of_their_own(decode: Decode) -> None:
    """The same transfer on two of them at once, frame by frame, and a vehicle of 2011 on the second."""
    interleaved = [f"(1.0) {channel} {one}" for one in BCS for channel in ("can0", "can1")]
    ran = decode("--json", text=lines("(0.5) can1 1808F456#8813D007F00A", *interleaved))
    groups = {found["channel"]: found["fields"]["max_cell_group"] for found in ran.objects if found["message"] == "BCS"}
    assert groups == {"can0": 1, "can1": 2}


OTHER_PAIR = "1826F557#010100"


@pytest.mark.parametrize(
    ("frames", "directions"),
    [
        ([f"(1.0) can0 {CHM}", f"(1.0) can0 {FOREIGN}"], ["charger->BMS", "B5->F4"]),
        ([f"(1.0) can0 {CHM}", "nothing", f"(1.0) can0 {CHM}"], ["charger->BMS", "", "charger->BMS"]),
        (
            [f"(1.0) can0 {CHM}", f"(1.0) can1 {CHM}", f"(1.0) can0 {BCL}", f"(1.0) can1 {FOREIGN}"],
            ["charger->BMS", "can1 charger->BMS", "can0 BMS->charger", "can1 B5->F4"],
        ),
        (
            [f"(1.0) can0 {OTHER_PAIR}", f"(1.0) can0 {CHM}"],
            ["charger->BMS", "can0 charger->BMS"],
        ),
        ([CHM, OTHER_PAIR, BCL], ["charger->BMS", "57-F5 charger->BMS", "BMS->charger"]),
    ],
)
def test_a_second_bus_or_pair_is_told_apart_in_the_listing(
    decode: Decode, frames: list[str], directions: list[str]
) -> None:
    rows = decode(text=lines(*frames)).rows
    assert [row[12:].partition("  ")[0] for row in rows] == directions


def test_times_are_counted_from_the_first(decode: Decode) -> None:
    ran = decode(text=f"(1703560121.250) can0 {CHM}\n(1703560121.300) can0 {BCL}\n{BCL}\n")
    assert ran.rows[0] == "# times in s since 2023-12-26 03:08:41.250 UTC"
    assert [row[:10] for row in ran.rows[1:]] == ["     0.000", "     0.050", " " * 10]


def test_a_message_has_the_time_of_the_frame_that_completes_it(decode: Decode) -> None:
    ran = decode("--json", text=lines(*(f"({time}.5) can0 {one}" for time, one in enumerate(BCS))))
    assert [found["time"] for found in ran.objects if found["message"] == "BCS"] == [3.5]


def test_many_channels_share_what_there_is(decode: Decode) -> None:
    channels = [f"can{number}" for number in range(2 * MOST_CHANNELS)]
    ran = decode("--json", text=lines(*(f"(1.0) {channel} {CHM}" for channel in channels)))
    assert [found["channel"] for found in ran.objects] == channels
    assert ran.code == 0
