"""Roles given and changed: one more seat, or another role in the same one.

1. Some duties may not be in one hand, and some roles take two people to give (security 3.3).
2. What was done in an old role stays that membership's own: nothing is rewritten.
3. The connection must be the owner's (the migration role): the app may only read members.
4. What this file must never know: passwords, cases, pages, today's date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.duties import GRANTED_BY_TWO, Role, conflicts
from agencies.models import Member, Membership
from agencies.seats import Refused, Seat, begin, end, open_on, seated_at


@dataclass(frozen=True, slots=True)
class Grant:
    """Who gives a role (memberships); the operator at the machine gives as nobody."""

    by: UUID | None = None
    confirmed_by: UUID | None = None


OPERATOR: Final = Grant()


async def give_role(
    connection: AsyncConnection, member_id: UUID, seat: Seat, on: date, grant: Grant = OPERATOR
) -> UUID | Refused:
    """One more membership from ``on``, unless it may not be in one hand with another role."""
    country = await connection.scalar(
        select(Member.country).where(Member.id == member_id).with_for_update()
    )
    if country is None:
        return Refused("unknown-member", "No member has this id.")
    refused = second_person(seat.role, grant)
    if refused:
        return refused
    place = await seated_at(connection, country, seat)
    if isinstance(place, Refused):
        return place
    refused = await _duties(connection, member_id, seat.role, on, but=None)
    if refused:
        return refused
    same = select(Membership.id).where(
        Membership.member_id == member_id,
        Membership.unit_id == place[1],
        Membership.role == seat.role.value,
        open_on(on),
    )
    if await connection.scalar(same.limit(1)) is not None:
        return Refused("already-held", f"The member is {seat.role} of that unit already.")
    membership_id = uuid4()
    await begin(connection, membership_id, member_id, place, seat.role, on)
    return membership_id


async def change_role(
    connection: AsyncConnection, membership_id: UUID, role: Role, on: date, grant: Grant = OPERATOR
) -> UUID | Refused:
    """Another role in the same unit from ``on``: the old membership ends, its acts stay its own."""
    found = await connection.execute(
        select(Membership.__table__)
        .where(Membership.id == membership_id, open_on(on))
        .with_for_update()
    )
    held = found.one_or_none()
    if held is None:
        return Refused("unknown-membership", "No membership in force has this id.")
    if held.role == role:
        return Refused("already-held", f"The member is {role} of that unit already.")
    refused = second_person(role, grant) or await _duties(
        connection, held.member_id, role, on, but=membership_id
    )
    if refused:
        return refused
    await end(connection, [membership_id], on)
    new_id = uuid4()
    await begin(connection, new_id, held.member_id, (held.agency_id, held.unit_id), role, on)
    return new_id


def second_person(role: Role, grant: Grant) -> Refused | None:
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
            Membership.member_id == member_id, open_on(on), Membership.id.is_distinct_from(but)
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
