"""Seals and named exclusions over JSON: asked for, approved by another person, and what stands."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, StrictBool

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.shapes import Line, Saying, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Narrowed
from referral.entry import Acting, Call, Witnessed, needs_scope
from referral.errors import Refusal
from referral.queries import NeedToKnow
from referral.session import WriteSession

router = APIRouter(prefix=ROOT, tags=["cases"], route_class=Route)


class Proposing(Saying):
    """What two persons do: seal, unseal, let somebody in again, mark as entered in error, merge.

    ``void`` is about the referral in the address: it closes, and its open hand-offs are taken back.
    ``merge``: its case becomes a pointer to the ``older`` one, whose lead your unit holds as well.
    """

    model_config = shown(
        {"act": "seal", "named": ["ines.porter"], "reason": "A colleague is the owner's brother."}
    )

    act: Literal["seal", "unseal", "lift_exclusion", "void", "merge"]
    named: list[Line] = Field(
        default_factory=list, max_length=100, description="User names that go on the seal."
    )
    exclusion: UUID | None = None
    older: Line = Field(default="", description="Of a merger: reference of the older case.")


class Answering(Saying):
    """The second person's answer."""

    model_config = shown({"approve": True})

    approve: StrictBool


class Excluding(Saying):
    """A person (user name) or an agency (key of the directory) to be kept out."""

    model_config = shown(
        {"kind": "agency", "name": "POLICE-ZZ-N", "reason": "Its officers are said to be paid."}
    )

    kind: Literal["person", "agency"]
    name: Line


class Changed(Answer):
    """What stands now. ``left``: hand-offs that wait at an agency which no longer sees them."""

    id: UUID
    case_id: UUID
    state: str
    left: tuple[UUID, ...]

    @classmethod
    def of(cls, done: Narrowed) -> Self:
        """From the room's answer."""
        return cls(**{name: value for name, value in asdict(done).items() if name != "version"})


class Kept(Answer):
    """Somebody who is kept out."""

    id: UUID
    kind: str
    name: str
    at: datetime
    reason: str


class Proposal(Answer):
    """What was asked for, by somebody else or by you, and its answer if there is one."""

    id: UUID
    act: str
    named: tuple[str, ...]
    older: str | None
    asked_at: datetime
    expires_at: datetime
    answer: str | None
    mine: bool
    reason: str


class WhoMayKnow(Answer):
    """The seal, the exclusions in force, and what two persons are deciding."""

    case_id: UUID
    sealed: bool
    named: tuple[str, ...]
    exclusions: tuple[Kept, ...]
    proposals: tuple[Proposal, ...]

    @classmethod
    def of(cls, seen: NeedToKnow) -> Self:
        """From the room's view."""
        return cls(
            case_id=seen.case_id,
            sealed=seen.sealed,
            named=seen.named,
            exclusions=tuple(Kept(**asdict(one)) for one in seen.exclusions),
            proposals=tuple(Proposal(**asdict(one)) for one in seen.proposals),
        )


@router.get("/cases/{case_id}/need-to-know", response_model=WhoMayKnow)
async def need_to_know(call: Witnessed, request: Request, case_id: UUID) -> Response:
    """Who may know of the case beyond its parts; for whoever holds it."""
    needs_scope(call, Scope.CASES_READ)
    seen = await queries.need_to_know(call.session, call.actor, case_id, now=call.now)
    return refused(seen, request) if isinstance(seen, Refusal) else answer(WhoMayKnow.of(seen))


@router.post("/referrals/{referral_id}/proposals", response_model=Changed, openapi_extra=KEYED)
async def propose(call: Acting, asked: Headers, referral_id: UUID, body: Proposing) -> Response:
    """Ask for what takes two persons; nothing changes before another approves."""
    done = _stored(call) or await casework.propose(
        call.session,
        call.actor,
        referral_id,
        body.act,
        asked.said(body),
        named=body.named,
        exclusion=body.exclusion,
        older=body.older,
        now=call.now,
    )
    return _changed(done)


@router.post("/proposals/{proposal_id}/answer", response_model=Changed, openapi_extra=KEYED)
async def answer_proposal(
    call: Acting, asked: Headers, proposal_id: UUID, body: Answering
) -> Response:
    """Approve or refuse what somebody else has asked for; an approval takes effect at once."""
    done = _stored(call) or await casework.answer_proposal(
        call.session,
        call.actor,
        proposal_id,
        asked.said(body),
        approve=body.approve,
        now=call.now,
    )
    return _changed(done)


@router.post("/referrals/{referral_id}/exclusions", response_model=Changed, openapi_extra=KEYED)
async def exclude(call: Acting, asked: Headers, referral_id: UUID, body: Excluding) -> Response:
    """Keep a person or an agency out, from this moment: it beats every other right."""
    done = _stored(call) or await casework.exclude(
        call.session,
        call.actor,
        referral_id,
        body.kind,
        body.name,
        asked.said(body),
        now=call.now,
    )
    return _changed(done)


def _stored(call: Call[WriteSession]) -> Narrowed | None:
    needs_scope(call, Scope.CASES_WRITE)
    return Narrowed.again(call.stored) if call.stored is not None else None


def _changed(done: Narrowed | Refusal) -> Response:
    return refused(done) if isinstance(done, Refusal) else answer(Changed.of(done))
