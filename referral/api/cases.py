"""Cases over JSON: filing, reading group by group, the timeline, facts and events learned later."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response

from agencies.identity import Scope
from referral import casework, queries
from referral.api import shapes
from referral.api.answers import Done, made
from referral.api.case_answers import Case, CaseFiled, Happened, Timeline
from referral.api.hand_offs import acted
from referral.api.reports import Report
from referral.api.wire import KEYED, ROOT, Asked, Headers, Route, answer, refused
from referral.casework import Acted, Filed
from referral.entry import Acting, Call, Reading, Witnessed, needs_scope
from referral.errors import Refusal, RefusedError, not_found
from referral.session import WriteSession

router = APIRouter(prefix=ROOT, tags=["cases"], route_class=Route)
_act: dict[str, Any] = {"response_model": Done, "openapi_extra": KEYED}

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
    lines = await queries.timeline_of(call.session, call.actor, case_id)
    if isinstance(lines, Refusal):
        return refused(lines, request)
    words = asked.wording(call)
    return answer(
        Timeline(case_id=case_id, lines=tuple(Happened.of(line, words) for line in lines))
    )


@router.patch("/cases/{case_id}/facts", **_act)
async def amend(call: Acting, asked: Headers, case_id: UUID, body: shapes.Amending) -> Response:
    """Facts learned later; the protocol is asked again, and steps may open or become unneeded."""
    done = await _of_case(call, case_id) or await casework.amend(
        call.session, call.actor, body.referral_id, body.facts, asked.said(body), now=call.now
    )
    return await _within(call, asked, case_id, done)


@router.post("/cases/{case_id}/events", **_act)
async def record_event(
    call: Acting, asked: Headers, case_id: UUID, body: shapes.Happening
) -> Response:
    """Something happened that the protocol waits for."""
    done = await _of_case(call, case_id) or await casework.record_event(
        call.session, call.actor, body.referral_id, body.event, asked.said(body), now=call.now
    )
    return await _within(call, asked, case_id, done)


@router.post("/referrals/{referral_id}/notes", **_act)
async def add_note(
    call: Acting, asked: Headers, referral_id: UUID, body: shapes.Writing
) -> Response:
    """A note on the case (G4): sealed, and read only by those it may travel to."""
    done = _stored(call) or await casework.add_note(
        call.session, call.actor, referral_id, body.note or "", asked.said(body), now=call.now
    )
    return await acted(call, asked, done)


@router.post("/referrals/{referral_id}/voice-contacts", **_act)
async def record_voice(
    call: Acting, asked: Headers, referral_id: UUID, body: shapes.Calling
) -> Response:
    """An emergency is not finished until a voice was reached, or two attempts have failed."""
    done = _stored(call) or await casework.record_voice(
        call.session,
        call.actor,
        referral_id,
        asked.said(body),
        reached=body.reached,
        now=call.now,
    )
    return await acted(call, asked, done)


def _stored(call: Call[WriteSession]) -> Acted | None:
    needs_scope(call, Scope.CASES_WRITE)
    return Acted.again(call.stored) if call.stored is not None else None


async def _of_case(call: Call[WriteSession], case_id: UUID) -> Acted | None:
    done = _stored(call)
    if done is not None and done.case_id != str(case_id):
        raise RefusedError(not_found())
    return done


async def _within(
    call: Call[WriteSession], asked: Asked, case_id: UUID, done: Acted | Refusal
) -> Response:
    """The referral must be of the case in the address; otherwise the act is undone."""
    if isinstance(done, Acted) and done.case_id != str(case_id):
        raise RefusedError(not_found())
    return await acted(call, asked, done)
