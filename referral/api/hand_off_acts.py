"""What the parties of a hand-off do with it, over JSON: one noun under its address for each act.

Each function is named like the verb behind it. An act answers what stands now and what follows.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from protocols.lifecycle import State
from referral import casework, queries
from referral.api import hand_off_shapes as shapes
from referral.api.acting import ACT, carried
from referral.api.asked import Headers, Route
from referral.api.shapes import Saying
from referral.api.wire import ROOT
from referral.entry import Acting, Call
from referral.errors import Refusal
from referral.session import WriteSession

router = APIRouter(prefix=f"{ROOT}/hand-offs", tags=["hand-offs"], route_class=Route)


@router.post("/{hand_off_id}/acknowledgement", **ACT)
async def acknowledge(
    call: Acting, asked: Headers, hand_off_id: UUID, body: Saying | None = None
) -> Response:
    """A named person of the receiving unit has opened it."""
    return await carried(call, asked, casework.acknowledge, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/acceptance", **ACT)
async def accept(
    call: Acting, asked: Headers, hand_off_id: UUID, body: Saying | None = None
) -> Response:
    """Your unit takes responsibility; of a custody hand-off, the person moves to you."""
    said = asked.said(body)
    return await carried(call, asked, casework.accept, hand_off_id, said, promised=True)


@router.post("/{hand_off_id}/decline", **ACT)
async def decline(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Declining
) -> Response:
    """Refused before any action: it goes where the protocol says."""
    return await carried(call, asked, casework.decline, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/start", **ACT)
async def start(
    call: Acting, asked: Headers, hand_off_id: UUID, body: Saying | None = None
) -> Response:
    """Work has begun."""
    return await carried(call, asked, casework.start, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/hold", **ACT)
async def hold(call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Holding) -> Response:
    """Paused, with a reason and a day to look again."""
    return await carried(call, asked, casework.hold, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/resumption", **ACT)
async def resume(
    call: Acting, asked: Headers, hand_off_id: UUID, body: Saying | None = None
) -> Response:
    """Work goes on."""
    return await carried(call, asked, casework.resume, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/completion", **ACT)
async def complete(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Completing
) -> Response:
    """Done, with an outcome code and feedback to the sender."""
    return await carried(call, asked, casework.complete, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/failure", **ACT)
async def fail(call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Failing) -> Response:
    """Tried, could not be done: you stay holder until somebody else accepts."""
    return await carried(call, asked, casework.fail, hand_off_id, asked.said(body))


@router.post("/{hand_off_id}/cancellation", **ACT)
async def cancel(
    call: Acting, asked: Headers, hand_off_id: UUID, body: shapes.Cancelling
) -> Response:
    """Stopped before completion. After acceptance the sender only asks; the receiver decides."""
    verb = casework.ask_cancellation if await _only_asks(call, hand_off_id) else casework.cancel
    return await carried(call, asked, verb, hand_off_id, asked.said(body))


async def _only_asks(call: Call[WriteSession], hand_off_id: UUID) -> bool:
    """Whether this is the sender of something already accepted, who may not stop it alone."""
    if call.stored is not None:
        return False
    seen = await queries.hand_off_seen(call.session, call.actor, hand_off_id, now=call.now)
    if isinstance(seen, Refusal) or not State(seen.line.state).answered:
        return False
    return seen.line.sender_unit == call.actor.unit_id != seen.line.receiver_unit
