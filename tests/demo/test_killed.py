"""kill -9 of hub, edge and guard while a car and an e-bike are charged: nothing is lost, and the guard opens."""

import asyncio
import os
import signal

from tests.demo.place import Place

from chargelink.demo.audit import differences, edge_sessions, meter_register
from chargelink.demo.site import METER

BIKE = ("socket-1", "A")


async def charge_bike(place: Place) -> str:
    """Plug in an e-bike that takes hours, and start it at the edge."""
    await place.site.tell("site", "plug 1 A 500")

    async def plugged() -> bool:
        outlets = (await place.device(BIKE[0]))["detail"]["outlets"]
        return bool(outlets.get(BIKE[1], {}).get("state") == "plugged")

    await place.until(plugged, "the e-bike is plugged in")
    return await place.edge("start", *BIKE, "--minutes", "60")


async def bike_energy(place: Place, session: str) -> int:
    """What the e-bike has taken, mWh, as its open session at the edge has it."""
    return next(int(one["energy"]) for one in (await place.status())["sessions"] if one["id"] == session)


async def opened(place: Place) -> None:
    async def is_open() -> bool:
        return (await place.charger()).is_open

    await place.until(is_open, "the charger is open")


async def charge_car(place: Place) -> str:
    """A car that charges now, whatever the guard of a busy machine has cut off before."""
    while True:
        session = await place.story.charge_car()
        if (await place.charger()).contactor:
            return session
        await place.story.plug_again()


async def tripped(place: Place, before: set[tuple[str, int]]) -> None:
    """The edge has recorded a trip that it had not before, of a guard that was alone."""

    async def is_recorded() -> bool:
        return place.trips() > before

    await place.until(is_recorded, "the edge has heard from its guard why it tripped")


async def closed_from_the_register(place: Place, session: str, register: int) -> None:
    """The hub hears that the session of a car was closed by a loss of power, with all that the meter counted."""

    async def ended() -> bool:
        return (await place.session(session)).get("ended") is not None

    await place.until(ended, "the interrupted session is closed")
    assert (await place.session(session))["stopReason"] == "PowerLoss"
    [found] = [one for one in edge_sessions(place.site.ledger) if one.session_id == session]
    assert found.readings[-1].register == register


async def test_nothing_is_lost(place: Place) -> None:
    bike = await charge_bike(place)
    car, trips = await charge_car(place), place.trips()

    # The hub, then the edge: nobody is there but the guard.
    await place.site.lose_hub()
    before = await bike_energy(place, bike)
    guard = place.guard
    await place.crew.kill("edge")
    await opened(place)
    assert guard is not None
    assert place.guard == guard
    register = await asyncio.to_thread(meter_register, place.site.serial, METER)
    await place.site.start_edge()
    await place.site.start_hub()
    await closed_from_the_register(place, car, register)
    await tripped(place, trips)
    assert place.guard == guard  # adopted

    async def goes_on() -> bool:
        return await bike_energy(place, bike) > before

    await place.until(goes_on, "the e-bike's session goes on")
    await place.story.plug_again()
    again, trips = await charge_car(place), place.trips()

    # Edge and guard at once: the one-shot drops.
    await place.crew.kill("edge")
    os.kill(guard, signal.SIGKILL)
    await opened(place)
    register = await asyncio.to_thread(meter_register, place.site.serial, METER)
    await place.site.start_edge()
    await closed_from_the_register(place, again, register)
    await tripped(place, trips)
    assert "unclean-start" in dict(place.trips() - trips)
    assert place.guard not in (None, guard)  # another one, which permits nothing before somebody has looked
    assert (await place.charger()).is_open

    await place.site.tell("site", "unplug 1 A")

    async def billed() -> bool:
        return (await place.site.hub.bills()).keys() >= {bike, car, again}

    await place.until(billed, "everything is billed")
    await all_told_once(place, register)


async def all_told_once(place: Place, register: int) -> None:
    """Ledger, hub and meter agree to the record, the fen and the mWh."""

    async def told() -> bool:
        return bool((await place.status())["pending"] == 0)

    await place.until(told, "the hub has every record")
    bills = await place.site.hub.bills()
    assert await place.crew.end("edge") == 0
    sessions = edge_sessions(place.site.ledger)
    assert len(sessions) == len({session.session_id for session in sessions}) == len(bills)
    assert [*differences(sessions, bills, place.site.register_at_start, register)] == []
    assert place.records_of_hub() == place.records_of_edge()
