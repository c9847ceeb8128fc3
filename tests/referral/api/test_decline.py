"""Declining: never without a coded reason and words, and the next one is asked at once."""

from __future__ import annotations

from tests.referral.api.desk import Desk, pointers, problem

SAID = {"reason_code": "NO_CAPACITY", "note": "Both our teams are at the flood."}


async def test_the_next_one_is_asked_and_both_parties_read_why(desk: Desk) -> None:
    hand_off = await desk.asks()
    declined = await desk.acts("social_worker", hand_off, "decline", **SAID)
    assert declined["state"] == "rejected"
    assert declined["holder_unit"] == str(desk.house.player("inspector").unit_id)
    # Whoever declines is not told where the child goes next; whoever holds her sees it.
    assert declined["made"] == []
    sent = (await desk.reads("inspector", "hand-offs?box=out&state=requested")).json()["hand_offs"]
    again = [one for one in sent if one["step"]["code"] == "ZZ-C01"]
    assert [one["receiver"]["agency"] for one in again] == ["National child directorate"]
    for part in ("inspector", "social_worker"):
        seen = (await desk.reads(part, f"hand-offs/{hand_off}")).json()
        assert [note["text"] for note in seen["notes"]] == [SAID["note"]]


async def test_a_code_that_is_none_is_answered_with_those_there_are(desk: Desk) -> None:
    hand_off = await desk.asks()
    answer = await desk.sends(
        "social_worker", f"hand-offs/{hand_off}/decline", {"reason_code": "TIRED"}
    )
    told = problem(answer, 422, "invalid-input")
    assert pointers(told) == {"/reason_code": "unknown", "/note": "missing"}
    assert "NO_CAPACITY" in told["errors"][0]["message"]


async def test_without_a_code_the_list_is_answered(desk: Desk) -> None:
    hand_off = await desk.asks()
    answer = await desk.sends(
        "social_worker", f"hand-offs/{hand_off}/decline", {"note": SAID["note"]}
    )
    told = problem(answer, 422, "invalid-input")
    assert pointers(told) == {"/reason_code": "missing"}
    assert "NO_CAPACITY" in told["errors"][0]["message"]
    seen = (await desk.reads("social_worker", f"hand-offs/{hand_off}")).json()
    assert seen["hand_off"]["state"] == "requested"


async def test_what_was_declined_cannot_be_accepted(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("social_worker", hand_off, "decline", **SAID)
    late = await desk.sends("social_worker", f"hand-offs/{hand_off}/acceptance")
    assert problem(late, 409, "transition-not-allowed")["from"] == "rejected"
