"""How a number stands in a release, and between what the one that was counted must lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from referral.figures.puzzle import SMALL
from referral.figures.quantities import Key

ROUNDED_TO: Final = 10  # D6
Span = tuple[int, int]  # at least and at most so many people
Line = tuple[Key, tuple[Key, ...]]  # a total and its parts
UNBOUNDED: Final = 10**9


class Form(StrEnum):
    """How a number is shown; the letters are those of the published flag."""

    EXACT = ""
    ROUNDED = "r"
    HIDDEN = "c"


@dataclass(frozen=True, slots=True)
class Shown:
    """One number as published: people (None when left out) and its flag."""

    form: Form
    people: int | None

    def span(self, least: int) -> Span:
        """What it tells by itself; ``least``: how few may be where it is left out."""
        if self.form is Form.HIDDEN or self.people is None:
            return least, UNBOUNDED
        return rounded(self.people) if self.form is Form.ROUNDED else (self.people, self.people)


Release = Mapping[Key, Shown]


def shown_as(count: int, form: Form) -> Shown:
    """A count in its form."""
    if form is Form.HIDDEN:
        return Shown(form, None)
    return Shown(form, count if form is Form.EXACT else count // ROUNDED_TO * ROUNDED_TO)


def rounded(least: int) -> Span:
    """Known to within ten, and not to be a small one: that would not be shown."""
    return max(least, SMALL + 1), least + ROUNDED_TO - 1


def exact(span: Span) -> bool:
    """Whether nothing is open any more."""
    return span[0] == span[1]
