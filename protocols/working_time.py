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
]

_END_OF_DAY = time(23, 59, 59, fold=1)  # fold: a repeated hour belongs to the day it repeats


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

    def longer(self, by: int) -> Limit:
        """The same limit with so many more of its units."""
        return replace(self, amount=self.amount + by) if by else self


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """When a limit ends (``moment``, UTC), and what that was counted from.

    The way to it, line by line, is worded when it is asked for. Two are equal when they say the
    same. ``extended``: for the how-manieth time, of how many.
    """

    moment: datetime
    start: datetime
    limit: Limit
    counted_by: Calendar
    stood: derivation.Standstills = ()
    extended: tuple[int, int] | None = None

    @property
    def calendar(self) -> str:
        """Name and version of the calendar it was counted by."""
        return f"{self.counted_by.name} {self.counted_by.version}"

    @property
    def derivation(self) -> tuple[str, ...]:
        """Why it is this moment."""
        again = (derivation.extended(*self.extended, self.counted_by),) if self.extended else ()
        return (*again, *_worded(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Due):
            return NotImplemented
        same = (self.moment, self.start, self.calendar) == (
            other.moment,
            other.start,
            other.calendar,
        )
        return same and self.derivation == other.derivation

    def __hash__(self) -> int:
        return hash((self.moment, self.start))


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
    begun = start.astimezone(UTC)
    if limit.unit is Unit.HOURS:
        moment = begun + timedelta(hours=limit.amount)
        for since, until in stood:
            moment += until - since
        return Due(moment, start, limit, calendar, stood)
    longer = limit.longer(sum(_stood_days(limit, calendar, stood))) if stood else limit
    key = (begun.astimezone(ZoneInfo(calendar.time_zone)).date(), longer)
    end = calendar.remembered.get(key) or calendar.remembered.keep(key, _end(*key, calendar))
    # The last second of a day that is itself counted may already be running.
    return Due(max(end, begun), start, limit, calendar, stood)


# --- counting ----------------------------------------------------------------------------------


def _end(begun: date, limit: Limit, calendar: Calendar) -> datetime:
    last, _ = _counted(begun, limit, calendar)
    zone = ZoneInfo(calendar.time_zone)
    return datetime.combine(last, _END_OF_DAY, tzinfo=zone).astimezone(UTC)


def _counted(begun: date, limit: Limit, calendar: Calendar) -> tuple[date, derivation.Days]:
    """The last day, and the days that lead to it, each with why it is closed.

    Of working days all from the first, of calendar days the closed ones past which the end moves.
    """
    days: derivation.Days = []
    if limit.unit is Unit.WORKING_DAYS:
        following, left = _following(begun, limit), limit.amount
        while left:
            day = next(following)
            days.append((day, calendar.closed_by(day)))
            left -= days[-1][1] is None
        return days[-1][0], days
    last = begun + timedelta(days=limit.amount - limit.count_first_day)
    while _rolls_over(limit, calendar) and (reason := calendar.closed_by(last)) is not None:
        days.append((last, reason))
        last += timedelta(days=1)
    return last, days


def _rolls_over(limit: Limit, calendar: Calendar) -> bool:
    return calendar.roll_over if limit.roll_over is None else limit.roll_over


def _stood_days(limit: Limit, calendar: Calendar, stood: derivation.Standstills) -> Iterator[int]:
    """How many days each standstill adds."""
    zone, working = ZoneInfo(calendar.time_zone), limit.unit is Unit.WORKING_DAYS
    for since, until in stood:
        first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
        days = (first + timedelta(days=n) for n in range((last - first).days))
        yield sum(not working or calendar.closed_by(day) is None for day in days)


def _following(begun: date, limit: Limit) -> Iterator[date]:
    return (begun + timedelta(days=n) for n in count(0 if limit.count_first_day else 1))


# --- wording: what was counted, counted again and told -----------------------------------------


def _worded(due: Due) -> tuple[str, ...]:
    limit, calendar = due.limit, due.counted_by
    local = due.start.astimezone(ZoneInfo(calendar.time_zone))
    if limit.unit is Unit.HOURS:
        ends = due.moment.astimezone(local.tzinfo)
        return derivation.hours(local, ends, limit.amount, calendar, due.stood)
    working, added = limit.unit is Unit.WORKING_DAYS, tuple(_stood_days(limit, calendar, due.stood))
    longer = limit.longer(sum(added))
    last, days = _counted(local.date(), longer, calendar)
    return (
        derivation.begins(local, calendar, day_counted=limit.count_first_day),
        *(
            derivation.stood_days(since, until, more, calendar, working=working)
            for (since, until), more in zip(due.stood, added, strict=True)
        ),
        *(
            derivation.working_days(days, longer.amount, calendar)
            if working
            else derivation.calendar_days(
                days[0][0] if days else last, longer.amount, days, calendar
            )
        ),
        derivation.due_on(last, calendar),
        *_not_entered(last, longer, calendar),
    )


def _not_entered(last: date, limit: Limit, calendar: Calendar) -> tuple[str, ...]:
    asked = limit.unit is Unit.WORKING_DAYS or _rolls_over(limit, calendar)
    if not asked or calendar.always_open or last.year in calendar.covered:
        return ()
    return (derivation.not_entered(last.year, calendar),)
