"""Consent over JSON: recorded, listed, taken back; and another lawful basis."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from agencies.duties import Scope
from protocols.country import Caregiver, Voice
from referral import casework, consent, queries
from referral.api.acting import ACT, acted
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.shapes import Line, Moment, Saying, Shape, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Acted, LawfulBasis, Withdrawn
from referral.consent import Form, Given, Purpose, Statement
from referral.entry import Acting, Reading, needs_scope
from referral.errors import Refusal
from referral.queries import ConsentSeen

router = APIRouter(prefix=ROOT, tags=["consent"], route_class=Route)


class Consenting(Shape):
    """A consent as it was given. Without an end it ends after a year."""

    model_config = shown(
        {
            "receiver_agency": "0e4f0f0a-39d6-4c6c-9c0e-0b8d0a1c9d55",
            "purpose": "SERVICES",
            "groups": ["G2", "G3"],
            "given_at": "2026-03-02T11:00:00+00:00",
            "form": "WRITTEN",
            "language": "es",
            "statements": [one.value for one in Statement],
            "child": "assent",
            "caregiver": "consent",
        }
    )

    receiver_agency: UUID
    purpose: Purpose
    groups: list[str] = Field(max_length=3, description="G2 identity, G3 safety, G4 narrative.")
    given_at: Moment
    expires_at: datetime | None = None
    form: Form
    language: Line
    statements: list[Statement] = Field(max_length=7)
    child: Voice = Field(description="What the person gave herself.")
    caregiver: Caregiver = Caregiver.NONE
    otherwise: Line | None = Field(default=None, description="Why no caregiver could; who decided.")
    witness: Line | None = None

    def given(self) -> Given:
        """As the room takes it."""
        return Given(
            purpose=self.purpose,
            groups=tuple(self.groups),
            given_at=self.given_at,
            expires_at=self.expires_at or self.given_at + consent.USUAL,
            form=self.form,
            language=self.language,
            statements=tuple(self.statements),
            child=self.child,
            caregiver=self.caregiver,
            otherwise=self.otherwise or "",
            witness=self.witness or "",
        )


class Resting(Saying):
    """Another lawful basis, and the law that gives it."""

    model_config = shown(
        {"basis": "VITAL_INTEREST", "reference": "Child Protection Act, art. 9", "reason": "…"},
        needs=("reason",),
    )

    basis: LawfulBasis
    reference: Line | None = None


class Consent(Answer):
    """A consent of a case. ``receiver`` is empty where an agency's name is hidden."""

    id: UUID
    referral_id: UUID
    purpose: str
    receiver_agency: UUID
    receiver: str | None
    groups: tuple[str, ...]
    given_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    stands: bool

    @classmethod
    def of(cls, seen: ConsentSeen) -> Self:
        """From what the room answered."""
        return cls(**asdict(seen))


class Consents(Answer):
    """Every consent of a case, the newest first."""

    case_id: UUID
    consents: tuple[Consent, ...]


class Held(Answer):
    """What somebody keeps after a withdrawal, and on what ground."""

    hand_off_id: UUID
    state: str
    groups: tuple[str, ...]
    basis: str


class ConsentWithdrawn(Answer):
    """A consent was taken back: whose access ended, and who still holds what."""

    case_id: UUID
    consent_id: UUID
    ended: tuple[UUID, ...]
    held: tuple[Held, ...]


@router.get("/cases/{case_id}/consents", response_model=Consents)
async def consents_of(call: Reading, request: Request, case_id: UUID) -> Response:
    """For what, to whom and until when; what was said is sealed."""
    needs_scope(call, Scope.CASES_READ)
    found = await queries.consents_of(call.session, call.actor, case_id, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(Consents(case_id=case_id, consents=tuple(Consent.of(one) for one in found)))


@router.post("/referrals/{referral_id}/consents", **ACT)
async def record_consent(
    call: Acting, asked: Headers, referral_id: UUID, body: Consenting
) -> Response:
    """Write down what the person agreed to: which agency gets what, for what, until when."""
    needs_scope(call, Scope.CASES_WRITE)
    if call.stored is not None:
        return await acted(call, asked, Acted.again(call.stored))
    done = await casework.record_consent(
        call.session,
        call.actor,
        referral_id,
        body.receiver_agency,
        body.given(),
        asked.said(),
        now=call.now,
    )
    return await acted(call, asked, done)


@router.post(
    "/consents/{consent_id}/withdrawal", response_model=ConsentWithdrawn, openapi_extra=KEYED
)
async def withdraw_consent(call: Acting, asked: Headers, consent_id: UUID) -> Response:
    """The person takes it back: what it opened is closed at once."""
    needs_scope(call, Scope.CASES_WRITE)
    done = (
        Withdrawn.again(call.stored)
        if call.stored is not None
        else await casework.withdraw_consent(
            call.session, call.actor, consent_id, asked.said(), now=call.now
        )
    )
    return refused(done) if isinstance(done, Refusal) else answer(_withdrawn(done))


def _withdrawn(done: Withdrawn) -> ConsentWithdrawn:
    return ConsentWithdrawn(
        case_id=UUID(done.case_id),
        consent_id=UUID(done.consent_id),
        ended=tuple(UUID(one) for one in done.ended),
        held=tuple(
            Held(**{**asdict(one), "hand_off_id": UUID(one.hand_off_id)}) for one in done.held
        ),
    )


@router.post("/referrals/{referral_id}/lawful-basis", **ACT)
async def change_basis(call: Acting, asked: Headers, referral_id: UUID, body: Resting) -> Response:
    """Another lawful basis than the track's own: the supervisor's, with the law that gives it."""
    needs_scope(call, Scope.CASES_WRITE)
    if call.stored is not None:
        return await acted(call, asked, Acted.again(call.stored))
    done = await casework.change_basis(
        call.session,
        call.actor,
        referral_id,
        body.basis,
        body.reference or "",
        asked.said(body),
        now=call.now,
    )
    return await acted(call, asked, done)
