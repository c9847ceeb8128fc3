"""Who serves a mandate somewhere: the nearest, else a declared fall-back, else the last resort."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from agencies.directory import (
    Ask,
    Serving,
    Via,
    agencies_in,
    agency_named,
    intake_of,
    mandates_of,
    places_in,
    serving,
    units_with,
)
from agencies.register import Register, enter
from tests.agencies.conftest import TODAY
from tests.conftest import Database


async def ask(connection: AsyncConnection, *asks: Ask, on: date = TODAY) -> list[Serving]:
    return await serving(connection, asks, on)


def key_of(answer: Serving) -> str | None:
    return answer.unit.agency_key if answer.unit else None


def others_in(answer: Serving) -> list[str]:
    return [unit.agency_key for unit in answer.alternates]


async def test_the_agency_of_the_place_itself_comes_first(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("POLICE", "ZZ-N"))
    assert (key_of(found), found.via, found.no_agency) == ("POLICE-ZZ-N", Via.DIRECT, False)


async def test_rivals_for_one_mandate_are_alternates_in_their_order(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (north, south) = await ask(connection, Ask("POLICE", "ZZ-N"), Ask("POLICE", "ZZ-S"))
    assert others_in(north) == ["RIVER-POLICE"]
    assert others_in(south) == []


async def test_a_group_that_contains_the_place_serves_it(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("RIVER_POLICE", "ZZ-E"))
    assert (key_of(found), found.via) == ("RIVER-POLICE", Via.GROUP)


async def test_a_locality_is_served_from_its_province_and_country(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    asks = [Ask(m, "ZZ-N-PORT") for m in ("COURT", "HOTLINE", "RIVER_POLICE")]
    found = await ask(connection, *asks)
    assert [(key_of(one), one.via) for one in found] == [
        ("COURT-ZZ-N", Via.ANCESTOR),
        ("HOTLINE", Via.ANCESTOR),
        ("RIVER-POLICE", Via.GROUP),
    ]


async def test_where_nobody_is_charged_a_declared_fall_back_serves(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("CHILD_PROTECTION", "ZZ-W"))
    assert (key_of(found), found.via) == ("CHILDREN", Via.DECLARED_FALL_BACK)
    assert not found.no_agency


async def test_a_fall_back_stands_behind_whoever_is_charged(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("CHILD_PROTECTION", "ZZ-N"))
    assert (key_of(found), others_in(found)) == ("CHILDREN-ZZ-N", ["CHILDREN"])


async def test_nobody_anywhere_goes_to_the_national_fall_back_and_says_so(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("HEALTH", "ZZ-W"))
    assert (key_of(found), found.via) == ("COUNCIL", Via.NATIONAL_FALL_BACK)
    assert found.no_agency


async def test_a_report_without_a_province_is_answered_for_the_country(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    found = await ask(
        connection, Ask("HOTLINE", "ZZ"), Ask("PROSECUTION", "ZZ"), Ask("COURT", "ZZ")
    )
    assert [key_of(one) for one in found] == ["HOTLINE", "PROSECUTION", "COUNCIL"]
    assert [one.no_agency for one in found] == [False, False, True]


async def test_a_place_nobody_has_listed_is_answered_as_its_country(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("HOTLINE", "ZZ-NOWHERE"))
    assert key_of(found) == "HOTLINE"


async def test_asked_nationally_the_province_is_passed_over(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("PROSECUTION", "ZZ-N", national=True))
    assert key_of(found) == "PROSECUTION"


async def test_an_excluded_force_is_neither_asked_nor_an_alternate(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    asks = [Ask("POLICE", "ZZ-N", frozenset({key})) for key in ("POLICE-ZZ-N", "RIVER-POLICE")]
    (without_city, without_river) = await ask(connection, *asks)
    assert (key_of(without_city), others_in(without_city)) == ("RIVER-POLICE", [])
    assert (key_of(without_river), others_in(without_river)) == ("POLICE-ZZ-N", [])


async def test_an_excluded_agency_takes_everything_below_it_along(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("CHILD_PROTECTION", "ZZ-N", frozenset({"CHILDREN"})))
    assert (key_of(found), others_in(found), found.no_agency) == ("COUNCIL", [], True)


async def test_an_excluded_office_leaves_its_parent_as_fall_back(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("CHILD_PROTECTION", "ZZ-N", frozenset({"CHILDREN-ZZ-N"})))
    assert (key_of(found), found.via) == ("CHILDREN", Via.DECLARED_FALL_BACK)


async def test_even_the_last_resort_can_be_excluded(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (found,) = await ask(connection, Ask("HEALTH", "ZZ-W", frozenset({"COUNCIL"})))
    assert (found.unit, found.alternates, found.no_agency) == (None, (), True)


async def test_an_empty_directory_answers_too(connection: AsyncConnection) -> None:
    (found,) = await ask(connection, Ask("POLICE", "ZZ-N"))
    assert (found.unit, found.no_agency) == (None, True)
    assert await ask(connection) == []


async def test_the_day_decides(
    owner: AsyncConnection, connection: AsyncConnection, zedland: Register
) -> None:
    ends = date(2026, 7, 1)
    bodies = tuple(
        replace(body, valid_until=ends) if body.key == "POLICE-ZZ-N" else body
        for body in zedland.bodies
    )
    await enter(owner, replace(zedland, bodies=bodies), TODAY)
    await owner.commit()
    asked = Ask("POLICE", "ZZ-N")
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2026, 6, 30), ends]
    found = [(await ask(connection, asked, on=day))[0] for day in days]
    assert [key_of(one) for one in found] == [None, "POLICE-ZZ-N", "POLICE-ZZ-N", "RIVER-POLICE"]


async def test_answers_come_in_the_order_of_the_asks_by_one_statement(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    statements: list[str] = []
    engine = connection.sync_engine

    def count(*given: object) -> None:
        statements.append(str(given[2]))

    event.listen(engine, "before_cursor_execute", count)
    asks = [Ask("POLICE", place) for place in ("ZZ-S", "ZZ-N", "ZZ-E")] * 20
    found = await serving(connection, asks, TODAY)
    assert [one.ask for one in found] == asks
    assert [key_of(one) for one in found[:3]] == ["POLICE-ZZ-S", "POLICE-ZZ-N", "POLICE-ZZ-E"]
    assert len(statements) == 1


async def test_the_worker_may_ask_too_and_may_not_look_at_members(
    directory: AsyncConnection, database: Database
) -> None:
    url = make_url(database.url_of("worker")).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as worker:
        (found,) = await ask(worker, Ask("POLICE", "ZZ-N"))
        assert key_of(found) == "POLICE-ZZ-N"
        with pytest.raises(ProgrammingError, match="permission denied"):
            await worker.execute(text("SELECT name FROM agencies.member"))
    await engine.dispose()


async def test_a_confidential_agency_says_that_it_is_one(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    (shelter, police) = await ask(connection, Ask("SHELTER", "ZZ-N"), Ask("POLICE", "ZZ-N"))
    assert shelter.unit is not None
    assert police.unit is not None
    assert (shelter.unit.confidential, police.unit.confidential) == (True, False)


async def test_a_unit_holds_what_it_is_charged_with_and_not_what_falls_back_to_it(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    asks = [Ask("CHILD_PROTECTION_NATIONAL", "ZZ"), Ask("RIVER_POLICE", "ZZ-N")]
    (children, river) = [one.unit for one in await ask(connection, *asks)]
    assert children is not None
    assert river is not None
    held = [
        await mandates_of(connection, unit.unit_id, place, TODAY)
        for unit, place in ((children, "ZZ-W"), (river, "ZZ-N-PORT"), (river, "ZZ-S"))
    ]
    assert held == [{"CHILD_PROTECTION_NATIONAL"}, {"POLICE", "RIVER_POLICE"}, set()]


async def test_the_directory_lists_each_agency_with_its_mandates_and_sources(
    directory: AsyncConnection, connection: AsyncConnection, zedland: Register
) -> None:
    listed = await agencies_in(connection, "ZZ", TODAY)
    assert [entry.key for entry in listed] == sorted(body.key for body in zedland.bodies)
    council = await agency_named(connection, "ZZ", "COUNCIL", TODAY)
    assert council == next(entry for entry in listed if entry.key == "COUNCIL")
    assert [held.mandate for held in council.mandates] == ["COORDINATION", "NATIONAL_FALL_BACK"]
    assert all(held.source.startswith("V: [2]") for held in council.mandates[1:])
    assert await agency_named(connection, "ZZ", "NOBODY", TODAY) is None
    assert await agency_named(connection, "ZZ", "COUNCIL", date(2019, 1, 1)) is None


async def test_an_agency_receives_at_its_intake_unit(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    council = await agency_named(connection, "ZZ", "COUNCIL", TODAY)
    assert council is not None
    unit = await intake_of(connection, council.id)
    assert unit is not None
    assert unit.unit_name == "Duty desk"
    assert await units_with(connection, [unit.unit_id]) == {unit.unit_id: unit}
    assert await intake_of(connection, unit.unit_id) is None


async def test_places_are_listed_with_their_names_and_without_groups(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    places = await places_in(connection, "ZZ")
    assert list(places) == ["ZZ", "ZZ-E", "ZZ-N", "ZZ-N-PORT", "ZZ-S", "ZZ-W"]
    assert places["ZZ-N"] == {"en": "North", "es": "Norte"}
