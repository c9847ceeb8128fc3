"""Months, kept: the numbers of counting everything again, whatever happened since."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from referral import rolling
from referral.database import make_engine
from referral.figures import Cut, Group, Measure, month_of
from tests.cast import House
from tests.referral.figures.histories import Drawing, HandOff, History, change
from tests.referral.figures.recounting import (
    counted,
    counts_of,
    grouped,
    median_of,
    tallies_of,
)

BEGINS = datetime(2025, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def roll(house: House) -> int:
    return await rolling.roll_all(house.worker, house.installation.catalogue, house.at())


async def kept(house: House) -> dict[tuple[Any, ...], Any]:
    rows = await house.rows("SELECT * FROM referral.figure")
    names = ("month", "cut", "agency_id", "jurisdiction", "track", "step", "version")
    return {tuple(row[name] for name in names): row for row in rows}


def zone(house: House) -> ZoneInfo:
    return ZoneInfo(house.installation.catalogue.country("ZZ").time_zone)


async def agree(house: House, rows: list[HandOff]) -> None:
    """Every kept number is what counting again gives, and there is no other."""
    found = await kept(house)
    made = await house.rows("SELECT month, rolled_at FROM referral.figure_month")
    seen = 0
    for month, at in ((row["month"], row["rolled_at"]) for row in made):
        here = [row for row in counted(rows) if month_of(row.requested_at, zone(house)) == month]
        for cut in Cut:
            groups = grouped(here, cut) or ({Group(): []} if cut is Cut.ALL else {})
            for group, alike in groups.items():
                told = found[_key(month, cut, group)]
                seen += 1
                assert told["counts"] == counts_of(alike), (month, cut, group)
                assert told["tallies"] == tallies_of(alike), (month, cut, group)
                for place, measure in enumerate(Measure):
                    assert told["estimates"][place * 4] == median_of(alike, measure, at)
    assert seen == len([key for key in found if key[0] is not None])


def _key(month: date, cut: Cut, group: Group) -> tuple[Any, ...]:
    names = ("agency_id", "jurisdiction", "track", "step", "version")
    return (month, cut.value, *(getattr(group, name) for name in names))


async def drawn(house: House, seed: int, count: int = 150) -> History:
    history = await Drawing(house, seed, BEGINS, NOW).some(count)
    await history.enter(house)
    return history


@pytest.mark.parametrize("seed", range(3))
async def test_kept_months_say_what_counting_everything_again_says(house: House, seed: int) -> None:
    """At first, after acts told later and entries in error, and after more of both."""
    history, draw = await drawn(house, seed), random.Random(seed)  # noqa: S311 - chance, not secrets
    assert await roll(house) == 5
    await agree(house, history.rows)
    for _ in range(3):
        house.at.forward(minutes=11)
        for place in draw.sample(range(len(history.rows)), 12):
            row = history.rows[place]
            later = row.requested_at + timedelta(hours=draw.lognormvariate(2, 1))
            changes: dict[str, Any] = draw.choice(
                [
                    {"in_error": True},
                    {"received_at": later, "state": "received"},
                    {"state": "completed", "ended_at": later},
                    {"attested": True, "attestation_confirmed_at": later},
                    {"first_contact_at": later},
                ]
            )
            history.rows[place] = await change(house, row, **changes)
        more = await Drawing(house, 1000 + draw.randrange(10**6), BEGINS, NOW).some(5)
        await more.enter(house)
        history.rows += more.rows
        await roll(house)
        await agree(house, history.rows)


async def test_making_a_month_twice_changes_nothing(house: House) -> None:
    await drawn(house, 7)
    await roll(house)
    first = await kept(house)
    await house.rows("UPDATE referral.figure_month SET rolled_at = rolled_at - interval '2 days'")
    assert await roll(house) > 0
    assert await kept(house) == first
    assert await roll(house) == 0


async def test_the_month_that_runs_is_made_every_few_minutes(house: House) -> None:
    """If anything of it changed; and each hour if somebody still waits."""
    history = await drawn(house, 8)
    await roll(house)
    months = {row["month"] for row in await house.rows("SELECT month FROM referral.figure_month")}
    assert (min(months), max(months)) == (date(2025, 11, 1), date(2026, 3, 1))
    house.at.forward(minutes=6)
    assert await roll(house) == 0
    march = {row.id for row in counted(history.rows) if row.requested_at.month == 3}
    place = next(at for at, row in enumerate(history.rows) if row.id in march)
    history.rows[place] = await change(house, history.rows[place], in_error=True)
    assert await roll(house) == 1
    await agree(house, history.rows)
    again = {"in_error": False, "imported": False, "state": "requested"}
    history.rows[place] = await change(house, history.rows[place], **again)
    house.at.forward(minutes=4)
    assert await roll(house) == 0
    house.at.forward(minutes=1)
    assert await roll(house) == 1
    await agree(house, history.rows)
    house.at.forward(hours=1)
    assert await roll(house) == 1


async def test_two_workers_at_once_make_each_month_once_and_lose_no_mark(house: House) -> None:
    history = await drawn(house, 9)
    made = await asyncio.gather(*(roll(house) for _ in range(2)))
    # One that finds the other at it leaves it to the next look.
    assert sum(made) + await roll(house) >= 5
    await agree(house, history.rows)


async def test_a_change_that_commits_while_its_month_is_made_is_not_lost(house: House) -> None:
    """It leaves its mark with it, and the month is made again."""
    import asyncpg

    history = await drawn(house, 10)
    late = next(row for row in counted(history.rows) if row.requested_at.month == 12)
    connection = await asyncpg.connect(house.database.superuser_url)
    try:
        async with connection.transaction():
            await connection.execute(
                "UPDATE referral.hand_off SET in_error = true WHERE id = $1", late.id
            )
            await roll(house)  # sees nothing of it yet
            await agree(house, history.rows)
    finally:
        await connection.close()
    house.at.forward(minutes=11)
    assert await roll(house) == 1
    history.rows = [row for row in history.rows if row.id != late.id]
    await agree(house, history.rows)


async def test_open_hand_offs_go_on_waiting_in_a_kept_month(house: House) -> None:
    """Nothing was changed of it, and a day later it is made again all the same."""
    history = await drawn(house, 11)
    await roll(house)
    house.at.forward(days=1, minutes=1)
    assert await roll(house) == 5
    await agree(house, history.rows)


async def test_it_goes_on_until_told_to_stop(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the clockwork; a database that is away costs a look and ends nothing."""
    monkeypatch.setattr(rolling, "LOOK", 0.01)
    history, stopping = await drawn(house, 12, 40), asyncio.Event()
    law = house.installation.catalogue
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    with capture_logs() as logs:
        away = asyncio.create_task(rolling.run(nowhere, lambda: law, house.at, stopping))
        made = asyncio.create_task(rolling.run(house.worker, lambda: law, house.at, stopping))
        async with asyncio.timeout(30):
            while len(await house.rows("SELECT FROM referral.figure_month")) < 5 or not logs:
                await asyncio.sleep(0.02)
            stopping.set()
            await asyncio.gather(away, made)
    assert {one["event"] for one in logs} >= {"month made", "month not made"}
    await nowhere.dispose()
    await agree(house, history.rows)


async def test_a_country_without_any_hand_off_has_no_month(house: House) -> None:
    assert await roll(house) == 0
    assert await house.rows("SELECT FROM referral.figure_month") == []
