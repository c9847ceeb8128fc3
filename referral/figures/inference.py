"""What somebody who knows every published number, and the rules, can still not rule out.

Whoever reads a release knows the numbers shown, each total to within ten (D6), which parts add up
to which totals, that nobody is where a zero stands, and that somebody is where a number is left
out. A number left out is **protected** if at least ten values cannot be ruled out for it, as many
as D4 itself leaves (1 to 10): so nobody can pin it down, nor narrow it within 1 to 10.

What cannot be ruled out is shown by *witnesses*: whole tables of people, different from the truth,
that agree with all that is published. A number counts as protected only if such tables were found
and checked; where the search gives up, it does not (an error here hides more, never less).

The search is an integer programme (HiGHS); each answer is checked again here, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from referral.figures.quantities import Key
from referral.figures.solver import solver, whole

SMALL: Final = 10  # D4: as many people or fewer are never shown
BREADTH: Final = 10  # so many values at least cannot be ruled out: as many as D4 leaves by itself
_REACH: Final = (120, 400, 2_000)  # how many numbers around one are let move, if fewer do not do
_SEARCH: Final = {
    "mip_max_nodes": 200,
    "mip_rel_gap": 0.2,  # any table will do, it need not be the most extreme
}
_BEYOND: Final = 1_000  # above the truth a number may be anything; so much is looked at


@dataclass(frozen=True, slots=True)
class Unknown:
    """One number that is not known exactly: what is, and what the truth is.

    ``guarded``: must stay protected. A rounded total is not: it is no number of few people.
    """

    least: int
    most: int
    truth: int
    guarded: bool


@dataclass(frozen=True, slots=True)
class Equation:
    """Unknowns (index in order, +1 or -1) that together make ``equals``."""

    terms: tuple[tuple[int, int], ...]
    equals: int


@dataclass(slots=True)
class Puzzle:
    """All that is known, as a reader would write it down."""

    unknowns: dict[Key, Unknown] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)


# What each number was in some witness so far: lowest, highest. Leaving out more rules out less, so
# what was seen once stays possible while numbers are only ever taken away.
Seen = dict[Key, tuple[int, int]]


def unprotected(puzzle: Puzzle, seen: Seen) -> list[Key]:
    """Numbers of which a reader could learn more than D4 tells her, by their keys.

    ``seen`` is added to.
    """
    search = _Search(puzzle)
    for i, (key, one) in enumerate(puzzle.unknowns.items()):
        seen.setdefault(key, (one.truth, one.truth))
        for reach in _REACH:
            if not _safe(one, *seen[key]):
                _stretch(search, seen, i, reach)
    return sorted(key for key, one in puzzle.unknowns.items() if not _safe(one, *seen[key]))


def possible(puzzle: Puzzle) -> bool:
    """Whether any table at all agrees with what is known."""
    return _Search(puzzle).witness(range(len(puzzle.unknowns)), {}) is not None


def _safe(one: Unknown, low: int, high: int) -> bool:
    return not one.guarded or high - low >= BREADTH - 1


def _stretch(search: _Search, seen: Seen, i: int, reach: int) -> None:
    """One number up and down among those nearest to it, which go along as far as may be."""
    one, near = search.unknowns[i], search.near(i, reach)
    for sign in (1, -1):
        low, high = seen[search.keys[i]]
        if _safe(one, low, high):
            return
        weights = {j: sign for j in near if not _safe_at(search, seen, j)} | {i: len(near) * sign}
        goal = (low + BREADTH - 1, one.most) if sign > 0 else (one.least, high - BREADTH + 1)
        found = search.witness(near, weights, (i, *goal)) if goal[0] <= goal[1] else None
        if found is None and reach == _REACH[-1]:
            found = search.witness(near, weights)  # less than all of it, each way
        for key, value in zip(search.keys, found or (), strict=found is not None):
            low, high = seen.get(key, (value, value))
            seen[key] = min(low, value), max(high, value)


def _safe_at(search: _Search, seen: Seen, j: int) -> bool:
    one = search.unknowns[j]
    return _safe(one, *seen.get(search.keys[j], (one.truth, one.truth)))


class _Search:
    """The integer programme, made once and asked often."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.keys, self.unknowns = list(puzzle.unknowns), list(puzzle.unknowns.values())
        self._equations, self._highs = puzzle.equations, solver(_SEARCH)
        for one in self.unknowns:
            self._highs.addVar(one.truth, one.truth)
        whole(self._highs, len(self.unknowns))
        self._lines: dict[int, list[Equation]] = {}
        for equation in self._equations:
            columns = [i for i, _ in equation.terms]
            signs, same = [float(sign) for _, sign in equation.terms], float(equation.equals)
            self._highs.addRow(same, same, len(columns), columns, signs)
            for i in columns:
                self._lines.setdefault(i, []).append(equation)

    def near(self, i: int, reach: int) -> list[int]:
        """So many unknowns around one, line by line outwards, the shortest lines first."""
        found = {i: None}
        for one in (queue := [i]):
            for line in sorted(self._lines.get(one, ()), key=lambda line: len(line.terms)):
                new = [j for j, _ in line.terms if j not in found]
                found.update(dict.fromkeys(new))
                queue += new
            if len(queue) >= reach:
                break
        return queue[:reach]

    def witness(
        self,
        free: Iterable[int],
        weights: Mapping[int, int],
        within: tuple[int, int, int] | None = None,
    ) -> list[int] | None:
        """A table that agrees with all that is known; only ``free`` ones differ from the truth.

        ``weights``: which are pushed up (1) or down (-1). ``within``: (index, least, most) asked of
        one number besides. None: not found.
        """
        some = list(free)
        bounds = {i: (self.unknowns[i].least, self.unknowns[i].most) for i in some}
        if within is not None:
            bounds[within[0]] = within[1:]
        self._bind(some, [bounds[i] for i in some], [float(weights.get(i, 0)) for i in some])
        self._highs.run()
        values = [round(value) for value in self._highs.getSolution().col_value]
        truth = [(self.unknowns[i].truth, self.unknowns[i].truth) for i in some]
        self._bind(some, truth, [0.0] * len(some))
        return values if self._agrees(values, some) else None

    def _bind(
        self, some: Sequence[int], bounds: Sequence[tuple[int, int]], costs: Sequence[float]
    ) -> None:
        low, high = [float(least) for least, _ in bounds], [float(most) for _, most in bounds]
        self._highs.changeColsBounds(len(some), some, low, high)
        self._highs.changeColsCost(len(some), some, costs)

    def _agrees(self, values: Sequence[int], some: Iterable[int]) -> bool:
        """Whether it is a witness: nothing is believed of the solver that is not seen here."""
        if len(values) != len(self.unknowns):
            return False
        lines = {id(line): line for i in some for line in self._lines.get(i, ())}
        bounded = zip(self.unknowns, values, strict=True)
        return all(one.least <= value <= one.most for one, value in bounded) and all(
            sum(sign * values[i] for i, sign in line.terms) == line.equals
            for line in lines.values()
        )


def above(truth: int) -> int:
    """How far up a number without any known limit is looked at."""
    return truth + _BEYOND
