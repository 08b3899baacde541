"""Addresses of radios, and a broker that is not there yet."""

import asyncio

import pytest
from tests.edge.ports.broker import Broker
from tests.edge.ports.radio_rig import GATEWAY

from chargelink.edge.ports.address import Address, AddressError
from chargelink.edge.ports.mqtt import MqttRadio
from chargelink.edge.ports.radio import MOST_WAITING
from chargelink.edge.ports.radios import radio_port
from chargelink.lora_radio.radio import PacketDropped


@pytest.mark.parametrize(
    "text",
    [
        "mqtt://10.0.0.1:1883",
        "mqtt://broker:1883",
        "mqtt://127.0.0.1?marshaler=xml",
        "mqtt://127.0.0.1?to=1",
        "rak:/dev/ttyUSB0",
        "rak:?frequency=470300000",
        "rak:/dev/ttyUSB0?frequency=868300000",
        "rak:/dev/ttyUSB0?frequency=470010000",
        "rak:/dev/ttyUSB0?frequency=470300000&power=18",
        "ebyte:/dev/ttyUSB0?frequency=470300000",
        "ebyte:/dev/ttyUSB0?frequency=470125000",
        "ebyte:/dev/ttyUSB0?frequency=471125000&power=16",
        "carrier-pigeon://127.0.0.1",
    ],
)
async def test_addresses_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(AddressError):
        radio_port(Address.parse(text), [GATEWAY])


async def test_a_flood_is_dropped_not_kept() -> None:
    port = MqttRadio(Address.parse("mqtt://127.0.0.1"), [GATEWAY])
    port._tell([PacketDropped(GATEWAY, "flood")] * (MOST_WAITING + 7))
    assert (len(await port.read()), port.dropped) == (MOST_WAITING, 7)
    port.wake()
    async with asyncio.timeout(10):
        assert await port.read() == []


async def test_a_broker_that_is_not_there_is_waited_for() -> None:
    broker = Broker()
    port = MqttRadio(Address.parse(f"mqtt://127.0.0.1:{broker.port}"), [GATEWAY])
    await port.open()
    port.wake()
    assert await port.read() == []
    assert port.reachable == frozenset()
    await port.close()
    broker.remove()
