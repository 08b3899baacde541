"""Who may change a meter: a password for each level, and the programming key behind the seal."""

LEVELS = 10
TRIES = 5
LOCKED = 3600.0  # s that a level is locked after so many wrong passwords
PROGRAMMING = 600.0  # s that the key allows programming for
FACTORY = bytes(3)


class Passwords:
    """Levels 00 (the highest) to 09, three bytes each, as they travel."""

    def __init__(self) -> None:
        self._passwords = [FACTORY] * LEVELS
        self._wrong = [0] * LEVELS
        self._locked_until = [float("-inf")] * LEVELS

    def proves(self, level: int, password: bytes, least: int, now: float) -> bool:
        """Whether a password is that of its level, and the level is `least` or a higher one (a lower number)."""
        if not 0 <= level <= min(least, LEVELS - 1) or now < self._locked_until[level]:
            return False
        if password == self._passwords[level]:
            self._wrong[level] = 0
            return True
        self._wrong[level] += 1
        if self._wrong[level] == TRIES:
            self._wrong[level] = 0
            self._locked_until[level] = now + LOCKED
        return False

    def set(self, level: int, password: bytes) -> None:
        self._passwords[level] = password


class ProgrammingKey:
    """`always`: programming is allowed without it. `pressed` counts, so that records know whose key it was."""

    def __init__(self, always: bool = False) -> None:
        self.pressed = 0
        self._always = always
        self._until = float("-inf")

    def press(self, now: float) -> None:
        """Allow programming for a while; pressed again it ends at once."""
        if self.allows(now) and not self._always:
            self._until = float("-inf")
            return
        self.pressed += 1
        self._until = now + PROGRAMMING

    def allows(self, now: float) -> bool:
        return self._always or now < self._until
