"""Pages of figures: one month among the others, groups over months, and how long something takes.

Who sees what is decided where the questions are answered; these pages lay it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from referral import errors, queries
from referral.entry import Call, Reading
from referral.errors import Fault, Refusal
from referral.figures import Curve, Cut, Figure, Figures, Kept, Measure, Period, months_on
from referral.figures.floor import STATES
from referral.queries import Overview, Wanted
from referral.queries.figure_rows import whose
from referral.web import figure_words as words
from referral.web.drawing import SHARES, Chart, Plane, bars, falling
from referral.web.fields import Fields, Params, Sent
from referral.web.figure_words import Row, Section, Table, Teller, address, cells
from referral.web.pages import PageRoute, error_page, page
from referral.web.wording import Clockface, Law

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Asked = Annotated[Wanted, Depends()]
_WHOSE: Final = {
    "own": "Hand-offs you sent or received yourself.",
    "unit": "Hand-offs your unit sent or received, as far as you may open them.",
    "country": "The whole country. Numbers from 1 to 10 and what would give them away are hidden "
    "(c); a number with a plus is rounded down to tens.",
}
_WAITING: Final = (
    "Times are Kaplan-Meier estimates: whoever still waits counts as waiting, so that nobody looks "
    "quick by answering only what is easy. A dash: not reached yet, or hidden."
)
_LEGAL: Final = "Limits with a number in law or in force as procedure."
_TARGETS: Final = (
    "Proposed targets have no number in law. They stand apart, are nobody's failure, and agencies "
    "are never compared by them."
)


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """What every page of figures has."""

    heading: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    action: str = ""
    kept: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, Params], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    views: tuple[tuple[str, str], ...] = ()


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
        inputs=(("input", _month(make, "month", "Month")),),
        files=files("series", whole),
        views=views(wanted),
    )
    return shown(request, view, call)


def _overview_of(tell: Teller, found: Overview) -> tuple[Section, ...]:
    both = [(f"{at:%B %Y}", one) for at, one in ((found.month, found.figure), found.series[-2])]
    return (
        Section("Hand-offs", _counted(tell, both, "Month")),
        months_of(tell, found.series),
        _limits(tell, both, "Month"),
        Section("By agency asked", _counted(tell, _named(tell, found.by_agency), "Agency asked")),
        Section("By track", _counted(tell, _named(tell, found.by_track), "Track")),
        *(words.measured(tell, one, _named(tell, found.by_track), "Track") for one in Measure),
    )


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
    nothing = () if found.groups else (words.NOTHING,)
    view = FiguresPage(
        heading=f"Figures, {spoken(period)}",
        notes=(*narrowed(tell, wanted, found.groups), *nothing, *notes(found, call)),
        sections=(*_groups_of(tell, found), *rows),
        **filters("/groups", wanted, cut),
        files=files("figures", wanted, cut=cut.value),
        views=views(wanted),
    )
    return shown(request, view, call)


def _groups_of(tell: Teller, found: Figures) -> tuple[Section, ...]:
    first = words.CUTS.get(found.cut, "Group")
    named = [*_named(tell, found), ("All together", found.total)]
    # Beside other agencies stands no proposed target: of them only the whole is told.
    targets = named[-1:] if found.cut in queries.BESIDE_OTHERS else named
    return (
        Section("Hand-offs", _counted(tell, named, first)),
        *(words.measured(tell, one, named, first) for one in Measure),
        _limits(tell, named, first),
        _limits(tell, targets, first, proposed=True),
    )


@router.get("/oversight/figures/curve")
async def curve(
    request: Request, call: Reading, wanted: Asked, measure: Measure = Measure.ACCEPTED
) -> Response:
    """The Kaplan-Meier curve of one measure."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, only = asked
    found = await queries.curve_of(
        call.session, call.actor, measure, period, only=only, now=call.now
    )
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    wanted = wanted.over(period)
    tell = teller(call, wanted)
    made = Fields(Sent({"measure": (measure.value,)}))
    choice = made.choice("measure", "From when to when", [*words.MEASURES.items()])
    form = filters("/curve", wanted, None)
    form["inputs"] = (("select", choice), *form["inputs"])
    view = FiguresPage(
        heading=f"{words.MEASURES[measure]}, {spoken(period)}",
        notes=(*narrowed(tell, wanted, ()), _WHOSE[tell.whose], _WAITING),
        sections=(_curve(tell, found),),
        **form,
        files=files("curve", wanted, measure=measure.value),
        views=views(wanted),
    )
    return shown(request, view, call)


def _curve(tell: Teller, found: Curve) -> Section:
    done, still = (words.number(one, about=tell.floored) for one in (found.finished, found.open))
    interval = f"{words.seconds(found.low)} to {words.seconds(found.high)}"
    median = f"Median {words.seconds(found.median)}, with 95 % certainty {interval}."
    told = f"{done} done, {still} still open. {median}"
    notes = ("Too few to be shown.",) if found.hidden else (told,)
    rows = tuple(
        Row(
            words.seconds(one.seconds),
            cells(
                (
                    words.share(one.share),
                    f"{words.share(one.low)} to {words.share(one.high)}",
                    words.number(one.at_risk, about=tell.floored),
                )
            ),
        )
        for one in found.points
    )
    columns = ("Still waiting", "95 % interval", "Not yet done or ended")
    title = "Share for whom it has not happened yet"
    charts = (_drawn(found, title),) if len(found.points) > 1 else ()
    return Section(title, Table(title, "After", columns, rows), notes, charts)


def _drawn(found: Curve, title: str) -> Chart:
    last = found.points[-1].seconds or 1
    plane = Plane(last, 1)
    lines = [
        plane.stroke(
            kind, falling([(one.seconds, getattr(one, side)) for one in found.points], last)
        )
        for kind, side in (("bound", "low"), ("bound", "high"), ("share", "share"))
    ]
    across = ((last * part / 4, words.seconds(last * part / 4)) for part in range(4))
    return Chart(title, plane.across(across), plane.up(SHARES), tuple(lines))


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


def _counted(tell: Teller, named: Sequence[tuple[str, Figure]], first: str) -> Table:
    total = {"All together"}
    rows = (tell.counts(one, name, total=name in total) for name, one in named)
    return Table("Hand-offs", first, tuple(words.COUNTED.values()), tuple(rows))


def _limits(
    tell: Teller, named: Sequence[tuple[str, Figure]], first: str, *, proposed: bool = False
) -> Section:
    def of(one: Figure) -> Kept:
        return one.proposed if proposed else one.legal

    rows = tuple(tell.kept(one, of(one), name) for name, one in named)
    title, note = ("Proposed targets", _TARGETS) if proposed else ("Limits", _LEGAL)
    return Section(title, Table(title, first, words.KEPT_COLUMNS, rows), (note,))


def _named(tell: Teller, found: Figures) -> list[tuple[str, Figure]]:
    return [(tell.name(one, found.cut), one) for one in found.groups]


def filters(action: str, wanted: Wanted, cut: Cut | None) -> dict[str, Any]:
    """The form on top: by what, from when until when; what is narrowed to stays."""
    make = Fields(Sent({**{n: (v,) for n, v in wanted.query.items()}, "cut": (cut or "",)}))
    inputs = [("input", _month(make, "since", "From")), ("input", _month(make, "until", "Until"))]
    if cut is not None:
        inputs.insert(0, ("select", make.choice("cut", "By", [*words.CUTS.items()])))
    kept = tuple((n, v) for n, v in wanted.query.items() if n not in {"since", "until"})
    return {"action": words.HERE + action, "inputs": tuple(inputs), "kept": kept}


def _month(make: Fields, name: str, label: str) -> Params:
    return make.text(name, label, type="month", classes="govuk-input--width-10")


def narrowed(tell: Teller, wanted: Wanted, found: Iterable[Figure]) -> tuple[str, ...]:
    """What the figures were narrowed to, in words."""
    group = wanted.group
    parts = [tell.track(group.track)] if group.track else []
    parts += [tell.step(group)] if group.step else []
    parts += [one for one in (group.jurisdiction, group.version) if one]
    if group.agency_id:
        parts.append(next((one.name for one in found if one.name), None) or "one agency")
    return (f"Only: {', '.join(parts)}.",) if parts else ()


def notes(found: Figures, call: Call[Any]) -> tuple[str, ...]:
    """Whose figures these are, as of when, and what is not over yet."""
    as_of = Clockface(call.actor.time_zone).moment(found.as_of)
    still = ", ".join(f"{one:%B %Y}" for one in found.open_months)
    more = f" Not over yet, and counted as it stands: {still}." if still else ""
    return _WHOSE[found.whose], f"As of {as_of}.{more}", _WAITING


def teller(call: Call[Any], wanted: Wanted) -> Teller:
    """Words for the caller."""
    law = Law(call.session.catalogue, call.actor.country)
    return Teller(law, wanted, whose(call.actor).value)


def spoken(period: Period) -> str:
    """A period in words."""
    first, last = period.begins, months_on(period.ends, -1)
    return f"{first:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"


def files(what: str, wanted: Wanted, **more: str) -> tuple[tuple[str, str], ...]:
    """The same as JSON and as CSV."""
    query = urlencode({**wanted.query, **more})
    return tuple(
        (f"/api/v1/oversight/{what}{ending}?{query}", name)
        for ending, name in (("", "JSON"), (".csv", "CSV"))
    )


def views(wanted: Wanted) -> tuple[tuple[str, str], ...]:
    """The pages of figures."""
    by = tuple(
        (address("/groups", wanted, cut=one.value), f"By {name.lower()}")
        for one, name in words.CUTS.items()
    )
    more = (
        ("/curve", "Curves"),
        ("/comparison", "Agencies compared"),
        ("/bottlenecks", "Where cases wait"),
        ("/law-gaps", "Gaps in the law"),
        ("/senders", "Returns, and answers for others"),
    )
    return ((words.HERE, "Overview"), *by, *((address(to, wanted), told) for to, told in more))


def no_month(pointer: str) -> Refusal:
    """What was sent as a month is none."""
    return errors.invalid_input(
        [Fault(pointer, "malformed", "Write a month as year and month: 2026-03.")]
    )


def shown(request: Request, view: FiguresPage, call: Call[Any]) -> Response:
    """The page."""
    return page(
        request, "oversight/figures.html", view, title=view.heading, call=call, sensitive=False
    )
