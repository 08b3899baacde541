"""Sold by energy: what flowed at which rate, and where the rate changed between two readings (rules 2, chapter 2)."""

from collections.abc import Sequence
from typing import NamedTuple

from chargelink.model import Reading
from chargelink.model.bill import Boundary
from chargelink.tariff.calendar import Calendar, Rate, Stretch

LONGEST_GAP = 300_000  # ms between readings within which energy is split by time


class Piece(NamedTuple):
    """Energy that flowed at one rate, mWh; `cheapest` where nobody knows when."""

    stretch: Stretch
    energy: int
    cheapest: bool = False


class Flow(NamedTuple):
    """A session's pieces in the order of time, and the changes of price within it."""

    pieces: list[Piece]
    boundaries: list[Boundary]

    def by_rate(self) -> dict[Rate, list[Piece]]:
        """The pieces with energy, by rate, in the order in which the first of each flowed."""
        found: dict[Rate, list[Piece]] = {}
        for piece in self.pieces:
            if piece.energy:
                found.setdefault(piece.stretch.rate, []).append(piece)
        return found

    def paid(self, total: int) -> int:
        """The energy in mWh that `total` fen pay, in the order of time, at prices that are not rounded."""
        left, energy = total * 10**9, 0
        for piece in self.pieces:
            price = piece.stretch.rate.price
            if piece.energy * price > left:
                return energy + left // price
            left -= piece.energy * price
            energy += piece.energy
        return energy


def flow(calendar: Calendar, readings: Sequence[Reading], times: Sequence[int]) -> Flow:
    """What flowed between the readings, if `times` is when they were taken."""
    pieces: list[Piece] = []
    boundaries: list[Boundary] = []
    for index in range(1, len(readings)):
        before, after, start, end = readings[index - 1], readings[index], times[index - 1], times[index]
        energy = after.register - before.register
        rate, until = calendar.at(start)
        if until >= end:
            _add(pieces, Piece(Stretch(start, end, rate), energy))
            continue
        stretches = [*calendar.stretches(start, end)]
        if len(stretches) == 1:
            _add(pieces, Piece(stretches[0], energy))
        elif end - start > LONGEST_GAP:
            boundaries.append(Boundary(at=stretches[0].end, before=before, after=after, cheapest=True))
            pieces.append(Piece(min(stretches, key=lambda one: one.rate.price), energy, cheapest=True))
        else:
            boundaries += (Boundary(at=one.end, before=before, after=after) for one in stretches[:-1])
            for stretch, part in zip(stretches, _split(energy, stretches), strict=True):
                _add(pieces, Piece(stretch, part))
    return Flow(pieces, boundaries)


def _add(pieces: list[Piece], piece: Piece) -> None:
    """One more piece; it joins the last one if that has the same rate and ends where it begins."""
    if pieces:
        (start, end, rate), energy, cheapest = pieces[-1]
        if end == piece.stretch.start and rate == piece.stretch.rate and not cheapest:
            pieces[-1] = Piece(Stretch(start, piece.stretch.end, rate), energy + piece.energy)
            return
    pieces.append(piece)


def _split(energy: int, stretches: Sequence[Stretch]) -> list[int]:
    """The energy by time, each part in whole mWh rounded down, what is left to the last."""
    length = stretches[-1].end - stretches[0].start
    parts = [energy * (stretch.end - stretch.start) // length for stretch in stretches[:-1]]
    return [*parts, energy - sum(parts)]
