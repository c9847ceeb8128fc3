"""What somebody has before her who reads releases: numbers she does not know, lines that add up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from referral.figures.quantities import Key

SMALL: Final = 10  # D4: as many people or fewer are never shown
BREADTH: Final = 10  # so many values at least cannot be ruled out: as many as D4 leaves by itself
_BEYOND: Final = 1_000  # above the truth a number may be anything; so much is looked at


@dataclass(frozen=True, slots=True)
class Unknown:
    """One number that is not known exactly: what is, and what the truth is.

    ``values``: how many must not be ruled out; a rounded total has none, being no number of few.
    """

    least: int
    most: int
    truth: int
    values: int


@dataclass(frozen=True, slots=True)
class Equation:
    """Unknowns (index in order, +1 or -1) that together make ``equals``."""

    terms: tuple[tuple[int, int], ...]
    equals: int


@dataclass(slots=True)
class Puzzle:
    """All that is known, as a reader would write it down."""

    unknowns: dict[Key, Unknown] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)


def above(truth: int) -> int:
    """How far up a number without any known limit is looked at."""
    return truth + _BEYOND
