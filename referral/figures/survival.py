"""Kaplan-Meier: how long until it happens, with those for whom it has not happened yet.

Product-limit estimate; variance by Greenwood, interval on the log-log scale, so that it stays
between 0 and 1 (Kalbfleisch and Prentice; the same numbers as ``lifelines``).
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
# Half of the people is half, whatever the last digits of a sum of logarithms say.
_HALF, _TENTH = np.log(0.5) + 1e-9, np.log(0.1) + 1e-9


class Steps(NamedTuple):
    """Where curves fall, group after group: one row per group and distinct time with an event.

    ``fallen``: logarithm of the share for whom it has not happened yet; ``spread``: its variance.
    """

    group: Whole
    seconds: Whole
    fallen: Real
    spread: Real
    at_risk: Whole

    def only(self, wanted: Whole | NDArray[np.bool_]) -> Steps:
        """The rows that are wanted."""
        return Steps._make(column[wanted] for column in self)

    @property
    def share(self) -> Real:
        """For whom it has not happened yet, 0 to 1."""
        return np.exp(self.fallen)

    @property
    def bounds(self) -> tuple[Real, Real]:
        """The 95 % interval of the share."""
        low, high = self.scaled_bounds
        return np.exp(-np.exp(low)), np.exp(-np.exp(high))

    @property
    def scaled_bounds(self) -> tuple[Real, Real]:
        """The same interval as log(-log(share)), which grows as the share falls."""
        centre, width = np.log(-self.fallen), _Z * np.sqrt(self.spread) / -self.fallen
        return centre + width, centre - width


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
    """The curves of all groups. ``happened``: False where it had not yet when last looked."""
    order = in_order(seconds, happened)
    return in_time(group[order], seconds[order], happened[order])


def in_order(seconds: Whole, happened: NDArray[np.bool_]) -> Whole:
    """Their places, shortest first; at a tie what happened: who was lost then was still at risk."""
    return _sorted(2 * seconds.astype(np.int64) + ~happened)


def in_time(group: Whole, seconds: Whole, happened: NDArray[np.bool_]) -> Steps:
    """As ``steps``, of rows that are ``in_order`` already: many cuts share that sort."""
    order = _sorted(group)
    at = np.flatnonzero(happened[order])
    those = order[at]
    of, times = group[those], seconds[those]
    begins = _firsts(of, times)
    died = np.diff(begins, append=at.size)
    of, times = of[begins], times[begins]
    risk = np.cumsum(np.bincount(group))[of] - at[begins]  # all of the group from here on
    left = risk - died
    some = np.maximum(left, 1)
    fallen = _within(of, np.log(some / risk))
    fallen[left == 0] = -np.inf
    return Steps(of, times, fallen, _within(of, died / (risk * some)), risk)


def summaries(found: Steps, groups: int) -> Summary:
    """The quantiles of groups 0 to ``groups`` - 1."""
    low, high = found.scaled_bounds
    half = np.log(-_HALF)
    reached = (found.fallen <= _HALF, low >= half, high >= half, found.fallen <= _TENTH)
    return Summary(*(_first(found, one, groups) for one in reached))


def points_of(found: Steps) -> tuple[CurvePoint, ...]:
    """The curve of one group, thinned out evenly where it falls more often than can be drawn."""
    size = found.seconds.size
    kept = np.unique(np.linspace(0, size - 1, min(size, MOST_POINTS - 1)).astype(np.int64))
    seen = found.only(kept)
    columns = (seen.seconds.astype(float), seen.share, *seen.bounds, seen.at_risk)
    start = CurvePoint(0.0, 1.0, 1.0, 1.0, int(found.at_risk[0]) if size else 0)
    return (start, *map(CurvePoint, *(column.tolist() for column in columns)))


def _sorted(values: Whole) -> Whole:
    """Places of numbers from 0 in order, ties as they come: 16 bits at a time, which is quicker."""
    order = np.argsort(values.astype(np.uint16), kind="stable")
    for known in range(16, int(values.max(initial=0)).bit_length(), 16):
        order = order[np.argsort((values >> known).astype(np.uint16)[order], kind="stable")]
    return order


def _firsts(*values: Whole) -> Whole:
    """Where one of several columns changes, the first row of each."""
    changed = np.zeros(values[0].size, bool)
    changed[:1] = True
    for one in values:
        changed[1:] |= one[1:] != one[:-1]
    return np.flatnonzero(changed)


def _within(group: Whole, terms: Real) -> Real:
    """Running sums that begin anew with each group: small ones, which lose no digits."""
    firsts = _firsts(group)
    anew = terms.copy()
    anew[firsts[1:]] -= np.add.reduceat(terms, firsts)[:-1]
    return np.cumsum(anew)


def _first(found: Steps, reached: NDArray[np.bool_], groups: int) -> Real:
    """By group the first time that is reached."""
    at = np.flatnonzero(reached)
    first = at[_firsts(found.group[at])]
    answer = np.full(groups, np.nan)
    answer[found.group[first]] = found.seconds[first]
    return answer
