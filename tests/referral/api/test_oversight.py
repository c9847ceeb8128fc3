"""Oversight: answer times by agency, what is late, what was accepted and left; for supervisors."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.referral.api.desk import Desk, problem


async def test_received_to_accepted_by_agency(desk: Desk) -> None:
    hand_off = await desk.asks()
    desk.house.at.forward(hours=1)
    await desk.acts("social_worker", hand_off, "acknowledgement")
    desk.house.at.forward(hours=3)
    await desk.acts("social_worker", hand_off, "acceptance")
    seen = (await desk.reads("supervisor", "oversight/response-times")).json()["agencies"]
    office = next(one for one in seen if one["agency"] == "Child protection office of the North")
    assert office["requested_to_received"] == 3600
    assert office["received_to_accepted"] == 3 * 3600
    assert (office["asked"], office["accepted"]) == (1, 1)


async def test_who_still_waits_counts_as_waiting(desk: Desk) -> None:
    quick, slow, silent = [await desk.asks() for _ in range(3)]
    for hand_off in (quick, slow, silent):
        await desk.acts("social_worker", hand_off, "acknowledgement")

    async def office() -> dict[str, Any]:
        seen = (await desk.reads("supervisor", "oversight/response-times")).json()["agencies"]
        return next(one for one in seen if one["agency"].startswith("Child protection"))

    desk.house.at.forward(hours=1)
    await desk.acts("social_worker", quick, "acceptance")
    desk.house.at.forward(hours=9)
    assert (await office())["received_to_accepted"] is None, "two of three still wait"
    await desk.acts("social_worker", slow, "acceptance")
    told = await office()
    assert told["received_to_accepted"] == 10 * 3600
    assert told["received_to_accepted_p90"] is None


async def test_an_agency_is_late_by_limits_of_law_alone(desk: Desk) -> None:
    lawful, target = await desk.asks(), await desk.asks()
    await desk.house.rows(
        "UPDATE referral.clock SET basis = 'assumption' WHERE hand_off_id = $1", UUID(target)
    )
    desk.house.at.forward(days=3)
    seen = (await desk.reads("supervisor", "oversight/overdue")).json()["hand_offs"]
    assert {lawful, target} <= {one["id"] for one in seen}, "both are late"
    times = (await desk.reads("supervisor", "oversight/response-times")).json()["agencies"]
    assert sum(one["overdue"] for one in times) == 1, "a proposed target is nobody's failure"


async def test_late_and_idle_ones_are_shown(desk: Desk) -> None:
    late, idle = await desk.asks(), await desk.asks()
    await desk.acts("social_worker", idle, "acceptance")
    desk.house.at.forward(days=4)
    seen = (await desk.reads("supervisor", "oversight/overdue")).json()["hand_offs"]
    assert late in {one["id"] for one in seen}
    assert all(one["overdue"] for one in seen)
    left = (await desk.reads("supervisor", "oversight/idle")).json()["hand_offs"]
    assert [one["id"] for one in left] == [idle]
    assert (await desk.reads("supervisor", "oversight/idle?days=5")).json()["hand_offs"] == []


@pytest.mark.parametrize("question", ["response-times", "overdue", "idle", "first-referrals"])
async def test_only_a_supervisor_asks(desk: Desk, question: str) -> None:
    problem(await desk.reads("inspector", f"oversight/{question}"), 403, "not-permitted")
    assert (await desk.reads("supervisor", f"oversight/{question}")).status_code == 200
