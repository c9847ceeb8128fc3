"""A limit that hangs on no hand-off is the holder's own, and stands on her case where she looks."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from referral import casework, queries, worker
from tests.cast import House, child_at_work
from tests.referral.api.desk import Desk
from tests.referral.web.visiting import Visitor


async def test_the_holder_sees_what_she_herself_must_do_by_when(house: House) -> None:
    # Who files serves the first step herself: nobody is asked, and its limits are her own.
    filed = await house.manages("social_worker", casework.file, child_at_work())
    rows = await house.rows(
        "SELECT clock, due_at FROM referral.clock "
        "WHERE case_id = $1 AND hand_off_id IS NULL AND state <> 'stopped' ORDER BY due_at, id",
        UUID(filed.case_id),
    )
    assert rows, "the story needs a limit of the holder's own"

    seen = await house.does("social_worker", queries.case_seen, UUID(filed.case_id))
    held = [clock for one in seen.referrals for clock in one.clocks]
    assert {(one.clock, one.due_at) for one in held} == {(r["clock"], r["due_at"]) for r in rows}

    # Who only has a task beside her is not shown what she must do by when.
    beside = await house.does("prosecutor", queries.case_seen, UUID(filed.case_id))
    assert [one.clocks for one in beside.referrals if one.clocks] == []

    # The same over JSON and on the page, with why and until when.
    told = (await Desk(house).reads("social_worker", f"cases/{filed.case_id}")).json()
    limits = [limit for one in told["referrals"] for limit in one["limits"]]
    assert {one["clock"] for one in limits} == {row["clock"] for row in rows}
    assert all(one["due"]["at"] and one["sources"] for one in limits)
    page = await Visitor(await house.browser("social_worker")).see(f"/cases/{filed.case_id}")
    assert page.status == 200
    assert page.answer.text.count('<div class="limit">') == len(rows)


async def test_they_stand_in_the_inbox_of_who_holds_and_in_no_other(house: House) -> None:
    filed = await house.manages("social_worker", casework.file, child_at_work())
    rows = await house.rows(
        "SELECT id, clock, due_at FROM referral.clock "
        "WHERE case_id = $1 AND hand_off_id IS NULL AND state <> 'stopped' ORDER BY due_at, id",
        UUID(filed.case_id),
    )
    desk = Desk(house)
    told = (await desk.reads("social_worker", "own-limits")).json()["limits"]
    assert [UUID(one["id"]) for one in told] == [row["id"] for row in rows]
    assert not any(one["overdue"] for one in told)
    assert all(one["derivation"] and one["reference"] == filed.reference for one in told)
    page = await Visitor(await house.browser("social_worker")).see("/hand-offs")
    assert "What you must do yourselves" in page.words
    assert f"/cases/{filed.case_id}" in page.answer.text
    for part in ("prosecutor", "outsider", "inspector"):
        assert (await desk.reads(part, "own-limits")).json()["limits"] == [], part
        nothing = await Visitor(await house.browser(part)).see("/hand-offs")
        assert "What you must do yourselves" not in nothing.words, part
    assert (await desk.reads("auditor", "own-limits")).status_code == 403
    # Once it has passed it says so; of what recurs only the latest stands there.
    house.at.to(rows[-1]["due_at"] + timedelta(days=200))
    await worker.turn(house.clockwork, house.at())
    late = (await desk.reads("social_worker", "own-limits")).json()["limits"]
    assert any(one["overdue"] for one in late)
    assert len({(one["referral_id"], one["clock"]) for one in late}) == len(late)
