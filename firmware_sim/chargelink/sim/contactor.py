"""A contactor: it takes its time, bounces when it closes, and may weld."""

CLOSES_AFTER = 0.025  # s from the coil's voltage to the first touch
BOUNCES = 0.003  # s of bouncing after it
BOUNCE = 0.001  # s each touch and each gap lasts
OPENS_AFTER = 0.020  # s, with a suppressed coil; without suppression twice that


class Contactor:
    """Its main contact, and the mirror contact that shows it. Times in s.

    `welded` holds the contact closed, whatever the coil says; the mirror contact is linked to it and shows it.
    """

    def __init__(self) -> None:
        self.welded = False
        self._coil = False
        self._since = 0.0  # of the coil's present state
        self._closed = False  # before the change that is under way

    def drive(self, coil: bool, now: float) -> None:
        """Give the coil its voltage or take it away."""
        if coil != self._coil:
            self._closed = self._contact(now)
            self._coil = coil
            self._since = now

    def closed(self, now: float) -> bool:
        """Whether the contact touches."""
        return self.welded or self._contact(now)

    def _contact(self, now: float) -> bool:
        age = now - self._since
        if not self._coil:
            return self._closed and age < OPENS_AFTER
        if age < CLOSES_AFTER:
            return self._closed
        bouncing = age < CLOSES_AFTER + BOUNCES and not self._closed
        return not bouncing or int((age - CLOSES_AFTER) / BOUNCE) % 2 == 0
