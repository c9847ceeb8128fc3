"""Who serves a mandate at a place on a day: the look-up the service stands on.

Nobody serving is an answer too: the national fall-back, flagged ``no_agency``. The order of looking
is the database's function. What this file must never know: a case, a person, why somebody asks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.directory.units import UnitRef

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


_SERVING: Final = "SELECT * FROM agencies.serving($1::jsonb, $2) ORDER BY ask"
_HELD: Final = text("SELECT agencies.held_mandates(:unit, :place, :on_day)")


async def serving(connection: AsyncConnection, asks: Sequence[Ask], on: date) -> list[Serving]:
    """One answer per ask, in the order of the asks; a single statement however many they are."""
    if not asks:
        return []
    rows = await connection.exec_driver_sql(_SERVING, (_as_json(asks), on))
    return [_answer(ask, row) for ask, row in zip(asks, rows, strict=True)]


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
