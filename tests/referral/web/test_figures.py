"""The pages of figures: as many as the numbers say, hidden where they must be, not for others."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from uuid import UUID

import pytest

from referral import casework
from tests.cast import House
from tests.referral.figures.histories import Drawing
from tests.referral.web.conftest import Visit

QUESTIONS = ("/comparison", "/bottlenecks", "/law-gaps", "/senders")
PAGES = ("", "/groups", "/groups?cut=step", "/curve", "/behind", "/pilot", *QUESTIONS)
OTHERS = ("auditor", "agency_admin")
SINCE = "since=2025-11&until=2026-03"


@pytest.fixture
async def history(house: House) -> House:
    """Four months of everything, errors included."""
    begins, ends = datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)
    await (await Drawing(house, 1, begins, ends).some(250)).enter(house)
    house.at.to(ends)
    return house


def links(text: str, page: str) -> list[tuple[str, str]]:
    """Where the links to a page lead, and their words."""
    found = re.findall(rf'href="(/oversight/figures{page}\?[^"]*)">([^<]*)</a>', text)
    return [(unescape(address), words) for address, words in found]


@pytest.mark.parametrize("page", PAGES)
async def test_who_oversees_sees_each_page_and_nobody_else(
    house: House, visit: Visit, hand_off: UUID, page: str
) -> None:
    for part in ("supervisor", "inspector", "coordinator", "statistician", "data_officer"):
        assert (await (await visit(part)).see(f"/oversight/figures{page}")).status == 200, part
    for part in OTHERS:
        assert (await (await visit(part)).see(f"/oversight/figures{page}")).status == 403, part
    answer = await house.stranger().get(f"/oversight/figures{page}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_behind_each_number_of_a_supervisor_are_that_many_hand_offs(
    history: House, visit: Visit
) -> None:
    vera = await visit("supervisor")
    page = await vera.see(f"/oversight/figures/groups?cut=agency&{SINCE}")
    behind = [one for one in links(page.answer.text, "/behind") if one[1].isdecimal()]
    assert len(behind) > 9
    for address, words in sorted(behind, key=lambda one: -int(one[1]))[:3] + behind[-2:]:
        seen, listed = await vera.see(address), 0
        while True:
            listed += len(
                re.findall(r'govuk-!-font-weight-bold" href="/hand-offs/', seen.answer.text)
            )
            onward = [to for to, told in links(seen.answer.text, "/behind") if told == "Next page"]
            if not onward:
                break
            seen = await vera.see(onward[0])
        assert listed == int(words), address


async def test_behind_the_month_before_are_the_hand_offs_of_that_month(
    history: House, visit: Visit
) -> None:
    page = await (await visit("supervisor")).see("/oversight/figures?month=2026-02")
    rows = page.answer.text.split('<th scope="row"')
    for row, month in ((rows[1], "2026-02"), (rows[2], "2026-01")):
        behind = links(row, "/behind")
        assert behind
        assert all(f"since={month}&until={month}" in address for address, _ in behind)


async def test_no_number_of_the_country_leads_to_a_hand_off(history: House, visit: Visit) -> None:
    cora = await visit("coordinator")
    for cut in ("agency", "step", "track", "jurisdiction", "version", "agency_track"):
        page = await cora.see(f"/oversight/figures/groups?cut={cut}&{SINCE}")
        assert links(page.answer.text, "/behind") == []
        assert "/hand-offs/" not in page.answer.text
        cells = re.findall(r"numeric\">([^<]*)</td>", page.answer.text)
        assert not [one for one in cells if one.isdecimal() and 0 < int(one) <= 10]
        assert "c" in cells
    assert "opens no hand-off" in (await cora.see(f"/oversight/figures/behind?{SINCE}")).words


async def test_a_curve_is_drawn_and_the_same_stands_in_a_table(
    history: House, visit: Visit
) -> None:
    page = await (await visit("supervisor")).see(f"/oversight/figures/curve?{SINCE}")
    assert page.answer.text.count("<polyline") == 3
    assert "style=" not in page.answer.text
    assert page.answer.text.count('<tr class="govuk-table__row"><th scope="row"') > 10
    assert "Median" in page.words


async def test_what_is_small_wrong_or_open_is_marked_and_targets_stand_apart(
    history: House, visit: Visit
) -> None:
    vera = await visit("supervisor")
    page = await vera.see(f"/oversight/figures/groups?cut=agency&{SINCE}")
    for told in ("small group", "times out of order", "Not over yet", "in another's name"):
        assert told in page.words, told
    months = page.answer.text[page.answer.text.index("Month by month</h2>") :]
    assert "small group" in months[: months.index("</table>")], "a median of few is said to be one"
    targets = page.answer.text[page.answer.text.index("Proposed targets</h2>") :]
    table = targets[: targets.index("</table>")]
    assert table.count('<th scope="row"') == 1
    assert "All together" in table
    steps = (await vera.see(f"/oversight/figures/groups?cut=step&{SINCE}")).answer.text
    targets = steps[steps.index("Proposed targets</h2>") :]
    assert targets[: targets.index("</table>")].count('<th scope="row"') > 2


async def test_an_outsider_has_no_figure_of_what_is_not_hers(
    visit: Visit, hand_off: UUID, filed: casework.Filed
) -> None:
    otto = await visit("outsider")
    for page in PAGES:
        seen = await otto.see(f"/oversight/figures{page}")
        assert filed.reference not in seen.answer.text
        assert "Child protection office of the North" not in seen.words
    assert "Nothing was asked for" in (await otto.see("/oversight/figures/groups")).words


async def test_an_empty_period_is_an_answer(visit: Visit, hand_off: UUID) -> None:
    vera = await visit("supervisor")
    for page in ("groups", "curve", "behind", *(one[1:] for one in QUESTIONS)):
        seen = await vera.see(f"/oversight/figures/{page}?since=2001-01&until=2001-02")
        assert seen.status == 200, page
    assert (await vera.see("/oversight/figures?month=2001-01")).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-13",
        "since=soon",
        "until=9999-12",
        "since=2026-03&until=2026-01",
        "since=1990-01&until=2099-12",
        "agency=nobody",
        "track=%00",
        "step=%27%3B--",
    ],
)
async def test_what_is_no_month_or_code_is_refused_in_words(visit: Visit, query: str) -> None:
    vera = await visit("supervisor")
    for page in ("groups", "curve", "behind", *(one[1:] for one in QUESTIONS)):
        assert (await vera.see(f"/oversight/figures/{page}?{query}")).status == 422, page
    assert (await vera.see("/oversight/figures?month=soon")).status == 422


async def test_agencies_are_compared_in_a_funnel_without_proposed_targets(
    history: House, visit: Visit
) -> None:
    for part in ("supervisor", "coordinator"):
        page = await (await visit(part)).see(f"/oversight/figures/comparison?{SINCE}")
        assert page.answer.text.count("<polyline") == 5, part
        lines = re.findall(r'<tr[^>]*>\s*<th scope="row".*?</tr>', page.answer.text, re.DOTALL)
        told = [one for one in lines if "%" in one]
        assert page.answer.text.count("<circle") == len(told) > 0, part
        # To who works on none of the cases, agencies of few are names without a share.
        assert (len(told) == len(lines)) is (part == "supervisor"), part
        assert "too few to say" in page.words or "by chance" in page.words.lower()
        assert "style=" not in page.answer.text


async def test_each_step_of_a_track_says_who_waits_there_and_each_limit_its_source(
    history: House, visit: Visit
) -> None:
    vera = await visit("supervisor")
    page = await vera.see(f"/oversight/figures/bottlenecks?track=trafficking&{SINCE}")
    assert page.words.index("(ZZ-T01)") < page.words.index("(ZZ-T02)")
    assert "law" in page.words
    empty = await vera.see(f"/oversight/figures/bottlenecks?track=nothing&{SINCE}")
    assert empty.status == 200


async def test_assumed_limits_are_listed_as_gaps_and_answers_for_others_by_sender(
    history: House, visit: Visit
) -> None:
    vera = await visit("supervisor")
    gaps = await vera.see(f"/oversight/figures/law-gaps?{SINCE}")
    assert "proposed target" in gaps.words
    table = gaps.answer.text[gaps.answer.text.index("<tbody") :]
    assert ">law<" not in table
    assert ">procedure<" not in table
    senders = await vera.see(f"/oversight/figures/senders?{SINCE}")
    assert links(senders.answer.text, "/behind")
    assert "/oversight#idle" in senders.answer.text
    cora = await (await visit("coordinator")).see(f"/oversight/figures/senders?{SINCE}")
    assert "/oversight#idle" not in cora.answer.text
    assert links(cora.answer.text, "/behind") == []
