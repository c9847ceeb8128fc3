"""Erasure and legal holds over JSON: asked for by one, approved by whoever protects data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, StrictBool

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.shapes import Line, Saying, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Ground, Narrowed
from referral.entry import Acting, Call, Witnessed, needs_scope
from referral.errors import Refusal
from referral.session import WriteSession

router = APIRouter(prefix=ROOT, tags=["cases"], route_class=Route)
_REFERENCE = "ZZ-7K3M-Q9TX"


class Erasing(Saying):
    """What is to be erased: a whole case, or of it the person with this number; and why.

    ``notes``: of those about the whole case, which name her and go with her. If left out where
    there are such notes, the answer (422) lists them, each as ``/notes/<its id>``.
    """

    model_config = shown(
        {
            "reference": _REFERENCE,
            "person": None,
            "notes": None,
            "ground": "REQUEST",
            "reason": "She is of age now and asks for it; the court's file is closed.",
        }
    )

    reference: Line
    person: int | None = Field(default=None, ge=1, le=32767)
    notes: list[UUID] | None = Field(default=None, max_length=1000)
    ground: Ground


class Holding(Saying):
    """A case that is to be kept as it is, why, and on what that rests."""

    model_config = shown(
        {
            "reference": _REFERENCE,
            "source": "Northern court, letter 118/2026",
            "reason": "The trial of the kiln's owner has begun.",
        }
    )

    reference: Line
    source: Line


class Lifting(Saying):
    """Why a hold is no longer needed."""

    model_config = shown({"reason": "The judgment is final."})


class ErasureAnswer(Saying):
    """The second person's answer, and why."""

    model_config = shown(
        {"approve": True, "reason": "No proceedings are open; she was identified."}
    )

    approve: StrictBool


class Asked(Answer):
    """An erasure, or the lifting of a hold, that somebody has asked for."""

    id: UUID
    case_id: UUID
    act: str
    reference: str | None
    number: int | None
    ground: str | None
    asked_at: datetime
    expires_at: datetime
    answer: str | None
    mine: bool
    notes_gone: int
    notes_left: int
    reason: str


class Hold(Answer):
    """A legal hold as it stands."""

    id: UUID
    case_id: UUID
    reference: str | None
    set_at: datetime
    lifted_at: datetime | None
    reason: str
    source: str


class PeriodOver(Answer):
    """A case that has been kept as long as its country's file says."""

    case_id: UUID
    reference: str | None
    closed_at: datetime
    noted_at: datetime


class Gone(Answer):
    """What was erased, when, and on which ground."""

    id: UUID
    case_id: UUID
    reference: str
    number: int | None
    ground: str
    erased_at: datetime


class Erasures(Answer):
    """All of it as the reader may know it, the newest first."""

    asked: tuple[Asked, ...]
    holds: tuple[Hold, ...]
    due: tuple[PeriodOver, ...]
    gone: tuple[Gone, ...]


class ErasureDecided(Answer):
    """Asked, approved, refused or held."""

    id: UUID
    case_id: UUID
    state: str


@router.get("/erasures", response_model=Erasures)
async def erasures_of(call: Witnessed, request: Request) -> Response:
    """What was asked for, which holds stand, whose period is over, what is gone."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    found = await queries.erasures_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(Erasures(**asdict(found)))


@router.post("/erasures", status_code=201, response_model=ErasureDecided, openapi_extra=KEYED)
async def ask_erasure(call: Acting, asked: Headers, body: Erasing) -> Response:
    """Ask that a case, or one person of it, be erased; nothing changes before another approves."""
    done = _stored(call) or await casework.ask_erasure(
        call.session,
        call.actor,
        body.reference,
        body.ground,
        asked.said(body),
        number=body.person,
        notes=body.notes,
        now=call.now,
    )
    return _decided(done, 201)


@router.post("/erasures/{proposal_id}/answer", response_model=ErasureDecided, openapi_extra=KEYED)
async def answer_erasure(
    call: Acting, asked: Headers, proposal_id: UUID, body: ErasureAnswer
) -> Response:
    """Approve or refuse; an approval erases, or lifts the hold, in the same act and for ever."""
    done = _stored(call) or await casework.answer_erasure(
        call.session,
        call.actor,
        proposal_id,
        asked.said(body),
        approve=body.approve,
        now=call.now,
    )
    return _decided(done)


@router.post("/legal-holds", status_code=201, response_model=ErasureDecided, openapi_extra=KEYED)
async def set_hold(call: Acting, asked: Headers, body: Holding) -> Response:
    """Keep a case as it is, from this moment: nothing of it is erased, struck out or merged."""
    done = _stored(call) or await casework.set_hold(
        call.session, call.actor, body.reference, body.source, asked.said(body), now=call.now
    )
    return _decided(done, 201)


@router.post(
    "/legal-holds/{hold_id}/lifting",
    status_code=201,
    response_model=ErasureDecided,
    openapi_extra=KEYED,
)
async def ask_lifting(call: Acting, asked: Headers, hold_id: UUID, body: Lifting) -> Response:
    """Ask that a hold be lifted; whoever protects data answers as for an erasure."""
    done = _stored(call) or await casework.ask_lifting(
        call.session, call.actor, hold_id, asked.said(body), now=call.now
    )
    return _decided(done, 201)


def _stored(call: Call[WriteSession]) -> Narrowed | None:
    needs_scope(call, Scope.CASES_WRITE)
    return Narrowed.again(call.stored) if call.stored is not None else None


def _decided(done: Narrowed | Refusal, status: int = 200) -> Response:
    if isinstance(done, Refusal):
        return refused(done)
    body = ErasureDecided(id=UUID(done.id), case_id=UUID(done.case_id), state=done.state)
    return answer(body, status)
