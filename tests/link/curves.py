"""Charges as an edge sees them, second by second: the simulators' physics, behind instruments that flicker."""

import random
from collections.abc import Iterator

from chargelink.link.messages import Sample
from chargelink.sim.battery import Battery
from chargelink.sim.sockets.ebike import CURVES, Ebike

CAR_SESSION = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
BIKE_SESSION = "017f22e2-79b0-7cc3-98c4-dc0c0c073990"
BEGIN = 1_700_000_000_000  # UTC ms
PACK = 60_000_000  # mWh
MOST_CURRENT = 150_000  # mA


def car(seconds: int, seed: int = 1, device: str = "gun-1", session: str = CAR_SESSION) -> Iterator[Sample]:
    """A car of 60 kWh from 20 %, at 150 A and then ever less: one sample a second, full or not, for so many seconds.

    Instruments show 0.1 V and 0.1 A and flicker by one or two digits; the meter shows 0.1 Wh, the car whole percents.
    """
    dice = random.Random(seed)
    battery = Battery(PACK, 200)
    at = BEGIN
    for second in range(seconds):
        current = min(MOST_CURRENT, battery.headroom, 10_000 + second * 5_000)
        battery.carry(current, 1000)
        voltage = battery.voltage // 100 * 100 + dice.choice((-100, 0, 0, 0, 100))
        shown = current // 100 * 100 + dice.choice((-200, -100, 0, 0, 0, 0, 100, 200))
        at += 1000 + dice.choice((0, 0, 0, 1, 1, 2, -1))
        yield Sample(
            device=device,
            session_id=session,
            at=at,
            voltage=voltage,
            current=shown,
            power=voltage * shown // 1000,
            energy=battery.stored // 100 * 100,
            soc=battery.soc // 10 * 10,
        )


def bike(count: int, seed: int = 1, device: str = "socket-1", session: str = BIKE_SESSION) -> Iterator[Sample]:
    """An e-bike at a socket: a sample a minute, so many of them."""
    dice = random.Random(seed)
    ebike = Ebike(CURVES["lithium"])
    energy, at = 0, BEGIN
    for _ in range(count):
        energy += ebike.draw(60_000)
        at += 60_000 + dice.randrange(-800, 800)
        voltage = 228_000 + dice.randrange(-15, 15) * 100
        power = ebike.power // 100 * 100 + dice.randrange(-5, 5) * 100
        yield Sample(
            device=device,
            session_id=session,
            outlet="A",
            at=at,
            voltage=voltage,
            current=max(power, 0) * 1000 // voltage // 10 * 10,
            power=max(power, 0),
            energy=energy // 3_600_000 // 100 * 100,
        )
