"""What a START says beside its session: limits from the caps of a session, and when a battery counts as full."""

from dataclasses import dataclass

from chargelink.link.messages import Caps
from chargelink.lora_socket.codes import StartFlags
from chargelink.lora_socket.commands import LONGEST_CHARGE, RATED_OUTLET, Start
from chargelink.wire import ChargelinkError

WATT_HOUR = 1000  # mWh
MOST_WATT_HOURS = 0xFFFF


class StartRefused(ChargelinkError):  # noqa: N818 - says what it is
    """No session begins; the message says why."""


@dataclass(frozen=True)
class Terms:
    """For sessions without caps of their own: minutes, mWh, mW. Full: below `full_below` mW for `full_minutes`."""

    minutes: int = 480
    energy: int = 3_000_000
    power: int = 400_000
    full_below: int = 30_000
    full_minutes: int = 10

    def start(self, session: int, caps: Caps) -> Start:
        """The START of a session. Caps are rounded down to what LS1 can say. Raises StartRefused if nothing is left."""
        energy = self.energy if caps.energy is None else caps.energy
        power = self.power if caps.power is None else caps.power
        minutes = self.minutes if caps.minutes is None else caps.minutes
        watt_hours, watts = min(energy // WATT_HOUR, MOST_WATT_HOURS), min(power, RATED_OUTLET) // 1000
        if not (watt_hours and watts and minutes):
            raise StartRefused("the caps leave less than 1 Wh, 1 W or 1 minute")
        return Start(
            session,
            most_minutes=min(minutes, LONGEST_CHARGE),
            most_energy=watt_hours * WATT_HOUR,
            most_power=watts * 1000,
            flags=StartFlags.STOP_WHEN_FULL | StartFlags.RESUME_AFTER_MAINS_LOSS,
            full_threshold=self.full_below,
            full_minutes=self.full_minutes,
        )
