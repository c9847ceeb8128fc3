"""What the functions behind figures lend, and to whom: each asks first who is calling."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from referral import rolling
from tests.cast import House
from tests.referral.figures.histories import Drawing, HandOff
from tests.referral.figures.recounting import counted

BEGINS = datetime(2025, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPAN = "'2025-01-01', '2027-01-01', 'UTC'"


async def drawn(house: House, count: int = 60) -> list[HandOff]:
    history = await Drawing(house, 1, BEGINS, NOW).some(count)
    await history.enter(house)
    return history.rows


async def told(house: House, part: str, statement: str, **values: Any) -> Any:
    async with house.acting(part) as (session, _):
        return (await session.connection.execute(text(statement), values)).scalar()


@pytest.mark.parametrize("what", ["cells", "limits"])
async def test_each_role_counts_what_is_its_own(house: House, what: str) -> None:
    """An overseer has no unit's figures, a unit no country's, an administrator none at all."""
    await drawn(house)
    seen: dict[str, list[bool]] = {}
    for part in ("supervisor", "inspector", "coordinator", "auditor", "agency_admin", "outsider"):
        seen[part] = [
            bool(
                await told(
                    house,
                    part,
                    f"SELECT count(*) FROM referral.figure_{what}({SPAN}, '{whose}', '{{}}')",
                )
            )
            for whose in ("country", "unit", "own")
        ]
    assert seen == {
        "supervisor": [False, True, False],
        "inspector": [False, True, True],
        "coordinator": [True, False, False],
        "auditor": [False, False, False],
        "agency_admin": [False, False, False],
        "outsider": [False, False, False],
    }


@pytest.mark.parametrize("whose", ["'everybody'", "''", "NULL"])
async def test_figures_over_anything_else_are_refused(house: House, whose: str) -> None:
    with pytest.raises(DBAPIError, match="one's own hand-offs"):
        await told(
            house,
            "coordinator",
            f"SELECT count(*) FROM referral.figure_cells({SPAN}, {whose}, '{{}}')",
        )


async def test_a_missed_limit_is_told_of_what_the_caller_may_know_of(house: House) -> None:
    """Of anything else the answer is that of a hand-off that does not exist."""
    rows = [row for row in counted(await drawn(house)) if row.limits]
    late = await house.rows(
        "SELECT h.id FROM referral.hand_off h JOIN referral.clock k ON k.hand_off_id = h.id "
        "WHERE k.stopped_at > k.due_at AND $1 IN (h.sender_unit, h.receiver_unit)",
        house.player("supervisor").unit_id,
    )
    asking = "SELECT referral.missed_a_limit(:id, now())"
    missed = late[0]["id"]
    assert rows
    assert await told(house, "supervisor", asking, id=missed) is True
    for part in ("outsider", "coordinator", "auditor"):
        assert await told(house, part, asking, id=missed) is False


async def test_only_the_clockwork_keeps_figures(house: House) -> None:
    """The worker's role alone is not enough: it must have taken up a country."""
    await drawn(house, 20)
    async with house.worker.begin() as connection:
        call = "SELECT referral.roll_unit('UTC', now(), '1 day')"
        assert (await connection.exec_driver_sql(call)).scalar() is None
    for call in (
        "SELECT referral.roll_month('2026-01-01', 'UTC', now())",
        "SELECT referral.keep_figures('2026-01-01', '[]')",
    ):
        with pytest.raises(DBAPIError, match="kept by the clockwork"):
            async with house.worker.begin() as connection:
                await connection.exec_driver_sql(call)
    async with house.worker.begin() as connection:
        due = await connection.exec_driver_sql("SELECT referral.figures_due()")
        assert due.scalar() is None


async def test_the_worker_keeps_a_country_and_reads_no_other(house: House) -> None:
    await drawn(house, 20)
    await rolling.roll_all(house.worker, house.installation.catalogue, house.at())
    counts = []
    for country in ("ZZ", "AR"):
        async with house.worker.begin() as connection:
            await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (country,))
            cells = await connection.exec_driver_sql("SELECT count(*) FROM referral.figure_cell")
            counts.append(cells.scalar())
    assert counts[0]
    assert counts[1] == 0


async def test_each_change_leaves_one_mark_for_each_moment_asked_for(house: House) -> None:
    """And those of months that are not kept are swept: they say nothing."""
    ahead = NOW + timedelta(days=31)
    rows = counted(await drawn(house, 20))
    await rolling.roll_all(house.worker, house.installation.catalogue, house.at())
    assert await house.rows("SELECT FROM referral.figure_mark") == []
    old, new = min(rows, key=lambda r: r.requested_at), max(rows, key=lambda r: r.requested_at)
    await house.rows("UPDATE referral.hand_off SET opening = 3 WHERE id = $1", old.id)
    await house.rows("UPDATE referral.clock SET rung = 1 WHERE hand_off_id = $1", old.id)
    await house.rows("UPDATE referral.hand_off SET requested_at = $2 WHERE id = $1", new.id, ahead)
    marks = {row["at"] for row in await house.rows("SELECT at FROM referral.figure_mark")}
    assert marks == {old.requested_at, ahead}
    async with house.worker.begin() as connection:
        await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
        await connection.exec_driver_sql("SELECT referral.figures_due()")
    left = {row["at"] for row in await house.rows("SELECT at FROM referral.figure_mark")}
    assert left == {old.requested_at}
    assert date(2026, 4, 1) not in {
        row["month"] for row in await house.rows("SELECT month FROM referral.figure_month")
    }
