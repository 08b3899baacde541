"""Writes what follows from the code: tables in the pages, the guard's plain module, the sample recordings. `make docs`.

A page says where a table goes by the two comments `<!-- generated: NAME -->` and `<!-- end -->`; `docs/tables.py` knows
the names. A test checks that all of it is current.
"""

import re
from pathlib import Path

from docs.asyncapi import document as asyncapi
from docs.ls1_header import header as ls1_header
from docs.ls1_vectors import vectors_header, vectors_json
from docs.recordings.field import lost_ccs
from docs.recordings.gateway import packet_forwarder
from docs.recordings.meter import meter_line
from docs.recordings.socket import socket_keys, socket_radio
from docs.recordings.vehicle import can_session
from docs.tables import TABLES

from chargelink.gbt27930.charging import BCL, BCS, BSM
from chargelink.gbt27930.ending import BEM, BST
from chargelink.wire.plain import plain_module

ROOT = Path(__file__).parent.parent
OPENING = re.compile(r"<!-- generated: (\S+) -->\n")
PLACE = re.compile(OPENING.pattern + r"(?:(?!<!-- generated: ).)*?<!-- end -->", re.DOTALL)
GUARD_TITLE = "The messages of GB/T 27930 that the guard reads on the bus by itself."


class UnknownPlaceError(Exception):
    """A page asks for a table that nobody makes, or a place for one has no end. The message says where."""


def files() -> dict[Path, str]:
    """Every generated file with what it should hold. Raises UnknownPlaceError."""
    whole = {
        "edge/chargelink/edge/guard/vehicle_messages.py": plain_module(GUARD_TITLE, BCL, BCS, BSM, BST, BEM),
        "docs/protocols/link.asyncapi.json": asyncapi(),
        "docs/ls1/ls1.h": ls1_header(),
        "docs/ls1/ls1_vectors.h": vectors_header(),
        "docs/ls1/ls1_vectors.json": vectors_json(),
        "docs/samples/session.log": can_session(),
        "docs/samples/field.log": lost_ccs(),
        "docs/samples/meter.log": meter_line(),
        "docs/samples/socket.log": socket_radio(),
        "docs/samples/socket-keys.toml": socket_keys(),
        "docs/samples/gateway.log": packet_forwarder(),
    }
    pages = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("README*.md")]
    filled = {page: fill(page.read_text("utf-8"), str(page.relative_to(ROOT))) for page in sorted(pages)}
    return {ROOT / name: content for name, content in whole.items()} | filled


def fill(text: str, page: str) -> str:
    """The text of a page with its tables made anew. Raises UnknownPlaceError, naming the page and its line."""
    places = {place.start() for place in PLACE.finditer(text)}
    for opening in OPENING.finditer(text):
        where = f"{page}:{text.count(chr(10), 0, opening.start()) + 1}"
        if opening[1] not in TABLES:
            raise UnknownPlaceError(f"{where}: no table {opening[1]!r}; docs/tables.py has {', '.join(TABLES)}")
        if opening.start() not in places:
            raise UnknownPlaceError(f"{where}: the place of {opening[1]!r} has no `<!-- end -->`")
    return PLACE.sub(lambda place: f"<!-- generated: {place[1]} -->\n{TABLES[place[1]]().rstrip()}\n<!-- end -->", text)


def main() -> None:
    for path, content in files().items():
        if not path.exists() or path.read_text("utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        main()
    except UnknownPlaceError as error:
        raise SystemExit(str(error)) from error
