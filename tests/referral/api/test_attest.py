"""Who is not connected answers by voice: written down by the holder, marked, confirmed."""

from __future__ import annotations

from tests.referral.api.desk import Desk, asked, pointers, problem

SAID = {
    "act": "accept",
    "attested_by": "the prosecutor on duty",
    "attested_on": "directory number of the office",
    "reason": "The line to the office is down.",
}


async def test_an_attested_answer_stays_marked_until_it_is_confirmed(desk: Desk) -> None:
    accepted = await desk.acts("social_worker", await desk.asks(), "acceptance")
    task = asked(accepted, "ZZ-C04")
    done = await desk.acts("social_worker", task, "attestation", **SAID)
    assert done["state"] == "accepted"
    seen = (await desk.reads("social_worker", f"hand-offs/{task}")).json()["hand_off"]
    assert seen["attested"]
    assert seen["attestation_confirmed_at"] is None
    desk.house.at.forward(hours=3)
    problem(
        await desk.sends("social_worker", f"hand-offs/{task}/attestation-confirmation"),
        403,
        "not-permitted",
    )
    await desk.acts("prosecutor", task, "attestation-confirmation")
    seen = (await desk.reads("prosecutor", f"hand-offs/{task}")).json()["hand_off"]
    assert seen["attestation_confirmed_at"] == "2026-03-02T15:00:00Z"


async def test_nobody_in_particular_has_answered_nothing(desk: Desk) -> None:
    hand_off = await desk.asks()
    answer = await desk.sends(
        "inspector",
        f"hand-offs/{hand_off}/attestation",
        {"act": "accept", "reason": "They said yes."},
    )
    assert "/attested_by" in pointers(problem(answer, 422, "invalid-input"))
