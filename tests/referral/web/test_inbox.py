"""The inbox: what waits for the unit, in order, in groups, and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from referral import casework
from referral.casework import Filed, PersonTold
from tests.cast import House, child_at_work
from tests.referral.web.conftest import Visit


async def test_what_was_asked_stands_in_the_inbox(
    visit: Visit, filed: Filed, hand_off: UUID
) -> None:
    page = await (await visit("social_worker")).see("/hand-offs")
    assert page.status == 200
    assert f"/hand-offs/{hand_off}" in page.answer.text
    assert filed.reference in page.words
    assert "Child protection takes the child over" in page.words
    assert "3 Mar 2026, 12:00 UTC" in page.words


async def test_a_colleague_sees_it_and_the_outsider_does_not(visit: Visit, filed: Filed) -> None:
    colleague = await (await visit("protection_supervisor")).see("/hand-offs")
    assert filed.reference in colleague.words
    outsider = await (await visit("outsider")).see("/hand-offs")
    assert filed.reference not in outsider.words
    assert "Nothing here" in outsider.words


async def test_the_sender_finds_it_under_sent(visit: Visit, filed: Filed) -> None:
    visitor = await visit("inspector")
    assert filed.reference not in (await visitor.see("/hand-offs")).words
    assert filed.reference in (await visitor.see("/hand-offs?box=out")).words


async def test_children_reported_together_are_one_line(house: House, visit: Visit) -> None:
    one = child_at_work()
    intake = replace(one, persons=tuple(PersonTold(facts=one.persons[0].facts) for _ in range(3)))
    await house.manages("inspector", casework.file, intake)
    page = await (await visit("social_worker")).see("/hand-offs")
    assert "3 persons, asked together" in page.words
    assert "Person 1" not in page.words


async def test_filters_narrow_the_list(house: House, visit: Visit, filed: Filed) -> None:
    visitor = await visit("social_worker")
    assert filed.reference not in (await visitor.see("/hand-offs?state=accepted")).words
    assert filed.reference in (await visitor.see("/hand-offs?state=requested")).words
    assert filed.reference not in (await visitor.see("/hand-offs?overdue=1")).words
    house.at.forward(days=2)
    late = await (await visit("social_worker")).see("/hand-offs?overdue=1")
    assert filed.reference in late.words
    assert "Overdue" in late.words


async def test_a_long_list_has_a_next_page_and_shows_everybody_once(
    house: House, visit: Visit
) -> None:
    one = child_at_work()
    for _ in range(56):
        intake = replace(one, client_id=uuid4())
        await house.manages("inspector", casework.file, intake)
    visitor, seen = await visit("social_worker"), []
    address: str | None = "/hand-offs"
    while address:
        page = await visitor.see(address)
        links = [word.split('"')[0] for word in page.answer.text.split('href="')[1:]]
        seen += [link for link in links if link.startswith("/hand-offs/")]
        nexts = [link for link in links if "after=" in link]
        address = nexts[0].replace("&amp;", "&") if nexts else None
    assert len(seen) == len(set(seen)) >= 56


async def test_a_cursor_that_was_made_up_is_refused_in_words(visit: Visit) -> None:
    page = await (await visit("social_worker")).see("/hand-offs?after=nonsense")
    assert page.status == 422
    assert "Begin at the first page" in page.words


async def test_who_works_on_no_cases_has_no_inbox(visit: Visit) -> None:
    page = await (await visit("auditor")).see("/hand-offs")
    assert page.status == 403
    assert "Inbox" not in page.words
