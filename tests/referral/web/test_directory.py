"""The directory and the protocols: open to everybody signed in, and a shelter keeps its name."""

from __future__ import annotations

from tests.cast import House
from tests.referral.web.conftest import Visit


async def test_agencies_stand_with_what_they_are_charged_with(visit: Visit) -> None:
    page = await (await visit("auditor")).see("/agencies")
    assert page.status == 200
    assert "Child protection office of the North" in page.words
    assert "River police" in page.words


async def test_a_confidential_agency_has_no_name_but_for_itself(house: House, visit: Visit) -> None:
    name = house.player("shelter_worker").agency_name
    assert name not in (await (await visit("inspector")).see("/agencies")).words
    assert "Confidential agency" in (await (await visit("inspector")).see("/agencies")).words
    assert name in (await (await visit("shelter_worker")).see("/agencies")).words


async def test_who_is_asked_is_answered_with_how_it_was_found(visit: Visit) -> None:
    visitor = await visit("inspector")
    north = await visitor.see("/agencies?mandate=CHILD_PROTECTION&place=ZZ-N")
    assert "Child protection office in North" in north.words
    west = await visitor.see("/agencies?mandate=CHILD_PROTECTION&place=ZZ-W")
    assert "declared fall-back" in west.words
    assert "National child directorate" in west.words


async def test_a_protocol_is_told_as_a_procedure_with_sources(visit: Visit) -> None:
    visitor = await visit("inspector")
    assert "Child protection" in (await visitor.see("/protocols")).words
    page = await visitor.see("/protocols/zz/child_protection")
    assert page.status == 200
    for words in ("Child protection takes the child over", "If nobody answers", "art. 10"):
        assert words in page.words
    assert (await visitor.see("/protocols/zz/nothing")).status == 404
    assert (await visitor.see("/protocols/xx/child_protection")).status == 404
