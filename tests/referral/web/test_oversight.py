"""The supervisor's overview: times by agency, what is late, what was accepted and left idle."""

from __future__ import annotations

from uuid import UUID

from referral import casework
from tests.cast import House
from tests.referral.web.conftest import Visit


async def test_response_times_stand_by_agency(house: House, visit: Visit, hand_off: UUID) -> None:
    house.at.forward(hours=2)
    await house.manages("social_worker", casework.acknowledge, hand_off)
    house.at.forward(minutes=45)
    await house.manages("social_worker", casework.accept, hand_off)
    page = await (await visit("supervisor")).see("/oversight")
    assert page.status == 200
    assert "Child protection office of the North 1 0 1 0" in page.words
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


async def test_figures_are_for_the_units_own_supervisor(
    visit: Visit, filed: casework.Filed
) -> None:
    assert (await (await visit("inspector")).see("/oversight")).status == 403
    receiver = await (await visit("protection_supervisor")).see("/oversight")
    assert "Child protection office of the North 1 1" in receiver.words


async def test_a_supervisor_begins_at_the_overview(visit: Visit) -> None:
    assert (await (await visit("supervisor")).see("/")).place == "/oversight"
    assert (await (await visit("inspector")).see("/")).place == "/hand-offs"
