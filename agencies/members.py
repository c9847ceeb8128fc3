"""Who works where in which role: adding people and systems, changing roles, ending access.

1. A refusal is a value that says what would be possible; nothing was changed then.
2. Roles are dated like everything here; ending access is immediate and total.
3. The connection must be the owner's (the migration role): the app may only read members.
4. What this file must never know: cases, pages, today's date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.identity import GRANTED_BY_TWO, Role, conflicts
from agencies.models import Agency, ApiToken, Member, Membership, Session, Unit

USER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,99}")


class Kind(StrEnum):
    """A person signs in; a system has tokens only and never satisfies a step-up."""

    PERSON = "person"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed. ``code`` is for programs, ``explanation`` says why and what to do."""

    code: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Seat:
    """Where and as what somebody works; without a unit, the agency's intake unit is meant."""

    agency: str  # key
    role: Role
    unit: str | None = None  # key


@dataclass(frozen=True, slots=True)
class Grant:
    """Who gives a role (memberships); the operator at the machine gives as nobody."""

    by: UUID | None = None
    confirmed_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The new member and the first membership."""

    member_id: UUID
    membership_id: UUID


OPERATOR: Final = Grant()


async def add(
    connection: AsyncConnection,
    country: str,
    user_name: str,
    name: str,
    seat: Seat,
    on: date,
    *,
    password_hash: str | None = None,
    kind: Kind = Kind.PERSON,
    grant: Grant = OPERATOR,
) -> Added | Refused:
    """A new member with a first role from ``on``; ``password_hash`` is argon2id or None."""
    refused = _name_refused(user_name, password_hash, kind) or _second_person(seat.role, grant)
    if refused:
        return refused
    if await _exists(connection, func.lower(Member.user_name) == user_name):
        return Refused(
            "user-name-taken", f"Somebody is called {user_name} already: choose another."
        )
    place = await _place(connection, country, seat)
    if isinstance(place, Refused):
        return place
    added = Added(uuid4(), uuid4())
    await connection.execute(
        insert(Member).values(
            id=added.member_id,
            country=country,
            kind=kind.value,
            user_name=user_name,
            name=name,
            password_hash=password_hash,
            active=True,
        )
    )
    await _begin(connection, added.membership_id, added.member_id, place, seat.role, on)
    return added


async def give_role(
    connection: AsyncConnection, member_id: UUID, seat: Seat, on: date, grant: Grant = OPERATOR
) -> UUID | Refused:
    """One more membership from ``on``, unless it may not be in one hand with another role."""
    country = await connection.scalar(
        select(Member.country).where(Member.id == member_id).with_for_update()
    )
    if country is None:
        return Refused("unknown-member", "No member has this id.")
    refused = _second_person(seat.role, grant)
    if refused:
        return refused
    place = await _place(connection, country, seat)
    if isinstance(place, Refused):
        return place
    refused = await _duties(connection, member_id, seat.role, on, but=None)
    if refused:
        return refused
    taken = (Membership.member_id == member_id) & (Membership.unit_id == place[1])
    if await _exists(connection, taken & (Membership.role == seat.role.value) & _open(on)):
        return Refused("already-held", f"The member is {seat.role} of that unit already.")
    membership_id = uuid4()
    await _begin(connection, membership_id, member_id, place, seat.role, on)
    return membership_id


async def change_role(
    connection: AsyncConnection, membership_id: UUID, role: Role, on: date, grant: Grant = OPERATOR
) -> UUID | Refused:
    """Another role in the same unit from ``on``: the old membership ends, its acts stay its own."""
    found = await connection.execute(
        select(Membership.__table__)
        .where(Membership.id == membership_id, _open(on))
        .with_for_update()
    )
    held = found.one_or_none()
    if held is None:
        return Refused("unknown-membership", "No membership in force has this id.")
    if held.role == role:
        return Refused("already-held", f"The member is {role} of that unit already.")
    refused = _second_person(role, grant) or await _duties(
        connection, held.member_id, role, on, but=membership_id
    )
    if refused:
        return refused
    await _end(connection, [membership_id], on)
    new_id = uuid4()
    await _begin(connection, new_id, held.member_id, (held.agency_id, held.unit_id), role, on)
    return new_id


async def disable(connection: AsyncConnection, member_id: UUID, at: datetime) -> bool:
    """End all access at once: sign-in, sessions, tokens. False when nobody has this id."""
    found = await connection.execute(
        update(Member).where(Member.id == member_id).values(active=False).returning(Member.id)
    )
    if found.one_or_none() is None:
        return False
    own = select(Membership.id).where(Membership.member_id == member_id)
    await connection.execute(delete(Session).where(Session.membership_id.in_(own)))
    revoked = update(ApiToken).where(ApiToken.membership_id.in_(own), ApiToken.revoked_at.is_(None))
    await connection.execute(revoked.values(revoked_at=at))
    return True


def _name_refused(user_name: str, password_hash: str | None, kind: Kind) -> Refused | None:
    if not USER_NAME.fullmatch(user_name):
        explanation = "A user name has 2 to 100 small letters, digits, dots, hyphens, _ or @."
        return Refused("user-name-malformed", explanation)
    if kind is Kind.SYSTEM and password_hash is not None:
        return Refused(
            "system-has-no-password", "A system signs in by token only: leave the password out."
        )
    return None


def _second_person(role: Role, grant: Grant) -> Refused | None:
    """Some roles take two to grant (security 3.3); the operator at the machine does not."""
    if role not in GRANTED_BY_TWO or grant.by is None:
        return None
    if grant.confirmed_by is not None and grant.confirmed_by != grant.by:
        return None
    explanation = f"{role} is granted by two: a second person of the agency must confirm it."
    return Refused("second-person-needed", explanation)


async def _duties(
    connection: AsyncConnection, member_id: UUID, role: Role, on: date, but: UUID | None
) -> Refused | None:
    held = await connection.scalars(
        select(Membership.role).where(
            Membership.member_id == member_id, _open(on), Membership.id.is_distinct_from(but)
        )
    )
    clash = sorted(conflicts((Role(name) for name in held), role))
    if not clash:
        return None
    explanation = (
        f"{role} may not be in one hand with {', '.join(clash)}: the one watches the other."
        " End that role first, or choose another person."
    )
    return Refused("duties-conflict", explanation)


async def _place(
    connection: AsyncConnection, country: str, seat: Seat
) -> tuple[UUID, UUID] | Refused:
    """(agency, unit) of the seat."""
    found = await connection.execute(
        select(Agency.id.label("agency"), Unit.id, Unit.key, Unit.intake)
        .join(Unit, Unit.agency_id == Agency.id)
        .where(Agency.country == country, Agency.key == seat.agency)
        .order_by(Unit.key)
    )
    units = found.all()
    if not units:
        return Refused(
            "unknown-agency", f"{country} has no agency {seat.agency}. See: agencies list."
        )
    for row in units:
        if row.key == seat.unit or (seat.unit is None and row.intake):
            return row.agency, row.id
    keys = ", ".join(row.key for row in units)
    return Refused("unknown-unit", f"{seat.agency} has no such unit. Its units: {keys}.")


async def _begin(
    connection: AsyncConnection,
    membership_id: UUID,
    member_id: UUID,
    place: tuple[UUID, UUID],
    role: Role,
    on: date,
) -> None:
    agency_id, unit_id = place
    await connection.execute(
        insert(Membership).values(
            id=membership_id,
            member_id=member_id,
            agency_id=agency_id,
            unit_id=unit_id,
            role=role.value,
            valid_from=on,
        )
    )


async def _end(connection: AsyncConnection, memberships: Sequence[UUID], on: date) -> None:
    """No longer from ``on``; a session or token of an ended membership finds it out by itself."""
    ended = update(Membership).where(Membership.id.in_(memberships))
    await connection.execute(ended.values(valid_until=func.greatest(Membership.valid_from, on)))


async def _exists(connection: AsyncConnection, condition: ColumnElement[bool]) -> bool:
    return bool(await connection.scalar(select(select(1).where(condition).exists())))


def _open(on: date) -> ColumnElement[bool]:
    return or_(Membership.valid_until.is_(None), Membership.valid_until > on)
