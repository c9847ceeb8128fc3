"""From cells to figures: put together by what a cut tells apart, and estimated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from referral.figures.cells import COUNTED, Cells, Timed, Whole
from referral.figures.figure import SMALL, Counts, Figure, Kept, Times
from referral.figures.limits import Limits
from referral.figures.measures import EVERYTHING, TOLD_APART, Cut, Group, Measure
from referral.figures.survival import in_order, in_time, summaries

PROPOSED: Final = "assumption"
_COUNTS: Final = tuple(one.name for one in fields(Counts))


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of one cut, column by column, one row per group; the order is that of ``groups``.

    ``tallies``: finished, open, ended of each measure; ``estimates``: median, low, high, ninth of
    each, NaN where not reached; ``legal`` and ``proposed``: begun, met, missed, running.
    """

    cut: Cut
    groups: tuple[Group, ...]
    counts: NDArray[np.int64]
    tallies: NDArray[np.int64]
    estimates: NDArray[np.float64]
    legal: NDArray[np.int64]
    proposed: NDArray[np.int64]

    def figures(self) -> Iterator[Figure]:
        """Each group's figure."""
        columns = (self.counts, self.tallies, self.estimates, self.legal, self.proposed)
        for group, *row in zip(self.groups, *(one.tolist() for one in columns), strict=True):
            yield figure_from(group, *row)


def tabulate(cells: Cells, limits: Limits, cut: Cut, now: int) -> Table:
    """The table of one cut. A group that has limits but no hand-off of its own is not in it."""
    [table] = tables(cells, limits, (cut,), now)
    return table


def tables(cells: Cells, limits: Limits, cuts: Iterable[Cut], now: int) -> Iterator[Table]:
    """Tables of several cuts over the same cells. ``now``: epoch second."""
    parts = _Parts.of(cells, limits, now)
    for cut in cuts:
        groups, of, place = _coded(cells.groups, cut)
        at = np.array([place.get(key, -1) for key in _keys(limits.groups, cut)], np.int64)
        yield parts.table(cut, groups, of, at)


def monthly(
    cells: Cells, limits: Limits, months: Sequence[date], now: int
) -> Iterator[tuple[date, Figure]]:
    """All that was asked for in each of the months, which are all there are cells of."""
    place = {month: at for at, month in enumerate(months)}
    of, at = (
        np.array([place[month] for month in found], np.int64)
        for found in (cells.months, limits.months)
    )
    whole = (EVERYTHING,) * len(months)
    yield from zip(
        months, _Parts.of(cells, limits, now).table(Cut.ALL, whole, of, at).figures(), strict=True
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What every table over the same cells is put together from.

    ``times``: of each measure, shortest first.
    ``kept`` and ``assumed``: of each row of limits how it was kept, and whether it has no number.
    """

    counts: Whole
    times: tuple[Timed, ...]
    kept: Whole
    assumed: NDArray[np.bool_]

    @classmethod
    def of(cls, cells: Cells, limits: Limits, now: int) -> Self:
        return cls(
            cells.counts,
            tuple(map(_in_order, cells.times(now).values())),
            limits.kept(now)[:, :4],
            np.array([basis == PROPOSED for basis in limits.bases], bool),
        )

    def table(self, cut: Cut, groups: tuple[Group, ...], of: Whole, at: Whole) -> Table:
        """``of``: the group of each cell; ``at``: that of each row of limits, -1 for none."""
        size = len(groups)
        tallies, estimates = [], []
        for cell, seconds, happened, still in self.times:
            group = of[cell]
            found = summaries(in_time(group, seconds, happened), size)
            done, still_open, all_of_them = (
                np.bincount(one, minlength=size) for one in (group[happened], of[still], group)
            )
            tallies += [done, still_open, all_of_them - done - still_open]
            estimates += list(found)
        legal, proposed = (
            _summed(at[rows], self.kept[rows], size)
            for rows in ((at >= 0) & ~self.assumed, (at >= 0) & self.assumed)
        )
        counts = _summed(of, self.counts, size)
        told = (np.stack(tallies, 1), np.stack(estimates, 1))
        return Table(cut, groups, counts, *told, legal, proposed)


def _in_order(told: Timed) -> Timed:
    """Shortest first: sorted once for all cuts."""
    order = in_order(told.seconds, told.happened)
    return Timed(told.cell[order], told.seconds[order], told.happened[order], told.still)


def _coded(
    cells: Sequence[Group], cut: Cut
) -> tuple[tuple[Group, ...], Whole, dict[tuple[Any, ...], int]]:
    """The groups of a cut in order, which of them each cell is of, and where each stands."""
    keys = _keys(cells, cut)
    found = set(keys) | ({()} if cut is Cut.ALL else set())  # nothing at all is an answer too
    place = {key: at for at, key in enumerate(sorted(found, key=lambda key: [*map(str, key)]))}
    groups = tuple(Group(**dict(zip(TOLD_APART[cut], key, strict=True))) for key in place)
    return groups, np.array([place[key] for key in keys], np.int64), place


def _keys(groups: Sequence[Group], cut: Cut) -> list[tuple[Any, ...]]:
    """What a cut tells of each group; nothing, if it tells nothing apart."""
    columns = [map(attrgetter(name), groups) for name in TOLD_APART[cut]]
    return list(zip(*columns, strict=True)) if columns else [()] * len(groups)


def _summed(of: Whole, rows: Whole, size: int) -> Whole:
    found = np.zeros((size, rows.shape[1]), np.int64)
    np.add.at(found, of, rows)
    return found


def figure_from(
    group: Group,
    counts: Sequence[int],
    tallies: Sequence[int],
    estimates: Sequence[float | None],
    legal: Sequence[int],
    proposed: Sequence[int],
) -> Figure:
    """One row as a figure; NaN and None are both: not reached."""
    told = dict(zip(COUNTED, counts, strict=True))
    times = {
        measure: _times(tallies[at * 3 :], estimates[at * 4 :], told[f"errors_{measure}"])
        for at, measure in enumerate(Measure)
    }
    return Figure(
        group,
        Counts(**{name: told[name] for name in _COUNTS}),
        times,
        kept_from(legal),
        kept_from(proposed),
    )


def _times(tallies: Sequence[int], estimates: Sequence[float | None], errors: int) -> Times:
    median, low, high, ninth = map(reached, estimates[:4])
    finished, still, ended = tallies[:3]
    return Times(
        finished=finished,
        open=still,
        ended=ended,
        errors=errors,
        median=median,
        low=low,
        high=high,
        ninth=ninth,
        small=finished < SMALL,
    )


def reached(estimate: float | None) -> float | None:
    """An estimate, or None where the curve never falls so far (kept as null, computed as NaN)."""
    return None if estimate is None or math.isnan(estimate) else estimate


def kept_from(row: Sequence[int]) -> Kept:
    """Limits as they were kept."""
    begun, met, missed, running = row
    share = met / (met + missed) if met + missed else None
    return Kept(begun, met, missed, running, share)
