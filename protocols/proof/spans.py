"""How long a limit can last: the shortest and longest over every day its calendar covers.

Limits of different units are compared by these (L7), and silence is added up by them (L5).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from protocols.calendars import Calendar, CalendarNotCovered, Calendars
from protocols.law import Clock
from protocols.working_time import Limit, Unit, due_at

_REMEMBERED = 4096
_HOURS_OF_DAY = (time(0, 0), time(23, 59))  # a limit in days is longest from the day's first minute
_DAY = timedelta(days=1)


def calendar_for(calendars: Calendars, clock: Clock, mandate: str) -> Calendar:
    """The calendar by which this limit counts for this recipient."""
    return calendars.of(clock.calendar_of or mandate, "")


def longest(calendars: Calendars, clock: Clock, mandate: str) -> timedelta:
    """The longest this limit can last."""
    return _span(clock.limit, calendar_for(calendars, clock, mandate))[1]


def shortest(calendars: Calendars, clock: Clock, mandate: str) -> timedelta:
    """The shortest this limit can last."""
    return _span(clock.limit, calendar_for(calendars, clock, mandate))[0]


@lru_cache(_REMEMBERED)
def _span(limit: Limit, calendar: Calendar) -> tuple[timedelta, timedelta]:
    if limit.unit is Unit.HOURS:
        hours = timedelta(hours=limit.amount)
        return hours, hours
    zone = ZoneInfo(calendar.time_zone)
    lasted: list[timedelta] = []
    for start in _starts(calendar, zone):
        try:
            lasted.append(due_at(start, limit, calendar).moment - start)
        except CalendarNotCovered:  # the end of the covered years: nothing later is known
            break
    if not lasted:  # longer than the years covered: as many days as it says, at least
        days = timedelta(days=limit.amount)
        return days, days
    return min(lasted), max(lasted)


def _starts(calendar: Calendar, zone: ZoneInfo) -> list[datetime]:
    """The beginning and the end of every day covered (of one year, where every day is open)."""
    years = calendar.covered
    last = years.start + 1 if calendar.always_open else years.stop
    day, found = datetime(years.start, 1, 1).date(), []  # noqa: DTZ001 - a date is wanted
    while day.year < last:
        found += [datetime.combine(day, at, tzinfo=zone).astimezone(UTC) for at in _HOURS_OF_DAY]
        day += _DAY
    return found
