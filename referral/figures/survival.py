"""Kaplan-Meier: how long until it happens, with those for whom it has not happened yet.

Product-limit estimate; variance by Greenwood, interval on the log-log scale, so that it stays
between 0 and 1 (Kalbfleisch and Prentice; the same numbers as ``scipy.stats.ecdf``).
Many groups are estimated at once, because a month has thousands of them. Times are whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from referral.figures.measures import Group, Measure, Period

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

MOST_POINTS: Final = 400
_Z: Final = 1.959963984540054  # of the 95 % interval
_HAIR: Final = 1e-12  # half of the people is half, whatever the last binary digit says


class Steps(NamedTuple):
    """Where curves fall, group after group: one row per group and distinct time with an event."""

    group: Whole
    seconds: Whole
    share: Real
    low: Real
    high: Real
    at_risk: Whole

    def only(self, wanted: NDArray[np.bool_]) -> Steps:
        """The rows that are wanted."""
        return Steps(
            self.group[wanted],
            self.seconds[wanted],
            self.share[wanted],
            self.low[wanted],
            self.high[wanted],
            self.at_risk[wanted],
        )


class Summary(NamedTuple):
    """By group: the median with its interval, and the ninth decile; NaN where it is not reached."""

    median: Real
    low: Real
    high: Real
    ninth: Real


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """After ``seconds``: the share for whom it has not happened yet, and its 95 % interval."""

    seconds: float
    share: float
    low: float
    high: float
    at_risk: int | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure over one group and period. Hidden (under the floor): no points, ``hidden``.

    Under the floor it also ends where ten or fewer are at risk, and ``at_risk`` stands in tens.

    ``points``: where the curve falls, at most 400 of them, first (0, 1, 1, 1).
    """

    measure: Measure
    group: Group
    period: Period
    points: tuple[CurvePoint, ...]
    finished: int | None
    open: int | None
    median: float | None
    low: float | None
    high: float | None
    hidden: bool = False


def steps(group: Whole, seconds: Whole, happened: NDArray[np.bool_]) -> Steps:
    """The curves of all groups. ``happened``: False where it had not yet when last looked.

    At a tie what happened comes first: who was lost at that very moment was still at risk.
    """
    order = np.argsort(seconds)
    return in_time(group[order], seconds[order], happened[order])


def in_time(group: Whole, seconds: Whole, happened: NDArray[np.bool_]) -> Steps:
    """As ``steps``, of rows that are in the order of their seconds already.

    Groups are few, and sorting few by their number is quick: many cuts of the same rows share the
    one slow sort.
    """
    few = group.size == 0 or group.max() <= np.iinfo(np.uint16).max
    order = np.argsort(group.astype(np.uint16) if few else group, kind="stable")
    ordered, times = group[order], seconds[order]
    begins = _firsts(ordered, times)
    deaths = np.add.reduceat(happened[order], begins, dtype=np.int64) if begins.size else begins
    fell = deaths > 0
    begins, died = begins[fell], deaths[fell]
    of = ordered[begins]
    risk = np.cumsum(np.bincount(group))[of] - begins  # all of the group from here on
    after = risk - died
    share = np.exp(_within(of, np.log(np.maximum(after, 1)) - np.log(risk)))
    spread = _within(of, died / (risk * np.maximum(after, 1)) * (after > 0))
    low, high = _bounds(np.where(after > 0, share, 0.0), spread)
    return Steps(
        of,
        times[begins],
        np.where(after > 0, share, 0.0),
        low,
        high,
        risk,
    )


def summaries(found: Steps, groups: int) -> Summary:
    """The quantiles of groups 0 to ``groups`` - 1."""
    half, tenth = 0.5 + _HAIR, 0.1 + _HAIR
    return Summary(
        _first(found, found.share <= half, groups),
        _first(found, found.low <= half, groups),
        _first(found, found.high <= half, groups),
        _first(found, found.share <= tenth, groups),
    )


def points_of(found: Steps) -> tuple[CurvePoint, ...]:
    """The curve of one group, thinned out evenly where it falls more often than can be drawn."""
    size = found.seconds.size
    kept = np.unique(np.linspace(0, size - 1, min(size, MOST_POINTS - 1)).astype(np.int64))
    start = CurvePoint(0.0, 1.0, 1.0, 1.0, int(found.at_risk[0]) if size else 0)
    return (
        start,
        *(
            CurvePoint(
                float(found.seconds[i]),
                float(found.share[i]),
                float(found.low[i]),
                float(found.high[i]),
                int(found.at_risk[i]),
            )
            for i in kept
        ),
    )


def _firsts(*values: Whole) -> Whole:
    """Where one of several columns changes, the first row of each."""
    changed = np.zeros(values[0].size, bool)
    changed[:1] = True
    for one in values:
        changed[1:] |= one[1:] != one[:-1]
    return np.flatnonzero(changed)


def _within(group: Whole, terms: Real) -> Real:
    """Running sums that begin anew with each group."""
    total = np.cumsum(terms)
    firsts = _firsts(group)
    before = (total - terms)[firsts]
    sizes = np.diff(firsts, append=group.size)
    return np.asarray(total - np.repeat(before, sizes))


def _bounds(share: Real, spread: Real) -> tuple[Real, Real]:
    inner = (share > 0) & (share < 1)
    safe = np.where(inner, share, 0.5)
    log = np.log(safe)
    centre, width = np.log(-log), _Z * np.sqrt(spread) / log
    low = np.where(inner, np.exp(-np.exp(centre - width)), share)
    high = np.where(inner, np.exp(-np.exp(centre + width)), share)
    return low, high


def _first(found: Steps, reached: NDArray[np.bool_], groups: int) -> Real:
    at = np.flatnonzero(reached)
    which, first = np.unique(found.group[at], return_index=True)
    answer = np.full(groups, np.nan)
    answer[which] = found.seconds[at[first]]
    return answer
