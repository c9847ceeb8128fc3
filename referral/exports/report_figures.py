"""Figures of the monthly report as sheets: counts, times, limits kept, by stage, month and agency.

Numbers are laid out as they were answered: never added up here, and agencies stand beside each
other without proposed targets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Final

from referral.exports.report_language import NONE, Tongue
from referral.exports.report_sheets import Line, Part, Sheet, bars, falling
from referral.figures import (
    SMALL,
    Curve,
    CurvePoint,
    Figure,
    Figures,
    Funnel,
    FunnelPoint,
    Kept,
    Measure,
    Times,
)
from referral.figures.floor import STATES
from referral.queries import Overview

COUNTS: Final = ("asked", *STATES)
_TIMES: Final = ("median", "interval", "ninth", "done", "open", "ended")
_KEPT: Final = ("begun", "met", "missed", "running", "share")
_HOUR: Final = 3600
_AFTER: Final = tuple(_HOUR * one for one in (1, 4, 24, 72, 168, 336, 720))


class Teller:
    """Says one person's figures: under the floor (``floored``) or exactly."""

    def __init__(self, tongue: Tongue, *, floored: bool) -> None:
        """``floored``: numbers of a country, as who works on none of its cases sees them."""
        self.tongue = tongue
        self.floored = floored

    def columns(self, part: str, names: Iterable[str]) -> tuple[str, ...]:
        """The words over columns."""
        return tuple(self.tongue.say(part, one) for one in names)

    def sheet(
        self, first: str, part: str, names: Iterable[str], lines: Iterable[Line], nothing: str
    ) -> Sheet:
        """A sheet whose columns are named in one part of the texts."""
        return Sheet(
            self.tongue.say("firsts", first),
            self.columns(part, names),
            tuple(lines),
            self.tongue.say("nothing", nothing),
        )

    def count(self, figure: Figure, name: str, rounded: Collection[str] = ()) -> str:
        """One count; in tens where it adds up hidden ones."""
        told = figure.counts
        hides = any(getattr(told, one) is None for one in STATES)
        about = self.floored and (name in rounded or (name == "asked" and hides))
        return self.tongue.number(getattr(told, name), about=about)

    def counts(self, figure: Figure, name: str, names: Iterable[str] = COUNTS) -> Line:
        """How many, by what stands of them."""
        cells = tuple(self.count(figure, one) for one in names)
        return Line(name, cells, self.marks(figure))

    def marks(self, figure: Figure) -> tuple[str, ...]:
        """What has to be said beside a group."""
        say, told = self.tongue.say, figure.counts
        if figure.hidden:
            return (say("marks", "hidden"),)
        plain = [
            say("marks", name, count=self.tongue.number(count))
            for name in ("errors", "no_contact", "imported")
            if (count := getattr(told, name))
        ]
        if told.attested:
            count, still = (self.tongue.number(n) for n in (told.attested, told.unconfirmed))
            plain.append(say("marks", "attested", count=count, unconfirmed=still))
        return tuple(plain)

    def times(self, told: Times, name: str) -> Line:
        """One measure of a group."""
        tongue = self.tongue
        reached = told.low is not None or told.high is not None
        interval = tongue.between(tongue.span(told.low), tongue.span(told.high))
        cells = [tongue.span(told.median), interval if reached else NONE, tongue.span(told.ninth)]
        cells += [
            tongue.number(one, about=self.floored) for one in (told.finished, told.open, told.ended)
        ]
        marks = []
        if told.small and told.finished:
            marks.append(tongue.say("marks", "few_done", small=str(SMALL)))
        if told.errors:
            marks.append(tongue.say("marks", "negative", count=tongue.number(told.errors)))
        return Line(name, tuple(cells), tuple(marks))

    def kept(self, kept: Kept, name: str) -> Line:
        """How limits of one ground were kept."""
        tongue = self.tongue
        told = (kept.begun, kept.met, kept.missed, kept.running)
        cells = [tongue.number(one, about=self.floored) for one in told]
        few = 0 < (kept.met or 0) + (kept.missed or 0) < SMALL
        few = few and not (self.floored and kept.share is not None)
        marks = (tongue.say("marks", "few_decided", small=str(SMALL)),) if few else ()
        return Line(name, (*cells, tongue.share(kept.share)), marks)


def monthly(tell: Teller, series: Sequence[tuple[date, Figure]]) -> Part:
    """Month after month, drawn and as a table."""
    tongue, accepted = tell.tongue, Measure.ACCEPTED
    lines = []
    for month, one in series:
        times = one.times.get(accepted, Times())
        cells = [tell.count(one, name) for name in ("asked", "waiting", "completed")]
        cells += [tongue.span(times.median), tongue.share(one.legal.share)]
        lines.append(Line(tongue.month(month), tuple(cells)))
    columns = (
        *tell.columns("counts", ("asked", "waiting", "completed")),
        tongue.say("cards", "accepted"),
        tongue.say("columns", "share"),
    )
    first, nothing = tongue.say("firsts", "month"), tongue.say("nothing", "figures")
    title = tongue.say("parts", "months")
    sheet = Sheet(first, columns, tuple(lines), nothing)
    return Part(title, (sheet,), (), bars(tongue, series), tongue.say("cards", "asked"))


def staged(tell: Teller, whole: Figure) -> Part:
    """Response times of all together, stage by stage."""
    say = tell.tongue.say
    lines = [
        tell.times(whole.times.get(one, Times()), say("measures", one.value)) for one in Measure
    ]
    sheet = tell.sheet("stage", "columns", _TIMES, lines if _any(whole) else (), "figures")
    return Part(say("parts", "times"), (sheet,))


def accepted(tell: Teller, found: Curve) -> Part:
    """How long until acceptance: the curve, and the same at chosen moments."""
    tongue = tell.tongue
    drawing = falling(tongue, found)
    notes = [tongue.say("notes", "hidden")] if found.hidden else []
    if drawing and tell.floored:
        notes.append(tongue.say("notes", "curve_ends"))
    lines = [] if drawing is None else [_after(tell, found, at) for at in _AFTER]
    sheet = tell.sheet("after", "columns", ("still", "interval"), lines, "chart")
    shown = tongue.say("notes", "curve")
    return Part(tongue.say("parts", "curve"), (sheet,), tuple(notes), drawing, shown)


def _after(tell: Teller, found: Curve, seconds: int) -> Line:
    tongue, at = tell.tongue, _held(found, seconds)
    cells = (NONE, NONE)
    if at is not None:
        low, high = tongue.share(at.low), tongue.share(at.high)
        cells = (tongue.share(at.share), tongue.between(low, high))
    return Line(tongue.span(seconds), cells)


def _held(found: Curve, seconds: int) -> CurvePoint | None:
    """Where the curve stands then; None: past its end nothing is known, unless nobody is left."""
    last = found.points[-1]
    if seconds > last.seconds and last.share:
        return None
    return max((one for one in found.points if one.seconds <= seconds), key=lambda p: p.seconds)


def limits(tell: Teller, found: Overview) -> tuple[Part, Part]:
    """Limits of law and procedure; and apart from them what was only proposed."""
    say = tell.tongue.say
    both = ((found.figure, "this"), (found.before, "before"))
    made = []
    for part, note in (("limits", "legal"), ("proposed", "proposed")):
        kept = [
            tell.kept(one.legal if part == "limits" else one.proposed, say("firsts", name))
            for one, name in both
        ]
        sheet = tell.sheet("month", "columns", _KEPT, kept, "figures")
        made.append(Part(say("parts", part), (sheet,), (say("notes", note),)))
    return made[0], made[1]


def agencies(tell: Teller, found: Figures) -> Part:
    """By agency asked: what stands of its hand-offs, and its times stage by stage."""
    say = tell.tongue.say
    named = [(tell.tongue.body(one.name), one) for one in found.groups]
    counted = [tell.counts(one, name) for name, one in named]
    if counted:
        counted.append(_whole(tell, found))
    sheets = [tell.sheet("agency", "counts", COUNTS, counted, "figures")]
    for measure in Measure if named else ():
        lines = [tell.times(one.times.get(measure, Times()), name) for name, one in named]
        sheet = tell.sheet("agency", "columns", _TIMES, lines, "figures")
        title = say("parts", "agency_times", measure=say("measures", measure.value))
        sheets.append(Sheet(sheet.first, sheet.columns, sheet.lines, sheet.nothing, title))
    return Part(say("parts", "agencies"), tuple(sheets))


def _whole(tell: Teller, found: Figures) -> Line:
    """All groups together: in tens where one of them is hidden."""
    told = [one.counts for one in found.groups]
    rounded = [name for name in COUNTS if any(getattr(one, name) is None for one in told)]
    cells = tuple(tell.count(found.total, name, rounded) for name in COUNTS)
    return Line(tell.tongue.say("firsts", "whole"), cells)


def compared(tell: Teller, found: Funnel) -> Part:
    """Agencies by the limits of law and procedure they kept, fairly to their caseload."""
    tongue = tell.tongue
    lines = [_place(tongue, one) for one in found.points]
    columns = ("decided", "share", "chance", "place")
    sheet = tell.sheet("agency", "columns", columns, lines, "figures")
    notes = [tongue.say("notes", "legal"), tongue.say("notes", "compared")]
    if found.average is not None:
        notes.append(tongue.say("notes", "average", share=tongue.share(found.average)))
    return Part(tongue.say("parts", "compared"), (sheet,), tuple(notes))


def _place(tongue: Tongue, one: FunnelPoint) -> Line:
    expected, place = NONE, NONE
    if one.bounds is not None:
        low, high = (tongue.share(at) for at in (one.bounds.low_95, one.bounds.high_95))
        expected = tongue.between(low, high)
    if one.place or one.size:
        place = tongue.say("places", one.place or "too few")
    cells = (tongue.number(one.size), tongue.share(one.share), expected, place)
    return Line(tongue.body(one.name), cells)


def errors(tell: Teller, found: Figures) -> Part:
    """Times out of order, by agency and stage."""
    tongue = tell.tongue
    lines = []
    for one in found.groups:
        told = [one.counts.errors, *(one.times.get(m, Times()).errors for m in Measure)]
        if any(count != 0 for count in told):
            cells = tuple(
                tongue.number(count, about=tell.floored and at > 0) for at, count in enumerate(told)
            )
            lines.append(Line(tongue.body(one.name), cells))
    columns = [tongue.say("columns", "out_of_order")]
    columns += [tongue.say("measures", m.value) for m in Measure]
    first, nothing = tongue.say("firsts", "agency"), tongue.say("nothing", "errors")
    sheet = Sheet(first, tuple(columns), tuple(lines), nothing)
    return Part(tongue.say("parts", "errors"), (sheet,), (tongue.say("notes", "errors"),))


def _any(whole: Figure) -> bool:
    """Whether anything was asked for (a hidden number is not nothing)."""
    return whole.counts.asked != 0 or bool(whole.counts.imported)
