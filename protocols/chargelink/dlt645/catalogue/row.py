"""A row of the standard's identifier tables, and an item: one identifier with its name, form and access."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag, auto
from functools import cached_property
from typing import NamedTuple

from chargelink.dlt645.catalogue.axis import AXES
from chargelink.dlt645.forms import Form

PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Access(Flag):
    """What a master may do with an item; writing takes a password."""

    READ = auto()
    WRITE = auto()
    READ_WRITE = READ | WRITE


class Item(NamedTuple):
    """One identifier: 8 digits DI3..DI0 in the 2007 edition, 4 digits DI1 DI0 in that of 1997."""

    identifier: str
    name: str
    chinese: str
    form: Form
    access: Access


@dataclass(frozen=True)
class Row:
    """A row of the tables. `pattern` is an identifier with `{axis}` for the digits that vary, as have the names.

    `repeats` names an axis along which the data of one identifier goes on: a freeze holds total and tariffs without a
    block identifier of their own. `block` lists patterns of items that one identifier returns joined.
    """

    pattern: str
    name: str
    chinese: str
    form: Form
    access: Access = Access.READ
    repeats: str = ""
    block: tuple[str, ...] = ()

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """The names of what varies in the identifier, from the left."""
        return tuple(PLACEHOLDER.findall(self.pattern))

    @cached_property
    def opening(self) -> str:
        """The digits before the first that varies, four at most."""
        return self.pattern.partition("{")[0][:4]

    @cached_property
    def _digits(self) -> re.Pattern[str]:
        return re.compile(PLACEHOLDER.sub(lambda hit: f"(?P<{hit[1]}>[0-9A-F]{{{AXES[hit[1]].width}}})", self.pattern))

    def codes(self, identifier: str) -> dict[str, str] | None:
        """The digits that vary, by axis, if the identifier is one of this row, a block included; else None."""
        hit = self._digits.fullmatch(identifier)
        if hit is None:
            return None
        codes = hit.groupdict()
        for axis, code in codes.items():
            if code not in AXES[axis].steps and code != AXES[axis].block:
                return None
        return codes

    @property
    def size(self) -> int:
        """How many identifiers it stands for, blocks not counted."""
        size = 1
        for axis in self.axes:
            size *= len(AXES[axis].steps)
        return size

    def find(self, identifier: str) -> Item | None:
        """The item of an identifier; None if it is not one of this row, or a block."""
        codes = self.codes(identifier)
        if codes is None:
            return None
        steps = {axis: AXES[axis].steps.get(code) for axis, code in codes.items()}
        if None in steps.values():
            return None
        name = self.name.format(**{axis: step.suffix for axis, step in steps.items() if step})
        chinese = self.chinese.format(**{axis: step.chinese for axis, step in steps.items() if step})
        return Item(identifier, name, chinese, self.form, self.access)

    def expand(self, identifier: str) -> list[str]:
        """The identifiers of the items that a block identifier of this row asks for; none if it is no block."""
        codes = self.codes(identifier) or {}
        blocks = [axis for axis, code in codes.items() if code not in AXES[axis].steps]
        if len(blocks) != 1:
            return []
        return [self.pattern.format(**{**codes, blocks[0]: code}) for code in AXES[blocks[0]].steps]

    def repeated(self, identifier: str) -> Iterator[Item]:
        """The items that follow each other under one identifier of a row that `repeats`."""
        item = self.find(identifier)
        if item is None:
            return
        for step in AXES[self.repeats].steps.values():
            yield item._replace(name=item.name + step.suffix, chinese=f"{item.chinese}（{step.chinese}）")
