"""DL/T 645: vendors' profiles, and procedures of several exchanges on a line that does what it likes."""

from collections.abc import Callable
from datetime import datetime
from importlib.resources import files

from tests.fuzz.script import Script, chunked

from chargelink.dlt645 import Frame
from chargelink.dlt645.bodies import Credentials, Relay
from chargelink.dlt645.control import BAUD_RATES
from chargelink.dlt645.discovery import Discovery
from chargelink.dlt645.frame import LONGEST_DATA
from chargelink.dlt645.master import Master
from chargelink.dlt645.procedures import (
    BaudChange,
    BlockRead,
    ConfirmedRelay,
    EditionDetection,
    Finished,
    Procedure,
    ProcedureEvent,
    SetTime,
)
from chargelink.dlt645.profiles import ProfileError, read_profile
from chargelink.dlt645.profiles.reader import value_form
from chargelink.dlt645.timing import Timing

METER = "000000000161"
BY = Credentials()
LONGEST = 600.0  # s that any procedure may take, whatever the line does
REPEATED = frozenset({0x01, 0x11, 0x12, 0x13})  # what reads; all else goes out once

MAKERS: tuple[Callable[[Master], Procedure[object]], ...] = (
    lambda master: ConfirmedRelay(master, METER, Relay(BY, 0x1A, "2099-12-31 23:59:59"), 0.0),
    lambda master: ConfirmedRelay(master, METER, Relay(BY, 0x3A, "2099-12-31 23:59:59"), 0.0),
    lambda master: BaudChange(master, METER, 9600, 0.0),
    lambda master: SetTime(master, METER, datetime(2026, 11, 20, 23, 59, 40), 0.0, BY),
    lambda master: SetTime(master, METER, datetime(2026, 11, 20, 12, 0), 0.0),
    lambda master: BlockRead(master, METER, "0001FF00", 0.0),
    lambda master: EditionDetection(master, 0.0),
    lambda master: EditionDetection(master, 0.0, METER),
    lambda master: Discovery(master, 0.0, ((2400, "E"),), 40),
)


def profiles(data: bytes) -> None:
    """Any text is a profile, or is refused with a path, a reason and a remedy in both languages."""
    try:
        profile = read_profile("mine", data.decode("utf-8", "replace"))
    except ProfileError as error:
        for problem in error.problems:
            assert problem.path
            assert all((*problem.problem, *problem.remedy))
        return
    for row in profile.rows:
        assert value_form(row.form) is not None
        assert profile.catalogue.expand(row.pattern) is not None
    assert all(profile.catalogue.find(identifier) for identifier in profile.poll.energy)


def profile_seeds() -> list[bytes]:
    return [file.read_bytes() for file in files("chargelink.dlt645.profiles").iterdir() if file.name.endswith(".toml")]


class Played:
    """A procedure that must end once, in time, with an outcome, and send no command twice."""

    def __init__(self, make: Callable[[Master], Procedure[object]]) -> None:
        self.master = Master(Timing(2400))
        self.procedure = make(self.master)
        self.asked = Frame(METER, 0)
        self._commands: set[tuple[int, bytes]] = set()
        self._finished = 0

    def note(self, events: list[ProcedureEvent]) -> None:
        self._finished += events.count(Finished())
        assert self._finished == (not self.procedure.running)
        sent = self.procedure.data_to_send()
        if not sent:
            return
        self.asked = Frame.decode(sent)
        if self.asked.function not in REPEATED:
            command = self.asked.function, self.asked.data
            assert command not in self._commands
            self._commands.add(command)


def procedures(data: bytes) -> None:
    """The line answers what it likes, when it likes: the procedure ends, and the master is free again."""
    script = Script(data)
    played = Played(script.choose(MAKERS))
    procedure = played.procedure
    played.note(procedure.tick(0.0))
    now = 0.0
    while not script.ended and procedure.running:
        match script.number() % 5:
            case 0:
                now += script.step()
            case 1:
                head = played.asked.data[: 4 if played.asked.function >= 0x11 else 2]
                body = (head if played.asked.function in (0x01, 0x11) else b"") + script.chunk()[: LONGEST_DATA - 4]
                played.note(procedure.receive(Frame(METER, played.asked.function | 0x80, body).encode(), now))
            case 2:
                refusal = Frame(METER, played.asked.function | 0xC0, script.chunk()[:2])
                played.note(procedure.receive(refusal.encode(), now))
            case 3:
                played.note(procedure.receive(script.chunk(), now))
            case _:
                now = max(now, procedure.deadline or now)
        played.note(procedure.tick(now))
    silent_since = now
    while procedure.running:
        assert procedure.deadline is not None
        now = max(now, procedure.deadline)
        assert now - silent_since < LONGEST
        played.note(procedure.tick(now))
    assert not played.master.busy
    assert played.master.timing.baud in BAUD_RATES.values()


def procedure_seeds() -> list[bytes]:
    answer = b"\x01" + chunked(bytes(7)) + b"\x04"
    refusal = b"\x02" + chunked(b"\x02") + b"\x04"
    return [bytes((maker,)) + story * 8 for maker in range(len(MAKERS)) for story in (answer, refusal, b"\x04")]
