"""Agencies compared fairly: how far from the average chance alone would put one of its caseload.

Binomial limits (Wilson-free, exact): a share outside the 95 % limits is worth a look, outside 99.8 %
worth a question (Spiegelhalter, "Funnel plots for comparing institutional performance", 2005).
"""

from __future__ import annotations

from dataclasses import dataclass

from referral.figures.measures import Group


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
    """One agency: its share of decided limits that were met. ``place``: ``within``, ``low``,
    ``high`` (outside 95 %), ``very low``, ``very high`` (outside 99.8 %).

    ``share`` is None under the floor; such an agency has no ``place`` and is only named as small.
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
