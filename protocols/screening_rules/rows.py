"""What a row of the screening tables is made of: results, severity, basis, a rule and a table.

A rule has its id, the standard's condition in words, the same as a predicate, and what follows.
Which rules there are is not known here, nor any country or person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from protocols.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable


CL, FL, HT = "CL", "FL", "HT"


class Result(StrEnum):
    """Four values, ranked: a cross rule may only move upwards."""

    INSUFFICIENT = "insufficient"
    NOT_INDICATED = "not_indicated"
    POSSIBLE = "possible"
    INDICATED = "indicated"

    @property
    def rank(self) -> int:
        """Place in the order insufficient < not_indicated < possible < indicated."""
        return list(Result).index(self)


class Severity(StrEnum):
    """How grave child labour is; ``worst`` outranks ``hazardous`` (C182 art. 3)."""

    HAZARDOUS = "hazardous"
    WORST = "worst"


class ResultBasis(StrEnum):
    """What a result rests on when no international threshold is met."""

    NATIONAL_LAW = "national_law"
    CHORES = "chores"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: id, the standard's condition in words, the same as a predicate, what follows."""

    id: str
    condition: str
    holds: Callable[[Reading], bool]
    result: Result
    severity: Severity | None = None
    basis: ResultBasis | None = None


Table: TypeAlias = tuple[tuple[Rule, ...], ...]
