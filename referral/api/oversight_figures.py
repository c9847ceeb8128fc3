"""Figures of oversight over JSON and as tables: by group, by month, as a curve, and behind.

Who sees which is decided where the questions are answered; a number that is null is hidden by the
floor, and zero is zero.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from agencies.duties import Scope
from referral import queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.figure_files import files
from referral.api.hand_off_answers import Lines, Listed
from referral.api.wire import ROOT, answer, links, refused
from referral.entry import Call, Reading, needs_scope
from referral.errors import Refusal
from referral.exports.figure_sheets import curve_sheet, figures_sheet, series_sheet
from referral.exports.sheets import Sheet
from referral.figures import Curve, Cut, Figure, Figures, Group, Measure, Period, months_on
from referral.queries import Wanted, without_targets

router = APIRouter(prefix=f"{ROOT}/oversight", tags=["oversight"], route_class=Route)

Asked = Annotated[Wanted, Depends()]
Series = tuple[tuple[date, Figure], ...]


class Months(Answer):
    """The first of a period's first month, and of the first month that is not in it."""

    begins: date
    ends: date


class FiguresSeen(Answer):
    """Groups of one cut. ``whose``: own, unit or country (then under the floor); times in seconds.

    Proposed targets never stand beside other agencies: there their numbers are null.
    """

    cut: Cut
    period: Months
    whose: str
    as_of: datetime
    open_months: tuple[date, ...]
    total: Figure
    groups: tuple[Figure, ...]


class MonthSeen(Answer):
    """One month."""

    month: date
    figure: Figure


class SeriesSeen(Answer):
    """One group month by month."""

    months: tuple[MonthSeen, ...]


class CurveSeen(Answer):
    """A Kaplan-Meier curve: a step function, each share holds until the next point."""

    curve: Curve


@router.get("/figures", response_model=FiguresSeen)
async def figures_by(
    call: Reading, request: Request, wanted: Asked, cut: Cut = Cut.AGENCY
) -> Response:
    """Counts, times and kept limits by group; months are written 2026-03."""
    found = await _figures(call, wanted, cut)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(
        FiguresSeen(
            cut=found.cut,
            period=Months(begins=found.period.begins, ends=found.period.ends),
            whose=found.whose,
            as_of=found.as_of,
            open_months=found.open_months,
            total=found.total,
            groups=found.groups,
        )
    )


@files(router, "/figures")
async def figures_file(call: Reading, wanted: Asked, cut: Cut = Cut.AGENCY) -> Sheet | Refusal:
    """The same as a file."""
    found = await _figures(call, wanted, cut)
    return found if isinstance(found, Refusal) else over(figures_sheet(found), found.period)


@router.get("/series", response_model=SeriesSeen)
async def series_of(call: Reading, request: Request, wanted: Asked) -> Response:
    """The same group, month by month."""
    found = await _series(call, wanted)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(SeriesSeen(months=tuple(MonthSeen(month=at, figure=one) for at, one in found)))


@files(router, "/series")
async def series_file(call: Reading, wanted: Asked) -> Sheet | Refusal:
    """The same as a file."""
    found = await _series(call, wanted)
    return found if isinstance(found, Refusal) else series_sheet(found, call.now)


@router.get("/curve", response_model=CurveSeen)
async def curve_of(
    call: Reading, request: Request, wanted: Asked, measure: Measure = Measure.ACCEPTED
) -> Response:
    """How long until it happens, with those for whom it has not happened yet."""
    found = await _curve(call, wanted, measure)
    return refused(found, request) if isinstance(found, Refusal) else answer(CurveSeen(curve=found))


@files(router, "/curve")
async def curve_file(
    call: Reading, wanted: Asked, measure: Measure = Measure.ACCEPTED
) -> Sheet | Refusal:
    """The same as a file."""
    found = await _curve(call, wanted, measure)
    if isinstance(found, Refusal):
        return found
    return over(curve_sheet(found, call.now), found.period)


@router.get("/behind", response_model=Lines)
async def behind_figure(
    call: Reading,
    request: Request,
    asked: Headers,
    wanted: Asked,
    what: str = "asked",
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The hand-offs one number counts, the newest first; none to who oversees the country."""
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return refused(told, request)
    period, only = told
    found = await queries.behind_figure(
        *(call.session, call.actor, period),
        only=only,
        what=what,
        after=after,
        limit=limit,
        now=call.now,
    )
    if isinstance(found, Refusal):
        return refused(found, request)
    words = asked.wording(call)
    lines = tuple(Listed.of(line, words, call.now) for line in found.lines)
    return answer(Lines(hand_offs=lines), headers=links(request, found.after))


def read(call: Call[Any], wanted: Wanted) -> tuple[Period, Group] | Refusal:
    """The period and the group that are asked for, if the token was issued for that."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    return wanted.read(call.session, call.actor, call.now)


def over(sheet: Sheet, period: Period) -> Sheet:
    """A file that says of which months it is, whoever named them."""
    last = months_on(period.ends, -1)
    months = (("since", f"{period.begins:%Y-%m}"), ("until", f"{last:%Y-%m}"))
    return replace(sheet, asked=months)


async def _figures(call: Call[Any], wanted: Wanted, cut: Cut) -> Figures | Refusal:
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return told
    found = await queries.figures_by(
        *(call.session, call.actor, cut, told[0]), only=told[1], now=call.now
    )
    return found if isinstance(found, Refusal) else without_targets(found)


async def _series(call: Call[Any], wanted: Wanted) -> Series | Refusal:
    whole = await _figures(call, wanted, Cut.ALL)  # which refuses what is no period
    if isinstance(whole, Refusal):
        return whole
    return await queries.series_of(
        *(call.session, call.actor),
        only=wanted.group,
        month=months_on(whole.period.ends, -1),
        months=len(whole.period.months),
        now=call.now,
    )


async def _curve(call: Call[Any], wanted: Wanted, measure: Measure) -> Curve | Refusal:
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return told
    return await queries.curve_of(
        *(call.session, call.actor, measure, told[0]), only=told[1], now=call.now
    )
