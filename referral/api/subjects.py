"""Who signs in through an agency's own provider, over JSON: changed by no token."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from referral import members
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.members import Outcome
from referral.api.shapes import Shape, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.entry import Acting, Reading
from referral.errors import Refusal
from referral.members import Bindings

router = APIRouter(prefix=f"{ROOT}/members/subjects", tags=["members"], route_class=Route)

_SOME = "8f14e45f-ceea-467f-a8d5-0a4a5f3c9f77"


class BoundSubject(Answer):
    """Who is which subject of which provider."""

    member_id: UUID
    name: str
    provider_id: UUID
    provider: str
    subject: str
    bound_at: datetime


class Speaking(Answer):
    """A provider that speaks for the agency."""

    id: UUID
    name: str


class Bound(Answer):
    """Everybody of the agency who is bound."""

    subjects: tuple[BoundSubject, ...]
    providers: tuple[Speaking, ...]

    @classmethod
    def of(cls, found: Bindings) -> Self:
        """From the room."""
        return cls(
            subjects=tuple(
                BoundSubject(
                    member_id=one.member_id,
                    name=one.name,
                    provider_id=one.provider_id,
                    provider=one.provider,
                    subject=one.subject,
                    bound_at=one.bound_at,
                )
                for one in found.subjects
            ),
            providers=tuple(Speaking(id=identity, name=name) for identity, name in found.providers),
        )


class Binding(Shape):
    """Somebody of the agency, and which subject she is; without one she is unbound."""

    model_config = shown({"member": _SOME, "provider": _SOME, "subject": "00u1f7c2"})

    member: UUID
    provider: UUID
    subject: str | None = Field(max_length=255)


@router.get("", response_model=Bound)
async def bound(call: Reading) -> Response:
    """Who is bound, and the providers that speak for the agency."""
    found = await members.bindings_of(call.session, call.actor, call.secret, now=call.now)
    return refused(found) if isinstance(found, Refusal) else answer(Bound.of(found))


@router.post("", response_model=Outcome, openapi_extra=KEYED)
async def bind(call: Acting, body: Binding) -> Response:
    """Bind somebody to a provider's subject, or unbind her."""
    if call.stored is not None:
        return answer(Outcome(outcome=call.stored["outcome"]))
    found = await members.bind_subject(
        call.session,
        call.actor,
        call.secret,
        body.member,
        body.provider,
        body.subject,
        now=call.now,
    )
    return refused(found) if isinstance(found, Refusal) else answer(Outcome(outcome=found))
