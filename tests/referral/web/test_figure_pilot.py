"""The pilot view: two sides with their uncertainty, and in words what they do not show."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest

from referral.exports.pilots import By, Pilot, compared
from referral.figures import Counts, Figure, Group, Period
from referral.web.figure_ranges import of_share, of_time, shares, times
from referral.web.pilot_words import Saying
from tests.cast import House
from tests.referral.figures.histories import Drawing
from tests.referral.web.conftest import Visit

PAGE = "/oversight/figures/pilot"
OF = "of=child_protection%402026-02-15"


@pytest.fixture
async def history(house: House) -> House:
    """Months on both sides of a version."""
    begins, ends = datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 5, 20, 12, tzinfo=UTC)
    await (await Drawing(house, 1, begins, ends).some(400)).enter(house)
    house.at.to(ends)
    return house


async def test_both_sides_stand_in_a_table_and_are_drawn_beside_it(
    history: House, visit: Visit
) -> None:
    page = await (await visit("supervisor")).see(f"{PAGE}?{OF}")
    text = page.answer.text
    assert text.count("<svg") >= 3
    assert "style=" not in text
    for told in ("What may be concluded", "95 % interval", "small group", "Before", "Since"):
        assert told in page.words, told
    for ending in ("", ".csv", ".xlsx"):
        asked = "track=child_protection&version=2026-02-15&by=time&months=6"
        assert f"/api/v1/oversight/pilot{ending}?{asked}" in unescape(text)


async def test_behind_a_number_of_one_side_are_that_many_hand_offs(
    history: House, visit: Visit
) -> None:
    vera = await visit("supervisor")
    page = await vera.see(f"{PAGE}?{OF}&months=3")
    found = re.findall(r'href="(/oversight/figures/behind\?[^"]*)">(\d+)</a>', page.answer.text)
    since = [(unescape(to), int(told)) for to, told in found if "version=2026-02-15" in to]
    assert since
    for address, count in [one for one in since if one[1] <= 50][:2]:
        listed = (await vera.see(address)).answer.text
        assert listed.count('govuk-!-font-weight-bold" href="/hand-offs/') == count
    there = await vera.see(f"{PAGE}?{OF}&by=place")
    assert "/behind?" not in there.answer.text


async def test_the_country_has_no_small_number_and_no_list(history: House, visit: Visit) -> None:
    cora = await visit("coordinator")
    for by in By:
        page = await cora.see(f"{PAGE}?{OF}&by={by.value}")
        assert "/behind?" not in page.answer.text
        cells = re.findall(r"numeric\">([^<]*)</td>", page.answer.text)
        assert not [one for one in cells if one.isdecimal() and 0 < int(one) <= 10]
        assert "c" in cells


async def test_months_of_nothing_are_an_answer(visit: Visit) -> None:
    for by in By:
        page = await (await visit("supervisor")).see(f"{PAGE}?by={by.value}&months=1")
        assert page.status == 200
        assert "Nothing was asked for" in page.words
        assert "<svg" not in page.answer.text


@pytest.mark.parametrize(
    ("query", "status"),
    [("of=x", 422), ("of=a%00@b", 422), ("months=0", 422), ("by=luck", 422), ("of=a@b", 404)],
)
async def test_what_is_no_version_is_refused(visit: Visit, query: str, status: int) -> None:
    assert (await (await visit("supervisor")).see(f"{PAGE}?{query}")).status == status


def pilot(**more: object) -> Pilot:
    """A pilot in the West from the middle of February on, with ten hand-offs on each side."""
    periods = [Period.month(date(2026, month, 1)) for month in (1, 2)]
    whole = compared(periods, [Figure(Group(), Counts(asked=10, waiting=10))] * 2)
    told = {
        "track": "t",
        "version": "v",
        "by": By.TIME,
        "stage": "piloting",
        "on_trial": True,
        "takes_force": date(2026, 2, 15),
        "places": ("ZZ-W",),
        "whose": "unit",
        "whole": whole,
        "steps": (),
    }
    return Pilot(**{**told, **more})  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "It stands in The West only"),
        ({}, "neither side"),
        ({"by": By.PLACE}, "chosen, not drawn by lot"),
        ({"by": By.PLACE, "on_trial": False}, "The pilot is over"),
        ({"by": By.PLACE, "places": ()}, "No place is named"),
        ({"takes_force": date(2026, 6, 1)}, "has not taken force yet"),
    ],
)
def test_what_the_sides_do_not_show_is_said(more: dict[str, object], told: str) -> None:
    say = Saying(pilot(**more), {"ZZ-W": "The West"}, date(2026, 3, 2))
    assert any(told in one for one in say.notes)
    assert any("Too few to say anything of" in one for one in say.conclusions)


def test_whoever_is_on_no_trial_is_not_warned_of_one() -> None:
    told = pilot(on_trial=False, takes_force=date(2026, 2, 1))
    notes = " ".join(Saying(told, {}, date(2026, 3, 2)).notes)
    assert "only" not in notes
    assert "neither side" not in notes
    assert "Not all of these months are over" not in notes
    early = " ".join(Saying(told, {}, date(2026, 2, 20)).notes)
    assert "Not all of these months are over" in early


def test_an_interval_without_an_end_is_drawn_to_the_edge_and_nothing_without_a_mark() -> None:
    [drawn] = times("words", [None, of_time("Since", 7200, 3600, None)])
    assert len(drawn.strokes) == 2
    assert [one.words for one in drawn.dots] == ["Since: 2 h (1 h to –)"]
    [both] = shares("words", [of_share("a", 0.5, 0.4, 0.6), of_share("b", 0.2, 0.1, 0.3)])
    assert (len(both.strokes), len(both.dots)) == (6, 2)
    assert times("words", [None, None]) == ()


@pytest.mark.parametrize("top", [1, 59, 3600, 86_400, 1e6, 1e8])
def test_an_axis_of_times_has_few_and_whole_numbers(top: float) -> None:
    [drawn] = times("words", [of_time("a", top, 0, top)])
    assert 2 <= len(drawn.up) <= 7
    assert all(len(one.words) <= 8 for one in drawn.up)
    assert all(0 <= one.at <= 260 for one in drawn.up)
