"""Bytes on the wire between a real hub and the edge's own uplink, with TLS 1.3 and certificates of both ends.

A process in a network namespace of its own (`unshare -rn`): nothing else is on its interface, whose counters hold every
byte of IP, TCP and TLS, both ways, acknowledgements included. Packets are at most 1500 bytes, as on a real line: the
kernel may not bundle them.
"""

import asyncio
import fcntl
import json
import os
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.edge.ledger.opened import KEY, open_journal
from tests.hub.hub_process import HubProcess, running
from tests.hub.identity.test_story import token
from tests.link.curves import car

from chargelink.edge.board import Board
from chargelink.edge.identity import Drawer, Enrolled
from chargelink.edge.identity.enrol import enrol
from chargelink.edge.ledger import Ending, Sessions
from chargelink.edge.ledger.telemetry import SAMPLES_IN_BLOCK, Telemetry
from chargelink.edge.uplink import Command, Uplink
from chargelink.link.messages import Device, Sample
from chargelink.link.shape import Shape
from chargelink.model import Reading, SessionKind, StopReason, Tariff
from chargelink.trust.token import Token

EDGE = "garage-1"
GUNS = ("gun-1", "gun-2")
IDLE_FOR = CHARGING_FOR = 60.0  # s
RECONNECTS = SESSIONS = 5
ETHTOOL, NO_TSO, NO_GSO = 0x8946, 0x1F, 0x24  # linux/sockios.h, linux/ethtool.h
TARIFF = Tariff(id="t", version=1, name="t", per_use=200)


class Taken(NamedTuple):
    """Bytes of one thing: on the wire, in messages, and on the wire as the edge would estimate them."""

    wire: int
    messages: int
    estimate: int


def utc_ms() -> int:
    return time.time_ns() // 1_000_000


def wire() -> int:
    """Bytes that the interface has carried: each once, for what is sent on it is received on it."""
    row = next(row for row in Path("/proc/self/net/dev").read_text().splitlines() if row.strip().startswith("lo:"))
    return int(row.partition(":")[2].split()[8])


def alone() -> None:
    """Bring up the interface of our own namespace as if it led to a real line."""
    subprocess.run(["ip", "link", "set", "lo", "mtu", "1500", "up"], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        import ctypes

        for what in (NO_TSO, NO_GSO):
            value = ctypes.create_string_buffer(struct.pack("II", what, 0))
            fcntl.ioctl(any_socket, ETHTOOL, struct.pack("16sP16x", b"lo", ctypes.addressof(value)))


def shown(device: str, sample: Sample | None) -> Device:
    """A gun as its driver shows it."""
    if sample is None:
        idle = {"phase": "idle", "voltage": 0, "current": 0, "guard": "fault-hold"}
        return Device(id=device, kind="gun", state="available", at=utc_ms(), detail=idle)
    detail = {
        "phase": "charging",
        "session": sample.session_id,
        "voltage": sample.voltage,
        "current": sample.current,
        "soc": sample.soc,
        "energy": sample.energy,
        "demandedVoltage": 403_200,
        "demandedCurrent": sample.current // 1000 * 1000,
        "setCurrent": sample.current // 1000 * 1000,
        "heldBy": "vehicle",
        "guard": "permit",
    }
    return Device(id=device, kind="gun", state="charging", at=utc_ms(), detail=detail)


class Site:
    """Two guns and their uplink."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        """`url` is where the hub is, if not where it said."""
        self.folder = folder
        self._url = url
        self.board = Board()
        self.ledger = open_journal(folder / "ledger.db", EDGE)
        self.telemetry = Telemetry(folder / "telemetry.db", 32 << 20, utc_ms, self.ledger)
        self.sessions = Sessions(self.ledger, EDGE, os.urandom)
        self.uplink = self.new_uplink()
        self.ids = [f"0193{number:04x}-5b00-7000-8000-{os.urandom(6).hex()}" for number in range(2)]

    def new_uplink(self) -> Uplink:
        door = Enrolled(self.folder, self._url, utc_ms)
        return Uplink(door, EDGE, "chargelink 0.1.0", self.ledger, self.board, refuse, utc_ms, measured=self.telemetry)

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.uplink.run())
        try:
            while not self.uplink.online:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            yield
        finally:
            self.uplink.end()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def taken(self) -> tuple[int, int, int]:
        month = self.uplink.usage.month
        return wire(), month.sent + month.received, month.sent + month.received + month.around

    @asynccontextmanager
    async def counted(self, phases: dict[str, Taken], name: str) -> AsyncIterator[None]:
        before, began = self.taken(), time.monotonic()
        yield
        await asyncio.sleep(0.3)  # the last acknowledgements
        self.uplink.usage.was_up(round(time.monotonic() - began))
        phases[name] = Taken(*(after - one for after, one in zip(self.taken(), before, strict=True)))

    async def charge(self, gun: int) -> None:
        """For ever: a sample and another state of its numbers each second."""
        for sample in car(36_000, gun + 1, GUNS[gun], self.ids[gun]):
            self.board.sample(sample)
            self.board.show(shown(GUNS[gun], sample))
            await asyncio.sleep(1.0)

    async def hour_of_telemetry(self) -> None:
        """The blocks of an hour of both guns, one after the other as they become full."""
        both = [[*car(3600, 11 + gun, GUNS[gun], self.ids[gun])] for gun in range(2)]
        for at in range(0, 3600, SAMPLES_IN_BLOCK):
            for charge in both:
                for sample in charge[at : at + SAMPLES_IN_BLOCK]:
                    self.telemetry.take(sample)
                await self.telemetry.store()
                await self.told()

    async def session(self, number: int) -> None:
        """One session, from its start to its bill."""
        now = utc_ms()
        begun = await self.sessions.begin(
            GUNS[number % 2], SessionKind.DC, TARIFF, now, start=Reading(at=now, register=number * 50_000_000)
        )
        await asyncio.sleep(0.2)
        end = Reading(at=utc_ms(), register=(number + 1) * 50_000_000)
        await self.sessions.end(begun.started.session_id, utc_ms(), Ending(StopReason.EV_DISCONNECTED, "x", end))
        await self.told()

    async def told(self) -> None:
        """The hub has everything."""
        while True:
            position = await self.telemetry.position()
            assert position is not None
            waiting = await self.ledger.waiting()
            if position.last == position.acknowledged and not waiting.records:
                return
            await asyncio.sleep(0.05)


async def refuse(_: Command, __: float) -> Shape:
    raise NotImplementedError


async def measured(folder: Path) -> dict[str, Taken]:
    phases: dict[str, Taken] = {}
    hub_folder, edge_folder = folder / "hub", folder / "edge"
    edge_folder.mkdir()
    async with running(hub_folder, plain=False) as hub:
        await admitted(hub, hub_folder, edge_folder)
        site = Site(edge_folder)
        for gun in GUNS:
            site.board.show(shown(gun, None))
        for _ in range(RECONNECTS):
            async with site.counted(phases, "reconnect"), site.linked():
                await asyncio.sleep(0.5)
            site.uplink = site.new_uplink()
        async with site.linked():
            await asyncio.sleep(2)
            async with site.counted(phases, "idle"):
                await asyncio.sleep(IDLE_FOR)
            async with site.counted(phases, "sessions"):
                for number in range(SESSIONS):
                    await site.session(number)
            async with site.counted(phases, "telemetry"):
                await site.hour_of_telemetry()
            charging = [asyncio.create_task(site.charge(gun)) for gun in range(2)]
            await asyncio.sleep(3)
            async with site.counted(phases, "charging"):
                await asyncio.sleep(CHARGING_FOR)
            for task in charging:
                task.cancel()
        await site.ledger.close()
    return phases


async def admitted(hub: HubProcess, hub_folder: Path, edge_folder: Path) -> None:
    """Enrol the edge."""
    ticket = Token.parse(await token(hub_folder, "add"))
    Drawer(edge_folder).write(await asyncio.to_thread(enrol, ticket, KEY.public, utc_ms))


def main() -> int:
    alone()
    with tempfile.TemporaryDirectory(prefix="link-") as folder:
        phases = asyncio.run(measured(Path(folder)))
    print()
    print(json.dumps(phases))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
