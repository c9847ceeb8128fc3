"""The way to every page: few entries, nothing she may not open, nothing that cannot be found."""

from __future__ import annotations

import re
from typing import Final

import pytest

from referral import access
from referral.session import Role
from referral.web.navigation import MORE, bar_of, beyond_the_bar, home_of, sections_for
from tests.referral.web.conftest import Visit
from tests.referral.web.visiting import Seen

_MOST: Final = 6
_PEOPLE: Final = [one for one in Role if one is not Role.WORKER]  # the clockwork opens no page
_PARTS: Final = {
    "inspector": "/hand-offs",
    "supervisor": "/oversight",
    "coordinator": "/cases/new",
    "auditor": "/audit",
    "data_officer": "/sections/protection",
    "statistician": "/oversight/figures",
    "agency_admin": "/sections/agency",
}
# Pages one comes to from another page, from the banner, or before one has signed in.
_FROM_ELSEWHERE: Final = re.compile(
    r"/$|/(sign-in|membership|step-up|enrolment|account|sections|static|oauth|notices$)|/audit/"
    r"|/notices/(preferences|training|stream)|/oversight/figures/|/members/webhooks/|/api/|/scim/|/metrics|/health/"
)


def _address(told: str) -> str:
    return told.partition("?")[0]


@pytest.mark.parametrize("role", _PEOPLE)
def test_the_bar_has_six_entries_at_most_and_leads_to_everything_she_may_open(role: Role) -> None:
    may = {p.address for one in sections_for(role) for p in one.places}
    bar = bar_of(role, "/nowhere")
    reached = {address for one in bar for address in (one.below or (one.href,))}
    assert reached == may
    assert 0 < len(bar) <= _MOST
    assert not any(one.current or one.active for one in bar)
    left = {p.address for one in beyond_the_bar(role) for p in one.places}
    assert left == {address for one in bar if one.href == MORE for address in one.below}


@pytest.mark.parametrize("role", _PEOPLE)
def test_no_page_is_shown_to_whom_the_matrix_denies_it(role: Role) -> None:
    for section in sections_for(role):
        for place in section.places:
            assert role in access.matrix().by_role[place.action], place


def test_a_page_asks_for_the_action_its_address_asks_for() -> None:
    routes = access.doors()["routes"]
    for place in {p for role in Role for one in sections_for(role) for p in one.places}:
        asked = routes[f"GET {_address(place.address)}"]
        assert place.action == asked, place.address


def test_no_page_is_there_that_nobody_finds() -> None:
    found = {_address(p.address) for role in Role for one in sections_for(role) for p in one.places}
    pages = (route.split(" ")[1] for route in access.doors()["routes"] if route.startswith("GET "))
    lost = {one for one in pages if "{" not in one and not _FROM_ELSEWHERE.match(one)} - found
    assert lost == set()


@pytest.mark.parametrize("role", _PEOPLE)
def test_a_day_begins_at_a_page_she_may_open(role: Role) -> None:
    may = {p.address for one in sections_for(role) for p in one.places}
    assert home_of(role) in may | {one.address for one in sections_for(role)}


def test_the_nearest_entry_is_marked_and_a_hand_off_is_neither_inbox_nor_sent() -> None:
    def marked(here: str, role: Role = Role.SUPERVISOR) -> list[tuple[str, bool]]:
        return [(one.text, one.current) for one in bar_of(role, here) if one.active or one.current]

    assert marked("/hand-offs") == [("Inbox", True)]
    assert marked("/hand-offs?box=out") == [("Sent referrals", True)]
    assert marked("/hand-offs/5") == []
    assert marked("/oversight/figures/groups") == [("Oversight", False)]
    assert marked("/members") == [("Members", True)]
    assert marked("/members/webhooks", Role.AGENCY_ADMIN) == [("Agency", False)]
    assert marked("/break-glass/reviews") == [("More", False)]
    assert marked("/sections") == [("More", True)]


@pytest.mark.parametrize("part", _PARTS)
async def test_every_page_of_a_part_is_two_links_away_and_opens(visit: Visit, part: str) -> None:
    visitor = await visit(part)
    home = (await visitor.see("/")).place
    assert home == _PARTS[part]
    seen = set()
    for address in _links(await visitor.see(home), "govuk-service-navigation__link"):
        page = await visitor.see(address)
        assert page.status == 200, address
        assert page.answer.text.count('aria-current="page"') == 1, address
        listed = _links(page, "govuk-link") if address.startswith(MORE) else []
        for below in listed:
            opened = await visitor.see(below)
            assert opened.status == 200, below
            assert opened.answer.text.count('aria-current="true"') == 1, below
        seen |= {address, *listed}
    assert len(seen) > 4


def _links(page: Seen, kind: str) -> list[str]:
    main = re.findall(rf'class="{kind}" href="([^"]+)"', page.answer.text)
    return [one.replace("&amp;", "&") for one in main]


async def test_a_section_of_others_is_not_there(visit: Visit) -> None:
    visitor = await visit("inspector")
    assert (await visitor.see("/sections/agency")).status == 404
    assert (await visitor.see("/sections/none-such")).status == 404
    more = await visitor.see(MORE)
    for words in ("Members", "Removals", "The log", "Coverage", "Public figures"):
        assert words not in more.words
    assert "/oversight/figures" in more.answer.text


async def test_a_page_of_another_role_says_whose_it_is_in_words(visit: Visit) -> None:
    page = await (await visit("inspector")).see("/members")
    assert page.status == 403
    assert "This is for: Agency administrator, Data protection officer or Supervisor." in page.words
    assert "ask your agency’s administrator" in page.words
    assert "see_members" not in page.words


async def test_the_quick_exit_is_on_every_page_that_leads_on(visit: Visit) -> None:
    visitor = await visit("supervisor")
    for address in (MORE, "/sections/oversight"):
        assert (await visitor.see(address)).offers("/quick-exit")
