"""How long a limit can last, at worst, over every day its calendar covers.

Limits of different units are compared day by day (L7), and silence is added up by the longest (L5).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from protocols.calendars import Calendar, CalendarNotCovered, Calendars
from protocols.law import Clock
from protocols.working_time import Limit, Unit, due_at

_REMEMBERED = 4096
_HOURS_OF_DAY = (time(0, 0), time(23, 59))  # a limit in days is longest from the day's first minute
_DAY = timedelta(days=1)

Counted: TypeAlias = tuple[Limit, Calendar]


def longest(calendars: Calendars, clock: Clock, mandate: str) -> timedelta:
    """The longest this limit can last for this recipient."""
    return _longest(clock.limit, calendars.of(clock.calendar_of or mandate, ""))


@lru_cache(_REMEMBERED)
def ever_later(one: Counted, other: Counted) -> bool:
    """Whether the first limit can end after the second when both begin at one moment."""
    if one == other:
        return False
    if one[0].unit is Unit.HOURS and other[0].unit is Unit.HOURS:
        return one[0].amount > other[0].amount
    for start in _starts(one[1] if other[1].always_open else other[1]):
        ends = [_ends(start, *counted) for counted in (one, other)]
        if ends[0] is None or ends[1] is None:  # beyond the covered years: nothing is known
            return False
        if ends[0] > ends[1]:
            return True
    return False


@lru_cache(_REMEMBERED)
def _longest(limit: Limit, calendar: Calendar) -> timedelta:
    if limit.unit is Unit.HOURS:
        return timedelta(hours=limit.amount)
    # A limit longer than the covered years lasts at least the days it names.
    longest = timedelta(days=limit.amount)
    for start in _starts(calendar):
        end = _ends(start, limit, calendar)
        if end is None:
            break
        longest = max(longest, end - start)
    return longest


def _ends(start: datetime, limit: Limit, calendar: Calendar) -> datetime | None:
    try:
        return due_at(start, limit, calendar).moment
    except CalendarNotCovered:
        return None


def _starts(calendar: Calendar) -> Iterator[datetime]:
    """The beginning and the end of every day covered (of one year, where every day is open)."""
    years, zone = calendar.covered, ZoneInfo(calendar.time_zone)
    last = years.start + 1 if calendar.always_open else years.stop
    day = date(years.start, 1, 1)
    while day.year < last:
        for at in _HOURS_OF_DAY:
            yield datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        day += _DAY
