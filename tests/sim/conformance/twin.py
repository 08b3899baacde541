"""Devices with something broken: by a filter of what they say or hear, or by another table of states."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from chargelink.gbt27930.dialogue import Dialogue, Row, Wait
from chargelink.gbt27930.transport import Frame
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.rehearsal import ChargerDevice, Device

Filter = Callable[[Frame], Iterable[Frame]]


class Broken(NamedTuple):
    """A device, and the cases of which each has to catch it."""

    device: Callable[[], Device]
    caught_by: str


class Twin:
    """A device behind filters; `refuses` are prompts that it takes for done without doing them."""

    def __init__(
        self,
        device: Device,
        says: Filter = lambda frame: [frame],
        hears: Filter = lambda frame: [frame],
        refuses: tuple[Prompt, ...] = (),
    ) -> None:
        self.device = device
        self._says, self._hears = says, hears
        self._refuses = refuses

    @property
    def deadline(self) -> float | None:
        return self.device.deadline

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        for frame in self._hears(Frame(identifier, data)):
            self.device.receive(*frame, now)

    def tick(self, now: float) -> None:
        self.device.tick(now)

    def data_to_send(self) -> list[Frame]:
        return [said for frame in self.device.data_to_send() for said in self._says(frame)]

    def do(self, prompt: Prompt, now: float) -> bool:
        return prompt in self._refuses or self.device.do(prompt, now)

    def facts(self) -> list[tuple[Fact, bool]]:
        return self.device.facts()


class Restarting(ChargerDevice):
    """A charger that a card starts again whatever happened before."""

    def do(self, prompt: Prompt, now: float) -> bool:
        return super().do(Prompt.CONNECT if prompt is Prompt.RESTART else prompt, now)


def is_(frame: Frame, pdu_format: int, first: int | None = None) -> bool:
    """A message by its PDU format, and by its first byte if one is given."""
    return frame.identifier >> 16 & 0xFF == pdu_format and (first is None or frame.data[:1] == bytes((first,)))


def without(pdu_format: int, first: int | None = None) -> Filter:
    """Lose a message."""
    return lambda frame: [] if is_(frame, pdu_format, first) else [frame]


def one_of(count: int, pdu_format: int, first: int | None = None) -> Callable[[], Filter]:
    """Let only each `count`th of a message through; a new filter for each device."""

    def made() -> Filter:
        seen = 0

        def through(frame: Frame) -> list[Frame]:
            nonlocal seen
            if not is_(frame, pdu_format, first):
                return [frame]
            seen += 1
            return [frame] if seen % count == 0 else []

        return through

    return made


def changed(pdu_format: int, change: Callable[[bytes], bytes]) -> Filter:
    """Change the data of a message."""
    return lambda frame: [Frame(frame.identifier, change(frame.data)) if is_(frame, pdu_format) else frame]


def cut(length: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:length]


def also(pdu_format: int, other: Frame, first: int | None = None) -> Filter:
    """Say another frame with each of a message."""
    return lambda frame: [frame, other] if is_(frame, pdu_format, first) else [frame]


def with_rows(role: type[Dialogue], **rows: Row) -> dict[str, Mapping[StrEnum, Row]]:
    """The table of a role with some rows replaced, by the names of their states."""
    by_value = {state.value: state for state in role.table}
    return {"table": {**role.table, **{by_value[name]: row for name, row in rows.items()}}}


def row(role: type[Dialogue], name: str) -> Row:
    return next(row for state, row in role.table.items() if state.value == name)


def waiting(row: Row, name: str, seconds: float | None, fed_by: tuple[str, ...] | None = None) -> Row:
    """A row with one wait of another length, or without it (None)."""
    waits = []
    for wait in row.waits:
        if wait.name != name:
            waits.append(wait)
        elif seconds is not None:
            waits.append(Wait(wait.name, seconds, wait.then, wait.fed_by if fed_by is None else fed_by))
    assert tuple(waits) != row.waits, f"no wait {name}"
    return row._replace(waits=tuple(waits))


def everywhere(role: type[Dialogue], name: str, seconds: float | None) -> dict[str, Mapping[StrEnum, Row]]:
    """A table in which a wait is of another length in each state that has it."""
    having = {
        state.value: waiting(row, name, seconds)
        for state, row in role.table.items()
        if any(wait.name == name for wait in row.waits)
    }
    assert having
    return with_rows(role, **having)
