"""Acknowledging: a named person of the receiving unit has opened it, once."""

from __future__ import annotations

from tests.referral.api.desk import Desk, problem


async def test_the_sender_sees_that_it_was_received(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("social_worker", hand_off, "acknowledgement")
    sent = (await desk.reads("inspector", "hand-offs?box=out")).json()["hand_offs"]
    assert [(one["id"], one["state"]) for one in sent] == [(hand_off, "received")]
    assert sent[0]["received_at"] == "2026-03-02T12:00:00Z"


async def test_it_is_received_only_once(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("social_worker", hand_off, "acknowledgement")
    again = await desk.sends("social_worker", f"hand-offs/{hand_off}/acknowledgement")
    assert problem(again, 409, "transition-not-allowed")["from"] == "received"
