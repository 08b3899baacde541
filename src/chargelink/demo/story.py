"""What happens in the demo: an e-bike is charged for an order, a car until the e-stop is pressed, then until what was
prepaid is used up; another e-bike by card while the hub is away.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from chargelink.cli.language import Text
from chargelink.demo.crew import LOOK_EVERY, Crew, DemoError
from chargelink.demo.purse import PAID_IN, Purse
from chargelink.demo.site import EDGE, GUN, SOCKETS, Site

Say = Callable[[Text], None]

PATIENCE = 60.0  # s for anything that takes a tenth of it on a machine with time
HUB_AWAY = 15.0  # s
BIKE_CAPS = {"energy": 1_000, "minutes": 60}
CAR_CAPS = {"minutes": 30}
FOR_BIKE, FOR_CAR, LITTLE = 500, 2_000, 5  # fen that are prepaid; the last for a car that is cut short
PLUGGED = ("plugged", "finished")  # the second: it was there before the edge started
MOST_CUT_OFFS = 3  # by a busy machine
PERMIT_LOST = "permit-lost"  # the one-shot dropped
CHARGED = 5_000  # mWh that a car has taken when it is worth interrupting


class Story:
    """One run. `say` is told what happens as it happens."""

    def __init__(self, site: Site, crew: Crew, say: Say) -> None:
        self.site = site
        self.crew = crew
        self.say = say
        self.cut_off: list[str] = []
        """Sessions that the guard ended because this machine was too busy."""
        self.purse = Purse(site, crew)

    async def tell(self) -> None:
        """From the first plug to the last bill. Raises DemoError when something does not happen."""
        await self.devices_there()
        await self.open_account()
        first = await self.charge_bike(1, SOCKETS[0])
        car = await self.charge_car()
        while not await self._press_e_stop(car):
            car = await self.charge_car()
        short = await self.charge_short()
        second = await self._charge_without_hub(2, SOCKETS[1])
        await self.billed([first, car, short, second, *self.cut_off])

    async def open_account(self) -> None:
        """Somebody's money, a card, and an allowance for this edge."""

        async def wait(known: Callable[[], Awaitable[bool]]) -> None:
            await self.until(known, None)

        await self.purse.open(wait)
        self.say(
            Text(
                f"an account with {PAID_IN} yuan, a card, an allowance for this site",
                f"开户并充值 {PAID_IN} 元，绑卡，为本站点授予额度",
            )
        )

    async def devices_there(self) -> None:
        async def there() -> bool:
            devices = await self.site.hub.devices()
            sockets = [devices.get(name, {}).get("state", "offline") for name in SOCKETS]
            return "offline" not in sockets and devices.get(GUN, {}).get("state") in PLUGGED

        await self.until(there, Text("sockets join, the gun finds the car", "插座入网，充电枪识别到车辆"))

    async def charge_bike(self, place: int, name: str) -> str:
        await self.plug_bike(place, name)
        session = await self.site.hub.start(EDGE, name, "A", BIKE_CAPS, **self._paid(FOR_BIKE))
        self.say(Text(f"{name} A charges, ordered from the hub", f"{name} A 口开始充电（平台下单）"))
        return session

    def _paid(self, prepaid: int) -> dict[str, str | int]:
        """What pays for a start: nobody, until there is an account."""
        return {"account": self.purse.account, "prepaid": prepaid} if self.purse.account else {}

    async def plug_bike(self, place: int, name: str) -> None:
        await self.site.tell("site", f"plug {place} A")

        async def plugged() -> bool:
            outlets = (await self.site.hub.devices())[name]["detail"]["outlets"]
            return bool(outlets["A"]["state"] == "plugged")

        await self.until(plugged, Text(f"an e-bike is plugged into {name} A", f"电动自行车接入 {name} A 口"))

    async def charge_car(self, prepaid: int = FOR_CAR) -> str:
        """Charge the car and give its session. The guard cuts off on a machine that is too busy: then once more."""
        while True:
            session = await self._start_car(prepaid)
            rule = await self._cut_off_by(session)
            if rule is None:
                return session
            self._note_cut_off(session, rule)
            await self.plug_again()

    def _note_cut_off(self, session: str, rule: str) -> None:
        self.cut_off.append(session)
        if len(self.cut_off) >= MOST_CUT_OFFS:
            raise DemoError(f"the guard cut off {MOST_CUT_OFFS} times ({rule}): this machine is too busy")
        self.say(Text(f"this machine is busy, the guard cut off ({rule})", f"本机繁忙，安全进程已切断（{rule}）"))

    async def charge_short(self) -> str:
        """Charge the car until what little was prepaid is used up; its session."""
        session = await self.charge_car(LITTLE)
        while True:
            await self.ended(session)
            if (rule := await self._cut_off_by(session)) is None:
                break
            self._note_cut_off(session, rule)
            await self.plug_again()
            session = await self.charge_car(LITTLE)
        reason = (await self.site.hub.sessions())[session]["stopReason"]
        if reason != "LocalOutOfCredit":
            raise DemoError(f"the car was to stop when {LITTLE} fen are used up; it ended by {reason}")
        self.say(Text(f"cut short: {LITTLE / 100} yuan are used up", f"预付 {LITTLE / 100} 元用完，自动停止"))
        return session

    async def _start_car(self, prepaid: int) -> str:
        """Start the car's charge; its session, which charges or was cut off by the guard. Raises DemoError."""
        session = await self.site.hub.start(EDGE, GUN, None, CAR_CAPS, **self._paid(prepaid))
        self.say(Text(f"{GUN}: handshake with the car", f"{GUN}：与车辆握手"))

        async def charging_or_ended() -> bool:
            known = (await self.site.hub.sessions()).get(session)
            if known is None:
                return False  # the edge answers before its record arrives
            points = await self.site.hub.curve(session)
            return known["ended"] is not None or any((point[5] or 0) >= CHARGED for point in points)

        await self.until(charging_or_ended, None)
        known = (await self.site.hub.sessions())[session]
        if known["ended"] is None:
            self.say(Text(f"{GUN} charges the car", f"{GUN} 正在为车辆充电"))
        elif await self._cut_off_by(session) is None:
            raise DemoError(f"the charge of the car ended by {known['stoppedBy']} ({known['stopReason']})")
        return session

    async def _cut_off_by(self, session: str) -> str | None:
        """What ended a session without being asked: a rule of the guard, or its pulse that came too late."""
        known = (await self.site.hub.sessions())[session]
        if known["trip"]:
            return str(known["trip"]["rule"])
        return PERMIT_LOST if known["stoppedBy"] == PERMIT_LOST else None

    async def _press_e_stop(self, session: str) -> bool:
        """Press it and release it; False if the guard had cut off already, because this machine is too busy."""
        self.say(Text("somebody presses the e-stop", "有人按下急停按钮"))
        await self.site.tell("charger", "estop press")
        await self.ended(session)
        reason = (await self.site.hub.sessions())[session]["stopReason"]
        rule = await self._cut_off_by(session)
        pressed = bool(reason == "EmergencyStop")
        if pressed:
            self.say(
                Text("contactors are open, the session is closed and billed", "接触器已断开，充电过程已结束并出账")
            )
        elif rule is None:
            raise DemoError(f"the session ended by {reason}, not by the e-stop")
        else:
            self._note_cut_off(session, rule)
        await self.site.tell("charger", "estop release")
        self.say(Text("the e-stop is released", "急停复位"))
        await self.plug_again()
        return pressed

    async def plug_again(self) -> None:
        await self.site.tell("vehicle", "unplug")

        async def unplugged() -> bool:
            return (await self.site.hub.devices())[GUN]["state"] in ("available", "unavailable")

        await self.until(unplugged, Text("the car is unplugged", "车辆拔枪"))
        await self.crew.do("edge", "reset", GUN, "--data", str(self.site.data))
        await self.site.tell("vehicle", "plug")

        async def plugged() -> bool:
            return (await self.site.hub.devices())[GUN]["state"] in PLUGGED

        await self.until(plugged, Text("reset on site, the car is plugged in again", "现场复位，车辆重新插枪"))

    async def _charge_without_hub(self, place: int, name: str) -> str:
        """The hub is gone; a card and the edge's allowance are enough. The session."""
        await self.plug_bike(place, name)
        self.say(Text(f"the hub is killed for {HUB_AWAY:.0f} s", f"强制结束平台进程 {HUB_AWAY:.0f} 秒"))
        await self.site.lose_hub()
        until = time.monotonic() + HUB_AWAY
        session = await self.purse.charge_offline(name, "A")
        self.say(Text(f"{name} A charges all the same, by card", f"{name} A 口仍可刷卡充电"))
        while time.monotonic() < until:
            self.crew.check()
            await asyncio.sleep(LOOK_EVERY)
        await self.site.start_hub()
        self.say(Text("the hub is back", "平台已恢复"))
        return session

    async def billed(self, sessions: list[str]) -> None:
        """Wait until all of them are."""

        async def billed() -> bool:
            bills = await self.site.hub.bills()
            return all(session in bills and bills[session]["hubTotal"] is not None for session in sessions)

        await self.until(billed, Text("all sessions have ended and are billed", "所有充电过程已结束并出账"))

    async def ended(self, session: str) -> None:
        """Wait until it has."""

        async def ended() -> bool:
            return (await self.site.hub.sessions())[session]["ended"] is not None

        await self.until(ended, None)

    async def until(self, so: Callable[[], Awaitable[bool]], then: Text | None) -> None:
        """Wait until it is so, and say so. Raises DemoError after `PATIENCE`."""
        await self.crew.until(so, PATIENCE, then.english if then else "the session goes on")
        if then:
            self.say(then)


def bill_lines(bills: Iterable[dict[str, Any]]) -> Iterable[str]:
    """The bills line by line."""
    for bill in bills:
        inner = bill["bill"]
        yield Text(
            f"{bill['session']}  {bill['total'] / 100:.2f} yuan  {inner['energy'] / 1e6:.4f} kWh",
            f"{bill['session']}  {bill['total'] / 100:.2f} 元  {inner['energy'] / 1e6:.4f} kWh",
        ).format()
        for line in inner["lines"]:
            yield f"    {line['what']:8} {line['amount'] / 100:8.2f}  {line['because']}"
