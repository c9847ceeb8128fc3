"""Kaplan-Meier: how long until it happens, with those for whom it has not happened yet.

Product-limit estimate; variance by Greenwood, interval on the log-log scale, so that it stays
between 0 and 1 (Kalbfleisch and Prentice; as ``lifelines.KaplanMeierFitter``).
"""

from __future__ import annotations

from dataclasses import dataclass

from referral.figures.measures import Group, Measure, Period


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """After ``seconds``: the share for whom it has not happened yet, and its 95 % interval."""

    seconds: float
    share: float
    low: float
    high: float
    at_risk: int


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure over one group and period. Hidden (under the floor): no points, ``hidden``.

    ``points``: where the curve falls, at most 400 of them, first (0, 1, 1, 1). ``limit_seconds``: of
    a step with one legal limit in plain hours, for a line in the chart; else None.
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
    limit_seconds: float | None = None
