"""Cases over JSON: filing a report, reading it group by group, its timeline.

Each function is named like the verb or the question behind it.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import made
from referral.api.asked import Asked, Headers, Route
from referral.api.case_answers import Case, Seats
from referral.api.filing_answers import CaseFiled
from referral.api.reports import Report
from referral.api.timeline_answers import Happened, Timeline
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Filed
from referral.entry import Acting, Call, Reading, Witnessed, needs_scope
from referral.errors import Refusal
from referral.session import WriteSession

router = APIRouter(prefix=ROOT, tags=["cases"], route_class=Route)
Sealed = Literal["G2", "G3", "G4"]
_CREATED, _OK = 201, 200


@router.post("/cases", status_code=_CREATED, response_model=CaseFiled, openapi_extra=KEYED)
async def file(call: Acting, asked: Headers, body: Report) -> Response:
    """File a report: screened on the spot, answered with who must receive what, why and by when.

    The same ``client_id`` again answers 200 with the case it led to before.
    """
    needs_scope(call, Scope.CASES_WRITE)
    if call.stored is not None:
        return await _again(call, asked, UUID(call.stored["case_id"]), _CREATED)
    if body.client_id is not None:
        known = await queries.case_with(call.session, call.actor, body.client_id)
        if known is not None:
            return await _again(call, asked, known, _OK)
    intake = body.intake(client_id=uuid4())
    filed = await casework.file(call.session, call.actor, intake, now=call.now)
    return await _filed(call, asked, filed, _CREATED)


async def _again(call: Call[WriteSession], asked: Asked, case_id: UUID, status: int) -> Response:
    """The answer given before, made again from the case."""
    filed = await casework.filed_again(call.session, call.actor, case_id)
    if isinstance(filed, Filed):
        filed = dataclasses.replace(filed, existing=status == _OK)
    return await _filed(call, asked, filed, status)


async def _filed(
    call: Call[WriteSession], asked: Asked, filed: Filed | Refusal, status: int
) -> Response:
    if isinstance(filed, Refusal):
        return refused(filed)
    words = asked.wording(call)
    shape = CaseFiled.of(filed, await made(call, filed.asks, words), words)
    location = {"Location": f"{ROOT}/cases/{filed.case_id}"}
    return answer(shape, status, version=filed.version, headers=location)


@router.get("/cases/{case_id}", response_model=Case)
async def case_seen(
    call: Witnessed,
    request: Request,
    asked: Headers,
    case_id: UUID,
    open: Annotated[  # noqa: A002 - the word of the address
        str | None,
        Query(
            pattern=r"^G[2-4](,G[2-4]){0,2}$",
            examples=["G2,G4"],
            description=(
                "Sealed groups to open: G2 identity, G3 safety, G4 narrative. "
                "Every opening is logged; give the reason in X-Reason."
            ),
        ),
    ] = None,
) -> Response:
    """A case as you may see it. Sealed groups come only when asked for, and are logged."""
    needs_scope(call, Scope.CASES_READ)
    groups = sorted(set(open.split(","))) if open else []
    seen = await queries.case_seen(
        call.session, call.actor, case_id, groups=groups, reason=asked.reason, now=call.now
    )
    if isinstance(seen, Refusal):
        return refused(seen, request)
    if groups and len(seen.refused) == len(groups):
        return refused(seen.refused[groups[0]], request)
    shape = Case.of(seen, asked.wording(call), call.now)
    return answer(shape, version=seen.version)


@router.get("/cases/{case_id}/timeline", response_model=Timeline)
async def timeline_of(call: Reading, request: Request, asked: Headers, case_id: UUID) -> Response:
    """Who held whom when, and every act and refusal, in the order of recording."""
    needs_scope(call, Scope.CASES_READ)
    lines = await queries.timeline_of(call.session, call.actor, case_id, now=call.now)
    if isinstance(lines, Refusal):
        return refused(lines, request)
    words = asked.wording(call)
    return answer(
        Timeline(case_id=case_id, lines=tuple(Happened.of(line, words) for line in lines))
    )


@router.get("/cases/{case_id}/panel-seats", response_model=Seats)
async def seats_of(call: Witnessed, request: Request, asked: Headers, case_id: UUID) -> Response:
    """Who sat in the panels of a case and why somebody dissented: sealed; opening it is logged."""
    needs_scope(call, Scope.CASES_READ)
    seen = await queries.seats_of(
        call.session, call.actor, case_id, reason=asked.reason, now=call.now
    )
    if isinstance(seen, Refusal):
        return refused(seen, request)
    return answer(Seats.of(case_id, seen, asked.wording(call)))
