"""A register entered: idempotent, dated, and nothing lost on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from agencies.directory import Ask, serving
from agencies.register import Entered, Register, enter
from agencies.register.entries import Body, Problem
from agencies.register.from_csv import read_csv
from agencies.register.stored import Count
from tests.agencies.conftest import TODAY
from tests.agencies.test_register_csv import HEADER
from tests.conftest import Database

LATER = date(2026, 6, 1)
ROW = "ZZ,COAST-GUARD,Coast guard,POLICE,national,Coast Act,2026-01-01,UTC,COAST,ZZ-N,10\n"


def body_of(register: Register, key: str) -> Body:
    return next(body for body in register.bodies if body.key == key)


def changed(register: Register, body: Body) -> Register:
    """The register with one agency written otherwise."""
    bodies = tuple(body if one.key == body.key else one for one in register.bodies)
    return replace(register, bodies=bodies)


async def held_by(
    connection: AsyncConnection, key: str
) -> list[tuple[str, int, date, date | None]]:
    found = await connection.execute(
        text(
            "SELECT m.mandate, m.priority, m.valid_from, m.valid_until FROM agencies.mandate m"
            " JOIN agencies.agency a ON a.id = m.agency_id WHERE a.key = :key ORDER BY 1, 3"
        ),
        {"key": key},
    )
    return [(row[0], row[1], row[2], row[3]) for row in found]


async def test_the_first_import_adds_everything(owner: AsyncConnection, zedland: Register) -> None:
    entered = await enter(owner, zedland, TODAY)
    charges = sum(len(body.charges) for body in zedland.bodies)
    assert entered.places == Count(added=len(zedland.places))
    assert entered.agencies == Count(added=len(zedland.bodies))
    assert entered.mandates == Count(added=charges)
    assert (entered.absent, entered.problems) == ((), ())


async def test_the_second_import_changes_nothing(
    directory: AsyncConnection, zedland: Register
) -> None:
    entered = await enter(directory, zedland, LATER)
    assert entered.changed_nothing
    assert entered.mandates.unchanged == sum(len(body.charges) for body in zedland.bodies)


async def test_a_changed_mandate_is_dated_and_the_old_one_kept(
    directory: AsyncConnection, zedland: Register
) -> None:
    court = body_of(zedland, "COURT-ZZ-N")
    (charge,) = court.charges
    written = changed(zedland, replace(court, charges=(replace(charge, priority=7),)))
    entered = await enter(directory, written, LATER)
    assert entered.mandates.changed == 1
    began = date(2020, 1, 1)
    assert await held_by(directory, "COURT-ZZ-N") == [
        ("COURT", 100, began, LATER),
        ("COURT", 7, LATER, None),
    ]
    assert (await enter(directory, written, LATER)).changed_nothing


async def test_a_mandate_taken_from_one_and_given_to_another_moves_on_that_day(
    directory: AsyncConnection, zedland: Register
) -> None:
    hotline, council = body_of(zedland, "HOTLINE"), body_of(zedland, "COUNCIL")
    written = changed(zedland, replace(hotline, charges=()))
    written = changed(written, replace(council, charges=(*council.charges, *hotline.charges)))
    await enter(directory, written, LATER)
    days = [date(2026, 5, 31), LATER]
    found = [(await serving(directory, [Ask("HOTLINE", "ZZ-N")], day))[0].unit for day in days]
    assert [unit.agency_key for unit in found if unit] == ["HOTLINE", "COUNCIL"]


async def test_an_agency_that_is_no_longer_in_the_file_is_named_and_left(
    directory: AsyncConnection, zedland: Register
) -> None:
    bodies = tuple(body for body in zedland.bodies if body.key != "HOTLINE")
    entered = await enter(directory, replace(zedland, bodies=bodies), LATER)
    assert entered.absent == ("HOTLINE",)
    assert entered.changed_nothing


async def test_a_new_name_is_corrected_in_place(
    directory: AsyncConnection, zedland: Register
) -> None:
    hotline = replace(body_of(zedland, "HOTLINE"), name="Line 111")
    entered = await enter(directory, changed(zedland, hotline), LATER)
    assert (entered.agencies.changed, entered.mandates.changed) == (1, 0)


async def test_a_place_may_leave_a_group(directory: AsyncConnection, zedland: Register) -> None:
    places = tuple(
        replace(place, members=("ZZ-N",)) if place.code == "ZZ-RIVER" else place
        for place in zedland.places
    )
    await enter(directory, replace(zedland, places=places), LATER)
    (found,) = await serving(directory, [Ask("RIVER_POLICE", "ZZ-E")], LATER)
    assert found.via == "declared_fall_back"


async def test_a_country_file_with_a_problem_changes_nothing_at_all(
    owner: AsyncConnection, zedland: Register
) -> None:
    problem = Problem("zz.yaml", 3, "something is wrong.", "Put it right.")
    entered = await enter(owner, replace(zedland, problems=(problem,)), TODAY)
    assert entered == Entered(problems=(problem,))
    assert await owner.scalar(text("SELECT count(*) FROM agencies.agency")) == 0


async def test_rows_of_a_csv_are_added_to_what_stands(directory: AsyncConnection) -> None:
    entered = await enter(directory, read_csv((HEADER + ROW).encode(), "coast.csv"), TODAY)
    assert (entered.agencies, entered.mandates) == (Count(added=1), Count(added=1))
    (found,) = await serving(directory, [Ask("COAST", "ZZ-N")], TODAY)
    assert found.unit is not None
    assert found.unit.agency_key == "COAST-GUARD"
    again = await enter(directory, read_csv((HEADER + ROW).encode(), "coast.csv"), LATER)
    assert again.changed_nothing


async def test_a_csv_row_for_an_unknown_place_or_parent_is_reported_with_its_line(
    directory: AsyncConnection,
) -> None:
    header = HEADER.replace("priority", "priority,parent")
    rows = [
        ROW.replace(",10", ",10,"),
        ROW.replace("ZZ-N,10", "ZZ-Q,10,").replace("COAST-GUARD", "LOST"),
        ROW.replace(",10", ",10,NOBODY").replace("COAST-GUARD", "ORPHAN"),
    ]
    register = read_csv((header + "".join(rows)).encode(), "coast.csv")
    entered = await enter(directory, register, TODAY)
    assert [(found.line, found.message) for found in entered.problems] == [
        (3, "LOST serves COAST in ZZ-Q, an unknown place."),
        (4, "ORPHAN: nobody knows its parent NOBODY; the agency was left out."),
    ]
    assert entered.agencies.added == 2
    assert entered.mandates.added == 1


async def test_a_csv_row_does_not_take_away_what_the_country_file_said(
    directory: AsyncConnection, zedland: Register
) -> None:
    hotline = body_of(zedland, "HOTLINE")
    row = f"ZZ,HOTLINE,{hotline.name},HOTLINE,national,{hotline.source},2026-01-01,UTC,NIGHT,ZZ,1\n"
    quoted = row.replace(hotline.source, f'"{hotline.source}"')
    entered = await enter(directory, read_csv((HEADER + quoted).encode(), "night.csv"), TODAY)
    assert (entered.agencies.changed, entered.mandates.added) == (0, 1)
    assert len(await held_by(directory, "HOTLINE")) == 2


async def test_two_imports_at_once_wait_for_each_other(
    database: Database, zedland: Register
) -> None:
    url = make_url(database.migrator_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)

    async def one() -> Entered:
        async with engine.begin() as connection:
            return await enter(connection, zedland, TODAY)

    both = await asyncio.gather(one(), one())
    await engine.dispose()
    assert sorted(entered.changed_nothing for entered in both) == [False, True]


async def test_the_app_may_not_enter_anything(
    connection: AsyncConnection, zedland: Register
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await enter(connection, zedland, TODAY)
