"""Cells: hand-offs of one month that are alike in all that figures tell apart, packed.

A cell keeps every single time, so that a median of five is the median of those five and months and
groups can be put together without loss. ``spans`` holds four big-endian int32 for each hand-off,
one per measure: 0 and more: finished after so many seconds; -1: nothing to measure; -2: open; -3
and less: ended otherwise after (-3 - value) seconds; the least integer: an error. ``opened`` holds
an int64 for each -2, in their order: since when, in seconds of the epoch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from referral.figures.figure import Counts
from referral.figures.measures import Group, Measure

Whole = NDArray[np.int64]

RowLike = Any  # a mapping of columns, as libraries of databases have them

# What a cell counts, in the order of its array: the fields of Counts, then errors by measure.
COUNTED: Final = (
    *(one.name for one in fields(Counts)),
    *(f"errors_{measure}" for measure in Measure),
)
NOTHING, OPEN, ENDED, ERROR = -1, -2, -3, -(2**31)


class Timed(NamedTuple):
    """One measure of many hand-offs, and the cells of those for which it has not happened yet."""

    cell: Whole
    seconds: Whole
    happened: NDArray[np.bool_]
    still: Whole


@dataclass(frozen=True, slots=True)
class Cells:
    """Many cells, column by column.

    ``of``: for each timed hand-off its cell; ``spans``: its four values; ``since``: for each open
    span the epoch second it began, row by row of ``spans``.
    """

    groups: tuple[Group, ...]
    months: tuple[date, ...]
    counts: Whole  # (cells, COUNTED)
    of: Whole
    spans: NDArray[np.int32]  # (hand-offs, measures)
    since: Whole

    @classmethod
    def read(cls, rows: Iterable[RowLike]) -> Self:
        """From rows of ``figure_cells`` or ``figure_cell``."""
        found = list(rows)
        spans = np.frombuffer(b"".join(row["spans"] for row in found), ">i4").astype(np.int32)
        sizes = [len(row["spans"]) // (4 * len(Measure)) for row in found]
        opened = b"".join(row["opened"] for row in found)
        return cls(
            groups=tuple(group_in(row) for row in found),
            months=tuple(row["month"] for row in found),
            counts=np.array([row["counts"] for row in found], np.int64).reshape(-1, len(COUNTED)),
            of=np.repeat(np.arange(len(found)), sizes),
            spans=spans.reshape(-1, len(Measure)),
            since=np.frombuffer(opened, ">i8").astype(np.int64),
        )

    def times(self, now: int) -> dict[Measure, Timed]:
        """What is told of each measure. ``now``: epoch second."""
        waiting = self.spans == OPEN
        seconds = np.where(self.spans >= 0, self.spans, ENDED - self.spans.astype(np.int64))
        seconds[waiting] = np.maximum(now - self.since, 0)
        told = (self.spans != NOTHING) & (self.spans != ERROR)
        columns = (told.T, seconds.T, self.spans.T, waiting.T)
        return {
            measure: Timed(self.of[rows], taken[rows], span[rows] >= 0, self.of[still])
            for measure, rows, taken, span, still in zip(Measure, *columns, strict=True)
        }

    def only(self, wanted: Callable[[Group, date], bool]) -> Cells:
        """The cells of groups and months that are wanted."""
        kept = np.array(list(map(wanted, self.groups, self.months)), bool)
        rows = kept[self.of] if self.of.size else np.zeros(0, bool)
        waiting, _ = np.nonzero(self.spans == OPEN)
        return Cells(
            tuple(itertools.compress(self.groups, kept)),
            tuple(itertools.compress(self.months, kept)),
            self.counts[kept],
            (np.cumsum(kept) - 1)[self.of[rows]] if rows.any() else self.of[:0],
            self.spans[rows],
            self.since[rows[waiting]],
        )

    def oldest(self) -> dict[int, int]:
        """By cell: the epoch second since which the longest open span of it is open."""
        rows, _ = np.nonzero(self.spans == OPEN)
        found: dict[int, int] = {}
        for cell, since in zip(self.of[rows].tolist(), self.since.tolist(), strict=True):
            found[cell] = min(since, found.get(cell, since))
        return found

    def waiting(self, measure: Measure, before: int) -> Whole:
        """The cell of each hand-off that is open in this measure since before this epoch second."""
        rows, columns = np.nonzero(self.spans == OPEN)
        mine = (columns == list(Measure).index(measure)) & (self.since < before)
        still: Whole = self.of[rows[mine]]
        return still


def group_in(row: RowLike) -> Group:
    """The group a row is of."""
    return Group(row["agency_id"], row["jurisdiction"], row["track"], row["step"], row["version"])
