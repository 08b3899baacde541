"""What is sent is within the band whatever was asked for, and all of it is counted."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.edge.ports.radio_rig import GATEWAY

from chargelink.edge.ports.radio import QueuedRadio
from chargelink.edge.sockets.airtime import HOUR, STEP, Airtime
from chargelink.lora_radio.airtime import SPREADING_FACTORS, airtime_us
from chargelink.lora_radio.radio import Capabilities, Transmission
from chargelink.wire import EncodeError

MOST_US = 1_000_000  # of one transmission
MOST_DBM = 17  # 50 mW
NOT_LONGER = [10, 11, 36, 37, 99, 100, 197, 198, 255]  # bytes about the limits of SF12 to SF9


class Recorder(QueuedRadio):
    """A radio that would send anything."""

    reachable = frozenset({GATEWAY})

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__(capabilities)
        self.on_air: list[Transmission] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def _transmit(self, gateway: bytes, transmission: Transmission) -> int:
        self.on_air.append(transmission)
        return len(self.on_air)


FREQUENCIES = [470_062_499, 470_062_500, 470_300_000, 489_000_000, 509_937_500, 509_937_501]

transmissions = st.builds(
    Transmission,
    (st.sampled_from(NOT_LONGER) | st.integers(1, 260)).map(bytes),
    st.sampled_from(FREQUENCIES),
    st.sampled_from(SPREADING_FACTORS),
    st.sampled_from([-1, 10, 17, 18, 40]),
    st.none() | st.integers(0, (1 << 32) - 1),
    st.booleans(),
)
hostile = st.builds(
    Capabilities,
    listens=st.booleans(),
    timed=st.just(True),
    longest=st.just(1000),
    frequencies=st.none() | st.just(tuple(FREQUENCIES)),
    any_iq=st.just(True),
    power_dbm=st.sampled_from([None, 10, 17, 18]),
)


@settings(deadline=None, max_examples=200)
@given(hostile, st.lists(transmissions, min_size=8, max_size=8))
def test_no_configuration_sends_what_the_band_forbids(capabilities: Capabilities, asked: list[Transmission]) -> None:
    async def run() -> Recorder:
        port = Recorder(capabilities)
        for one in asked:
            try:
                port.transmit(GATEWAY, one)
            except EncodeError:
                continue
        return port

    for sent in asyncio.run(run()).on_air:
        assert airtime_us(len(sent.frame), sent.spreading_factor) <= MOST_US
        assert sent.power_dbm <= MOST_DBM
        assert capabilities.power_dbm is None or capabilities.power_dbm <= MOST_DBM
        assert 470_000_000 <= sent.frequency_hz - 62_500 < sent.frequency_hz + 62_500 <= 510_000_000


def test_the_last_hour_is_counted_and_older_minutes_are_forgotten() -> None:
    airtime = Airtime(100.0)
    assert airtime.used(100.0) == (0, 0, 0)
    assert airtime.used(100.0).share == 0
    for second in range(7200):
        airtime.sent(100_000, 100.0 + second)
        assert len(airtime._minutes) <= HOUR / STEP + 2, "memory is bounded"
    use = airtime.used(100.0 + 7199)
    assert use.within == 3_600_000
    assert 3600 <= use.packets <= 3660, "a minute more at most"
    assert use.airtime_us == use.packets * 100_000
    assert 0.1 <= use.share < 0.102
    assert airtime.used(100.0 + 7199 + HOUR + STEP) == (0, 0, 3_600_000)
    young = Airtime(0.0)
    young.sent(250_000, 1.0)
    assert young.used(2.0).share == 0.125
