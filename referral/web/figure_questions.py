"""Law seen from its practice: where cases wait, and which limits have no number in law."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.figures import Group
from referral.queries import Bottleneck, LimitKept, Wanted
from referral.session import ReadSession
from referral.web import figure_words as words
from referral.web.fields import Fields, Sent
from referral.web.figure_page import (
    Asked,
    FiguresPage,
    files,
    filters,
    shown,
    spoken,
    teller,
    views,
)
from referral.web.figure_tables import Row, Section, Table, cells
from referral.web.figure_words import Teller
from referral.web.pages import PageRoute, error_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_GAPS: Final = (
    "Limits without a number in law that ran in these months, the most often missed first. Each "
    "is a proposal of the protocol; what was missed here is a question to whoever makes the law."
)
_LIMIT_COLUMNS: Final = (
    "Began",
    "Met",
    "Missed",
    "Running",
    "Missed and still open",
    "How late (median)",
    "Basis",
)
_BASES: Final = {"statutory": "law", "sop": "procedure", "assumption": "proposed target"}


@router.get("/oversight/figures/bottlenecks")
async def bottlenecks(request: Request, call: Reading, wanted: Asked) -> Response:
    """The steps of a track in its order: who waits there, and for how long."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, only = asked
    tracks = _tracks(call)
    track = only.track or next(iter(tracks), "")
    found = await queries.bottlenecks_of(call.session, call.actor, track, period, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    wanted = Wanted(track=track).over(period)
    tell = teller(call, wanted)
    make = Fields(Sent({"track": (track,)}))
    choice = make.choice("track", "Track", [(one, tell.track(one)) for one in tracks])
    form = filters("/bottlenecks", Wanted().over(period), None)
    form["inputs"] = (("select", choice), *form["inputs"])
    view = FiguresPage(
        heading=f"Where cases wait: {tell.track(track)}, {spoken(period)}",
        notes=("Of hand-offs asked for in these months, what waits now, step by step.",),
        sections=_steps(tell, found),
        **form,
        files=files("bottlenecks", wanted),
        views=views(wanted),
    )
    return shown(request, view, call)


def _tracks(call: Call[ReadSession]) -> list[str]:
    day = call.session.day_in(call.actor.country, call.now)
    return sorted({one.track for one in call.session.catalogue.in_force(call.actor.country, day)})


def _steps(tell: Teller, found: tuple[Bottleneck, ...]) -> tuple[Section, ...]:
    columns = (
        "Wait for an answer",
        "Being worked on",
        "Past a limit now",
        "The oldest waits since",
    )
    rows = tuple(_step(tell, one) for one in found)
    kept = tuple(_limit(tell, one) for step in found for one in step.limits)
    return (
        Section("Steps", Table("Steps", "Step", columns, rows)),
        Section("Limits of these steps", Table("Limits", "Limit", _LIMIT_COLUMNS, kept)),
    )


def _step(tell: Teller, one: Bottleneck) -> Row:
    told = [words.number(one.waiting), words.number(one.working)]
    told += [words.number(one.late, about=tell.floored), words.seconds(one.longest)]
    return Row(tell.step(one.figure.group), cells(told), (), tell.narrower(one.figure.group))


def _limit(tell: Teller, one: LimitKept) -> Row:
    counts = (one.begun, one.met, one.missed, one.running, one.late)
    told = [words.number(count, about=tell.floored) for count in counts]
    told += [words.seconds(one.overrun_median), _BASES.get(one.basis, one.basis)]
    step = tell.step(Group(track=one.track, step=one.step))
    cited = [
        ", ".join(part for part in (source.title, source.article, source.grade) if part)
        for source in tell.law.cited(one.sources)
    ]
    return Row(f"{step}: {one.clock}, version {one.version}", cells(told), tuple(cited))


@router.get("/oversight/figures/law-gaps")
async def law_gaps(request: Request, call: Reading, wanted: Asked) -> Response:
    """Each assumed limit, and how often it was missed."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, _ = asked
    found = await queries.law_gaps_in(call.session, call.actor, period, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    wanted = Wanted().over(period)
    tell = teller(call, wanted)
    rows = tuple(_limit(tell, one) for one in found)
    table = Table("Assumed limits", "Limit", _LIMIT_COLUMNS, rows, "No assumed limit ran.")
    view = FiguresPage(
        heading=f"Gaps in the law, {spoken(period)}",
        notes=(_GAPS,),
        sections=(Section("Assumed limits", table),),
        **filters("/law-gaps", wanted, None),
        files=files("law-gaps", wanted),
        views=views(wanted),
    )
    return shown(request, view, call)
