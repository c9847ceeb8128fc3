"""On which days an office works: one calendar per kind of mandate and area, never per country.

1. A calendar knows the days of declared years and refuses all others: the decree that sets next
   year's movable holidays may not be out yet, and a guessed holiday is a guessed deadline.
2. Which days are closed is read by ``closed_days``; here they are kept and asked.
3. This file must not know what is counted on a calendar, nor which countries there are.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from importlib.metadata import version as version_of
from types import MappingProxyType
from typing import Any

import holidays

from protocols.buddhist_era import Era
from protocols.closed_days import Description, closed_days, holds_at
from protocols.entered_days import EnteredDay, altered_by, holding_at
from protocols.remembered import Remembered

_WEEK = 7
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DESCRIPTION_KEYS = frozenset(
    {
        *("names", "serves", "weekend", "holidays", "every_year", "closures"),
        *("added", "removed", "roll_over", "time_zone"),
    }
)
"""Keys one calendar of ``calendars.yaml`` may have."""


class CalendarNotCovered(Exception):
    """A day outside the declared years was asked for; nothing was guessed."""

    def __init__(self, calendar: Calendar, day: date) -> None:
        """Name the calendar, its years and the day."""
        self.calendar, self.day = calendar, day
        years = calendar.covered
        super().__init__(
            f"The calendar '{calendar.name}' covers {years.start} to {years.stop - 1} and was asked"
            f" about {day}: its holidays are not known, so a working-day limit cannot be computed."
            " Check that year's holidays and closures, then extend 'covered' in calendars.yaml."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Which days are closed, and by what name. ``version`` names the file's and the package's.

    ``weekend`` holds weekday numbers (Monday is 0); ``closed`` maps a day to why it is closed;
    ``roll_over``: a limit in calendar days that ends on a closed day ends on the next open one.
    Compared by identity: two calendars are the same when their version says so.
    """

    name: str
    version: str
    time_zone: str  # IANA name
    covered: range  # years
    weekend: frozenset[int] = frozenset({5, 6})
    closed: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))
    language: str = "en"
    roll_over: bool = False
    era: Era = Era.COMMON  # by which its days are shown; kept they are in the common one
    goes_on: bool = False  # beyond the covered years by the week alone, which is then said
    remembered: Remembered[Hashable, datetime] = field(
        init=False, default_factory=Remembered, repr=False
    )  # ends of what was counted on it

    @property
    def always_open(self) -> bool:
        """Nothing is ever closed: no year needs to be known."""
        return not self.weekend and not self.closed

    def is_weekend(self, day: date) -> bool:
        """Whether the week itself closes this day."""
        return day.weekday() in self.weekend

    def closed_by(self, day: date) -> str | None:
        """Name of the holiday or closure of this day; empty for a weekend; None when open.

        Raises CalendarNotCovered for a day outside the declared years, unless it goes on.
        """
        if self.always_open:
            return None
        counts_on = self.goes_on and len(self.weekend) < _WEEK
        if day.year not in self.covered and not counts_on:
            raise CalendarNotCovered(self, day)
        return self.closed.get(day, "" if self.is_weekend(day) else None)


def build_calendar(
    name: str,
    description: Description,
    *,
    version: str,
    time_zone: str,
    covered: range,
    language: str = "en",
    subdivision: str | None = None,
    place: str = "",
    era: Era = Era.COMMON,
) -> Calendar:
    """One calendar of ``calendars.yaml``, for one subdivision ("X" of AR-X) if it has own days.

    ``place``: a place (ISO 3166-2, or below) for which a closure was ordered, "" for all others.

    Raises ValueError with a sentence for whoever wrote the file.
    """
    if unknown := set(description) - DESCRIPTION_KEYS:
        message = (
            f"the calendar '{name}' has the unknown key {_listed(unknown)};"
            f" the keys are {_listed(DESCRIPTION_KEYS)}"
        )
        raise ValueError(message)
    closed = closed_days(
        name,
        description,
        covered=covered,
        language=language,
        subdivision=subdivision,
        place=place,
    )
    area = place or subdivision
    return Calendar(
        name=f"{name} ({area})" if area else name,
        version=f"{version}, holidays {version_of('holidays')}",
        time_zone=str(description.get("time_zone", time_zone)),
        covered=covered,
        weekend=frozenset(map(_weekday, description.get("weekend", ("saturday", "sunday")))),
        closed=MappingProxyType(closed),
        language=language,
        roll_over=bool(description.get("roll_over", False)),
        era=era,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Calendars:
    """All calendars of one country, built when first asked for."""

    descriptions: Mapping[str, Description]
    version: str
    time_zone: str
    covered: range
    language: str
    default: str
    era: Era = Era.COMMON
    goes_on: bool = False
    entered: tuple[EnteredDay, ...] = ()  # in a running service, after the files were written
    _served: Remembered[tuple[str, str], Calendar] = field(
        init=False, default_factory=Remembered, repr=False
    )
    _built: Remembered[tuple[str, str | None, str], Calendar] = field(
        init=False, default_factory=Remembered, repr=False
    )

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], time_zone: str, era: Era = Era.COMMON
    ) -> Calendars:
        """The whole of ``calendars.yaml``, every calendar built once so that faults show now.

        Raises ValueError with a sentence for whoever wrote the file.
        """
        years = mapping["covered"]
        calendars = cls(
            descriptions=mapping["calendars"],
            version=str(mapping["version"]),
            time_zone=time_zone,
            covered=range(years["from"], years["to"] + 1),
            language=mapping["language"],
            default=mapping["default"],
            era=era,
        )
        if calendars.default not in calendars.descriptions:
            names = _listed(calendars.descriptions)
            message = f"the default calendar '{calendars.default}' does not exist: use {names}"
            raise ValueError(message)
        for name in calendars.descriptions:
            calendars.named(name)
        return calendars

    def of(self, mandate: str, place: str) -> Calendar:
        """The calendar a mandate works by at a place (ISO 3166-2, or the country's code)."""
        found = self._served.get((mandate, place))
        return found or self._served.keep((mandate, place), self._serving(mandate, place))

    def _serving(self, mandate: str, place: str) -> Calendar:
        serving = (
            name
            for name, description in self.descriptions.items()
            if mandate in description.get("serves", ())
        )
        return self.named(next(serving, self.default), place)

    def named(self, name: str, place: str = "") -> Calendar:
        """The calendar of this name; areas without days of their own share one."""
        description = self.descriptions[name]
        days = description.get("holidays") or {}
        subdivision = place.split("-")[1] if days.get("subdivisions") and "-" in place else ""
        known = holidays.country_holidays(days["country"]).subdivisions if subdivision else ()
        ordered = (one for one in description.get("closures", ()) if "places" in one)
        here = holding_at(self.entered, name, place)
        local = any(holds_at(one, place) for one in ordered) or any(one.place for one in here)
        own = place if local else ""
        key = (name, subdivision if subdivision in known else None, own)
        return self._built.get(key) or self._built.keep(key, self._build(*key))

    def _build(self, name: str, subdivision: str | None, place: str) -> Calendar:
        built = build_calendar(
            name,
            self.descriptions[name],
            version=self.version,
            time_zone=self.time_zone,
            covered=self.covered,
            language=self.language,
            subdivision=subdivision,
            place=place,
            era=self.era,
        )
        built = replace(built, goes_on=self.goes_on)
        here = holding_at(self.entered, name, place)
        if not here:
            return built
        closed = MappingProxyType(altered_by(here, built.closed))
        # The number stands for those before it too: days are only ever added to the list.
        version = f"{built.version}, {len(self.entered)} entered"
        return replace(built, closed=closed, version=version)


def _weekday(name: str) -> int:
    if name not in WEEKDAYS:
        message = f"'{name}' is no day of the week: use {_listed(WEEKDAYS)}"
        raise ValueError(message)
    return WEEKDAYS.index(name)


def _listed(words: Sequence[str] | frozenset[str] | set[str] | Mapping[str, object]) -> str:
    return ", ".join(sorted(words))
