"""The directory as it is read: the agencies and the places of a country on a day.

What this file must never know: a case, and who of its readers may see a confidential agency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Agency, Jurisdiction, Mandate


@dataclass(frozen=True, slots=True)
class Mandated:
    """One mandate of an agency, as the directory page shows it."""

    mandate: str
    jurisdiction: str
    unit_id: UUID
    priority: int
    fall_back: bool
    source: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class AgencyEntry:
    """One agency of the directory with the mandates it holds on the day asked about."""

    id: UUID
    country: str
    key: str
    name: str
    names: Mapping[str, str]
    type: str
    level: str
    parent_id: UUID | None
    confidential: bool
    source: str
    valid_from: date
    valid_until: date | None
    mandates: tuple[Mandated, ...]


async def agencies_in(connection: AsyncConnection, country: str, on: date) -> list[AgencyEntry]:
    """Every agency of the country in force on the day, by key, each with its mandates."""
    found = await connection.execute(
        select(Agency.__table__)
        .where(Agency.country == country, _in_force(Agency, on))
        .order_by(Agency.key)
    )
    return await _with_mandates(connection, found.all(), on)


async def agency_named(
    connection: AsyncConnection, country: str, key: str, on: date
) -> AgencyEntry | None:
    """The agency with this key, or None when the country knows none in force on the day."""
    found = await connection.execute(
        select(Agency.__table__).where(
            Agency.country == country, Agency.key == key, _in_force(Agency, on)
        )
    )
    entries = await _with_mandates(connection, found.all(), on)
    return entries[0] if entries else None


async def places_in(connection: AsyncConnection, country: str) -> dict[str, Mapping[str, str]]:
    """Every place of the country that can be asked about: code -> names by language, no groups."""
    found = await connection.execute(
        select(Jurisdiction.code, Jurisdiction.names)
        .where(Jurisdiction.country == country, Jurisdiction.kind != "group")
        .order_by(Jurisdiction.code)
    )
    return {row.code: row.names for row in found}


def _in_force(of: type[Agency | Mandate], on: date) -> ColumnElement[bool]:
    return (of.valid_from <= on) & or_(of.valid_until.is_(None), of.valid_until > on)


async def _with_mandates(
    connection: AsyncConnection, agencies: Sequence[Row[Any]], on: date
) -> list[AgencyEntry]:
    """Two statements in all, however many agencies."""
    held: dict[UUID, list[Mandated]] = {row.id: [] for row in agencies}
    found = await connection.execute(
        select(Mandate.__table__)
        .where(Mandate.agency_id.in_(held), _in_force(Mandate, on))
        .order_by(Mandate.mandate, Mandate.jurisdiction, Mandate.priority)
    )
    for row in found:
        columns = row._mapping  # noqa: SLF001
        held[row.agency_id].append(Mandated(**{n: columns[n] for n in Mandated.__slots__}))
    return [AgencyEntry(**row._mapping, mandates=tuple(held[row.id])) for row in agencies]  # noqa: SLF001
