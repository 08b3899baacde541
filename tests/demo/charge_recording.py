"""The recording of a charge of some seconds: it begins like the sample of the documentation, and lasts longer."""

from docs.recordings.vehicle import HEALTHY, Recorder, can_session

from chargelink.gbt27930.causes import ChargerCause, flagged
from chargelink.gbt27930.charging import BCL, BCS, BSM, CCS
from chargelink.gbt27930.codes import ChargeMode, ChargePermission, Permission
from chargelink.gbt27930.ending import BSD, CSD, CST

VOLTAGE, CURRENT = 382_000, 200_000  # mV, mA
CELL = 3_420  # mV
FIRST_SOC, SOC = 413, 420  # 0.1 %, of the sample's BCP, and of the first BCS


def charge(seconds: int) -> str:
    """A charge with so many seconds at full current, SOC rising by 1 % a second; then stopped at the charger."""
    sample = can_session().splitlines(keepends=True)
    bus = Recorder()
    bus.lines = sample[: next(place for place, line in enumerate(sample) if "1812F456#" in line)]  # up to the first CCS
    began = float(bus.lines[-1][1:18])
    soc = SOC
    for quarter in range(seconds * 4):
        bus.now = began + quarter / 4
        soc = SOC + 10 * (quarter // 4)
        for _ in range(4):
            bus.say(BCL(410_000, -CURRENT, ChargeMode.CONSTANT_CURRENT))
            bus.say(CCS(VOLTAGE, -CURRENT, 0, Permission.PERMITTED))
        bus.say(BSM(53, 310, 7, 280, 16, *HEALTHY, ChargePermission.PERMITTED))
        bus.say(BCS(VOLTAGE, -CURRENT, CELL, 1, soc, 38))
    bus.say(flagged(CST, {ChargerCause.MANUAL}))
    bus.say(BSD(soc, 3_310, CELL, 280, 310))
    bus.say(CSD(1, 100_000, 1))
    return "".join(bus.lines)
