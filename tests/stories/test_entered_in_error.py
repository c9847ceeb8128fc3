"""A referral filed in error: two persons strike it out, it stays in history and counts nowhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from referral import casework, queries
from referral.casework import Said
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import Desk, problem
from tests.referral.api.desk import asked as asked_over_json
from tests.referral.web.visiting import Visitor

WHY = Said(reason="The girl was at her aunt's birthday: nobody works there.")


async def filed(house: House) -> tuple[Any, UUID, UUID]:
    """A report, its case and its referral; the office is asked."""
    done = await house.manages("inspector", casework.file, child_at_work())
    return done, UUID(done.case_id), UUID(done.referrals[0].referral_id)


async def struck(house: House, referral: UUID, *, by: str = "inspector") -> Any:
    """Asked for by her, approved by her supervisor."""
    proposal = await house.manages(by, casework.propose, referral, "void", WHY)
    return await house.manages(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )


async def state(house: House, referral: UUID) -> tuple[str, str | None]:
    [row] = await house.rows("SELECT state, outcome FROM referral.referral WHERE id = $1", referral)
    return row["state"], row["outcome"]


async def test_one_asks_another_approves_and_it_closes_with_the_mark(house: House) -> None:
    done, case_id, referral = await filed(house)
    office = asked(done, "ZZ-C01")
    before = await house.rows("SELECT count(*) FROM referral.person WHERE case_id = $1", case_id)
    silent = await house.does("inspector", casework.propose, referral, "void", Said())
    assert silent.type == "reason-required"
    for part, status in (("outsider", 404), ("social_worker", 403), ("coordinator", 404)):
        answer = await house.does(part, casework.propose, referral, "void", WHY)
        assert answer.status == status, part
    proposal = await house.manages("inspector", casework.propose, referral, "void", WHY)
    identity = UUID(proposal.id)
    assert await state(house, referral) == ("open", None), "nothing before it is approved"
    own = await house.does("inspector", casework.answer_proposal, identity, Said(), approve=True)
    assert own.type == "not-permitted"
    for part, status in (("outsider", 404), ("social_worker", 403)):
        answer = await house.does(part, casework.answer_proposal, identity, Said(), approve=True)
        assert answer.status == status, part
    await house.manages("supervisor", casework.answer_proposal, identity, Said(), approve=True)

    assert await state(house, referral) == ("closed", "ENTERED_IN_ERROR")
    [row] = await house.rows(
        "SELECT h.state, h.reason_code, (SELECT count(*) FROM referral.clock k WHERE "
        "k.referral_id = h.referral_id AND k.stopped_at IS NULL) AS running "
        "FROM referral.hand_off h WHERE h.id = $1",
        office,
    )
    assert tuple(row) == ("cancelled", "ENTERED_IN_ERROR", 0)
    told = await house.rows(
        "SELECT to_unit FROM referral.outbox "
        "WHERE kind = 'hand_off.cancelled' AND hand_off_id = $1",
        office,
    )
    assert [one["to_unit"] for one in told] == [house.player("social_worker").unit_id]
    # Nothing is deleted, and it stays in the log and in history.
    after = await house.rows("SELECT count(*) FROM referral.person WHERE case_id = $1", case_id)
    assert before == after
    lines = await house.manages("inspector", queries.timeline_of, case_id)
    closing = next(line for line in lines if line.act == "referral.closed")
    assert closing.to == "entered-in-error"


async def test_who_was_asked_keeps_her_hand_off_and_nothing_else(house: House) -> None:
    done, case_id, referral = await filed(house)
    office = asked(done, "ZZ-C01")
    await struck(house, referral)
    assert (await house.sees("social_worker", office)).line.state == "cancelled"
    assert (await house.does("social_worker", queries.case_seen, case_id)).status == 404
    answer = await house.does("social_worker", casework.accept, office)
    assert answer.status == 409
    assert (await house.does("outsider", queries.case_seen, case_id)).status == 404
    inbox = await house.manages("social_worker", queries.inbox_of)
    assert inbox.lines == ()


async def test_whoever_holds_it_strikes_it_out_and_who_sent_it_is_told(house: House) -> None:
    done, _, referral = await filed(house)
    office = asked(done, "ZZ-C01")
    await house.manages("social_worker", casework.accept, office)
    gone = await house.does("inspector", casework.propose, referral, "void", WHY)
    assert gone.status == 403, "she holds nothing any more"
    proposal = await house.manages("social_worker", casework.propose, referral, "void", WHY)
    answering = (casework.answer_proposal, UUID(proposal.id), Said())
    assert (await house.does("supervisor", *answering, approve=True)).status == 403
    await house.manages("protection_supervisor", *answering, approve=True)
    assert await state(house, referral) == ("closed", "ENTERED_IN_ERROR")
    told = await house.rows(
        "SELECT to_unit FROM referral.outbox "
        "WHERE kind = 'hand_off.cancelled' AND hand_off_id = $1",
        office,
    )
    assert house.player("inspector").unit_id in {one["to_unit"] for one in told}


async def test_refused_it_goes_on_and_closed_it_is_not_struck_out(house: House) -> None:
    _, _, referral = await filed(house)
    proposal = await house.manages("inspector", casework.propose, referral, "void", WHY)
    await house.manages(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=False
    )
    assert await state(house, referral) == ("open", None)
    first = await house.manages("inspector", casework.propose, referral, "void", WHY)
    second = await house.manages("inspector", casework.propose, referral, "void", WHY)
    approve = (casework.answer_proposal, UUID(first.id), Said())
    await house.manages("supervisor", *approve, approve=True)
    late = await house.does(
        "supervisor", casework.answer_proposal, UUID(second.id), Said(), approve=True
    )
    assert (late.status, late.extra["from"]) == (409, "closed")
    again = await house.does("inspector", casework.propose, referral, "void", WHY)
    assert (again.status, again.extra["from"]) == (409, "closed")


@pytest.mark.parametrize("part", ["supervisor", "protection_supervisor"])
async def test_it_counts_among_no_response_times(house: House, part: str) -> None:
    done, _, referral = await filed(house)
    office = asked(done, "ZZ-C01")
    house.at.forward(hours=1)
    await house.manages("social_worker", casework.acknowledge, office)
    counted = await house.manages(part, queries.response_times_in)
    assert sum(one.asked for one in counted) > 0
    await struck(house, referral)
    counted = await house.manages(part, queries.response_times_in)
    assert sum(one.asked for one in counted) == 0


async def test_over_json_and_as_a_page(house: House) -> None:
    desk = Desk(house)
    report = await desk.files()
    referral, case_id = report["referrals"][0]["referral_id"], report["case_id"]
    office = asked_over_json(report, "ZZ-C01")
    body = {"act": "void", "reason": WHY.reason}
    problem(await desk.sends("outsider", f"referrals/{referral}/proposals", body), 404, "not-found")
    done = await desk.sends("inspector", f"referrals/{referral}/proposals", body)
    assert done.json()["state"] == "asked", done.text
    chief = Visitor(await house.browser("supervisor"))
    page = await chief.see(f"/cases/{case_id}/need-to-know")
    assert "Mark the referral as entered in error" in page.words
    [answering] = [form.action for form in page.forms if "/proposals/" in form.action]
    page = await chief.follow(await chief.send(page, answering, answer="approve"))
    assert "Approved" in page.words
    assert "Closed, entered in error" in (await chief.see(f"/cases/{case_id}")).words
    assert "Entered in error" in (await chief.see(f"/cases/{case_id}/timeline")).words
    seen = (await desk.reads("social_worker", f"hand-offs/{office}")).json()
    assert seen["hand_off"]["state"] == "cancelled"
