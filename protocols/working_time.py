"""When a limit ends, and why: the only place where law's days become a moment.

1. Three units (protocol language 2): ``h`` hours that elapse, nights and holidays included; ``cd``
   calendar days; ``wd`` working days of the calendar. Emergencies run in hours, never in days.
2. A limit in days ends with the last day, at 23:59:59 in the calendar's time zone. The day on
   which it begins is not counted unless the law says so.
3. Time in which a limit stood still is added: hours as they went by, days one for each day (or
   working day) from the one on which it stopped to the one before it went on.
4. Every answer carries its ``derivation``, line by line: nobody has to believe a moment.
5. This file must not know what time it is, which country it is in, or what the limit is for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from protocols import derivation
from protocols.calendars import Calendar, CalendarNotCovered, Calendars, build_calendar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Calendar",
    "CalendarNotCovered",
    "Calendars",
    "Due",
    "Limit",
    "Unit",
    "build_calendar",
    "due_at",
    "share_of",
]

_END_OF_DAY = time(23, 59, 59, fold=1)  # fold: a repeated hour belongs to the day it repeats
_REMEMBERED = 4096  # countings kept: limits that begin at one moment or on one day share a handful


class Unit(StrEnum):
    """What is counted."""

    HOURS = "h"
    CALENDAR_DAYS = "cd"
    WORKING_DAYS = "wd"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long somebody has. ``roll_over`` None leaves it to the calendar (calendar days only)."""

    amount: int
    unit: Unit
    count_first_day: bool = False
    roll_over: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what no law can mean; raises ValueError."""
        object.__setattr__(self, "unit", Unit(self.unit))
        if self.unit is Unit.HOURS and (self.count_first_day or self.roll_over is not None):
            message = (
                "a limit in hours runs through: 'count_first_day' and 'roll_over' are for days;"
                " remove them, or write the limit in cd or wd"
            )
            raise ValueError(message)
        if self.amount < (0 if self.unit is Unit.HOURS else 1):
            message = f"a limit of {self.amount} {self.unit} leaves no time: at least 0 h or 1 day"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Due:
    """The moment (UTC), the way to it line by line, and the calendar with its version."""

    moment: datetime
    derivation: tuple[str, ...]
    calendar: str


@lru_cache(_REMEMBERED)
def due_at(
    start: datetime, limit: Limit, calendar: Calendar, stood: derivation.Standstills = ()
) -> Due:
    """When a limit that begins at ``start`` ends; ``stood``: from when until when it stood still.

    Raises ValueError for a start without time zone, CalendarNotCovered for unknown years; with a
    calendar that goes on, the earliest the limit can end, and a line says so.
    """
    if start.tzinfo is None:
        message = f"the start {start} has no time zone: nobody can say which moment it is"
        raise ValueError(message)
    start = start.astimezone(UTC)
    local = start.astimezone(ZoneInfo(calendar.time_zone))
    if limit.unit is Unit.HOURS:
        stopped = sum((until - since for since, until in stood), timedelta())
        moment = start + timedelta(hours=limit.amount) + stopped
        ends = moment.astimezone(local.tzinfo)
        lines = derivation.hours(local, ends, limit.amount, calendar, stood)
    else:
        limit, added = _longer(limit, calendar, stood) if stood else (limit, ())
        counting = _working_days if limit.unit is Unit.WORKING_DAYS else _calendar_days
        last, counted = counting(local.date(), limit, calendar)
        end = datetime.combine(last, _END_OF_DAY, tzinfo=local.tzinfo).astimezone(UTC)
        # The last second of a day that is itself counted may already be running.
        moment = max(end, start)
        begins = derivation.begins(local, calendar, day_counted=limit.count_first_day)
        lines = (begins, *added, *counted)
    return Due(moment, lines, f"{calendar.name} {calendar.version}")


def share_of(start: datetime, due: datetime, share: float) -> datetime:
    """The moment when this share of the limit has elapsed; 1.5 is half a limit after the end."""
    return start + (due - start) * share


# --- counting: each gives the last day and the lines that lead to it ---------------------------


@lru_cache(_REMEMBERED)
def _working_days(begun: date, limit: Limit, calendar: Calendar) -> tuple[date, tuple[str, ...]]:
    days: derivation.Days = []
    following, left = _following(begun, limit), limit.amount
    while left:
        day = next(following)
        days.append((day, calendar.closed_by(day)))
        left -= days[-1][1] is None
    last = days[-1][0]
    counted = derivation.working_days(days, limit.amount, calendar)
    return last, (*counted, derivation.due_on(last, calendar), *_not_entered(last, calendar))


@lru_cache(_REMEMBERED)
def _calendar_days(begun: date, limit: Limit, calendar: Calendar) -> tuple[date, tuple[str, ...]]:
    last = begun + timedelta(days=limit.amount - limit.count_first_day)
    counted = derivation.calendar_days(last, limit.amount, calendar)
    roll_over = calendar.roll_over if limit.roll_over is None else limit.roll_over
    passed: derivation.Days = []
    while roll_over and (reason := calendar.closed_by(last)) is not None:
        passed.append((last, reason))
        last += timedelta(days=1)
    moved = derivation.moved_on(passed, calendar)
    unsure = _not_entered(last, calendar) if roll_over else ()
    return last, (counted, *moved, derivation.due_on(last, calendar), *unsure)


def _not_entered(last: date, calendar: Calendar) -> tuple[str, ...]:
    if calendar.always_open or last.year in calendar.covered:
        return ()
    return (derivation.not_entered(last.year, calendar),)


def _longer(
    limit: Limit, calendar: Calendar, stood: derivation.Standstills
) -> tuple[Limit, tuple[str, ...]]:
    """The limit with the days added on which it stood still, and a line for each standstill."""
    zone, working = ZoneInfo(calendar.time_zone), limit.unit is Unit.WORKING_DAYS
    added, lines = 0, []
    for since, until in stood:
        first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
        days = [first + timedelta(days=n) for n in range((last - first).days)]
        more = sum(not working or calendar.closed_by(day) is None for day in days)
        lines.append(derivation.stood_days(since, until, more, calendar, working=working))
        added += more
    return replace(limit, amount=limit.amount + added), tuple(lines)


def _following(begun: date, limit: Limit) -> Iterator[date]:
    return (begun + timedelta(days=n) for n in count(0 if limit.count_first_day else 1))
