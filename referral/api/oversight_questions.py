"""What the figures are asked: agencies compared, where cases wait, gaps in the law, what came back.

A number that is null is hidden by the floor; zero is zero. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.figure_files import files
from referral.api.oversight_figures import Asked, over, read
from referral.api.wire import ROOT, answer, refused
from referral.entry import Reading
from referral.errors import Refusal
from referral.exports.figure_sheets import (
    attested_sheet,
    bottlenecks_sheet,
    comparison_sheet,
    law_gaps_sheet,
    returns_sheet,
)
from referral.exports.sheets import Sheet
from referral.figures import Figure, Funnel
from referral.queries import Bottleneck, LimitKept, Returns, SenderActs, Wanted

router = APIRouter(prefix=f"{ROOT}/oversight", tags=["oversight"], route_class=Route)


class ComparisonSeen(Answer):
    """Agencies by the share of limits of law and procedure they met, and what chance would do."""

    funnel: Funnel


class BottlenecksSeen(Answer):
    """The steps of a track in its order: who waits there, how long, against which limits."""

    steps: tuple[Bottleneck, ...]


class LawGapsSeen(Answer):
    """Assumed limits, the most often missed first."""

    limits: tuple[LimitKept, ...]


class AttestedSeen(Answer):
    """By sender: answers given in another's name."""

    senders: tuple[SenderActs, ...]


class TrackReturns(Answer):
    """New referrals of one track that follow a closed one."""

    track: str
    re_entries: int | None


class ReturnsSeen(Answer):
    """What came back after it was taken (``returned``, ``asked_again``), and who came again."""

    by_agency: tuple[Figure, ...]
    re_entries: int | None
    by_track: tuple[TrackReturns, ...]


@router.get("/comparison", response_model=ComparisonSeen)
async def comparison_of(call: Reading, request: Request, wanted: Asked) -> Response:
    """A funnel: fair to caseload, because few cases scatter more than many."""
    found = await _compared(call, wanted)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(ComparisonSeen(funnel=found))


@files(router, "/comparison")
async def comparison_file(call: Reading, wanted: Asked) -> Sheet | Refusal:
    """The same as a file."""
    found = await _compared(call, wanted)
    if isinstance(found, Refusal):
        return found
    return _of(call, wanted, comparison_sheet(found, call.now))


@router.get("/bottlenecks", response_model=BottlenecksSeen)
async def bottlenecks_of(call: Reading, request: Request, wanted: Asked) -> Response:
    """Where the cases of ``track`` wait; an unknown track is one nobody was asked under."""
    found = await _waiting(call, wanted)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(BottlenecksSeen(steps=found))


@files(router, "/bottlenecks")
async def bottlenecks_file(call: Reading, wanted: Asked) -> Sheet | Refusal:
    """The same as a file."""
    found = await _waiting(call, wanted)
    if isinstance(found, Refusal):
        return found
    return _of(call, wanted, bottlenecks_sheet(wanted.track, found, call.now))


@router.get("/law-gaps", response_model=LawGapsSeen)
async def law_gaps_in(call: Reading, request: Request, wanted: Asked) -> Response:
    """Every limit without a number in law that ran, and how often it was missed."""
    found = await _gaps(call, wanted)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(LawGapsSeen(limits=tuple(found)))


@files(router, "/law-gaps")
async def law_gaps_file(call: Reading, wanted: Asked) -> Sheet | Refusal:
    """The same as a file."""
    found = await _gaps(call, wanted)
    if isinstance(found, Refusal):
        return found
    return _of(call, wanted, law_gaps_sheet(found, call.now))


@router.get("/attested", response_model=AttestedSeen)
async def attested_in(call: Reading, request: Request, wanted: Asked) -> Response:
    """Answers given in another's name, by sender, and what of it nobody has confirmed."""
    found = await _attested(call, wanted)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(AttestedSeen(senders=tuple(found)))


@files(router, "/attested")
async def attested_file(call: Reading, wanted: Asked) -> Sheet | Refusal:
    """The same as a file."""
    found = await _attested(call, wanted)
    if isinstance(found, Refusal):
        return found
    return _of(call, wanted, attested_sheet(found, call.now))


@router.get("/returns", response_model=ReturnsSeen)
async def returns_in(call: Reading, request: Request, wanted: Asked) -> Response:
    """What came back after it was taken, by agency, and who came again after closure."""
    found = await _returned(call, wanted)
    if isinstance(found, Refusal):
        return refused(found, request)
    by_track = tuple(TrackReturns(track=t, re_entries=count) for t, count in found.by_track)
    groups = queries.apart(found.by_agency)
    return answer(ReturnsSeen(by_agency=groups, re_entries=found.re_entries, by_track=by_track))


@files(router, "/returns")
async def returns_file(call: Reading, wanted: Asked) -> Sheet | Refusal:
    """The same as a file."""
    found = await _returned(call, wanted)
    if isinstance(found, Refusal):
        return found
    return _of(call, wanted, returns_sheet(found, call.now))


def _of(call: Reading, wanted: Wanted, sheet: Sheet) -> Sheet | Refusal:
    told = wanted.read(call.session, call.actor, call.now)
    return told if isinstance(told, Refusal) else over(sheet, told[0])


async def _returned(call: Reading, wanted: Wanted) -> Returns | Refusal:
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return told
    return await queries.returns_in(call.session, call.actor, told[0], now=call.now)


async def _waiting(call: Reading, wanted: Wanted) -> tuple[Bottleneck, ...] | Refusal:
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return told
    period, only = told
    return await queries.bottlenecks_of(
        call.session, call.actor, only.track or "", period, now=call.now
    )


async def _compared(call: Reading, wanted: Asked) -> Funnel | Refusal:
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return told
    period, only = told
    return await queries.comparison_of(call.session, call.actor, period, only=only, now=call.now)


async def _gaps(call: Reading, wanted: Asked) -> Sequence[LimitKept] | Refusal:
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return told
    return await queries.law_gaps_in(call.session, call.actor, told[0], now=call.now)


async def _attested(call: Reading, wanted: Asked) -> Sequence[SenderActs] | Refusal:
    told = read(call, wanted)
    if isinstance(told, Refusal):
        return told
    return await queries.attested_in(call.session, call.actor, told[0], now=call.now)
