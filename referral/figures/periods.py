"""What figures are released for: a year ("2026") or a quarter of one ("2026-Q1"), no finer (D3)."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_PERIOD: Final = re.compile(r"(199\d|20\d\d)(?:-Q([1-4]))?", re.ASCII)


def is_period(told: str) -> bool:
    """Whether it is one, as we write it."""
    return _PERIOD.fullmatch(told) is not None


def year_in(period: str) -> int:
    """The year a period is, or is of."""
    return int(period[:4])


def is_over(period: str, today: date) -> bool:
    """Whether its last day is past."""
    year, quarter = year_in(period), int(period[6:] or 4)
    following = date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
    return today >= following
