"""Desks that can be addressed: what a reader needs to know of a unit and its agency.

What this file must never know: which mandates a unit holds, and why somebody addresses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Agency, Unit


@dataclass(frozen=True, slots=True)
class UnitRef:
    """A unit to address, with what a reader needs to know of its agency."""

    unit_id: UUID
    unit_name: str
    agency_id: UUID
    agency_key: str
    agency_name: str
    agency_type: str
    level: str
    confidential: bool
    time_zone: str


_UNIT_REF: Final = (
    Unit.id.label("unit_id"),
    Unit.name.label("unit_name"),
    Agency.id.label("agency_id"),
    Agency.key.label("agency_key"),
    Agency.name.label("agency_name"),
    Agency.type.label("agency_type"),
    Agency.level,
    Agency.confidential,
    Unit.time_zone,
)


async def units_with(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, UnitRef]:
    """The units with these ids; an id nobody has is simply not in the answer."""
    found = await connection.execute(
        select(*_UNIT_REF).join(Agency, Agency.id == Unit.agency_id).where(Unit.id.in_(ids))
    )
    return {row.unit_id: UnitRef(**row._mapping) for row in found}  # noqa: SLF001 (a Row's public face)


async def intake_of(connection: AsyncConnection, agency_id: UUID) -> UnitRef | None:
    """The unit that receives for this agency: its intake unit, the first by key if several."""
    found = await connection.execute(
        select(*_UNIT_REF)
        .join(Agency, Agency.id == Unit.agency_id)
        .where(Unit.agency_id == agency_id, Unit.intake)
        .order_by(Unit.key)
        .limit(1)
    )
    row = found.one_or_none()
    return UnitRef(**row._mapping) if row else None  # noqa: SLF001
