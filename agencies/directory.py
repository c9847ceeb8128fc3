"""Who serves a mandate at a place on a day, and who an agency is.

1. Answers come from the database as it stands in the caller's transaction; nothing is remembered.
2. Nobody serving is an answer too: the national fall-back, flagged ``no_agency``.
3. What this file must never know: a case, a person, why somebody asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Agency, Jurisdiction, Mandate, Unit

NATIONAL_FALL_BACK: Final = "NATIONAL_FALL_BACK"


class Via(StrEnum):
    """How the look-up came to its answer, in the order it looks."""

    DIRECT = "direct"
    ANCESTOR = "ancestor"
    GROUP = "group"
    DECLARED_FALL_BACK = "declared_fall_back"
    NATIONAL_FALL_BACK = "national_fall_back"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: who holds ``mandate`` at ``jurisdiction`` (ISO 3166-2, or the country's code)?

    ``excluding`` are agency keys: they and everything below them are no answer.
    ``national`` asks at country level whatever the place.
    """

    mandate: str
    jurisdiction: str
    excluding: frozenset[str] = frozenset()
    national: bool = False


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


@dataclass(frozen=True, slots=True)
class Serving:
    """The answer: one unit, the others that hold the mandate too, and how they were found.

    ``no_agency``: nobody holds the mandate there; ``unit`` is the national fall-back, or None when
    the country has declared none (or it is excluded): the asker keeps what it has.
    """

    ask: Ask
    unit: UnitRef | None
    alternates: tuple[UnitRef, ...]
    no_agency: bool
    via: Via


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
_SERVING: Final = text("SELECT * FROM agencies.serving(CAST(:asks AS jsonb), :on_day) ORDER BY ask")

_HELD: Final = text("SELECT agencies.held_mandates(:unit, :place, :on_day)")


async def serving(connection: AsyncConnection, asks: Sequence[Ask], on: date) -> list[Serving]:
    """One answer per ask, in the order of the asks; a single statement however many they are."""
    if not asks:
        return []
    rows = await connection.execute(_SERVING, {"asks": _as_json(asks), "on_day": on})
    return [_answer(ask, row) for ask, row in zip(asks, rows, strict=True)]


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


async def places_in(connection: AsyncConnection, country: str) -> dict[str, Mapping[str, str]]:
    """Every place of the country that can be asked about: code -> names by language, no groups."""
    found = await connection.execute(
        select(Jurisdiction.code, Jurisdiction.names)
        .where(Jurisdiction.country == country, Jurisdiction.kind != "group")
        .order_by(Jurisdiction.code)
    )
    return {row.code: row.names for row in found}


async def mandates_of(
    connection: AsyncConnection, unit_id: UUID, place: str, on: date
) -> frozenset[str]:
    """The mandates this unit holds at the place, directly, through a group or from above.

    Declared fall-backs do not count: falling back to somebody is not being charged with it.
    """
    given = {"unit": unit_id, "place": place, "on_day": on}
    found = await connection.execute(_HELD, given)
    return frozenset(found.scalar_one())


def _as_json(asks: Sequence[Ask]) -> str:
    return json.dumps(
        [
            {
                "mandate": ask.mandate,
                "jurisdiction": ask.jurisdiction,
                "excluding": sorted(ask.excluding),
                "national": ask.national,
            }
            for ask in asks
        ]
    )


def _answer(ask: Ask, row: Row[Any]) -> Serving:
    columns = row._mapping  # noqa: SLF001
    unit = UnitRef(**{name: columns[name] for name in UnitRef.__slots__}) if row.unit_id else None
    return Serving(ask, unit, _refs(row.alternates), row.no_agency, Via(row.via))


def _refs(alternates: object) -> tuple[UnitRef, ...]:
    listed = json.loads(alternates) if isinstance(alternates, str | bytes) else alternates
    assert isinstance(listed, list), "the look-up answers a list"  # noqa: S101
    return tuple(
        UnitRef(
            **{
                **{name: ref[name] for name in UnitRef.__slots__},
                "unit_id": UUID(ref["unit_id"]),
                "agency_id": UUID(ref["agency_id"]),
            }
        )
        for ref in listed
    )


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
