"""Which edition a meter speaks: 2007 answers the question for its address (13), 1997 a read of 9010. Some speak both.

For one meter on the line, or one whose address is known.
"""

from typing import NamedTuple

from chargelink.dlt645.control import Edition
from chargelink.dlt645.frame import ANY_METER, SENDABLE_ADDRESS
from chargelink.dlt645.master import Master, Refused, Reply
from chargelink.dlt645.procedures.procedure import Ended, Procedure, Script, is_there
from chargelink.dlt645.request import read, read_address

ENERGY_2007 = "00010000"
ENERGY_1997 = "9010"
NUMBER_1997 = "C032"
ADDRESS_2007 = "04000401"


class Detected(NamedTuple):
    """The editions that a meter speaks, none if it is silent, and its address, "" if it does not tell."""

    editions: tuple[Edition, ...]
    address: str


class EditionDetection(Procedure[Detected]):
    """Asks the meter at `address`, or the only one on the line."""

    def __init__(self, master: Master, now: float, address: str = ANY_METER) -> None:
        """Raises EncodeError for an address that is none."""
        read(address, ENERGY_2007).frame().encode()
        super().__init__(master, edition_detection(address), now)


def edition_detection(address: str = ANY_METER) -> Script[Detected]:
    """The script of `EditionDetection`."""
    asked = address
    if asked == ANY_METER:
        modern = (yield read_address()).event
        if not isinstance(modern, Reply):
            modern = (yield read(ANY_METER, ADDRESS_2007)).event
        asked = _address_in(modern) or ANY_METER
    else:
        modern = (yield read(asked, ENERGY_2007)).event
    old = (yield read(asked, ENERGY_1997)).event
    if asked == ANY_METER and is_there(old):
        asked = yield from _address_1997(old)
    said = {Edition.DLT645_2007: modern, Edition.DLT645_1997: old}
    # A meter may refuse the other edition's question instead of being silent: that speaks for it only if it said
    # nothing better.
    editions = [edition for edition, event in said.items() if isinstance(event, Reply)]
    editions = editions or [edition for edition, event in said.items() if isinstance(event, Refused)]
    return Detected(tuple(editions), "" if asked == ANY_METER else asked)


def _address_in(event: Ended | None) -> str:
    """The address that an answer tells in its data, as 13 and 04000401 do."""
    if not isinstance(event, Reply) or len(event.data) != 6:
        return ""
    address = event.data[::-1].hex()
    return address if address.isdecimal() else ""


def _address_1997(event: Ended | None) -> Script[str]:
    """The address of a 1997 meter that answered a wildcard. Some echo the wildcard: then the number on the meter is
    its address only if it answers to it."""
    if isinstance(event, Reply) and _is_whole(event.address):
        return event.address
    number = _address_in((yield read(ANY_METER, NUMBER_1997)).event)
    if number and is_there((yield read(number, ENERGY_1997)).event):
        return number
    return ANY_METER


def _is_whole(address: str) -> bool:
    return address.isdecimal() and SENDABLE_ADDRESS.fullmatch(address) is not None
