"""Tables of people that agree with all that is published: searched for, and checked here.

One linear programme moves many numbers at once, to a corner of what is possible. Most of a corner
stands in whole numbers, and binding a few of the others makes it so; a single number is moved in
whole numbers among those around it. Nothing is believed of the solver (HiGHS): each table is
checked again here, in whole numbers, line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from referral.figures.effort import Effort
from referral.figures.puzzle import Equation, Puzzle
from referral.figures.quantities import Key
from referral.figures.solver import maximised, solved, solver, whole

Table = NDArray[np.int64]
Weights = NDArray[np.float64]
# What each number was in some witness so far: lowest, highest. Leaving out more rules out less, so
# what was seen once stays possible while numbers are only ever taken away.
Seen = dict[Key, tuple[int, int]]

_CORNERS: Final = {"simplex_strategy": 4}  # primal: the last corner is where the next way begins
_SEARCH: Final = {
    "mip_max_nodes": 50,
    "mip_rel_gap": 0.2,  # any table will do, it need not be the most extreme
}
_DIVES: Final = 30  # so often at most
_AT_ONCE: Final = 24  # so many at a time
_WHOLE: Final = 1e-6
_ASIDE: Final = 1e-3  # what others weigh while one number is pushed


class Witnesses:
    """All tables found for one puzzle; the truth is the first."""

    def __init__(self, puzzle: Puzzle, seen: Seen, effort: Effort) -> None:
        self.keys = list(puzzle.unknowns)
        self._columns = np.arange(len(self.keys), dtype=np.int32)
        self._effort, self._equations, self._seen = effort, puzzle.equations, seen
        some = puzzle.unknowns.values()
        self._least = np.array([one.least for one in some], dtype=np.int64)
        self._most = np.array([one.most for one in some], dtype=np.int64)
        self._reach = np.array([one.values - 1 for one in some], dtype=np.int64)
        self._lines: dict[int, list[Equation]] = {}
        for line in self._equations:
            for i, _ in line.terms:
                self._lines.setdefault(i, []).append(line)
        self._sums = _Sums(self._equations)
        self._table = np.array([one.truth for one in some], dtype=np.int64)
        self._relaxed = self._programme(_CORNERS)
        self._whole: Any = None
        nobody = (np.iinfo(np.int64).max, np.iinfo(np.int64).min)
        self._low = np.array([seen.get(key, nobody)[0] for key in self.keys], dtype=np.int64)
        self._high = np.array([seen.get(key, nobody)[1] for key in self.keys], dtype=np.int64)
        if not self._saw(self._table.astype(np.float64)):
            raise ValueError("The truth does not agree with what is said to be known.")

    def unsafe(self) -> list[int]:
        """Numbers that were not seen far enough apart yet, by index."""
        return [int(i) for i in np.flatnonzero(self._high - self._low < self._reach)]

    def safe(self, i: int) -> bool:
        """Whether one number was seen far enough apart."""
        return bool(self._high[i] - self._low[i] >= self._reach[i])

    def values(self, i: int) -> int:
        """How many at least cannot be ruled out."""
        return int(self._high[i] - self._low[i]) + 1

    def keep(self) -> None:
        """Remember what was seen for the next round."""
        for key, low, high in zip(self.keys, self._low, self._high, strict=True):
            self._seen[key] = int(low), int(high)

    def scatter(self, draw: Random) -> None:
        """Push all that are not safe yet, each up or down as it falls."""
        weights = np.zeros(len(self.keys))
        for i in self.unsafe():
            weights[i] = draw.choice((-1.0, 1.0))
        self._whole_corner(weights)

    def push(self, i: int, sign: int, draw: Random) -> None:
        """One number up or down, and others that are not safe yet as it falls."""
        weights = np.zeros(len(self.keys))
        for j in self.unsafe():
            weights[j] = _ASIDE * draw.choice((-1, 1))
        weights[i] = sign
        self._whole_corner(weights)

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
        """One number up or down in whole numbers, among so many around it; the others stay put."""
        if self._whole is None:
            self._whole = self._programme(_SEARCH)
            whole(self._whole, len(self.keys))
        low, high, weights = self._table.copy(), self._table.copy(), np.zeros(len(self.keys))
        some, weights[i] = self._near(i, reach), sign
        low[some], high[some] = self._least[some], self._most[some]
        self._bind(self._whole, low, high)
        self._whole.changeColsCost(len(self.keys), self._columns, weights)
        self._whole.clearSolver()
        values = self._run(self._whole, len(some))
        if values is not None:
            self._saw(values)

    def _whole_corner(self, weights: Weights) -> None:
        """A table near the corner furthest in a direction: what is no whole number is made one.

        Some are bound to the next whole number and the rest sought anew, until all of them are.
        """
        low, high = self._least.copy(), self._most.copy()
        values = self._corner(weights)
        for _ in range(_DIVES):
            if values is None:
                break
            parts = np.flatnonzero(abs(values - np.rint(values)) > _WHOLE)
            if not len(parts):
                break
            some = parts[:: 1 + len(parts) // _AT_ONCE]
            low[some] = high[some] = np.rint(values[some]).astype(np.int64)
            self._bind(self._relaxed, low, high)
            values = self._corner(weights)
        self._bind(self._relaxed, self._least, self._most)

    def _bind(self, programme: Any, low: Table, high: Table) -> None:
        bounds = low.astype(np.float64), high.astype(np.float64)
        programme.changeColsBounds(len(self.keys), self._columns, *bounds)

    def _corner(self, weights: Weights) -> Weights | None:
        """The corner furthest in a direction; noted, if it is a table in whole numbers."""
        self._relaxed.changeColsCost(len(self.keys), self._columns, weights)
        values = self._run(self._relaxed)
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

    def _run(self, programme: Any, moving: int = 0) -> Weights | None:
        programme.run()
        self._effort.take(programme, moving)
        values = np.array(programme.getSolution().col_value, dtype=np.float64)
        return values if len(values) == len(self.keys) and np.all(np.isfinite(values)) else None

    def _programme(self, options: Mapping[str, Any]) -> Any:
        """All of the puzzle, each number within its bounds."""
        made = solver(options)
        for least, most in zip(self._least.tolist(), self._most.tolist(), strict=True):
            made.addVar(float(least), float(most))
        for line in self._equations:
            columns = [i for i, _ in line.terms]
            signs, same = [float(sign) for _, sign in line.terms], float(line.equals)
            made.addRow(same, same, len(columns), columns, signs)
        maximised(made)
        return made

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
