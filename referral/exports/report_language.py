"""Words, numbers, days and lengths of time of the monthly report in a country's own language.

A number under the floor is ``c`` (never 0); one that stands in tens has a plus; what is not reached
is a dash. Years are said in the era the country counts by, with the common one beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from protocols.buddhist_era import Era, buddhist_year
from protocols.catalogue import Catalogue
from protocols.country import said
from protocols.protocol import Protocol
from referral.figures import Group

TEXTS: Final = Path(__file__).with_name("monthly_report.yaml")
HIDDEN: Final = "c"
NONE: Final = "–"
_ELSE: Final = "en"
_MINUTE: Final = 60


@cache
def texts() -> Mapping[str, Mapping[str, Any]]:
    """Every language there is."""
    told: Mapping[str, Mapping[str, Any]] = yaml.safe_load(TEXTS.read_text("utf-8"))
    return told


class Tongue:
    """Says things to one country."""

    def __init__(self, catalogue: Catalogue, country: str) -> None:
        """Raises LookupError for a country that is not there."""
        self.catalogue = catalogue
        self.country = catalogue.country(country)
        own = (one for one in self.country.languages if one in texts())
        self.language = next(own, _ELSE)
        self.texts = texts()[self.language]
        self.locale = locale_of(self.language, self.country.iso2)
        self.zone = ZoneInfo(self.country.time_zone)

    def say(self, part: str, name: str, **values: str) -> str:
        """One text of one part, with what is put in."""
        told: str = self.texts[part][name]
        return told.format(**values)

    def number(self, count: int | None, *, about: bool = False) -> str:
        """A count; ``about``: it was rounded down to tens."""
        if count is None:
            return HIDDEN
        told: str = format_decimal(count, locale=self.locale)
        return f"{told}+" if about and count else told

    def share(self, found: float | None) -> str:
        """A share as a whole percentage."""
        return NONE if found is None else f"{self.number(round(found * 100))}\N{NO-BREAK SPACE}%"

    def span(self, seconds: float | None) -> str:
        """A length of time in its two largest units; nothing shorter than a minute."""
        if seconds is None:
            return NONE
        minutes = round(seconds / _MINUTE)
        days, rest = divmod(minutes, 24 * 60)
        hours, minutes = divmod(rest, 60)
        told = [(days, "day"), (hours, "hour"), (0 if days else minutes, "minute")]
        kept = [one for one in told if one[0]] or told[-1:]
        words = [part for n, unit in kept for part in (str(n), self.say("units", unit))]
        return "\N{NO-BREAK SPACE}".join(words)

    def between(self, low: str, high: str) -> str:
        """An interval."""
        return self.say_one("range", low=low, high=high)

    def say_one(self, name: str, **values: str) -> str:
        """A text that stands in no part."""
        told: str = self.texts[name]
        return told.format(**values)

    def year(self, year: int) -> str:
        """A year in the country's era, with the common one beside it."""
        named = {"common": str(year), "buddhist": str(buddhist_year(year))}
        return self.say("dates", self.country.calendar_era.value, **named)

    def month(self, first: date) -> str:
        """A month with its year."""
        name = format_date(first, "LLLL", locale=self.locale)
        return self.say("dates", "month", month=name, year=self.year(first.year))

    def short_month(self, first: date) -> tuple[str, str]:
        """A month and its year as there is room for under a bar."""
        own = first.year
        if self.country.calendar_era is Era.BUDDHIST:
            own = buddhist_year(own)
        return format_date(first, "LLL", locale=self.locale), str(own)

    def day(self, at: date) -> str:
        """A day."""
        month = format_date(at, "MMMM", locale=self.locale)
        return self.say("dates", "day", day=str(at.day), month=month, year=self.year(at.year))

    def moment(self, at: datetime | None) -> str:
        """A moment in the country's zone, which is always said."""
        if at is None:
            return NONE
        local = at.astimezone(self.zone)
        day, zone = self.day(local.date()), _offset(local)
        return self.say("dates", "moment", day=day, time=f"{local:%H:%M}", zone=zone)

    def track(self, track: str | None) -> str:
        """A track in words, as it stands today."""
        law = self.law(track)
        return said(law.title, self.language) if law else track or "?"

    def step(self, group: Group) -> str:
        """A step in words, with its code."""
        code, law = group.step or "?", self.law(group.track)
        found = law.steps.get(code) if law else None
        return f"{said(found.title, self.language)} ({code})" if found else code

    def law(self, track: str | None, version: str | None = None) -> Protocol | None:
        """One version of a track, by default the latest in force; None: it is not here."""
        try:
            return self.catalogue.version_of(self.country.iso2, track or "", version)
        except LookupError:
            return None

    def body(self, mandate: str | None) -> str:
        """An agency's name, or in words the mandate a confidential one stands as."""
        return self.country.label(mandate or "?", self.language)


def locale_of(language: str, country: str) -> Locale:
    """A language as a country writes it, or as it is written anywhere."""
    try:
        return Locale.parse(f"{language}_{country}")
    except UnknownLocaleError:
        return Locale(language)


def _offset(local: datetime) -> str:
    """How far from UTC: ``UTC−3``, ``UTC+5:30``."""
    ahead = local.utcoffset() or timedelta()
    hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
    sign = "\N{MINUS SIGN}" if ahead < timedelta() else "+"
    told = f"{sign}{hours}" if ahead else ""
    return f"UTC{told}:{minutes:02}" if minutes else f"UTC{told}"
