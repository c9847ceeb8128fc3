"""Child labour: the rules of standards 3.2, CL-R0 to CL-R9, in the order of the text.

Sources: C138, C182, R190. Countries come in as ``Parameters`` only; people do not occur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.reading import CHORES_MORE_THAN, HOURS_MIDDLE, HOURS_OLDEST, HOURS_YOUNGEST, Reading
from protocols.screening_rules.rows import Result, ResultBasis, Rule, Severity, Table

if TYPE_CHECKING:
    pass


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


def _hazardous(f: Reading) -> bool:
    """Any hazard (R190 para. 3), night work, or the hours that alone make work hazardous."""
    recorded = bool(f.hazards) or f.hazardous_form or f.flag("night_work") is True
    return recorded or _hours(f, HOURS_OLDEST)


def _hours(f: Reading, at_least: int) -> bool:
    return f.hours is not None and f.hours >= at_least
