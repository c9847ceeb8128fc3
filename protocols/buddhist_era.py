"""Years of the Buddhist Era: B.E. 2569 is 2026, on every day of the year (since 1941).

1. Days are kept in the common era; where a country counts by the Buddhist Era they are shown in it.
2. Both are read, if it is said which one it is: ``B.E. 2569-11-26``, ``พ.ศ. 2569-11-26`` or
   ``2026-11-26``, with Thai digits too. A year from 2400 to 2700 with nothing said is refused: it
   was meant as one of the Buddhist Era, and taken as it stands a limit would be due in 543 years.
3. This file must not know which countries there are, nor what a day is for.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

AHEAD = 543
FIRST, LAST = 2400, 2700  # 1857 to 2157: years that are meant as Buddhist when nothing is said
_DAY = re.compile(
    r"(?P<era>B\.?E\.?|พ\.?ศ\.?)?\s*(?P<year>\d{4})(?P<rest>-\d{2}-\d{2})", re.IGNORECASE
)
_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")


class Era(StrEnum):
    """By which years a country counts."""

    COMMON = "common"
    BUDDHIST = "buddhist"


def buddhist_year(gregorian: int) -> int:
    """The year of the Buddhist Era that is this year of the common one."""
    return gregorian + AHEAD


def gregorian_year(buddhist: int) -> int:
    """The year of the common era that is this year of the Buddhist one."""
    return buddhist - AHEAD


def day_in(text: str) -> date:
    """The day written here, in either era.

    Raises ValueError with a sentence that says how to write it.
    """
    unread = f"'{text}' is no day: write it like 2026-11-26 or B.E. 2569-11-26"
    found = _DAY.fullmatch(text.translate(_DIGITS).strip())
    if found is None:
        raise ValueError(unread)
    year, rest = int(found["year"]), found["rest"]
    if found["era"] is None:
        refuse_unsaid(year, rest)
    elif FIRST <= year <= LAST:
        year = gregorian_year(year)
    else:
        message = (
            f"'{text}' would be the year {gregorian_year(year)}: {year}{rest} is"
            f" B.E. {buddhist_year(year)}{rest}; write the year of the era you name"
        )
        raise ValueError(message)
    try:
        return date.fromisoformat(f"{year:04}{rest}")
    except ValueError:
        raise ValueError(unread) from None


def refuse_unsaid(year: int, rest: str = "") -> None:
    """Refuse a year that was meant as Buddhist and stands as one of the common era (ValueError)."""
    if FIRST <= year <= LAST:
        message = (
            f"{year}{rest} lies centuries ahead and looks like a year of the Buddhist Era:"
            f" write B.E. {year}{rest}, or {gregorian_year(year)}{rest} in the common era"
        )
        raise ValueError(message)
