"""A procedure and a device at the two ends of a line, in jumping time. Bytes at the wrong rate never arrive."""

from collections.abc import Callable

from chargelink.dlt645 import Frame
from chargelink.dlt645.master import Master
from chargelink.dlt645.meter import Commanded, Meter
from chargelink.dlt645.procedures import Finished, Procedure, ProcedureEvent, SetRate
from chargelink.dlt645.timing import Timing

ADDRESS = "000000000161"
START = 1000.0


class Device:
    """A meter whose commands go to a handler; `baud` is the rate that it hears and speaks. `heard` are all frames."""

    def __init__(self, registers: dict[str, bytes], address: str = ADDRESS, baud: int = 2400) -> None:
        self.registers = registers
        self.meter = Meter(address, registers)
        self.baud = baud
        self.mute = False
        self.commands: list[Frame] = []
        self.obey: Callable[[Frame, float], None] = lambda frame, now: None

    def hear(self, data: bytes, baud: int, now: float) -> None:
        if baud != self.baud or self.mute:
            return
        for event in self.meter.receive(data, now):
            if isinstance(event, Commanded):
                self.commands.append(event.frame)
                self.obey(event.frame, now)


def a_master(baud: int = 2400) -> Master:
    return Master(Timing(baud=baud))


def played(procedure: Procedure[object], device: Device, baud: int = 2400) -> tuple[list[ProcedureEvent], float]:
    """All that the procedure told, and when it was over."""
    now, told = START, procedure.tick(START)
    while procedure.running:
        assert now < START + 300, "it does not end"
        baud = next((event.baud for event in reversed(told) if isinstance(event, SetRate)), baud)
        device.hear(procedure.data_to_send(), baud, now)
        due = [time for time in (procedure.deadline, device.meter.deadline) if time is not None]
        now = max(now, min(due))
        device.meter.tick(now)
        speaks_at = device.baud
        said = device.meter.data_to_send()
        told += procedure.receive(said if speaks_at == baud else b"", now)
    assert told[-1] == Finished()
    assert told.count(Finished()) == 1
    return told, now
