"""A case, or one person of it, is erased by two persons; what is left says nothing of anybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from referral import casework, queries, worker
from referral.audit.verify import verify
from referral.casework import Intake, PersonTold, Said
from referral.errors import Refusal
from tests.cast import PLACE, House, asked, child_at_work

WHY = Said(reason="She is of age, has asked for it, and no proceedings are open.")
SEEN = Said(reason="Identified by her document; the court's file is closed.")


async def struck(
    house: House, filed: Any, part: str = "inspector", chief: str = "supervisor"
) -> Any:
    """Every referral of the case is closed by the unit that holds it."""
    for one in filed.referrals:
        proposal = await house.manages(
            part, casework.propose, UUID(one.referral_id), "void", Said(reason="Seen twice.")
        )
        await house.manages(
            chief, casework.answer_proposal, UUID(proposal.id), Said(), approve=True
        )
    return filed


@pytest.fixture
async def closed(house: House) -> Any:
    """A girl's case, closed."""
    return await struck(house, await house.manages("inspector", casework.file, child_at_work()))


async def asks(house: House, filed: Any, part: str = "inspector", **more: Any) -> Any:
    """Somebody asks for its erasure."""
    about = (casework.ask_erasure, filed.reference, "REQUEST", WHY)
    return await house.does(part, *about, **more)


async def erased(house: House, filed: Any, **more: Any) -> UUID:
    """Ines asks, the data officer approves; returns the proposal."""
    proposal = await asks(house, filed, **more)
    assert not isinstance(proposal, Refusal), proposal
    answer = (casework.answer_erasure, UUID(proposal.id), SEEN)
    done = await house.manages("data_officer", *answer, approve=True)
    assert done.state == "approved"
    return UUID(proposal.id)


async def test_one_asks_another_approves_and_nothing_is_left(house: House, closed: Any) -> None:
    case_id = UUID(closed.case_id)
    for part in ("coordinator", "auditor", "data_officer", "agency_admin"):
        assert (await asks(house, closed, part)).status == 403, part
    for part in ("outsider", "prosecutor", "social_worker"):
        assert (await asks(house, closed, part)).status == 404, part
    bare = (casework.ask_erasure, closed.reference, "REQUEST", Said())
    assert (await house.does("inspector", *bare)).type == "reason-required"
    proposal = await asks(house, closed)
    assert (await asks(house, closed)).extra["from"] == "asked"
    answer = (casework.answer_erasure, UUID(proposal.id))
    for part in ("inspector", "supervisor", "coordinator"):
        assert (await house.does(part, *answer, SEEN, approve=True)).status == 403, part
    assert (await house.does("data_officer", *answer, Said(), approve=True)).status == 403
    assert not isinstance(await house.does("inspector", queries.case_seen, case_id), Refusal)
    await house.manages("data_officer", *answer, SEEN, approve=True)
    twice = await house.does("data_officer", *answer, SEEN, approve=True)
    assert (twice.status, twice.extra["from"]) == (409, "approved")

    [left] = await house.rows("SELECT * FROM referral.case WHERE id = $1", case_id)
    assert left["erased_at"] == house.at()
    for table in ("case_facts", "person_identity", "screening", "blind_index", "workplace"):
        rows = await house.rows(f"SELECT FROM referral.{table} WHERE case_id = $1", case_id)
        assert rows == [], table
    keys = await house.rows("SELECT FROM vault.data_key WHERE case_id = $1", case_id)
    assert keys == []
    bodies = "SELECT FROM referral.audit_body WHERE subject = $1"
    assert await house.rows(bodies, case_id) == []
    headers = "SELECT e.act FROM referral.audit_entry e WHERE e.object_id = $1 ORDER BY e.seq"
    acts = [row["act"] for row in await house.rows(headers, case_id)]
    assert (acts[0], acts[-1]) == ("case.filed", "case.erased")
    assert (await verify(house.database.superuser_url)).problems == []


async def test_who_had_a_part_is_told_that_it_is_gone_and_nobody_else_anything(
    house: House, closed: Any
) -> None:
    case_id, referral = UUID(closed.case_id), UUID(closed.referrals[0].referral_id)
    hand_off = asked(closed, "ZZ-C01")
    await erased(house, closed)
    for part, status in (("inspector", 410), ("supervisor", 410), ("outsider", 404)):
        for question in (queries.case_seen, queries.timeline_of):
            seen = await house.does(part, question, case_id)
            assert seen.status in {status, 404}, (part, question)
        assert (await house.does(part, queries.case_seen, case_id)).status == status, part
        assert (await house.does(part, queries.hand_off_seen, hand_off)).status == status, part
        noted = await house.does(part, casework.add_note, referral, "She came back.")
        assert noted.status == status, part
    for part in ("inspector", "social_worker", "protection_supervisor"):
        for box in ("in", "out"):
            found = await house.manages(part, queries.inbox_of, box=box)
            assert found.lines == (), part
    known = await house.opens("inspector", queries.erasures_of)
    assert [(one.reference, one.number, one.ground) for one in known.gone] == [
        (closed.reference, None, "REQUEST")
    ]
    assert known.asked == ()
    strange = await house.opens("outsider", queries.erasures_of)
    assert (strange.asked, strange.holds, strange.due, strange.gone) == ((), (), (), ())
    officer = await house.opens("data_officer", queries.erasures_of)
    assert [one.reason for one in officer.asked] == ["Erased with the case."]
    assert (await house.manages("supervisor", queries.response_times_in)) is not None


async def test_a_device_that_files_it_again_is_told_so(house: House) -> None:
    intake = child_at_work()
    filed = await struck(house, await house.manages("inspector", casework.file, intake))
    await erased(house, filed)
    again = await house.does("inspector", casework.file, intake)
    assert (again.status, again.type) == (410, "erased")
    other = await house.does("outsider", casework.file, intake)
    assert not isinstance(other, Refusal), "another unit's device has another past"


async def test_what_is_open_is_not_erased_and_the_answer_says_why(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    refused = await asks(house, filed)
    assert (refused.status, refused.extra["from"]) == (409, "open")
    assert "Close it" in refused.detail
    for ground, number, pointer in (("WHIM", None, "/ground"), ("OTHER", 7, "/person")):
        told = (casework.ask_erasure, filed.reference, ground, WHY)
        wrong = await house.does("inspector", *told, number=number)
        assert wrong.extra["errors"][0]["pointer"] == pointer
    early = await house.does("inspector", casework.ask_erasure, filed.reference, "RETENTION", WHY)
    assert early.extra["from"] == "kept"


async def test_opened_again_between_asking_and_approving_it_stays(
    house: House, closed: Any
) -> None:
    """Whatever was true when somebody asked is asked again when it is done."""
    proposal = await asks(house, closed)
    await house.rows(
        "UPDATE referral.referral SET state = 'open' WHERE case_id = $1", UUID(closed.case_id)
    )
    house.honest = False  # no act opens it again; this one did
    answer = (casework.answer_erasure, UUID(proposal.id), SEEN)
    refused = await house.does("data_officer", *answer, approve=True)
    assert refused.extra["from"] == "open"
    house.at.forward(days=14)
    late = await house.does("data_officer", *answer, approve=True)
    assert late.extra["from"] == "expired"


async def test_a_refusal_leaves_everything_and_somebody_may_ask_again(
    house: House, closed: Any
) -> None:
    proposal = await asks(house, closed)
    answer = (casework.answer_erasure, UUID(proposal.id), SEEN)
    await house.manages("data_officer", *answer, approve=False)
    assert not isinstance(
        await house.does("inspector", queries.case_seen, UUID(closed.case_id)), Refusal
    )
    await erased(house, closed)


async def test_under_a_legal_hold_nothing_is_erased_struck_out_or_merged(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)
    void = await house.manages("inspector", casework.propose, referral, "void", WHY)
    hold = (casework.set_hold, filed.reference, "Northern court, letter 118/2026", WHY)
    for part, status in (("outsider", 404), ("coordinator", 403), ("auditor", 403)):
        assert (await house.does(part, *hold)).status == status, part
    unsourced = await house.does("inspector", casework.set_hold, filed.reference, " ", WHY)
    assert unsourced.extra["errors"][0]["pointer"] == "/source"
    first = await house.manages("inspector", *hold)
    for part, told in (("inspector", True), ("social_worker", False)):
        seen = await house.does(part, queries.case_seen, UUID(filed.case_id))
        assert seen.legal_hold is told, part
    second = await house.manages("data_officer", *hold)
    for answer in (
        await house.does("supervisor", casework.answer_proposal, UUID(void.id), WHY, approve=True),
        await house.does("inspector", casework.propose, referral, "void", WHY),
        await house.does("inspector", casework.propose, referral, "merge", WHY, older="ZZ-0"),
        await asks(house, filed),
    ):
        assert (answer.status, answer.extra["from"]) == (409, "legal hold")
        assert "two" in answer.detail

    for one in (first, second):
        lifting = await house.manages("supervisor", casework.ask_lifting, UUID(one.id), WHY)
        again = await house.does("inspector", casework.ask_lifting, UUID(one.id), WHY)
        assert again.extra["from"] == "asked"
        own = await house.does(
            "supervisor", casework.answer_erasure, UUID(lifting.id), SEEN, approve=True
        )
        assert own.status == 403
        await house.manages(
            "data_officer", casework.answer_erasure, UUID(lifting.id), SEEN, approve=True
        )
        over = await house.does("supervisor", casework.ask_lifting, UUID(one.id), WHY)
        assert over.extra["from"] == "lifted"
    rows = await house.rows("SELECT legal_hold FROM referral.case")
    assert [row["legal_hold"] for row in rows] == [False]
    known = await house.opens("inspector", queries.erasures_of)
    assert {one.source for one in known.holds} == {"Northern court, letter 118/2026"}
    await house.manages("supervisor", casework.answer_proposal, UUID(void.id), Said(), approve=True)


async def test_one_of_two_is_erased_and_the_other_goes_on(house: House) -> None:
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
    persons = tuple(PersonTold(facts=told, identity={"name": n}) for n in ("Amal Doe", "Bea Doe"))
    intake = Intake(
        client_id=uuid4(),
        place=PLACE,
        reported="CL",
        persons=persons,
        narrative="Both at the kiln.",
    )
    filed = await house.manages("inspector", casework.file, intake)
    case_id, first = UUID(filed.case_id), UUID(filed.referrals[0].referral_id)
    gone, stays = (UUID(one.person_id) for one in filed.persons)
    early = await asks(house, filed, number=1)
    assert early.extra["from"] == "open"
    proposal = await house.manages("inspector", casework.propose, first, "void", WHY)
    await house.manages(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )
    assert (await asks(house, filed)).extra["from"] == "open", "the case is not over"
    await erased(house, filed, number=1, notes=())

    for table, count in (("person_identity", 1), ("screening", 1), ("blind_index", 0)):
        rows = await house.rows(
            f"SELECT person_id FROM referral.{table} WHERE case_id = $1", case_id
        )
        assert {row["person_id"] for row in rows} <= {stays}, table
        assert len(rows) >= count, table
    rows = await house.rows("SELECT subject FROM vault.data_key WHERE case_id = $1", case_id)
    assert {row["subject"] for row in rows} == {case_id, stays}
    seen = await house.opens(
        "inspector", queries.case_seen, case_id, groups=("G2", "G4"), reason="I look after both."
    )
    names = [(one.id == gone, (one.identity or {}).get("name"), one.facts) for one in seen.persons]
    assert names[0] == (True, None, None)
    assert [one.erased_at for one in seen.persons] == [house.at(), None]
    assert names[1][:2] == (False, "Bea Doe")
    assert [words for _, _, words in seen.notes] == ["Both at the kiln."]
    assert {one.id for one in seen.referrals} & {first} == {first}, "that it was, stays"
    refused = await house.does("inspector", casework.add_note, first, "Again.")
    assert refused.type == "not-permitted", "she sees that it was, and nothing is hers to do"
    second = UUID(filed.referrals[1].referral_id)
    await house.manages("inspector", casework.add_note, second, "She is well.")
    assert (await verify(house.database.superuser_url)).problems == []


async def test_the_clockwork_notes_a_period_that_is_over_once_and_erases_nothing(
    house: House, closed: Any
) -> None:
    case_id = UUID(closed.case_id)
    house.at.forward(days=365 * 10)
    assert await worker.keep_no_longer(house.clockwork, house.at()) == 0, "two leap days are left"
    house.at.forward(days=3)
    assert await worker.keep_no_longer(house.clockwork, house.at()) == 1
    assert await worker.keep_no_longer(house.clockwork, house.at()) == 0
    rows = await house.rows(
        "SELECT to_unit, to_role FROM referral.outbox WHERE kind = 'erasure.due'"
    )
    assert [tuple(row) for row in rows] == [(house.player("inspector").unit_id, "SUPERVISOR")]
    assert not isinstance(await house.does("inspector", queries.case_seen, case_id), Refusal)
    due = (await house.opens("supervisor", queries.erasures_of)).due
    assert [one.reference for one in due] == [closed.reference]
    # The clockwork is nobody: still one person asks and another approves.
    proposal = await house.manages(
        "supervisor", casework.ask_erasure, closed.reference, "RETENTION", WHY
    )
    answer = (casework.answer_erasure, UUID(proposal.id), SEEN)
    await house.manages("data_officer", *answer, approve=True)
    known = await house.opens("data_officer", queries.erasures_of)
    assert (known.due, [one.ground for one in known.gone]) == ((), ["RETENTION"])
    assert await worker.keep_no_longer(house.clockwork, house.at()) == 0


async def test_what_is_open_or_under_a_hold_is_not_noted(house: House, closed: Any) -> None:
    await house.manages("inspector", casework.file, child_at_work())
    await house.manages("inspector", casework.set_hold, closed.reference, "Court 7", WHY)
    house.at.forward(days=365 * 30)
    assert await worker.keep_no_longer(house.clockwork, house.at()) == 0
