"""Which days of the declared years a calendar closes, from its description in ``calendars.yaml``.

Holidays come from the ``holidays`` package; the country's file adds, removes and closes. Weekends
are the calendar's own; what is counted on it is never known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, TypeAlias

import holidays

Description: TypeAlias = Mapping[str, Any]  # one calendar as read from YAML: words, lists, dates


def closed_days(
    name: str,
    description: Description,
    *,
    covered: range,
    language: str,
    subdivision: str | None,
    place: str = "",
) -> dict[date, str]:
    """Each closed day of the declared years and why it is closed, for one place.

    Raises ValueError with a sentence for whoever wrote the file.
    """
    closed = _published(description.get("holidays"), covered, language, subdivision)
    closed |= dict(_yearly(description.get("every_year", {}), covered))
    closed |= {_day(day): str(why) for day, why in description.get("added", {}).items()}
    for day in map(_day, description.get("removed", ())):
        if day not in closed:
            message = f"the calendar '{name}' removes {day}, which is no holiday: correct the date"
            raise ValueError(message)
        del closed[day]
    for closure in description.get("closures", ()):
        if holds_at(closure, place):
            closed |= dict.fromkeys(_span(closure, covered), str(closure["name"]))
    return closed


def holds_at(closure: Mapping[str, Any], place: str) -> bool:
    """Whether a closure holds there: everywhere if it names no places, else in and below them.

    A place below another begins with its code: a closure in PY-7 closes PY-7-ENCARNACION too.
    """
    named = closure.get("places")
    return named is None or any(f"{place}-".startswith(f"{one}-") for one in named)


def _published(
    days: Mapping[str, Any] | None, covered: range, language: str, subdivision: str | None
) -> dict[date, str]:
    """What the package knows of the declared years, with names in the country's language."""
    if not days:
        return {}
    spoken = holidays.country_holidays(days["country"]).supported_languages
    found = holidays.country_holidays(
        days["country"],
        subdiv=subdivision,
        years=covered,
        categories=tuple(days.get("categories", ("public",))),
        # The package says "en_US" for our "en"; without ours it uses its default language.
        language=next((name for name in spoken if name.startswith(language)), None),
    )
    return dict(found.items())


def _yearly(days: Mapping[str, str], covered: range) -> Iterator[tuple[date, str]]:
    for written, name in days.items():
        for year in covered:
            yield _in_year(year, written), str(name)


def _span(closure: Mapping[str, Any], covered: range) -> Iterator[date]:
    """The days of a closure, every year or once; both ends belong to it."""
    if "every_year" not in closure:
        yield from _days(_day(closure["from"]), _day(closure["to"]))
        return
    ends = closure["every_year"]
    # A recess over New Year begins in the year before.
    for year in range(covered.start - 1, covered.stop):
        first = _in_year(year, ends["from"])
        last = _in_year(year, ends["to"])
        yield from _days(first, last if last >= first else _in_year(year + 1, ends["to"]))


def _days(first: date, last: date) -> Iterator[date]:
    if last < first:
        message = f"a closure from {first} to {last} ends before it begins: exchange the two"
        raise ValueError(message)
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _day(written: str | date) -> date:
    return written if isinstance(written, date) else date.fromisoformat(written)


def _in_year(year: int, written: str) -> date:
    month, _, day = written.partition("-")
    return date(year, int(month), int(day))
