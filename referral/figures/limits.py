"""Limits, packed as cells are: how often each kind of them began in a month, and how it was kept.

``due`` holds an int64 for each that runs, the second of the epoch it is due; ``overruns`` an int32
for each that was stopped too late: seconds. So what runs is late at the moment somebody asks, and
not when the month was closed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
from numpy.typing import NDArray

from referral.figures.cells import RowLike, Whole, group_in
from referral.figures.measures import Group


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one kind, group and month each, column by column.

    ``counts``: begun, met, missed and stopped since, moot (the hand-off was taken back in time),
    paused. ``due`` and ``overruns`` with the row each is of.
    """

    groups: tuple[Group, ...]
    months: tuple[date, ...]
    clocks: tuple[str, ...]
    bases: tuple[str, ...]
    counts: Whole
    due_of: Whole
    due: Whole
    overrun_of: Whole
    overruns: Whole

    @classmethod
    def read(cls, rows: Iterable[RowLike]) -> Self:
        """From rows of ``figure_limits`` or ``figure_limit``."""
        found = list(rows)
        due_of, due = _unpacked([row["due"] for row in found], ">i8")
        overrun_of, overruns = _unpacked([row["overruns"] for row in found], ">i4")
        return cls(
            tuple(group_in(row) for row in found),
            tuple(row["month"] for row in found),
            tuple(row["clock"] for row in found),
            tuple(row["basis"] for row in found),
            np.array([row["counts"] for row in found], np.int64).reshape(-1, 5),
            *(due_of, due, overrun_of, overruns),
        )

    def only(self, wanted: Callable[[Group, date], bool]) -> Limits:
        """The limits of groups and months that are wanted."""
        kept = np.array(list(map(wanted, self.groups, self.months)), bool)
        place = np.cumsum(kept) - 1
        due, over = kept[self.due_of], kept[self.overrun_of]
        return Limits(
            tuple(itertools.compress(self.groups, kept)),
            tuple(itertools.compress(self.months, kept)),
            tuple(itertools.compress(self.clocks, kept)),
            tuple(itertools.compress(self.bases, kept)),
            self.counts[kept],
            *(place[self.due_of[due]], self.due[due]),
            *(place[self.overrun_of[over]], self.overruns[over]),
        )

    def kept(self, now: int) -> Whole:
        """Of each row begun, met, missed, running, and of those missed the ones that still run."""
        size = len(self.groups)
        late = np.bincount(self.due_of[self.due <= now], minlength=size)
        running = np.bincount(self.due_of, minlength=size) - late + self.counts[:, 4]
        begun, met, missed = self.counts[:, 0], self.counts[:, 1], self.counts[:, 2] + late
        return np.stack([begun, met, missed, running, late], 1).astype(np.int64)

    def lateness(self, now: int) -> tuple[Whole, Whole]:
        """Of each one missed its row and how late it was; so far, if it still runs."""
        past = self.due <= now
        rows = np.concatenate([self.overrun_of, self.due_of[past]])
        return rows, np.concatenate([self.overruns, now - self.due[past]])


def _unpacked(parts: list[bytes], kind: str) -> tuple[Whole, Whole]:
    sizes = [len(part) // np.dtype(kind).itemsize for part in parts]
    values: NDArray[np.int64] = np.frombuffer(b"".join(parts), kind).astype(np.int64)
    return np.repeat(np.arange(len(parts)), sizes), values
