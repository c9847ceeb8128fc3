"""The monthly task force: late hand-offs come on its agenda by themselves and leave it as tasks."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from referral import casework, queries
from referral.casework import Call, Record, Task
from referral.database import scalar
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import Desk, key, pointers, problem
from tests.referral.web.visiting import Visitor
from tests.stories.test_nobody_answers import let_time_pass


async def left_lying(house: House) -> UUID:
    """A hand-off nobody answered until the last rung called the council."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    house.at.forward(hours=73)
    await let_time_pass(house)
    return asked(filed, "ZZ-C01")


def invited(house: House, *parts: str) -> list[UUID]:
    """Their units."""
    return [house.player(part).unit_id for part in parts]


async def called(house: House, *parts: str) -> UUID:
    """The council has called its task force."""
    wanted = Call("task_force", house.at(), "COORDINATION", invited(house, *parts))
    met = await house.manages("coordinator", casework.call_meeting, wanted)
    return UUID(met.meeting_id)


async def seen_by(house: House, part: str, meeting: UUID) -> Any:
    """One meeting as somebody sees it."""
    return await house.does(part, queries.meeting_seen, meeting)


async def test_what_was_escalated_is_on_the_agenda_and_opaque(house: House) -> None:
    hand_off = await left_lying(house)
    meeting = await called(house, "social_worker")
    [item] = (await seen_by(house, "coordinator", meeting)).items
    assert (item.hand_off_id, item.known) == (hand_off, False)
    assert item.since is not None
    assert item.step == "ZZ-C01"
    [same] = (await seen_by(house, "social_worker", meeting)).items
    assert same.known, "who was asked may open it"
    again = await called(house)
    assert (await seen_by(house, "coordinator", again)).items == (), "it was on the last one"


async def test_attendance_and_tasks_are_recorded_once_and_sealed(house: House) -> None:
    await left_lying(house)
    meeting = await called(house, "social_worker", "prosecutor")
    [item] = (await seen_by(house, "coordinator", meeting)).items
    social, prosecutor = invited(house, "social_worker", "prosecutor")
    what = "Visit the family at the kiln"
    record = Record(house.at(), (social,), (Task(social, date(2026, 4, 1), what, item.id),))
    await house.manages("coordinator", casework.hold_meeting, meeting, record)
    seen = await seen_by(house, "social_worker", meeting)
    assert [(task.what, task.due_on, task.item_id) for task in seen.tasks] == [
        (what, date(2026, 4, 1), item.id)
    ]
    whole = await seen_by(house, "coordinator", meeting)
    assert {one.unit_id: one.attendance for one in whole.units} == {
        social: "present",
        prosecutor: "absent",
    }
    stored = await house.rows("SELECT content FROM referral.meeting_task")
    assert what.encode() not in stored[0]["content"]
    twice = await house.does("coordinator", casework.hold_meeting, meeting, record)
    assert twice.status == 409


async def test_who_was_not_invited_finds_nothing_and_guests_only_read(house: House) -> None:
    meeting = await called(house, "social_worker")
    record = Record(house.at())
    for part, status in (("outsider", 404), ("social_worker", 403), ("auditor", 403)):
        refused = await house.does(part, casework.hold_meeting, meeting, record)
        assert refused.status == status, part
    assert (await seen_by(house, "outsider", meeting)).status == 404
    assert await house.manages("outsider", queries.meetings_of) == ()
    for part, count in (("coordinator", 1), ("social_worker", 1), ("outsider", 0), ("auditor", 0)):
        async with house.acting(part) as (session, _):
            rows = await scalar(session.connection, "SELECT count(*) FROM referral.meeting")
            units = await scalar(session.connection, "SELECT count(*) FROM referral.meeting_unit")
            opened = await scalar(session.connection, "SELECT referral.meeting_key($1)", meeting)
        assert (rows, units, opened is not None) == (count, count, bool(count)), part


async def test_what_makes_no_sense_is_told_place_by_place(house: House) -> None:
    wanted = Call("task_force", house.at(), "POLICE", [uuid4()], [uuid4()])
    refused = await house.does("coordinator", casework.call_meeting, wanted)
    assert {fault["pointer"] for fault in refused.extra["errors"]} == {
        "/body",
        "/invited",
        "/hand_offs",
    }
    meeting = await called(house)
    stranger = invited(house, "outsider")[0]
    record = Record(house.at.now, (stranger,), (Task(stranger, date(2026, 4, 1), " ", uuid4()),))
    refused = await house.does("coordinator", casework.hold_meeting, meeting, record)
    assert [fault["pointer"] for fault in refused.extra["errors"]] == [
        "/present",
        "/tasks/0/owner",
        "/tasks/0/item",
        "/tasks/0/what",
    ]


async def test_over_json_and_on_the_page(house: House) -> None:
    await left_lying(house)
    desk, once = Desk(house), key()
    body = {"kind": "task_force", "body": "COORDINATION", "planned_at": "2026-04-01T09:00:00Z"}
    first = await desk.sends("coordinator", "meetings", body, once)
    again = await desk.sends("coordinator", "meetings", body, once)
    assert (first.status_code, again.json()) == (201, first.json())
    wrong = problem(
        await desk.sends("coordinator", "meetings", {**body, "body": "X"}), 422, "invalid-input"
    )
    assert list(pointers(wrong)) == ["/body"]
    address = f"/meetings/{first.json()['meeting_id']}"
    listed = (await desk.reads("coordinator", "meetings")).json()["meetings"]
    assert [one["mine"] for one in listed] == [True]
    problem(await desk.reads("outsider", address.lstrip("/")), 404, "not-found")
    visitor = Visitor(await house.browser("coordinator"))
    page = await visitor.see(address)
    assert "ZZ-C01" in page.words
    unsaid = await visitor.send(page, "/record", what__0="Visit the family")
    assert unsaid.status == 422
    own = str(house.player("coordinator").unit_id)
    typed = {"held_at": "2026-03-05", "what__0": "Visit the family", "owner__0": own}
    done = await visitor.follow(await visitor.send(page, "/record", **typed, due__0="2026-04-01"))
    assert "Visit the family" in done.words
    form = await visitor.see("/meetings")
    made = await visitor.follow(await visitor.send(form, "/meetings", planned_at="2026-05-01"))
    assert "Nothing was escalated" in made.words


async def test_the_second_lock_lets_nobody_call_in_anothers_name(house: House) -> None:
    hand_off = await left_lying(house)
    async with house.acting("outsider") as (session, _):
        driver = (await session.connection.get_raw_connection()).driver_connection
        assert driver is not None
        for payload in (
            "{}",
            '{"moves": []}',
            f'{{"meeting_items": [{{"hand_off_id": "{hand_off}"}}]}}',
        ):
            with pytest.raises(asyncpg.PostgresError) as fault:
                async with driver.transaction():
                    await driver.execute("SELECT referral.convene($1::jsonb)", payload)
            assert fault.value.sqlstate in {"RF001", "RF009"}, payload
