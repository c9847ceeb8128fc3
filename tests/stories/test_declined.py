"""Declined: the child stays where she is held, and the next one is asked at once."""

from __future__ import annotations

from uuid import UUID

from referral import casework
from referral.casework import Said
from tests.cast import House, asked, child_at_work


async def test_declined_and_re_routed(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")

    no_reason = await house.does("social_worker", casework.decline, hand_off, Said())
    assert no_reason.status == 422
    assert "NO_CAPACITY" in no_reason.extra["errors"][0]["message"]  # the coded list is shown
    wordless = await house.does(
        "social_worker", casework.decline, hand_off, Said(reason_code="NO_CAPACITY")
    )
    assert wordless.status == 422

    said = Said(reason_code="NO_CAPACITY", note="Both our teams are at the flood.")
    declined = await house.manages("social_worker", casework.decline, hand_off, said)
    assert declined.state == "rejected"
    assert declined.holder_unit == str(house.player("inspector").unit_id)

    # The national directorate comes last and may not refuse.
    again = asked(declined, "ZZ-C01")
    refused = await house.does(
        "directorate", casework.decline, again, Said(reason_code="NO_CAPACITY", note="No.")
    )
    assert refused.status == 409

    # Both parties of the declined hand-off read why; the directorate does not.
    for part, words in (("inspector", 1), ("social_worker", 1)):
        seen = await house.sees(part, hand_off)
        assert [note[0] for note in seen.notes] == ["decline"] * words
    assert (await house.sees("directorate", again)).notes == ()

    accepted = await house.manages("directorate", casework.accept, again)
    assert accepted.holder_unit == str(house.player("directorate").unit_id)


async def test_what_was_declined_cannot_be_accepted(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    said = Said(reason_code="NO_CAPACITY", note="No bed, no team.")
    await house.manages("social_worker", casework.decline, hand_off, said)

    late = await house.does("social_worker", casework.accept, hand_off)
    # The unit is no longer asked: what stands between them is over.
    assert late.status in {404, 409}
    held = await house.rows(
        "SELECT holder_unit FROM referral.referral WHERE id = $1",
        UUID(filed.referrals[0].referral_id),
    )
    assert held[0]["holder_unit"] == house.player("inspector").unit_id
