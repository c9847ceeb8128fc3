"""The log of a case over JSON: for auditors, and for those who have a part in the case."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from agencies.duties import Scope
from referral import queries
from referral.api.asked import Headers, Route
from referral.api.timeline_answers import Happened, Timeline
from referral.api.wire import ROOT, answer, refused
from referral.entry import Reading, needs_scope
from referral.errors import Refusal

router = APIRouter(prefix=f"{ROOT}/audit", tags=["audit"], route_class=Route)


@router.get("/cases/{case_id}", response_model=Timeline)
async def entries_of(call: Reading, request: Request, asked: Headers, case_id: UUID) -> Response:
    """The headers of a case's log, chained by hash; never a body, never a name."""
    needs_scope(call, Scope.AUDIT_READ)
    lines = await queries.timeline_of(call.session, call.actor, case_id, now=call.now)
    if isinstance(lines, Refusal):
        return refused(lines, request)
    words = asked.wording(call)
    return answer(
        Timeline(case_id=case_id, lines=tuple(Happened.of(line, words) for line in lines))
    )
