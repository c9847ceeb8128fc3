"""Limits of the holder's own over JSON: what hangs on no hand-off and is due all the same."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from agencies.duties import Scope
from referral import queries
from referral.api.answers import Answer, Titled
from referral.api.asked import Headers, Route
from referral.api.wire import ROOT, answer, refused
from referral.entry import Reading, needs_scope
from referral.errors import Refusal

router = APIRouter(prefix=ROOT, tags=["hand-offs"], route_class=Route)


class OwnLimit(Answer):
    """A duty or review of the unit that holds the person."""

    id: UUID
    case_id: UUID
    referral_id: UUID
    reference: str
    person_number: int
    step: Titled
    clock: str
    state: str
    due_at: datetime
    overdue: bool
    immediate: bool
    basis: str
    derivation: tuple[str, ...]


class OwnLimits(Answer):
    """The nearest first."""

    limits: tuple[OwnLimit, ...]


@router.get("/own-limits", response_model=OwnLimits)
async def own_limits_of(
    call: Reading,
    request: Request,
    asked: Headers,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What your unit must do as the holder, by when; hand-offs are in the inbox."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    found = await queries.own_limits_of(call.session, call.actor, limit=limit, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    words = asked.wording(call)
    return answer(
        OwnLimits(
            limits=tuple(
                OwnLimit(
                    id=one.id,
                    case_id=one.case_id,
                    referral_id=one.referral_id,
                    reference=one.reference,
                    person_number=one.person_number,
                    step=Titled(code=one.step, title=words.step(one, one.step)),
                    clock=one.clock,
                    state=one.state,
                    due_at=one.due_at,
                    overdue=one.late(call.now),
                    immediate=one.immediate,
                    basis=one.basis,
                    derivation=one.derivation,
                )
                for one in found
            )
        )
    )
