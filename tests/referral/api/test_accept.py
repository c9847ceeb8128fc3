"""Accepting: custody moves, what follows is told, and everybody else gets a clear answer."""

from __future__ import annotations

from uuid import uuid4

from tests.referral.api.desk import Desk, asked, key, problem


async def test_acceptance_moves_custody_and_tells_what_follows(desk: Desk) -> None:
    hand_off = await desk.asks()
    accepted = await desk.acts("social_worker", hand_off, "acknowledgement", "acceptance")
    assert accepted["state"] == "accepted"
    assert accepted["holder_unit"] == str(desk.house.player("social_worker").unit_id)
    follow = next(one for one in accepted["made"] if one["step"]["code"] == "ZZ-C04")
    assert follow["receiver"]["agency"] == "Public prosecutor of the North"
    assert follow["due"]["derivation"]


async def test_who_was_not_asked_finds_nothing(desk: Desk) -> None:
    hand_off = await desk.asks()
    answers = [
        await desk.sends(part, f"hand-offs/{which}/acceptance")
        for part in ("outsider", "hotline")
        for which in (hand_off, str(uuid4()))
    ]
    for answer in answers:
        problem(answer, 404, "not-found")
    hidden, absent = (dict(one.json(), instance="") for one in answers[:2])
    assert hidden == absent


async def test_the_sender_may_see_but_not_accept(desk: Desk) -> None:
    hand_off = await desk.asks()
    told = problem(
        await desk.sends("inspector", f"hand-offs/{hand_off}/acceptance"), 403, "not-permitted"
    )
    assert "the unit that was asked" in told["needed_role"]


async def test_accepting_twice_names_the_state(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("social_worker", hand_off, "acceptance")
    again = await desk.sends("social_worker", f"hand-offs/{hand_off}/acceptance")
    told = problem(again, 409, "transition-not-allowed")
    assert told["from"] == "accepted"
    assert "start" in told["allowed"]


async def test_the_same_key_gives_the_same_acceptance(desk: Desk) -> None:
    hand_off = await desk.asks()
    once = key()
    first = await desk.sends("social_worker", f"hand-offs/{hand_off}/acceptance", None, once)
    again = await desk.sends("social_worker", f"hand-offs/{hand_off}/acceptance", None, once)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert asked(again.json(), "ZZ-C04") == asked(first.json(), "ZZ-C04")
    moves = await desk.house.rows(
        "SELECT count(*) FROM referral.audit_entry WHERE act = 'hand_off.accepted'"
    )
    assert moves[0]["count"] == 1


async def test_a_stale_version_is_refused_with_the_current_one(desk: Desk) -> None:
    hand_off = await desk.asks()
    seen = await desk.reads("social_worker", f"hand-offs/{hand_off}")
    await desk.acts("social_worker", hand_off, "acknowledgement")
    stale = {"If-Match": seen.headers["etag"]}
    told = problem(
        await desk.sends("social_worker", f"hand-offs/{hand_off}/acceptance", None, stale),
        412,
        "version-conflict",
    )
    assert told["current_version"] == 2
    for unreadable in ('"abc"', "W/", '"1", "2"'):
        answer = await desk.sends(
            "social_worker", f"hand-offs/{hand_off}/acceptance", None, {"If-Match": unreadable}
        )
        problem(answer, 412, "version-conflict")
    fresh = await desk.reads("social_worker", f"hand-offs/{hand_off}")
    accepted = await desk.sends(
        "social_worker",
        f"hand-offs/{hand_off}/acceptance",
        None,
        {"If-Match": f"W/{fresh.headers['etag']}"},
    )
    assert accepted.status_code == 200
    assert accepted.headers["etag"] == '"3"'


async def test_what_happened_earlier_is_judged_at_its_time(desk: Desk) -> None:
    hand_off = await desk.asks()
    desk.house.at.forward(hours=5)
    accepted = await desk.acts(
        "social_worker", hand_off, "acceptance", occurred_at="2026-03-02T13:00:00+00:00"
    )
    case = accepted["case_id"]
    timeline = await desk.reads("social_worker", f"cases/{case}/timeline")
    line = next(one for one in timeline.json()["lines"] if one["act"] == "hand_off.accepted")
    assert (line["occurred_at"], line["at"][:16]) == ("2026-03-02T13:00:00Z", "2026-03-02T17:00")
