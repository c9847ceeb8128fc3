"""A holiday is declared while limits run: what would move is shown, then it moves and is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from protocols.catalogue import Catalogue
from referral import casework, queries, worker
from referral.audit.verify import verify
from referral.casework import CalendarChange, CalendarChanged, Preview
from referral.errors import Refusal
from tests.cast import House, asked, child_at_work

if TYPE_CHECKING:
    from collections.abc import Sequence

MOURNING = CalendarChange(
    kind="declared",
    calendars=("court",),
    day=date(2026, 3, 4),
    name="National day of mourning",
    source="Decree 12 of 2 March 2026, Official Gazette 44",
)
_ACTS = "SELECT act FROM referral.audit_entry WHERE object_id = $1 AND act LIKE '%recounted'"


async def complaint(house: House) -> UUID:
    """A child was taken over, and the prosecutor has two working days to answer."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    taken = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    return asked(taken, "ZZ-C04")


async def due(house: House, hand_off: UUID) -> datetime | None:
    return (await house.sees("prosecutor", hand_off)).line.due_at


def faults(answer: Any) -> list[tuple[str, str]]:
    assert isinstance(answer, Refusal), answer
    return [(one["pointer"], one["code"]) for one in answer.extra["errors"]]


async def told(house: House, hand_off: UUID, kind: str) -> Sequence[UUID]:
    rows = await house.rows(
        "SELECT to_unit FROM referral.outbox WHERE hand_off_id = $1 AND kind = $2 ORDER BY id",
        hand_off,
        kind,
    )
    return [row["to_unit"] for row in rows]


async def test_what_would_move_is_listed_and_nothing_is_changed(house: House) -> None:
    hand_off = await complaint(house)
    before = await due(house, hand_off)
    assert before == datetime.fromisoformat("2026-03-04T23:59:59Z")
    preview = await house.manages("coordinator", casework.preview_calendar, MOURNING)
    assert isinstance(preview, Preview)
    (moved,) = preview.limits
    assert (moved.step, moved.clock) == ("ZZ-C04", "ZZ-C04.answer")
    assert (moved.before, moved.after) == (before, before + timedelta(days=1))
    assert any("National day of mourning" in line for line in moved.derivation)
    assert not preview.more
    assert await due(house, hand_off) == before
    assert await house.rows("SELECT FROM referral.calendar_day") == []


async def test_a_confirmed_change_moves_running_limits_and_whom_it_concerns_is_told(
    house: House,
) -> None:
    hand_off = await complaint(house)
    before = await due(house, hand_off)
    assert before is not None
    done = await house.manages("coordinator", casework.change_calendar, MOURNING)
    assert isinstance(done, CalendarChanged)
    await worker.turn(house.clockwork, house.at())

    assert await due(house, hand_off) == before + timedelta(days=1)
    (row,) = await house.rows("SELECT * FROM referral.clock_recount")
    assert (row["due_before"], row["due_after"]) == (before, before + timedelta(days=1))
    assert str(row["change_id"]) == done.change_id
    assert "National day of mourning" in row["derivation_after"]
    assert "National day of mourning" not in row["derivation_before"]
    assert row["calendar_before"] != row["calendar_after"]
    assert [one["act"] for one in await house.rows(_ACTS, hand_off)] == ["hand_off.limit_recounted"]
    receiver, sender = house.player("prosecutor").unit_id, house.player("social_worker").unit_id
    assert await told(house, hand_off, "hand_off.limit_recounted") == [receiver, sender]
    system = await house.rows(
        "SELECT e.act, e.object_id FROM referral.audit_entry e JOIN referral.stream_head s"
        " USING (stream_id) WHERE s.kind = 'system'"
    )
    assert [(one["act"], str(one["object_id"])) for one in system] == [
        ("calendar.changed", done.change_id)
    ]
    # The reminder moves with the end; once everything was looked at, nothing moves again.
    house.at.forward(minutes=5)
    await worker.turn(house.clockwork, house.at())
    await worker.turn(house.clockwork, house.at())
    assert len(await house.rows("SELECT FROM referral.clock_recount")) == 1
    (change,) = await house.rows("SELECT * FROM referral.calendar_change")
    assert change["looked_at"] is not None
    assert change["settled_at"] == house.at()


async def test_whoever_acts_next_counts_by_the_new_days_in_every_process(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    await house.manages("coordinator", casework.change_calendar, MOURNING)
    # Another process, which has read the files before and knows nothing of the change.
    other = replace(
        house, installation=replace(house.installation, catalogue=Catalogue.load(goes_on=True))
    )
    taken = await other.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    assert await due(house, asked(taken, "ZZ-C04")) == datetime.fromisoformat(
        "2026-03-05T23:59:59Z"
    )


async def test_a_day_that_was_moved_opens_and_another_closes(house: House) -> None:
    house.at.to(datetime.fromisoformat("2026-12-23T12:00:00Z"))
    hand_off = await complaint(house)
    assert await due(house, hand_off) == datetime.fromisoformat("2026-12-28T23:59:59Z")
    change = replace(
        MOURNING,
        kind="moved",
        moved_from=date(2026, 12, 25),
        day=date(2026, 12, 28),
        name="Midwinter Day, moved",
    )
    await house.manages("coordinator", casework.change_calendar, change)
    await worker.turn(house.clockwork, house.at())
    assert await due(house, hand_off) == datetime.fromisoformat("2026-12-25T23:59:59Z")
    # Taken back: the day closes no more, and what was entered stays to be read.
    await house.manages(
        "coordinator", casework.change_calendar, replace(change, kind="taken_back", moved_from=None)
    )
    seen = await house.manages("coordinator", queries.calendar_changes)
    assert [one.kind for one in seen] == ["taken_back", "moved"]
    assert [one.closed for one in seen[1].days] == [False, True]


async def test_a_limit_that_began_while_the_change_was_entered_is_found_by_the_second_look(
    house: House,
) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    async with house.acting("social_worker") as (session, actor):  # began before, commits after
        taken = await casework.accept(session, actor, asked(filed, "ZZ-C01"), now=house.at())
        await house.manages("coordinator", casework.change_calendar, MOURNING)
        await worker.turn(house.clockwork, house.at())
    assert not isinstance(taken, Refusal)
    hand_off = asked(taken, "ZZ-C04")
    assert await due(house, hand_off) == datetime.fromisoformat("2026-03-04T23:59:59Z")
    house.at.forward(minutes=2)
    await worker.turn(house.clockwork, house.at())
    assert await due(house, hand_off) == datetime.fromisoformat("2026-03-05T23:59:59Z")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"source": " "}, ("/source", "missing")),
        ({"name": ""}, ("/name", "missing")),
        ({"kind": "guessed"}, ("/kind", "unknown")),
        ({"calendars": ()}, ("/calendars", "missing")),
        ({"calendars": ("moon",)}, ("/calendars", "unknown")),
        ({"calendars": ("always_open",)}, ("/day", "always-open")),
        ({"place": "AR-B"}, ("/place", "unknown")),
        ({"kind": "moved"}, ("/moved_from", "missing")),
        ({"day": date(2026, 3, 1)}, ("/day", "past")),
        ({"day": date(2050, 3, 1)}, ("/day", "year-not-covered")),
        ({"day": date(2026, 3, 7)}, ("/day", "weekend")),
        ({"day": date(2026, 12, 25)}, ("/day", "already-entered")),
        ({"kind": "taken_back"}, ("/day", "not-closed")),
        ({"name": "x" * 501}, ("/name", "too-long")),
    ],
)
async def test_what_cannot_be_entered_is_said_with_its_reason(
    house: House, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    wrong = replace(MOURNING, **changes)
    for verb in (casework.preview_calendar, casework.change_calendar):
        assert fault in faults(await house.does("coordinator", verb, wrong))
    assert await house.rows("SELECT FROM referral.calendar_change") == []


async def test_a_day_that_is_entered_is_not_entered_twice(house: House) -> None:
    await house.manages("coordinator", casework.change_calendar, MOURNING)
    again = await house.does("coordinator", casework.change_calendar, MOURNING)
    assert faults(again) == [("/day", "already-entered")]


async def test_two_who_enter_at_once_do_not_overwrite_each_other(house: House) -> None:
    async with house.acting("coordinator") as (session, actor):
        await house.manages("coordinator", casework.change_calendar, MOURNING)
        answer = await casework.change_calendar(
            session, actor, replace(MOURNING, day=date(2026, 3, 5)), now=house.at()
        )
    assert isinstance(answer, Refusal)
    assert answer.type == "calendar-changed-meanwhile"


async def test_nobody_else_changes_a_calendar_and_nothing_entered_is_altered(house: House) -> None:
    for part in ("inspector", "supervisor", "auditor", "outsider"):
        for verb in (casework.preview_calendar, casework.change_calendar):
            answer = await house.does(part, verb, MOURNING)
            assert (answer.status, answer.type) == (403, "not-permitted"), part
    await house.manages("coordinator", casework.change_calendar, MOURNING)
    for statement in (
        "UPDATE referral.calendar_day SET day = day + 1",
        "DELETE FROM referral.calendar_day",
        "TRUNCATE referral.clock_recount",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await house.rows(statement)


async def test_a_change_without_its_entry_and_an_entry_without_its_change_are_found(
    house: House,
) -> None:
    house.honest = False
    await house.manages("coordinator", casework.change_calendar, MOURNING)
    (row,) = await house.rows("SELECT id FROM referral.calendar_change")
    connection = await asyncpg.connect(house.database.superuser_url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE referral.calendar_change SET id = gen_random_uuid()")
    await connection.close()
    problems = (await verify(house.database.url_of("auditor_ro"))).problems
    said = [one for one in problems if one.where.startswith("calendar ")]
    assert sorted(one.what.split(",")[0] for one in said) == [
        "it is entered 0 times",
        "it is entered 1 times",
    ]
    assert f"calendar {row['id']}" in {one.where for one in said}
