"""Mandates put into the directory: what is held, what changes, and how much that came to.

What this file must never know: how a change is found (`dating`), and how the register was spelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Mandate, Unit
from agencies.register.dating import Changes, Held
from agencies.register.entries import Body, Charge
from agencies.register.stored import Count


async def held_in(connection: AsyncConnection, country: str) -> dict[UUID, list[Held]]:
    """Every mandate on file in the country, by agency, also those that have ended."""
    found = await connection.execute(
        select(Mandate.__table__, Unit.key.label("desk"))
        .join(Unit, Unit.id == Mandate.unit_id)
        .where(Mandate.country == country)
    )
    held: dict[UUID, list[Held]] = {}
    for row in found:
        period = (row.valid_from, row.valid_until)
        what = (row.mandate, row.jurisdiction, row.desk, row.priority, row.fall_back, row.source)
        held.setdefault(row.agency_id, []).append(Held(row.id, Charge(*what, *period)))
    return held


async def write(
    connection: AsyncConnection,
    todo: Changes,
    agency: tuple[Body, UUID, Mapping[tuple[UUID, str], UUID]],
    on: date,
) -> None:
    """Ends first: a new row may take the place of one that ends."""
    body, agency_id, units = agency
    if todo.withdraw:
        gone = [row.id for row in todo.withdraw]
        await connection.execute(delete(Mandate).where(Mandate.id.in_(gone)))
    if todo.end:
        over = [row.id for row in todo.end]
        await connection.execute(update(Mandate).where(Mandate.id.in_(over)).values(valid_until=on))
    for row, source in todo.reword:
        await connection.execute(update(Mandate).where(Mandate.id == row.id).values(source=source))
    if todo.begin:
        rows = [_mandate_row(charge, body, agency_id, units) for charge in todo.begin]
        await connection.execute(insert(Mandate), rows)


def _mandate_row(
    charge: Charge, body: Body, agency_id: UUID, units: Mapping[tuple[UUID, str], UUID]
) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "agency_id": agency_id,
        "unit_id": units[agency_id, charge.desk],
        "country": body.country,
        "mandate": charge.mandate,
        "jurisdiction": charge.place,
        "priority": charge.priority,
        "fall_back": charge.fall_back,
        "source": charge.source,
        "valid_from": charge.valid_from,
        "valid_until": charge.valid_until,
    }


def tally(todo: Changes, count: Count) -> None:
    """Count them: a row that ends and one that begins are one change."""
    replaced = min(len(todo.begin), len(todo.end) + len(todo.withdraw))
    count.changed += replaced + len(todo.reword)
    count.added += len(todo.begin) - replaced
    count.ended += len(todo.end) + len(todo.withdraw) - replaced
    count.unchanged += todo.unchanged
