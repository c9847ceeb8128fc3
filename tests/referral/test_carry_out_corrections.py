"""Forged corrections, sent straight to the database: it refuses them itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from referral import casework
from referral.audit import Done
from referral.casework import Said
from tests.cast import House, child_at_work
from tests.referral.forging import (
    all_refused,
    caught,
    draft,
    filed_case,
    new_id,
    refused,
    rewritten,
    set_in,
    signed,
    without,
)
from tests.stories.test_absent import colleague

WHY = Said(reason="Winnie is ill until April.")


async def test_nobody_is_put_in_charge_but_by_her_supervisor_in_her_unit(house: House) -> None:
    filed, case_id, office = await filed_case(house)
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("social_worker", casework.accept, office)
    dora = await colleague(house, "dora")
    chief = "protection_supervisor"
    honest = await caught(house, chief, casework.reassign, referral, "dora.zz", WHY)

    def to(member: UUID) -> Any:
        told = rewritten(to=str(member))

        def forge(payload: dict[str, Any]) -> dict[str, Any] | None:
            changed = set_in("reassignments", member=str(member))(payload)
            return told(changed) if changed is not None else None

        return forge

    players = {name: house.player(name).membership_id for name in ("outsider", "agency_admin")}
    await all_refused(
        house,
        chief,
        honest,
        {
            "somebody of another unit": (to(players["outsider"]), "RF024"),
            "an administrator": (to(players["agency_admin"]), "RF024"),
            "nobody there is": (set_in("reassignments", member=new_id()), "RF024"),
            "another than is told": (
                set_in("reassignments", member=str(house.player(chief).membership_id)),
                "RF024",
            ),
            "of another case": (set_in("reassignments", id=new_id()), "RF024"),
            "not told": (rewritten(act="referral.amended"), "RF024"),
            "told and not done": (without("reassignments"), "RF015"),
        },
    )
    row = [{"id": str(referral), "member": str(dora)}]
    for part, code in (
        ("social_worker", "RF024"),
        ("supervisor", "RF024"),
        ("outsider", "RF008"),
        ("coordinator", "RF007"),
    ):
        told = draft(Done.REASSIGNED, "referral", referral, to=str(dora))
        forged = await signed(house, house.player(part), case_id, told, reassignments=row)
        assert await refused(house, part, forged) == code, part


async def test_nobody_strikes_a_referral_out_alone(house: House) -> None:
    filed, case_id, office = await filed_case(house)
    referral = filed.referrals[0].referral_id
    chief = house.player("supervisor")
    honest = await caught(house, "inspector", casework.propose, UUID(referral), "void", WHY)
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "of another case": (set_in("proposals", about=[new_id()]), "RF021"),
            "and another with it": (set_in("proposals", about=[referral, new_id()]), "RF021"),
            "of nothing": (set_in("proposals", about=[]), "RF021"),
        },
    )
    told = draft(Done.REFERRAL_CLOSED, "referral", referral, to="entered-in-error")
    closing = [{"id": referral, "at": house.at().isoformat(), "outcome": "ENTERED_IN_ERROR"}]
    forged = await signed(house, chief, case_id, told, closures=closing)
    assert await refused(house, "supervisor", forged) == "RF010"
    back = draft(Done.HAND_OFF_CANCELLED, "hand_off", office, to="cancelled")
    move = {
        "id": str(office),
        "act": "cancel",
        "from_state": "requested",
        "to_state": "cancelled",
        "entries": 1,
        "reason_code": "ENTERED_IN_ERROR",
    }
    forged = await signed(house, chief, case_id, back, moves=[move])
    assert await refused(house, "supervisor", forged) == "RF003"

    asked = await house.manages("inspector", casework.propose, UUID(referral), "void", WHY)
    answers = [{"id": asked.id, "answer": "approved"}]
    approved = draft(Done.APPROVED, "proposal", asked.id)
    for part, drafts, code in (
        ("inspector", (approved, told, back), "RF021"),
        ("social_worker", (approved, told, back), "RF021"),
        ("supervisor", (approved, told), "RF015"),
        ("supervisor", (approved, back), "RF015"),
    ):
        forged = await signed(house, house.player(part), case_id, *drafts, answers=answers)
        assert await refused(house, part, forged) == code, (part, len(drafts))


async def test_nobody_merges_alone_nor_what_she_does_not_hold(house: House) -> None:
    older, older_id, _ = await filed_case(house)
    house.at.forward(minutes=5)
    foreign = await house.manages("hotline", casework.file, child_at_work())
    house.at.forward(minutes=5)
    newer, newer_id, office = await filed_case(house)
    referral = newer.referrals[0].referral_id
    about = (casework.propose, UUID(referral), "merge", WHY)
    honest = await caught(house, "inspector", *about, older=older.reference)
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "into one of another unit": (set_in("proposals", about=[foreign.case_id]), "RF021"),
            "into itself": (set_in("proposals", about=[str(newer_id)]), "RF021"),
            "into nothing": (set_in("proposals", about=[]), "RF021"),
            "into two": (set_in("proposals", about=[str(older_id), foreign.case_id]), "RF021"),
        },
    )
    asked = await house.manages("inspector", *about, older=older.reference)
    answers = [{"id": asked.id, "answer": "approved"}]
    approved = draft(Done.APPROVED, "proposal", asked.id)
    merged = draft(Done.CASE_MERGED, "case", newer_id, to=str(older_id))
    elsewhere = draft(Done.CASE_MERGED, "case", newer_id, to=foreign.case_id)
    closed = draft(Done.REFERRAL_CLOSED, "referral", referral, to="closed")
    back = draft(Done.HAND_OFF_CANCELLED, "hand_off", office, to="cancelled")
    for part, drafts, code in (
        ("inspector", (approved, merged, closed, back), "RF021"),
        ("supervisor", (approved, closed, back), "RF026"),
        ("supervisor", (approved, elsewhere, closed, back), "RF026"),
        ("supervisor", (approved, merged), "RF015"),
    ):
        forged = await signed(house, house.player(part), newer_id, *drafts, answers=answers)
        assert await refused(house, part, forged) == code, (part, len(drafts))
