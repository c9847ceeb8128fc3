"""An agency's people on a page: who works where, is away, is on duty, waits for a role.

1. Supervisors look after their unit, administrators after their agency: each is offered what she
   may do. What is done stands beside this file, in ``member_acts``.
2. What this file must never know: cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from agencies.duties import Role
from referral import access, members
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.members import Roster
from referral.web.fields import Fields, Params, Sent
from referral.web.pages import PageRoute, page, refused
from referral.web.wording import ROLES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PAGE: Final = "/members"
GRANTED: Final = tuple(role for role in Role if role is not Role.SYSTEM_ADMIN)
_STAND_IN: Final = {"OFFICER", "SUPERVISOR"}
DONE: Final = {
    "given": "The role is given.",
    "asked": "The role is asked for: a second person of the agency must agree.",
    "refused": "The role is refused.",
    "recovery-asked": "Asked: a second person of the agency must confirm, and sees the secret.",
    "recovery-refused": "Refused: everything stays as it was.",
    "ended": "Ended, from today.",
    "done": "Done.",
    "noted": "Noted.",
    "added": "The unit is added.",
    "renamed": "The unit is renamed.",
    "bound": "Bound: she can sign in through this provider.",
    "unbound": "Unbound: what she had open through this provider is over.",
}


@dataclass(frozen=True, slots=True)
class People:
    """Who works here, and the forms for what may be done."""

    csrf: str
    roster: Roster
    roles: dict[str, str]
    own: UUID
    administers: bool
    answers: bool
    absence: list[tuple[str, Params]]
    duty: list[tuple[str, Params]]
    admission: list[tuple[str, Params]]
    role: list[tuple[str, Params]]
    unit: list[tuple[str, Params]]
    done: str | None


@router.get(PAGE)
async def people(request: Request, call: Reading) -> Response:
    """Everybody of the unit, or of the agency."""
    roster = await members.roster_of(call.session, call.actor, now=call.now)
    if isinstance(roster, Refusal):
        return refused(request, roster, call)
    persons = [one for one in roster.members if one.kind == "person"]
    seats = [
        (str(one.membership_id), f"{one.name}, {_role(one.role)}, {one.unit}") for one in persons
    ]
    deputies = [
        (str(one.membership_id), f"{one.name}, {one.unit}")
        for one in persons
        if one.role in _STAND_IN and one.active
    ]
    view = People(
        call.csrf,
        roster,
        {role: _role(role) for role in Role},
        call.actor.member_id,
        administers=_may(call, "manage_members"),
        answers=call.actor.role in access.matrix().by_role["answer_grant"],
        absence=absence_fields(seats, deputies),
        duty=_period("duty", seats),
        admission=_admission(roster),
        role=_role_fields(roster),
        unit=_unit_fields(),
        done=DONE.get(request.query_params.get("done", "")),
    )
    return page(request, "members/list.html", view, title="Members", call=call)


def _may(call: Call[Any], action: str) -> bool:
    return access.by_role(call.actor, action) is None


def _role(role: str) -> str:
    return ROLES.get(role, role)


def absence_fields(
    seats: list[tuple[str, str]], deputies: list[tuple[str, str]]
) -> list[tuple[str, Params]]:
    """Who is away, from when to when, and who stands in."""
    make = Fields(Sent(), prefix="away-")
    none = "Whoever is on duty, or the whole unit"
    return [
        *_period("away", seats),
        ("select", make.choice("deputy", "Deputy", deputies, empty=none)),
    ]


def _period(prefix: str, seats: list[tuple[str, str]]) -> list[tuple[str, Params]]:
    make = Fields(Sent(), prefix=f"{prefix}-")
    return [
        ("select", make.choice("seat", "Who", seats)),
        ("input", make.day("first", "First day")),
        ("input", make.day("last", "Last day")),
    ]


def _admission(roster: Roster) -> list[tuple[str, Params]]:
    make = Fields(Sent(), prefix="new-")
    return [
        ("input", make.text("name", "Name", hint="As colleagues know her or him.")),
        ("input", make.text("user_name", "User name", spellcheck=False, autocomplete="off")),
        *_where(make, roster),
    ]


def _role_fields(roster: Roster) -> list[tuple[str, Params]]:
    make = Fields(Sent(), prefix="role-")
    known = {one.member_id: one.name for one in roster.members if one.kind == "person"}
    who = [(str(member), name) for member, name in known.items()]
    return [("select", make.choice("member", "Who", who)), *_where(make, roster)]


def _where(make: Fields, roster: Roster) -> list[tuple[str, Params]]:
    units = [(str(one.id), one.name) for one in roster.units]
    roles = [(role.value, _role(role)) for role in GRANTED]
    return [
        ("select", make.choice("unit", "Unit", units)),
        ("select", make.choice("role", "Role", roles)),
    ]


def _unit_fields() -> list[tuple[str, Params]]:
    make = Fields(Sent(), prefix="unit-")
    hint = "Capital letters, digits and hyphens; it never changes."
    return [("input", make.text("key", "Key", hint=hint)), ("input", make.text("name", "Name"))]
