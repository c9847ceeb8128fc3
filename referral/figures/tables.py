"""From cells to figures: put together by what a cut tells apart, and estimated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from referral.figures.cells import COUNTED, Cells, LimitCell
from referral.figures.figure import SMALL, Counts, Figure, Kept, Times
from referral.figures.measures import Cut, Group, Measure
from referral.figures.survival import steps, summaries

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


def tabulate(cells: Cells, limits: Iterable[LimitCell], cut: Cut, now: int) -> Table:
    """The table of one cut. A group that has limits but no hand-off of its own is not in it."""
    groups = tuple(sorted({one.on(cut) for one in cells.groups}, key=_order))
    if cut is Cut.ALL:
        groups = (Group(),)  # nothing at all is an answer too
    place = {group: at for at, group in enumerate(groups)}
    of = np.array([place[one.on(cut)] for one in cells.groups], np.int64)
    counts = np.zeros((len(groups), len(COUNTED)), np.int64)
    np.add.at(counts, of, cells.counts)
    tallies, estimates = [], []
    for measure in Measure:
        cell, seconds, happened = cells.times(measure, now)
        group = of[cell] if cell.size else cell
        still = of[cells.open_in(measure)] if cell.size else cell
        found = summaries(steps(group, seconds, happened), len(groups))
        sums = [np.bincount(one, minlength=len(groups)) for one in (group[happened], still, group)]
        tallies += [sums[0], sums[1], sums[2] - sums[0] - sums[1]]
        estimates += list(found)
    legal, proposed = _kept(limits, cut, place, now)
    return Table(cut, groups, counts, np.stack(tallies, 1), np.stack(estimates, 1), legal, proposed)


def _kept(
    limits: Iterable[LimitCell], cut: Cut, place: Mapping[Group, int], now: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    legal = np.zeros((len(place), 4), np.int64)
    proposed = np.zeros((len(place), 4), np.int64)
    for one in limits:
        at = place.get(one.group.on(cut))
        if at is not None:
            (proposed if one.basis == PROPOSED else legal)[at] += one.kept(now)
    return legal, proposed


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


def _order(group: Group) -> tuple[str, ...]:
    return tuple(str(getattr(group, one.name) or "") for one in fields(group))
