"""A running site as its people meet it: by the command line of its edge, by its hub, and by looking at the charger."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from pymodbus.client import AsyncModbusTcpClient
from tests.demo.processes import PATIENCE, Traces

from chargelink.cli.language import Text
from chargelink.demo.crew import Crew
from chargelink.demo.screen import Screen
from chargelink.demo.site import Site
from chargelink.demo.story import Story
from chargelink.edge.ports.address import Address
from chargelink.io_board.registers import CURRENT, INPUTS, Space, size
from chargelink.model import Trip, content_of

GUARD = "chargelink.edge.guard"


class Charger(NamedTuple):
    """What the charger's board shows. To ask it keeps its watchdog quiet: only the guard opens it then."""

    contactor: bool
    permit: bool
    current: int  # mA

    @property
    def is_open(self) -> bool:
        return not (self.contactor or self.permit or self.current)


class Place:
    """A site of the demo and its parts."""

    def __init__(self, crew: Crew, site: Site, traces: Traces) -> None:
        self.crew = crew
        self.site = site
        self.traces = traces
        self.screen = Screen()
        self.story = Story(site, crew, self.screen.say)

    async def edge(self, action: str, *arguments: str) -> str:
        """What `chargelink edge ACTION` prints."""
        return (await self.crew.do("edge", action, *arguments, "--data", str(self.site.data))).strip()

    async def status(self) -> dict[str, Any]:
        """What the edge says of itself."""
        status: dict[str, Any] = json.loads(await self.edge("status", "--json"))
        return status

    async def device(self, name: str) -> dict[str, Any]:
        """A device of the edge."""
        return next(device for device in (await self.status())["devices"] if device["id"] == name)

    async def session(self, identifier: str) -> dict[str, Any]:
        """A session as the hub has it; empty before it has."""
        return (await self.site.hub.sessions()).get(identifier, {})

    async def charger(self) -> Charger:
        """Look at the charger's board."""
        address = Address.parse(self.site.modbus)
        async with AsyncModbusTcpClient(address.host, port=address.port) as client:
            bits = (await client.read_discrete_inputs(0, count=size(Space.DISCRETE_INPUT), device_id=1)).bits
            words = (await client.read_input_registers(CURRENT.address, count=CURRENT.size, device_id=1)).registers
        shown = {point.name: bits[point.address] for point in INPUTS}
        return Charger(shown["k1k2_feedback"], shown["permit"], CURRENT.decode(words))

    async def until(self, so: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until it is so, and say when. Raises DemoError."""
        await self.crew.until(so, PATIENCE, what)
        self.screen.say(Text(what, what))

    @property
    def guard(self) -> int | None:
        """The guard's process. Its child, which writes the mark, is younger."""
        return next(iter(self.traces.find(GUARD)), None)

    def trips(self) -> set[tuple[str, int]]:
        """Rule and number of every trip that the edge has recorded."""
        rows = _rows(str(self.site.ledger), "SELECT kind, body FROM records WHERE kind = 'trip'")
        found = [content for content in (content_of(kind, body) for kind, body in rows) if isinstance(content, Trip)]
        return {(trip.rule, trip.values["sequence"]) for trip in found}

    def records_of_edge(self) -> list[tuple[int, bytes]]:
        """Number and hash of every record of the edge's ledger."""
        return _rows(str(self.site.ledger), "SELECT seq, hash FROM records WHERE lane = 'record' ORDER BY seq")

    def records_of_hub(self) -> list[tuple[int, bytes]]:
        """Number and hash of every record that the hub holds."""
        rows = _rows(str(self.site.folder / "hub" / "hub.db"), "SELECT seq, hash FROM record ORDER BY seq")
        return [(seq, bytes.fromhex(digest)) for seq, digest in rows]


def _rows(database: str, query: str) -> list[tuple[Any, Any]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
