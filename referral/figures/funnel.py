"""Agencies compared fairly: how far from the average chance alone would put one of its caseload.

Exact binomial limits, interpolated between the two counts around each (Spiegelhalter, "Funnel plots
for comparing institutional performance", Statistics in Medicine 2005, appendix A.1.1). Outside 95 %
is worth a look, outside 99.8 % worth a question.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from referral.figures.figure import SMALL
from referral.figures.measures import Group

_SIZES: Final = 60  # points of the limits along the axis
_LIMITS: Final = (0.025, 0.975, 0.001, 0.999)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which shares chance alone puts a group of this size."""

    size: int
    low_95: float
    high_95: float
    low_998: float
    high_998: float


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One agency: its share of decided limits that were met.

    ``place``: ``within``, ``low``, ``high`` (outside 95 %), ``very low``, ``very high`` (99.8 %).
    ``share`` is None under the floor. Fewer than ``SMALL`` decided limits have no ``place``: chance
    alone does anything to so few.
    """

    group: Group
    name: str | None
    size: int | None
    share: float | None
    place: str | None
    bounds: Bounds | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """The average, the agencies, and the limits at sizes along the axis, for drawing.

    Only limits of law and procedure: proposed targets are nobody's failure.
    """

    average: float | None
    points: tuple[FunnelPoint, ...]
    curve: tuple[Bounds, ...]


def bounds(average: float, size: int) -> Bounds:
    """The limits for a group of so many, if all differ by chance alone."""
    return Bounds(size, *(one / size for one in _quantiles(average, size)))


def funnel(agencies: Iterable[tuple[Group, str | None, int | None, int | None]]) -> Funnel:
    """From each agency's met and missed limits; None: hidden. Without decided ones: no average."""
    found = list(agencies)
    seen = [(met, missed) for _, _, met, missed in found if met is not None and missed is not None]
    size = sum(met + missed for met, missed in seen)
    if not size:
        nothing = (FunnelPoint(group, name, None, None, None, None) for group, name, *_ in found)
        return Funnel(None, tuple(nothing), ())
    average = sum(met for met, _ in seen) / size
    points = tuple(_point(average, *one) for one in found)
    largest = max((met + missed for met, missed in seen), default=0)
    sizes = sorted({max(1, round(largest * (at / _SIZES) ** 2)) for at in range(1, _SIZES + 1)})
    return Funnel(average, points, tuple(bounds(average, one) for one in sizes))


def _point(
    average: float, group: Group, name: str | None, met: int | None, missed: int | None
) -> FunnelPoint:
    if met is None or missed is None:
        return FunnelPoint(group, name, None, None, None, None)
    if not met + missed:
        return FunnelPoint(group, name, 0, None, None, None)
    size = met + missed
    share, limits = met / size, bounds(average, size)
    place = _place(share, limits) if size >= SMALL else None
    return FunnelPoint(group, name, size, share, place, limits)


def _place(share: float, limits: Bounds) -> str:
    if share < limits.low_998:
        return "very low"
    if share > limits.high_998:
        return "very high"
    if share < limits.low_95:
        return "low"
    return "high" if share > limits.high_95 else "within"


def _quantiles(average: float, size: int) -> tuple[float, ...]:
    """The counts below which a binomial falls with these probabilities, between whole counts."""
    if average in {0.0, 1.0}:
        return (average * size,) * len(_LIMITS)
    middle, reach = size * average, 9 * math.sqrt(size * average * (1 - average)) + 1
    first, last = max(0, math.floor(middle - reach)), min(size, math.ceil(middle + reach))
    counts = np.arange(first, last + 1)
    # Each chance from the one before it: what lies further out than nine deviations is nothing.
    ratio = np.log((size - counts[:-1]) / counts[1:]) + math.log(average / (1 - average))
    log = np.concatenate(([0.0], np.cumsum(ratio)))
    chance = np.exp(log - log.max())
    below = np.cumsum(chance / chance.sum())
    return tuple(_between(counts, below, at) for at in _LIMITS)


def _between(counts: NDArray[np.int64], below: NDArray[np.float64], wanted: float) -> float:
    at = int(np.searchsorted(below, wanted))
    before = float(below[at - 1]) if at else 0.0
    return max(0.0, float(counts[at]) - (float(below[at]) - wanted) / (float(below[at]) - before))
