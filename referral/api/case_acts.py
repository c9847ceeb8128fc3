"""What is learned or done after filing, over JSON: facts, events, notes, voice contacts.

Each function is named like the verb behind it. An act answers what stands now and what follows.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from agencies.duties import Scope
from referral import casework
from referral.api import case_shapes as shapes
from referral.api.acting import ACT, acted
from referral.api.asked import Asked, Headers, Route
from referral.api.wire import ROOT
from referral.casework import Acted
from referral.entry import Acting, Call, needs_scope
from referral.errors import Refusal, RefusedError, not_found
from referral.session import WriteSession

router = APIRouter(prefix=ROOT, tags=["cases"], route_class=Route)


@router.patch("/cases/{case_id}/facts", **ACT)
async def amend(call: Acting, asked: Headers, case_id: UUID, body: shapes.Amending) -> Response:
    """Facts learned later; the protocol is asked again, and steps may open or become unneeded."""
    done = await _of_case(call, case_id) or await casework.amend(
        call.session, call.actor, body.referral_id, body.facts, asked.said(body), now=call.now
    )
    return await _within(call, asked, case_id, done)


@router.post("/cases/{case_id}/events", **ACT)
async def record_event(
    call: Acting, asked: Headers, case_id: UUID, body: shapes.Happening
) -> Response:
    """Something happened that the protocol waits for."""
    done = await _of_case(call, case_id) or await casework.record_event(
        call.session, call.actor, body.referral_id, body.event, asked.said(body), now=call.now
    )
    return await _within(call, asked, case_id, done)


@router.post("/referrals/{referral_id}/notes", **ACT)
async def add_note(
    call: Acting, asked: Headers, referral_id: UUID, body: shapes.Writing
) -> Response:
    """A note on the case (G4): sealed, and read only by those it may travel to."""
    done = _stored(call) or await casework.add_note(
        call.session, call.actor, referral_id, body.note or "", asked.said(body), now=call.now
    )
    return await acted(call, asked, done)


@router.post("/referrals/{referral_id}/voice-contacts", **ACT)
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


@router.post("/referrals/{referral_id}/screening-overrides", **ACT)
async def override_screening(
    call: Acting, asked: Headers, referral_id: UUID, body: shapes.Overriding
) -> Response:
    """Better known than the screening says: its result stays beside yours; only a raise routes."""
    done = _stored(call) or await casework.override_screening(
        call.session,
        call.actor,
        referral_id,
        body.topic,
        body.result,
        asked.said(body),
        now=call.now,
    )
    return await acted(call, asked, done)


@router.post("/referrals/{referral_id}/reassignment", **ACT)
async def reassign(
    call: Acting, asked: Headers, referral_id: UUID, body: shapes.Reassigning
) -> Response:
    """A supervisor puts somebody of her unit in charge, or the whole unit."""
    done = _stored(call) or await casework.reassign(
        call.session, call.actor, referral_id, body.user_name, asked.said(body), now=call.now
    )
    return await acted(call, asked, done)


@router.post("/referrals/{referral_id}/panel-decisions", **ACT)
async def decide_panel(
    call: Acting, asked: Headers, referral_id: UUID, body: shapes.Deciding
) -> Response:
    """What a panel decided, with who sat and how each voted; no effect before its quorum."""
    seats = tuple(casework.Seat(**seat.model_dump()) for seat in body.members)
    done = _stored(call) or await casework.decide_panel(
        call.session,
        call.actor,
        referral_id,
        casework.Sitting(body.step, body.outcome, seats, body.occurred_at),
        asked.said(body),
        hand_off_id=body.hand_off_id,
        now=call.now,
    )
    if isinstance(done, Acted) and done.referral_id != str(referral_id):
        raise RefusedError(not_found())  # a hand-off of another referral: the act is undone
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
