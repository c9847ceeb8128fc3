"""Months of statistics, kept: made whole from the hand-offs, and again when those change.

One month at a time, in a transaction of its own: whoever reads meanwhile has the month as it was. A
month is closed when it is over where the country is. What was changed of it afterwards (an act told
later, an entry in error) has left a mark; a month with hand-offs still open is made daily, since
their waiting goes on. The month that runs is made every few minutes. Of each unit somebody
supervises its closed months are kept as well, without what not everybody there may open. Making a
month twice gives the same. It must never know who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import structlog
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from protocols.catalogue import Catalogue
from referral.database import as_json, scalar, take_time
from referral.figures import Cut, Group, Period, month_of, months_on
from referral.figures.cells import Cells
from referral.figures.limits import Limits
from referral.figures.tables import Table, tables
from referral.logs import fault_of

_LOG = structlog.get_logger("referral.rolling")

REST: Final = timedelta(minutes=10)  # a month that changes all the time is made no oftener
OPEN: Final = timedelta(days=1)
NEWEST: Final = timedelta(minutes=5)  # the month that runs, of which something changed
WAITING: Final = timedelta(hours=1)  # and if nothing did
UNIT_REST: Final = timedelta(minutes=30)  # what changed is counted when asked for; this saves time
LOOK: Final = 60.0  # seconds between two looks
AT_MOST: Final = 120  # seconds for one month

_CELLS: Final = "SELECT * FROM referral.figure_cell WHERE month = $1"
_LIMITS: Final = "SELECT * FROM referral.figure_limit WHERE month = $1"


async def roll_all(engine: AsyncEngine, catalogue: Catalogue, now: datetime) -> int:
    """Make every month anew that is due, in every country and unit; how many of countries."""
    made = 0
    for country in catalogue.countries:
        while await roll(engine, catalogue, country, now) is not None:
            made += 1
        while await roll_unit(engine, catalogue, country, now) is not None:
            pass
    return made


async def roll(
    engine: AsyncEngine, catalogue: Catalogue, country: str, now: datetime
) -> date | None:
    """Make the next month that is due; None: there is none, or another worker is at it."""
    zone = ZoneInfo(catalogue.country(country).time_zone)
    async with engine.begin() as connection:
        await take_time(connection, AT_MOST)
        await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (country,))
        found = await as_json(connection, "SELECT referral.figures_due()")
        month = due(found, zone, now) if found else None
        if month is not None:
            await _make(connection, month, zone, now)
    return month


async def roll_unit(
    engine: AsyncEngine, catalogue: Catalogue, country: str, now: datetime
) -> UUID | None:
    """Make what is due of the next unit; None: of none, or another worker is at it."""
    zone = catalogue.country(country).time_zone
    async with engine.begin() as connection:
        await take_time(connection, AT_MOST)
        await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (country,))
        made: UUID | None = await scalar(
            connection, "SELECT referral.roll_unit($1, $2, $3)", zone, now, UNIT_REST
        )
    return made


def due(found: dict[str, Any], zone: ZoneInfo, now: datetime) -> date | None:
    """The month that comes next: one never made, the latest first; a changed one; an open one."""
    if found["first"] is None:
        return None
    running = month_of(now, zone)
    first = month_of(datetime.fromisoformat(found["first"]), zone)
    kept = {date.fromisoformat(one["month"]): one for one in found["kept"]}
    for month in reversed(Period(min(first, *kept, running), months_on(running, 1)).months):
        if month not in kept:
            return month
    last_first = sorted(kept, reverse=True)
    return next((m for m in last_first if _stale(kept[m], now, runs=m == running)), None)


def _stale(one: dict[str, Any], now: datetime, *, runs: bool) -> bool:
    age = now - datetime.fromisoformat(one["rolled_at"])
    marked, waiting = (NEWEST, WAITING) if runs else (REST, OPEN)
    return bool((one["marked"] and age >= marked) or (one["waiting"] and age >= waiting))


async def _make(connection: AsyncConnection, month: date, zone: ZoneInfo, now: datetime) -> None:
    await connection.exec_driver_sql(
        "SELECT referral.roll_month($1, $2, $3)", (month, zone.key, now)
    )
    cells = await _rows(connection, _CELLS, month)
    limits = await _rows(connection, _LIMITS, month)
    told = await asyncio.to_thread(_tables, cells, limits, int(now.timestamp()))
    await connection.exec_driver_sql(
        "SELECT referral.keep_figures($1, CAST($2::text AS jsonb))", (month, told)
    )


async def _rows(connection: AsyncConnection, statement: str, month: date) -> Sequence[RowMapping]:
    return (await connection.exec_driver_sql(statement, (month,))).mappings().all()


def _tables(cells: Sequence[RowMapping], limits: Sequence[RowMapping], now: int) -> str:
    """Every cut of a month, as the database keeps it; NaN is written as null."""
    made = tables(Cells.read(cells), Limits.read(limits), Cut, now)
    rows = [row for table in made for row in kept_rows(table)]
    return orjson.dumps(rows, default=str).decode()  # ids as the driver has them


def kept_rows(table: Table) -> list[dict[str, Any]]:
    """A table's rows, by the names of the columns they are kept in."""
    columns = {
        "counts": table.counts,
        "tallies": table.tallies,
        "estimates": table.estimates,
        "legal": table.legal,
        "proposed": table.proposed,
    }
    told = {name: column.tolist() for name, column in columns.items()}
    return [
        {"cut": table.cut, **_named(group), **{name: rows[at] for name, rows in told.items()}}
        for at, group in enumerate(table.groups)
    ]


def _named(group: Group) -> dict[str, Any]:
    return {
        "agency_id": group.agency_id,
        "jurisdiction": group.jurisdiction,
        "track": group.track,
        "step": group.step,
        "version": group.version,
    }


async def run(
    engine: AsyncEngine,
    law: Callable[[], Catalogue],
    now: Callable[[], datetime],
    stopping: asyncio.Event,
) -> None:
    """Look again and again until told to stop; a fault is reported and tried again."""
    while not stopping.is_set():
        for country in law().countries:
            try:
                while not stopping.is_set() and await roll(engine, law(), country, now()):
                    _LOG.info("month made", country=country)
                while not stopping.is_set() and await roll_unit(engine, law(), country, now()):
                    _LOG.info("months of a unit made", country=country)
            except Exception as fault:  # noqa: BLE001 - figures wait; nothing else may wait for them
                _LOG.error("month not made", country=country, **fault_of(fault))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK)
