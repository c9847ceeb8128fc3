"""An agency's people over JSON: the same verbs as on their page, for whoever is signed in.

A token may read them; it never changes anybody, for it proves nobody's presence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from typing import Any, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from agencies.duties import Role, Scope
from referral import members
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.shapes import Shape, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.entry import Acting, Call, Reading, needs_scope
from referral.errors import Refusal
from referral.members import Admitted, Roster
from referral.session import WriteSession

router = APIRouter(prefix=f"{ROOT}/members", tags=["members"], route_class=Route)

_SOME = "8f14e45f-ceea-467f-a8d5-0a4a5f3c9f77"


class Member(Answer):
    """One membership."""

    member_id: UUID
    membership_id: UUID
    name: str
    user_name: str
    active: bool
    kind: str
    role: str
    unit: str
    unit_id: UUID


class Away(Answer):
    """Somebody is away, the last day included; ``deputy`` acts for her meanwhile."""

    id: UUID
    membership_id: UUID
    name: str
    unit: str
    deputy: str | None
    first: date
    last: date


class OnDuty(Answer):
    """Somebody is on duty, the last day included."""

    id: UUID
    membership_id: UUID
    name: str
    unit: str
    first: date
    last: date


class Waiting(Answer):
    """A role that waits for a second person; ``mine``: the caller asked, or it is for her."""

    id: UUID
    name: str
    role: str
    unit: str
    asked_by: str
    mine: bool


class Recovering(Answer):
    """A new start that waits for a second person; ``mine``: she asked, or it is hers."""

    id: UUID
    name: str
    asked_by: str
    mine: bool


class Desk(Answer):
    """A unit; hand-offs arrive at the one with ``intake``."""

    id: UUID
    key: str
    name: str
    intake: bool


class People(Answer):
    """Everybody of a unit (supervisor) or an agency (administrator)."""

    members: tuple[Member, ...]
    absences: tuple[Away, ...]
    duties: tuple[OnDuty, ...]
    grants: tuple[Waiting, ...]
    recoveries: tuple[Recovering, ...]
    units: tuple[Desk, ...]

    @classmethod
    def of(cls, roster: Roster) -> Self:
        """From the room."""
        return cls(**asdict(roster))


class Admission(Shape):
    """Somebody new, with a first role."""

    model_config = shown(
        {"user_name": "nora.zz", "name": "Nora Quill", "unit": _SOME, "role": "OFFICER"}
    )

    user_name: str = Field(max_length=100)
    name: str = Field(max_length=200)
    unit: UUID
    role: Role


class Charge(Shape):
    """One more role for somebody."""

    model_config = shown({"member": _SOME, "unit": _SOME, "role": "OFFICER"})

    member: UUID
    unit: UUID
    role: Role


class Agreement(Shape):
    """The second person's answer."""

    model_config = shown({"agreed": True})

    agreed: bool


class Access(Shape):
    """Whether somebody may sign in."""

    model_config = shown({"active": False})

    active: bool


class Absence(Shape):
    """Away from the first day to the last."""

    model_config = shown(
        {"seat": _SOME, "first": "2026-03-02", "last": "2026-03-06", "deputy": _SOME}
    )

    seat: UUID
    first: date
    last: date
    deputy: UUID | None = None


class Duty(Shape):
    """On duty from the first day to the last."""

    model_config = shown({"seat": _SOME, "first": "2026-03-02", "last": "2026-03-06"})

    seat: UUID
    first: date
    last: date


class Outcome(Answer):
    """What became of it, in a word."""

    outcome: str


class Told(Answer):
    """Somebody new: the secret she enrols with is told once, and not when the act is repeated."""

    member_id: UUID
    secret: str | None
    outcome: str


@router.get("", response_model=People)
async def people(call: Reading) -> Response:
    """Who works here, is away, is on duty, waits for a role."""
    needs_scope(call, Scope.DIRECTORY_READ)
    roster = await members.roster_of(call.session, call.actor, now=call.now)
    return refused(roster) if isinstance(roster, Refusal) else answer(People.of(roster))


@router.post("", response_model=Told, status_code=201, openapi_extra=KEYED)
async def admit(call: Acting, body: Admission) -> Response:
    """Admit somebody; a role that takes two is only asked for."""
    if call.stored is not None:
        return answer(Told(secret=None, **call.stored), 201)
    found = await members.admit(
        call.session,
        call.actor,
        call.secret,
        body.user_name,
        body.name,
        body.unit,
        body.role,
        now=call.now,
    )
    if isinstance(found, Admitted):
        told = Told(member_id=found.member_id, secret=found.secret, outcome=found.role)
        return answer(told, 201)
    return refused(found)


async def _said(
    call: Call[WriteSession],
    verb: Callable[..., Awaitable[str | Refusal]],
    *about: Any,
    **more: Any,
) -> Response:
    """Done now, or its stored answer again."""
    if call.stored is not None:
        return answer(Outcome(outcome=call.stored["outcome"]))
    found = await verb(call.session, call.actor, call.secret, *about, now=call.now, **more)
    return refused(found) if isinstance(found, Refusal) else answer(Outcome(outcome=found))


_ACT: dict[str, Any] = {"response_model": Outcome, "openapi_extra": KEYED}


@router.post("/roles", **_ACT)
async def give_role(call: Acting, body: Charge) -> Response:
    """Give a role (``given``), or ask for one that takes two (``asked``)."""
    return await _said(call, members.give_role, body.member, body.unit, body.role)


@router.post("/roles/{membership_id}/end", **_ACT)
async def end_role(call: Acting, membership_id: UUID) -> Response:
    """End a role today."""
    return await _said(call, members.end_role, membership_id)


@router.post("/grants/{grant_id}/answer", **_ACT)
async def answer_grant(call: Acting, grant_id: UUID, body: Agreement) -> Response:
    """Agree to a role somebody else asked for, or refuse it."""
    return await _said(call, members.answer_grant, grant_id, agreed=body.agreed)


@router.post("/{member_id}/access", **_ACT)
async def set_active(call: Acting, member_id: UUID, body: Access) -> Response:
    """Shut somebody out at once, everywhere, or let her in again."""
    return await _said(call, members.set_active, member_id, active=body.active)


@router.post("/absences", **_ACT)
async def note_absence(call: Acting, body: Absence) -> Response:
    """Somebody is away: her deputy acts, or whoever is on duty, or the whole unit."""
    return await _said(call, members.note_absence, body.seat, body.first, body.last, body.deputy)


@router.post("/absences/{absence_id}/end", **_ACT)
async def end_absence(call: Acting, absence_id: UUID) -> Response:
    """She is back."""
    return await _said(call, members.end_absence, absence_id)


@router.post("/duties", **_ACT)
async def put_on_duty(call: Acting, body: Duty) -> Response:
    """Somebody is on duty."""
    return await _said(call, members.put_on_duty, body.seat, body.first, body.last)


@router.post("/duties/{duty_id}/end", **_ACT)
async def end_duty(call: Acting, duty_id: UUID) -> Response:
    """No longer on duty."""
    return await _said(call, members.end_duty, duty_id)
