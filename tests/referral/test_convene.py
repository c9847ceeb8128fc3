"""What the second lock of meetings does not believe: forgeries of honest payloads."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral import casework, queries
from referral.casework import Call, Record, Task
from referral.database import scalar
from tests.cast import House, child_at_work
from tests.referral.api.desk import Desk
from tests.referral.forging import Payload, all_refused, caught, rewritten, send, set_in, without
from tests.referral.web.visiting import Visitor
from tests.stories.test_meeting import called, invited, left_lying, seen_by
from tests.stories.test_nobody_answers import let_time_pass

convening = partial(caught, door="convene")
NEXT_MONTH = date(2026, 4, 1)


def adding_to(part: str, **row: Any) -> Any:
    """One row more, like the first of its kind."""

    def forge(payload: Payload) -> None:
        rows = payload.setdefault(part, [])
        first = rows[0] if rows else {}
        rows.append({**first, "id": str(uuid4()), **row})

    return forge


async def test_a_meeting_is_called_with_its_key_by_a_body_that_still_is_one(house: House) -> None:
    await left_lying(house)
    wanted = Call("task_force", house.at(), "COORDINATION", invited(house, "social_worker"))
    honest = await convening(house, "coordinator", casework.call_meeting, wanted)
    meeting = honest["meetings"][0]["id"]
    own, other = (str(house.player(part).unit_id) for part in ("coordinator", "outsider"))
    task = {
        "meeting_id": meeting,
        "country": "ZZ",
        "convenor": own,
        "owner_unit": own,
        "due_on": "2026-04-01",
        "key_version": 1,
        "content": "\\x00",
    }
    await all_refused(
        house,
        "coordinator",
        honest,
        {
            "without a key nobody can read it": (without("keys"), "RF018"),
            "of another unit": (set_in("meetings", unit_id=other), "RF018"),
            "called by another": (
                set_in("meetings", called_by=str(house.player("outsider").membership_id)),
                "RF018",
            ),
            "as a body it is not": (set_in("meetings", body="POLICE"), "RF018"),
            "held at once": (set_in("meetings", held_at=house.at().isoformat()), "RF018"),
            "somebody who came before it began": (
                set_in("meeting_units", attendance="present"),
                "RF018",
            ),
            "a task before it was held": (adding_to("meeting_tasks", **task), "RF018"),
            "a hand-off it knows nothing of": (
                set_in("meeting_items", hand_off_id=str(uuid4())),
                "RF018",
            ),
            "told of something else": (rewritten(object_type="case"), "RF015"),
            "told as held": (rewritten(act="meeting.held"), "RF015"),
        },
        door="convene",
    )
    await house.rows(
        "UPDATE agencies.mandate SET valid_until = '2026-03-01' WHERE mandate = 'COORDINATION'"
    )
    await all_refused(
        house, "coordinator", honest, {"it was one": (lambda _: None, "RF018")}, door="convene"
    )
    gone = await house.does("coordinator", casework.call_meeting, wanted)
    assert [one["pointer"] for one in gone.extra["errors"]] == ["/body"]
    async with house.acting("coordinator") as (session, actor):
        assert "COORDINATION" not in await queries.mandates_of(session, actor, now=house.at())


async def test_a_record_adds_nobody_and_nothing_to_what_was_called(house: House) -> None:
    hand_off = await left_lying(house)
    meeting = await called(house, "social_worker")
    [item] = (await seen_by(house, "coordinator", meeting)).items
    social = house.player("social_worker").unit_id
    record = Record(house.at(), (social,), (Task(social, NEXT_MONTH, "Visit", item.id),))
    honest = await convening(house, "coordinator", casework.hold_meeting, meeting, record)
    stranger = {"unit_id": str(house.player("outsider").unit_id), "attendance": "present"}
    more = {"meeting_id": str(meeting), "hand_off_id": str(hand_off)}
    await all_refused(
        house,
        "coordinator",
        honest,
        {
            "somebody who was not invited": (adding_to("meeting_units", **stranger), "RF018"),
            "who is still only invited": (set_in("meeting_units", attendance="invited"), "RF018"),
            "more on the agenda": (adding_to("meeting_items", **more), "RF018"),
            "a task for a stranger": (
                set_in("meeting_tasks", owner_unit=stranger["unit_id"]),
                "RF018",
            ),
            "in another's name": (
                set_in("meeting_tasks", convenor=str(house.player("outsider").unit_id)),
                "RF018",
            ),
            "another meeting": (set_in("meeting_records", id=str(uuid4())), "RF018"),
            "told of something else": (rewritten(object_type="case"), "RF015"),
        },
        door="convene",
    )
    await send(house, "coordinator", honest, door="convene")


async def test_a_task_is_not_due_before_it_was_given(house: House) -> None:
    meeting = await called(house)
    own = house.player("coordinator").unit_id
    late = Task(own, house.at().date() - timedelta(days=1), "Write to the ministry")
    answer = await house.does(
        "coordinator", casework.hold_meeting, meeting, Record(house.at(), (), (late,))
    )
    assert [one["pointer"] for one in answer.extra["errors"]] == ["/tasks/0/due"]


@pytest.mark.parametrize("table", ["meeting", "meeting_unit"])
async def test_one_lock_open_the_other_still_holds(house: House, table: str) -> None:
    """Row security and the question say the same, each in its own words."""
    meeting = await called(house, "social_worker")
    await house.rows(
        f"CREATE POLICY mistake ON referral.{table} FOR SELECT TO referral_app USING (true)"
    )
    for part in ("outsider", "prosecutor"):
        assert await house.manages(part, queries.meetings_of) == (), part
        assert (await house.does(part, queries.meeting_seen, meeting)).status == 404, part
        record = await house.does(part, casework.hold_meeting, meeting, Record(house.at()))
        assert record.status == 404, part
    assert len(await house.manages("social_worker", queries.meetings_of)) == 1


async def test_opening_what_was_decided_leaves_an_entry(house: House) -> None:
    """Tasks are sealed words about people: who opens them stands in the log, as with narrative."""
    meeting = await called(house, "social_worker")
    own = house.player("coordinator").unit_id
    desk = Desk(house)
    await desk.reads("social_worker", f"meetings/{meeting}")
    assert await reads(house) == [], "nothing sealed was there yet"
    record = Record(house.at(), (), (Task(own, NEXT_MONTH, "Write to the ministry"),))
    await house.manages("coordinator", casework.hold_meeting, meeting, record)
    assert "ministry" in (await desk.reads("social_worker", f"meetings/{meeting}")).text
    page = await (await house.browser("coordinator")).get(f"/meetings/{meeting}")
    assert "ministry" in page.text
    members = [str(house.player(part).membership_id) for part in ("social_worker", "coordinator")]
    assert await reads(house) == [(member, meeting) for member in members]


async def reads(house: House) -> list[tuple[str, UUID]]:
    """Who opened what."""
    rows = await house.rows(
        "SELECT actor, object_id FROM referral.audit_entry WHERE act = 'case.read' ORDER BY at"
    )
    return [(row["actor"], row["object_id"]) for row in rows]


async def test_a_limit_of_the_referral_itself_comes_on_the_agenda_too(house: House) -> None:
    """It has no hand-off; the meeting can be called all the same, and names the case opaquely."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    council = house.player("coordinator").unit_id
    await house.rows(
        "INSERT INTO referral.outbox (id, country, kind, case_id, to_unit, occurred_at) "
        "VALUES ($1, 'ZZ', 'hand_off.agenda', $2, $3, $4)",
        uuid4(),
        UUID(filed.case_id),
        council,
        house.at(),
    )
    meeting = await called(house)
    [item] = (await seen_by(house, "coordinator", meeting)).items
    assert (item.reference, item.hand_off_id, item.step) == (filed.reference, None, None)
    page = await (await house.browser("coordinator")).get(f"/meetings/{meeting}")
    assert f"{filed.reference}, a limit of the referral itself" in page.text
    again = await called(house)
    assert (await seen_by(house, "coordinator", again)).items == ()


async def test_what_is_late_in_the_bodys_matters_is_shown_to_who_convenes(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    meeting = await called(house, "social_worker")
    assert (await seen_by(house, "coordinator", meeting)).late == ()
    house.at.forward(hours=30)
    await let_time_pass(house)
    [late] = (await seen_by(house, "coordinator", meeting)).late
    assert (late.reference, late.step, late.state) == (filed.reference, "ZZ-C01", "requested")
    told = await Desk(house).reads("coordinator", f"meetings/{meeting}")
    [row] = told.json()["late"]
    assert not [name for name in row if name.endswith("_id") or name in {"place", "person"}]
    assert (await seen_by(house, "social_worker", meeting)).late == (), "not to who is invited"
    for part in ("outsider", "auditor"):
        async with house.acting(part) as (session, _):
            asked = "SELECT referral.agenda_of($1, $2)::text"
            assert await scalar(session.connection, asked, meeting, house.at()) == "[]", part
    page = await (await house.browser("coordinator")).get(f"/meetings/{meeting}")
    assert "Late in the matters of this body" in page.text
    nobodys = Call("conference", house.at())
    other = await house.manages("social_worker", casework.call_meeting, nobodys)
    assert (await seen_by(house, "social_worker", UUID(other.meeting_id))).late == ()


async def test_whom_to_invite_is_found_by_mandate_without_any_script(house: House) -> None:
    visitor = Visitor(await house.browser("coordinator"))
    form = await visitor.see("/meetings")
    assert "Child protection" in form.answer.text, "mandates can be chosen"
    assert 'name="invited"' not in form.answer.text, "and nobody is listed before"
    looked = await visitor.press(form, "/meetings", "/meetings/draft", mandate="CHILD_PROTECTION")
    offered = set(re.findall(r'name="invited"[^>]*value="([^"]+)"', looked.answer.text))
    social = str(house.player("social_worker").unit_id)
    assert social in offered
    assert str(house.player("prosecutor").unit_id) not in offered
    assert str(house.player("shelter_worker").unit_id) not in offered
    more = await visitor.press(
        looked, "/meetings", "/meetings/draft", mandate="PROSECUTION", invited=[social]
    )
    prosecutor = str(house.player("prosecutor").unit_id)
    assert more.form("/meetings").values["invited"] == [social], "who was ticked stays"
    made = await visitor.send(
        more, "/meetings", planned_at="2026-04-01", invited=[social, prosecutor]
    )
    page = await visitor.follow(made)
    assert "Who was invited" in page.words
    rows = await house.rows("SELECT count(*) FROM referral.meeting")
    assert rows[0]["count"] == 1, "looking somebody up calls nothing"
    nobody = await visitor.press(form, "/meetings", "/meetings/draft", mandate="X")
    assert "Nobody who can be invited holds this mandate." in nobody.words
