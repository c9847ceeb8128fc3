"""Months kept of a unit: a supervisor has from them what counting everything again would say.

Whatever changed since, rights included; and they are no way around a seal, an exclusion or an end.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid5

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from referral import queries, rolling
from referral.figures import Cut, Figures, Group, Measure, Period
from tests.cast import House
from tests.referral.figures.histories import Drawing, HandOff, change
from tests.referral.figures.recounting import counted, counts_of, grouped, median_of, tallies_of

BEGINS = datetime(2025, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHOLE = Period(date(2025, 11, 1), date(2026, 4, 1))
KEPT = "SELECT unit_id, month FROM referral.figure_unit_month"


async def drawn(house: House, seed: int, count: int = 150) -> list[HandOff]:
    history = await Drawing(house, seed, BEGINS, NOW).some(count)
    await history.enter(house)
    await roll(house)
    return history.rows


async def roll(house: House) -> None:
    await rolling.roll_all(house.worker, house.installation.catalogue, house.at())


def of_unit(house: House, rows: list[HandOff]) -> list[HandOff]:
    unit = house.player("supervisor").unit_id
    return [row for row in counted(rows) if unit in (row.sender_unit, row.receiver_unit)]


async def seen(house: House) -> tuple[Any, ...]:
    """What she sees that can come from kept months: tracks, agencies, the whole, by month."""
    found = [
        await house.manages("supervisor", queries.figures_by, cut, WHOLE, **more)
        for cut, more in (
            *((Cut.TRACK, {}), (Cut.ALL, {}), (Cut.AGENCY, {})),
            (Cut.ALL, {"only": Group(track="trafficking")}),
        )
    ]
    series = await house.manages("supervisor", queries.series_of, months=5)
    return ([(one.total, one.groups) for one in found], series)


async def agree(house: House, rows: list[HandOff]) -> None:
    """The same as without any month kept, and (of what she may open) as counting in words."""
    from_kept = await seen(house)
    kept = await house.rows("SELECT * FROM referral.figure_unit_month")
    await house.rows("UPDATE referral.figure_unit_month SET country = 'AR'")
    assert await seen(house) == from_kept
    await house.rows("UPDATE referral.figure_unit_month SET country = 'ZZ'")
    assert kept
    found = await house.manages("supervisor", queries.figures_by, Cut.TRACK, WHOLE)
    assert isinstance(found, Figures)
    expected = grouped(rows, Cut.TRACK)
    assert {one.group for one in found.groups} == set(expected)
    for one in found.groups:
        again = counts_of(expected[one.group])
        assert one.counts.asked == again[0]
        assert one.counts.completed == again[4]
        tallies = tallies_of(expected[one.group])
        for place, measure in enumerate(Measure):
            times = one.times[measure]
            assert [times.finished, times.open, times.ended] == tallies[place * 3 : place * 3 + 3]
            assert times.median == median_of(expected[one.group], measure, house.at())


def _narrowing(draw: random.Random, her: Any) -> tuple[str, bool]:
    """What happens to a part in a case, and whether she may open it afterwards."""
    return draw.choice(
        [
            ("sealed = true, named = ARRAY[gen_random_uuid()]", False),
            (f"sealed = true, named = ARRAY['{her.member_id}'::uuid]", True),
            (f"barred = ARRAY['{her.member_id}'::uuid]", False),
            ("barred = ARRAY[gen_random_uuid()]", True),
            ("until = now()", False),
            ("expires_at = '2026-03-01'", False),
            ("expires_at = '2027-03-01'", True),
            ("groups = '{}'", False),
            ("groups = '{OWN}'", True),
            ("sealed = false, named = '{}', barred = '{}', groups = '{G0}'", True),
        ]
    )


@pytest.mark.parametrize("seed", range(3))
async def test_kept_months_of_a_unit_say_what_counting_again_says(house: House, seed: int) -> None:
    """After acts told later, rights given and taken; before and after they are made again."""
    rows, draw = await drawn(house, seed), random.Random(seed)  # noqa: S311 - chance, not secrets
    her = house.player("supervisor")
    closed: set[Any] = set()
    await agree(house, of_unit(house, rows))
    for _ in range(3):
        for place in draw.sample(range(len(rows)), 12):
            later = rows[place].requested_at + timedelta(hours=draw.lognormvariate(2, 1))
            changes: dict[str, Any] = draw.choice(
                [{"in_error": True}, {"state": "completed", "ended_at": later}]
            )
            rows[place] = await change(house, rows[place], **changes)
        for row in draw.sample(of_unit(house, rows), 8):
            if row.id not in closed:
                words, may = _narrowing(draw, her)
                await house.rows(
                    f"UPDATE referral.party SET {words} WHERE hand_off_id = $1", row.id
                )
                closed |= set() if may and "until" not in words else {row.id}
        more = await Drawing(house, 1000 + draw.randrange(10**6), BEGINS, NOW).some(5)
        await more.enter(house)
        rows += more.rows
        hers = [row for row in of_unit(house, rows) if row.id not in closed]
        await agree(house, hers)
        house.at.forward(minutes=31)
        await roll(house)
        await agree(house, hers)
    assert closed


async def test_what_is_kept_is_what_is_read_until_something_changes(house: House) -> None:
    """A wrong cell is seen, so cells are read; a mark of its month, and it is no longer."""
    rows = of_unit(house, await drawn(house, 5))
    before = (await house.manages("supervisor", queries.figures_by, Cut.ALL, WHOLE)).total.counts
    await house.rows("UPDATE referral.figure_unit_cell SET counts[1] = counts[1] + 1000")
    wrong = (await house.manages("supervisor", queries.figures_by, Cut.ALL, WHOLE)).total.counts
    assert wrong.asked > before.asked + 1000
    for month in {row.requested_at.month for row in rows}:
        one = next(row for row in rows if row.requested_at.month == month)
        await house.rows("UPDATE referral.party SET groups = groups WHERE hand_off_id = $1", one.id)
    right = (await house.manages("supervisor", queries.figures_by, Cut.ALL, WHOLE)).total.counts
    assert right == before


async def test_months_are_kept_when_over_of_units_somebody_supervises(house: House) -> None:
    await drawn(house, 6)
    kept = await house.rows(KEPT)
    assert {row["month"].month for row in kept} == {11, 12, 1, 2}
    supervised = await house.rows(
        "SELECT DISTINCT m.unit_id FROM agencies.membership m "
        "JOIN agencies.unit u ON u.id = m.unit_id WHERE m.role = 'SUPERVISOR' AND u.country = 'ZZ'"
    )
    assert {row["unit_id"] for row in kept} == {row["unit_id"] for row in supervised}


async def test_a_limit_of_the_referral_goes_with_who_holds_it(house: House) -> None:
    """And out of every figure when the referral is entered in error."""
    row = next(row for row in of_unit(house, await drawn(house, 7)) if not row.imported)
    unit = house.player("supervisor").unit_id
    referral, case = (uuid5(row.id, name) for name in ("referral", "case"))
    await house.rows("UPDATE referral.referral SET holder_unit = $2 WHERE id = $1", referral, unit)
    await house.rows(
        "INSERT INTO referral.clock (id, referral_id, case_id, country, clock, step, starts_at, "
        "due_at, state, rungs, immediate, basis, derivation, calendar, sources) "
        "SELECT gen_random_uuid(), $1, $2, 'ZZ', 'review', 'ZZ-R', $3::timestamptz, "
        "$3 + interval '1 day', 'running', '[]', false, 'statutory', '[]', 'c', '[]'",
        *(referral, case, row.requested_at),
    )

    async def begun() -> int:
        found = await house.manages("supervisor", queries.figures_by, Cut.ALL, WHOLE)
        return int(found.total.legal.begun)

    first = await begun()
    await later(house)
    assert await begun() == first
    other = next(u for u in (row.sender_unit, row.receiver_unit) if u != unit)
    await house.rows("UPDATE referral.referral SET holder_unit = $2 WHERE id = $1", referral, other)
    assert await begun() == first - 1
    await later(house)
    assert await begun() == first - 1
    await house.rows("UPDATE referral.referral SET holder_unit = $2 WHERE id = $1", referral, unit)
    assert await begun() == first
    await later(house)
    wrong = "UPDATE referral.referral SET outcome = 'ENTERED_IN_ERROR' WHERE id = $1"
    await house.rows(wrong, referral)
    assert await begun() == first - 1


async def later(house: House) -> None:
    house.at.forward(minutes=31)
    await roll(house)


@pytest.mark.parametrize("part", ["supervisor", "coordinator", "auditor"])
@pytest.mark.parametrize("table", ["cell", "limit", "month", "mark"])
async def test_nobody_reads_them_but_through_the_figures(
    house: House, part: str, table: str
) -> None:
    """A cell alone would still have what was sealed a minute ago."""
    with pytest.raises(DBAPIError, match="permission denied"):
        async with house.acting(part) as (session, _):
            await session.connection.execute(text(f"SELECT FROM referral.figure_unit_{table}"))


async def test_a_limit_is_counted_in_the_month_its_hand_off_was_asked_for(house: House) -> None:
    """Also if somebody moves that: each limit says when its hand-off was asked for."""
    rows = [row for row in await drawn(house, 9) if row.limits]
    apart = (
        "SELECT count(*) AS many FROM referral.clock k "
        "JOIN referral.hand_off h ON h.id = k.hand_off_id "
        "WHERE k.asked_at IS DISTINCT FROM h.requested_at"
    )
    assert [row["many"] for row in await house.rows(apart)] == [0]
    moved = rows[0].requested_at + timedelta(days=40)
    await house.rows(
        "UPDATE referral.hand_off SET requested_at = $2 WHERE id = $1", rows[0].id, moved
    )
    assert [row["many"] for row in await house.rows(apart)] == [0]
