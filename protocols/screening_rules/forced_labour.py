"""Forced labour: the rules of standards 3.3, FL-R0 to FL-R7, in the order of the text.

Sources: C29; ILO eleven indicators (2012); statisticians' guidelines (2018) for FL-R2 and FL-R3.
FL-R4 and FL-R5 are this project's triage policy: the ILO says one indicator may suffice and sets no
number. Countries and people do not occur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.facts import Indicator, Status
from protocols.reading import COERCION, INDICATORS, INVOLUNTARINESS
from protocols.screening_rules.rows import Result, Rule, Table

if TYPE_CHECKING:
    pass


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


def _both_sides(confirmed: frozenset[str]) -> bool:
    """Two codes or more, one side each: FL01 covers both sides, but alone never meets this."""
    two = len(confirmed) > 1
    return two and bool(confirmed & INVOLUNTARINESS) and bool(confirmed & COERCION)


def _points_to_it(indicator: Indicator) -> bool:
    """Confirmed or suspected; "confirmed" on hearsay alone still counts as a suspicion."""
    return indicator.status is not Status.ABSENT
