"""Forged corrections, sent straight to the database: it refuses them itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from referral import casework
from referral.audit import Done
from referral.casework import Said
from tests.cast import House
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
