"""Who counts may do that and nothing else: counts of at most three dimensions, never a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from referral import casework
from referral.casework.counting import counts_of, trafficked_in
from referral.figures.fixed_tables import fixed
from tests.cast import House, child_at_work


async def as_reporter(house: House, statement: str, *values: Any) -> Any:
    """One value, asked as the role that counts."""
    connection = await asyncpg.connect(house.database.url_of("reporter"))
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


async def test_people_are_counted_and_not_referrals_and_those_merged_or_in_error_are_not(
    house: House,
) -> None:
    """A girl with two referrals is one; a group of twelve is twelve; a relative is none."""
    ines = "inspector"
    report = child_at_work(sex="female", control_methods=["THREATS"])
    filed = await house.manages(ines, casework.file, report)
    assert len(filed.referrals) == 2
    group = child_at_work(sex="male")
    relative = replace(group.persons[0], role="relative")
    many = replace(group.persons[0], headcount=12, identified=False)
    await house.manages(ines, casework.file, replace(group, persons=(many, relative)))
    assert house.installation.reporter is not None
    counts = await counts_of(house.installation.reporter, fixed(), "ZZ", "2026", "UTC")
    assert counts["people_by_sex_and_age"] == {
        ("2026-Q1", "female", "0-11"): 1,
        ("2026-Q1", "male", "0-11"): 12,
    }
    assert sum(counts["people_by_place_and_topic"].values()) == 13
    assert {cell[1] for cell in counts["people_by_place_and_topic"]} == {"ZZ-N"}
    assert {cell[2] for cell in counts["people_by_topic_and_outcome"]} == {"open"}
    assert await counts_of(house.installation.reporter, fixed(), "ZZ", "2025", "UTC") == {
        table.name: {} for table in fixed().counted
    }
    house.honest = False
    await house.rows("UPDATE referral.referral SET outcome = 'ENTERED_IN_ERROR'")
    nobody = await counts_of(house.installation.reporter, fixed(), "ZZ", "2026", "UTC")
    assert not any(nobody.values())


async def test_the_year_and_quarter_are_the_countrys_own(house: House) -> None:
    """The last evening of a year in one place is the first morning of the next in another."""
    from datetime import UTC, datetime

    house.at.to(datetime(2026, 12, 31, 22, tzinfo=UTC))
    await house.manages("inspector", casework.file, child_at_work())
    reporter = house.installation.reporter
    assert reporter is not None
    here = await counts_of(reporter, fixed(), "ZZ", "2026", "UTC")
    there = await counts_of(reporter, fixed(), "ZZ", "2027-Q1", "Asia/Bangkok")
    assert [cell[0] for cell in here["people_by_sex_and_age"]] == ["2026-Q4"]
    assert [cell[0] for cell in there["people_by_sex_and_age"]] == ["2027-Q1"]


async def test_no_table_reads_itself_to_who_counts(house: House) -> None:
    await house.manages("inspector", casework.file, child_at_work())
    for table in ("person", "case", "case_facts", "person_identity", "referral", "release"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_reporter(house, f"SELECT count(*) FROM referral.{table}")
    for call in ("people_of('ZZ', 2026, 'UTC')", "published('ZZ', '2026')"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_reporter(house, f"SELECT * FROM referral.{call}")


@pytest.mark.parametrize(
    "crosses",
    [
        ["period", "place", "topic", "sex"],
        ["period", "nationality"],
        ["period", "employer"],
        [],
    ],
)
async def test_four_dimensions_and_what_is_identity_are_not_counted(
    house: House, crosses: list[str]
) -> None:
    with pytest.raises(asyncpg.PostgresError) as fault:
        await as_reporter(house, "SELECT referral.count_people('ZZ', 2026, 'UTC', $1)", crosses)
    assert fault.value.sqlstate == "RF032"


async def test_who_works_on_cases_cannot_count_them_this_way(house: House) -> None:
    async with house.acting("statistician") as (session, _):
        with pytest.raises(Exception, match="permission denied"):
            await session.connection.exec_driver_sql(
                "SELECT referral.count_people('ZZ', 2026, 'UTC', ARRAY['period'])"
            )
        await session.connection.rollback()


async def test_only_people_in_whom_trafficking_is_indicated_are_in_a_hand_over(
    house: House,
) -> None:
    await house.manages("inspector", casework.file, child_at_work(sex="female"))
    assert house.installation.reporter is not None
    assert await trafficked_in(house.installation.reporter, "ZZ", 2026, "UTC") == []
