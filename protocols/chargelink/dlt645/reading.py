"""The data of an identifier as values: items with their names and units, and what is odd about them."""

from typing import NamedTuple

from chargelink.dlt645.catalogue import STANDARD, Catalogue, Item
from chargelink.dlt645.control import Words, counted
from chargelink.dlt645.forms import Presented, Value
from chargelink.wire import DecodeError

SEPARATOR = 0xAA  # between the parts of a freeze block; no BCD byte


class Reading(NamedTuple):
    """One item as a meter gave it.

    `value` in the inner unit of the item's form (mWh, mV, mA, mW ...), None if the meter has none or `flaw` says why
    it cannot be read. A value with a flaw is to be shown, never obeyed.
    """

    item: Item
    raw: bytes
    value: Value | None
    flaw: Words | None

    @property
    def presented(self) -> Presented:
        """What a screen or a JSON object shows: the value in the unit that people use."""
        form = self.item.form
        if self.value is None and self.flaw is not None:
            return form.present_undecodable(self.raw)
        return form.present(self.value)


class Readings(NamedTuple):
    """All that the data of one identifier holds.

    `extra` are bytes behind the last item: a vendor's own, or everything if the identifier is not `known`.
    """

    readings: tuple[Reading, ...]
    extra: bytes
    known: bool

    @property
    def flaws(self) -> list[Words]:
        """What is odd, one thing each."""
        flaws = [
            Words(
                f"{reading.item.name}: {reading.flaw.english}",
                f"{reading.item.chinese}: {reading.flaw.chinese}",
            )
            for reading in self.readings
            if reading.flaw is not None
        ]
        if self.extra and self.known:
            extra = len(self.extra)
            flaws.append(Words(f"{counted(extra, 'byte')} more than the identifier has", f"比该标识多出 {extra} 字节"))
        return flaws

    @property
    def presented(self) -> Presented:
        """Every value under its name; bytes that nobody explains as "extra_bytes" or "raw"."""
        shown: Presented = {reading.item.name: reading.presented for reading in self.readings}
        if self.extra:
            shown["extra_bytes" if self.known else "raw"] = self.extra.hex(" ").upper()
        return shown


def read(item: Item, raw: bytes) -> Reading:
    """One item of its bytes, without +33H; what cannot be read is a flaw."""
    try:
        value = item.form.decode(raw)
    except DecodeError as error:
        return Reading(item, raw, None, Words(str(error), f"无法解读 {raw.hex(' ').upper()}"))
    doubt = "" if value is None else item.form.doubt(value)
    return Reading(item, raw, value, Words(doubt, "不可能的数值") if doubt else None)


def readings(identifier: str, data: bytes, catalogue: Catalogue = STANDARD) -> Readings:
    """The items that `data`, without identifier and without +33H, holds; its length says how many they are.

    Blocks end where the data does: a single-phase meter may send one voltage, a meter of four tariffs five energies.
    """
    found: list[Reading] = []
    at = 0
    known = False
    for item in catalogue.expand(identifier):
        known = True
        if at and at < len(data) and data[at] == SEPARATOR and identifier.startswith("05"):
            at += 1
        size = len(data) - at if item.form.size is None else item.form.size
        if at >= len(data):
            break
        if len(data) - at < size and found:
            break
        found.append(read(item, data[at : at + size]))
        at += size
    return Readings(tuple(found), data[at:], known)


def identifier_of(data: bytes, size: int = 4) -> str:
    """The identifier at the head of data, as people write it: DI3 first. `size` is 4, or 2 in the 1997 edition."""
    return data[size - 1 :: -1].hex().upper() if len(data) >= size else ""


def identifier_bytes(identifier: str) -> bytes:
    """The bytes of an identifier, DI0 first. Raises ValueError unless it is 4 or 8 hexadecimal digits."""
    raw = bytes.fromhex(identifier)
    if len(raw) not in (2, 4):
        raise ValueError(f"identifier {identifier!r} is not 4 or 8 hexadecimal digits")
    return raw[::-1]
