"""Tables of people that agree with all that is published: searched for, and checked here.

Linear programmes come first: a corner of what is possible is very often a table in whole numbers,
and one programme moves many numbers at once. Where it is not, an integer programme moves those
around one number and leaves the others as they are in a table known already. Nothing is believed
of the solver (HiGHS): each table is checked again here, in whole numbers, line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from referral.figures.effort import Effort
from referral.figures.puzzle import BREADTH, Equation, Puzzle
from referral.figures.quantities import Key
from referral.figures.solver import infeasible, maximised, solved, solver

Table = NDArray[np.int64]
Weights = NDArray[np.float64]
# What each number was in some witness so far: lowest, highest. Leaving out more rules out less, so
# what was seen once stays possible while numbers are only ever taken away.
Seen = dict[Key, tuple[int, int]]

_SEARCH: Final = {
    "mip_max_nodes": 50,
    "mip_rel_gap": 0.2,  # any table will do, it need not be the most extreme
}
_TRIES: Final = 6  # corners looked at for a first table
_ASIDE: Final = 1e-3  # what others weigh while one number is pushed


class Witnesses:
    """All tables found for one puzzle. ``possible``: False once it is proved that there is none."""

    def __init__(self, puzzle: Puzzle, seen: Seen, effort: Effort) -> None:
        self.keys, self.possible = list(puzzle.unknowns), True
        self._effort, self._equations, self._seen = effort, puzzle.equations, seen
        some = puzzle.unknowns.values()
        self._least = np.array([one.least for one in some], dtype=np.int64)
        self._most = np.array([one.most for one in some], dtype=np.int64)
        self._guarded = np.array([one.guarded for one in some], dtype=np.bool_)
        self._lines: dict[int, list[Equation]] = {}
        for line in self._equations:
            for i, _ in line.terms:
                self._lines.setdefault(i, []).append(line)
        self._sums = _Sums(self._equations)
        self._relaxed, self._whole = self._programme({}), None
        nobody = (np.iinfo(np.int64).max, np.iinfo(np.int64).min)
        self._low = np.array([seen.get(key, nobody)[0] for key in self.keys], dtype=np.int64)
        self._high = np.array([seen.get(key, nobody)[1] for key in self.keys], dtype=np.int64)
        self._table = self._first(np.array([one.truth for one in some], dtype=np.int64))

    def unsafe(self) -> list[int]:
        """Guarded numbers that were not seen far enough apart yet, by index."""
        near = (self._high < self._low) | (self._high - self._low < BREADTH - 1)
        return [int(i) for i in np.flatnonzero(self._guarded & near)]

    def safe(self, i: int) -> bool:
        """Whether one number was seen far enough apart, or need not be."""
        return not self._guarded[i] or bool(
            self._low[i] <= self._high[i] and self._high[i] - self._low[i] >= BREADTH - 1
        )

    def keep(self) -> None:
        """Remember what was seen for the next round."""
        for i, key in enumerate(self.keys):
            if self._low[i] <= self._high[i]:
                self._seen[key] = int(self._low[i]), int(self._high[i])

    def scatter(self, draw: Random) -> None:
        """Push all that are not safe yet, each up or down as it falls."""
        weights = np.zeros(len(self.keys))
        for i in self.unsafe():
            weights[i] = draw.choice((-1.0, 1.0))
        self._corner(weights)

    def push(self, i: int, sign: int, draw: Random) -> None:
        """One number up or down, and others that are not safe yet as it falls."""
        weights = np.zeros(len(self.keys))
        for j in self.unsafe():
            weights[j] = _ASIDE * draw.choice((-1, 1))
        weights[i] = sign
        self._corner(weights)

    def breadth(self, i: int) -> float:
        """How far apart a number can be at most: no table in whole numbers goes further."""
        ends = []
        for sign in (1.0, -1.0):
            weights = np.zeros(len(self.keys))
            weights[i] = sign
            values = self._corner(weights)
            if values is None:
                return float("inf")
            ends.append(float(values[i]))
        return ends[0] - ends[1]

    def nearby(self, i: int, sign: int, reach: int) -> None:
        """One number up or down in whole numbers, among so many around it."""
        if self._table is None or self.safe(i):
            return
        if self._whole is None:
            self._whole = self._programme(_SEARCH)
            maximised(self._whole, len(self.keys), whole=True)
        some = self._near(i, reach)
        weights = np.zeros(len(some))
        weights[0] = sign
        self._bind(self._whole, some, (self._least[some], self._most[some]), weights)
        values = self._run(self._whole)
        self._bind(self._whole, some, (self._table[some],) * 2, np.zeros(len(some)))
        if values is not None:
            self._saw(values)

    def _first(self, truth: Table) -> Table | None:
        """A table to begin with: the truth if it agrees with all that is thought known."""
        if self._saw(truth.astype(np.float64)):
            return truth
        draw, count = Random(1), len(self.keys)  # noqa: S311 - the same each time, and no secret
        for number in range(_TRIES):
            weights = np.array([draw.choice((-1.0, 1.0)) for _ in range(count)]) * bool(number)
            values = self._corner(weights)
            if not self.possible:
                return None
            if values is not None and self._agrees(found := np.rint(values).astype(np.int64)):
                return found
        return self._first_whole()

    def _first_whole(self) -> Table | None:
        programme = self._programme(_SEARCH)
        maximised(programme, len(self.keys), whole=True)
        values = self._run(programme)
        self.possible = not infeasible(programme)
        if values is None or not self._saw(values):
            return None
        return np.rint(values).astype(np.int64)

    def _corner(self, weights: Weights) -> Weights | None:
        """The corner furthest in a direction; noted, if it is a table in whole numbers."""
        columns = np.arange(len(self.keys), dtype=np.int32)
        self._relaxed.changeColsCost(len(columns), columns, weights)
        values = self._run(self._relaxed)
        if infeasible(self._relaxed):
            self.possible = False
        if values is None or not solved(self._relaxed):
            return None
        self._saw(values)
        return values

    def _saw(self, values: Weights) -> bool:
        table = np.rint(values).astype(np.int64)
        agrees = self._agrees(table)
        if agrees:
            self._low, self._high = np.minimum(self._low, table), np.maximum(self._high, table)
        return agrees

    def _agrees(self, table: Table) -> bool:
        """Whether it is a witness: nothing is believed that is not seen here."""
        within = bool(np.all((self._least <= table) & (table <= self._most)))
        return within and self._sums.hold(table)

    def _run(self, programme: Any) -> Weights | None:
        programme.run()
        self._effort.take(programme)
        values = np.array(programme.getSolution().col_value, dtype=np.float64)
        return values if len(values) == len(self.keys) and np.all(np.isfinite(values)) else None

    def _programme(self, options: Mapping[str, Any]) -> Any:
        """All of the puzzle; of one in whole numbers all that is not bound otherwise stays put."""
        made = solver(options)
        table = getattr(self, "_table", None)
        low, high = (self._least, self._most) if table is None else (table, table)
        for least, most in zip(low.tolist(), high.tolist(), strict=True):
            made.addVar(float(least), float(most))
        for line in self._equations:
            columns = [i for i, _ in line.terms]
            signs, same = [float(sign) for _, sign in line.terms], float(line.equals)
            made.addRow(same, same, len(columns), columns, signs)
        maximised(made, len(self.keys))
        return made

    def _bind(
        self, programme: Any, some: Sequence[int], bounds: tuple[Table, Table], costs: Weights
    ) -> None:
        columns = np.array(some, dtype=np.int32)
        low, high = (ends.astype(np.float64) for ends in bounds)
        programme.changeColsBounds(len(columns), columns, low, high)
        programme.changeColsCost(len(columns), columns, costs)

    def _near(self, i: int, reach: int) -> list[int]:
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


class _Sums:
    """All lines at once: what each must make, in whole numbers."""

    def __init__(self, equations: Iterable[Equation]) -> None:
        lines = list(equations)
        terms = [(row, i, sign) for row, line in enumerate(lines) for i, sign in line.terms]
        self._rows, self._columns, self._signs = np.array(terms, dtype=np.int64).reshape(-1, 3).T
        self._equals = np.array([line.equals for line in lines], dtype=np.int64)

    def hold(self, table: Table) -> bool:
        """Whether each line makes what it must."""
        made = np.zeros(len(self._equals), dtype=np.int64)
        np.add.at(made, self._rows, self._signs * table[self._columns])
        return bool(np.all(made == self._equals))
