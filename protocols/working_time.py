"""When a limit ends, and why: the only place where law's days become a moment.

1. Three units (protocol language 2): ``h`` hours that elapse, nights and holidays included; ``cd``
   calendar days; ``wd`` working days of the calendar. Emergencies run in hours, never in days.
2. A limit in days ends with the last day, at 23:59:59 in the calendar's time zone. The day on
   which it begins is not counted unless the law says so.
3. Every answer carries its derivation, line by line, in the words of ``working_time.yaml``: it is
   stored with the clock and shown to whoever asks "why this moment?".
4. This file must not know what time it is, which country it is in, or what the limit is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import count, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from protocols.calendars import Calendar, CalendarNotCovered, Calendars, build_calendar
from protocols.document import plain_file

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

_WORDS: dict[str, dict[str, Any]] = plain_file(Path(__file__).with_suffix(".yaml"))
LANGUAGES = tuple(_WORDS)
_END_OF_DAY = time(23, 59, 59, fold=1)  # fold: a repeated hour belongs to the day it repeats
_REMEMBERED = 4096  # (day, limit, calendar) countings kept; a day's filings share a handful


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


def due_at(start: datetime, limit: Limit, calendar: Calendar) -> Due:
    """When a limit that begins at ``start`` ends.

    Raises ValueError for a start without time zone, CalendarNotCovered for unknown years.
    """
    if start.tzinfo is None:
        message = f"the start {start} has no time zone: nobody can say which moment it is"
        raise ValueError(message)
    start = start.astimezone(UTC)
    local = start.astimezone(ZoneInfo(calendar.time_zone))
    if limit.unit is Unit.HOURS:
        moment = start + timedelta(hours=limit.amount)
        lines = _hours(local, moment.astimezone(local.tzinfo), limit, calendar)
    else:
        counting = _working_days if limit.unit is Unit.WORKING_DAYS else _calendar_days
        last, counted = counting(local.date(), limit, calendar)
        end = datetime.combine(last, _END_OF_DAY, tzinfo=local.tzinfo).astimezone(UTC)
        # The last second of a day that is itself counted may already be running.
        moment = max(end, start)
        lines = (_begins(local, limit, calendar), *counted)
    return Due(moment, lines, f"{calendar.name} {calendar.version}")


def share_of(start: datetime, due: datetime, share: float) -> datetime:
    """The moment when this share of the limit has elapsed; 1.5 is half a limit after the end."""
    return start + (due - start) * share


# --- counting: each gives the last day and the lines that lead to it ---------------------------


@lru_cache(_REMEMBERED)
def _working_days(begun: date, limit: Limit, calendar: Calendar) -> tuple[date, tuple[str, ...]]:
    days: list[tuple[date, str | None]] = []
    following, left = _following(begun, limit), limit.amount
    while left:
        day = next(following)
        days.append((day, calendar.closed_by(day)))
        left -= days[-1][1] is None
    last = days[-1][0]
    return last, (*_counted(days, limit, calendar), _due_on(last, calendar))


@lru_cache(_REMEMBERED)
def _calendar_days(begun: date, limit: Limit, calendar: Calendar) -> tuple[date, tuple[str, ...]]:
    last = begun + timedelta(days=limit.amount - limit.count_first_day)
    written = _date(last, calendar.language)
    lines = [_say(calendar, "calendar_days", amount=limit.amount, date=written)]
    roll_over = calendar.roll_over if limit.roll_over is None else limit.roll_over
    passed: list[tuple[date, str | None]] = []
    while roll_over and (reason := calendar.closed_by(last)) is not None:
        passed.append((last, reason))
        last += timedelta(days=1)
    for reason, days in _runs(passed):
        why, written = _why(reason, calendar), _span(days, calendar)
        lines.append(_say(calendar, "moved_on", days=written, reason=why))
    return last, (*lines, _due_on(last, calendar))


def _following(begun: date, limit: Limit) -> Iterator[date]:
    return (begun + timedelta(days=n) for n in count(0 if limit.count_first_day else 1))


# --- wording -----------------------------------------------------------------------------------


def _say(calendar: Calendar, phrase: str, **places: object) -> str:
    return str(_WORDS[calendar.language][phrase].format(**places))


@lru_cache(_REMEMBERED)
def _date(day: date, language: str) -> str:
    words = _WORDS[language]
    return str(
        words["date"].format(
            weekday=words["weekdays"][day.weekday()],
            day=day.day,
            month=words["months"][day.month - 1],
            year=day.year,
        )
    )


def _moment(phrase: str, local: datetime, calendar: Calendar) -> str:
    written = _date(local.date(), calendar.language)
    clock = f"{local:%H:%M}"
    return _say(calendar, phrase, date=written, time=clock, zone=calendar.time_zone)


def _begins(local: datetime, limit: Limit, calendar: Calendar) -> str:
    counted = "begins_day_counted" if limit.count_first_day else "begins_day_not_counted"
    return _moment(counted, local, calendar)


def _hours(local: datetime, moment: datetime, limit: Limit, calendar: Calendar) -> tuple[str, ...]:
    changed = local.utcoffset() != moment.utcoffset()
    return (
        _moment("begins", local, calendar),
        _say(calendar, "hours", amount=limit.amount),
        *((_say(calendar, "clocks_change"),) if changed else ()),
        _moment("due_at", moment, calendar),
    )


def _due_on(last: date, calendar: Calendar) -> str:
    written = _date(last, calendar.language)
    return _say(calendar, "due_on", date=written, zone=calendar.time_zone)


def _counted(
    days: list[tuple[date, str | None]], limit: Limit, calendar: Calendar
) -> Iterator[str]:
    """One line per run of days that are alike: working, weekend, the same holiday or recess."""
    counted = 0
    for reason, run in _runs(days):
        written = _span(run, calendar)
        if reason is not None:
            yield _say(calendar, "closed", days=written, reason=_why(reason, calendar))
            continue
        first, counted = counted + 1, counted + len(run)
        phrase = "working_day" if first == counted else "working_days"
        yield _say(calendar, phrase, days=written, first=first, last=counted, amount=limit.amount)


def _runs(days: list[tuple[date, str | None]]) -> Iterator[tuple[str | None, list[date]]]:
    for reason, run in groupby(days, key=lambda entry: entry[1]):
        yield reason, [day for day, _ in run]


def _why(reason: str | None, calendar: Calendar) -> str:
    return reason or str(_WORDS[calendar.language]["weekend"])


def _span(run: list[date], calendar: Calendar) -> str:
    ends = (run[0], run[-1])[: len(run)]
    return " – ".join(_date(day, calendar.language) for day in ends)
