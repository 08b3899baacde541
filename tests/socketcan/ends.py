"""Both ends of a charge as programs, each with a device that does at once what its machine asks for.

    python -m tests.socketcan.ends charger vcan0 | vehicle vcan0 [BRM]

The charger speaks by the edge's port, the vehicle by the simulators'. A vehicle with the name of a long message keeps
it to itself until the handshake has failed for the first time. What happens is printed, a line for each event.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, SOUND, STATUS

from chargelink.edge.ports.can import CanBus, CanFrame
from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.causes import VehicleCause
from chargelink.gbt27930.charger import Charger, ChargerLimits, Demand, Failed, VehicleAnswered, VehicleReady
from chargelink.gbt27930.dialogue import Dialogue, Ended, Event, Reconnecting, Stopped
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import ChargerAnswered, ChargingBegan, Vehicle
from chargelink.sim.can_client import CanClient, joined
from chargelink.sim.socketcand import CanFrame as SimulatedFrame

CHARGES_FOR = 1.0  # s
LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=7)
TOLD = (VehicleAnswered, VehicleReady, Stopped, Failed, Reconnecting, Ended, ChargerAnswered, ChargingBegan)
RTS = 0x10


async def live(
    end: Dialogue,
    heard: "asyncio.Queue[list[Frame]]",
    send: Callable[[list[Frame]], Awaitable[None]],
    act: Callable[[Event, float], list[Event]],
) -> list[Event]:
    """Until the charge is over; all that happened."""
    loop = asyncio.get_running_loop()
    happened: list[Event] = []
    while not any(isinstance(event, Ended) for event in happened):
        frames: list[Frame] = []
        try:
            async with asyncio.timeout_at(end.deadline):
                frames = await heard.get()
        except TimeoutError:
            pass
        now = loop.time()
        waiting = [event for frame in frames for event in end.receive(*frame, now)] + end.tick(now)
        while waiting:
            event = waiting.pop(0)
            happened.append(event)
            if isinstance(event, TOLD):
                print(event, flush=True)
            waiting += act(event, now)
        await send(end.data_to_send())
    return happened


async def charge_at(address: str) -> list[Event]:
    """The charger's end, by the edge's port."""
    heard: asyncio.Queue[list[Frame]] = asyncio.Queue()
    bus = CanBus(address, lambda frame: heard.put_nowait([Frame(*frame)]))

    async def send(frames: Iterable[Frame]) -> None:
        bus.send([CanFrame(*frame) for frame in frames])

    loop = asyncio.get_running_loop()
    port = asyncio.create_task(bus.run())
    while not bus.connected:  # noqa: ASYNC110 - a port says nothing when it opens
        await asyncio.sleep(0.01)
    charger = Charger(loop.time(), LIMITS)
    charger.statistics(1, 400_000)
    charger.start(loop.time())

    def act(event: Event, now: float) -> list[Event]:
        match event:
            case VehicleAnswered():
                return charger.insulation_done(now)
            case VehicleReady():
                return charger.ready(now)
            case Failed():
                return charger.safe(now)
            case Demand():
                charger.report(event.voltage, event.current, 0)
        return []

    try:
        return await live(charger, heard, send, act)
    finally:
        port.cancel()
        await asyncio.gather(port, return_exceptions=True)


async def be_charged_at(address: str, mute: str = "") -> list[Event]:
    """The vehicle's end, by the simulators' client."""
    async with joined(address) as client:
        return await be_charged(client, mute)


async def be_charged(client: CanClient, mute: str = "") -> list[Event]:
    """The vehicle's end: charges a second, then has enough."""
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[list[Frame]] = asyncio.Queue()
    vehicle = Vehicle(loop.time(), IDENTITY, BATTERY, 420_000)
    vehicle.measure(DEMAND, STATUS, SOUND)
    vehicle.conclude(BSD(800, 3_310, 3_420, 280, 310))
    silent = [BY_NAME[mute].pgn.to_bytes(3, "little")] if mute else []

    async def listen() -> None:
        while True:
            heard.put_nowait([Frame(frame.identifier, frame.data) for frame in await client.receive()])

    async def send(frames: Iterable[Frame]) -> None:
        said = [frame for frame in frames if frame.data[0] != RTS or frame.data[5:] not in silent]
        await client.send([SimulatedFrame(*frame) for frame in said])

    def act(event: Event, now: float) -> list[Event]:
        match event:
            case ChargerAnswered():
                return vehicle.ready(now)
            case ChargingBegan():
                loop.call_later(CHARGES_FOR, lambda: vehicle.stop(loop.time(), VehicleCause.SOC_REACHED))
            case Reconnecting():
                silent.clear()
        return []

    listening = asyncio.create_task(listen())
    try:
        return await live(vehicle, heard, send, act)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def main() -> None:
    """One end, as the arguments say."""
    ends: dict[str, Any] = {"charger": charge_at, "vehicle": be_charged_at}
    side, interface, *mute = sys.argv[1:]
    asyncio.run(ends[side](f"socketcan:{interface}", *mute))


if __name__ == "__main__":
    main()
