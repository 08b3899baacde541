"""The board's driver against a simulated charger in a process of its own, and against boards that lie."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.sim.charger import PATIENCE, charger, running

from chargelink.edge.drivers.board_state import OFF, BoardFacts, BoardFault
from chargelink.edge.drivers.io_board import BoardBack, BoardEvent, BoardLost, IoBoard
from chargelink.edge.ports.address import AddressError, LinkError
from chargelink.io_board.registers import K1K2, WATCHDOG, Space
from chargelink.sim.charger_board import ChargerBoard
from chargelink.sim.dc_circuit import DcCircuit
from chargelink.sim.modbus_slave import Conversation
from chargelink.wire import EncodeError


class Heard:
    """What a driver says, and waiting for it."""

    def __init__(self) -> None:
        self.events: list[BoardEvent] = []
        self._more = asyncio.Event()

    def __call__(self, event: BoardEvent) -> None:
        self.events.append(event)
        self._more.set()

    async def facts(self, wanted: Callable[[BoardFacts], bool]) -> BoardFacts:
        """The first facts from now on that are wanted."""
        event = await self.event(lambda event: isinstance(event, BoardFacts) and wanted(event))
        assert isinstance(event, BoardFacts)
        return event

    async def event(self, wanted: Callable[[BoardEvent], bool]) -> BoardEvent:
        at = len(self.events)
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events[at:]:
                    at += 1
                    if wanted(event):
                        return event
                self._more.clear()
                await self._more.wait()

    async def kind(self, kind: type[BoardEvent]) -> BoardEvent:
        return await self.event(lambda event: isinstance(event, kind))


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def closed(board: IoBoard, heard: Heard) -> BoardFacts:
    """Plugged in, locked, pre-charged, K1K2 closed."""
    await heard.facts(lambda facts: facts.cc1 == 4_000 and facts.permit)
    board.want(OFF._replace(ac_contactor=True, k3k4=True, lock=True))
    await heard.facts(lambda facts: facts.ac_feedback and facts.lock_feedback and facts.k3k4_feedback)
    board.want(board.wanted._replace(modules=True, voltage_set=373_500, current_limit=5_000))
    await heard.facts(lambda facts: abs(facts.inside_voltage - 373_500) < 500)
    board.want(board.wanted._replace(k1k2=True))
    return await heard.facts(lambda facts: facts.k1k2_feedback)


async def test_a_charge_and_its_end(tmp_path: Path, heard: Heard) -> None:
    with charger(tmp_path) as found:
        board = IoBoard("io1", found.address, heard)
        async with running(found.pulse(), board.run()):
            facts = await closed(board, heard)
            assert facts.disagreeing == facts.implausible == frozenset()
            board.want(board.wanted._replace(voltage_set=420_000, current_limit=50_000))
            facts = await heard.facts(lambda facts: facts.current > 49_000)
            assert facts.outside_voltage == pytest.approx(381_500, abs=100)
            assert facts.read_back == board.wanted
            board.want(OFF._replace(bleed=True, lock=True, ac_contactor=True))
            facts = await heard.facts(lambda facts: not facts.k1k2_feedback and facts.inside_voltage < 60_000)
            assert facts.outside_voltage == 378_500
            assert facts.current == 0
        assert not any(isinstance(event, BoardFault | BoardLost) for event in heard.events)


async def test_without_pulses_the_contactor_opens_and_that_is_no_disagreement(tmp_path: Path, heard: Heard) -> None:
    with charger(tmp_path) as found:
        board = IoBoard("io1", found.address, heard)
        async with running(board.run(), found.plug()):
            async with running(found.pulse()):
                await closed(board, heard)
            facts = await heard.facts(lambda facts: not facts.k1k2_feedback)
            assert not facts.permit
            assert facts.read_back.k1k2  # though its coil is still on


async def test_the_safety_inputs_are_facts(tmp_path: Path, heard: Heard) -> None:
    with charger(tmp_path) as found:
        board = IoBoard("io1", found.address, heard)
        async with running(found.pulse(), board.run()):
            await closed(board, heard)
            for order, check in [
                ("estop press", lambda facts: facts.e_stop and not facts.ac_feedback),
                ("estop release", lambda facts: not facts.e_stop and facts.ac_feedback),
                ("door open", lambda facts: facts.door_open and not facts.ac_feedback),
                ("door close", lambda facts: not facts.door_open),
                ("button press", lambda facts: facts.cc1 == 6_000),
                ("button release", lambda facts: facts.cc1 == 4_000),
                ("insulation 80", lambda facts: facts.insulation == 80),
                ("modules fail", lambda facts: facts.module_fault),
            ]:
                assert await found.order(order) == "ok"
                await heard.facts(check)


async def test_a_weld_disagrees(tmp_path: Path, heard: Heard) -> None:
    with charger(tmp_path) as found:
        board = IoBoard("io1", found.address, heard)
        async with running(found.pulse(), board.run()):
            await closed(board, heard)
            assert await found.order("k1k2 weld") == "ok"
            board.want(OFF._replace(bleed=True))
            facts = await heard.facts(lambda facts: facts.disagreeing == {"k1k2_feedback"})
            assert facts.k1k2_feedback


async def test_a_driver_that_ends_switches_everything_off(tmp_path: Path, heard: Heard) -> None:
    with charger(tmp_path) as found:
        async with running(found.pulse()):
            board = IoBoard("io1", found.address, heard)
            async with running(board.run()):
                await closed(board, heard)
            again = IoBoard("io1", found.address, heard)
            async with running(again.run()):
                facts = await heard.facts(lambda facts: True)
                assert facts.read_back == OFF


class Liar:
    """A board in this process, to which a lie can be added; `hang_up` lets its master lose it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.now = loop.time
        self.board = ChargerBoard(DcCircuit(self.now()), self.now())
        self.keeps: dict[str, int] = {}
        self.deaf = False
        self.told = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self, space: Space, address: int, count: int, now: float) -> list[int]:
        return self.board.read(space, address, count, now)

    def write(self, space: Space, address: int, words: list[int], now: float) -> None:
        self.board.write(space, address, words, now)
        self.told.set()
        for name, value in self.keeps.items():
            setattr(self.board if name == WATCHDOG.name else self.board.circuit.commands, name, value)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._writers.add(writer)
        conversation = Conversation(self, 1)
        while data := await reader.read(4096):
            reply = conversation.receive(data, self.now())
            if not self.deaf:
                writer.write(reply)
        writer.close()
        await writer.wait_closed()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.converse, "127.0.0.1", 0)
        async with server:
            yield f"modbus-tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}?unit=1"
            await asyncio.gather(*self._tasks)


async def test_a_board_that_does_not_obey_is_a_fault(heard: Heard) -> None:
    liar = Liar()
    async with liar.served() as address:
        board = IoBoard("io1", address, heard)
        async with running(board.run()):
            await heard.kind(BoardBack)
            liar.keeps = {K1K2.name: 1}  # a relay that hangs
            board.want(OFF._replace(bleed=True))
            fault = await heard.kind(BoardFault)
            assert isinstance(fault, BoardFault)
            assert fault.points == ("k1k2",)
            assert board.wanted == OFF


async def test_a_board_that_drops_its_outputs_is_not_energised_again(heard: Heard) -> None:
    liar = Liar()
    async with liar.served() as address:
        board = IoBoard("io1", address, heard)
        async with running(board.run()):
            await heard.kind(BoardBack)
            board.want(OFF._replace(ac_contactor=True, lock=True))
            await heard.facts(lambda facts: facts.read_back.ac_contactor)
            liar.board.circuit.commands.ac_contactor = 0
            fault = await heard.kind(BoardFault)
            assert isinstance(fault, BoardFault)
            assert fault.points == ("ac_contactor",)
            facts = await heard.facts(lambda facts: not facts.read_back.lock)
            assert facts.read_back == board.wanted == OFF


@pytest.mark.parametrize("watchdog", [0, 3_000])
async def test_a_board_without_a_watchdog_is_not_used(heard: Heard, watchdog: int) -> None:
    liar = Liar()
    liar.keeps = {WATCHDOG.name: watchdog}
    async with liar.served() as address:
        board = IoBoard("io1", address, heard)
        async with running(board.run()):
            async with asyncio.timeout(PATIENCE):
                await liar.told.wait()
            with pytest.raises(LinkError, match="io1"):
                board.want(OFF._replace(ac_contactor=True))
        assert heard.events == []


async def test_a_watchdog_that_is_switched_off_while_charging_loses_the_board(heard: Heard) -> None:
    liar = Liar()
    async with liar.served() as address:
        board = IoBoard("io1", address, heard)
        async with running(board.run()):
            await heard.kind(BoardBack)
            liar.board.watchdog = 0
            lost = await heard.kind(BoardLost)
            assert isinstance(lost, BoardLost)
            assert "watchdog" in lost.because


@pytest.mark.parametrize("how", ["hangs up", "is silent"])
async def test_a_board_that_is_lost_and_back(heard: Heard, how: str) -> None:
    liar = Liar()
    async with liar.served() as address:
        board = IoBoard("io1", address, heard)
        async with running(board.run()):
            await heard.kind(BoardBack)
            board.want(OFF._replace(ac_contactor=True))
            await heard.facts(lambda facts: facts.read_back.ac_contactor)
            if how == "hangs up":
                liar.hang_up()
            liar.deaf = how == "is silent"
            await heard.kind(BoardLost)
            assert board.facts is None
            assert board.wanted == OFF
            with pytest.raises(LinkError):
                board.want(OFF)
            liar.deaf = False
            await heard.kind(BoardBack)
            assert (await heard.facts(lambda facts: True)).read_back == OFF


async def test_it_can_be_ended_at_any_moment(heard: Heard) -> None:
    """Also when the answer comes together with the cancellation."""
    liar = Liar()
    async with liar.served() as address:
        for turns in range(60):
            task = asyncio.create_task(IoBoard("io1", address, heard).run())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(asyncio.CancelledError):
                    await task


async def test_what_the_board_cannot_be_told(heard: Heard) -> None:
    liar = Liar()
    async with liar.served() as address:
        board = IoBoard("io1", address, heard)
        async with running(board.run()):
            await heard.kind(BoardBack)
            with pytest.raises(EncodeError):
                board.want(OFF._replace(voltage_set=1_000_001))
            assert board.wanted == OFF


@pytest.mark.parametrize("watchdog", [0, -1, 2_001])
def test_a_driver_without_a_watchdog_is_refused(heard: Heard, watchdog: int) -> None:
    with pytest.raises(ValueError, match="watchdog"):
        IoBoard("io1", "modbus-tcp://127.0.0.1:502", heard, watchdog)


def test_a_port_that_is_none(heard: Heard) -> None:
    with pytest.raises(AddressError):
        IoBoard("io1", "serial:/dev/ttyS1", heard)
