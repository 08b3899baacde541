"""Times of recordings in seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.trace.can_log.clock import Clock

TIMES = [
    ("0", 0.0),
    ("1703560121.247259", 1703560121.247259),
    ("-0.5", -0.5),
    ("0x00138d78", 128.14),
    ("0X3439F3", 342.2707),
    ("54:16.5", 3256.5),
    ("10:18:15.188", 37095.188),
    ("10:18:15,188", 37095.188),
    ("10:18:15:188", 37095.188),
    ("10:18:15", 37095.0),
    ("2023-12-25 22:08:41.123456", 1703542121.123456),
    ("2023/12/25T22:08:41", 1703542121.0),
]


@pytest.mark.parametrize(("text", "seconds"), TIMES)
def test_a_time(text: str, seconds: float) -> None:
    assert Clock().seconds(f" {text} ") == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["", "noon", "nan", "inf", "1e9", "0x", "0x123456789", "1:2:3:4:5", "2023-02-30 00:00:00", "2023-12-25", "１"],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that it is refused is the point
        Clock().seconds(text)


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        (["59:59.9", "00:00.1", "00:00.0", "59:59.0", "00:01.0"], [3599.9, 3600.1, 3600.0, 7199.0, 7201.0]),
        (["23:59:59.5", "00:00:00.5"], [86399.5, 86400.5]),
        (["0xFFFFFFFF", "0x00000009"], [429496.7295, 429496.7305]),
        (["12:00:01", "12:00:00"], [43201.0, 43200.0]),
    ],
    ids=["past the hour", "past midnight", "ticks past 32 bits", "a little back stays back"],
)
def test_time_goes_on(texts: list[str], seconds: list[float]) -> None:
    clock = Clock()
    assert [clock.seconds(text) for text in texts] == pytest.approx(seconds)


@given(st.text("0123456789:.x-/ T", max_size=25))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        Clock().seconds(text)
    except ValueError:
        return
