"""The driver of sockets against `chargelink sim site`, a process of its own, over real UDP."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.edge.ledger.opened import open_journal
from tests.sim.simulator import simulator

from chargelink.edge.board import Board
from chargelink.edge.config import Socket
from chargelink.edge.config import SocketSite as Section
from chargelink.edge.drivers.socket_site import SocketSite
from chargelink.edge.drivers.surroundings import SessionNews, Surroundings
from chargelink.edge.ledger import Journal, LedgerError, Sessions
from chargelink.edge.sockets.keys import KeyFileError
from chargelink.edge.sockets.memory import FAR, ForgottenError, MemoryFile
from chargelink.edge.sockets.terms import StartRefused
from chargelink.link.messages import RECORD_LANE, Caps
from chargelink.model import Period, SessionEnded, SessionStarted, StopReason, Tariff
from chargelink.sim.sockets import keys

PATIENCE = 60.0  # s; joining takes seconds, the rest less
TARIFF = Tariff("use", 1, per_use=150)
BY_ENERGY = Tariff("flat", 1, periods=(Period("00:00", "24:00", "flat", 60_000, 40_000),))
FIRST = f"{keys.FIRST_EUI:016x}"
GATEWAY = "a84041ffff000001"


class Running(NamedTuple):
    """An edge with one site."""

    journal: Journal
    site: SocketSite
    board: Board
    news: list[SessionNews]
    changed: asyncio.Event

    async def until(self, so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            with self.board.watch(self.changed):
                while not so():
                    self.changed.clear()
                    await self.changed.wait()

    def state(self) -> str:
        return self.board.devices[0].state if self.board.devices else ""

    @property
    def ended(self) -> list[SessionEnded]:
        return [one for one in self.news if isinstance(one, SessionEnded)]


@asynccontextmanager
async def edge(folder: Path, port: int) -> AsyncIterator[Running]:
    journal = open_journal(folder / "ledger.db")
    sessions = Sessions(journal, "edge-1", os.urandom)
    await sessions.load()
    news: list[SessionNews] = []
    changed = asyncio.Event()

    def hear(one: SessionNews) -> None:
        news.append(one)
        changed.set()

    board = Board()
    around = Surroundings(journal, sessions, board, lambda: time.time_ns() // 1_000_000, hear)
    section = Section(
        id="shed-1",
        radio=f"gwmp://127.0.0.1:{port}",
        keys=folder / "keys.toml",
        gateways=(GATEWAY,),
        sockets=(Socket(id="socket-1", eui=FIRST),),
    )
    site = SocketSite.configured(section, folder, around)
    ready = asyncio.Event()
    task = asyncio.create_task(site.run(ready.set))
    try:
        async with asyncio.timeout(PATIENCE):
            await ready.wait()
        yield Running(journal, site, board, news, changed)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await journal.close()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        return int(wire.getsockname()[1])


async def order(folder: Path, line: str) -> str:
    reader, writer = await asyncio.open_unix_connection(folder / "site.sock")
    writer.write(f"{line}\n".encode())
    answer = (await reader.readline()).decode().strip()
    writer.close()
    return answer


def fail_twice(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, error: Exception) -> list[Exception]:
    """The method fails twice and then works; the failures that are left."""
    works, left = getattr(owner, name), [error, error]

    async def fails(*arguments: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return await works(*arguments, **named)

    monkeypatch.setattr(owner, name, fails)
    return left


async def test_a_charge_over_udp_through_a_restart_of_the_edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.make(tmp_path / "keys.toml", 1)
    port = free_port()
    line = ("--radio", f"udp:127.0.0.1:{port}", "--keys", f"{tmp_path}/keys.toml", "--sockets", "1")
    with simulator("site", *line, "--control", f"{tmp_path}/site.sock", "--load-curve", "tricycle") as street:
        assert street.places["gateway"] == GATEWAY
        async with edge(tmp_path, port) as first:
            with pytest.raises(StartRefused):
                await first.site.start("socket-1", "A", TARIFF)
            await first.until(lambda: first.state() in ("idle", "plugged"))
            assert await order(tmp_path, "plug 1 A") == "ok"
            with pytest.raises(StartRefused, match="cannot be sold by the kWh"):
                await first.site.start("socket-1", "A", BY_ENERGY)
            started = await first.site.start("socket-1", "A", TARIFF, caps=Caps(energy=1_000, power=800_000))
            await first.until(lambda: first.state() == "charging")
            with pytest.raises(StartRefused, match="taken"):
                await first.site.start("socket-1", "A", TARIFF)
        async with edge(tmp_path, port) as second:
            await second.until(lambda: bool(second.ended))
            (ended,) = second.ended
            assert (ended.session_id, ended.bill.energy) == (started.session_id, 1_000)
            assert ended.stop_reason == StopReason.ENERGY_LIMIT_REACHED
            await second.until(lambda: second.state() == "plugged")
            again = await second.site.start("socket-1", "A", TARIFF, caps=Caps(power=800_000))
            await second.until(lambda: second.state() == "charging")
            failing = fail_twice(monkeypatch, Sessions, "end", LedgerError("disk full"))
            await second.site.stop(again.session_id, StopReason.REMOTE, "hub")
            await second.until(lambda: len(second.ended) == 2)
            assert failing == [], "a settlement that could not be stored was not acknowledged, and told again"
            assert second.ended[1].stop_reason == StopReason.REMOTE
            assert [type(one) for one in second.news] == [SessionEnded, SessionStarted, SessionEnded]
            used = second.site.radio()
            assert used["packets"] * 82 <= used["airtime"] <= used["packets"] * 200, (
                "all packets, 14 to 41 bytes at SF8"
            )
            assert (used["packets"] > 0, used["forbidden"], used["gateways"]) == (True, 0, 1)


async def test_a_hub_that_is_ahead_ends_all_conversations(tmp_path: Path) -> None:
    """As after a copy of the disk was put back: the hub holds a record that this ledger does not."""
    keys.make(tmp_path / "keys.toml", 1)
    port = free_port()
    line = ("--radio", f"udp:127.0.0.1:{port}", "--keys", f"{tmp_path}/keys.toml", "--sockets", "1")
    with simulator("site", *line):
        async with edge(tmp_path, port) as running:
            await running.until(lambda: running.state() == "idle")
            memory = MemoryFile(tmp_path / "sockets-shed-1.json")
            before = memory.load()
            old = await running.journal.position()
            new = await running.journal.reconcile(RECORD_LANE, old.last + 1, bytes(32), bytes(32))
            await running.until(lambda: running.state() == "offline")
            with pytest.raises(StartRefused):
                await running.site.start("socket-1", "A", TARIFF)
            async with asyncio.timeout(PATIENCE):
                while memory.load().life != new.epoch:  # noqa: ASYNC110 - the file is the condition
                    await asyncio.sleep(0.01)
            after = memory.load()
            assert (before.life, new.epoch == old.epoch) == (old.epoch, False)
            assert after.join_nonce >= before.join_nonce + FAR
            talks = [(one.sockets[FIRST].current, one.sockets[FIRST].offered) for one in (before, after)]
            assert (talks[0] == (None, None), talks[1]) == (False, (None, None))


async def test_the_simulated_site_obeys_its_testers_and_ends_cleanly(tmp_path: Path) -> None:
    line = ("--radio", "udp:127.0.0.1:9", "--keys", f"{tmp_path}/keys.toml", "--control", f"{tmp_path}/site.sock")
    with simulator("site", *line) as street:
        assert (tmp_path / "keys.toml").stat().st_mode & 0o777 == 0o600  # made, as there was none
        assert street.places["sockets"] == "2"
        answers = [await order(tmp_path, line) for line in ("plug 1 A", "plug 2 B 7", "unplug 1 A", "cut 2")]
        assert answers == ["ok"] * 4
        for wrong in ("", "plug", "plug 3 A", "plug 1 C", "plug 1 A 0", "unplug x A", "\x00"):
            assert (await order(tmp_path, wrong)).startswith("unknown")
        street.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(street.process.wait, 10) == 0
    assert not (tmp_path / "site.sock").exists()


async def test_what_the_memory_must_hold_first_is_not_sent_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full when a socket joins: its counters are not on it, so the socket is not answered yet."""
    works, left = MemoryFile.write, 2

    def full(file: MemoryFile, document: bytes) -> None:
        nonlocal left
        if left:
            left -= 1
            raise ForgottenError("disk full")
        works(file, document)

    monkeypatch.setattr(MemoryFile, "write", full)
    keys.make(tmp_path / "keys.toml", 1)
    port = free_port()
    line = ("--radio", f"udp:127.0.0.1:{port}", "--keys", f"{tmp_path}/keys.toml", "--sockets", "1")
    with simulator("site", *line, "--control", f"{tmp_path}/site.sock"):
        async with edge(tmp_path, port) as one:
            await one.until(lambda: one.state() in ("idle", "plugged"))
    assert left == 0


def test_a_socket_without_a_key_is_refused_before_anything_runs(tmp_path: Path) -> None:
    keys.make(tmp_path / "keys.toml", 1)
    section = Section(
        id="shed-1",
        radio="gwmp://127.0.0.1:0",
        keys=tmp_path / "keys.toml",
        gateways=(GATEWAY,),
        sockets=(Socket(id="socket-9", eui="00" * 8),),
    )
    with pytest.raises(KeyFileError, match="0000000000000000"):
        SocketSite.configured(section, tmp_path, None)  # type: ignore[arg-type]
