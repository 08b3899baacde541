"""The tables of `docs/protocols/dlt645.md` that say what each function carries and what a refusal means."""

from typing import NamedTuple

from chargelink.dlt645 import request as ask
from chargelink.dlt645.bodies import RELAY_COMMANDS, Credentials, Password, Relay
from chargelink.dlt645.control import (
    ABNORMAL,
    ERROR_WORDS,
    ERROR_WORDS_1997,
    FROM_METER,
    FUNCTION,
    RELAY_ACCEPTED,
    RELAY_ERRORS,
    SECURITY_ERRORS,
    WORDS_1997,
    WORDS_2007,
    Edition,
    Words,
)
from chargelink.dlt645.frame import Frame

METER = "000000000161"
BY = Credentials("04", "123456", "00000001")
OLD, NEW = Password("02", "000000"), Password("02", "123456")
NOTHING = "–"


class Row(NamedTuple):
    """A function: what its data is made of, a frame that asks, what the answer's data is made of."""

    layout: str
    frame: Frame
    answer: str
    refused: bool = True


ROWS_2007 = (
    Row("DI", ask.read(METER, "00010000").frame(), "DI, value; B1 if more follows"),
    Row("DI, N blocks", ask.load_profile(METER, "06010000", 2).frame(), "DI, records"),
    Row(
        "DI, N, mm hh DD MM YY",
        ask.load_profile(METER, "06010001", 2, "2026-11-20 08:15").frame(),
        "DI, records from that time on",
    ),
    Row(
        "DI (and what was asked with it), SEQ",
        ask.read(METER, "03300201").frame(1),
        "DI, value, SEQ; B2 if more follows",
    ),
    Row("none, to AA x 6", ask.read_address().frame(), "A0..A5", refused=False),
    Row("DI, PA P0 P1 P2, C0..C3, value", ask.write(METER, "04000103", b"\x15", BY).frame(), "none"),
    Row("A0..A5, to AA x 6 or the old one", ask.write_address("000000000162").frame(), "none", refused=False),
    Row("mm hh DD MM; 99 for any, all 99 for now", ask.freeze(address=METER).frame(), "none; to 99 x 6 no answer"),
    Row("feature word, one bit", ask.set_baud(METER, 0x20).frame(), "the same, then the meter switches"),
    Row("DI, old PA P0 P1 P2, new PA P0 P1 P2", ask.set_password(METER, OLD, NEW).frame(), "new PA P0 P1 P2"),
    Row("PA P0 P1 P2, C0..C3", ask.clear_demand(METER, BY).frame(), "none"),
    Row("PA P0 P1 P2, C0..C3", ask.clear_meter(METER, BY).frame(), "none"),
    Row("PA P0 P1 P2, C0..C3, FF x 4 or FF DI1 DI2 DI3", ask.clear_events(METER, BY).frame(), "none"),
    Row(
        "PA P0 P1 P2, C0..C3, N1 N2, ss mm hh DD MM YY",
        ask.relay(METER, Relay(BY, 0x1A, "2026-11-20 08:25:30")).frame(),
        "none; 2 bytes from meters with an ESAM",
    ),
    Row("00, 01 or 02", ask.terminal_signal(1, METER).frame(), "the same; to 99 x 6 no answer"),
    Row("ss mm hh DD MM YY, to 99 x 6", ask.broadcast_time("2026-11-20 08:15:30").frame(), "no answer", refused=False),
    Row("DI, C0..C3, for the ESAM", ask.security(METER, "070000FF", bytes(8)).frame(), "DI, from the ESAM"),
)
ROWS_1997 = (
    Row("DI", ask.read(METER, "9010").frame(), "DI, value; A1 if more follows"),
    Row("DI", ask.read(METER, "9010").frame(1), "DI, value; A2 if more follows"),
    Row("none", ask.read_again(METER, "9010").frame(), "what it said last"),
    Row("DI, PA P0 P1 P2, value", ask.write_1997(METER, "C030", b"\x15", NEW).frame(), "none"),
    Row(
        "A0..A5",
        ask.write_address("000000000162", METER, Edition.DLT645_1997).frame(),
        "none",
        refused=False,
    ),
    Row("feature word; vendors differ", ask.set_baud_1997(METER, 0x20).frame(), "the same, then the meter switches"),
    Row("old PA P0 P1 P2, new PA P0 P1 P2", ask.set_password_1997(METER, OLD, NEW).frame(), "new PA P0 P1 P2"),
    Row("none", ask.clear_demand_1997(METER).frame(), "none"),
    Row("ss mm hh DD MM YY, to 99 x 6", ask.broadcast_time("2026-11-20 08:15:30").frame(), "no answer", refused=False),
)


def functions(rows: tuple[Row, ...], words: dict[int, Words]) -> str:
    """The functions of an edition: what travels, without +33H and in the order in which it does."""
    head = ["| C | | DATA | L | for example | answer | its DATA | refusal |", "|---|---|---|---|---|---|---|---|"]
    return "\n".join([*head, *(_function(row, words) for row in rows)])


def functions_2007() -> str:
    """The functions of 2007."""
    return functions(ROWS_2007, WORDS_2007)


def functions_1997() -> str:
    """The functions of 1997."""
    return functions(ROWS_1997, WORDS_1997)


def _function(row: Row, words: dict[int, Words]) -> str:
    control, data = row.frame.control, row.frame.data
    name = words[control & FUNCTION]
    silent = row.answer == "no answer"
    cells = (
        f"{control:02X}",
        _words(name),
        row.layout,
        f"{len(data):02X}",
        f"`{data.hex(' ').upper()}`" if data else NOTHING,
        NOTHING if silent else f"{control | FROM_METER:02X}",
        row.answer,
        f"{control | FROM_METER | ABNORMAL:02X}" if row.refused else "silence",
    )
    return f"| {' | '.join(cells)} |"


def errors() -> str:
    """The error word of one byte, in both editions."""
    rows = [
        f"| {bit:02X} | {_words(ERROR_WORDS[bit])} | {_words(ERROR_WORDS_1997[bit])} |" for bit in sorted(ERROR_WORDS)
    ]
    return "\n".join(["| bit | 2007 | 1997 |", "|---|---|---|", *rows])


def long_errors() -> str:
    """The words of two bytes that meters with an ESAM send, and what they accept."""
    columns = (SECURITY_ERRORS, RELAY_ERRORS, RELAY_ACCEPTED)
    bits = sorted({bit for column in columns for bit in column})
    rows = [(f"{bit:04X}", *(_words(column.get(bit)) for column in columns)) for bit in bits]
    head = ("bit", "security refused, C3", "relay refused, DC", "relay accepted, 9C")
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def _words(words: Words | None) -> str:
    return f"{words.english} {words.chinese}" if words else ""


def relay_commands() -> str:
    """N1 of the relay."""
    rows = [f"| {code:02X} | {_words(words)} |" for code, words in RELAY_COMMANDS.items()]
    return "\n".join(["| N1 | |", "|---|---|", *rows])
