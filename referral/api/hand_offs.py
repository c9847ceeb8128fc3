"""Hand-offs over JSON: the inbox, one hand-off, and every act on it.

Each function is named like the verb or the question behind it. An act answers what stands now and
what follows; a refusal is a problem, and is in the log either way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from agencies.identity import Scope
from protocols.lifecycle import Act, State
from referral import casework, queries
from referral.api import shapes
from referral.api.answers import Done, made
from referral.api.hand_off_answers import HandOff, Lines, Listed
from referral.api.wire import KEYED, ROOT, Asked, Headers, Route, answer, links, refused
from referral.casework import Acted, Said
from referral.entry import Acting, Call, Reading, needs_scope
from referral.errors import Refusal
from referral.session import WriteSession

router = APIRouter(prefix=f"{ROOT}/hand-offs", tags=["hand-offs"], route_class=Route)
_act: dict[str, Any] = {"response_model": Done, "openapi_extra": KEYED}

Verb = Callable[..., Awaitable[Acted | Refusal]]


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
    seen = await queries.hand_off_seen(call.session, call.actor, hand_off_id)
    if isinstance(seen, Refusal):
        return refused(seen, request)
    shape = HandOff.of(seen, asked.wording(call), call.now)
    return answer(shape, version=seen.line.version)


@router.post("/{hand_off_id}/acknowledgement", **_act)
async def acknowledge(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Saying | None = None
) -> Response:
    """A named person of the receiving unit has opened it."""
    return await _carried(call, asked, casework.acknowledge, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/acceptance", **_act)
async def accept(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Saying | None = None
) -> Response:
    """Your unit takes responsibility; of a custody hand-off, the person moves to you."""
    return await _carried(call, asked, casework.accept, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/decline", **_act)
async def decline(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Declining
) -> Response:
    """Refused before any action: it goes where the protocol says."""
    return await _carried(call, asked, casework.decline, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/start", **_act)
async def start(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Saying | None = None
) -> Response:
    """Work has begun."""
    return await _carried(call, asked, casework.start, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/hold", **_act)
async def hold(call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Holding) -> Response:
    """Paused, with a reason and a day to look again."""
    return await _carried(call, asked, casework.hold, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/resumption", **_act)
async def resume(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Saying | None = None
) -> Response:
    """Work goes on."""
    return await _carried(call, asked, casework.resume, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/completion", **_act)
async def complete(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Completing
) -> Response:
    """Done, with an outcome code and feedback to the sender."""
    return await _carried(call, asked, casework.complete, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/failure", **_act)
async def fail(call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Failing) -> Response:
    """Tried, could not be done: you stay holder until somebody else accepts."""
    return await _carried(call, asked, casework.fail, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/cancellation", **_act)
async def cancel(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Cancelling
) -> Response:
    """Stopped before completion. After acceptance the sender only asks; the receiver decides."""
    verb = casework.ask_cancellation if await _only_asks(call, hand_off_id) else casework.cancel
    return await _carried(call, asked, verb, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/first-contact", **_act)
async def record_first_contact(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Saying | None = None
) -> Response:
    """The person was met or spoken to."""
    return await _carried(call, asked, casework.record_first_contact, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/attestation", **_act)
async def attest(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Attesting
) -> Response:
    """A receiver who is not connected answered by voice or paper; you write it down for her."""
    return await _carried(
        call,
        asked,
        lambda session, actor, of, said, *, now: casework.attest(
            session, actor, of, Act(body.act), said, now=now
        ),
        hand_off_id,
        asked.said(body),
    )


@router.post("/{hand_off_id}/attestation-confirmation", **_act)
async def confirm_attestation(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Saying | None = None
) -> Response:
    """Your unit confirms what was recorded in its name."""
    return await _carried(call, asked, casework.confirm_attestation, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/docket", **_act)
async def set_docket(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Docket
) -> Response:
    """Your agency's own number for this hand-off."""
    return await _carried(
        call,
        asked,
        lambda session, actor, of, said, *, now: casework.set_docket(
            session, actor, of, body.number, said, now=now
        ),
        hand_off_id,
        asked.said(body),
    )


async def _only_asks(call: Call[WriteSession], hand_off_id: UUID) -> bool:
    """Whether this is the sender of something already accepted, who may not stop it alone."""
    if call.stored is not None:
        return False
    seen = await queries.hand_off_seen(call.session, call.actor, hand_off_id)
    if isinstance(seen, Refusal) or not State(seen.line.state).answered:
        return False
    return seen.line.sender_unit == call.actor.unit_id != seen.line.receiver_unit


async def _carried(
    call: Call[WriteSession], asked: Asked, verb: Verb, hand_off_id: UUID, said: Said
) -> Response:
    needs_scope(call, Scope.HAND_OFFS_WRITE)
    if call.stored is not None:
        return await acted(call, asked, Acted.again(call.stored))
    done = await verb(call.session, call.actor, hand_off_id, said, now=call.now)
    return await acted(call, asked, done)


async def acted(call: Call[WriteSession], asked: Asked, done: Acted | Refusal) -> Response:
    """What an act led to, or the problem; versions of hand-offs and cases are their ETags."""
    if isinstance(done, Refusal):
        return refused(done)
    follow = await made(call, done.asks, asked.wording(call)) if done.asks else ()
    return answer(Done.of(done, follow), version=done.version)
