"""Agencies beside each other, fairly to their caseload: a funnel, drawn and as a table."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Reading
from referral.errors import Refusal
from referral.figures import Funnel, FunnelPoint
from referral.web import figure_words as words
from referral.web.drawing import SHARES, Chart, Plane
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
