"""Statistics over hand-offs, pure: durations, estimates, limits of chance, and the floor of counts.

Moments and counts are handed in; what comes out is numbers with their uncertainty. It must never
know a database, a clock, or a name.
"""

from referral.figures.figure import SMALL, Counts, Figure, Figures, Kept, Times
from referral.figures.funnel import Bounds, Funnel, FunnelPoint
from referral.figures.measures import EVERYTHING, Cut, Group, Measure, Period, month_of, months_on
from referral.figures.survival import Curve, CurvePoint

__all__ = [
    "EVERYTHING",
    "SMALL",
    "Bounds",
    "Counts",
    "Curve",
    "CurvePoint",
    "Cut",
    "Figure",
    "Figures",
    "Funnel",
    "FunnelPoint",
    "Group",
    "Kept",
    "Measure",
    "Period",
    "Times",
    "month_of",
    "months_on",
]
