"""Figures as a page says them: rows and cells, with what is small, hidden or wrong marked.

A number under the floor is ``c`` (never 0); one that stands in tens has a plus. Only who may open
the hand-offs behind a number has a link on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from protocols.country import said
from referral.figures import SMALL, Counts, Cut, Figure, Group, Kept, Measure, Times
from referral.figures.floor import STATES
from referral.queries import Wanted
from referral.web.figure_tables import Cell, Row, Section, Table, cells
from referral.web.wording import LANGUAGE, Law, length

HERE: Final = "/oversight/figures"
HIDDEN: Final = "c"
COUNTED: Final = {
    "asked": "Asked",
    "waiting": "Waiting",
    "working": "Being worked on",
    "declined": "Declined",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "returned": "Came back",
    "asked_again": "Asked again",
}
MEASURES: Final = {
    Measure.RECEIVED: "Requested to received",
    Measure.ACCEPTED: "Received to accepted",
    Measure.CONTACT: "Accepted to first contact with the person",
    Measure.COMPLETED: "First contact to completed",
}
CUTS: Final = {
    Cut.AGENCY: "Agency asked",
    Cut.JURISDICTION: "Place",
    Cut.TRACK: "Track",
    Cut.STEP: "Step",
    Cut.VERSION: "Version of the protocol",
    Cut.AGENCY_TRACK: "Agency and track",
}
_MARKED: Final = {
    "errors": "{} with times out of order, not in the times",
    "attested": "{} answered in another's name, not in the times; {unconfirmed} not confirmed",
    "no_contact": "{} completed without contact with the person",
    "imported": "{} imported, in no other number",
}
TIME_COLUMNS: Final = (
    "Median",
    "95 % interval",
    "Nine in ten within",
    "Done",
    "Still open",
    "Ended otherwise",
)
KEPT_COLUMNS: Final = (
    "Began",
    "Met",
    "Missed",
    "Running",
    "Share within limit",
    "Hand-offs that missed any",
)


def address(page: str, wanted: Wanted, **more: str) -> str:
    """A page of figures over the same months and group."""
    query = urlencode({**wanted.query, **more})
    return f"{HERE}{page}" + (f"?{query}" if query else "")


def number(count: int | None, *, about: bool = False) -> str:
    """A count; ``about``: it was rounded down to tens."""
    if count is None:
        return HIDDEN
    return f"{count}+" if about and count else str(count)


def hidden_in(told: Collection[Counts]) -> tuple[str, ...]:
    """Counts some of which are hidden: their totals stand in tens."""
    names = (one.name for one in fields(Counts))
    return tuple(name for name in names if any(getattr(one, name) is None for one in told))


def share(found: float | None) -> str:
    """A share as a whole percentage."""
    return "–" if found is None else f"{found:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


def seconds(found: float | None) -> str:
    """A time."""
    return length(None if found is None else timedelta(seconds=found))


@dataclass(frozen=True, slots=True)
class Teller:
    """Says figures to one person: ``whose`` is ``own``, ``unit`` or ``country``."""

    law: Law
    wanted: Wanted
    whose: str

    @property
    def floored(self) -> bool:
        """Whether numbers stand under the floor."""
        return self.whose == "country"

    def name(self, figure: Figure, cut: Cut) -> str:
        """What a group is called."""
        group = figure.group
        told = {
            Cut.AGENCY: (self.law.label(figure.name or "?"),),
            Cut.JURISDICTION: (group.jurisdiction or "?",),
            Cut.TRACK: (self.track(group.track),),
            Cut.STEP: (self.step(group), self.track(group.track)),
            Cut.VERSION: (self.track(group.track), group.version or "?"),
            Cut.AGENCY_TRACK: (self.law.label(figure.name or "?"), self.track(group.track)),
        }
        return ", ".join(told.get(cut, ("All together",)))

    def track(self, track: str | None) -> str:
        """A track in words, as it stands today."""
        try:
            found = self.law.catalogue.version_of(self.law.country.iso2, track or "")
        except LookupError:
            return track or "?"
        return said(found.title, LANGUAGE)

    def step(self, group: Group) -> str:
        """A step in words, with its code."""
        code = group.step or "?"
        try:
            found = self.law.catalogue.version_of(self.law.country.iso2, group.track or "")
        except LookupError:
            return code
        step = found.steps.get(code)
        return f"{said(step.title, LANGUAGE)} ({code})" if step else code

    def narrowed(self, found: Iterable[Figure] = ()) -> tuple[str, ...]:
        """What the figures were narrowed to; ``found``: may have the name of an agency."""
        group = self.wanted.group
        parts = [self.track(group.track)] if group.track else []
        parts += [self.step(group)] if group.step else []
        parts += [one for one in (group.jurisdiction, group.version) if one]
        if group.agency_id:
            parts.append(next((one.name for one in found if one.name), None) or "one agency")
        return (f"Only: {', '.join(parts)}.",) if parts else ()

    def counts(self, figure: Figure, name: str, rounded: Collection[str] = ()) -> Row:
        """How many, by what stands of them; ``rounded``: numbers that add up hidden ones."""
        told = figure.counts
        hides = any(getattr(told, one) is None for one in STATES)
        row = []
        for field in COUNTED:
            count = getattr(told, field)
            about = self.floored and (field in rounded or (field == "asked" and hides))
            row.append(Cell(number(count, about=about), self.behind(figure.group, field, count)))
        return Row(name, tuple(row), self.marks(figure, rounded), self.narrower(figure.group))

    def marks(self, figure: Figure, rounded: Collection[str] = ()) -> tuple[str, ...]:
        """What has to be said beside a group; ``rounded``: as with its counts."""
        told = {
            name: number(getattr(figure.counts, name), about=self.floored and name in rounded)
            for name in (*_MARKED, "unconfirmed")
        }
        found = [
            words.format(told[name], **told)
            for name, words in _MARKED.items()
            if getattr(figure.counts, name)
        ]
        return (*found, "Too few to be shown") if figure.hidden else tuple(found)

    def behind(self, group: Group, what: str, count: int | None) -> str | None:
        """Where the hand-offs behind a number are, if she may open them."""
        if self.floored or not count:
            return None
        return address("/behind", self.wanted.narrowed(_narrower(self.wanted, group)), what=what)

    def narrower(self, group: Group) -> str | None:
        """The same months of this group alone."""
        narrowed = self.wanted.narrowed(_narrower(self.wanted, group))
        return None if narrowed == self.wanted else address("/groups", narrowed, cut="step")

    def times(self, figure: Figure, measure: Measure, name: str) -> Row:
        """One measure of a group; its name leads to the curve."""
        told = figure.times.get(measure, Times())
        reached = told.low is not None or told.high is not None
        interval = f"{seconds(told.low)} to {seconds(told.high)}" if reached else "–"
        words = [seconds(told.median), interval, seconds(told.ninth)]
        words += [number(one, about=self.floored) for one in (told.finished, told.open, told.ended)]
        marks = [*few_done(told)]
        marks += [f"{told.errors} negative times: data errors"] if told.errors else []
        narrowed = self.wanted.narrowed(_narrower(self.wanted, figure.group))
        curve = address("/curve", narrowed, measure=measure.value)
        return Row(name, cells(words), tuple(marks), curve)

    def kept(self, figure: Figure, kept: Kept, name: str) -> Row:
        """How limits of one ground were kept; a hand-off has several, so its list stands apart."""
        told = (kept.begun, kept.met, kept.missed, kept.running)
        words = [*(number(one, about=self.floored) for one in told), share(kept.share)]
        behind = self.behind(figure.group, "missed", kept.missed)
        last = Cell("list" if behind else "–", behind)
        few = 0 < (kept.met or 0) + (kept.missed or 0) < SMALL
        if self.floored:  # where these numbers are rounded, the share itself says it
            few = few and kept.share is None
        marks = (f"fewer than {SMALL} decided: small group",) if few else ()
        return Row(name, (*cells(words), last), marks)


def few_done(told: Times) -> tuple[str, ...]:
    """The mark beside a time that rests on few."""
    return (f"fewer than {SMALL} done: small group",) if told.small and told.finished else ()


def measured(
    teller: Teller, measure: Measure, named: Sequence[tuple[str, Figure]], first: str
) -> Section:
    """One measure of all groups."""
    rows = tuple(teller.times(figure, measure, name) for name, figure in named)
    title = MEASURES[measure]
    return Section(title, Table(title, first, TIME_COLUMNS, rows))


def _narrower(wanted: Wanted, group: Group) -> Group:
    """What the page was narrowed to already, and what tells this group apart."""
    told = {one.name: getattr(group, one.name) for one in fields(group)}
    return replace(wanted.group, **{name: value for name, value in told.items() if value})
