"""Why a limit ends when it does, line by line, in the words of ``working_time.yaml``.

The lines are stored with the clock and shown to whoever asks "why this moment?". Days come in
counted; nothing is counted here, and what the limit is for is never known.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from protocols.buddhist_era import Era, buddhist_year
from protocols.calendars import Calendar
from protocols.document import plain_file

if TYPE_CHECKING:
    from collections.abc import Iterator


_WORDS: dict[str, dict[str, Any]] = plain_file(Path(__file__).with_name("working_time.yaml"))
LANGUAGES = tuple(_WORDS)
_REMEMBERED = 4096  # days in words; a day's filings share a handful
Days: TypeAlias = "list[tuple[date, str | None]]"
"""Days in order, each with why it is closed: a name, empty for a weekend, None when it is open."""
Standstills: TypeAlias = tuple[tuple[datetime, datetime], ...]
"""From when until when a limit stood still, in order."""


def begins(local: datetime, calendar: Calendar, *, day_counted: bool) -> str:
    """From when on days are counted."""
    counted = "begins_day_counted" if day_counted else "begins_day_not_counted"
    return _moment(counted, local, calendar)


def hours(
    local: datetime, moment: datetime, amount: int, calendar: Calendar, stood: Standstills = ()
) -> tuple[str, ...]:
    """From when to when hours elapse (both in the calendar's zone), and whether clocks change."""
    changed = local.utcoffset() != moment.utcoffset()
    return (
        _moment("begins", local, calendar),
        _say(calendar, "hours", amount=amount),
        *(_stood("stood_hours", since, until, calendar) for since, until in stood),
        *((_say(calendar, "clocks_change"),) if changed else ()),
        _moment("due_at", moment, calendar),
    )


def stood_days(
    since: datetime, until: datetime, added: int, calendar: Calendar, *, working: bool
) -> str:
    """From when until when it stood still, and how many days that adds."""
    phrase = "stood_working_days" if working else "stood_days"
    return _stood(phrase, since, until, calendar, amount=added)


def extended(count: int, most: int, calendar: Calendar) -> str:
    """That the limit was extended: the following lines count the longer one."""
    return _say(calendar, "extended", count=count, most=most)


def day_in_words(day: date, language: str, era: Era) -> str:
    """A day as letters write it; in English where a language has no words for days here."""
    return _dated(day, language if language in _WORDS else "en", era)


def not_entered(year: int, calendar: Calendar) -> str:
    """That the holidays of this year are not known: the limit ends no earlier, perhaps later."""
    return _say(calendar, "not_entered", year=_year(year, calendar.language, calendar.era))


def calendar_days(last: date, amount: int, passed: Days, calendar: Calendar) -> Iterator[str]:
    """So many calendar days end on this day; past which closed days the end moves from there."""
    yield _say(calendar, "calendar_days", amount=amount, date=_date(last, calendar))
    for reason, days in _runs(passed):
        why, written = _why(reason, calendar), _span(days, calendar)
        yield _say(calendar, "moved_on", days=written, reason=why)


def due_on(last: date, calendar: Calendar) -> str:
    """The last day, and its last moment."""
    written = _date(last, calendar)
    return _say(calendar, "due_on", date=written, zone=calendar.time_zone)


def working_days(days: Days, amount: int, calendar: Calendar) -> Iterator[str]:
    """One line per run of days that are alike: working, weekend, the same holiday or recess."""
    counted = 0
    for reason, run in _runs(days):
        written = _span(run, calendar)
        if reason is not None:
            yield _say(calendar, "closed", days=written, reason=_why(reason, calendar))
            continue
        first, counted = counted + 1, counted + len(run)
        phrase = "working_day" if first == counted else "working_days"
        yield _say(calendar, phrase, days=written, first=first, last=counted, amount=amount)


def _runs(days: Days) -> Iterator[tuple[str | None, list[date]]]:
    for reason, run in groupby(days, key=lambda entry: entry[1]):
        yield reason, [day for day, _ in run]


def _say(calendar: Calendar, phrase: str, **places: object) -> str:
    return str(_WORDS[calendar.language][phrase].format(**places))


def _date(day: date, calendar: Calendar) -> str:
    return _dated(day, calendar.language, calendar.era)


def _year(year: int, language: str, era: Era) -> str:
    if era is Era.BUDDHIST:
        words = _WORDS[language]["buddhist_year"]
        return str(words.format(buddhist=buddhist_year(year), common=year))
    return str(year)


@lru_cache(_REMEMBERED)
def _dated(day: date, language: str, era: Era) -> str:
    words = _WORDS[language]
    return str(
        words["date"].format(
            weekday=words["weekdays"][day.weekday()],
            day=day.day,
            month=words["months"][day.month - 1],
            year=_year(day.year, language, era),
        )
    )


def _moment(phrase: str, local: datetime, calendar: Calendar) -> str:
    written = _date(local.date(), calendar)
    clock = f"{local:%H:%M}"
    return _say(calendar, phrase, date=written, time=clock, zone=calendar.time_zone)


def _stood(
    phrase: str, since: datetime, until: datetime, calendar: Calendar, **places: object
) -> str:
    zone = ZoneInfo(calendar.time_zone)
    ends = (moment.astimezone(zone) for moment in (since, until))
    said = (f"{_date(local.date(), calendar)} {local:%H:%M}" for local in ends)
    return _say(calendar, phrase, since=next(said), until=next(said), **places)


def _why(reason: str | None, calendar: Calendar) -> str:
    return reason or str(_WORDS[calendar.language]["weekend"])


def _span(run: list[date], calendar: Calendar) -> str:
    ends = (run[0], run[-1])[: len(run)]
    return " – ".join(_date(day, calendar) for day in ends)
