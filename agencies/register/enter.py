"""A register put into the directory's tables, in the caller's transaction.

The connection must be the owner's (the migration role): the app may only read the directory. Two
imports of one country wait for each other. Rows nobody changed are not touched.
What this file must never know: how the register was spelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Agency, Unit
from agencies.register.charging import held_in, tally, write
from agencies.register.dating import changes
from agencies.register.entries import Body, Register
from agencies.register.fitting import fitting
from agencies.register.places import enter_places
from agencies.register.stored import Entered, upsert


async def enter(connection: AsyncConnection, register: Register, on: date) -> Entered:
    """Make the directory say from ``on`` what the register says; idempotent.

    A complete register (YAML) with problems changes nothing. Of a partial one (CSV) the good rows
    are entered; the problems of the file and those found here come back together.
    """
    entered = Entered(problems=register.problems)
    if register.complete and register.problems:
        return entered
    for country in sorted({body.country for body in register.bodies}):
        lock = text(
            "SELECT pg_advisory_xact_lock(hashtextextended('agencies register ' || :country, 0))"
        )
        await connection.execute(lock, {"country": country})
        await enter_places(connection, register.places, country, entered)
        bodies = tuple(body for body in register.bodies if body.country == country)
        await _enter_country(connection, replace(register, bodies=bodies), country, on, entered)
    return entered


async def _enter_country(
    connection: AsyncConnection, register: Register, country: str, on: date, entered: Entered
) -> None:
    ids = await _ids(connection, country)
    bodies = await fitting(connection, register, country, frozenset(ids), entered)
    if register.complete:
        entered.absent = tuple(sorted(ids.keys() - {body.key for body in bodies}))
    known = frozenset(ids)
    ids |= {body.key: uuid4() for body in bodies if body.key not in ids}
    # A CSV row knows one name and no end: what a country's file said of these stays.
    keep = frozenset() if register.complete else frozenset({"names", "valid_until", "valid_from"})
    await upsert(connection, Agency, _agency_rows(bodies, ids), entered.agencies, keep)
    units = await _enter_units(connection, bodies, ids, entered)
    held = await held_in(connection, country)
    for body in bodies:
        stored = held.get(ids[body.key], ())
        todo = changes(
            stored, body.charges, on, complete=register.complete, known=body.key in known
        )
        await write(connection, todo, (body, ids[body.key], units), on)
        tally(todo, entered.mandates)


async def _ids(connection: AsyncConnection, country: str) -> dict[str, UUID]:
    found = await connection.execute(select(Agency.key, Agency.id).where(Agency.country == country))
    return {row.key: row.id for row in found}


def _agency_rows(bodies: Sequence[Body], ids: Mapping[str, UUID]) -> list[dict[str, Any]]:
    return [
        {
            "id": ids[body.key],
            "country": body.country,
            "key": body.key,
            "name": body.name,
            "names": dict(body.names),
            "type": body.type,
            "level": body.level,
            "parent_id": ids[body.parent] if body.parent else None,
            "confidential": body.confidential,
            "source": body.source,
            "valid_from": body.valid_from,
            "valid_until": body.valid_until,
        }
        for body in bodies
    ]


async def _enter_units(
    connection: AsyncConnection, bodies: Sequence[Body], ids: Mapping[str, UUID], entered: Entered
) -> dict[tuple[UUID, str], UUID]:
    """Every unit's id by (agency, key). Units no longer listed stay: people may sit there."""
    agencies = [ids[body.key] for body in bodies]
    found = await connection.execute(
        select(Unit.agency_id, Unit.key, Unit.id).where(Unit.agency_id.in_(agencies))
    )
    units = {(row.agency_id, row.key): row.id for row in found}
    rows = [
        {
            "id": units.setdefault((ids[body.key], desk.key), uuid4()),
            "agency_id": ids[body.key],
            "country": body.country,
            "key": desk.key,
            "name": desk.name,
            "intake": desk.intake,
            "time_zone": desk.time_zone,
        }
        for body in bodies
        for desk in body.desks
    ]
    await upsert(connection, Unit, rows, entered.units)
    return units
