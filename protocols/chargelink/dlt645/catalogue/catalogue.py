"""Looking an identifier up: the item it names, or the items that its block holds."""

from collections.abc import Iterable, Iterator

from chargelink.dlt645.catalogue.row import Item, Row

MOST_REMEMBERED = 512  # identifiers looked up before; keeps memory bounded whatever a master polls


class Catalogue:
    """Rows of the identifier tables. Of rows that match the same identifier the first counts."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        self._by_opening: dict[str, list[Row]] = {}
        for row in self.rows:
            self._by_opening.setdefault(row.opening, []).append(row)
        self._remembered: dict[str, tuple[Item, ...]] = {}

    def with_rows(self, rows: Iterable[Row]) -> "Catalogue":
        """A catalogue in which `rows` go before these: the profile of a vendor."""
        return Catalogue((*rows, *self.rows))

    def find(self, identifier: str) -> Item | None:
        """The item of an identifier, written as in `Item`; None for blocks and what the tables do not have."""
        return next((item for row in self._rows(identifier) if (item := row.find(identifier)) is not None), None)

    def expand(self, identifier: str) -> tuple[Item, ...]:
        """The items that the data of an identifier may hold, in their order; none for an unknown identifier.

        A block has as many of them as the meter has phases or tariffs: the length of the data says how many.
        """
        items = self._remembered.get(identifier)
        if items is None:
            items = tuple(self._items(identifier))
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[identifier] = items
        return items

    def _items(self, identifier: str) -> Iterable[Item]:
        for row in self._rows(identifier):
            codes = row.codes(identifier)
            if codes is None:
                continue
            if row.block:
                return (item for pattern in row.block for item in self.expand(pattern.format(**codes)))
            if row.repeats:
                return row.repeated(identifier)
            if (item := row.find(identifier)) is not None:
                return (item,)
            if singles := row.expand(identifier):
                return (item for single in singles if (item := self.find(single)) is not None)
        return ()

    def _rows(self, identifier: str) -> Iterator[Row]:
        """The rows that may have an identifier, by its opening digits."""
        for length in (4, 3, 2, 1):
            yield from self._by_opening.get(identifier[:length], ())
