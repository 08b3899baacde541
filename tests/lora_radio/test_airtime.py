"""The table of airtimes, and what the 470 MHz band lets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.lora_radio.airtime import (
    BANDWIDTHS_HZ,
    CN470,
    airtime_us,
    longest_payload,
    symbol_us,
)
from chargelink.wire import EncodeError

PAYLOADS = (12, 16, 20, 24, 32, 33, 40, 51, 111, 200)
MILLISECONDS = {  # 125 kHz, 4/5, preamble 8, header, CRC; rounded as printed
    7: (41.2, 51.5, 56.6, 61.7, 71.9, 71.9, 82.2, 102.7, 189.7, 317.7),
    8: (82.4, 92.7, 102.9, 113.2, 133.6, 133.6, 154.1, 184.8, 338.4, 563.7),
    9: (144.4, 164.9, 185.3, 205.8, 246.8, 246.8, 287.7, 328.7, 594.9, 1004.5),
    10: (288.8, 329.7, 370.7, 370.7, 452.6, 452.6, 534.5, 616.4, 1108, 1845),
}
WITHIN_A_SECOND = {7: 255, 8: 255, 9: 197, 10: 99, 11: 36, 12: 10}


@pytest.mark.parametrize("factor", MILLISECONDS)
def test_table(factor: int) -> None:
    for payload, milliseconds in zip(PAYLOADS, MILLISECONDS[factor], strict=True):
        assert airtime_us(payload, factor) / 1000 == pytest.approx(
            milliseconds, abs=0.55 if milliseconds > 1100 else 0.05
        )


@pytest.mark.parametrize(("factor", "most"), WITHIN_A_SECOND.items())
def test_longest_payload_within_the_band_limit(factor: int, most: int) -> None:
    assert longest_payload(factor) == most
    assert airtime_us(most, factor) <= CN470.longest_us
    assert most == 255 or airtime_us(most + 1, factor) > CN470.longest_us


def test_forward_error_correction_costs_half_as_much_again() -> None:
    assert airtime_us(51, 8, coding_rate=8) == 270_848
    assert airtime_us(51, 8, coding_rate=8) * 100 // airtime_us(51, 8) == 146


def test_a_packet_may_take_exactly_the_time_allowed() -> None:
    assert longest_payload(9, within_us=144_384) == 12  # 9 to 12 bytes take the same number of symbols
    assert longest_payload(9, within_us=144_383) == 8


def test_a_packet_without_preamble_still_has_its_sync_word() -> None:
    assert airtime_us(12, 8) - airtime_us(12, 8, preamble=0) == 8 * symbol_us(8)


def test_nothing_fits_into_no_time() -> None:
    assert longest_payload(12, within_us=100_000) is None


@given(st.integers(0, 254), st.integers(7, 12), st.sampled_from(BANDWIDTHS_HZ), st.integers(5, 8), st.booleans())
def test_longer_never_takes_less(payload: int, factor: int, bandwidth: int, rate: int, crc: bool) -> None:
    one = airtime_us(payload, factor, bandwidth, coding_rate=rate, crc=crc)
    assert 0 < one <= airtime_us(payload + 1, factor, bandwidth, coding_rate=rate, crc=crc)
    assert one % (symbol_us(factor, bandwidth) // 4) == 0


@pytest.mark.parametrize(
    ("payload", "settings"),
    [(256, {}), (-1, {}), (1, {"coding_rate": 4}), (1, {"coding_rate": 9}), (1, {"preamble": -1})],
)
def test_what_lora_cannot_send(payload: int, settings: dict[str, int]) -> None:
    with pytest.raises(EncodeError):
        airtime_us(payload, 8, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(("factor", "bandwidth"), [(6, 125_000), (13, 125_000), (8, 125)])
def test_what_is_no_modulation(factor: int, bandwidth: int) -> None:
    with pytest.raises(EncodeError):
        airtime_us(1, factor, bandwidth)
