"""Break-glass over JSON: opened with a fresh proof and a reason, closed, listed, reviewed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.shapes import Line, Saying, Shape, Words, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Glass
from referral.entry import Acting, Call, Witnessed, needs_scope
from referral.errors import Refusal
from referral.session import WriteSession

router = APIRouter(prefix=f"{ROOT}/break-glass", tags=["cases"], route_class=Route)


class Breaking(Saying):
    """Which case, by its reference, and for how long."""

    model_config = shown(
        {"reference": "ZZ-7K3M-Q9TX", "minutes": 30, "reason": "She called; the holder is away."}
    )

    reference: Line
    minutes: int = Field(default=60, ge=1, le=60)


class Reviewing(Shape):
    """What the review found, in words too."""

    model_config = shown({"finding": "justified", "words": "The holder confirms the call."})

    finding: Literal["justified", "not_justified"]
    words: Words


class Opened(Answer):
    """A glass was broken, closed or reviewed."""

    id: UUID
    case_id: UUID
    state: str
    ends_at: datetime


class Broken(Answer):
    """One glass: who, which case, from when until when, why, and what the review found."""

    id: UUID
    case_id: UUID
    reference: str | None
    person: str
    agency: str
    opened_at: datetime
    ends_at: datetime
    review_due_at: datetime
    reviewed_at: datetime | None
    finding: str | None
    reason: str
    words: str | None


class Glasses(Answer):
    """Those you may know of."""

    glasses: tuple[Broken, ...]


@router.get("", response_model=Glasses)
async def glasses_of(call: Witnessed, request: Request) -> Response:
    """For supervisors (their agency's) and whoever protects data: the unreviewed first."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    found = await queries.glasses_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    rows = (asdict(one) for one in found)
    return answer(
        Glasses(
            glasses=tuple(Broken(**{k: v for k, v in row.items() if k != "mine"}) for row in rows)
        )
    )


@router.post("", status_code=201, response_model=Opened, openapi_extra=KEYED)
async def break_glass(call: Acting, asked: Headers, body: Breaking) -> Response:
    """Open one case of your own agency in an emergency, for an hour at most."""
    done = _stored(call) or await casework.break_glass(
        call.session,
        call.actor,
        body.reference,
        asked.said(body),
        minutes=body.minutes,
        now=call.now,
    )
    return _opened(done, 201)


@router.post("/{glass_id}/closure", response_model=Opened, openapi_extra=KEYED)
async def close_glass(call: Acting, glass_id: UUID) -> Response:
    """Close it before its time."""
    done = _stored(call) or await casework.close_glass(
        call.session, call.actor, glass_id, now=call.now
    )
    return _opened(done)


@router.post("/{glass_id}/review", response_model=Opened, openapi_extra=KEYED)
async def review_glass(call: Acting, glass_id: UUID, body: Reviewing) -> Response:
    """Was it right to break it? Never by who broke it."""
    done = _stored(call) or await casework.review_glass(
        call.session, call.actor, glass_id, body.finding, body.words, now=call.now
    )
    return _opened(done)


def _stored(call: Call[WriteSession]) -> Glass | None:
    needs_scope(call, Scope.CASES_WRITE)
    return Glass.again(call.stored) if call.stored is not None else None


def _opened(done: Glass | Refusal, status: int = 200) -> Response:
    return refused(done) if isinstance(done, Refusal) else answer(Opened(**asdict(done)), status)
