"""The cross rules of standards 3.5: what is found on one topic raises another, never lowers it.

They run once, in this order, after the three tables. Countries and people do not occur.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocols.reading import LABOUR_PURPOSES, Reading
from protocols.screening_rules.rows import CL, FL, HT, Result, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class CrossRule:
    """One row of 3.5: what is found on one topic raises another to at least ``result``."""

    id: str
    condition: str
    holds: Callable[[Reading, Mapping[str, Result]], bool]
    topic: str
    result: Result
    severity: Severity | None = None


CROSS_RULES: tuple[CrossRule, ...] = (
    CrossRule(
        "X-R5",
        "child with WFCL_A, WFCL_B or WFCL_C, trafficking not indicated",
        lambda f, _: f.child is True and f.worst_form is True,
        HT,
        Result.POSSIBLE,
    ),
    CrossRule(
        "X-R3",
        "trafficking indicated for a labour purpose, person works, no exception of C29",
        lambda f, found: (
            found[HT] is Result.INDICATED
            and bool(f.purposes & LABOUR_PURPOSES)
            and f.works is True
            and not f.excepted
        ),
        FL,
        Result.POSSIBLE,
    ),
    CrossRule(
        "X-R4",
        "forced labour indicated and any act recorded",
        lambda f, found: found[FL] is Result.INDICATED and f.act,
        HT,
        Result.POSSIBLE,
    ),
    CrossRule(
        "X-R1",
        "child, forced labour indicated",
        lambda f, found: f.child is True and found[FL] is Result.INDICATED,
        CL,
        Result.INDICATED,
        Severity.WORST,
    ),
    CrossRule(
        "X-R2",
        "child, trafficking indicated",
        lambda f, found: f.child is True and found[HT] is Result.INDICATED,
        CL,
        Result.INDICATED,
        Severity.WORST,
    ),
)
