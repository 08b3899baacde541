"""The contact in the main circuit: it obeys function 1C, or says why not."""

from datetime import datetime, timedelta

from chargelink.dlt645 import bodies

RETURN_STEP = timedelta(minutes=5)  # N2 counts them


class Relay:
    """`told_to_trip` is the command, `open` the contact: one that is `stuck` does not move. `operator` spoke last."""

    def __init__(self) -> None:
        self.open = False
        self.told_to_trip = False
        self.alarm = False
        self.kept = False
        self.stuck = False
        self.operator = "00000000"
        self._may_close = False
        self._returns: float | None = None

    def obey(self, order: bodies.Relay, shows: datetime, now: float) -> bool:
        """Do what an order says; False if it is refused. `shows` is the meter's clock."""
        if not _holds(order.valid_until, shows):
            return False
        match order.command:
            case 0x1A if not self.kept:  # trip
                self.trip()
            case 0x1D | 0x1E if not self.kept and not self.open and order.wait:  # trip, and return by itself
                self.trip()
                self._returns = now + order.wait * RETURN_STEP.total_seconds()
            case 0x1B:  # closing is permitted
                self.told_to_trip, self._may_close, self._returns = False, True, None
            case 0x1C:  # close
                self.close()
            case 0x2A | 0x2B:  # alarm on, off
                self.alarm = order.command == 0x2A
            case 0x3A | 0x3B:  # keep power, or no longer
                self.kept = order.command == 0x3A
            case _:
                return False
        self.operator = order.credentials.operator
        return True

    def trip(self) -> None:
        self.told_to_trip, self._may_close, self._returns = True, False, None
        self._move(to_open=True)

    def close(self) -> None:
        self.told_to_trip, self._may_close, self._returns = False, False, None
        self._move(to_open=False)

    def press(self) -> None:
        """A person presses the key beside it, which closes if that is permitted."""
        if self._may_close:
            self.close()

    def pass_time(self, now: float) -> None:
        """After a trip with return it closes by itself."""
        if self._returns is not None and now >= self._returns:
            self.close()

    def _move(self, to_open: bool) -> None:
        if not self.stuck:
            self.open = to_open


def _holds(valid_until: str, shows: datetime) -> bool:
    """A deadline that is in no calendar is past, as is one before what the clock shows."""
    try:
        return datetime.fromisoformat(valid_until) >= shows.replace(microsecond=0)
    except ValueError:
        return False
