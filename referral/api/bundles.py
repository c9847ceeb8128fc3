"""Bundles of evidence over JSON: asked for by one, approved by another, taken within a day."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field, StrictBool

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.need_to_know import Changed
from referral.api.shapes import Line, Saying, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Choice, Narrowed
from referral.edge import handed_out
from referral.entry import Acting, Call, Witnessed, needs_scope
from referral.errors import Refusal
from referral.exports.bundles import packed
from referral.exports.record import recording
from referral.queries import BundlesSeen
from referral.session import WriteSession

router = APIRouter(prefix=ROOT, tags=["cases"], route_class=Route)
_BYTES = {"type": "string", "format": "binary", "examples": ["…"]}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sealed bundle.",
        "content": {"application/octet-stream": {"schema": _BYTES}},
    }
}


class Bundling(Saying):
    """For whom, and what. Without G3, other persons and (always) who reported it, unless chosen."""

    model_config = shown({"recipient": "Juvenile Court, room 4", "reason": "Ordered on 2 March."})

    recipient: Line
    recipient_key: Line = Field(default="", description="An age key (age1…); else a passphrase.")
    groups: list[Literal["G1", "G2", "G3", "G4"]] | None = Field(
        default=None, max_length=4, description="Not said: G1, G2, G4, as far as you may read them."
    )
    others: StrictBool = Field(default=False, description="Other persons of the case as well.")
    closed: list[int] = Field(
        default_factory=list, max_length=1000, description="Entries whose bodies stay closed."
    )


class Deciding(Saying):
    """The second person's answer."""

    model_config = shown({"approve": True})

    approve: StrictBool


class Bundle(Answer):
    """What was asked for, and its answer if there is one."""

    id: UUID
    referral_id: UUID
    recipient: str
    recipient_key: str
    groups: tuple[str, ...]
    others: bool
    closed: tuple[int, ...]
    reason: str
    asked_by: str
    asked_at: datetime
    answered_by: str | None
    answer: str | None
    mine: bool
    expires_at: datetime | None
    made: bool


class Bundles(Answer):
    """The bundles of a case, the newest first."""

    case_id: UUID
    bundles: tuple[Bundle, ...]

    @classmethod
    def of(cls, seen: BundlesSeen) -> Self:
        """From the room's view."""
        return cls(
            case_id=seen.case_id, bundles=tuple(Bundle(**asdict(one)) for one in seen.bundles)
        )


@router.get("/cases/{case_id}/bundles", response_model=Bundles)
async def bundles_of(call: Witnessed, request: Request, case_id: UUID) -> Response:
    """What evidence was asked for; for whoever holds a referral of the case."""
    needs_scope(call, Scope.CASES_READ)
    seen = await queries.bundles_of(call.session, call.actor, case_id, now=call.now)
    return refused(seen, request) if isinstance(seen, Refusal) else answer(Bundles.of(seen))


@router.post("/referrals/{referral_id}/bundles", response_model=Changed, openapi_extra=KEYED)
async def ask_bundle(call: Acting, asked: Headers, referral_id: UUID, body: Bundling) -> Response:
    """Ask for a bundle of evidence; nothing leaves before another person approves."""
    choice = Choice(
        recipient=body.recipient,
        recipient_key=body.recipient_key,
        groups=None if body.groups is None else tuple(sorted(set(body.groups))),
        others=body.others,
        closed=tuple(sorted(set(body.closed))),
    )
    done = _stored(call) or await casework.ask_bundle(
        call.session, call.actor, referral_id, choice, asked.said(body), now=call.now
    )
    return _changed(done)


@router.post("/bundles/{bundle_id}/answer", response_model=Changed, openapi_extra=KEYED)
async def answer_bundle(
    call: Acting, request: Request, bundle_id: UUID, body: Deciding
) -> Response:
    """Approve or refuse what somebody else has asked for; approving makes it."""
    site = call.installation.settings.site or request.url.netloc
    done = _stored(call) or await casework.answer_bundle(
        call.session,
        call.actor,
        bundle_id,
        approve=body.approve,
        record=recording(call.session, call.actor, site=site, now=call.now),
        now=call.now,
    )
    return _changed(done)


@router.get("/bundles/{bundle_id}/file", responses=_FILE, response_class=Response)
async def bundle_taken(
    call: Witnessed,
    request: Request,
    bundle_id: UUID,
    passphrase: Annotated[str, Header(alias="X-Passphrase", max_length=200)] = "",
) -> Response:
    """The file, sealed to its recipient; within a day of its making, with a fresh proof.

    Where the recipient has no key, ``X-Passphrase`` seals it: send that another way.
    """
    needs_scope(call, Scope.CASES_READ)
    found = await packed(
        call.session,
        call.actor,
        bundle_id,
        passphrase=passphrase,
        quorum=call.installation.settings.log_quorum,
        now=call.now,
    )
    if isinstance(found, Refusal):
        return refused(found, request)
    return handed_out(found.content, "application/octet-stream", found.name)


def _stored(call: Call[WriteSession]) -> Narrowed | None:
    needs_scope(call, Scope.CASES_WRITE)
    return Narrowed.again(call.stored) if call.stored is not None else None


def _changed(done: Narrowed | Refusal) -> Response:
    return refused(done) if isinstance(done, Refusal) else answer(Changed.of(done))
