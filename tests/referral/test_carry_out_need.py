"""Forged seals, exclusions and approvals, sent straight to the database: it refuses them itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from referral import casework
from referral.audit import Done
from referral.casework import Narrowed, Said
from tests.cast import House
from tests.referral.forging import (
    NO_CAPACITY,
    adding,
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

WHY = Said(reason="A colleague of the unit is the owner's brother.")
NAMES = ("inspector.zz", "supervisor.zz")


async def proposed(house: House, referral: UUID) -> Narrowed:
    """Ines asks for a seal."""
    done: Narrowed = await house.manages(
        "inspector", casework.propose, referral, "seal", WHY, named=NAMES
    )
    return done


async def test_nobody_asks_in_anothers_name_or_for_what_two_may_not_do(house: House) -> None:
    filed, _, _ = await filed_case(house)
    referral = UUID(filed.referrals[0].referral_id)
    honest = await caught(house, "inspector", casework.propose, referral, "seal", WHY, named=NAMES)
    chief = house.player("supervisor")
    member = (
        await house.rows(
            "SELECT member_id FROM agencies.membership WHERE id = $1", chief.membership_id
        )
    )[0]
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "asked by her supervisor": (
                set_in("proposals", asked_by=str(chief.membership_id)),
                "RF021",
            ),
            "so that she may approve it herself": (
                set_in("proposals", asked_member=str(member["member_id"])),
                "RF021",
            ),
            "as a supervisor": (set_in("proposals", asked_role="SUPERVISOR"), "RF021"),
            "of another unit": (
                set_in("proposals", asked_unit=str(house.player("outsider").unit_id)),
                "RF021",
            ),
            "for ever": (set_in("proposals", expires_at="2030-01-01T00:00:00Z"), "RF021"),
            "with nobody on it": (set_in("proposals", about=[]), "RF021"),
            "an act nobody knows": (set_in("proposals", act="erase"), "RF021"),
            "a removal, which is not hers": (set_in("proposals", act="remove"), "RF021"),
            "of an exclusion that is not there": (
                set_in("proposals", act="lift_exclusion", about=[new_id()]),
                "RF021",
            ),
            "about another case": (set_in("proposals", case_id=new_id()), "RF021"),
            "not told": (rewritten(act="note.added", object_type="case"), "RF015"),
            "told and not done": (without("proposals"), "RF015"),
        },
    )


async def test_nobody_approves_what_she_asked_for_and_no_stranger_does(house: House) -> None:
    filed, case_id, _ = await filed_case(house)
    asked = await proposed(house, UUID(filed.referrals[0].referral_id))
    answer = [{"id": asked.id, "answer": "approved"}]

    async def approves(part: str, **parts: Any) -> str | None:
        told = (
            draft(Done.APPROVED, "proposal", asked.id),
            draft(Done.CASE_SEALED, "case", case_id),
        )
        forged = await signed(house, house.player(part), case_id, *told, **parts)
        return await refused(house, part, forged)

    assert await approves("inspector", answers=answer) == "RF021", "her own"
    assert await approves("social_worker", answers=answer) == "RF021", "only asked"
    assert await approves("outsider", answers=answer) == "RF008"
    assert await approves("coordinator", answers=answer) == "RF007"
    house.at.forward(hours=72)
    assert await approves("supervisor", answers=answer) == "RF021", "too late"
    rows = await house.rows("SELECT count(*) FROM referral.seal")
    assert rows[0]["count"] == 0


async def test_nobody_is_kept_out_by_who_holds_nothing_nor_a_holder_by_anybody(
    house: House,
) -> None:
    filed, case_id, _ = await filed_case(house)
    referral = UUID(filed.referrals[0].referral_id)
    honest = await caught(
        house, "inspector", casework.exclude, referral, "agency", "CHILDREN-ZZ-N", WHY
    )
    first = honest["exclusions"][0]
    second = {**first, "id": new_id(), "excluded": new_id()}
    own = (await house.rows("SELECT id FROM agencies.agency WHERE key = 'INSPECTION-ZZ-N'"))[0]
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "the agency that holds": (set_in("exclusions", excluded=str(own["id"])), "RF021"),
            "in another's name": (
                set_in("exclusions", by_member=str(house.player("supervisor").membership_id)),
                "RF021",
            ),
            "of another case": (set_in("exclusions", case_id=new_id()), "RF021"),
            "lifted already": (set_in("exclusions", lifted_at="2026-03-02T12:00:00Z"), "RF021"),
            "told and not done": (without("exclusions"), "RF015"),
            "with a second one nobody tells": (adding(exclusions=[first, second]), "RF015"),
        },
    )
    exclusion = {**honest["exclusions"][0], "id": new_id()}
    for part, code in (("social_worker", "RF021"), ("outsider", "RF008"), ("auditor", "RF007")):
        player = house.player(part)
        row = {**exclusion, "by_unit": str(player.unit_id), "by_member": str(player.membership_id)}
        told = draft(Done.EXCLUDED, "exclusion", row["id"])
        forged = await signed(house, player, case_id, told, exclusions=[row])
        assert await refused(house, part, forged) == code, part


async def test_an_excluded_agency_is_not_asked_whatever_python_says(house: House) -> None:
    """Excluded between the decision and its carrying out: it is the database that knows."""
    _, case_id, office = await filed_case(house)
    honest = await caught(house, "social_worker", casework.decline, office, NO_CAPACITY)
    [asks] = honest["hand_offs"]
    house.honest = False  # an exclusion without its entry
    await house.rows(
        "INSERT INTO referral.exclusion (id, case_id, country, kind, excluded, at, by_unit, "
        "by_member, key_version, reason) VALUES (gen_random_uuid(), $1, 'ZZ', 'agency', $2, $3, "
        "$4, $4, 1, '')",
        case_id,
        UUID(asks["receiver_agency"]),
        house.at(),
        house.player("inspector").unit_id,
    )
    assert await refused(house, "social_worker", honest) == "RF020"
