"""A register put into the directory's tables, in the caller's transaction.

The connection must be the owner's (the migration role): the app may only read the directory. Two
imports of one country wait for each other. Rows nobody changed are not touched.
What this file must never know: how the register was spelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Agency, Grouping, Jurisdiction, Mandate, Unit
from agencies.register.dating import Changes, Held, changes
from agencies.register.entries import Body, Charge, Place, Problem, Register
from agencies.register.stored import Count, Entered, upsert

_E = TypeVar("_E")


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
        await _enter_places(connection, register.places, country, entered)
        bodies = [body for body in register.bodies if body.country == country]
        await _enter_country(
            connection, replace(register, bodies=tuple(bodies)), country, on, entered
        )
    return entered


async def _enter_country(
    connection: AsyncConnection, register: Register, country: str, on: date, entered: Entered
) -> None:
    ids = await _ids(connection, country)
    bodies = await _fitting(connection, register, country, frozenset(ids), entered)
    if register.complete:
        entered.absent = tuple(sorted(ids.keys() - {body.key for body in bodies}))
    known = frozenset(ids)
    ids |= {body.key: uuid4() for body in bodies if body.key not in ids}
    # A CSV row knows one name and no end: what a country's file said of these stays.
    keep = frozenset() if register.complete else frozenset({"names", "valid_until", "valid_from"})
    await upsert(connection, Agency, _agency_rows(bodies, ids), entered.agencies, keep)
    units = await _enter_units(connection, bodies, ids, entered)
    held = await _held(connection, country)
    for body in bodies:
        stored = held.get(ids[body.key], ())
        todo = changes(
            stored, body.charges, on, complete=register.complete, known=body.key in known
        )
        await _write(connection, todo, (body, ids[body.key], units), on)
        _tally(todo, entered.mandates)


async def _enter_places(
    connection: AsyncConnection, places: Sequence[Place], country: str, entered: Entered
) -> None:
    rows = [
        {
            "code": place.code,
            "country": country,
            "parent": place.parent,
            "kind": place.kind,
            "names": dict(place.names),
        }
        for place in _parents_first(
            places, {place.code: place.parent for place in places}, lambda place: place.code
        )
    ]
    await upsert(connection, Jurisdiction, rows, entered.places)
    wanted = {(place.code, member) for place in places for member in place.members}
    found = await connection.execute(
        select(Grouping.group_code, Grouping.member_code)
        .join(Jurisdiction, Jurisdiction.code == Grouping.group_code)
        .where(Jurisdiction.country == country)
    )
    stored = {(row.group_code, row.member_code) for row in found}
    new = [
        {"group_code": group, "member_code": member} for group, member in sorted(wanted - stored)
    ]
    if new:
        await connection.execute(insert(Grouping), new)
    for group, member in sorted(stored - wanted) if places else ():
        left = delete(Grouping).where(Grouping.group_code == group, Grouping.member_code == member)
        await connection.execute(left)


async def _ids(connection: AsyncConnection, country: str) -> dict[str, UUID]:
    found = await connection.execute(select(Agency.key, Agency.id).where(Agency.country == country))
    return {row.key: row.id for row in found}


async def _fitting(
    connection: AsyncConnection,
    register: Register,
    country: str,
    stored: frozenset[str],
    entered: Entered,
) -> list[Body]:
    """The bodies whose parent and places are known, parents first; the others become problems."""
    found = await connection.execute(
        select(Jurisdiction.code).where(Jurisdiction.country == country)
    )
    places = frozenset(found.scalars())
    known = stored | {body.key for body in register.bodies}
    good: list[Body] = []
    problems: list[Problem] = []
    for body in register.bodies:
        if body.parent is not None and body.parent not in known:
            message = f"{body.key}: nobody knows its parent {body.parent}; the agency was left out."
            problems.append(Problem(register.file, body.line, message, "Import the parent first."))
            continue
        strange = [charge for charge in body.charges if charge.place not in places]
        for charge in strange:
            message = f"{body.key} serves {charge.mandate} in {charge.place}, an unknown place."
            problems.append(
                Problem(register.file, charge.line, message, "Import the country's places first.")
            )
        good.append(replace(body, charges=tuple(c for c in body.charges if c not in strange)))
    entered.problems = tuple(sorted({*entered.problems, *problems}))
    return _parents_first(good, {body.key: body.parent for body in good}, lambda body: body.key)


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


async def _held(connection: AsyncConnection, country: str) -> dict[UUID, list[Held]]:
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


async def _write(
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


def _tally(todo: Changes, count: Count) -> None:
    replaced = min(len(todo.begin), len(todo.end) + len(todo.withdraw))
    count.changed += replaced + len(todo.reword)
    count.added += len(todo.begin) - replaced
    count.ended += len(todo.end) + len(todo.withdraw) - replaced
    count.unchanged += todo.unchanged


def _parents_first(
    entries: Iterable[_E], parents: Mapping[str, str | None], key_of: Callable[[_E], str]
) -> list[_E]:
    """The entries ordered so that none comes before what it stands under."""

    def depth(key: str | None, left: int = 20) -> int:
        return 0 if key is None or left == 0 else 1 + depth(parents.get(key), left - 1)

    return sorted(entries, key=lambda entry: depth(key_of(entry)))
