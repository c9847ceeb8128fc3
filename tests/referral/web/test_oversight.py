"""The supervisor's overview: times by agency, what is late, what was accepted and left idle."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from referral import casework
from referral.casework import PersonTold
from referral.web import oversight
from tests.cast import House, child_at_work
from tests.referral.web.conftest import Visit


async def test_response_times_stand_by_agency(house: House, visit: Visit, hand_off: UUID) -> None:
    house.at.forward(hours=2)
    await house.manages("social_worker", casework.acknowledge, hand_off)
    house.at.forward(minutes=45)
    await house.manages("social_worker", casework.accept, hand_off)
    page = await (await visit("supervisor")).see("/oversight")
    assert page.status == 200
    assert "fewer than 30 accepted: small group 1 0 1 0" in page.words
    assert "2 h 45 min" in page.words


async def test_what_is_late_and_what_was_left_idle_show(
    house: House, visit: Visit, filed: casework.Filed, hand_off: UUID
) -> None:
    fresh = await (await visit("supervisor")).see("/oversight")
    assert "Nothing is overdue." in fresh.words
    await house.manages("social_worker", casework.accept, hand_off)
    house.at.forward(days=9)
    page = await (await visit("supervisor")).see("/oversight")
    idle = page.words.index("Accepted, and then nothing for three days")
    assert filed.reference in page.words[idle:]
    assert "Overdue" in page.words[:idle]


async def test_a_number_says_all_of_them_and_the_list_how_many_it_leaves_out(
    house: House, visit: Visit
) -> None:
    crew = tuple(PersonTold(facts={"age": 10, "works": True}) for _ in range(201))
    await house.manages("inspector", casework.file, replace(child_at_work(), persons=crew))
    house.at.forward(days=9)
    page = await (await visit("supervisor")).see("/oversight")
    assert "201 past their limit" in page.words
    assert "And 1 more, late since less long than these." in page.words


async def test_what_is_left_by_the_thousand_is_not_counted_to_its_end(
    house: House, visit: Visit, hand_off: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = tuple(PersonTold(facts={"age": 10, "works": True}) for _ in range(3))
    filed = await house.manages("inspector", casework.file, replace(child_at_work(), persons=crew))
    for ask in filed.asks:
        await house.manages("social_worker", casework.accept, UUID(ask.hand_off_id))
    house.at.forward(days=4)
    vera = await visit("supervisor")
    assert "3 accepted, then idle for 3 days" in (await vera.see("/oversight")).words
    monkeypatch.setattr(oversight, "MOST_IDLE", 2)
    assert "2+ accepted, then idle for 3 days" in (await vera.see("/oversight")).words


async def test_a_small_group_is_marked(house: House, visit: Visit, hand_off: UUID) -> None:
    mark = "fewer than 30 accepted: small group"
    visitor = await visit("supervisor")
    assert mark not in (await visitor.see("/oversight")).words
    await house.manages("social_worker", casework.accept, hand_off)
    assert mark in (await visitor.see("/oversight")).words


async def test_figures_are_for_the_units_own_supervisor(
    visit: Visit, filed: casework.Filed
) -> None:
    assert (await (await visit("inspector")).see("/oversight")).status == 403
    receiver = await (await visit("protection_supervisor")).see("/oversight")
    assert "Child protection office of the North 1 1" in receiver.words


async def test_a_supervisor_begins_at_the_overview(visit: Visit) -> None:
    assert (await (await visit("supervisor")).see("/")).place == "/oversight"
    assert (await (await visit("inspector")).see("/")).place == "/hand-offs"
