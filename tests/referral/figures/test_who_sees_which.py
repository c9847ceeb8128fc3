"""Figures by role: one's own exactly, as far as one may open them; the country's under a floor."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from referral import queries, rolling
from referral.errors import Refusal
from referral.figures import Counts, Cut, Figure, Figures, Group, Measure, Period, month_of
from referral.figures.floor import floored
from referral.figures.tables import figure_from
from referral.queries.behind_figures import COUNTING
from tests.cast import House
from tests.referral.figures.histories import Drawing, HandOff, History
from tests.referral.figures.recounting import (
    counted,
    counts_of,
    grouped,
    median_of,
    tallies_of,
)

BEGINS = datetime(2025, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHOLE = Period(date(2025, 11, 1), date(2026, 4, 1))
COUNTRY = ("coordinator", "data_officer")


async def drawn(house: House, seed: int = 1, count: int = 250) -> History:
    history = await Drawing(house, seed, BEGINS, NOW).some(count)
    await history.enter(house)
    return history


async def roll(house: House) -> None:
    await rolling.roll_all(house.worker, house.installation.catalogue, house.at())


async def by(house: House, part: str, cut: Cut, period: Period = WHOLE, **more: Any) -> Figures:
    found = await house.manages(part, queries.figures_by, cut, period, **more)
    assert isinstance(found, Figures)
    return found


def of_unit(house: House, rows: list[HandOff], part: str = "supervisor") -> list[HandOff]:
    unit = house.player(part).unit_id
    return [row for row in counted(rows) if unit in (row.sender_unit, row.receiver_unit)]


def recounted(rows: list[HandOff], group: Group) -> Figure:
    """The counts and tallies of these, without estimates and limits."""
    return figure_from(group, counts_of(rows), tallies_of(rows), [None] * 16, [0] * 4, [0] * 4)


async def test_a_supervisor_has_exactly_what_her_unit_sent_or_received(house: House) -> None:
    """Counts, tallies and medians, by every cut; months kept meanwhile change nothing for her."""
    rows = of_unit(house, (await drawn(house)).rows)
    await roll(house)
    for cut in Cut:
        found = await by(house, "supervisor", cut)
        expected = grouped(rows, cut)
        assert found.whose == "unit"
        assert {one.group for one in found.groups} == set(expected)
        for one in found.groups:
            again = recounted(expected[one.group], one.group)
            assert one.counts == again.counts
            for measure in Measure:
                told, other = one.times[measure], again.times[measure]
                assert told.median == median_of(expected[one.group], measure, NOW)
                assert (told.finished, told.open, told.ended, told.errors) == (
                    *(other.finished, other.open, other.ended, other.errors),
                )


async def test_an_officer_has_what_she_sent_or_received_herself(house: House) -> None:
    rows = (await drawn(house)).rows
    hers = house.player("inspector").membership_id
    own = [row for row in counted(rows) if hers in (row.sender_member, row.receiver_member)]
    found = await by(house, "inspector", Cut.ALL)
    assert (found.whose, found.total.counts) == ("own", recounted(own, Group()).counts)
    assert 0 < len(own) < len(of_unit(house, rows))


@pytest.mark.parametrize("part", COUNTRY)
@pytest.mark.parametrize("kept", [False, True])
async def test_who_oversees_the_country_has_everybodys_under_the_floor(
    house: House, part: str, kept: bool
) -> None:
    """The same from kept months and from the hand-offs."""
    rows = counted((await drawn(house)).rows)
    if kept:
        await roll(house)
    for cut in (Cut.AGENCY, Cut.STEP, Cut.AGENCY_TRACK):
        found = await by(house, part, cut)
        groups = [recounted(alike, group) for group, alike in grouped(rows, cut).items()]
        seen, total = floored(groups, recounted(rows, Group()))
        told = {one.group: one.counts for one in found.groups}
        assert told == {one.group: one.counts for one in seen}
        assert found.total.counts == total.counts
        assert found.whose == "country"


async def test_one_month_is_the_same_kept_and_not_kept(house: House) -> None:
    await drawn(house)
    month = Period.month(date(2026, 1, 1))
    only = Group(track="trafficking")
    before = [await by(house, "coordinator", cut, month) for cut in Cut]
    before += [await by(house, "coordinator", Cut.STEP, month, only=only)]
    await roll(house)
    after = [await by(house, "coordinator", cut, month) for cut in Cut]
    after += [await by(house, "coordinator", Cut.STEP, month, only=only)]
    for one, other in zip(before, after, strict=True):
        assert (one.total, one.groups) == (other.total, other.groups)


@pytest.mark.parametrize("part", ["auditor", "agency_admin"])
async def test_nobody_else_has_any_and_the_refusal_is_in_her_log(house: House, part: str) -> None:
    month = Period.month(date(2026, 1, 1))
    for question, about in (
        (queries.overview_in, ()),
        (queries.figures_by, (Cut.ALL, month)),
        (queries.series_of, ()),
        (queries.curve_of, (Measure.ACCEPTED, month)),
        (queries.comparison_of, (month,)),
        (queries.behind_figure, (month,)),
        (queries.limits_of, (month,)),
        (queries.law_gaps_in, (month,)),
        (queries.bottlenecks_of, ("trafficking", month)),
        (queries.pilot_of, ("trafficking", "2026-02-15")),
        (queries.attested_in, (month,)),
        (queries.returns_in, (month,)),
    ):
        answer = await house.does(part, question, *about)
        assert isinstance(answer, Refusal), question
        assert answer.status == 403
    rows = await house.rows("SELECT FROM referral.audit_entry WHERE act = 'act.refused'")
    assert len(rows) == 12


async def test_behind_each_number_are_as_many_hand_offs(house: House) -> None:
    """And they are the supervisor's own, page by page, the newest first."""
    await drawn(house)
    found = await by(house, "supervisor", Cut.AGENCY_TRACK)
    for name in set(COUNTING) - {"missed"}:
        most = max(found.groups, key=lambda one: getattr(one.counts, name))
        wanted = getattr(most.counts, name)
        assert wanted > 0, name
        assert await behind(house, only=most.group, what=name) == wanted, name


async def test_behind_missed_limits_are_the_hand_offs_that_missed_one(house: House) -> None:
    rows = [row for row in of_unit(house, (await drawn(house)).rows) if not row.imported]
    late = [row for row in rows if not row.attested and missed_one(row)]
    assert await behind(house, what="missed") == len(late) > 0


def missed_one(row: HandOff) -> bool:
    """Whether one of its limits was stopped too late, or runs past its moment now."""
    return any(
        stopped > row.requested_at + length
        if stopped
        else state != "paused" and row.requested_at + length <= NOW
        for _, _, length, stopped, state in row.limits
    )


async def behind(house: House, **what: Any) -> int:
    """How many lines there are, over all pages."""
    lines, after = [], None
    while True:
        page = await house.manages(
            "supervisor", queries.behind_figure, WHOLE, after=after, limit=7, **what
        )
        lines += page.lines
        after = page.after
        if after is None:
            break
    assert lines == sorted(lines, key=lambda one: one.requested_at, reverse=True)
    return len({one.id for one in lines})


@pytest.mark.parametrize("part", COUNTRY)
async def test_behind_the_countrys_numbers_is_nothing_to_open(house: House, part: str) -> None:
    await drawn(house)
    assert await house.manages(part, queries.behind_figure, WHOLE) == queries.Behind((), None)


@pytest.mark.parametrize(
    "narrowing",
    [
        "sealed = true, named = ARRAY[gen_random_uuid()]",
        "barred = ARRAY[$2::uuid]",
        "until = now()",
    ],
)
async def test_what_she_may_not_open_is_in_no_number_of_hers(house: House, narrowing: str) -> None:
    """A sealed case, one she is kept out of, a part that is over: as if it had never been."""
    rows = of_unit(house, (await drawn(house)).rows)
    hidden = next(row for row in rows if not row.imported and row.limits)
    her = [house.player("supervisor").member_id] if "$2" in narrowing else []
    change = f"UPDATE referral.party SET {narrowing} WHERE hand_off_id = $1"
    await house.rows(change, hidden.id, *her)
    seen = await by(house, "supervisor", Cut.STEP)
    limits = await house.manages("supervisor", queries.limits_of, WHOLE)
    await house.rows("DELETE FROM referral.party WHERE hand_off_id = $1", hidden.id)
    await house.rows("DELETE FROM referral.clock WHERE hand_off_id = $1", hidden.id)
    await house.rows("DELETE FROM referral.hand_off WHERE id = $1", hidden.id)
    assert await by(house, "supervisor", Cut.STEP) == seen
    assert await house.manages("supervisor", queries.limits_of, WHOLE) == limits
    left = [row for row in rows if row.id != hidden.id]
    assert seen.total.counts == recounted(left, Group()).counts


@pytest.mark.parametrize("part", ["supervisor", "inspector", "auditor", "outsider", "agency_admin"])
async def test_kept_months_are_no_way_around(house: House, part: str) -> None:
    """Whoever does not oversee the country reads no row of them, and counts nobody by function."""
    await drawn(house, count=40)
    await roll(house)
    span = "'2025-01-01', '2027-01-01'"
    async with house.acting(part) as (session, _):
        for place in (
            *("referral.figure", "referral.figure_cell", "referral.figure_limit"),
            f"referral.figure_cells({span}, 'UTC', 'country', '{{}}')",
            f"referral.figure_limits({span}, 'UTC', 'country', '{{}}')",
            f"referral.attested_in_country({span})",
            f"referral.re_entries_in_country({span})",
        ):
            rows = await session.connection.execute(text(f"SELECT count(*) FROM {place}"))
            assert rows.scalar() == 0, place


async def test_another_countrys_coordinator_counts_none_of_ours(house: House) -> None:
    await drawn(house, count=60)
    await roll(house)
    found = await by(house, "coordinator", Cut.AGENCY, country="ar")
    assert (found.groups, found.total.counts) == ((), Counts())


# Periods ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("part", ["supervisor", "coordinator"])
async def test_an_empty_period_is_an_answer(house: House, part: str) -> None:
    await drawn(house, count=20)
    await roll(house)
    for period in (Period.month(date(2019, 5, 1)), Period.month(date(2031, 1, 1))):
        found = await by(house, part, Cut.AGENCY, period)
        assert (found.groups, found.total.counts) == ((), Counts())
        assert found.total.times[Measure.ACCEPTED].median is None
        curve = await house.manages(part, queries.curve_of, Measure.CONTACT, period)
        assert [point.share for point in curve.points] == [1.0]
        assert (await house.manages(part, queries.comparison_of, period)).average is None
        assert await house.manages(part, queries.limits_of, period) == ()


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (Period(date(2026, 2, 1), date(2026, 1, 1)), "ends after it begins"),
        (Period(date(2026, 1, 15), date(2026, 3, 1)), "the first of a month"),
        (Period(date(2010, 1, 1), date(2026, 1, 1)), "at most 120 months"),
        (Period(date(1900, 1, 1), date(1900, 2, 1)), "no record is as old"),
    ],
)
async def test_what_is_no_period_is_refused_in_words(
    house: House, period: Period, said: str
) -> None:
    answer = await house.does("supervisor", queries.figures_by, Cut.ALL, period)
    assert isinstance(answer, Refusal)
    assert answer.status == 422
    assert said in str(answer.extra)


async def test_a_month_that_is_not_over_says_so(house: House) -> None:
    await drawn(house)
    await roll(house)
    found = await by(house, "coordinator", Cut.ALL)
    assert found.open_months == (date(2026, 3, 1),)
    assert found.as_of == NOW
    over = await by(house, "coordinator", Cut.ALL, Period.month(date(2026, 2, 1)))
    assert over.open_months == ()


async def test_a_month_begins_at_midnight_where_the_country_is(house: House) -> None:
    """Argentina's March begins three hours after that of the clock on the wall of the server."""
    zone = ZoneInfo(house.installation.catalogue.country("AR").time_zone)
    assert month_of(datetime(2026, 3, 1, 2, 59, tzinfo=UTC), zone) == date(2026, 2, 1)
    begins, ends = Period.month(date(2026, 3, 1)).moments(zone)
    assert begins == datetime(2026, 3, 1, 3, tzinfo=UTC)
    assert ends - begins == timedelta(days=31)


# Agencies ---------------------------------------------------------------------------------------
async def test_an_agency_merged_last_month_keeps_its_line_and_its_name(house: House) -> None:
    rows = of_unit(house, (await drawn(house)).rows)
    gone = rows[0].receiver_agency
    await house.rows("UPDATE agencies.agency SET valid_until = '2026-02-15' WHERE id = $1", gone)
    [told] = await house.rows("SELECT name, confidential FROM agencies.agency WHERE id = $1", gone)
    found = await by(house, "supervisor", Cut.AGENCY)
    [line] = [one for one in found.groups if one.group.agency_id == gone]
    assert line.name == told["name"]
    assert line.counts.asked == counts_of([row for row in rows if row.receiver_agency == gone])[0]


async def test_a_confidential_agency_appears_as_its_mandate(house: House) -> None:
    rows = of_unit(house, (await drawn(house)).rows)
    viewers = [house.player(part).unit_id for part in ("supervisor", "coordinator")]
    theirs = await house.rows("SELECT agency_id FROM agencies.unit WHERE id = ANY ($1)", viewers)
    own = {one["agency_id"] for one in theirs}  # an agency of one's own has its name
    shelter = next(row for row in rows if row.receiver_agency not in own).receiver_agency
    await house.rows("UPDATE agencies.agency SET confidential = true WHERE id = $1", shelter)
    [told] = await house.rows("SELECT name FROM agencies.agency WHERE id = $1", shelter)
    for part in ("supervisor", "coordinator"):
        found = await by(house, part, Cut.AGENCY)
        [line] = [one for one in found.groups if one.group.agency_id == shelter]
        assert line.name is not None
        assert told["name"] not in line.name
        assert line.name == line.name.upper()


async def test_the_overview_is_its_parts(house: House) -> None:
    await drawn(house)
    await roll(house)
    for part in ("supervisor", "coordinator"):
        seen = await house.manages(part, queries.overview_in, months=3)
        assert seen.month == date(2026, 2, 1)
        assert [month for month, _ in seen.series] == [
            date(2025, 12, 1),
            date(2026, 1, 1),
            seen.month,
        ]
        assert (seen.figure, seen.before) == (seen.series[2][1], seen.series[1][1])
        whole = await by(house, part, Cut.TRACK, Period.month(seen.month))
        assert seen.by_track.groups == whole.groups
        counts = asdict(seen.by_track.total.counts)
        assert counts.keys() == {one.name for one in fields(Counts)}


async def test_the_overview_of_the_month_that_runs_is_its_parts_too(house: House) -> None:
    history = await Drawing(house, 1, NOW - timedelta(days=1), NOW).some(120)
    await history.enter(house)
    await roll(house)
    running = Period.month(date(2026, 3, 1))
    for part in ("supervisor", "coordinator"):
        seen = await house.manages(part, queries.overview_in, month=running.begins, months=3)
        assert seen.by_track == await by(house, part, Cut.TRACK, running)
        assert seen.by_agency == await by(house, part, Cut.AGENCY, running)
        assert seen.by_track.total.counts.asked
        series = await house.manages(part, queries.series_of, month=running.begins, months=3)
        assert seen.series == series


async def test_a_series_has_every_month_kept_or_not(house: House) -> None:
    """Also of a group that was asked for nothing in one of them."""
    rows = counted((await drawn(house)).rows)
    agency = rows[0].receiver_agency
    only = Group(agency_id=agency, track="trafficking")
    before = await house.manages("coordinator", queries.series_of, only=only, months=5)
    await roll(house)
    after = await house.manages("coordinator", queries.series_of, only=only, months=5)
    assert [month.month for month, _ in after] == [10, 11, 12, 1, 2]
    assert after[0][1].counts == Counts()
    assert [(m, one.counts, one.times) for m, one in before] == [
        (m, one.counts, one.times) for m, one in after
    ]
    own = await house.manages("supervisor", queries.series_of, only=Group(track="trafficking"))
    hers = [row for row in of_unit(house, rows) if row.track == "trafficking"]
    last = [row for row in hers if month_of(row.requested_at, ZoneInfo("UTC")) == date(2026, 2, 1)]
    assert own[-1][1].counts.asked == counts_of(last)[0]
