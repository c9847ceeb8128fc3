"""What figures are asked: each question once, with its parameters and its words.

Its answer becomes a page (``web``), JSON or a file (``api``). Who may ask which, and what is hidden
from whom, is decided in the queries.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Query

from agencies.duties import Scope
from referral import queries
from referral.entry import Call, Reading, needs_scope
from referral.errors import Refusal
from referral.exports.pilots import MOST_MONTHS, By, Pilot, pilot_seen
from referral.figures import Curve, Cut, Figure, Figures, Funnel, Group, Measure, Period, months_on
from referral.queries import Behind, Bottleneck, LimitKept, Returns, SenderActs, Uncontacted, Wanted
from referral.queries.figure_rows import refused_figures
from referral.session import Actor, ReadSession

F = TypeVar("F")
G = TypeVar("G")
Asked = Annotated[Wanted, Depends()]
Code = Annotated[str, Query(pattern=r"^[\w.-]{1,64}$")]
Most = Annotated[int, Query(ge=1, le=200)]
Months = Annotated[int, Query(ge=1, le=MOST_MONTHS)]
Series = tuple[tuple[date, Figure], ...]

_ALL: Final = tuple(one.name for one in fields(Wanted))


@dataclass(frozen=True, slots=True)
class Told(Generic[F]):
    """An answer. ``wanted``: its months, and what it was narrowed to, as in an address."""

    found: F
    period: Period
    wanted: Wanted


async def figures_by(
    call: Reading, wanted: Asked, cut: Cut = Cut.AGENCY
) -> Told[Figures] | Refusal:
    """Counts, times and kept limits by group; months are written 2026-03."""
    told = await _told(call, wanted, partial(queries.figures_by, cut=cut))
    if isinstance(told, Refusal):
        return told
    return replace(told, found=queries.without_targets(told.found))


async def series_of(call: Reading, wanted: Asked) -> Told[Series] | Refusal:
    """The same group, month by month."""
    return await _told(call, wanted, _months)


async def curve_of(
    call: Reading, wanted: Asked, measure: Measure = Measure.ACCEPTED
) -> Told[Curve] | Refusal:
    """How long until it happens, with those for whom it has not happened yet."""
    return await _told(call, wanted, partial(queries.curve_of, measure=measure))


async def behind_figure(
    call: Reading, wanted: Asked, what: str = "asked", after: str | None = None, limit: Most = 50
) -> Told[Behind] | Refusal:
    """The hand-offs one number counts, the newest first; none to who oversees the country."""
    page = partial(queries.behind_figure, what=what, after=after, limit=limit)
    return await _told(call, wanted, page)


async def comparison_of(call: Reading, wanted: Asked) -> Told[Funnel] | Refusal:
    """A funnel: fair to caseload, because few cases scatter more than many."""
    return await _told(call, wanted, queries.comparison_of)


async def bottlenecks_of(call: Reading, wanted: Asked) -> Told[tuple[Bottleneck, ...]] | Refusal:
    """Where the cases of ``track`` wait; an unknown track is one nobody was asked under."""
    of_track = partial(queries.bottlenecks_of, track=wanted.track)
    return await _told(call, wanted, of_track, narrows=("track",))


async def law_gaps_in(call: Reading, wanted: Asked) -> Told[tuple[LimitKept, ...]] | Refusal:
    """Every limit without a number in law that ran, and how often it was missed."""
    return await _told(call, wanted, queries.law_gaps_in, narrows=())


async def attested_in(call: Reading, wanted: Asked) -> Told[tuple[SenderActs, ...]] | Refusal:
    """Answers given in another's name, by sender, and what of it nobody has confirmed."""
    return await _told(call, wanted, queries.attested_in, narrows=())


async def returns_in(call: Reading, wanted: Asked) -> Told[Returns] | Refusal:
    """What came back after it was taken, by agency, and who came again after closure."""
    return await _told(call, wanted, queries.returns_in, narrows=())


async def uncontacted_in(call: Reading, wanted: Asked) -> Told[tuple[Uncontacted, ...]] | Refusal:
    """Accepted three days ago or before, and nobody has been in contact with the person yet."""
    return await _told(call, wanted, _uncontacted_now, narrows=())


async def pilot_of(
    call: Reading, track: Code, version: Code, by: By = By.TIME, months: Months = 6
) -> Told[Pilot] | Refusal:
    """Both sides of a version of a track; ``months``: of each side, at most."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    who = (call.session, call.actor)
    found = await pilot_seen(*who, track, version, by=by, months=months, now=call.now)
    if isinstance(found, Refusal):
        return found
    return Told(found, found.whole.other.period, Wanted(track=track))


def together(one: Told[F] | Refusal, other: Told[G] | Refusal) -> Told[tuple[F, G]] | Refusal:
    """Two answers over the same months, for one page."""
    if isinstance(one, Refusal):
        return one
    if isinstance(other, Refusal):
        return other
    return Told((one.found, other.found), one.period, one.wanted)


async def _told(
    call: Call[ReadSession],
    wanted: Wanted,
    query: Callable[..., Awaitable[F | Refusal]],
    *,
    narrows: Collection[str] = _ALL,
) -> Told[F] | Refusal:
    """``narrows``: what of the address beside months the query looks at; all: it takes a group."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    read = wanted.read(call.session, call.actor, call.now)
    if isinstance(read, Refusal):
        return read
    period, only = read
    group: dict[str, Any] = {"only": only} if narrows is _ALL else {}
    found = await query(call.session, call.actor, period=period, now=call.now, **group)
    if isinstance(found, Refusal):
        return found
    looked_at = {name: told for name, told in wanted.query.items() if name in narrows}
    return Told(found, period, Wanted(**looked_at).over(period))


async def _uncontacted_now(
    session: ReadSession, actor: Actor, *, period: Period, now: datetime
) -> tuple[Uncontacted, ...] | Refusal:
    del period  # of a page it stands on; what waits now may have been asked for long before
    return await queries.uncontacted_in(session, actor, now=now)


async def _months(
    session: ReadSession, actor: Actor, *, period: Period, only: Group, now: datetime
) -> Series | Refusal:
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    last, months = months_on(period.ends, -1), len(period.months)
    return await queries.series_of(session, actor, only=only, month=last, months=months, now=now)
