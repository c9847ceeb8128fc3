"""What stands of hand-offs, by month, agency, place, topic, step and version of the protocol.

Whose: people who work on cases see exact figures, an officer over what she herself sent or received,
a supervisor over her unit's, read through row security like a single hand-off. Who oversees the
country (COORDINATOR, STATISTICIAN, DATA_PROTECTION_OFFICER) sees everybody's under the floor of D4
and no hand-off. Everybody else is refused. Closed months come from the roll-up, and the current one of
a country; that of a unit is counted when somebody asks, since rights may have changed a moment ago.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

import numpy as np
from sqlalchemy import text

from referral.errors import Refusal
from referral.figures import (
    EVERYTHING,
    Curve,
    Cut,
    Figure,
    Figures,
    Funnel,
    Group,
    Measure,
    Period,
    months_on,
)
from referral.figures.cells import COUNTED
from referral.figures.floor import FLOOR, floored, hidden, tens
from referral.figures.funnel import funnel
from referral.figures.measures import TOLD_APART
from referral.figures.survival import CurvePoint, Steps, points_of, steps, summaries
from referral.figures.tables import figure_from, monthly, reached, tables
from referral.queries.figure_rows import (
    Whose,
    kept_months,
    last_closed,
    loaded,
    names_of,
    narrowed,
    not_closed,
    refused_figures,
    whose,
)
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page: one month, the month before, and how it went over time.

    ``series``: the whole, month by month, the last is ``month``. ``by_track`` and ``by_agency``:
    the groups of ``month``.
    """

    month: date
    figure: Figure
    before: Figure
    series: tuple[tuple[date, Figure], ...]
    by_track: Figures
    by_agency: Figures


async def overview_in(
    session: ReadSession,
    actor: Actor,
    *,
    month: date | None = None,
    months: int = 24,
    now: datetime,
) -> Overview | Refusal:
    """One month (the last closed one, if none is named) beside the months before it; at least two."""
    month = month or last_closed(session, actor, now)
    period = Period.until(month, max(months, 2))
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    of_month, cuts = Period.month(month), (Cut.TRACK, Cut.AGENCY)
    exact = await _counted(session, actor, cuts, of_month, EVERYTHING, now)
    by_track, by_agency = [
        await _grouped(session, actor, exact, cut, of_month, now) for cut in cuts
    ]
    series = await _monthly(session, actor, EVERYTHING, period, now, {month: exact.total})
    return Overview(month, series[-1][1], series[-2][1], series, by_track, by_agency)


async def figures_by(
    session: ReadSession,
    actor: Actor,
    cut: Cut,
    period: Period,
    *,
    only: Group = EVERYTHING,
    now: datetime,
) -> Figures | Refusal:
    """Groups of one cut over a period; ``only`` narrows to groups that have its values.

    An empty period is an answer with zeros. A period that is none is refused as malformed.
    """
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    exact = await _counted(session, actor, (cut,), period, only, now)
    return await _grouped(session, actor, exact, cut, period, now)


async def series_of(
    session: ReadSession,
    actor: Actor,
    *,
    only: Group = EVERYTHING,
    month: date | None = None,
    months: int = 24,
    now: datetime,
) -> tuple[tuple[date, Figure], ...] | Refusal:
    """One group (an agency, a step, the whole) month by month; ``month`` is the last one."""
    period = Period.until(month or last_closed(session, actor, now), months)
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    return await _monthly(session, actor, only, period, now)


async def curve_of(
    session: ReadSession,
    actor: Actor,
    measure: Measure,
    period: Period,
    *,
    only: Group = EVERYTHING,
    now: datetime,
) -> Curve | Refusal:
    """How long until it happens: the Kaplan-Meier curve of one measure."""
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    cells = (await loaded(session, actor, period, only=only, apart=(), now=now)).cells
    of, seconds, happened, waiting = cells.times(int(now.timestamp()))[measure]
    finished, still = int(happened.sum()), waiting.size
    floor = whose(actor) is Whose.COUNTRY
    if floor and None in {hidden(finished), hidden(seconds.size)}:
        return Curve(measure, only, period, (), None, None, None, None, None, hidden=True)
    found = steps(np.zeros_like(of), seconds, happened)
    median, low, high, _ = (float(one[0]) for one in summaries(found, 1))
    return Curve(
        *(measure, only, period, _points(found, floor=floor)),
        finished=tens(finished) if floor else finished,
        open=tens(still) if floor else still,
        median=reached(median),
        low=reached(low),
        high=reached(high),
    )


def _points(found: Steps, *, floor: bool) -> tuple[CurvePoint, ...]:
    if not floor:
        return points_of(found)
    seen = points_of(found.only(found.at_risk > FLOOR))
    return tuple(replace(one, at_risk=tens(one.at_risk)) for one in seen)


async def comparison_of(
    session: ReadSession,
    actor: Actor,
    period: Period,
    *,
    only: Group = EVERYTHING,
    now: datetime,
) -> Funnel | Refusal:
    """Agencies by the share of legal limits they met, with what chance alone would do."""
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    exact = await _counted(session, actor, (Cut.AGENCY,), period, only, now)
    groups = exact.groups[Cut.AGENCY]
    names = await names_of(session, actor, [one.group for one in groups])
    all_told = whose(actor) is not Whose.COUNTRY

    def seen(one: Figure) -> tuple[int | None, int | None]:
        met, missed = one.legal.met, one.legal.missed
        few = hidden(met) is None or hidden(missed) is None
        return (met, missed) if all_told or not few else (None, None)

    return funnel((one.group, names.get(one.group.agency_id), *seen(one)) for one in groups)


async def _monthly(
    session: ReadSession,
    actor: Actor,
    only: Group,
    period: Period,
    now: datetime,
    known: Mapping[date, Figure] = MappingProxyType({}),
) -> tuple[tuple[date, Figure], ...]:
    """``known``: months counted already."""
    told = dict(known)
    if whose(actor) is Whose.COUNTRY:
        told |= await _kept_series(session, only, period)
    left = [one for one in period.months if one not in told]
    if left:
        rest = Period(left[0], months_on(left[-1], 1))
        found = await loaded(session, actor, rest, only=only, apart=(), now=now)
        every = monthly(found.cells, found.limits, rest.months, int(now.timestamp()))
        told |= {month: one for month, one in every if month in left}
    names = await names_of(session, actor, [only])
    name = names.get(only.agency_id)
    shown = ((month, _shown(actor, (), told[month])[1]) for month in period.months)
    return tuple((month, replace(one, group=only, name=name)) for month, one in shown)


async def _grouped(
    session: ReadSession, actor: Actor, exact: _Exact, cut: Cut, period: Period, now: datetime
) -> Figures:
    shown, whole = _shown(actor, exact.groups[cut], exact.total)
    names = await names_of(session, actor, [one.group for one in shown])
    told = tuple(replace(one, name=names.get(one.group.agency_id)) for one in shown)
    open_months = not_closed(session, actor, period, now)
    return Figures(cut, period, whose(actor).value, exact.as_of, whole, told, open_months)


def _shown(
    actor: Actor, groups: Sequence[Figure], total: Figure
) -> tuple[tuple[Figure, ...], Figure]:
    """Under the floor, for whoever works on none of them."""
    return floored(groups, total) if whose(actor) is Whose.COUNTRY else (tuple(groups), total)


@dataclass(frozen=True, slots=True)
class _Exact:
    """Figures by cut and their total: what leaves this module is ``_shown`` first."""

    groups: Mapping[Cut, tuple[Figure, ...]]
    total: Figure
    as_of: datetime


async def _counted(
    session: ReadSession,
    actor: Actor,
    cuts: Collection[Cut],
    period: Period,
    only: Group,
    now: datetime,
) -> _Exact:
    """By several cuts: counted once for all of them."""
    if whose(actor) is Whose.COUNTRY and len(period.months) == 1:
        kept, whole = await kept_months(session, period), _cut_of(only)
        if kept and whole is not None and all(only == only.on(cut) for cut in cuts):
            groups = {cut: await _kept_groups(session, cut, period, only) for cut in cuts}
            total = next(iter(await _kept_groups(session, whole, period, only)), _nothing(only))
            return _Exact(groups, replace(total, group=EVERYTHING), kept[period.begins])
    apart = {name for cut in cuts for name in TOLD_APART[cut]}
    found = await loaded(session, actor, period, only=only, apart=apart, now=now)
    every = tables(found.cells, found.limits, {Cut.ALL, *cuts}, int(now.timestamp()))
    told = {table.cut: tuple(table.figures()) for table in every}
    return _Exact(told, told[Cut.ALL][0], found.as_of)


# Months as they are kept ------------------------------------------------------------------------
_KEPT: Final = """
SELECT f.month, f.agency_id, f.jurisdiction, f.track, f.step, f.version, f.counts, f.tallies, f.estimates, f.legal, f.proposed
FROM referral.figure f WHERE f.cut = :cut AND f.month >= :begins AND f.month < :ends
"""
_NUMBERS: Final = ("counts", "tallies", "estimates", "legal", "proposed")


def _cut_of(only: Group) -> Cut | None:
    """The cut that tells apart exactly what is asked of a group."""
    told = {one.name for one in fields(only) if getattr(only, one.name) is not None}
    return next((cut for cut, apart in TOLD_APART.items() if set(apart) == told), None)


async def _kept(
    session: ReadSession, cut: Cut, period: Period, only: Group
) -> list[tuple[date, Figure]]:
    wanted, more = narrowed(only, "f")
    values = {"cut": cut.value, "begins": period.begins, "ends": period.ends, **more}
    rows = (await session.connection.execute(text(_KEPT + wanted), values)).mappings()
    names = tuple(one.name for one in fields(Group))
    return [
        (
            row["month"],
            figure_from(
                Group(**{name: row[name] for name in names}), *(row[name] for name in _NUMBERS)
            ),
        )
        for row in rows
    ]


async def _kept_groups(
    session: ReadSession, cut: Cut, period: Period, only: Group
) -> tuple[Figure, ...]:
    found = (one for _, one in await _kept(session, cut, period, only))
    return tuple(sorted(found, key=_order))


async def _kept_series(session: ReadSession, only: Group, period: Period) -> dict[date, Figure]:
    """Months that are kept; of a group that had nothing in one of them, a month of nothing."""
    cut = _cut_of(only)
    if cut is None:
        return {}
    found = dict(await _kept(session, cut, period, only))
    return {m: found.get(m, _nothing(only)) for m in await kept_months(session, period)}


def _nothing(only: Group) -> Figure:
    return figure_from(only, [0] * len(COUNTED), [0] * 12, [None] * 16, [0] * 4, [0] * 4)


def _order(figure: Figure) -> tuple[str, ...]:
    return tuple(str(getattr(figure.group, one.name) or "") for one in fields(Group))
