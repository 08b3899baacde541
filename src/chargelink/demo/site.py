"""The site of the demo: a hub, an edge with its guard, a charger, a car, a meter, two e-bike sockets."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from chargelink.demo.crew import Crew, DemoError
from chargelink.demo.hub import Hub

EDGE, GUN, METER = "demo", "gun-1", "000000000161"
SOCKETS = ("socket-1", "socket-2")
GATEWAY = "a84041ffff1e2d3c"
START_ENERGY = "1234.5"  # kWh

TARIFF = """
id = "demo"
version = 1
name = "demo 演示"

[[period]]
start = "00:00"
end = "12:00"
name = "flat"
energy_yuan_per_kWh = 0.65
service_yuan_per_kWh = 0.40

[[period]]
start = "12:00"
end = "24:00"
name = "peak"
energy_yuan_per_kWh = 1.02
service_yuan_per_kWh = 0.40
"""

PER_USE = """
id = "demo-bikes"
version = 1
name = "per use 按次"
per_use_yuan = 2.00
"""

CONFIG = """
[site]
id = "{edge}"
name = "demo 演示站"
data = "data"

[tariff]
file = "tariff.toml"

[guard]
lines = "unix:lines"

[[meter]]
id = "meter-1"
port = "serial:{serial}?baud=9600"
address = "{meter}"
verified_until = 2099-12-31

[[io]]
id = "io-1"
port = "{modbus}"

[[gun]]
id = "{gun}"
mode = "charge"
can = "{can}"
meter = "meter-1"
io = "io-1"
max_voltage_V = 500
max_current_A = 100
max_power_kW = 40

[[socket_site]]
id = "shed-1"
radio = "gwmp://127.0.0.1:{radio}"
gateways = ["{gateway}"]
keys = "keys.toml"
tariff = "per-use.toml"
sockets = [
{sockets}
]
"""

KEYS = """
[[site]]
net = 0x2A51
group_key = "{group}"
"""

KEY = """
[[socket]]
eui = "{eui}"
address = {address}
device_key = "{key}"
"""


class Site:
    """Starts the processes in `crew`; everything they keep lies under `folder`. `car` is its battery's size in Wh."""

    def __init__(self, crew: Crew, folder: Path, car: int = 300, sockets: Sequence[str] = SOCKETS) -> None:
        self.folder = folder
        self.sockets = sockets
        self.modbus = ""  # the charger's board
        self.page = ""
        self.serial = ""  # the meter's line
        self.register_at_start = int(Decimal(START_ENERGY) * 1_000_000)  # mWh
        self.hub = Hub("")
        self._crew = crew
        self._car = car
        self._hub_arguments: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """The edge's data folder."""
        return self.folder / "data"

    @property
    def ledger(self) -> Path:
        """The edge's ledger."""
        return self.data / "ledger.db"

    @property
    def hub_database(self) -> Path:
        """The hub's database."""
        return self.folder / "hub" / "hub.db"

    async def open(self) -> None:
        """Start everything. Raises DemoError."""
        await self.start_hub()
        bus = await self._crew.start("can-bus", "sim", "can-bus")
        meter = await self._crew.start("meter", "sim", "meter", "--address", METER, "--energy", START_ENERGY)
        self.serial = meter["serial"]
        lines = self._made("lines")
        charger = await self._crew.start(
            "charger-io", "sim", "charger-io", "--lines", str(lines), "--probe", meter["probe"],
            "--control", str(self.folder / "charger.sock"),
        )  # fmt: skip
        await self._crew.start(
            "vehicle", "sim", "vehicle", "--can", bus["can"], "--cable", charger["cable"],
            "--capacity-Wh", str(self._car), "--soc", "40", "--target", "90",
            "--control", str(self.folder / "vehicle.sock"),
        )  # fmt: skip
        self.modbus = charger["modbus"]
        radio = free_udp_port()
        await self.enrol()
        self._write_files(meter["serial"], charger["modbus"], bus["can"], radio)
        await self._crew.do("edge", "commission", str(self.folder / "edge.toml"))
        await self.start_edge()
        await self._crew.start(
            "site", "sim", "site", "--radio", f"udp:127.0.0.1:{radio}", "--keys", str(self.folder / "keys.toml"),
            "--sockets", str(len(self.sockets)), "--gateway", GATEWAY, "--battery-Wh", "3", "--top-up-minutes", "0",
            "--control", str(self.folder / "site.sock"),
        )  # fmt: skip

    async def start_hub(self) -> None:
        """Start the hub; again at the same ports when it was taken away."""
        if not self._hub_arguments:
            self._hub_arguments = ("hub", "serve", "--data", str(self._made("hub")))
        ready = await self._crew.start("hub", *self._hub_arguments)
        self.page = ready["web"]
        self.hub = Hub(self.page)
        options = {"--port": "link", "--web-port": "web", "--enroll-port": "enroll"}
        ports = [(option, ready[name].rstrip("/").rsplit(":", 1)[1]) for option, name in options.items()]
        self._hub_arguments = (*self._hub_arguments[:4], *(word for pair in ports for word in pair))

    async def enrol(self) -> None:
        """Make the edge known to the hub: certificates both ways from then on."""
        token = await self._crew.do("hub", "edge", "add", EDGE, "--data", str(self._made("hub")))
        await self._crew.do("edge", "enroll", token.strip(), "--data", str(self._made("data")))

    async def start_edge(self) -> None:
        """Start the edge; again with what it remembers when it was taken away."""
        await self._crew.start("edge", "edge", "run", str(self.folder / "edge.toml"))

    async def lose_hub(self) -> None:
        """Take the hub away without a word."""
        await self._crew.kill("hub")

    async def tell(self, simulator: str, line: str) -> None:
        """A line to a simulator's control socket. Raises DemoError when it does not obey."""
        reader, writer = await asyncio.open_unix_connection(str(self.folder / f"{simulator}.sock"))
        writer.write(line.encode() + b"\n")
        answer = (await reader.readline()).decode().strip()
        writer.close()
        if answer != "ok":
            raise DemoError(f"{simulator}: {line}: {answer or 'no answer'}")

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _write_files(self, serial: str, modbus: str, can: str, radio: int) -> None:
        euis = [f"a84041f4b1c2d3{0xE4 + place:02x}" for place in range(len(self.sockets))]
        sockets = "\n".join(
            f'    {{ id = "{name}", eui = "{eui}" }},' for name, eui in zip(self.sockets, euis, strict=True)
        )
        (self.folder / "tariff.toml").write_text(TARIFF)
        (self.folder / "per-use.toml").write_text(PER_USE)
        keys = self.folder / "keys.toml"
        keys.touch(mode=0o600)
        keys.write_text(
            KEYS.format(group=secrets.token_hex(16))
            + "".join(
                KEY.format(eui=eui, address=0x11 + place, key=secrets.token_hex(16)) for place, eui in enumerate(euis)
            )
        )
        config = CONFIG.format(
            edge=EDGE, serial=serial, meter=METER, modbus=modbus, gun=GUN, can=can, radio=radio,
            gateway=GATEWAY, sockets=sockets,
        )  # fmt: skip
        (self.folder / "edge.toml").write_text(config)


def free_udp_port() -> int:
    """A UDP port of this machine that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
