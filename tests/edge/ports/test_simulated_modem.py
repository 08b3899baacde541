"""The modems of `chargelink sim site`, as a process, met by the edge's port."""

import asyncio
from pathlib import Path

import pytest
from tests.sim.simulator import simulator

from chargelink.edge.ports.address import Address
from chargelink.edge.ports.radios import radio_port
from chargelink.lora_radio.radio import PacketReceived, RadioEvent
from chargelink.lora_socket.frame import Header
from chargelink.lora_socket.kinds import Kind


@pytest.mark.parametrize(("kind", "frequency"), [("rak", 470_300_000), ("ebyte", 471_125_000)])
async def test_a_socket_behind_a_modem_asks_to_join(tmp_path: Path, kind: str, frequency: int) -> None:
    with simulator("site", "--radio", kind, "--keys", str(tmp_path / "keys.toml"), "--sockets", "1") as running:
        address = Address.parse(f"{kind}:{running.places['serial']}?frequency={frequency}")
        port = radio_port(address, [bytes.fromhex(running.places["gateway"])])
        await port.open()
        events: list[RadioEvent] = []
        async with asyncio.timeout(60):
            while not any(isinstance(event, PacketReceived) for event in events):
                events += await port.read()
        await port.close()
    (packet,) = [event.packet for event in events if isinstance(event, PacketReceived)]
    assert packet.payload is not None
    assert Header.decode(packet.payload).kind == Kind.JOIN_REQ
