"""Read a block (FF), and its items one by one where the meter has them but not the block."""

from typing import NamedTuple

from chargelink.dlt645.catalogue import STANDARD, Catalogue, Item
from chargelink.dlt645.master import Master, Refused, Reply
from chargelink.dlt645.procedures.procedure import Procedure, Script, ask
from chargelink.dlt645.reading import Reading, Readings
from chargelink.dlt645.request import read

REFUSALS = 2  # in a row after which no more items are expected: a meter with four tariffs is not asked for 63


class BlockOutcome(NamedTuple):
    """What the meter has. `whole` unless an item was not answered; `singly` if the block was refused; `refused` if
    the meter has neither."""

    readings: Readings
    whole: bool
    singly: bool
    refused: Refused | None = None


class BlockRead(Procedure[BlockOutcome]):
    """Reads the block `identifier` of the meter at `address`."""

    def __init__(
        self, master: Master, address: str, identifier: str, now: float, catalogue: Catalogue = STANDARD
    ) -> None:
        """Raises EncodeError for an address, ValueError for an identifier that is none."""
        read(address, identifier).frame().encode()
        super().__init__(master, block_read(address, identifier, catalogue), now)


def block_read(address: str, identifier: str, catalogue: Catalogue = STANDARD) -> Script[BlockOutcome]:
    """The script of `BlockRead`."""
    answer = yield from ask(read(address, identifier))
    if isinstance(answer, Reply):
        return BlockOutcome(answer.readings(catalogue), whole=True, singly=False)
    nothing = Readings((), b"", known=True)
    items = [item for item in catalogue.expand(identifier) if item.identifier != identifier.upper()]
    if not isinstance(answer, Refused) or not answer.has_none or not items:
        refused = answer if isinstance(answer, Refused) else None
        return BlockOutcome(nothing, whole=False, singly=False, refused=refused)
    found, whole = yield from _singly(address, items, catalogue)
    if not found:
        return BlockOutcome(nothing, whole, singly=True, refused=answer)
    return BlockOutcome(Readings(tuple(found), b"", known=True), whole, singly=True)


def _singly(address: str, items: list[Item], catalogue: Catalogue) -> Script[tuple[list[Reading], bool]]:
    """What the meter has of the items, and whether each was answered."""
    found: list[Reading] = []
    refusals = 0
    for item in items:
        answer = yield from ask(read(address, item.identifier))
        if isinstance(answer, Reply):
            found += answer.readings(catalogue).readings
            refusals = 0
        elif isinstance(answer, Refused):
            refusals += 1
            if refusals == REFUSALS:
                break
        else:
            return found, False
    return found, True
