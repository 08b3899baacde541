"""The phases of a session in order, from the words of both sides."""

from chargelink.trace.sessions.model import Phase, Span

MOST = 2000  # spans: pauses may follow each other for ever
ORDER = {phase: place for place, phase in enumerate(Phase)}
PHASES = {
    "CHM": Phase.HANDSHAKE,
    "BHM": Phase.INSULATION,
    **dict.fromkeys(("CRM(00)", "CRM(AA)", "BRM"), Phase.RECOGNITION),
    **dict.fromkeys(("BCP", "CML", "CTS"), Phase.PARAMETERS),
    **dict.fromkeys(("BRO(00)", "BRO(AA)", "CRO(00)", "CRO(AA)"), Phase.PREPARING),
    **dict.fromkeys(("BCL", "BCS", "CCS"), Phase.CHARGING),
    **dict.fromkeys(("CST", "BST"), Phase.STOPPING),
    **dict.fromkeys(("CSD", "BSD"), Phase.STATISTICS),
    **dict.fromkeys(("CEM", "BEM"), Phase.ERROR),
}


class Phases:
    """Each phase once, but for pauses and reconnections: messages of the last phase that still come change nothing."""

    def __init__(self, start: float) -> None:
        self.now = Phase.UNKNOWN
        self._start = start
        self.reached: set[Phase] = set()
        self._spans: list[tuple[Phase, float]] = []

    @property
    def since(self) -> float:
        """When the phase began."""
        return self._spans[-1][1] if self._spans else self._start

    def heard(self, word: str, now: float) -> None:
        """A word of either side."""
        phase = PHASES.get(word)
        if phase is not None and phase is not self.now and self._leads(phase):
            self.enter(phase, now)

    def enter(self, phase: Phase, now: float) -> None:
        """A phase begins, whatever was before."""
        if phase is self.now:
            return
        self.now = phase
        self.reached.add(phase)
        if len(self._spans) < MOST:
            self._spans.append((phase, now))

    def pause(self, paused: bool, now: float) -> None:
        """Charging is not permitted now, or is again."""
        if self.now is Phase.CHARGING and paused:
            self.enter(Phase.PAUSED, now)
        elif self.now is Phase.PAUSED and not paused:
            self.enter(Phase.CHARGING, now)

    def result(self, end: float, shift: float | None) -> tuple[Span, ...]:
        """The spans until `end`; `shift` turns times into those of the recording, None: it has none."""
        spans = self._spans
        if not spans or spans[0][1] > self._start:
            spans = [(Phase.UNKNOWN, self._start), *spans]
        ends = [start for _, start in spans[1:]] + [end]
        return tuple(
            Span(phase, None, None) if shift is None else Span(phase, start + shift, until - start)
            for (phase, start), until in zip(spans, ends, strict=True)
        )

    def _leads(self, phase: Phase) -> bool:
        if self.now is Phase.PAUSED and phase is Phase.CHARGING:
            return False  # see `pause`
        if phase is Phase.ERROR:
            return True
        if self.now is Phase.ERROR:
            return phase is Phase.STATISTICS and phase not in self.reached
        return ORDER[phase] > ORDER[self.now]
