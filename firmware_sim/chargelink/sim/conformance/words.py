"""What the tester can say: every word as it goes on the bus, right and, where its name says so, wrong.

Coded here by hand, apart from the codecs that the tested device may use. Voltages are mV, currents mA.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chargelink.sim.conformance.figures import MESSAGES, Side

VERSION_2015 = bytes.fromhex("010100")
NO_CURRENT = 4000  # raw: currents are coded with an offset of -400 A in steps of 0.1 A
STEP = 100  # mV, mA
PLAIN = 8  # bytes of a long message that is wrongly sent as one frame
SOUND_BSM = bytes.fromhex("3551064E0F00D0")
BSM_FIELDS = {  # byte and bit of the two-bit fields of BSM
    "3090": (6, 1),
    "3091": (6, 3),
    "3092": (6, 5),
    "3093": (6, 7),
    "3094": (7, 1),
    "3095": (7, 3),
    "3096": (7, 5),
}
BSM_ABNORMAL = ("3090=01", "3090=10", "3091=01", "3091=10", "3092=01", "3093=01", "3094=01", "3095=01")
BSM_UNTRUSTED = ("3092=10", "3093=10", "3094=10", "3095=10")
BST_REASONS = (  # byte and bit of every reason but "the charger stopped"
    (1, 1), (1, 3), (1, 5),
    (2, 1), (2, 3), (2, 5), (2, 7), (3, 1), (3, 3), (3, 5), (3, 7),
    (4, 1), (4, 3),
)  # fmt: skip
BST_NONE, CST_NONE = bytes.fromhex("000000F0"), bytes.fromhex("0000F0F0")
CST_REASONS = {"manual": (1, 3), "fault": (1, 5)}


class Speech(NamedTuple):
    """A word: `payload` by the transport protocol when it is `long`, else as one frame; `period` in ms."""

    identifier: int
    payload: bytes
    period: int
    long: bool = False

    @property
    def pgn(self) -> int:
        return self.identifier >> 8 & 0xFF00


class VehicleFigures(NamedTuple):
    """The vehicle that the tester plays: mV, mA, SOC in %."""

    most_voltage: int = 420_000
    voltage: int = 378_500
    demanded_voltage: int = 410_000
    demanded_current: int = 20_000
    most_current: int = 100_000
    soc: int = 41
    cells: int = 104


class ChargerFigures(NamedTuple):
    """The charger that the tester plays: mV, mA."""

    most_voltage: int = 750_000
    least_voltage: int = 200_000
    most_current: int = 250_000
    voltage: int = 380_000
    current: int = 20_000


def vehicle_words(figures: VehicleFigures | None = None) -> dict[str, Speech]:
    """What the tester says as a vehicle."""
    figures = figures or VehicleFigures()
    cell = _u16(max(figures.voltage // max(figures.cells, 1) // 10, 1))
    payloads = {
        "BHM": _voltage(figures.most_voltage),
        "BRM": _identity(figures),
        "BCP": _parameters(figures),
        "BRO(00)": b"\x00",
        "BRO(AA)": b"\xaa",
        "BCL": _voltage(figures.demanded_voltage) + _current(figures.demanded_current) + b"\x02",
        "BCS": _voltage(figures.voltage) + _current(figures.demanded_current) + cell + bytes((figures.soc,)) + _u16(60),
        "BSM": SOUND_BSM,
        "BMV": cell * figures.cells,
        "BMT": bytes((75,)) * 16,
        "BSP": b"\xff" * 16,
        "BSD": bytes((figures.soc,)) + cell + cell + bytes((75, 80)),
    }
    words = {name: _speech(name, payload) for name, payload in payloads.items()}
    for name in ("BRM", "BCP", "BCS"):
        words[f"{name} single"] = _speech(name, payloads[name][:PLAIN])._replace(long=False)
    for choice in (*BSM_ABNORMAL, *BSM_UNTRUSTED, "3096=00"):
        spn, _, value = choice.partition("=")
        words[f"BSM {choice}"] = _speech("BSM", _with(SOUND_BSM, *BSM_FIELDS[spn], int(value, 2)))
    for byte, bit in BST_REASONS:
        words[f"BST {byte}.{bit}"] = _speech("BST", _with(BST_NONE, byte, bit, 1))
    return words


def charger_words(figures: ChargerFigures | None = None) -> dict[str, Speech]:
    """What the tester says as a charger."""
    figures = figures or ChargerFigures()
    output = _voltage(figures.voltage) + _current(figures.current) + _u16(1)
    payloads = {
        "CHM": VERSION_2015,
        "CRM(00)": bytes.fromhex("0001000000FFFFFF"),
        "CRM(AA)": bytes.fromhex("AA01000000FFFFFF"),
        "CTS": b"\xff" * 7,
        "CML": _voltage(figures.most_voltage)
        + _voltage(figures.least_voltage)
        + _current(figures.most_current)
        + _current(0),
        "CRO(00)": b"\x00",
        "CRO(AA)": b"\xaa",
        "CCS": output + b"\xfd",
        "CSD": _u16(1) + _u16(4) + bytes.fromhex("01000000"),
    }
    words = {name: _speech(name, payload) for name, payload in payloads.items()}
    words["CCS 3929=00"] = _speech("CCS", _voltage(figures.voltage) + _current(0) + _u16(1) + b"\xfc")
    for reason, (byte, bit) in CST_REASONS.items():
        words[f"CST {reason}"] = _speech("CST", _with(CST_NONE, byte, bit, 1))
    words["CST stopped"] = _speech("CST", _with(CST_NONE, 1, 7, 1))
    return words


def words_against(side: Side) -> Mapping[str, Speech]:
    """What is said to a tested device when nobody chose other figures."""
    return vehicle_words() if side is Side.CHARGER else charger_words()


def _speech(name: str, payload: bytes) -> Speech:
    figures = MESSAGES[name.partition("(")[0]]
    return Speech(figures.identifier, payload, figures.period, figures.long)


def _identity(figures: VehicleFigures) -> bytes:
    """BRM: 152 Ah of LFP, no vehicle that exists."""
    return (
        VERSION_2015
        + b"\x03"
        + _u16(1520)
        + _voltage(figures.voltage)
        + b"TEST"
        + bytes(4)
        + bytes((39, 5, 17))
        + bytes(3)
        + b"\x01\xff"
        + b"LTEST000000000001"
        + bytes.fromhex("011105E807FFFFFF")
    )


def _parameters(figures: VehicleFigures) -> bytes:
    """BCP: what the battery can take."""
    highest_cell = figures.most_voltage // max(figures.cells, 1) // 10
    return (
        _u16(highest_cell)
        + _current(figures.most_current)
        + _u16(554)
        + _voltage(figures.most_voltage)
        + bytes((105,))
        + _u16(figures.soc * 10)
        + _voltage(figures.voltage)
    )


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _voltage(millivolts: int) -> bytes:
    return _u16(millivolts // STEP)


def _current(milliamperes: int) -> bytes:
    """Into the battery: raw counts down from 0 A."""
    return _u16(NO_CURRENT - milliamperes // STEP)


def _with(payload: bytes, byte: int, bit: int, value: int) -> bytes:
    """The payload with a field of two bits set; byte and bit counted from 1."""
    changed = bytearray(payload)
    changed[byte - 1] = changed[byte - 1] & ~(0b11 << bit - 1) & 0xFF | value << bit - 1
    return bytes(changed)
