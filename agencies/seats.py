"""Where and as what somebody works: the seat asked for, found, taken and left.

1. A refusal is a value that says what would be possible; nothing was changed then.
2. A seat is dated like everything here: taken from a day, left from a day.
3. What this file must never know: who may be given which role, cases, pages, today's date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.duties import Role
from agencies.models import Agency, Membership, Unit


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


async def seated_at(
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
            "unknown-agency",
            f"{country} has no agency {seat.agency}. The directory page lists them.",
        )
    for row in units:
        if row.key == seat.unit or (seat.unit is None and row.intake):
            return row.agency, row.id
    keys = ", ".join(row.key for row in units)
    return Refused("unknown-unit", f"{seat.agency} has no such unit. Its units: {keys}.")


async def begin(
    connection: AsyncConnection,
    membership_id: UUID,
    member_id: UUID,
    place: tuple[UUID, UUID],
    role: Role,
    on: date,
) -> None:
    """Taken from ``on``; ``place`` is (agency, unit)."""
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


async def end(connection: AsyncConnection, memberships: Sequence[UUID], on: date) -> None:
    """No longer from ``on``; a session or token of an ended membership finds it out by itself."""
    ended = update(Membership).where(Membership.id.in_(memberships))
    await connection.execute(ended.values(valid_until=func.greatest(Membership.valid_from, on)))


def open_on(on: date) -> ColumnElement[bool]:
    """Whether a membership has not ended by this day."""
    return or_(Membership.valid_until.is_(None), Membership.valid_until > on)
