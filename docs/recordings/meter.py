"""The line of a single-phase meter as a serial logger writes it. Both ends are our own; it is the line that errs."""

from datetime import UTC, datetime

from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.master import Master
from chargelink.dlt645.meter import Meter
from chargelink.dlt645.request import Request, read, read_address

START = 1_780_000_000.0  # s
ADDRESS = "000000000161"
FORWARD_ENERGY, VOLTAGES, CURRENT_A, POWER = "00010000", "0201FF00", "02020100", "02030000"
VOLTAGE_A, FREQUENCY = "02010100", "02800002"
HELD = {  # in the catalogue's inner units: mWh, mV, mA, mW
    FORWARD_ENERGY: 1_234_560_000,
    VOLTAGE_A: 229_600,
    CURRENT_A: 31_415,
    POWER: 7_211_000,
}


class Line:
    """A master and a meter, and a logger between them.

    `adapter_echoes`: the two-wire adapter hears what it sends, so the logger shows the request before the answer.
    `answer_cut` bytes of the answer are lost.
    """

    def __init__(self) -> None:
        registers = {
            identifier: item.form.encode(value)
            for identifier, value in HELD.items()
            if (item := STANDARD.find(identifier)) is not None
        }
        self.master = Master(retries=0)
        self.meter = Meter(ADDRESS, registers)
        self.now = START
        self.lines = ["# a single-phase meter at 2400 baud, 8E1\n"]

    def ask(self, request: Request, *, adapter_echoes: bool = False, answer_cut: int = 0) -> None:
        """One exchange, as logged; the next begins a second later."""
        now = self.now
        self.master.request(request, now)
        asked = self.master.data_to_send()
        self._log(now, "TX", asked)
        now += self.master.timing.duration(len(asked))
        self.meter.receive(asked, now)
        now = self.meter.deadline or now
        self.meter.tick(now)
        answer = self.meter.data_to_send()
        heard = answer[: len(answer) - answer_cut]
        now += self.master.timing.duration(len(heard))
        self._log(now, "RX", asked + heard if adapter_echoes else heard)
        self.master.receive(heard, now)
        while self.master.busy:
            now = self.master.deadline or now
            self.master.tick(now)
        self.now = max(self.now + 1, now)

    def _log(self, now: float, direction: str, raw: bytes) -> None:
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        self.lines.append(f"{time}  {direction}: {raw.hex(' ').upper()}\n")


def meter_line() -> str:
    """Who is there, energy, voltages (phases B and C absent), power behind an echo, a refusal, a reply cut short."""
    line = Line()
    line.ask(read_address())
    line.ask(read(ADDRESS, FORWARD_ENERGY))
    line.ask(read(ADDRESS, VOLTAGES))
    line.ask(read(ADDRESS, POWER), adapter_echoes=True)
    line.ask(read(ADDRESS, FREQUENCY))
    line.ask(read(ADDRESS, CURRENT_A), answer_cut=4)
    return "".join(line.lines)
