"""Removals over JSON: an excluded holder's custody goes to the national body, by two persons."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import StrictBool

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.shapes import Line, Saying, Shape, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Narrowed
from referral.entry import Acting, Call, Witnessed, needs_scope
from referral.errors import Refusal
from referral.session import WriteSession

router = APIRouter(prefix=f"{ROOT}/removals", tags=["cases"], route_class=Route)


class Removing(Saying):
    """Who is to be removed from which case: a person by user name, an agency by its key."""

    model_config = shown(
        {
            "reference": "ZZ-7K3M-Q9TX",
            "kind": "agency",
            "name": "CHILDREN-ZZ-N",
            "reason": "Two witnesses say that its head is paid by the owner.",
        }
    )

    reference: Line
    kind: Literal["person", "agency"]
    name: Line


class Deciding(Shape):
    """The second person's answer."""

    model_config = shown({"approve": True})

    approve: StrictBool


class Removal(Answer):
    """One removal as it stands."""

    id: UUID
    case_id: UUID
    name: str
    asked_at: datetime
    expires_at: datetime
    answer: str | None
    mine: bool
    reason: str


class Removals(Answer):
    """Those of the country, the unanswered first."""

    removals: tuple[Removal, ...]


class Decided(Answer):
    """Asked, approved or refused."""

    id: UUID
    case_id: UUID
    state: str


@router.get("", response_model=Removals)
async def removals_of(call: Witnessed, request: Request) -> Response:
    """For coordinators and whoever protects data."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    found = await queries.removals_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(Removals(removals=tuple(Removal(**asdict(one)) for one in found)))


@router.post("", status_code=201, response_model=Decided, openapi_extra=KEYED)
async def ask_removal(call: Acting, asked: Headers, body: Removing) -> Response:
    """Ask that a holder be removed; nothing changes before another person approves."""
    done = _stored(call) or await casework.ask_removal(
        call.session,
        call.actor,
        body.reference,
        body.kind,
        body.name,
        asked.said(body),
        now=call.now,
    )
    return _decided(done, 201)


@router.post("/{proposal_id}/answer", response_model=Decided, openapi_extra=KEYED)
async def answer_removal(call: Acting, proposal_id: UUID, body: Deciding) -> Response:
    """Approve or refuse; an approval excludes the holder and moves custody in the same act."""
    done = _stored(call) or await casework.answer_removal(
        call.session, call.actor, proposal_id, approve=body.approve, now=call.now
    )
    return _decided(done)


def _stored(call: Call[WriteSession]) -> Narrowed | None:
    needs_scope(call, Scope.CASES_WRITE)
    return Narrowed.again(call.stored) if call.stored is not None else None


def _decided(done: Narrowed | Refusal, status: int = 200) -> Response:
    if isinstance(done, Refusal):
        return refused(done)
    return answer(Decided(id=UUID(done.id), case_id=UUID(done.case_id), state=done.state), status)
