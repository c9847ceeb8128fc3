"""Cancelling: the sender's before acceptance; after it the sender asks and the receiver decides."""

from __future__ import annotations

from tests.referral.api.desk import Desk, pointers, problem

SAID = {"reason_code": "NO_LONGER_NEEDED", "reason": "The family has moved away."}


async def test_before_acceptance_the_sender_cancels(desk: Desk) -> None:
    hand_off = await desk.asks()
    done = await desk.acts("inspector", hand_off, "cancellation", **SAID)
    assert done["state"] == "cancelled"
    late = await desk.sends("social_worker", f"hand-offs/{hand_off}/acceptance")
    assert problem(late, 409, "transition-not-allowed")["from"] == "cancelled"


async def test_after_acceptance_the_sender_only_asks(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("social_worker", hand_off, "acceptance")
    wish = await desk.acts("inspector", hand_off, "cancellation", **SAID)
    assert wish["state"] == "accepted"
    seen = (await desk.reads("social_worker", f"hand-offs/{hand_off}")).json()["hand_off"]
    assert (seen["state"], seen["cancellation_asked_at"]) == ("accepted", "2026-03-02T12:00:00Z")
    done = await desk.acts("social_worker", hand_off, "cancellation", **SAID)
    assert done["state"] == "cancelled"
    assert done["holder_unit"] == str(desk.house.player("social_worker").unit_id)


async def test_the_reason_must_be_one_of_the_list(desk: Desk) -> None:
    hand_off = await desk.asks()
    answer = await desk.sends(
        "inspector", f"hand-offs/{hand_off}/cancellation", {"reason": "changed my mind"}
    )
    assert pointers(problem(answer, 422, "invalid-input")) == {"/reason_code": "missing"}
