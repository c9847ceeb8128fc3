"""From acceptance to the end: first contact, start, hold, resume, complete, fail."""

from __future__ import annotations

from tests.referral.api.desk import Desk, asked, pointers, problem


async def test_first_contact_is_an_act_of_its_own(desk: Desk) -> None:
    hand_off = await desk.asks()
    early = await desk.sends("social_worker", f"hand-offs/{hand_off}/first-contact")
    assert problem(early, 409, "transition-not-allowed")["from"] == "requested"
    await desk.acts("social_worker", hand_off, "acceptance")
    desk.house.at.forward(hours=2)
    await desk.acts("social_worker", hand_off, "first-contact")
    seen = (await desk.reads("social_worker", f"hand-offs/{hand_off}")).json()
    assert seen["hand_off"]["first_contact_at"] == "2026-03-02T14:00:00Z"


async def test_work_is_paused_with_a_reason_and_a_day_to_look_again(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("social_worker", hand_off, "acceptance", "start")
    bare = await desk.sends("social_worker", f"hand-offs/{hand_off}/hold", {})
    assert pointers(problem(bare, 422, "invalid-input")) == {
        "/reason_code": "missing",
        "/review_at": "missing",
    }
    said = {"reason_code": "COURT_ORDER", "review_at": "2026-03-09T09:00:00+00:00"}
    held = await desk.acts("social_worker", hand_off, "hold", **said)
    assert held["state"] == "on-hold"
    seen = (await desk.reads("social_worker", f"hand-offs/{hand_off}")).json()
    assert seen["hand_off"]["review_at"] == "2026-03-09T09:00:00Z"
    assert set(seen["acts"]) == {"resume", "fail", "cancel"}
    resumed = await desk.acts("social_worker", hand_off, "resumption")
    assert resumed["state"] == "in-progress"


async def test_a_task_ends_with_an_outcome_and_words_for_the_sender(desk: Desk) -> None:
    accepted = await desk.acts("social_worker", await desk.asks(), "acceptance")
    task = asked(accepted, "ZZ-C04")
    await desk.acts("prosecutor", task, "acceptance", "start")
    bare = await desk.sends("prosecutor", f"hand-offs/{task}/completion", {"reason": "it is done"})
    assert pointers(problem(bare, 422, "invalid-input")) == {
        "/outcome": "missing",
        "/note": "missing",
    }
    said = {"outcome": "INVESTIGATION_OPENED", "note": "File 17 was opened."}
    done = await desk.acts("prosecutor", task, "completion", **said)
    assert done["state"] == "completed"
    seen = (await desk.reads("social_worker", f"hand-offs/{task}")).json()
    assert seen["hand_off"]["outcome"] == "INVESTIGATION_OPENED"
    assert [note["text"] for note in seen["notes"]] == ["File 17 was opened."]


async def test_after_a_failure_the_receiver_stays_holder(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("social_worker", hand_off, "acceptance", "start")
    said = {"reason_code": "PERSON_UNREACHABLE", "note": "The house is empty."}
    failed = await desk.acts("social_worker", hand_off, "failure", **said)
    assert failed["state"] == "failed"
    assert failed["holder_unit"] == str(desk.house.player("social_worker").unit_id)


async def test_a_task_cannot_end_before_it_began(desk: Desk) -> None:
    accepted = await desk.acts("social_worker", await desk.asks(), "acceptance")
    task = asked(accepted, "ZZ-C04")
    said = {"outcome": "OTHER", "note": "Nothing to do."}
    early = await desk.sends("prosecutor", f"hand-offs/{task}/completion", said)
    assert problem(early, 409, "transition-not-allowed")["from"] == "requested"
