"""An excluded holder is removed by two persons above it, and the national body has the child."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from referral import casework, queries
from referral.casework import Said
from tests.cast import House, asked, child_at_work

WHY = Said(reason="The office's head is paid by the owner: two witnesses.")
OFFICE = ("agency", "CHILDREN-ZZ-N")


@pytest.fixture
async def held(house: House) -> Any:
    """The office holds the child."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    return filed


async def holder(house: House, case_id: UUID) -> list[UUID]:
    """Who holds, for every referral of the case."""
    rows = await house.rows("SELECT holder_unit FROM referral.referral WHERE case_id = $1", case_id)
    return [row["holder_unit"] for row in rows]


async def test_one_asks_another_approves_and_custody_moves(house: House, held: Any) -> None:
    case_id = UUID(held.case_id)
    ask = (casework.ask_removal, held.reference, *OFFICE)
    for part in ("inspector", "social_worker", "auditor", "agency_admin"):
        assert (await house.does(part, *ask, WHY)).status == 403, part
    assert (await house.does("coordinator", *ask, Said())).type == "reason-required"
    nowhere = await house.does("coordinator", casework.ask_removal, "ZZ-0000-0000", *OFFICE, WHY)
    assert nowhere.status == 404
    proposal = await house.manages("coordinator", *ask, WHY)
    identity = UUID(proposal.id)
    assert await holder(house, case_id) == [house.player("social_worker").unit_id]
    known = await house.opens("social_worker", queries.need_to_know, case_id)
    assert known.proposals == (), "who is to be removed does not read who says what of her"

    own = await house.does("coordinator", casework.answer_removal, identity, approve=True)
    assert own.type == "not-permitted"
    for part in ("inspector", "outsider"):
        other = await house.does(part, casework.answer_removal, identity, approve=True)
        assert other.status == 403
    await house.manages("data_officer", casework.answer_removal, identity, approve=True)
    twice = await house.does("data_officer", casework.answer_removal, identity, approve=True)
    assert (twice.status, twice.extra["from"]) == (409, "approved")

    [now_held] = await holder(house, case_id)
    assert now_held == house.player("coordinator").unit_id, "the national fall-back"
    for part in ("social_worker", "protection_supervisor"):
        gone = await house.does(part, queries.case_seen, case_id)
        assert gone.status == 404
        assert (await house.manages(part, queries.inbox_of)).lines == ()
    # Who filed it is neither holder nor kept out: she sees that it has moved.
    lines = await house.manages("inspector", queries.timeline_of, case_id)
    assert [line.act for line in lines][-3:] == [
        "exclusion.set",
        "hand_off.cancelled",
        "referral.custody_moved",
    ]


async def test_a_filer_who_still_holds_is_removed_too(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    case_id = UUID(filed.case_id)
    who = ("agency", "INSPECTION-ZZ-N")
    proposal = await house.manages("data_officer", casework.ask_removal, filed.reference, *who, WHY)
    await house.manages("coordinator", casework.answer_removal, UUID(proposal.id), approve=True)
    assert await holder(house, case_id) == [house.player("coordinator").unit_id]
    for part in ("inspector", "supervisor"):
        assert (await house.does(part, queries.case_seen, case_id)).status == 404
    # The hand-off that was open stays so: the office may still accept, and takes the child.
    office = asked(filed, "ZZ-C01")
    await house.manages("social_worker", casework.accept, office)
    assert await holder(house, case_id) == [house.player("social_worker").unit_id]


async def test_a_seal_does_not_strand_the_child(house: House, held: Any) -> None:
    case_id, referral = UUID(held.case_id), UUID(held.referrals[0].referral_id)
    names = ("social_worker.zz", "protection_supervisor.zz")
    proposal = await house.manages(
        "social_worker", casework.propose, referral, "seal", WHY, named=names
    )
    await house.manages(
        "protection_supervisor",
        casework.answer_proposal,
        UUID(proposal.id),
        Said(),
        approve=True,
    )
    removal = await house.manages("coordinator", casework.ask_removal, held.reference, *OFFICE, WHY)
    await house.manages("data_officer", casework.answer_removal, UUID(removal.id), approve=True)
    rows = await house.rows(
        "SELECT p.sealed FROM referral.party p WHERE p.case_id = $1 AND p.until IS NULL", case_id
    )
    assert not any(row["sealed"] for row in rows)
    assert await holder(house, case_id) == [house.player("coordinator").unit_id]


async def test_whoever_holds_nothing_is_excluded_and_not_removed(house: House, held: Any) -> None:
    for kind, name, code in (
        ("agency", "POLICE-ZZ-N", "transition-not-allowed"),
        ("agency", "NOWHERE", "invalid-input"),
        ("person", "outsider.zz", "transition-not-allowed"),
        ("agency", "COUNCIL", "not-found"),  # her own
    ):
        answer = await house.does(
            "coordinator", casework.ask_removal, held.reference, kind, name, WHY
        )
        assert answer.type == code, name
    absent = await house.does("data_officer", casework.answer_removal, uuid4(), approve=True)
    assert absent.status == 404
    proposal = await house.manages(
        "coordinator", casework.ask_removal, held.reference, *OFFICE, WHY
    )
    house.at.forward(hours=72)
    late = await house.does(
        "data_officer", casework.answer_removal, UUID(proposal.id), approve=True
    )
    assert (late.status, late.extra["from"]) == (409, "expired")
    refused = await house.manages(
        "data_officer", casework.ask_removal, held.reference, *OFFICE, WHY
    )
    await house.manages("coordinator", casework.answer_removal, UUID(refused.id), approve=False)
    assert await holder(house, UUID(held.case_id)) == [house.player("social_worker").unit_id]
