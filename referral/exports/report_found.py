"""What the monthly report is made of: the questions of the pages of figures, asked once each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from protocols.protocol import Protocol
from referral import errors, queries
from referral.errors import Fault, Refusal, RefusedError
from referral.exports.report_law import IDLE_DAYS, MOST, Late
from referral.figures import Curve, Cut, Figures, Funnel, Measure, Period, month_of
from referral.queries import Bottleneck, LimitKept, Overview, Returns, SenderActs
from referral.queries.figure_rows import Whose, last_closed, whose, zone_of
from referral.session import Actor, ReadSession

MONTHS: Final = 12  # that are told, the last of them the month itself
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was answered, to whom and when."""

    actor: Actor
    month: date
    printed_at: datetime
    overview: Overview
    curve: Curve
    comparison: Funnel
    versions: Figures
    in_force: tuple[Protocol, ...]
    attested: tuple[SenderActs, ...]
    returns: Returns
    gaps: tuple[LimitKept, ...]
    bottlenecks: dict[str, tuple[Bottleneck, ...]]
    late: Late | None  # to a supervisor alone

    @property
    def floored(self) -> bool:
        """Whether its numbers stand under the floor."""
        return whose(self.actor) is Whose.COUNTRY


async def found_in(
    session: ReadSession, actor: Actor, month: str, *, now: datetime
) -> Found | Refusal:
    """A month written ``2026-03``, or the last that is over. A refusal is in her log already."""
    first = queries.month_in(month) if month else last_closed(session, actor, now)
    if first is None:
        return _wrong("malformed", "Write a month as year and month: 2026-03.")
    if first > month_of(now, zone_of(session, actor)):
        return _wrong("future", "This month has not begun: choose an earlier one.")
    try:
        return await _found(session, actor, first, now)
    except RefusedError as refused:
        return refused.refusal


async def _found(session: ReadSession, actor: Actor, month: date, now: datetime) -> Found:
    asked, period = (session, actor), Period.month(month)
    overview = _granted(await queries.overview_in(*asked, month=month, months=MONTHS, now=now))
    last = min(period.ends - timedelta(days=1), session.day_in(actor.country, now))
    in_force = session.catalogue.in_force(actor.country, last)
    tracks = {one.group.track or "" for one in overview.by_track.groups}
    tracks |= {one.track for one in in_force}
    return Found(
        actor,
        month,
        now,
        overview,
        curve=_granted(await queries.curve_of(*asked, Measure.ACCEPTED, period, now=now)),
        comparison=_granted(await queries.comparison_of(*asked, period, now=now)),
        versions=_granted(await queries.figures_by(*asked, Cut.VERSION, period, now=now)),
        in_force=in_force,
        attested=_granted(await queries.attested_in(*asked, period, now=now)),
        returns=_granted(await queries.returns_in(*asked, period, now=now)),
        gaps=_granted(await queries.law_gaps_in(*asked, period, now=now)),
        bottlenecks={
            track: _granted(await queries.bottlenecks_of(*asked, track, period, now=now))
            for track in sorted(tracks)
        },
        late=await _late(session, actor, now) if whose(actor) is Whose.UNIT else None,
    )


async def _late(session: ReadSession, actor: Actor, now: datetime) -> Late:
    asked = (session, actor)
    overdue = _granted(await queries.overdue_in(*asked, now=now, limit=MOST))
    idle = _granted(await queries.holder_idle_in(*asked, days=IDLE_DAYS, now=now, limit=MOST))
    return Late(len(overdue), len(idle))


def _granted(answer: T | Refusal) -> T:
    if isinstance(answer, Refusal):
        raise RefusedError(answer)
    return answer


def _wrong(code: str, told: str) -> Refusal:
    return errors.invalid_input([Fault("/month", code, told)])
