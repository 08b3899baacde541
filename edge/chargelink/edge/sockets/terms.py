"""What a START says beside its session: limits from the caps of a session and from what its money surely buys, and when
a battery counts as full. So the socket itself holds them, also when nobody tells it anything any more.
"""

from dataclasses import dataclass

import msgspec

from chargelink.cli.language import Text
from chargelink.link.authorisation import Authorisation
from chargelink.link.messages import Caps
from chargelink.lora_socket.codes import StartFlags
from chargelink.lora_socket.commands import LONGEST_CHARGE, RATED_OUTLET, Start
from chargelink.model import Tariff
from chargelink.tariff import Affordable, affordable
from chargelink.wire import ChargelinkError

WATT_HOUR = 1000  # mWh
MOST_WATT_HOURS = 0xFFFF
TIER_BOUNDS = (200_000, 300_000, 500_000, 1_000_000)  # mW: parameter 0E of a socket, as it leaves the factory
UNLIMITED, NOTHING = Affordable(), Affordable(0, 0)

NO_ROOM = Text("the caps leave less than 1 Wh, 1 W or 1 minute", "限额不足 1 Wh、1 W 或 1 分钟")
NO_MONEY = Text(
    "the money buys less than 1 Wh or 1 minute at this price; top up and try again",
    "余额不足以购买 1 Wh 或 1 分钟，请充值后重试",
)


class StartRefused(ChargelinkError):  # noqa: N818 - says what it is
    """No session begins; the message says why. `text` is for people, where it has both languages."""

    def __init__(self, why: str | Text) -> None:
        super().__init__(why if isinstance(why, str) else why.english)
        self.text = why if isinstance(why, Text) else Text(why, why)


@dataclass(frozen=True)
class Terms:
    """For sessions without caps of their own: minutes, mWh, mW. Full: below `full_below` mW for `full_minutes`.

    `tier_bounds` are the upper bounds, mW, of the tiers in which a socket counts minutes, but of the last.
    """

    minutes: int = 480
    energy: int = 3_000_000
    power: int = 400_000
    full_below: int = 30_000
    full_minutes: int = 10
    tier_bounds: tuple[int, ...] = TIER_BOUNDS

    def start(
        self, session: int, caps: Caps, tariff: Tariff | None = None, authorisation: Authorisation | None = None
    ) -> Start:
        """The START of a session sold by `tariff`. Limits are rounded down to what LS1 can say.

        Raises StartRefused if nothing is left.
        """
        power = min(self.power if caps.power is None else caps.power, RATED_OUTLET) // 1000 * 1000
        bought = UNLIMITED if tariff is None else _bought(tariff, caps, authorisation, power)
        if bought.minutes == 0 or (bought.energy is not None and bought.energy < WATT_HOUR):
            raise StartRefused(NO_MONEY)
        terms = tariff.monthly_pass if tariff is not None and authorisation and authorisation.pass_id else None
        one_use = Affordable() if terms is None else Affordable(terms.energy_per_use, terms.minutes_per_use)
        energy = _least(self.energy if caps.energy is None else caps.energy, one_use.energy, bought.energy)
        minutes = _least(self.minutes if caps.minutes is None else caps.minutes, one_use.minutes, bought.minutes)
        watt_hours = min(energy // WATT_HOUR, MOST_WATT_HOURS)
        if not (watt_hours and power and minutes):
            raise StartRefused(NO_ROOM)
        return Start(
            session,
            most_minutes=min(minutes, LONGEST_CHARGE),
            most_energy=watt_hours * WATT_HOUR,
            most_power=power,
            flags=StartFlags.STOP_WHEN_FULL | StartFlags.RESUME_AFTER_MAINS_LOSS,
            full_threshold=self.full_below,
            full_minutes=self.full_minutes,
        )


def _bought(tariff: Tariff, caps: Caps, authorisation: Authorisation | None, power: int) -> Affordable:
    """What the money that may be spent surely buys, at no more than so much power."""
    prepaid = None if authorisation is None else authorisation.prepaid
    money = min((one for one in (prepaid, caps.money) if one is not None), default=None)
    if money is None:
        return UNLIMITED
    bought = affordable(_within(tariff, power), money, authorisation)
    # What costs less than half a fen is free by the rules, but nobody without money begins because of that.
    return bought if money or bought == UNLIMITED else NOTHING


def _within(tariff: Tariff, power: int) -> Tariff:
    """The tariff without the power tiers that a session never reaches."""
    if tariff.tiers is None:
        return tariff
    reached = []
    for tier in tariff.tiers.tiers:
        reached.append(tier)
        if tier.up_to is None or power <= tier.up_to:
            break
    reached[-1] = msgspec.structs.replace(reached[-1], up_to=None)
    return msgspec.structs.replace(tariff, tiers=msgspec.structs.replace(tariff.tiers, tiers=tuple(reached)))


def _least(limit: int, *others: int | None) -> int:
    """The lowest limit."""
    return min(limit, *(other for other in others if other is not None), limit)
