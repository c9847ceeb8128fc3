"""Pages of figures: one month among the others, and groups over months.

Who sees what is decided where the questions are answered; these pages lay it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from fastapi import APIRouter, Request, Response

from referral import errors, queries
from referral.entry import Reading
from referral.errors import Fault, Refusal
from referral.figures import Cut, Figure, Figures, Measure, Period, months_on
from referral.figures.floor import STATES
from referral.queries import Overview, Wanted
from referral.web import figure_words as words
from referral.web.drawing import bars
from referral.web.fields import Fields, Sent
from referral.web.figure_page import (
    Asked,
    FiguresPage,
    files,
    filters,
    month_input,
    narrowed,
    notes,
    shown,
    spoken,
    teller,
    views,
)
from referral.web.figure_tables import NOTHING, Row, Section, Table, cells
from referral.web.figure_words import Teller, address
from referral.web.pages import PageRoute, error_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_WHOLE: Final = "All together"
_COUNTS: Final = tuple(words.COUNTED.values())
_LEGAL: Final = "Limits with a number in law or in force as procedure."
_TARGETS: Final = (
    "Proposed targets have no number in law. They stand apart, are nobody's failure, and agencies "
    "are never compared by them."
)


@router.get("/oversight/figures")
async def overview(request: Request, call: Reading, month: str = "") -> Response:
    """One month, the month before, and how it went over two years."""
    at = queries.month_in(month) if month else None
    if month and at is None:
        return error_page(request, no_month("/month"), call)
    found = await queries.overview_in(call.session, call.actor, month=at, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    told = f"{found.month:%Y-%m}"
    wanted = Wanted(since=told, until=told)
    whole = Wanted(since=f"{found.series[0][0]:%Y-%m}", until=told)
    make = Fields(Sent({"month": (told,)}))
    view = FiguresPage(
        heading=f"Figures of {found.month:%B %Y}",
        notes=notes(found.by_agency, call),
        sections=_overview_of(teller(call, wanted), found),
        action=words.HERE,
        inputs=(("input", month_input(make, "month", "Month")),),
        files=(
            *files("series", whole, "Months"),
            *files("figures", wanted, "Agencies", cut=Cut.AGENCY.value),
            *files("figures", wanted, "Tracks", cut=Cut.TRACK.value),
        ),
        views=views(wanted),
    )
    return shown(request, view, call)


def _overview_of(tell: Teller, found: Overview) -> tuple[Section, ...]:
    both = [_of_month(tell, *one) for one in (found.series[-1], found.series[-2])]
    return (
        Section("Hand-offs", Table("Hand-offs", "Month", _COUNTS, tuple(m[0] for m in both))),
        months_of(tell, found.series),
        _limits_in(tuple(m[1] for m in both), "Month"),
        _limits_in(tuple(m[2] for m in both), "Month", proposed=True),
        Section("By agency asked", _counted(_named(tell, found.by_agency), tell, "Agency asked")),
        Section("By track", _counted(_named(tell, found.by_track), tell, "Track")),
        *(words.measured(tell, one, _named(tell, found.by_track), "Track") for one in Measure),
    )


def _of_month(tell: Teller, month: date, one: Figure) -> tuple[Row, Row, Row]:
    """Its counts, its limits and its targets; what is behind them is of that month."""
    then = replace(tell, wanted=tell.wanted.over(Period.month(month)))
    name = f"{month:%B %Y}"
    legal, proposed = (then.kept(one, of, name) for of in (one.legal, one.proposed))
    return then.counts(one, name), legal, proposed


@router.get("/oversight/figures/groups")
async def groups(request: Request, call: Reading, wanted: Asked, cut: Cut = Cut.AGENCY) -> Response:
    """Groups of one cut over a period, and the same months one after the other."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, only = asked
    found = await queries.figures_by(call.session, call.actor, cut, period, only=only, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    last, months = months_on(period.ends, -1), len(period.months)
    series = await queries.series_of(
        call.session, call.actor, only=only, month=last, months=months, now=call.now
    )
    wanted = wanted.over(period)
    tell = teller(call, wanted)
    rows = () if isinstance(series, Refusal) else (months_of(tell, series),)
    nothing = () if found.groups else (NOTHING,)
    view = FiguresPage(
        heading=f"Figures, {spoken(period)}",
        notes=(*narrowed(tell, wanted, found.groups), *nothing, *notes(found, call)),
        sections=(*_groups_of(tell, found), *rows),
        **filters("/groups", wanted, cut),
        files=(
            *files("figures", wanted, "Groups", cut=cut.value),
            *files("series", wanted, "Months"),
        ),
        views=views(wanted),
    )
    return shown(request, view, call)


def _groups_of(tell: Teller, found: Figures) -> tuple[Section, ...]:
    first = words.CUTS.get(found.cut, "Group")
    groups = _named(tell, found)
    named = [*groups, (_WHOLE, found.total)]
    # Beside other agencies stands no proposed target: of them only the whole is told.
    targets = named[-1:] if found.cut in queries.BESIDE_OTHERS else named
    legal = tuple(tell.kept(one, one.legal, name) for name, one in named)
    proposed = tuple(tell.kept(one, one.proposed, name) for name, one in targets)
    return (
        Section("Hand-offs", _counted(groups, tell, first, found.total)),
        *(words.measured(tell, one, named, first) for one in Measure),
        _limits_in(legal, first),
        _limits_in(proposed, first, proposed=True),
    )


def months_of(tell: Teller, series: Sequence[tuple[date, Figure]]) -> Section:
    """Month after month: how many were asked for, how long until they were accepted, limits met."""
    rows = tuple(_month_row(tell, month, one) for month, one in series)
    columns = (
        "Asked",
        "Waiting",
        "Completed",
        "Received to accepted (median)",
        "Share within limit",
    )
    asked = [
        (f"{at:%m/%y}", one.counts.asked, f"{at:%B %Y}: {words.number(one.counts.asked)}")
        for at, one in series
    ]
    chart = bars("Hand-offs asked for, by month", asked)
    return Section("Month by month", Table("Month by month", "Month", columns, rows), (), (chart,))


def _month_row(tell: Teller, month: date, one: Figure) -> Row:
    told, accepted = one.counts, one.times.get(Measure.ACCEPTED)
    hides = tell.floored and None in {getattr(told, state) for state in STATES}
    known = [words.number(told.asked, about=hides)]
    known += [words.number(told.waiting), words.number(told.completed)]
    known += [words.seconds(accepted.median if accepted else None), words.share(one.legal.share)]
    alone = address("/groups", tell.wanted.over(Period.month(month)), cut="agency")
    return Row(f"{month:%B %Y}", cells(known), (), alone)


def _counted(
    named: Sequence[tuple[str, Figure]], tell: Teller, first: str, total: Figure | None = None
) -> Table:
    rows = [tell.counts(one, name) for name, one in named]
    if total is not None:
        told = [one.counts for _, one in named]
        rows.append(tell.counts(total, _WHOLE, words.hidden_in(told)))
    return Table("Hand-offs", first, _COUNTS, tuple(rows))


def _limits_in(rows: tuple[Row, ...], first: str, *, proposed: bool = False) -> Section:
    title, note = ("Proposed targets", _TARGETS) if proposed else ("Limits", _LEGAL)
    return Section(title, Table(title, first, words.KEPT_COLUMNS, rows), (note,))


def _named(tell: Teller, found: Figures) -> list[tuple[str, Figure]]:
    return [(tell.name(one, found.cut), one) for one in found.groups]


def no_month(pointer: str) -> Refusal:
    """What was sent as a month is none."""
    return errors.invalid_input(
        [Fault(pointer, "malformed", "Write a month as year and month: 2026-03.")]
    )
