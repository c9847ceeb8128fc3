"""Pages of figures: one month among the others, and a page for each question.

Who sees what is decided where the questions are answered; these pages lay it out.
"""

# No ``from __future__ import annotations``: what a page depends on is known when it is opened.
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response

from referral import errors, queries
from referral import figure_questions as ask
from referral.entry import Reading
from referral.errors import Fault, Refusal
from referral.figure_questions import Asked, Series, Told, together
from referral.figures import Curve, Cut, Figures, Funnel
from referral.queries import Bottleneck, LimitKept, Returns, SenderActs, Uncontacted, Wanted
from referral.web import figure_charts as charts
from referral.web import figure_lists as lists
from referral.web import figure_words as words
from referral.web.fields import Fields, Sent
from referral.web.figure_groups import groups_of, months_of, overview_of
from referral.web.figure_page import (
    WAITING,
    WHOSE,
    Asker,
    FiguresPage,
    choice_of,
    files_of,
    month_input,
    notes,
    shown,
    spoken,
    teller,
    views,
)
from referral.web.figure_tables import NOTHING
from referral.web.figure_words import Teller
from referral.web.lines import Line, Reader
from referral.web.pages import PageRoute, error_page, page
from referral.web.wording import Clockface

router = APIRouter(route_class=PageRoute, include_in_schema=False)
F = TypeVar("F")
Layout = Callable[[Asker, Teller, Told[F]], FiguresPage]
Senders = tuple[tuple[tuple[SenderActs, ...], Returns], tuple[Uncontacted, ...]]

_FUNNEL: Final = (
    "Share of limits of law and procedure that were met, by how many were decided. Between the "
    "dashed lines 95 of 100 agencies would lie if they differed by chance alone, between the red "
    "ones 998 of 1000. Proposed targets are not in it."
)
_GAPS: Final = (
    "Limits without a number in law that ran in these months, the most often missed first. Each "
    "is a proposal of the protocol; what was missed here is a question to whoever makes the law."
)
_NOBODY: Final = "Who oversees the country opens no hand-off: there is no list."
_BEHIND: Final = {
    **words.COUNTED,
    "missed": "Missed a limit",
    "attested": "Answered in another's name",
    "unconfirmed": "Answered in another's name, not confirmed",
    "no_contact": "Completed without contact with the person",
    "errors": "Times out of order",
    "imported": "Imported",
}


@dataclass(frozen=True, slots=True)
class BehindPage:
    """The hand-offs behind a number, and where the list goes on."""

    heading: str
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    back: str
    onward: str | None


def _opens(
    here: str, asking: Callable[..., Awaitable[Told[F] | Refusal]]
) -> Callable[[Layout[F]], Layout[F]]:
    """Opens a page at ``here`` with the parameters of a question; what is decorated lays it out."""

    def opened(laid_out: Layout[F]) -> Layout[F]:
        async def door(
            request: Request, call: Reading, told: Annotated[Any, Depends(asking)]
        ) -> Response:
            if isinstance(told, Refusal):
                return error_page(request, told, call)
            view = laid_out(call, teller(call, told.wanted), told)
            return shown(request, call, _framed(here, told, view))

        router.get(f"{words.HERE}/{here}")(door)
        return laid_out

    return opened


def _framed(here: str, told: Told[Any], view: FiguresPage) -> FiguresPage:
    """With its months: in the heading, and on top to be changed; what narrows it stays."""
    query = told.wanted.query
    make = Fields(Sent({name: (value,) for name, value in query.items()}))
    months = (month_input(make, "since", "From"), month_input(make, "until", "Until"))
    chosen = {one["name"]: one["value"] for _, one in view.inputs}
    apart = {*chosen, "since", "until"}
    return replace(
        view,
        heading=f"{view.heading}, {spoken(told.period)}",
        action=f"{words.HERE}/{here}",
        kept=tuple((name, value) for name, value in query.items() if name not in apart),
        inputs=(*view.inputs, *(("input", one) for one in months)),
        files=view.files or files_of(here, query | chosen),
        views=(*views(told.wanted), *view.views),
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
    series = {"since": f"{found.series[0][0]:%Y-%m}", "until": told}
    view = FiguresPage(
        heading=f"Figures of {found.month:%B %Y}",
        notes=notes(found.by_agency, call),
        sections=overview_of(teller(call, wanted), found),
        action=words.HERE,
        inputs=(("input", month_input(Fields(Sent({"month": (told,)})), "month", "Month")),),
        files=(
            *files_of("series", series, "Months"),
            *files_of("figures", wanted.query | {"cut": Cut.AGENCY}, "Agencies"),
            *files_of("figures", wanted.query | {"cut": Cut.TRACK}, "Tracks"),
        ),
        views=views(wanted),
    )
    return shown(request, call, view)


async def _groups(
    call: Reading, wanted: Asked, cut: Cut = Cut.AGENCY
) -> Told[tuple[Figures, Series]] | Refusal:
    told = await ask.figures_by(call, wanted, cut)
    return told if isinstance(told, Refusal) else together(told, await ask.series_of(call, wanted))


@_opens("groups", _groups)
def groups(call: Asker, tell: Teller, told: Told[tuple[Figures, Series]]) -> FiguresPage:
    """Groups of one cut over a period, and the same months one after the other."""
    (found, series), query = told.found, told.wanted.query
    nothing = () if found.groups else (NOTHING,)
    return FiguresPage(
        "Figures",
        (*tell.narrowed(found.groups), *nothing, *notes(found, call)),
        (*groups_of(tell, found), months_of(tell, series)),
        inputs=(choice_of("cut", "By", words.CUTS.items(), found.cut),),
        files=(
            *files_of("figures", query | {"cut": found.cut}, "Groups"),
            *files_of("series", query, "Months"),
        ),
    )


@_opens("curve", ask.curve_of)
def curve(_: Asker, tell: Teller, told: Told[Curve]) -> FiguresPage:
    """The Kaplan-Meier curve of one measure."""
    found = told.found
    told_of = (*tell.narrowed(), WHOSE[tell.whose], WAITING)
    choice = choice_of("measure", "From when to when", words.MEASURES.items(), found.measure)
    drawn = (charts.curve_in(tell, found),)
    return FiguresPage(words.MEASURES[found.measure], told_of, drawn, inputs=(choice,))


@_opens("comparison", ask.comparison_of)
def comparison(_: Asker, tell: Teller, told: Told[Funnel]) -> FiguresPage:
    """Agencies beside each other, fairly to their caseload: a funnel."""
    return FiguresPage("Agencies compared", (_FUNNEL,), (charts.funnel_in(tell, told.found),))


def _tracks(call: Asker) -> list[str]:
    day = call.session.day_in(call.actor.country, call.now)
    return sorted({one.track for one in call.session.catalogue.in_force(call.actor.country, day)})


async def _of_one_track(call: Reading, wanted: Asked) -> Told[tuple[Bottleneck, ...]] | Refusal:
    track = wanted.track or next(iter(_tracks(call)), "")
    return await ask.bottlenecks_of(call, replace(wanted, track=track))


@_opens("bottlenecks", _of_one_track)
def bottlenecks(call: Asker, tell: Teller, told: Told[tuple[Bottleneck, ...]]) -> FiguresPage:
    """The steps of a track in its order: who waits there, and for how long."""
    track, tracks = told.wanted.track, [(one, tell.track(one)) for one in _tracks(call)]
    return FiguresPage(
        f"Where cases wait: {tell.track(track)}",
        ("What waits now, step by step, whenever it was asked for; limits are of these months.",),
        lists.steps_in(tell, told.found),
        inputs=(choice_of("track", "Track", tracks, track),),
    )


@_opens("law-gaps", ask.law_gaps_in)
def law_gaps(_: Asker, tell: Teller, told: Told[tuple[LimitKept, ...]]) -> FiguresPage:
    """Each assumed limit, and how often it was missed."""
    return FiguresPage("Gaps in the law", (_GAPS,), (lists.gaps_in(tell, told.found),))


async def _senders(call: Reading, wanted: Asked) -> Told[Senders] | Refusal:
    both = together(await ask.attested_in(call, wanted), await ask.returns_in(call, wanted))
    return together(both, await ask.uncontacted_in(call, wanted))


@_opens("senders", _senders)
def senders(call: Asker, tell: Teller, told: Told[Senders]) -> FiguresPage:
    """Answers given in another's name; what was left idle, what came back, who came again."""
    ((attested, returns), idle), query = told.found, told.wanted.query
    by_sender = lists.attested_in(tell, Clockface(call.actor.time_zone), attested)
    one_by_one = (("Case by case", (("/oversight#idle", "Accepted, and then idle"),)),)
    return FiguresPage(
        "Returns, and answers for others",
        (),
        (by_sender, lists.uncontacted_in(tell, idle), *lists.returns_in(tell, returns)),
        files=(
            *files_of("attested", query, "Answers for others"),
            *files_of("uncontacted", query, "Accepted without contact"),
            *files_of("returns", query, "Returns"),
        ),
        views=one_by_one if tell.whose == "unit" else (),
    )


@router.get("/oversight/figures/behind")
async def behind(
    request: Request, call: Reading, wanted: Asked, what: str = "asked", after: str = ""
) -> Response:
    """As many hand-offs as a figure says; to who oversees the country none is shown."""
    told = await ask.behind_figure(call, wanted, what, after or None)
    if isinstance(told, Refusal):
        return error_page(request, told, call)
    reader, tell, more = Reader.of(call), teller(call, told.wanted), told.found.after
    view = BehindPage(
        heading=f"{_BEHIND.get(what, what)}, {spoken(told.period)}",
        notes=(*tell.narrowed(), *((_NOBODY,) if tell.floored else ())),
        lines=tuple(reader.line(one) for one in told.found.lines),
        back=words.address("/groups", told.wanted, cut="agency"),
        onward=words.address("/behind", told.wanted, what=what, after=more) if more else None,
    )
    return page(request, "oversight/behind.html", view, title=view.heading, call=call)


def no_month(pointer: str) -> Refusal:
    """What was sent as a month is none."""
    return errors.invalid_input(
        [Fault(pointer, "malformed", "Write a month as year and month: 2026-03.")]
    )
