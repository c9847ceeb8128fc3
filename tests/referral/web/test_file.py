"""Filing a referral: a place is enough, what was typed is kept, the answer says who and when."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from tests.cast import House
from tests.referral.web.conftest import Visit
from tests.referral.web.visiting import Seen, Visitor

_CHILD: dict[str, Any] = {
    "place": "ZZ-N",
    "reported": "CL",
    "p1-identity-name": "Amal Doe",
    "p1-age": "10",
    "p1-works": "yes",
    "p1-econ_hours": "20",
    "p1-beneficiary": "other",
    "p1-hazards": ["HZ_HEAVY_LOADS"],
    "p1-safety-whereabouts": "At an aunt's",
    "narrative": "Carrying bricks.",
}


async def _file(visitor: Visitor, **typed: Any) -> Seen:
    page = await visitor.see("/cases/new")
    assert page.status == 200
    return await visitor.send(page, "/cases", **typed)


async def test_the_answer_names_agency_step_source_and_limit_with_its_derivation(
    visit: Visit,
) -> None:
    visitor = await visit("inspector")
    answer = await visitor.follow(await _file(visitor, **_CHILD))
    for words in (
        "Filed as ZZ-",
        "Child protection office of the North, Intake desk",
        "Child protection takes the child over",
        "Child Protection Act of Zedland, art. 10",
        "3 Mar 2026, 12:00 UTC",
        "24 hours run without a stop",
        "Child labour: Indicated",
    ):
        assert words in answer.words.replace(" ,", ","), words
    assert "Amal" not in answer.answer.text


async def test_what_was_typed_is_kept_as_facts_and_sealed(house: House, visit: Visit) -> None:
    done = await _file(await visit("inspector"), **_CHILD)
    case_id = UUID(done.place.split("/")[2])
    rows = await house.rows(
        "SELECT facts FROM referral.case_facts WHERE case_id = $1 AND person_id IS NOT NULL",
        case_id,
    )
    assert '"HZ_HEAVY_LOADS"' in rows[0]["facts"]
    for table in ("person_identity", "person_safety", "note"):
        sealed = await house.rows(f"SELECT content FROM referral.{table}")
        assert sealed
        assert b"Amal" not in sealed[0]["content"]


async def test_a_place_is_enough(visit: Visit) -> None:
    visitor = await visit("inspector")
    done = await visitor.follow(await _file(visitor, place="ZZ-N"))
    assert "Filed as" in done.words
    assert "Still needed" in done.words
    assert "Too little known" in done.words
    assert "Why: the report is filed and screening says too little." in done.words


async def test_a_form_in_which_nothing_is_told_comes_back(house: House, visit: Visit) -> None:
    visitor = await visit("inspector")
    empty = await _file(visitor)
    assert empty.status == 422
    assert "Nothing is told yet" in empty.words
    assert await house.rows("SELECT 1 FROM referral.case") == []
    told = await _file(visitor, narrative="A child sleeps in the bus station.")
    assert told.status == 303


async def test_immediately_is_shown_as_now_and_an_assumption_is_marked(visit: Visit) -> None:
    visitor = await visit("inspector")
    urgent = {**_CHILD, "danger_now": "yes", "exploitation_under_way": "yes"}
    answer = await visitor.follow(await _file(visitor, **urgent))
    assert "By: now assumed limit, not law" in answer.words


async def test_a_double_click_files_once(house: House, visit: Visit) -> None:
    visitor = await visit("inspector")
    page = await visitor.see("/cases/new")
    first = await visitor.send(page, "/cases", **_CHILD)
    again = await visitor.send(page, "/cases", **_CHILD)
    assert first.place == again.place
    assert len(await house.rows("SELECT 1 FROM referral.case")) == 1


async def test_a_wrong_value_brings_the_form_back_with_everything_typed(
    house: House, visit: Visit
) -> None:
    visitor = await visit("inspector")
    wrong = await _file(visitor, **{**_CHILD, "p1-age": "abc", "p1-econ_hours": "200"})
    assert wrong.status == 422
    assert "There is a problem" in wrong.words
    assert 'href="#p1-age"' in wrong.answer.text
    assert 'href="#p1-econ_hours"' in wrong.answer.text
    assert "Hours of work in the week must be a whole number from 0 to 168." in wrong.words
    kept = wrong.form("/cases").values
    assert kept["p1-identity-name"] == ["Amal Doe"]
    assert kept["p1-age"] == ["abc"]
    assert kept["p1-hazards"] == ["HZ_HEAVY_LOADS"]
    assert kept["narrative"] == ["Carrying bricks."]
    assert await house.rows("SELECT 1 FROM referral.case") == []
    right = await visitor.send(wrong, "/cases", **{"p1-age": "10", "p1-econ_hours": "20"})
    assert right.status == 303


def _folds(page: Seen) -> dict[str, tuple[bool, str]]:
    """Each fold by its title: whether it stands open, and what it says beside the title."""
    found = re.findall(
        r"<details class=\"govuk-details fold\"( open)?>\s*<summary[^>]*><span[^>]*>([^<]+)</span>"
        r"(?:&ensp;<\w+[^>]*>([^<]*)<)?",
        page.answer.text,
    )
    return {title: (bool(opened), beside) for opened, title, beside in found}


async def test_what_decides_is_asked_first_and_the_rest_is_folded(visit: Visit) -> None:
    page = await (await visit("inspector")).see("/cases/new")
    words = page.words
    first = ("In danger now", "Exploitation is under way", "What is reported?", "Where did it")
    places = [words.index(one) for one in (*first, "Person 1", "Work and school", "Who reported")]
    assert places == sorted(places)
    folds = _folds(page)
    assert len(folds) == 10
    assert not [title for title, (opened, _) in folds.items() if opened]
    assert folds["Work and school"] == (False, "hours, night work, hazards")


async def test_only_what_is_wrong_stands_open_and_the_rest_says_how_much_is_answered(
    visit: Visit,
) -> None:
    typed = {**_CHILD, "p1-econ_hours": "200", "reporter-name": "A neighbour"}
    folds = _folds(await _file(await visit("inspector"), **typed))
    assert [title for title, (opened, _) in folds.items() if opened] == ["Work and school"]
    assert folds["Work and school"][1] == "4 answered"
    assert folds["Who reported it"] == (False, "1 answered")
    assert folds["Where she or he is now"] == (False, "1 answered")
    assert folds["Sex, age if not known, role"] == (False, "accused or relative")


async def test_whatever_field_is_wrong_it_is_to_be_seen(visit: Visit) -> None:
    visitor = await visit("inspector")
    wrong = {
        "Work and school": {"p1-econ_hours": "many"},
        "When, and how many": {"headcount": "0"},
        "Many persons at once": {"people": "no such column\n1"},
    }
    for title, typed in wrong.items():
        page = await _file(visitor, **{**_CHILD, **typed})
        assert page.status == 422, title
        assert [one for one, (opened, _) in _folds(page).items() if opened] == [title]
    dated = await _file(visitor, **{**_CHILD, "occurred_at": "2026-03-04"})
    assert _folds(dated)["When, and how many"][0]


async def test_a_home_address_is_asked_for_and_sealed(house: House, visit: Visit) -> None:
    await _file(await visit("inspector"), **_CHILD, **{"p1-identity-address": "12 Kiln Lane"})
    (row,) = await house.rows("SELECT content FROM referral.person_identity")
    assert b"Kiln" not in row["content"]


async def test_persons_are_added_and_taken_away_without_losing_what_was_typed(
    visit: Visit,
) -> None:
    visitor = await visit("inspector")
    page = await visitor.see("/cases/new")
    two = await visitor.press(page, "/cases", "/cases/draft", more="1", **_CHILD)
    assert two.status == 200
    assert "Person 2" in two.words
    assert two.form("/cases").values["p1-identity-name"] == ["Amal Doe"]
    second = {"p2-age": "12", "p2-works": "yes", "p2-role": "concerned"}
    done = await visitor.follow(await visitor.send(two, "/cases", **second))
    assert "Person 2 Child labour:" in done.words
    one = await visitor.press(two, "/cases", "/cases/draft", fewer="1")
    assert "Person 2" not in one.words


async def test_an_accused_person_is_kept_apart(house: House, visit: Visit) -> None:
    visitor = await visit("inspector")
    page = await visitor.see("/cases/new")
    two = await visitor.press(page, "/cases", "/cases/draft", more="1", **_CHILD)
    accused = {"p2-role": "accused", "p2-identity-name": "Mr Kiln"}
    assert (await visitor.send(two, "/cases", **accused)).status == 303
    rows = await house.rows("SELECT role FROM referral.person ORDER BY number")
    assert [row["role"] for row in rows] == ["concerned", "accused"]
    assert len(await house.rows("SELECT 1 FROM referral.screening")) == 1


async def test_indicators_and_asked_none_found_are_told_apart(house: House, visit: Visit) -> None:
    typed = {
        **_CHILD,
        "p1-fl_indicators-FL07": "confirmed document",
        "p1-fl_indicators-FL03": "absent",
        "p1-means": ["none-found"],
    }
    assert (await _file(await visit("inspector"), **typed)).status == 303
    rows = await house.rows("SELECT facts FROM referral.case_facts WHERE person_id IS NOT NULL")
    facts = rows[0]["facts"].replace(" ", "")
    assert '"FL07":{"basis":["document"],"status":"confirmed"}' in facts
    assert '"FL03":{"basis":[],"status":"absent"}' in facts
    assert '"means":[]' in facts
    assert '"acts"' not in facts


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"place": "AR-B"}, "There is no such place in ZZ"),
        ({"occurred_at": "2569-03-02"}, "Buddhist era"),
        ({"occurred_at": "2026-03-04"}, "The day is in the future"),
        ({"occurred_at": "soon"}, "year-month-day"),
    ],
)
async def test_what_cannot_be_is_put_right(visit: Visit, typed: dict[str, str], words: str) -> None:
    wrong = await _file(await visit("inspector"), **{**_CHILD, **typed})
    assert wrong.status == 422
    assert words in wrong.words


async def test_a_day_of_the_buddhist_era_is_read_when_it_says_so(
    house: House, visit: Visit
) -> None:
    await _file(await visit("inspector"), **_CHILD, occurred_at="พ.ศ. ๒๕๖๙-๐๓-๐๑")
    rows = await house.rows("SELECT occurred_at::date::text AS day FROM referral.case")
    assert rows[0]["day"] == "2026-03-01"


async def test_a_day_without_a_time_is_precise_to_the_day(house: House, visit: Visit) -> None:
    await _file(await visit("inspector"), **_CHILD, occurred_at="2026-03-01")
    rows = await house.rows("SELECT occurred_precision FROM referral.case")
    assert rows[0]["occurred_precision"] == "day"


async def test_who_may_not_file_gets_no_form(visit: Visit) -> None:
    assert (await (await visit("auditor")).see("/cases/new")).status == 403


async def test_the_answer_is_only_for_the_unit_that_filed(visit: Visit, case: str) -> None:
    assert (await (await visit("supervisor")).see(f"{case}/filed")).status == 200
    assert (await (await visit("outsider")).see(f"{case}/filed")).status == 404
