"""The screening rules of standards section 3, each under its own id: these tables are the standard.

1. What must live here: every rule, in the order of the text, with the text's condition beside it.
2. What this file must not know: countries (their law comes in as ``Parameters``) and people.
3. A rule fires on what is recorded. Not known is never false: a rule that clears somebody needs
   the answers it clears her with.

How a table is read. A table is a tuple of tiers. Tiers are tried from the top; the first tier in
which any rule holds decides, and all its rules that hold are reported ("stop" in the standard).
Then the cross rules run once, in their order; they only raise.

Sources: C29, C138, C182, R190; ILO eleven indicators (2012); statisticians' guidelines (2018) for
FL-R2 and FL-R3; Palermo Protocol art. 3. FL-R4 and FL-R5 are this project's triage policy: the ILO
says one indicator may suffice and sets no number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from protocols.facts import Indicator, Status
from protocols.reading import (
    CHORES_MORE_THAN,
    COERCION,
    HOURS_MIDDLE,
    HOURS_OLDEST,
    HOURS_YOUNGEST,
    INDICATORS,
    INVOLUNTARINESS,
    LABOUR_PURPOSES,
    Reading,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

CHILD_LABOUR: Table = (
    (Rule("CL-R0", "not a child", lambda f: f.child is False, Result.NOT_INDICATED),),
    (Rule("CL-R0U", "child status not known", lambda f: f.child is None, Result.INSUFFICIENT),),
    (
        Rule(
            "CL-R1",
            "any of WFCL_A, WFCL_B, WFCL_C (no hours or work needed)",
            lambda f: f.worst_form is True,
            Result.INDICATED,
            Severity.WORST,
        ),
        Rule(
            "CL-R2",
            "work not denied, and (any hazard code, or night work, or 43 hours or more)",
            lambda f: f.works is not False and _hazardous(f),
            Result.INDICATED,
            Severity.HAZARDOUS,
        ),
        Rule(
            "CL-R3",
            "age 11 or less and (1 hour or more, or works with hours not known)",
            lambda f: (
                f.under_12 is True
                and (_hours(f, HOURS_YOUNGEST) or (f.works is True and f.hours is None))
            ),
            Result.INDICATED,
        ),
        Rule(
            "CL-R4",
            "age 12-14 and 14 hours or more",
            lambda f: f.under_12 is False and f.under_15 is True and _hours(f, HOURS_MIDDLE),
            Result.INDICATED,
        ),
        Rule(
            "CL-R5",
            "works, age under the minimum age, and neither permitted light work nor authorised"
            " apprenticeship is recorded as true",
            lambda f: f.works is True and f.under_min_age is True and not f.excused,
            Result.INDICATED,
            basis=ResultBasis.NATIONAL_LAW,
        ),
        Rule(
            "CL-R6",
            "age 14 or less and more than 21 hours of chores (where the country applies it)",
            lambda f: (
                f.law.chores_rule
                and f.under_15 is True
                and f.chores is not None
                and f.chores > CHORES_MORE_THAN
            ),
            Result.INDICATED,
            basis=ResultBasis.CHORES,
        ),
    ),
    (
        Rule(
            "CL-R7",
            "works, none above, and age or hours not known",
            lambda f: f.works is True and not (f.age_settles and f.hours is not None),
            Result.POSSIBLE,
        ),
    ),
    (
        Rule(
            "CL-R8",
            "does not work and no worst form; or works with age and hours known, nothing above",
            lambda f: f.works is True or (f.works is False and f.worst_form is False),
            Result.NOT_INDICATED,
        ),
    ),
    # Also reached when work is denied and nobody has asked about the worst forms.
    (Rule("CL-R9", "nothing known about work", lambda _: True, Result.INSUFFICIENT),),
)

FORCED_LABOUR: Table = (
    (
        Rule(
            "FL-R0",
            "an exception of C29 is recorded by a supervisor",
            lambda f: f.excepted,
            Result.NOT_INDICATED,
        ),
    ),
    (
        Rule(
            "FL-R1",
            "involuntary, and under the menace of a penalty (recorded directly)",
            lambda f: f.flag("involuntary") is True and f.flag("penalty_menace") is True,
            Result.INDICATED,
        ),
        Rule(
            "FL-R2",
            "child and any of WFCL_A, WFCL_B, WFCL_C",
            lambda f: f.child is True and f.worst_form is True,
            Result.INDICATED,
        ),
        Rule(
            "FL-R3",
            "child working with or for a parent who is in forced labour",
            lambda f: f.child is True and f.flag("works_with_parent_in_forced_labour") is True,
            Result.INDICATED,
        ),
        Rule(
            "FL-R4",
            "FL09 confirmed, or at least two confirmed indicators that together cover both"
            " involuntariness and coercion",
            lambda f: "FL09" in f.confirmed or _both_sides(f.confirmed),
            Result.INDICATED,
        ),
    ),
    (
        Rule(
            "FL-R5",
            "any indicator confirmed or suspected, or only one element of FL-R1",
            lambda f: (
                any(map(_points_to_it, f.indicators.values()))
                or f.flag("involuntary") is True
                or f.flag("penalty_menace") is True
            ),
            Result.POSSIBLE,
        ),
    ),
    (
        Rule(
            "FL-R6",
            "all eleven indicators asked and absent, and involuntary false",
            lambda f: f.flag("involuntary") is False and f.indicators.keys() >= set(INDICATORS),
            Result.NOT_INDICATED,
        ),
    ),
    (Rule("FL-R7", "otherwise", lambda _: True, Result.INSUFFICIENT),),
)

TRAFFICKING: Table = (
    # R2 before R1: a child's result never cites the means.
    (
        Rule(
            "HT-R2",
            "child, at least one act and one purpose",
            lambda f: f.child is True and f.act and f.purpose,
            Result.INDICATED,
        ),
    ),
    (
        Rule(
            "HT-R1",
            "at least one act, one means and one purpose",
            lambda f: f.act and f.means and f.purpose,
            Result.INDICATED,
        ),
    ),
    (
        Rule(
            "HT-R3",
            "at least one act and one purpose, and national law requires no means for adults",
            lambda f: f.act and f.purpose and not f.law.adult_means_required,
            Result.INDICATED,
            basis=ResultBasis.NATIONAL_LAW,
        ),
    ),
    (
        Rule(
            "HT-R4",
            "child with a purpose, or with act and means; anyone with two of the three elements",
            lambda f: (f.child is True and f.purpose) or f.elements >= 2,  # noqa: PLR2004
            Result.POSSIBLE,
        ),
    ),
    (
        Rule(
            "HT-R5",
            "screening recorded as complete and at most one element found",
            lambda f: f.flag("screening_complete") is True,
            Result.NOT_INDICATED,
        ),
    ),
    (Rule("HT-R6", "otherwise", lambda _: True, Result.INSUFFICIENT),),
)


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

TABLES: Mapping[str, Table] = {CL: CHILD_LABOUR, FL: FORCED_LABOUR, HT: TRAFFICKING}


def _hazardous(f: Reading) -> bool:
    """Any hazard (R190 para. 3), night work, or the hours that alone make work hazardous."""
    recorded = bool(f.hazards) or f.hazardous_form or f.flag("night_work") is True
    return recorded or _hours(f, HOURS_OLDEST)


def _hours(f: Reading, at_least: int) -> bool:
    return f.hours is not None and f.hours >= at_least


def _both_sides(confirmed: frozenset[str]) -> bool:
    """Two codes or more, one side each: FL01 covers both sides, but alone never meets this."""
    two = len(confirmed) > 1
    return two and bool(confirmed & INVOLUNTARINESS) and bool(confirmed & COERCION)


def _points_to_it(indicator: Indicator) -> bool:
    """Confirmed or suspected; "confirmed" on hearsay alone still counts as a suspicion."""
    return indicator.status is not Status.ABSENT
