"""Pages that ask the figures: agencies compared, where cases wait, gaps in law, what came back."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.figures import Figure, Funnel, FunnelPoint, Group
from referral.queries import Bottleneck, LimitKept, Returns, SenderActs, Wanted
from referral.session import ReadSession
from referral.web import figure_words as words
from referral.web.drawing import SHARES, Chart, Plane
from referral.web.fields import Fields, Sent
from referral.web.figure_words import Row, Section, Table, Teller, cells
from referral.web.figures import Asked, FiguresPage, files, filters, shown, spoken, teller, views
from referral.web.pages import PageRoute, error_page
from referral.web.wording import Clockface

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PLACES: Final = {
    "within": "as chance alone would have it",
    "low": "lower than chance alone: worth a look",
    "high": "higher than chance alone: worth a look",
    "very low": "far lower than chance alone: worth a question",
    "very high": "far higher than chance alone: worth a question",
}
_FUNNEL: Final = (
    "Share of limits of law and procedure that were met, by how many were decided. Between the "
    "dashed lines 95 of 100 agencies would lie if they differed by chance alone, between the red "
    "ones 998 of 1000. Proposed targets are not in it."
)
_GAPS: Final = (
    "Limits without a number in law that ran in these months, the most often missed first. Each "
    "is a proposal of the protocol; what was missed here is a question to whoever makes the law."
)


@router.get("/oversight/figures/comparison")
async def comparison(request: Request, call: Reading, wanted: Asked) -> Response:
    """Agencies beside each other, fairly: a funnel."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, only = asked
    found = await queries.comparison_of(call.session, call.actor, period, only=only, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    wanted = wanted.over(period)
    section = _funnel(teller(call, wanted), found)
    view = FiguresPage(
        heading=f"Agencies compared, {spoken(period)}",
        notes=(_FUNNEL,),
        sections=(section,),
        **filters("/comparison", wanted, None),
        files=files("comparison", wanted),
        views=views(wanted),
    )
    return shown(request, view, call)


def _funnel(tell: Teller, found: Funnel) -> Section:
    rows = tuple(_compared(tell, one) for one in found.points)
    columns = ("Decided limits", "Share met", "By chance alone (95 %)", "Place")
    table = Table("Agencies compared", "Agency asked", columns, rows)
    average = f"On average {words.share(found.average)} were met."
    return Section("Share of limits met", table, (average,), _drawn(tell, found))


def _compared(tell: Teller, one: FunnelPoint) -> Row:
    size = words.number(one.size, about=False)
    expected = "–"
    if one.bounds is not None:
        expected = f"{words.share(one.bounds.low_95)} to {words.share(one.bounds.high_95)}"
    small = one.place is None and one.size
    place = "too few to say" if small else _PLACES.get(one.place or "", "–")
    told = (size, words.share(one.share), expected, place)
    return Row(tell.law.label(one.name or "?"), cells(told))


def _drawn(tell: Teller, found: Funnel) -> tuple[Chart, ...]:
    if found.average is None or not found.curve:
        return ()
    largest = found.curve[-1].size
    plane = Plane(largest * 1.05, 1)
    kinds = {"low_95": "bound", "high_95": "bound", "low_998": "far", "high_998": "far"}
    lines = [
        plane.stroke(kind, ((one.size, min(getattr(one, side), 1.0)) for one in found.curve))
        for side, kind in kinds.items()
    ]
    lines.append(plane.stroke("share", ((0, found.average), (largest, found.average))))
    dots = [
        plane.dot(
            "in" if one.place in {None, "within"} else "out",
            (one.size, one.share),
            f"{tell.law.label(one.name or '?')}: {words.share(one.share)} of {one.size}",
        )
        for one in found.points
        if one.size is not None and one.share is not None
    ]
    across = ((size, f"{size:g}") for size in sorted({0, largest // 2, largest}))
    drawn = (plane.across(across), plane.up(SHARES), tuple(lines), (), tuple(dots))
    return (Chart("Share of limits met, by how many were decided", *drawn),)


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
        files=files("bottlenecks", wanted)[:1],
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


@router.get("/oversight/figures/senders")
async def senders(request: Request, call: Reading, wanted: Asked) -> Response:
    """Answers given in another's name by sender; what came back, and who came again."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, _ = asked
    attested = await queries.attested_in(call.session, call.actor, period, now=call.now)
    returns = await queries.returns_in(call.session, call.actor, period, now=call.now)
    if isinstance(attested, Refusal):
        return error_page(request, attested, call)
    if isinstance(returns, Refusal):
        return error_page(request, returns, call)
    wanted = Wanted().over(period)
    tell, clock = teller(call, wanted), Clockface(call.actor.time_zone)
    idle = (("/oversight#idle", "Accepted, and then idle"),) if tell.whose == "unit" else ()
    view = FiguresPage(
        heading=f"Returns, and answers for others, {spoken(period)}",
        notes=(),
        sections=(_attested(tell, clock, attested), *_returns(tell, returns)),
        **filters("/senders", wanted, None),
        files=files("attested", wanted),
        views=(*views(wanted), *idle),
    )
    return shown(request, view, call)


def _attested(tell: Teller, clock: Clockface, found: tuple[SenderActs, ...]) -> Section:
    rows = []
    for one in found:
        told = (words.number(one.attested), words.number(one.unconfirmed))
        oldest = clock.moment(one.oldest_unconfirmed)
        rows.append(Row(tell.law.label(one.unit), cells((*told, oldest))))
    title = "Answers given in another's name, by sender"
    columns = ("Given", "Not confirmed", "The oldest not confirmed")
    return Section(title, Table(title, "Sender", columns, tuple(rows), "Nobody gave any."))


def _returns(tell: Teller, found: Returns) -> tuple[Section, ...]:
    names = ("returned", "asked_again")
    again = tuple(Row(tell.track(t), cells((words.number(n),))) for t, n in found.by_track)
    came = tuple(_returned(tell, one, names) for one in found.by_agency)
    whole = words.number(found.re_entries, about=tell.floored)
    title = "Came back after it was taken, or was asked again"
    columns = ("Came back", "Asked again")
    entries = Table("Came again", "Track", ("New referrals",), again, "Nobody came again.")
    return (
        Section(title, Table(title, "Agency asked", columns, came)),
        Section("Came again after closure", entries, (f"{whole} in all.",)),
    )


def _returned(tell: Teller, one: Figure, names: tuple[str, ...]) -> Row:
    made = []
    for name in names:
        count = getattr(one.counts, name)
        made.append(words.Cell(words.number(count), tell.behind(one.group, name, count)))
    return Row(tell.law.label(one.name or "?"), tuple(made))
