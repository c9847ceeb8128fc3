"""Where cases wait, which limits are only assumed, what a pilot changed, what came back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from referral import queries, rolling
from referral.errors import Refusal
from referral.figures import Cut, Group, Measure, Period
from referral.figures.durations import Kind
from tests.cast import House
from tests.referral.figures.histories import Drawing, HandOff, History, change
from tests.referral.figures.recounting import counted, counts_of, spans

BEGINS = datetime(2025, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHOLE = Period(date(2025, 11, 1), date(2026, 4, 1))


async def drawn(house: House, seed: int = 1, count: int = 250) -> History:
    history = await Drawing(house, seed, BEGINS, NOW).some(count)
    await history.enter(house)
    return history


def of_unit(house: House, rows: list[HandOff]) -> list[HandOff]:
    unit = house.player("supervisor").unit_id
    return [row for row in counted(rows) if unit in (row.sender_unit, row.receiver_unit)]


def limits_in(rows: list[HandOff]) -> dict[tuple[str, str, str, str], list[int]]:
    """Begun, met, missed, running: by track, version, clock and basis, counted again."""
    found: dict[tuple[str, str, str, str], list[int]] = {}
    for row in rows:
        if row.imported or row.attested:
            continue
        for clock, basis, length, stopped, state in row.limits:
            due = row.requested_at + length
            told = found.setdefault((row.track, row.version, clock, basis), [0, 0, 0, 0])
            told[0] += 1
            if stopped is not None:
                moot = row.state == "cancelled" and stopped <= due
                told[2 if stopped > due else 1] += not moot
            else:
                told[2 if state != "paused" and due <= NOW else 3] += 1
    return found


@pytest.mark.parametrize("kept", [False, True])
async def test_every_limit_and_its_lapses(house: House, kept: bool) -> None:
    """Of a unit exactly; of the country in tens; attested answers keep and miss none."""
    rows = (await drawn(house)).rows
    if kept:
        await rolling.roll_all(house.worker, house.installation.catalogue, house.at())
    own = await house.manages("supervisor", queries.limits_of, WHOLE)
    told = {
        (k.track, k.version, k.clock, k.basis): [k.begun, k.met, k.missed, k.running] for k in own
    }
    assert told == limits_in(of_unit(house, rows))
    assert all(one.late <= one.missed for one in own)
    country = await house.manages("coordinator", queries.limits_of, WHOLE)
    tens = {
        key: [None if 0 < n <= 10 else n // 10 * 10 for n in numbers]
        for key, numbers in limits_in(counted(rows)).items()
    }
    seen = {
        (k.track, k.version, k.clock, k.basis): [k.begun, k.met, k.missed, k.running]
        for k in country
    }
    assert seen == tens


async def test_limits_of_a_referral_as_a_whole_count_with_whoever_holds_it(house: House) -> None:
    """In the month they began; and no longer once the referral was entered in error."""
    history = await drawn(house)
    own = house.player("supervisor").unit_id
    held = next(row for row in of_unit(house, history.rows) if row.sender_unit == own)
    referral, case = (uuid5(held.id, name) for name in ("referral", "case"))
    await house.rows(
        "INSERT INTO referral.clock (id, referral_id, case_id, country, clock, step, starts_at, "
        "due_at, state, rungs, immediate, basis, derivation, calendar, sources, stopped_at) "
        "SELECT gen_random_uuid(), $1, $2, 'ZZ', 'review', 'ZZ-R', $3::timestamptz, "
        "$3 + interval '1 day', 'stopped', '[]', false, 'statutory', '[]', 'c', '[]', "
        "$3 + interval '2 days' FROM generate_series(1, 12)",
        *(referral, case, datetime(2026, 1, 10, tzinfo=UTC)),
    )

    async def reviews(part: str) -> list[tuple[int | None, int | None, float | None]]:
        found = await house.manages(part, queries.limits_of, Period.month(date(2026, 1, 1)))
        return [(k.begun, k.missed, k.overrun_median) for k in found if k.clock == "review"]

    law, now = house.installation.catalogue, house.at
    assert await reviews("supervisor") == [(12, 12, 86400.0)]
    assert await reviews("coordinator") == [(10, 10, 86400.0)]
    await rolling.roll_all(house.worker, law, now())
    assert await reviews("coordinator") == [(10, 10, 86400.0)]
    wrong = "UPDATE referral.referral SET outcome = 'ENTERED_IN_ERROR' WHERE id = $1"
    await house.rows(wrong, referral)
    house.at.forward(minutes=11)
    await rolling.roll_all(house.worker, law, now())
    assert await reviews("supervisor") == await reviews("coordinator") == []


async def test_only_limits_without_a_number_in_law_are_gaps(house: House) -> None:
    await drawn(house)
    gaps = await house.manages("supervisor", queries.law_gaps_in, WHOLE)
    assert {one.basis for one in gaps} == {"assumption"}
    missed = [one.missed for one in gaps]
    assert missed == sorted(missed, reverse=True)
    assert any(one.overrun_median for one in gaps)


async def test_a_proposed_target_is_nobodys_failure(house: House) -> None:
    """It stands beside the legal ones and never in the comparison of agencies."""
    rows = of_unit(house, (await drawn(house)).rows)
    legal = sum(sum(n[1:3]) for key, n in limits_in(rows).items() if key[3] != "assumption")
    proposed = sum(sum(n[1:3]) for key, n in limits_in(rows).items() if key[3] == "assumption")
    found = await house.manages("supervisor", queries.figures_by, Cut.ALL, WHOLE)
    assert found.total.legal.met + found.total.legal.missed == legal
    assert found.total.proposed.met + found.total.proposed.missed == proposed
    funnel = await house.manages("supervisor", queries.comparison_of, WHOLE)
    assert sum(point.size for point in funnel.points) == legal > 0
    assert funnel.average == found.total.legal.share


async def test_an_agency_of_few_has_no_share_among_the_countrys(house: House) -> None:
    await drawn(house, count=60)
    funnel = await house.manages("coordinator", queries.comparison_of, WHOLE)
    assert funnel.points
    assert {point.share for point in funnel.points} == {None}
    assert funnel.average is None


async def test_a_curve_is_the_medians_curve(house: House) -> None:
    await drawn(house)
    only = Group(track="trafficking")
    found = await house.manages("supervisor", queries.figures_by, Cut.ALL, WHOLE, only=only)
    for measure in Measure:
        curve = await house.manages("supervisor", queries.curve_of, measure, WHOLE, only=only)
        told = found.total.times[measure]
        assert (curve.median, curve.low, curve.high) == (told.median, told.low, told.high)
        assert (curve.finished, curve.open) == (told.finished, told.open)
        shares = [point.share for point in curve.points]
        assert shares == sorted(shares, reverse=True)
    few = Group(track="trafficking", version="2026-02-15", jurisdiction="ZZ-N", step="ZZ-T01")
    month = Period.month(date(2026, 2, 1))
    hidden = await house.manages("coordinator", queries.curve_of, Measure.CONTACT, month, only=few)
    assert (hidden.hidden, hidden.points, hidden.median, hidden.finished) == (True, (), None, None)


async def test_the_countrys_curve_ends_where_few_are_left(house: House) -> None:
    """Its last steps would tell of each single one; how many are at risk stands in tens."""
    await drawn(house)
    curve = await house.manages("coordinator", queries.curve_of, Measure.RECEIVED, WHOLE)
    assert len(curve.points) > 10
    assert all(point.at_risk and point.at_risk % 10 == 0 for point in curve.points)
    own = await house.manages("supervisor", queries.curve_of, Measure.RECEIVED, WHOLE)
    assert min(point.at_risk or 0 for point in own.points) < 10


async def test_where_the_cases_of_a_track_wait(house: House) -> None:
    """In the order of its steps; how many, how long the oldest, against which limits."""
    rows = of_unit(house, (await drawn(house)).rows)
    found = await house.manages("supervisor", queries.bottlenecks_of, "child_protection", WHOLE)
    law = house.installation.catalogue.version_of("ZZ", "child_protection")
    assert [one.step for one in found][: len(law.steps)] == list(law.steps)
    [first] = [one for one in found if one.step == "ZZ-C01"]
    here = [row for row in rows if row.step == "ZZ-C01"]
    assert (first.waiting, first.working) == tuple(counts_of(here)[1:3])
    assert {one.clock for one in first.limits} == {"ZZ-C01.answer", "ZZ-C01.visit"}
    assert first.late == sum(one.late or 0 for one in first.limits)
    assert first.longest is not None
    since = [span.since for row in here for span in spans(row).values() if span.kind is Kind.OPEN]
    assert first.longest == max(int(NOW.timestamp()) - int(at.timestamp()) for at in since if at)
    nowhere = await house.manages("supervisor", queries.bottlenecks_of, "no such track", WHOLE)
    assert nowhere == ()


async def test_what_has_waited_longest_falls_out_of_no_period(house: House) -> None:
    """Whichever months are asked about: who waits now waits now."""
    await drawn(house)
    last = Period.month(max(WHOLE.months))
    whole: tuple[queries.Bottleneck, ...] = ()
    for part in ("coordinator", "supervisor"):
        asked = (queries.bottlenecks_of, "child_protection")
        whole = await house.manages(part, *asked, WHOLE)
        short = await house.manages(part, *asked, last)
        now = [
            [(one.step, one.waiting, one.working, one.late, one.longest) for one in found]
            for found in (whole, short)
        ]
        assert now[0] == now[1], part
        assert [one.figure for one in whole] != [one.figure for one in short]
    assert any(one.waiting for one in whole)


async def test_what_was_accepted_and_then_left_is_seen_by_agency(house: House) -> None:
    """Whoever oversees the country sees it in tens; a unit as many as it can list."""
    rows = of_unit(house, (await drawn(house)).rows)
    left: Counter[UUID | None] = Counter(
        row.receiver_agency
        for row in rows
        for measure, span in spans(row).items()
        if measure is Measure.CONTACT
        and span.kind is Kind.OPEN
        and span.since is not None
        and span.since < NOW - timedelta(days=3)
    )
    assert left, "nothing was left"
    found = await house.manages("supervisor", queries.uncontacted_in)
    left[None] = left.total()
    assert {one.agency_id: one.count for one in found} == left
    assert all(one.agency for one in found[:-1])
    country = await house.manages("coordinator", queries.uncontacted_in)
    assert country[-1].count >= left[None] // 10 * 10
    assert all(one.count is None or one.count % 10 == 0 for one in country)
    refused = await house.does("auditor", queries.uncontacted_in)
    assert isinstance(refused, Refusal)


async def test_a_pilot_is_seen_before_and_since(house: House) -> None:
    rows = [row for row in of_unit(house, (await drawn(house)).rows) if row.track == "trafficking"]
    sides = await house.manages(
        "supervisor", queries.pilot_of, "trafficking", "2026-02-15", months=2
    )
    (before, one), (since, other) = sides.one, sides.other
    assert (before.begins, before.ends, since.begins) == (
        *(date(2025, 12, 1), date(2026, 2, 1), date(2026, 2, 1)),
    )
    months = [row for row in rows if row.requested_at.month in {12, 1}]
    new = [r for r in rows if r.version == "2026-02-15" and r.requested_at.month in {2, 3}]
    assert (one.counts.asked, other.counts.asked) == (counts_of(months)[0], counts_of(new)[0])
    [(step, old, now)] = sides.steps
    assert (step, old.counts, now.counts) == ("ZZ-T01", one.counts, other.counts)


async def test_a_pilot_is_seen_there_and_elsewhere(house: House) -> None:
    """Both over the same months: together they are all there was."""
    await drawn(house)
    sides = await house.manages(
        "supervisor", queries.pilot_of, "trafficking", "2026-02-15", by="place", months=2
    )
    (period, elsewhere), (same, there) = sides.one, sides.other
    assert period == same
    only = Group(track="trafficking")
    found = await house.manages("supervisor", queries.figures_by, Cut.ALL, period, only=only)
    assert elsewhere.counts.asked + there.counts.asked == found.total.counts.asked
    assert (there.counts.asked > 0) is bool(sides.places)


async def test_a_version_nobody_knows_is_not_found(house: House) -> None:
    answer = await house.does("supervisor", queries.pilot_of, "trafficking", "1999-01-01")
    assert isinstance(answer, Refusal)
    assert answer.status == 404


async def test_answers_in_anothers_name_by_who_recorded_them(house: House) -> None:
    rows = [row for row in of_unit(house, (await drawn(house)).rows) if not row.imported]
    told = [row for row in rows if row.attested]
    found = await house.manages("supervisor", queries.attested_in, WHOLE)
    assert sum(one.attested for one in found) == len(told) > 0
    open_ones = [row for row in told if row.attestation_confirmed_at is None]
    assert sum(one.unconfirmed for one in found) == len(open_ones)
    oldest = [one.oldest_unconfirmed for one in found if one.oldest_unconfirmed is not None]
    assert min(oldest) == min(row.requested_at for row in open_ones)
    country = await house.manages("coordinator", queries.attested_in, WHOLE)
    assert all(one.attested is None or one.attested > 10 for one in country)
    assert all(one.oldest_unconfirmed is None for one in country if one.unconfirmed is None)


async def test_what_came_back_and_who_came_again(house: House) -> None:
    history = await drawn(house)
    rows = of_unit(house, history.rows)
    own = house.player("supervisor").unit_id
    first, again = (row for row in rows if row.sender_unit == own and not row.imported), None
    again = next(first)
    await house.rows(
        "UPDATE referral.referral SET follows = $2 WHERE id = $1",
        *(uuid5(again.id, "referral"), uuid5(next(first).id, "referral")),
    )
    found = await house.manages("supervisor", queries.returns_in, WHOLE)
    assert sum(one.counts.returned for one in found.by_agency) == counts_of(rows)[9]
    assert (found.re_entries, found.by_track) == (1, ((again.track, 1),))
    country = await house.manages("coordinator", queries.returns_in, WHOLE)
    assert (country.re_entries, country.by_track) == (None, ((again.track, None),))


async def test_imported_years_are_in_no_time_and_in_one_count(house: House) -> None:
    history = await drawn(house)
    rows = of_unit(house, history.rows)
    old = next(row for row in rows if not row.imported and not row.attested and row.accepted_at)
    before = await _total(house)
    await change(house, old, imported=True)
    after = await _total(house)
    assert after.counts.imported == before.counts.imported + 1
    assert after.counts.asked == before.counts.asked - 1
    assert after.times[Measure.RECEIVED].finished <= before.times[Measure.RECEIVED].finished
    assert after.legal.begun <= before.legal.begun


async def _total(house: House) -> Any:
    return (await house.manages("supervisor", queries.figures_by, Cut.ALL, WHOLE)).total
