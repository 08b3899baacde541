"""What meters say, in both languages."""

from collections.abc import Iterator

import pytest

from chargelink.cli.language import Language, speak
from chargelink.dlt645 import Frame, explain
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.control import Words
from chargelink.dlt645.forms import Bits, Form, Record
from chargelink.trace.dlt645.names import FLAGS, LABELS, flag, in_pieces
from chargelink.trace.dlt645.reports import MOST_LISTED, DefectReport
from chargelink.trace.dlt645.words import described


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak(Language.ENGLISH)


def frame(control: int, data: str) -> Frame:
    return Frame("000000000161", control, bytes.fromhex(data))


SAID = [
    (0x16, "99 99 99 99", "when at once", "冻结时间 立即"),
    (0x16, "30 99 99 99", "when minute 30 of every hour", "冻结时间 每小时第 30 分"),
    (0x16, "30 23 99 99", "when 23:30 every day", "冻结时间 每日 23:30"),
    (0x16, "00 00 01 99", "when day 01 of every month, 00:00", "冻结时间 每月 01 日 00:00"),
    (0x16, "00 00 01 05", "when 05-01 00:00", "冻结时间 05-01 00:00"),
    (0x1D, "00", "terminal 00, signal clock seconds", "端子 00, 输出信号 时钟秒脉冲"),
    (0x1D, "07", "terminal 07, signal unknown", "端子 07, 输出信号 未知"),
    (0xD1, "02", "error word 02, errors [no requested data]", "错误信息字 02, 错误 [无请求数据]"),
    (0xD1, "00", "error word 00, errors none", "错误信息字 00, 错误 无"),
    (0xC3, "04 00", "error word 0004, errors [ESAM check failed]", "错误信息字 0004, 错误 [ESAM验证失败]"),
    (0xDC, "20 00", "errors [power is kept: no trip]", "错误 [保电中不执行跳闸]"),
    (0x91, "00 00 11 03 07 00 00", "power down count 7", "掉电总次数 7 次"),
    (0x91, "00 02 90 00 45 23 01 00", "remaining money 123.45 yuan", "剩余金额 123.45 元"),
    (0x91, "00 01 07 02 00 12", "phase angle a 120.0 °", "A相相角 120.0 °"),
    (0x91, "01 05 00 04 04 00", "0004 (set [clock battery low])", "0004 (置位 [时钟电池欠压])"),
    (0x91, "03 05 00 04 04 01", "meter type prepaid energy", "电能表类型：预付费电量型"),
    (0x91, "03 07 00 04 08", "set [2400]", "置位 [2400]"),
    (
        0x91,
        "01 04 30 03 78 56 34 12 30 45 12 28 05 26 31 45 12 28 05 26",
        "before 2026-05-28 12:45:30, after 2026-05-28 12:45:31",
        "校时前 2026-05-28 12:45:30, 校时后 2026-05-28 12:45:31",
    ),
    (
        0x91,
        "01 00 30 03 " + "00" * 6 + "AB" * 4 + "0C 01 00 04" * 10,
        "operator ABABABAB, identifier 1 0400010C",
        "1 0",
    ),
]


@pytest.mark.parametrize(("control", "data", "english", "chinese"), SAID)
def test_values_in_both_languages(control: int, data: str, english: str, chinese: str) -> None:
    message = explain(frame(control, data))
    assert english in described(message, STANDARD)
    speak(Language.CHINESE)
    assert chinese in described(message, STANDARD)


def forms() -> Iterator[Form]:
    return (row.form for row in STANDARD.rows)


def test_every_part_of_a_record_has_a_chinese_name() -> None:
    speak(Language.CHINESE)
    parts = {name for form in forms() if isinstance(form, Record) for name, _ in form.parts} - {"value"}
    assert [name for name in parts - LABELS.keys() if in_pieces(name).isascii()] == []


def test_everything_a_status_word_says_has_a_chinese_name() -> None:
    speak(Language.CHINESE)
    words = {
        field.meaning(code) for form in forms() if isinstance(form, Bits) for field in form.fields for code in (1, 2)
    }
    assert [name for name in words if flag(name).isascii() and not name.isdecimal()] == []


def test_a_name_means_one_thing_in_all_status_words() -> None:
    fields = [(field.name, field.chinese) for form in forms() if isinstance(form, Bits) for field in form.fields]
    assert set(fields) == set(FLAGS.items())


@pytest.mark.parametrize(("size", "shown"), [(MOST_LISTED, "00" * MOST_LISTED), (300, "00" * MOST_LISTED + "...")])
def test_a_listing_shows_the_beginning_of_much_noise(size: int, shown: str) -> None:
    report = DefectReport(None, bytes(size), Words("no frame", "没有帧"), [])
    assert report.line().text.replace(" ", "") == shown
    assert len(report.json()) > 3 * size
