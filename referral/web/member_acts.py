"""What is done to an agency's people from their page: each form asks one verb, and leads back.

1. A secret for a new start stands on one page once; it is in no address, no log and no other page.
2. What this file must never know: cases, who may do what.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response

from agencies.duties import Role
from referral import errors, members
from referral.entry import Call
from referral.errors import Fault, Refusal
from referral.members import Admitted
from referral.web.fields import Sent
from referral.web.forms import ChangingForm
from referral.web.members import DONE, GRANTED, PAGE
from referral.web.pages import PageRoute, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Told:
    """A secret, once."""

    name: str
    secret: str
    new: bool  # for somebody new, not for somebody who had lost hers
    role: str = ""


@router.post("/members")
async def admit(request: Request, form: ChangingForm) -> Response:
    """Somebody new; the secret to enrol with is shown once."""
    call, sent = form.call, form.sent
    name, unit, role = sent.one("new-name"), _id(sent.one("new-unit")), _known(sent.one("new-role"))
    if unit is None or role is None:
        return refused(request, errors.not_found(), call)
    found = await members.admit(
        call.session,
        call.actor,
        call.secret,
        sent.one("new-user_name"),
        name,
        unit,
        role,
        now=call.now,
    )
    if not isinstance(found, Admitted):
        return refused(request, found, call, back=PAGE)
    told = Told(name, found.secret, new=True, role=DONE[found.role])
    return page(request, "members/told.html", told, title="A new member", call=call)


@router.post("/members/roles")
async def give_role(request: Request, form: ChangingForm) -> Response:
    """One more role for somebody."""
    call, sent = form.call, form.sent
    member, unit = _id(sent.one("role-member")), _id(sent.one("role-unit"))
    role = _known(sent.one("role-role"))
    if member is None or unit is None or role is None:
        return refused(request, errors.not_found(), call)
    return _gone(
        request,
        form.call,
        await members.give_role(
            call.session, call.actor, call.secret, member, unit, role, now=call.now
        ),
    )


@router.post("/members/roles/{membership_id}/end")
async def end_role(request: Request, form: ChangingForm, membership_id: UUID) -> Response:
    """A role ends today."""
    call = form.call
    told = await members.end_role(
        call.session, call.actor, call.secret, membership_id, now=call.now
    )
    return _gone(request, call, told)


@router.post("/members/grants/{grant_id}/answer")
async def answer_grant(request: Request, form: ChangingForm, grant_id: UUID) -> Response:
    """The second person agrees, or does not."""
    call, agreed = form.call, form.sent.one("answer") == "agree"
    told = await members.answer_grant(
        call.session, call.actor, call.secret, grant_id, agreed=agreed, now=call.now
    )
    return _gone(request, call, told)


@router.post("/members/{member_id}/access")
async def set_active(request: Request, form: ChangingForm, member_id: UUID) -> Response:
    """Out at once, or let in again."""
    call, active = form.call, form.sent.one("active") == "yes"
    told = await members.set_active(
        call.session, call.actor, call.secret, member_id, active=active, now=call.now
    )
    return _gone(request, call, told)


@router.post("/members/{member_id}/recovery")
async def recover(request: Request, form: ChangingForm, member_id: UUID) -> Response:
    """All she had is over; the secret for a new start is shown once."""
    call = form.call
    found = await members.recover(call.session, call.actor, call.secret, member_id, now=call.now)
    if isinstance(found, Refusal):
        return refused(request, found, call, back=PAGE)
    if found == members.ASKED:
        return see_other(f"{PAGE}?done=recovery-asked")
    roster = await members.roster_of(call.session, call.actor, now=call.now)
    known = () if isinstance(roster, Refusal) else roster.members
    name = next((one.name for one in known if one.member_id == member_id), "")
    told = Told(name, found, new=False)
    return page(request, "members/told.html", told, title="A new start", call=call)


@router.post("/members/recoveries/{recovery_id}/answer")
async def answer_recovery(request: Request, form: ChangingForm, recovery_id: UUID) -> Response:
    """The second person confirms: only then is what she had over, and the secret is shown here."""
    call, agreed = form.call, form.sent.one("answer") == "agree"
    roster = await members.roster_of(call.session, call.actor, now=call.now)
    waiting = () if isinstance(roster, Refusal) else roster.recoveries
    found = await members.answer_recovery(
        call.session, call.actor, call.secret, recovery_id, agreed=agreed, now=call.now
    )
    if found is None:
        return see_other(f"{PAGE}?done=recovery-refused")
    if isinstance(found, Refusal):
        return refused(request, found, call, back=PAGE)
    name = next((one.name for one in waiting if one.id == recovery_id), "")
    return page(
        request,
        "members/told.html",
        Told(name, found, new=False),
        title="A new start",
        call=call,
    )


@router.post("/members/absences")
async def note_absence(request: Request, form: ChangingForm) -> Response:
    """Somebody is away."""
    call, sent = form.call, form.sent
    seat, days = _id(sent.one("away-seat")), _days(sent, "away")
    if isinstance(days, Refusal) and sent.one("back") == "/account":
        return see_other("/account?refused=days")
    if seat is None or isinstance(days, Refusal):
        return refused(request, days if isinstance(days, Refusal) else errors.not_found(), call)
    told = await members.note_absence(
        call.session,
        call.actor,
        call.secret,
        seat,
        *days,
        _id(sent.one("away-deputy")),
        now=call.now,
    )
    return _gone(request, call, told, sent.one("back"))


@router.post("/members/absences/{absence_id}/end")
async def end_absence(request: Request, form: ChangingForm, absence_id: UUID) -> Response:
    """She is back."""
    call = form.call
    told = await members.end_absence(
        call.session, call.actor, call.secret, absence_id, now=call.now
    )
    return _gone(request, call, told, form.sent.one("back"))


@router.post("/members/duties")
async def put_on_duty(request: Request, form: ChangingForm) -> Response:
    """Somebody is on duty."""
    call, sent = form.call, form.sent
    seat, days = _id(sent.one("duty-seat")), _days(sent, "duty")
    if seat is None or isinstance(days, Refusal):
        return refused(request, days if isinstance(days, Refusal) else errors.not_found(), call)
    told = await members.put_on_duty(
        call.session, call.actor, call.secret, seat, *days, now=call.now
    )
    return _gone(request, call, told)


@router.post("/members/duties/{duty_id}/end")
async def end_duty(request: Request, form: ChangingForm, duty_id: UUID) -> Response:
    """No longer on duty."""
    call = form.call
    told = await members.end_duty(call.session, call.actor, call.secret, duty_id, now=call.now)
    return _gone(request, call, told)


@router.post("/members/units")
async def keep_unit(request: Request, form: ChangingForm) -> Response:
    """A unit more, or one by another name."""
    call, sent = form.call, form.sent
    told = await members.keep_unit(
        call.session,
        call.actor,
        call.secret,
        _id(sent.one("unit")),
        sent.one("unit-key"),
        sent.one("unit-name"),
        now=call.now,
    )
    return _gone(request, call, told)


def _gone(request: Request, call: Call[Any], told: str | Refusal, back: str = PAGE) -> Response:
    back = back if back == "/account" else PAGE
    if isinstance(told, Refusal):
        return refused(request, told, call, back=back)
    return see_other(f"{back}?done={quote(told)}")


def _id(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None


def _known(told: str) -> Role | None:
    return next((role for role in GRANTED if role.value == told), None)


def _days(sent: Sent, prefix: str) -> tuple[date, date] | Refusal:
    try:
        first, last = (
            date.fromisoformat(sent.one(f"{prefix}-{name}")) for name in ("first", "last")
        )
    except ValueError:
        told = "Give first and last day as year-month-day, such as 2026-03-02."
        return errors.invalid_input([Fault(f"/{prefix}-first", "unreadable", told)])
    return first, last
