"""What each identifier holds, looked up when it is read: either edition's, and a vendor's."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import product

from chargelink.dlt645.catalogue import Catalogue
from chargelink.dlt645.catalogue.axis import AXES
from chargelink.dlt645.forms import Value
from chargelink.sim.meters.display import shown

Quantities = Callable[[str], Value | None]
Kept = Callable[[str], bytes | None]


class Registers(Mapping[str, bytes]):
    """`quantities` tells the value of an item by its name, None for a phase that the meter does not have; `kept` the
    bytes of an identifier that is not measured: parameters, events, freezes. KeyError or None: there is none.

    The same quantity has the same name in both editions and with vendors, who give it other digits.
    """

    def __init__(self, quantities: Quantities, kept: Kept, catalogue: Catalogue) -> None:
        self._quantities = quantities
        self._kept = kept
        self._catalogue = catalogue

    def __getitem__(self, identifier: str) -> bytes:
        """Raises KeyError for what this meter does not have, and for blocks."""
        if (kept := self._kept(identifier)) is not None:
            return kept
        items = self._catalogue.expand(identifier)
        if not items or items[0].identifier != identifier:
            raise KeyError(identifier)
        value = shown(items[0].form, self._quantities(items[0].name))
        with suppress(KeyError):  # one tariff after the other, where they share an identifier
            for item in items[1:]:
                value += shown(item.form, self._quantities(item.name))
        return value

    def __iter__(self) -> Iterator[str]:
        for row in self._catalogue.rows:
            for codes in product(*(AXES[axis].steps for axis in row.axes)):
                identifier = row.pattern.format(**dict(zip(row.axes, codes, strict=True)))
                with suppress(KeyError):
                    self[identifier]
                    yield identifier

    def __len__(self) -> int:
        return sum(1 for _ in self)
