"""Tables: columns found by name in either language, any delimiter, and the ways CAN tools write a row."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.trace.can_log import CanFrame, CanLog, Kind, Unreadable
from chargelink.trace.can_log.frame import BAD_DATA, BAD_IDENTIFIER, BAD_TIME, COLUMN_MISSING, LENGTH_DIFFERS, TOO_LONG
from chargelink.trace.can_log.table import columns_of, encoding_of, read_table
from chargelink.trace.source import CannotRead, Source

CHM = bytes.fromhex("010100")
EIGHT = bytes.fromhex("00ffffffffffffff")

# Header, row, frame. The Chinese ones are as in recordings that circulate; tools named in `table.py`.
TABLES = [
    (
        "序号,第几路CAN,时间标识,ID号,数据长度,数据",
        "1,2,12.5,1826F456,3,01 01 00",
        CanFrame(12.5, "2", 0x1826F456, CHM),
    ),
    (
        "timestamp;id;len;d0;d1;d2;d3;d4;d5;d6;d7",
        "12.5;405206102;3;1;1;16;;;;;",  # in decimal, the bytes too
        CanFrame(12.5, "", 0x1826F456, b"\x01\x01\x10"),
    ),
    (
        "序号,帧ID,时间标识,类型,报文描述,报文内容,长度,数据(Hex)",
        "0,0x1826F456,54:16.5,接收  CAN    扩展帧  数据帧,PDU1,Priority(0x6 ) Data Field(0x01 01 00 ),3,01 01 00 ",
        CanFrame(3256.5, "", 0x1826F456, CHM),
    ),
    (
        "序号,帧ID,时间标识,类型,报文描述,报文内容,长度,数据(Hex)",
        "31,0x100956F4,54:17.6,接收  CAN    扩展帧  数据帧,PDU1,Priority(0x4 ),1,0",
        CanFrame(3257.6, "", 0x100956F4, b"\x00"),
    ),
    (
        "序号          传输方向  接收时间标识       帧ID        帧格式  帧类型  数据长度   数据",
        "0\t\t接收   0x00138d78          0x1801f456  数据帧  扩展帧  0x08       00 ff ff ff ff ff ff ff ",
        CanFrame(128.14, "", 0x1801F456, EIGHT),
    ),
    (
        "序号\t传输方向\t接收时间标识\t帧ID\t帧格式\t帧类型\t数据长度\t数据",
        "0\t接收\t0x002f9406\t0x1801f456\t数据帧\t扩展帧\t0x08\t00\tff\tff\tff\tff\tff\tff\tff\t",
        CanFrame(311.8086, "", 0x1801F456, EIGHT),
    ),
    (
        "序号\t系统时间\t时间标识\tCAN通道\t传输方向\tID号\t帧类型\t帧格式\t长度\t数据",
        "00000\t10:18:15.188\t0x3439F3\tch1\t接收\t1801F456\t数据帧\t扩展帧\t8\tx| 00 FF FF FF FF FF FF FF ",
        CanFrame(342.2707, "ch1", 0x1801F456, EIGHT),
    ),
    (
        "序号\t传输方向\t时间标识\t状态\t名称\t帧ID\t格式\t类型\tDLC\t数据\t",
        "0\t接收\t15:50:39.027\t\t\t0x182156F4\t数据帧\t扩展帧\t0x03\t01 01 00 \t",
        CanFrame(57039.027, "", 0x182156F4, CHM),
    ),
    (
        "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8",
        "166064000,1826F456,true,Rx,0,3,01,01,00,,,,,",
        CanFrame(166.064, "0", 0x1826F456, CHM),
    ),
    (
        "timestamp,arbitration_id,extended,remote,error,dlc,data",
        "1703560121.247259,0x1826f456,1,0,0,3,AQEA",
        CanFrame(1703560121.247259, "", 0x1826F456, CHM),
    ),
    ("Time (ms);CAN ID;Data", "1250,5;0x1826F456;01 01 00", BAD_TIME),
    ("Time (ms);CAN ID;Data", "1250.5;0x1826F456;01 01 00", CanFrame(1.2505, "", 0x1826F456, CHM)),
    ("时间(毫秒),标识符,数据", "1250,1826F456,010100", CanFrame(1.25, "", 0x1826F456, CHM)),
    ("time_us,frame_id,payload", "1250,1826F456,010100", CanFrame(0.00125, "", 0x1826F456, CHM)),
    ("id,data", '"1826F456","01,01,00"', CanFrame(None, "", 0x1826F456, CHM)),
    ("id,data", "405206102,010100", CanFrame(None, "", 0x1826F456, CHM)),
    ("id,dlc,data,note", "1826F456,2,01 01 00,stale byte", CanFrame(None, "", 0x1826F456, b"\x01\x01")),
    ("time,channel,id,data", "11:11:50:392,2,1826F456,010100", CanFrame(40310.392, "2", 0x1826F456, CHM)),
    ("time,id,data", "2023-12-25 22:08:41.5,1826F456,010100", CanFrame(1703542121.5, "", 0x1826F456, CHM)),
    ("id,type,data", "0x00000123,标准帧,01", CanFrame(None, "", 0x123, b"\x01", Kind.STANDARD)),
    ("id,extended,data", "0x00000123,0,01", CanFrame(None, "", 0x123, b"\x01", Kind.STANDARD)),
    ("id,type,data", "0x1826F456,扩展帧 远程帧,", CanFrame(None, "", 0x1826F456, b"", Kind.REMOTE)),
    ("id,error,data", "0x1826F456,1,00", CanFrame(None, "", 0x1826F456, b"\x00", Kind.ERROR)),
    ("id,type,data", "0x1826F456,CANFD," + "AA" * 12, CanFrame(None, "", 0x1826F456, b"\xaa" * 12, Kind.FD)),
    ("id,data", "hello,010100", BAD_IDENTIFIER),
    ("id,data", "1826F456,01010", BAD_DATA),
    ("id,dlc,data", "1826F456,three,010100", BAD_DATA),
    ("id,dlc,data", "1826F456,4,010100", LENGTH_DIFFERS),
    ("id,data", "1826F456,001122334455667788", TOO_LONG),
    ("time,id,data", "noon,1826F456,010100", BAD_TIME),
    ("time,id,data", "1.0", COLUMN_MISSING),
]


def log_of(path: Path, content: bytes) -> list[CanFrame | Unreadable]:
    """What a file of that content reads as, frames and the unreadable in order."""
    path.write_bytes(content)
    with Source(str(path)) as source:
        batches = [*CanLog(source)]
    return [item for batch in batches for item in ([batch] if isinstance(batch, Unreadable) else batch)]


@pytest.mark.parametrize(("header", "row", "expected"), TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_row(header: str, row: str, expected: object, encoding: str, tmp_path: Path) -> None:
    [item] = log_of(tmp_path / "log.csv", f"{header}\r\n{row}\r\n".encode(encoding))
    assert (item.reason if isinstance(item, Unreadable) else item) == expected


def test_what_a_tool_says_about_itself_above_the_header_is_skipped(tmp_path: Path) -> None:
    content = b"Recorded by: tool 4.2\n\nid,data\n1826F456,010100\nid,data\n\n1826F456,01\n"
    assert log_of(tmp_path / "log.csv", content) == [
        CanFrame(None, "", 0x1826F456, CHM),
        CanFrame(None, "", 0x1826F456, b"\x01"),
    ]


def test_a_malformed_row_is_reported_between_its_neighbours(tmp_path: Path) -> None:
    frame = CanFrame(None, "", 0x1826F456, b"\x01")
    content = b"id,data\n1826F456,01\nrow,torn\n1826F456,01\n"
    assert log_of(tmp_path / "log.csv", content) == [frame, Unreadable(3, "row,torn", BAD_IDENTIFIER), frame]


def test_a_table_without_names_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("1.0,1826F456,010100\n")
    with Source(str(path)) as source, pytest.raises(CannotRead, match="name them, as in: time,id,data"):
        [*CanLog(source, "csv")]


@given(
    st.sampled_from([header for header, *_ in TABLES]),
    st.lists(st.text(max_size=40) | st.sampled_from([row for _, row, _ in TABLES]), max_size=6),
)
def test_any_rows_are_read_or_reported(header: str, rows: list[str]) -> None:
    content = "\n".join([header, *rows]).encode("utf-8", "replace")
    columns = columns_of(content)
    assert columns is not None
    for item in read_table([content], columns, encoding_of(content)):
        if isinstance(item, Unreadable):
            assert 2 <= item.line <= content.count(b"\n") + 1
            continue
        for frame in item:
            assert 0 <= frame.identifier <= 0x1FFFFFFF


@given(st.binary(max_size=200))
def test_any_head_is_a_table_or_not(head: bytes) -> None:
    columns_of(head)


@pytest.mark.parametrize("character", ["(", "[", "_", ",", '"', " "])
def test_heads_made_to_be_slow_are_judged_in_linear_time(character: str) -> None:
    assert columns_of(character.encode() * 200_000) is None
