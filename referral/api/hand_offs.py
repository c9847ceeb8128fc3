"""Hand-offs over JSON: the inbox, one hand-off, and what is written down about it.

Each function is named like the verb or the question behind it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from agencies.duties import Scope
from protocols.lifecycle import Act, State
from referral import casework, queries
from referral.api import hand_off_shapes as shapes
from referral.api.acting import ACT, carried
from referral.api.asked import Headers, Route
from referral.api.hand_off_answers import HandOff, Letter, Lines, Listed
from referral.api.shapes import Saying
from referral.api.wire import ROOT, answer, links, refused
from referral.entry import Acting, Reading, needs_scope
from referral.errors import Refusal

router = APIRouter(prefix=f"{ROOT}/hand-offs", tags=["hand-offs"], route_class=Route)


@router.get("", response_model=Lines)
async def inbox_of(
    call: Reading,
    request: Request,
    asked: Headers,
    *,
    box: Literal["in", "out"] = "in",
    state: State | None = None,
    overdue: bool | None = None,
    after: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    together: Annotated[
        bool, Query(description="One line for all of a batch that stand alike.")
    ] = False,
) -> Response:
    """What was sent to (in) or by (out) your unit; open ones first, the nearest limit first."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    page = await queries.inbox_of(
        call.session,
        call.actor,
        box=box,
        state=state.value if state else None,
        overdue=overdue,
        after=after,
        limit=limit,
        together=together,
        now=call.now,
    )
    if isinstance(page, Refusal):
        return refused(page, request)
    words = asked.wording(call)
    lines = Lines(hand_offs=tuple(Listed.of(line, words, call.now) for line in page.lines))
    return answer(lines, headers=links(request, page.after))


@router.get("/{hand_off_id}", response_model=HandOff)
async def hand_off_seen(
    call: Reading, request: Request, asked: Headers, hand_off_id: UUID
) -> Response:
    """One hand-off: who asks whom for what, on which ground, by when, and what you may do now."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    seen = await queries.hand_off_seen(call.session, call.actor, hand_off_id, now=call.now)
    if isinstance(seen, Refusal):
        return refused(seen, request)
    shape = HandOff.of(seen, asked.wording(call), call.now)
    return answer(shape, version=seen.line.version)


@router.get("/{hand_off_id}/letter", response_model=Letter)
async def letter_of(
    call: Reading,
    request: Request,
    asked: Headers,
    hand_off_id: UUID,
    document: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """The official letter, by the country's text; the first its step requires, if none is named."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    seen = await queries.letter_of(
        call.session,
        call.actor,
        hand_off_id,
        document=document,
        language=asked.wording(call).language,
        now=call.now,
    )
    if isinstance(seen, Refusal):
        return refused(seen, request)
    return answer(Letter(**asdict(seen)))


@router.post("/{hand_off_id}/first-contact", **ACT)
async def record_first_contact(
    call: Acting, asked: Headers, hand_off_id: UUID, body: Saying | None = None
) -> Response:
    """The person was met or spoken to."""
    return await carried(call, asked, casework.record_first_contact, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/attestation", **ACT)
async def attest(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Attesting
) -> Response:
    """A receiver who is not connected answered by voice or paper; you write it down for her."""
    return await carried(
        call,
        asked,
        lambda session, actor, of, said, *, now: casework.attest(
            session, actor, of, Act(body.act), said, now=now
        ),
        hand_off_id,
        asked.said(body),
        promised=Act(body.act) is Act.ACCEPT,
    )


@router.post("/{hand_off_id}/attestation-confirmation", **ACT)
async def confirm_attestation(
    call: Acting, asked: Headers, hand_off_id: UUID, body: Saying | None = None
) -> Response:
    """Your unit confirms what was recorded in its name."""
    return await carried(call, asked, casework.confirm_attestation, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/docket", **ACT)
async def set_docket(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Docket
) -> Response:
    """Your agency's own number for this hand-off."""
    return await carried(
        call,
        asked,
        lambda session, actor, of, said, *, now: casework.set_docket(
            session, actor, of, body.number, said, now=now
        ),
        hand_off_id,
        asked.said(body),
    )
