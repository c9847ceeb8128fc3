"""Trafficking: the rules of standards 3.4, HT-R1 to HT-R6: act, means and purpose.

Source: Palermo Protocol art. 3. Whether an adult's case needs the means is each country's law and
comes in as ``Parameters``; people do not occur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.screening_rules.rows import Result, ResultBasis, Rule, Table

if TYPE_CHECKING:
    pass


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
