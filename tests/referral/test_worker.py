"""The clockwork: every limit is noticed once, with the moment it was due; none blocks another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from referral import casework, queries, worker
from referral.casework import Filed
from referral.database import make_engine
from referral.entry import Installation
from referral.errors import Refusal
from referral.logs import ALLOWED
from referral.notices.telling import Teller
from tests.cast import House, asked, child_at_work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ENTRIES = """
SELECT act, (header::jsonb ->> 'occurred_at')::timestamptz AS due FROM referral.audit_entry
WHERE object_id = $1 AND actor = 'clockwork' ORDER BY seq
"""


@pytest.fixture
async def clockwork(house: House) -> AsyncIterator[Installation]:
    """The house as the clockwork sees it: through its own role, with two connections."""
    engine = make_engine(house.database.url_of("worker"), pool_size=2)
    yield replace(house.installation, engine=engine)
    await engine.dispose()


async def entries(house: House, hand_off: UUID) -> list[tuple[str, datetime]]:
    """What the clockwork wrote about a hand-off: act and the moment it was due."""
    return [(row["act"], row["due"]) for row in await house.rows(_ENTRIES, hand_off)]


async def reported(house: House) -> tuple[Filed, UUID]:
    """A child at work, and the hand-off that child protection must answer within 24 hours."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    return filed, asked(filed, "ZZ-C01")


async def test_nothing_happens_before_its_time(house: House, clockwork: Installation) -> None:
    _, hand_off = await reported(house)
    house.at.forward(hours=11, minutes=59)
    assert await worker.turn(clockwork, house.at()) == worker.Turn()
    assert await entries(house, hand_off) == []


async def test_the_receiver_is_reminded_at_half_the_limit(
    house: House, clockwork: Installation
) -> None:
    _, hand_off = await reported(house)
    due = house.at.forward(hours=12)
    assert (await worker.turn(clockwork, due)).fired >= 1
    assert await entries(house, hand_off) == [("hand_off.reminded", due)]
    assert (await worker.turn(clockwork, due)) == worker.Turn()


async def test_a_limit_noticed_a_day_late_still_says_when_it_was_due(
    house: House, clockwork: Installation
) -> None:
    filed, hand_off = await reported(house)
    began = house.at()
    house.at.forward(days=2, hours=12)
    told = await worker.turn(clockwork, house.at())
    assert told.fired >= 4
    assert told.pushed == 0
    found = await entries(house, hand_off)
    hours = {12: "hand_off.reminded", 24: "hand_off.overdue", 48: "hand_off.overdue"}
    for after, act in hours.items():
        assert (act, began + timedelta(hours=after)) in found
    assert [due for _, due in found] == sorted(due for _, due in found)
    # At one and a half times the limit the next body was asked beside the silent one.
    asked_next = await house.rows(
        "SELECT receiver_unit FROM referral.hand_off WHERE case_id = $1 AND step = 'ZZ-C01'"
        " AND id <> $2",
        UUID(filed.case_id),
        hand_off,
    )
    assert [row["receiver_unit"] for row in asked_next] == [house.player("directorate").unit_id]


async def test_what_is_overdue_shows_to_both_supervisors_and_to_nobody_else(
    house: House, clockwork: Installation
) -> None:
    _, hand_off = await reported(house)
    began = house.at()
    house.at.forward(hours=24)
    await worker.turn(clockwork, house.at())
    for part in ("supervisor", "protection_supervisor"):
        overdue = await house.manages(part, queries.overdue_in)
        assert hand_off in [line.id for line in overdue], part
    row = (await house.rows("SELECT * FROM referral.hand_off WHERE id = $1", hand_off))[0]
    assert row["overdue_since"] == began + timedelta(hours=24)
    assert row["state"] == "requested"  # time raises flags, it never moves a state


async def test_the_order_of_deadlines_is_kept_across_cases(
    house: House, clockwork: Installation
) -> None:
    first = (await reported(house))[1]
    house.at.forward(hours=6)
    second = (await reported(house))[1]
    house.at.forward(days=2)
    await worker.turn(clockwork, house.at())
    told = await house.rows(
        "SELECT (header::jsonb ->> 'occurred_at')::timestamptz AS due FROM referral.audit_entry"
        " WHERE object_id = ANY($1) AND actor = 'clockwork' ORDER BY id",
        [first, second],
    )
    assert len(told) > 4
    assert [row["due"] for row in told] == sorted(row["due"] for row in told)


async def test_two_workers_at_once_fire_everything_once(
    house: House, clockwork: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AT_ONCE", 2)
    hand_offs = [(await reported(house))[1] for _ in range(6)]
    house.at.forward(days=3, hours=1)
    other = replace(clockwork, engine=make_engine(house.database.url_of("worker"), pool_size=1))
    told = await asyncio.gather(*(worker.turn(one, house.at()) for one in (clockwork, other)))
    await other.engine.dispose()
    last = await worker.turn(clockwork, house.at())
    assert all(one.fired for one in told), "both must have had something to do"
    assert sum(one.pushed for one in (*told, last)) == 0
    histories = [await entries(house, hand_off) for hand_off in hand_offs]
    for history in histories:
        assert len(history) == len(set(history)) >= 3
        assert [act for act, _ in history] == [act for act, _ in histories[0]]
    left = await house.rows(
        "SELECT id FROM referral.clock WHERE state = 'running' AND next_at <= $1", house.at()
    )
    assert left == []


async def test_a_case_somebody_works_on_is_left_for_the_next_turn(
    house: House, clockwork: Installation
) -> None:
    _, hand_off = await reported(house)
    house.at.forward(hours=12)
    async with house.acting("social_worker") as (session, actor):
        await casework.acknowledge(session, actor, hand_off, now=house.at())
        told = await worker.turn(clockwork, house.at())
        assert (told.fired, told.left > 0, told.pushed) == (0, True, 0)
    assert (await worker.turn(clockwork, house.at())).fired >= 1


async def test_a_poisoned_clock_is_pushed_ahead_and_blocks_no_other(
    house: House, clockwork: Installation
) -> None:
    poisoned, sick = await reported(house)
    house.at.forward(minutes=1)
    _, well = await reported(house)
    # A protocol changed after it took force: the referral cannot be continued under it.
    await house.rows(
        "UPDATE referral.referral SET protocol_digest = 'another' WHERE case_id = $1",
        UUID(poisoned.case_id),
    )
    now = house.at.forward(hours=12)
    with capture_logs() as written:
        told = await worker.turn(clockwork, now)
    assert told.pushed >= 1
    assert await entries(house, sick) == []
    assert [act for act, _ in await entries(house, well)] == ["hand_off.reminded"]
    pushed = await house.rows(
        "SELECT next_at, rung FROM referral.clock WHERE hand_off_id = $1 AND next_at <= $2",
        sick,
        now + worker.PUSHED,
    )
    assert [(row["next_at"], row["rung"]) for row in pushed] == [(now + worker.PUSHED, 0)]
    named = await house.rows("SELECT id FROM referral.clock WHERE hand_off_id = $1", sick)
    said = {line["clock"] for line in written if line["event"] == "pushed ahead"}
    assert said & {str(row["id"]) for row in named}
    assert "clock" in ALLOWED  # whoever looks after it must find which one it was
    # Once it is cured, the log still says when the reminder was due.
    await house.rows(
        "UPDATE referral.referral SET protocol_digest = (SELECT protocol_digest FROM"
        " referral.referral WHERE protocol_digest <> 'another' LIMIT 1) WHERE case_id = $1",
        UUID(poisoned.case_id),
    )
    await worker.turn(clockwork, now + worker.PUSHED)
    assert [due for _, due in await entries(house, sick)] == [now - timedelta(minutes=1)]


async def test_people_are_told_each_day_that_a_limit_cannot_be_decided(
    house: House, clockwork: Installation
) -> None:
    """It would pass unseen: supervisors of both sides and the coordinator look themselves."""
    poisoned, sick = await reported(house)
    await house.rows("UPDATE referral.referral SET protocol_digest = 'another'")
    told = (
        "SELECT to_unit, to_role, occurred_at FROM referral.outbox "
        "WHERE kind = 'hand_off.limit_undecided' AND hand_off_id = $1 AND case_id = $2"
    )
    now = house.at.forward(hours=12)
    for later in (timedelta(), worker.PUSHED, timedelta(hours=1)):
        assert (await worker.turn(clockwork, now + later)).pushed >= 1
    rows = await house.rows(told, sick, UUID(poisoned.case_id))
    parts = ("supervisor", "protection_supervisor", "coordinator")
    units = {house.player(part).unit_id: part for part in parts}
    assert {units.get(row["to_unit"], "?") for row in rows} == set(parts), "and nobody else"
    assert {row["occurred_at"] for row in rows} == {now}, "once, however often it is pushed"
    await Teller(house.worker, ()).tell(house.at.forward(hours=2))
    for part in parts:
        async with house.acting(part) as (session, _):
            seen = await queries.notices_of(session)
        assert not isinstance(seen, Refusal)
        assert "hand_off.limit_undecided" in {one.kind for one in seen.lines}, part
    await worker.turn(clockwork, now + timedelta(days=1, minutes=1))
    assert len(await house.rows(told, sick, UUID(poisoned.case_id))) == 2 * len(rows)


async def test_it_runs_until_told_to_stop(house: House, clockwork: Installation) -> None:
    _, hand_off = await reported(house)
    house.at.forward(hours=12)
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(clockwork, stopping))
    async with asyncio.timeout(20):
        while not await entries(house, hand_off):
            await asyncio.sleep(0.02)
        stopping.set()
        told = await running
    assert told.fired >= 1


async def test_a_database_that_is_away_does_not_end_it(
    house: House, clockwork: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AFTER_A_FAULT", 0.01)
    _, hand_off = await reported(house)
    house.at.forward(hours=12)
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    stopping, looks = asyncio.Event(), 0

    def clock() -> datetime:
        nonlocal looks
        looks += 1
        if looks == 3:
            stopping.set()
        return datetime(2026, 3, 3, tzinfo=UTC)

    told = await worker.run(replace(clockwork, engine=nowhere, clock=clock), stopping)
    assert (looks, told.fired) == (3, 0)
    await nowhere.dispose()
    assert (await worker.turn(clockwork, house.at())).fired >= 1
    assert await entries(house, hand_off)
