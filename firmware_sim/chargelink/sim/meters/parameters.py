"""What can be set, class 04: bytes by identifier, with what a meter leaves the factory with."""

from collections.abc import Iterator, Mapping

from chargelink.dlt645.catalogue import STANDARD, Access
from chargelink.dlt645.control import BAUD_RATES, ErrorWord
from chargelink.dlt645.forms import Stamp, Value
from chargelink.sim.meters.display import shown
from chargelink.sim.meters.tariffs import MOST_TARIFFS, entries
from chargelink.wire import DecodeError, EncodeError

ZONES = "04010000", "04020000"
MOST_ZONES = MOST_SLOTS = 14
MOST_DAY_TABLES = 8
DEMAND_PERIOD, DEMAND_SLIDE = "04000103", "04000104"
TARIFFS = "04000204"
COMBINATION = "04000601"
MODE = "04000901"
INTERVAL = "04000A02"
SETTLEMENTS = ("04000B01", "04000B02", "04000B03")
PORT_BAUD = "04000703"

FACTORY: dict[str, Value] = {
    DEMAND_PERIOD: 15,
    DEMAND_SLIDE: 1,
    "04000105": 80,
    "04000106": Stamp("2000-00-00 00:00"),
    "04000107": Stamp("2000-00-00 00:00"),
    "04000201": 1,
    "04000202": 1,
    "04000203": 7,
    TARIFFS: 4,
    "04000205": 0,
    "04000303": 2,
    "04000304": 4,
    "04000306": 1,
    "04000307": 1,
    "04000403": "SIMULATED",
    "04000404": "220V",
    "04000405": "5A",
    "04000406": "60A",
    "04000407": "1.0",
    "04000408": "2.0",
    "04000409": 1600,
    "0400040A": 1600,
    "0400040B": "SIM-METER",
    "0400040C": "2026-01-01",
    "0400040D": "DL/T645-2007",
    COMBINATION: 5,  # forward + reverse
    "04000602": 0,
    "04000603": 0,
    **{f"040007{port:02X}": 0x20 for port in range(1, 6)},
    "04000801": 0,
    "04000802": 1,
    MODE: 0x3F,
    "04000902": 0,
    "04000A01": Stamp("01-01 00:00"),
    **{f"04000A{kind + 1:02X}": 15 for kind in range(1, 7)},
    SETTLEMENTS[0]: Stamp("01 00"),
    SETTLEMENTS[1]: Stamp("99 99"),
    SETTLEMENTS[2]: Stamp("99 99"),
    "04000E01": 79_999_900,
    "04000E02": 79_999_900,
    "04000E03": 264_000,
    "04000E04": 176_000,
    ZONES[0]: (Stamp("01-01", 1),),
    ZONES[1]: (Stamp("01-01", 1),),
    "04010001": tuple(
        Stamp(begins, tariff)
        for begins, tariff in (
            ("00:00", 4),
            ("06:00", 3),
            ("08:00", 2),
            ("11:00", 1),
            ("13:00", 3),
            ("19:00", 2),
            ("22:00", 4),
        )
    ),
    "04800001": "CHARGELINK SIM",
    "04800002": "NONE",
    "04800003": "00000000",
}


class Parameters(Mapping[str, bytes]):
    """Low byte first and without +33H. Clock, address and passwords are kept elsewhere."""

    def __init__(self) -> None:
        self._held = {identifier: encoded(identifier, value) for identifier, value in FACTORY.items()}

    def __getitem__(self, identifier: str) -> bytes:
        return self._held[identifier]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def number(self, identifier: str) -> int:
        """A parameter that is a number."""
        item = STANDARD.find(identifier)
        value = None if item is None else item.form.decode(self._held[identifier])
        assert isinstance(value, int)
        return value

    @property
    def settlements(self) -> list[tuple[int, int]]:
        """Day of the month and hour; 99 for none."""
        return [(int(raw[1:2].hex()), int(raw[:1].hex())) for raw in (self._held[key] for key in SETTLEMENTS)]

    def write(self, identifier: str, raw: bytes) -> ErrorWord | None:
        """Set one, or say why not."""
        error = refusal(identifier, raw, self.number(TARIFFS))
        if error is None:
            self._held[identifier] = raw
        return error

    def set_port(self, baud: int) -> None:
        """The line runs at this rate now."""
        (feature,) = (word for word, rate in BAUD_RATES.items() if rate == baud)
        self._held[PORT_BAUD] = bytes((feature,))


def encoded(identifier: str, value: Value | None) -> bytes:
    """The bytes of a standard item. Raises KeyError for what is none."""
    item = STANDARD.find(identifier)
    if item is None:
        raise KeyError(identifier)
    return shown(item.form, value)


def refusal(identifier: str, raw: bytes, tariffs: int) -> ErrorWord | None:
    """Why a meter of so many tariffs does not take a parameter; None if it does."""
    item = STANDARD.find(identifier)
    if item is None or not identifier.startswith("04"):
        return ErrorWord.NO_REQUESTED_DATA
    if Access.WRITE not in item.access:
        return ErrorWord.NOT_AUTHORISED
    try:
        value = item.form.decode(raw)
    except (DecodeError, EncodeError):
        return ErrorWord.OTHER
    if value is None or item.form.doubt(value):
        return ErrorWord.OTHER
    return _beyond(identifier, raw, value, tariffs)


def _beyond(identifier: str, raw: bytes, value: Value, tariffs: int) -> ErrorWord | None:
    """What a meter has too little room for."""
    if identifier in ZONES:
        return ErrorWord.YEAR_ZONES_EXCEEDED if len(entries(raw)) > MOST_ZONES else None
    if identifier.startswith(("040100", "040200")):
        if len(entries(raw)) > MOST_SLOTS:
            return ErrorWord.DAY_SLOTS_EXCEEDED
        beyond = any(not 1 <= tariff <= tariffs for _, _, tariff in entries(raw))
        return ErrorWord.TARIFF_COUNT_EXCEEDED if beyond else None
    most, error = {
        "04000201": (MOST_ZONES, ErrorWord.YEAR_ZONES_EXCEEDED),
        "04000202": (MOST_DAY_TABLES, ErrorWord.DAY_SLOTS_EXCEEDED),
        "04000203": (MOST_SLOTS, ErrorWord.DAY_SLOTS_EXCEEDED),
        TARIFFS: (MOST_TARIFFS, ErrorWord.TARIFF_COUNT_EXCEEDED),
    }.get(identifier, (0, None))
    return error if error is not None and isinstance(value, int) and value > most else None
