"""What can be configured. Names are those of the file; quantities are in the units that people use, exactly (Decimal),
and are given on in ours (`max_voltage`: mV).
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from chargelink.cli.strict import Section
from chargelink.dlt645.profiles import Profile
from chargelink.link.quantities import Name, Word
from chargelink.model import Tariff

Eui = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$")]  # EUI-64, 16 lower-case hex digits
MeterAddress = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$")]  # DL/T 645 §7.2.2, most significant digit first
TariffKey = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]  # Ed25519, RFC 8032
SupervisorKey = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]  # X25519, RFC 7748
Address = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+:.")]

LOWEST_VOLTAGE = Decimal(200)  # V, of most power modules


TierBounds = Annotated[
    tuple[Annotated[int, msgspec.Meta(ge=1, le=5000, description="W")], ...], msgspec.Meta(min_length=4, max_length=4)
]


class Site(Section, frozen=True):
    """Who this edge is, where it keeps its ledger and sockets, and the groups of sites that it belongs to.

    `sell_unverified` lets it sell by kWh on a meter of which nobody says that it is verified and in date.
    """

    id: Name
    data: Path
    name: str = ""
    groups: tuple[Name, ...] = ()
    sell_unverified: bool = False


class Hub(Section, frozen=True):
    """Where the hub is, if not where the enrolment says; `ws://127.0.0.1:8600` for one that knows no certificates.

    An edge that is not enrolled and does not have this section works alone. `tariff_key` is the public key by which
    the hub signs tariffs; without, the first is believed that an authenticated link brings.
    """

    url: str | None = None
    tariff_key: TariffKey | None = None

    @property
    def tariff_public(self) -> bytes | None:
        """The 32 bytes of the key."""
        return None if self.tariff_key is None else bytes.fromhex(self.tariff_key)


class Journal(Section, frozen=True):
    """How long records stay here after the hub has them, and how much may wait for it before nothing starts."""

    keep_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 400
    max_waiting_records: Annotated[int, msgspec.Meta(ge=100, le=10_000_000)] = 100_000
    max_waiting_mib: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 256

    @property
    def keep(self) -> int:
        """The days in ms."""
        return self.keep_days * 86_400_000

    @property
    def max_waiting_bytes(self) -> int:
        """The size in bytes."""
        return self.max_waiting_mib << 20


class Telemetry(Section, frozen=True):
    """How large the file may become in which every sample waits for the hub; the oldest gives way."""

    max_mib: Annotated[int, msgspec.Meta(ge=8, le=65_536)] = 32

    @property
    def most_bytes(self) -> int:
        """The same in bytes."""
        return self.max_mib << 20


class TariffFile(Section, frozen=True):
    """The file with the prices to sell by."""

    file: Path


class Guard(Section, frozen=True):
    """The lines of the safety process to the inputs, and to the one-shot, of one gun: `unix:FOLDER`."""

    lines: Address


class Meter(Section, frozen=True):
    """A DL/T 645 meter. `verified_until` is the last day of its verification, `certificate` the number that says so.

    `profile` says where it has energy, voltage, current and power: one that is shipped, or a `profile_file`.
    """

    id: Name
    port: Address
    address: MeterAddress
    profile: str | None = None
    profile_file: Path | None = None
    verified_until: date | None = None
    certificate: Word = ""


class Metering(Section, frozen=True):
    """Whom metering data is sealed for: the public key of the supervisor of metering."""

    supervisor_key: SupervisorKey

    @property
    def public(self) -> bytes:
        """The 32 bytes of the key."""
        return bytes.fromhex(self.supervisor_key)


class IoBoard(Section, frozen=True):
    """A board with the contactors, the lock and the inputs of a charger."""

    id: Name
    port: Address


class Gun(Section, frozen=True):
    """A place to charge a car. `charge` needs meter, io and limits; `monitor` only listens on the CAN bus.

    `vin_start` says what begins a charge by VIN: a person "now", or plugging in alone, by "consent" of the owner.
    """

    id: Name
    mode: Literal["charge", "monitor"]
    can: Address
    meter: Name | None = None
    io: Name | None = None
    vin_start: Literal["now", "consent"] = "now"
    min_voltage_volt: Decimal | None = msgspec.field(name="min_voltage_V", default=None)
    max_voltage_volt: Decimal | None = msgspec.field(name="max_voltage_V", default=None)
    max_current_ampere: Decimal | None = msgspec.field(name="max_current_A", default=None)
    max_power_kilowatt: Decimal | None = msgspec.field(name="max_power_kW", default=None)

    @property
    def min_voltage(self) -> int:
        """mV that the modules reach down to."""
        return int((LOWEST_VOLTAGE if self.min_voltage_volt is None else self.min_voltage_volt) * 1000)

    @property
    def max_voltage(self) -> int:
        """mV; 0 for a gun that only listens."""
        return int((self.max_voltage_volt or 0) * 1000)

    @property
    def max_current(self) -> int:
        """mA; 0 for a gun that only listens."""
        return int((self.max_current_ampere or 0) * 1000)

    @property
    def max_power(self) -> int:
        """mW; 0 for a gun that only listens."""
        return int((self.max_power_kilowatt or 0) * 1_000_000)


class Socket(Section, frozen=True):
    """A socket for e-bikes, known by the EUI of its radio."""

    id: Name
    eui: Eui


class SocketSite(Section, frozen=True):
    """The sockets that one radio reaches: where packet forwarders send, which gateways are ours, the key file.

    `tariff` is the file of their own prices, in place of those of the whole edge. `tier_bounds` are the upper bounds of
    the power tiers in which they count minutes, but of the last: their parameter 0E.
    """

    id: Name
    radio: Address
    keys: Path
    gateways: tuple[Eui, ...]
    sockets: tuple[Socket, ...]
    tariff: Path | None = None
    tier_bounds_watt: TierBounds = msgspec.field(name="tier_bounds_W", default=(200, 300, 500, 1000))

    @property
    def tier_bounds(self) -> tuple[int, ...]:
        """The same in mW."""
        return tuple(bound * 1000 for bound in self.tier_bounds_watt)


class Document(Section, frozen=True):
    """The whole file."""

    site: Site
    tariff: TariffFile
    hub: Hub | None = None
    journal: Journal = Journal()
    telemetry: Telemetry = Telemetry()
    guard: Guard | None = None
    metering: Metering | None = None
    meters: tuple[Meter, ...] = msgspec.field(name="meter", default=())
    io_boards: tuple[IoBoard, ...] = msgspec.field(name="io", default=())
    guns: tuple[Gun, ...] = msgspec.field(name="gun", default=())
    socket_sites: tuple[SocketSite, ...] = msgspec.field(name="socket_site", default=())


class Config(Document, frozen=True, kw_only=True):
    """Everything that an edge is told: the file with absolute paths, the prices of its tariff files, and the profiles
    of its meters by their ids.

    `socket_prices` are those of socket sites with their own, by the site's id.
    """

    prices: Tariff
    socket_prices: dict[str, Tariff]
    profiles: dict[str, Profile]
