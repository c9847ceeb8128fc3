"""Oversight over JSON: how long answers take, what is overdue, what was accepted and then left."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request, Response

from agencies.duties import Scope
from referral import queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.hand_off_answers import Lines, Listed
from referral.api.wire import ROOT, answer, refused
from referral.entry import Call, Reading, needs_scope
from referral.errors import Refusal
from referral.session import ReadSession

router = APIRouter(prefix=f"{ROOT}/oversight", tags=["oversight"], route_class=Route)

Most = Annotated[int, Query(ge=1, le=200)]


class Times(Answer):
    """One receiving agency (a confidential one by its mandate); durations in seconds."""

    agency: str
    asked: int
    accepted: int
    declined: int
    waiting: int
    overdue: int
    attested: int
    data_errors: int
    requested_to_received: float | None
    received_to_accepted: float | None
    received_to_accepted_p90: float | None
    accepted_to_first_contact: float | None

    @classmethod
    def of(cls, seen: queries.ResponseTimes) -> Self:
        """From the room's figures."""
        counts = ("agency", "asked", "accepted", "declined", "waiting", "overdue", "attested")
        return cls(
            **{name: getattr(seen, name) for name in (*counts, "data_errors")},
            requested_to_received=_seconds(seen.to_received),
            received_to_accepted=_seconds(seen.median),
            received_to_accepted_p90=_seconds(seen.p90),
            accepted_to_first_contact=_seconds(seen.to_contact),
        )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


class ResponseTimes(Answer):
    """Answer times over the hand-offs your unit sent or received."""

    agencies: tuple[Times, ...]


class FirstReferral(Answer):
    """Imported history by mandate: days from intake to first referral."""

    mandate: str
    cases: int
    median_days: float | None
    p90_days: float | None
    before_intake: int


class FirstReferrals(Answer):
    """Imported history has no acceptances: only this can be measured."""

    mandates: tuple[FirstReferral, ...]


@router.get("/response-times", response_model=ResponseTimes)
async def response_times_in(call: Reading, request: Request) -> Response:
    """Received-to-accepted times by agency; attested acts are counted apart."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    seen = await queries.response_times_in(call.session, call.actor, now=call.now)
    if isinstance(seen, Refusal):
        return refused(seen, request)
    return answer(ResponseTimes(agencies=tuple(Times.of(one) for one in seen)))


@router.get("/overdue", response_model=Lines)
async def overdue_in(
    call: Reading, request: Request, asked: Headers, limit: Most = 200
) -> Response:
    """Open hand-offs past a limit, the longest first."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    seen = await queries.overdue_in(call.session, call.actor, now=call.now, limit=limit)
    return _lines(call, request, asked, seen)


@router.get("/idle", response_model=Lines)
async def holder_idle_in(
    call: Reading,
    request: Request,
    asked: Headers,
    days: Annotated[int, Query(ge=0, le=365)] = 3,
    limit: Most = 200,
) -> Response:
    """Accepted, and then nothing: no first contact and no start for some days."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    seen = await queries.holder_idle_in(
        call.session, call.actor, now=call.now, days=days, limit=limit
    )
    return _lines(call, request, asked, seen)


@router.get("/first-referrals", response_model=FirstReferrals)
async def imported_first_referrals(call: Reading, request: Request) -> Response:
    """Intake to first referral of imported history, in days."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    seen = await queries.imported_first_referrals(call.session, call.actor, now=call.now)
    if isinstance(seen, Refusal):
        return refused(seen, request)
    names = FirstReferral.model_fields
    listed = (FirstReferral(**{name: getattr(one, name) for name in names}) for one in seen)
    return answer(FirstReferrals(mandates=tuple(listed)))


def _lines(
    call: Call[ReadSession],
    request: Request,
    asked: Headers,
    seen: tuple[queries.HandOffLine, ...] | Refusal,
) -> Response:
    if isinstance(seen, Refusal):
        return refused(seen, request)
    words = asked.wording(call)
    return answer(Lines(hand_offs=tuple(Listed.of(line, words, call.now) for line in seen)))
