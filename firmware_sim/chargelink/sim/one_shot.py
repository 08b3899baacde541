"""The permit: a retriggerable one-shot that the guard's pulses keep up, and that drops by itself when they stop.

What the guard says, one datagram each: `P` a pulse, `O` open now, `M` the modules off and the contactor still held.
"""

HOLDS = 0.050  # s after the last pulse


class OneShot:
    """Times in s. The modules' enable hangs on the permit; `M` takes it away until the permit begins anew."""

    def __init__(self) -> None:
        self._until = float("-inf")
        self._modules_off = False

    def hear(self, datagram: bytes, now: float) -> None:
        """Take a word of the guard; what is none changes nothing, so that only pulses can keep the permit."""
        if datagram == b"P":
            if not self.present(now):
                self._modules_off = False
            self._until = now + HOLDS
        elif datagram == b"M":
            self._modules_off = True
        elif datagram == b"O":
            self._until = float("-inf")

    def present(self, now: float) -> bool:
        """K1K2 may be closed."""
        return now < self._until

    def modules_allowed(self, now: float) -> bool:
        """The power modules may run."""
        return self.present(now) and not self._modules_off
