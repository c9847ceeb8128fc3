"""What is measured, over which months, and by what hand-offs are grouped. It knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Self
from uuid import UUID
from zoneinfo import ZoneInfo

MOST_MONTHS: Final = 120


class Measure(StrEnum):
    """How long from one act to the next, over one hand-off; named by the later one."""

    RECEIVED = "received"  # since it was requested
    ACCEPTED = "accepted"  # since it was received
    CONTACT = "contact"  # first contact with the person, since it was accepted
    COMPLETED = "completed"  # since that contact


class Cut(StrEnum):
    """By what hand-offs are grouped. A topic is the track it is worked under."""

    ALL = "all"
    AGENCY = "agency"  # the receiving one
    JURISDICTION = "jurisdiction"
    TRACK = "track"
    STEP = "step"
    VERSION = "version"
    AGENCY_TRACK = "agency_track"


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Which hand-offs: those that have every value given here; None: whatever it is.

    Steps and versions are of a track: ``Cut.STEP`` and ``Cut.VERSION`` fill ``track`` as well.
    """

    agency_id: UUID | None = None
    jurisdiction: str | None = None
    track: str | None = None
    step: str | None = None
    version: str | None = None

    def has(self, other: Group) -> bool:
        """Whether everything that ``other`` says of itself is what this asks for."""
        return all(
            getattr(self, one.name) in (None, getattr(other, one.name)) for one in fields(self)
        )

    def on(self, cut: Cut) -> Group:
        """Only what this cut tells apart."""
        return Group(**{name: getattr(self, name) for name in TOLD_APART[cut]})


EVERYTHING: Final = Group()
TOLD_APART: Final = {
    Cut.ALL: (),
    Cut.AGENCY: ("agency_id",),
    Cut.JURISDICTION: ("jurisdiction",),
    Cut.TRACK: ("track",),
    Cut.STEP: ("track", "step"),
    Cut.VERSION: ("track", "version"),
    Cut.AGENCY_TRACK: ("agency_id", "track"),
}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Whole months of the country's calendar: from the first of one until the first of another."""

    begins: date
    ends: date  # not itself part of it

    @classmethod
    def month(cls, first: date) -> Self:
        """One month."""
        return cls(first, months_on(first, 1))

    @classmethod
    def until(cls, month: date, months: int) -> Self:
        """So many months, the last of which is ``month``."""
        ends = months_on(month, 1)
        return cls(months_on(ends, -months), ends)

    @property
    def months(self) -> tuple[date, ...]:
        """The first of each, in order."""
        return tuple(_firsts(self.begins, self.ends))

    @property
    def wrong(self) -> str | None:
        """What is wrong with it, in words; None: nothing."""
        if self.begins.day != 1 or self.ends.day != 1:
            return "a period begins and ends with the first of a month"
        if self.begins >= self.ends:
            return "a period ends after it begins"
        if self.begins.year < 1990:  # noqa: PLR2004 - earlier than any record there is
            return "no record is as old as that"
        if months_on(self.begins, MOST_MONTHS) < self.ends:
            return f"a period has at most {MOST_MONTHS} months"
        return None

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From when until before when, in a zone."""
        return (_midnight(self.begins, zone), _midnight(self.ends, zone))


def months_on(first: date, months: int) -> date:
    """The first of the month so many months later (earlier, if negative)."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def month_of(moment: datetime, zone: ZoneInfo) -> date:
    """The first of the month a moment lies in."""
    return moment.astimezone(zone).date().replace(day=1)


def _firsts(begins: date, ends: date) -> Iterator[date]:
    while begins < ends:
        yield begins
        begins = months_on(begins, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
