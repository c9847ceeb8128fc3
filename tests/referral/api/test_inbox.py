"""The inbox: open ones by the nearest limit, page after page, each hand-off exactly once."""

from __future__ import annotations

import re

from tests.referral.api.desk import Desk, pointers, problem

NEXT = re.compile(r'<([^>]+)>; rel="next"')


async def test_pages_lead_on_and_show_everything_once(desk: Desk) -> None:
    wanted = []
    for _ in range(5):
        wanted.append(await desk.asks())
        desk.house.at.forward(minutes=1)
    found: list[str] = []
    path: str | None = "/api/v1/hand-offs?limit=2"
    pages = 0
    while path:
        page = await desk.of("social_worker").get(path)
        found += [one["id"] for one in page.json()["hand_offs"]]
        assert 'rel="first"' in page.headers["link"]
        onward = NEXT.search(page.headers["link"])
        path, pages = (onward[1] if onward else None), pages + 1
    assert found == wanted
    assert pages == 3


async def test_filters_by_state_and_by_being_late(desk: Desk) -> None:
    first, second = await desk.asks(), await desk.asks()
    await desk.acts("social_worker", second, "acceptance")

    async def ids(query: str) -> set[str]:
        answer = await desk.reads("social_worker", f"hand-offs?{query}")
        return {one["id"] for one in answer.json()["hand_offs"]}

    assert await ids("state=accepted") == {second}
    assert await ids("state=requested") == {first}
    assert await ids("overdue=true") == set()
    desk.house.at.forward(hours=25)
    assert first in await ids("overdue=true")
    assert first not in await ids("overdue=false")


async def test_a_cursor_or_state_that_is_none_is_named(desk: Desk) -> None:
    for query, pointer in (
        ("after=nonsense", "/after"),
        ("after=%00", "/after"),
        ("state=lost", "/state"),
        ("limit=201", "/limit"),
        ("box=both", "/box"),
    ):
        told = problem(
            await desk.reads("social_worker", f"hand-offs?{query}"), 422, "invalid-input"
        )
        assert list(pointers(told)) == [pointer]


async def test_an_outsider_and_an_auditor_see_nothing(desk: Desk) -> None:
    await desk.asks()
    assert (await desk.reads("outsider", "hand-offs")).json() == {"hand_offs": []}
    problem(await desk.reads("auditor", "hand-offs"), 403, "not-permitted")


async def test_before_acceptance_only_what_is_needed_to_answer(desk: Desk) -> None:
    hand_off = await desk.asks(facts={"rural_site": True})
    seen = (await desk.reads("social_worker", f"hand-offs/{hand_off}")).json()
    assert seen["facts"]["age_band"] == "0-11"
    assert seen["acts"] == ["acknowledge", "accept", "decline"]
    assert "Amal" not in str(seen)
    assert seen["limits"][0]["due"]["derivation"]
