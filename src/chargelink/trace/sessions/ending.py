"""How a session ends: what was said first, what had come until then, and what is only an echo of the last charge."""

from dataclasses import dataclass, field

from chargelink.gbt27930.catalogue import BY_NAME, Sender
from chargelink.gbt27930.causes import ChargerTimeout, VehicleTimeout
from chargelink.trace.sessions.model import Phase
from chargelink.trace.sessions.states import TABLES

C, B = ChargerTimeout, VehicleTimeout
ERRORS = ("CEM", "BEM")
CYCLIC = ("CCS", "BCL", "BCS", "BRO")  # come all the time; the other awaited ones come once their time is there
USUAL_LIMIT = 5.0  # s
ENOUGH = 0.8  # of a wait: who gives up after that has waited, for clocks and recorders are not exact


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a field of CEM or BEM says was waited for: `word`, after one of `after` was said; `asked` by transport."""

    word: str
    after: tuple[str, ...]
    asked: str = ""  # the transported message that has to get through first

    @property
    def message(self) -> str:
        return self.word.partition("(")[0]

    @property
    def sender(self) -> Sender:
        return BY_NAME[self.message].sender


AWAITED: dict[str, Awaited] = {
    C.BRM: Awaited("BRM", ("CRM(00)",), "BRM"),
    C.BCP: Awaited("BCP", ("CRM(AA)",), "BCP"),
    C.BRO: Awaited("BRO(AA)", ("CML", "CRO(00)")),
    C.BCS: Awaited("BCS", ("CRO(AA)", "CCS"), "BCS"),
    C.BCL: Awaited("BCL", ("CRO(AA)", "CCS")),
    C.BST: Awaited("BST", ("CST",)),
    C.BSD: Awaited("BSD", ("CST",)),
    B.CRM_00: Awaited("CRM(00)", ()),
    B.CRM_AA: Awaited("CRM(AA)", ("BRM", "RTS BRM"), "BRM"),
    B.CML: Awaited("CML", ("BCP", "RTS BCP"), "BCP"),
    B.CRO: Awaited("CRO(AA)", ("BRO(AA)",)),
    B.CCS: Awaited("CCS", ("CRO(AA)", "BCL", "BCS", "RTS BCS")),
    B.CST: Awaited("CST", ("BST",)),
    B.CSD: Awaited("CSD", ("BSD", "BST")),
}
CHARGED = ("CRO(AA)", "CCS", "BCL", "BCS")  # one of these comes before a charge
# What a side says only when the charge before is behind it: a stop or an error that begins later is of this charge.
BEGUN = {
    Sender.CHARGER: {"CHM", "CRM(00)", "CRM(AA)", "CML", "CRO(00)", *CHARGED},
    Sender.BMS: {"BRM", "RTS BRM", "BCP", "RTS BCP", "BRO(00)", "BRO(AA)", *CHARGED},
}

LIMITS: dict[str, float] = {}  # s, by field: how long it is waited for
for _table in TABLES.values():
    for _row in _table.values():
        for _wait in _row.waits:
            if _wait.then in AWAITED:
                LIMITS[_wait.then] = min(_wait.seconds, LIMITS.get(_wait.then, _wait.seconds))


@dataclass(slots=True)
class Transfer:
    """How the transfers of one message went."""

    asked: int = 0  # RTS
    allowed: int = 0  # CTS
    done: int = 0
    aborted: int = 0
    incomplete: int = 0
    single: int = 0  # came in a frame of its own instead


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known when somebody stopped, reported an error, or fell silent. Ages in s, None: never came."""

    now: float
    phase: Phase
    message: str  # CST, BST, CEM, BEM; "" for silence
    sender: Sender | None
    causes: tuple[str, ...]
    ages: dict[str, float] = field(default_factory=dict)  # by word, since the (re)connection
    side_ages: dict[Sender, float] = field(default_factory=dict)
    waited: float = 0.0  # how long the sender had been in the state before
    forbidden: float = 0.0  # s that BSM had forbidden to charge
    senseless: frozenset[str] = frozenset()  # messages that came last with values that nobody can follow
    transfers: dict[str, Transfer] = field(default_factory=dict)
    battery_faults: tuple[str, ...] = ()  # of the last BSM

    @property
    def cause(self) -> str:
        """The timeout that it reports."""
        return next((cause for cause in self.causes if cause in AWAITED), "")

    @property
    def awaited(self) -> Awaited | None:
        return AWAITED.get(self.cause)

    @property
    def founded(self) -> bool:
        """Something had been said after which what it reports as missing is waited for."""
        return self.awaited is None or not self.awaited.after or not self.ages.keys().isdisjoint(self.awaited.after)

    @property
    def limit(self) -> float:
        """s that it is waited for."""
        return LIMITS.get(self.cause, USUAL_LIMIT)

    @property
    def age(self) -> float | None:
        """How long ago the awaited message had come; None: never."""
        return self.ages.get(self.awaited.word) if self.awaited else None

    def came_in_time(self, timed: bool) -> bool:
        """What it reports as missing had come."""
        if self.age is None or self.awaited is None or self.awaited.message in self.senseless:
            return False
        transfer = self.transfers.get(self.awaited.asked)
        if transfer is not None and transfer.single and not transfer.done:
            return False
        if self.awaited.message in CYCLIC:
            return timed and self.age < ENOUGH * self.limit
        return True


class Ending:
    """The first stop and the first error of a connection; anew with every reconnection."""

    def __init__(self) -> None:
        self.stop: Moment | None = None
        self.error: Moment | None = None
        self.before: Moment | None = None  # what ended the connection before this one
        self.stops: dict[str, Moment] = {}  # the first CST and the first BST
        self.causes: list[str] = []  # of the whole session
        self.echoes: set[tuple[str, tuple[str, ...]]] = set()  # of the last charge, still said in this one
        self._known: set[tuple[str, tuple[str, ...]]] = set()

    @property
    def first(self) -> Moment | None:
        moments = [moment for moment in (self.stop, self.error) if moment is not None]
        return min(moments, key=lambda moment: moment.now, default=None)

    def reconnect(self) -> None:
        """The session begins again with recognition."""
        self.before = self.first or self.before
        self.stop = self.error = None
        self.stops.clear()
        self.echoes.clear()
        self._known.clear()

    def charging(self) -> None:
        """The charge begins: no echo outlives that, the same word again is a new one."""
        self._known -= self.echoes
        self.echoes.clear()

    def is_new(self, message: str, causes: tuple[str, ...]) -> bool:
        """Whether this was not said before in this connection: a stop comes a hundred times a second."""
        if (message, causes) in self._known or len(self._known) > 1000:
            return False
        self._known.add((message, causes))
        return True

    def take(self, moment: Moment) -> None:
        self.causes += [cause for cause in moment.causes if cause not in self.causes]
        if moment.message in ERRORS:
            self.error = self.error or moment
        else:
            self.stop = self.stop or moment
            self.stops.setdefault(moment.message, moment)


def stale(message: str, causes: tuple[str, ...], said: set[str]) -> tuple[str, ...]:
    """The causes that nothing in this connection can have led to, by the words `said` in it."""
    if said & BEGUN[BY_NAME[message].sender]:
        return ()
    if message == "BST":
        return causes or ("",)
    return tuple(
        cause for cause in causes if cause in AWAITED and AWAITED[cause].after and said.isdisjoint(AWAITED[cause].after)
    )
