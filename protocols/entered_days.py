"""Days that a running service was told of after its files were written: by decree, with a source.

A day entered later counts over one entered earlier and over the country's file. Where they are kept
and who entered them is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class EnteredDay:
    """One day of one calendar: ``closed`` by a decree, or open although the file closes it.

    ``place``: only there and below (ISO 3166-2 or longer), empty for the whole country.
    """

    calendar: str
    place: str
    day: date
    closed: bool
    name: str


def holding_at(days: Iterable[EnteredDay], calendar: str, place: str) -> tuple[EnteredDay, ...]:
    """Those of a calendar that hold at a place, in the order in which they were entered."""
    return tuple(
        one
        for one in days
        if one.calendar == calendar and (not one.place or f"{place}-".startswith(f"{one.place}-"))
    )


def altered_by(days: Iterable[EnteredDay], closed: Mapping[date, str]) -> dict[date, str]:
    """The closed days with these closed and opened, in order."""
    found = dict(closed)
    for one in days:
        if one.closed:
            found[one.day] = one.name
        else:
            found.pop(one.day, None)
    return found
