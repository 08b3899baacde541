"""Looking an identifier up: the item it names, or the items that its block holds."""

from collections.abc import Iterable, Iterator

from chargelink.dlt645.catalogue.row import Item, Row

MOST_REMEMBERED = 4096  # items found before; keeps memory bounded whatever a master polls


class Catalogue:
    """Rows of the identifier tables. Of rows that match the same identifier the first counts."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        self._by_opening: dict[str, list[Row]] = {}
        for row in self.rows:
            self._by_opening.setdefault(row.opening, []).append(row)
        self._found: dict[str, Item] = {}

    def with_rows(self, rows: Iterable[Row]) -> "Catalogue":
        """A catalogue in which `rows` go before these: the profile of a vendor."""
        return Catalogue((*rows, *self.rows))

    def find(self, identifier: str) -> Item | None:
        """The item of an identifier, written as in `Item`; None for blocks and what the tables do not have."""
        item = self._found.get(identifier)
        if item is None:
            item = next((item for row in self._rows(identifier) if (item := row.find(identifier)) is not None), None)
            if item is not None:
                if len(self._found) >= MOST_REMEMBERED:
                    self._found.clear()
                self._found[identifier] = item
        return item

    def expand(self, identifier: str) -> Iterator[Item]:
        """The items that the data of an identifier holds, in their order; nothing for an unknown identifier.

        A block has as many of them as the meter has phases or tariffs: the length of the data says how many.
        """
        for row in self._rows(identifier):
            codes = row.codes(identifier)
            if codes is None:
                continue
            if row.block:
                parts = (pattern.format(**codes) for pattern in row.block)
                return (item for part in parts for item in self.expand(part))
            if row.repeats:
                return row.repeated(identifier)
            if (item := row.find(identifier)) is not None:
                return iter((item,))
            if singles := row.expand(identifier):
                return (item for single in singles if (item := self.find(single)) is not None)
        return iter(())

    def _rows(self, identifier: str) -> Iterator[Row]:
        """The rows that may have an identifier, by its opening digits."""
        for length in (4, 3, 2, 1):
            yield from self._by_opening.get(identifier[:length], ())
