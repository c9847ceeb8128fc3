"""Which numbers to leave out besides, so that one that is not protected can be another (D5, D8).

For each such number the cheapest way is sought for it to be ten more (or less) than it is: other
numbers move with it, those left out already for nothing, rounded ones within their ten, and each
that is shown at a price. What moves at a price is what must go. The price rises with the number of
people, so that little is lost; it is a linear programme (HiGHS), and whether it suffices is found
out afterwards, in whole numbers (``inference``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

from referral.figures.effort import Effort
from referral.figures.puzzle import BREADTH
from referral.figures.quantities import Key
from referral.figures.solver import solver

_MOVED: Final = 1e-6
_FAR: Final = 1e4


@dataclass(frozen=True, slots=True)
class Room:
    """How far below (negative) and above the truth a number may be; ``shown``: more has a price."""

    below: int
    above: int
    shown: bool


class Loosening:
    """The programme of one round: made once, asked for one number after the other."""

    def __init__(
        self,
        rooms: Mapping[Key, Room],
        people: Mapping[Key, int],
        sums: Iterable[tuple[Key, Sequence[Key]]],
        effort: Effort,
    ) -> None:
        """``rooms``: of each number that may be moved at all; nobody stays nobody."""
        self._rooms, self._people, self._keys = rooms, people, sorted(rooms)
        self._at = {key: 3 * i for i, key in enumerate(self._keys)}  # free, more, less
        self._highs, self._effort = solver(), effort
        for key in self._keys:
            self._highs.addVar(rooms[key].below, rooms[key].above)
            price = 1 + log2(max(1, people[key]))
            for most in (_FAR, float(people[key])):
                self._highs.addVar(0, most if rooms[key].shown else 0)
                self._highs.changeColCost(self._highs.getNumCol() - 1, price)
        for total, parts in sums:
            self._add(total, parts)

    def _add(self, total: Key, parts: Iterable[Key]) -> None:
        columns: list[int] = []
        signs: list[float] = []
        for key, sign in ((total, 1.0), *((part, -1.0) for part in parts)):
            if key in self._at:
                columns += [self._at[key] + step for step in range(3)]
                signs += [sign, sign, -sign]
        if columns:
            self._highs.addRow(0, 0, len(columns), columns, signs)

    def cheapest(self, key: Key, chosen: Iterable[Key]) -> set[Key]:
        """What must go for this number; ``chosen``, which go anyway, move for nothing."""
        for one in (one for one in chosen if one in self._at):
            self._highs.changeColBounds(self._at[one], 1.0 - self._people[one], _FAR)
        self._highs.changeColBounds(self._at[key], float(BREADTH), _FAR)
        self._highs.run()
        self._effort.take(self._highs)
        moved = self._highs.getSolution().col_value
        room = self._rooms[key]
        self._highs.changeColBounds(self._at[key], room.below, room.above)
        return {
            one
            for one, at in self._at.items()
            if len(moved) > at and moved[at + 1] + moved[at + 2] > _MOVED
        }
