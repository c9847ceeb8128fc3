"""Counts for releases, asked as the role that may count and may read nothing (referral_reporter).

What comes back are counts of people by at most three dimensions, or by what the layout of a
hand-over asks for: never a row, never an id, never anything of G2 to G5.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from referral.database import as_json
from referral.figures.fixed_tables import Fixed
from referral.figures.periods import year_in
from referral.figures.quantities import Counts

_PEOPLE: Final = "SELECT referral.count_people($1, $2, $3, $4)"
_TRAFFICKED: Final = "SELECT referral.count_trafficked($1, $2, $3)"


async def counts_of(
    reporter: AsyncEngine, fixed: Fixed, country: str, period: str, zone: str
) -> dict[str, Counts]:
    """By table, how many people are in each cell; one reading, so that the tables agree.

    ``period``: a year or a quarter of it.
    """
    year = year_in(period)
    found: dict[str, Counts] = {}
    async with reporter.connect() as connection, connection.begin():
        await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in fixed.counted:
            crosses = list(table.crosses)
            rows = await as_json(connection, _PEOPLE, country, year, zone, crosses)
            found[table.name] = {
                tuple(cell): count for cell, count in rows if cell[0].startswith(period)
            }
    return found


async def trafficked_in(
    reporter: AsyncEngine, country: str, year: int, zone: str
) -> list[tuple[dict[str, Any], int]]:
    """People in whom trafficking is indicated, by what is known of them (G1), and how many."""
    async with reporter.connect() as connection, connection.begin():
        rows = await as_json(connection, _TRAFFICKED, country, year, zone)
    return [(known, count) for known, count in rows]
