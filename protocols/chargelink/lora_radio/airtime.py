"""How long a LoRa packet occupies the channel, and what the 470-510 MHz band allows.

Symbols and payload after Semtech AN1200.13 "LoRa Modem Designer's Guide" (also SX1261/2 datasheet, 6.1.4). All in
integers: a symbol is a multiple of a quarter microsecond at every bandwidth of the band.
"""

from typing import NamedTuple

from chargelink.wire import EncodeError

LONGEST_PAYLOAD = 255  # bytes, the length field of the radio's explicit header
LOW_DATA_RATE_SYMBOL_US = 16_000  # from this symbol time on the low data rate optimisation is on
SPREADING_FACTORS = range(7, 13)
BANDWIDTHS_HZ = (62_500, 125_000, 250_000, 500_000)


class Band(NamedTuple):
    """What one transmission may be."""

    name: str
    chinese: str
    lowest_hz: int
    highest_hz: int
    longest_us: int
    highest_power_dbm: int  # effective radiated power (ERP)
    widest_hz: int  # at that power
    listen_before_talk: bool  # which the user cannot switch off
    source: str


CN470 = Band(
    name="civil metering instruments",
    chinese="民用无线电计量仪表",
    lowest_hz=470_000_000,
    highest_hz=510_000_000,
    longest_us=1_000_000,
    highest_power_dbm=17,  # 50 mW
    widest_hz=200_000,
    listen_before_talk=True,
    source="MIIT notice 2019 no. 52, class (4)",
)


def symbol_us(spreading_factor: int, bandwidth_hz: int = 125_000) -> int:
    """Duration of one symbol in microseconds, 2 ** SF / BW. Raises EncodeError for a modulation that LoRa lacks."""
    if spreading_factor not in SPREADING_FACTORS or bandwidth_hz not in BANDWIDTHS_HZ:
        raise EncodeError(f"no LoRa modulation: SF{spreading_factor}, {bandwidth_hz} Hz")
    return (1 << spreading_factor) * 1_000_000 // bandwidth_hz


def payload_symbols(
    payload: int,
    spreading_factor: int,
    *,
    coding_rate: int = 5,
    explicit_header: bool = True,
    crc: bool = True,
    low_data_rate: bool = False,
) -> int:
    """Symbols after the preamble for `payload` bytes; `coding_rate` is the 5 of 4/5.

    Raises EncodeError when the radio cannot send such a packet.
    """
    if not 0 <= payload <= LONGEST_PAYLOAD or not 5 <= coding_rate <= 8:
        raise EncodeError(f"no LoRa packet: {payload} bytes, coding rate 4/{coding_rate}")
    bits = 8 * payload - 4 * spreading_factor + 28 + 16 * crc - 20 * (not explicit_header)
    bits_a_block = 4 * (spreading_factor - 2 * low_data_rate)
    return 8 + max(-(-bits // bits_a_block) * coding_rate, 0)


def airtime_us(
    payload: int,
    spreading_factor: int,
    bandwidth_hz: int = 125_000,
    *,
    coding_rate: int = 5,
    preamble: int = 8,
    explicit_header: bool = True,
    crc: bool = True,
    low_data_rate: bool | None = None,
) -> int:
    """Time on air of a packet in microseconds.

    `payload` bytes, `preamble` symbols as programmed (the radio adds 4.25), `coding_rate` 5 to 8 for 4/5 to 4/8.
    `low_data_rate` is the radio's optimisation; None switches it on where a symbol lasts 16 ms or more.
    Raises EncodeError for what LoRa cannot do.
    """
    symbol = symbol_us(spreading_factor, bandwidth_hz)
    if preamble < 0:
        raise EncodeError(f"a preamble of {preamble} symbols")
    if low_data_rate is None:
        low_data_rate = symbol >= LOW_DATA_RATE_SYMBOL_US
    body = payload_symbols(
        payload,
        spreading_factor,
        coding_rate=coding_rate,
        explicit_header=explicit_header,
        crc=crc,
        low_data_rate=low_data_rate,
    )
    return (4 * (preamble + body) + 17) * symbol // 4  # 17 quarters: the 4.25 symbols of the sync word


def longest_payload(
    spreading_factor: int, within_us: int = CN470.longest_us, bandwidth_hz: int = 125_000
) -> int | None:
    """Most bytes of a packet that ends within `within_us`, with 4/5, preamble 8, header and CRC; None if none does."""
    fitting = (
        payload
        for payload in range(LONGEST_PAYLOAD, -1, -1)
        if airtime_us(payload, spreading_factor, bandwidth_hz) <= within_us
    )
    return next(fitting, None)
