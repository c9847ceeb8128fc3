"""The supervisor's overview: how long answers take, what is late, what was left idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Reading
from referral.errors import Refusal
from referral.queries import HandOffLine, Left, ResponseTimes
from referral.queries.first_referrals import FirstReferral
from referral.queries.oversight import MOST_IDLE
from referral.web.lines import Line, Reader
from referral.web.pages import PageRoute, error_page, page
from referral.web.wording import Law, length

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Tile:
    """One number at the top, and where it leads."""

    number: str
    words: str
    late: bool
    target: str


@dataclass(frozen=True, slots=True)
class AgencyTimes:
    """One receiving agency's row."""

    agency: str
    counts: tuple[int, ...]
    times: tuple[str, ...]
    attested: int
    data_errors: int
    small: bool


@dataclass(frozen=True, slots=True)
class History:
    """Imported history of one mandate."""

    mandate: str
    cases: int
    median: str
    ninth: str
    before: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The page."""

    tiles: tuple[Tile, ...]
    agencies: tuple[AgencyTimes, ...]
    overdue: tuple[Line, ...]
    idle: tuple[Line, ...]
    unlisted: tuple[str, str]  # of both, how many there is no room for; none: empty
    history: tuple[History, ...]


@router.get("/oversight")
async def overview(request: Request, call: Reading) -> Response:
    """Figures over what the supervisor's own unit sent or received."""
    session, actor, now = call.session, call.actor, call.now
    left = await queries.left_in(session, actor, now=now)
    if isinstance(left, Refusal):
        return error_page(request, left, call)
    times = await queries.response_times_in(session, actor, left=left, now=now)
    if isinstance(times, Refusal):
        return error_page(request, times, call)
    late = _lines(await queries.overdue_in(session, actor, now=now))
    idle = _lines(await queries.holder_idle_in(session, actor, now=now))
    history = await queries.imported_first_referrals(session, actor, now=now)
    reader = Reader.of(call)
    view = Overview(
        tiles=_tiles(times, left),
        agencies=tuple(_times(one, reader.law) for one in times),
        overdue=tuple(reader.line(one) for one in late),
        idle=tuple(reader.line(one) for one in idle),
        unlisted=(_rest(left.overdue - len(late)), _rest(left.idle - len(idle), left)),
        history=()
        if isinstance(history, Refusal)
        else tuple(_history(one, reader.law) for one in history),
    )
    return page(request, "oversight/overview.html", view, title="Overview", call=call)


def _lines(found: Sequence[HandOffLine] | Refusal) -> Sequence[HandOffLine]:
    return () if isinstance(found, Refusal) else found


def _tiles(times: Sequence[ResponseTimes], left: Left) -> tuple[Tile, ...]:
    waiting = sum(one.waiting for one in times)
    late = left.overdue
    idle = f"{MOST_IDLE}+" if left.idle > MOST_IDLE else str(left.idle)
    accepted = sum(one.accepted for one in times)
    return (
        Tile(str(waiting), "wait for an answer", late=False, target="#times"),
        Tile(str(late), "past their limit", late=bool(late), target="#overdue"),
        Tile(idle, "accepted, then idle for 3 days", late=bool(left.idle), target="#idle"),
        Tile(str(accepted), "accepted", late=False, target="#times"),
    )


def _rest(more: int, left: Left | None = None) -> str:
    """How many a list leaves out; of what is not counted to its end, at least."""
    endless = left is not None and left.idle > MOST_IDLE
    return "" if more <= 0 else f"{'at least ' if endless else ''}{more}"


def _times(one: ResponseTimes, law: Law) -> AgencyTimes:
    return AgencyTimes(
        agency=law.label(one.agency),
        counts=(one.asked, one.waiting, one.accepted, one.declined, one.overdue),
        times=tuple(
            length(span) for span in (one.to_received, one.median, one.p90, one.to_contact)
        ),
        attested=one.attested,
        data_errors=one.data_errors,
        small=one.small and one.accepted > 0,
    )


def _history(one: FirstReferral, law: Law) -> History:
    def days(number: float | None) -> str:
        return "–" if number is None else f"{number:g} d"

    return History(
        law.label(one.mandate),
        one.cases,
        days(one.median_days),
        days(one.p90_days),
        one.before_intake,
    )
