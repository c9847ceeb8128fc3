"""How long something takes: the Kaplan-Meier curve of one measure, drawn and as a table."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Reading
from referral.errors import Refusal
from referral.figures import Curve, Measure
from referral.web import figure_words as words
from referral.web.drawing import SHARES, Chart, Plane, falling
from referral.web.fields import Fields, Sent
from referral.web.figure_page import (
    WAITING,
    WHOSE,
    Asked,
    FiguresPage,
    files,
    filters,
    narrowed,
    shown,
    spoken,
    teller,
    views,
)
from referral.web.figure_tables import Row, Section, Table, cells
from referral.web.figure_words import Teller
from referral.web.pages import PageRoute, error_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


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
        notes=(*narrowed(tell, wanted, ()), WHOSE[tell.whose], WAITING),
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
