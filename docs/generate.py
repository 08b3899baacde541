"""Writes what follows from the code: tables in the pages, the guard's plain module, the sample recordings. `make docs`.

A page says where a table goes by the two comments `<!-- generated: NAME -->` and `<!-- end -->`. A test checks that all
of it is current.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from docs.samples import can_session

from chargelink.gbt27930.catalogue import MESSAGES, Entry, by_class
from chargelink.gbt27930.charging import BCL, BCS, BSM
from chargelink.gbt27930.ending import BEM, BST
from chargelink.wire.plain import plain_module
from chargelink.wire.table import table

ROOT = Path(__file__).parent.parent
PLACE = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
GUARD_TITLE = "The messages of GB/T 27930 that the guard reads on the bus by itself."


def files() -> dict[Path, str]:
    """Every generated file with what it should hold."""
    whole = {
        ROOT / "edge/chargelink/edge/guard/vehicle_messages.py": plain_module(GUARD_TITLE, BCL, BCS, BSM, BST, BEM),
        ROOT / "docs/samples/session.log": can_session(),
    }
    pages = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("README*.md")]
    return whole | {page: PLACE.sub(_filled, page.read_text()) for page in pages if PLACE.search(page.read_text())}


def _filled(place: re.Match[str]) -> str:
    return f"{place[1]}{TABLES[place[2]]()}\n{place[3]}"


def _messages() -> str:
    """The messages of GB/T 27930 at a glance."""
    head = "| message | | PGN | identifier | priority | period | bytes 2015 | bytes 2011 |"
    return "\n".join([head, "|---" * 8 + "|", *map(_message, MESSAGES)])


def _message(entry: Entry) -> str:
    lengths = [" / ".join(map(str, lengths)) or "any" for lengths in (entry.lengths_2015, entry.lengths_2011)]
    if entry.of_2011 is None:
        lengths[1] = "–"
    cells = (entry.name, f"{entry.english} {entry.chinese}", f"0x{entry.pgn:06X}", f"{entry.identifier:08X}")
    return f"| {' | '.join(cells)} | {entry.priority} | {entry.period} ms | {' | '.join(lengths)} |"


TABLES: dict[str, Callable[[], str]] = {
    "gbt27930.messages": _messages,
    **{f"gbt27930.{cls.__name__}": partial(table, cls) for cls in by_class()},
}


def main() -> None:
    for path, content in files().items():
        if not path.exists() or path.read_text() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
