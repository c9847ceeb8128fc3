"""A list pasted into the report, one line in the inbox, and everybody accepted by one button."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from referral import casework, queries
from referral.access.relationships import Relationship
from referral.casework import PersonTold
from referral.web.people_table import people_in
from tests.cast import House, child_at_work
from tests.referral.web.conftest import Visit

_TABLE = "name,age,sex,in_school\nAmal Doe,9,female,no\nBasil Doe,12,male,\n,10,,yes\n"


async def test_a_pasted_list_is_filed_and_accepted_at_once(house: House, visit: Visit) -> None:
    ines = await visit("inspector")
    form = await ines.see("/cases/new")
    typed = {"place": "ZZ-N", "reported": "CL", "people": _TABLE, "headcount": "10"}
    common = {"common__works": "yes", "common__econ_hours": "20", "common__beneficiary": "other"}
    filed = await ines.follow(await ines.send(form, "/cases", **typed, **common))
    assert "4 persons" in filed.words
    persons = await house.rows("SELECT identified, headcount FROM referral.person ORDER BY number")
    assert [tuple(row) for row in persons] == [(True, 1), (True, 1), (False, 1), (False, 7)]
    winnie = await visit("social_worker")
    inbox = await winnie.see("/hand-offs")
    assert "4 persons, asked together" in inbox.words
    [address] = {
        link.split('"')[0]
        for link in inbox.answer.text.split('href="')[1:]
        if link.startswith("/hand-offs/batches/")
    }
    batch = await winnie.see(address)
    assert "10 persons" in batch.words
    accepted = await winnie.follow(await winnie.send(batch, "/acceptance"))
    assert "your unit is responsible now" in accepted.words
    assert not accepted.offers("/acceptance")
    outsider = await (await visit("outsider")).see(address)
    assert outsider.status == 404


async def test_what_is_wrong_in_a_list_is_told_by_line(visit: Visit) -> None:
    ines = await visit("inspector")
    form = await ines.see("/cases/new")
    table = "name,age\nAmal Doe,nine\nBasil Doe,12\nCeda Doe,-4\n"
    again = await ines.send(form, "/cases", place="ZZ-N", people=table)
    assert again.status == 422
    assert "Line 2, age" in again.words
    assert "Line 4, age" in again.words
    assert "Amal Doe,nine" in again.words, "what was typed stands there again"
    unknown = await ines.send(form, "/cases", place="ZZ-N", people="nom,age\nAmal,9\n")
    assert unknown.status == 422
    assert "nom" in unknown.words


async def test_a_wrong_decline_of_a_batch_opens_its_form_again(visit: Visit) -> None:
    ines = await visit("inspector")
    form = await ines.see("/cases/new")
    typed = {"place": "ZZ-N", "reported": "CL", "people": "age,works,econ_hours,beneficiary\n"}
    typed["people"] += "9;yes;20;other\n".replace(";", ",") * 2
    await ines.follow(await ines.send(form, "/cases", **typed))
    winnie = await visit("social_worker")
    inbox = await winnie.see("/hand-offs")
    address = (
        "/hand-offs/batches/" + inbox.answer.text.split("/hand-offs/batches/")[1].split('"')[0]
    )
    again = await winnie.send(await winnie.see(address), "/decline")
    assert again.status == 422
    assert "Choose a reason." in again.words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name\n", "nobody below it"),
        ("name,name\na,b\n", "there twice"),
        ("age,sex\n9,female,3\n", "Line 2 has 3 cells"),
        ("age\n" + "9\n" * 1001, "at most 1,000"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(text: str, told: str) -> None:
    assert told in " ".join(people_in(text).faults)


def test_a_list_may_come_from_a_spreadsheet() -> None:
    read = people_in("Name\tIn School\thazards\nAmal Doe\tYes\tHZ_SUBSTANCES HZ_HEIGHTS\n\n")
    assert read.faults == ()
    (person,) = read.persons
    assert person.identity == {"name": "Amal Doe"}
    assert person.facts == {"in_school": True, "hazards": ["HZ_SUBSTANCES", "HZ_HEIGHTS"]}
    assert read.lines == (2,)


async def test_the_case_of_a_large_group_is_shown_part_by_part(house: House, visit: Visit) -> None:
    one = child_at_work()
    persons = tuple(PersonTold(facts=one.persons[0].facts) for _ in range(60))
    filed = await house.manages("inspector", casework.file, replace(one, persons=persons))
    ines = await visit("inspector")
    page = await ines.see(f"/cases/{filed.case_id}")
    assert "Person 50" in page.words
    assert "Person 51" not in page.words
    assert "Persons 51 to 60" in page.words
    more = await ines.see(f"/cases/{filed.case_id}?from=51")
    assert "Person 60:" in more.words
    assert "Person 50:" not in more.words


async def test_only_who_is_on_the_page_is_read_and_opened(house: House, visit: Visit) -> None:
    one = child_at_work()
    persons = tuple(
        PersonTold(facts=one.persons[0].facts, identity={"name": f"Child {number:02}"})
        for number in range(1, 61)
    )
    filed = await house.manages("inspector", casework.file, replace(one, persons=persons))
    case = UUID(filed.case_id)
    some = range(51, 101)
    seen = await house.manages("inspector", queries.case_seen, case, numbers=some)
    assert [person.number for person in seen.persons] == [*range(51, 61)]
    assert {line.person_number for line in seen.hand_offs} == {*range(51, 61)}
    assert len(seen.referrals) == 10
    whole = await house.manages("inspector", queries.case_seen, case)
    assert seen.relationships == whole.relationships
    assert whole.last_number == seen.last_number == len(whole.persons) == 60
    ines = await visit("inspector")
    page = await ines.see(f"/cases/{case}?from=51")
    opened = await ines.send(page, "/opening?from=51", groups=["G2"])
    assert "Child 60" in opened.words
    assert "Child 50" not in opened.words


async def test_who_holds_one_of_many_sees_every_page_as_who_she_is(house: House) -> None:
    """Also the pages on which nobody is hers."""
    one = child_at_work()
    persons = tuple(PersonTold(facts=one.persons[0].facts) for _ in range(60))
    filed = await house.manages("inspector", casework.file, replace(one, persons=persons))
    case = UUID(filed.case_id)
    [last] = await house.rows(
        "SELECT h.id FROM referral.hand_off h JOIN referral.person p ON p.id = h.person_id "
        "WHERE h.case_id = $1 AND p.number = 60 AND h.step = 'ZZ-C01'",
        case,
    )
    await house.manages("social_worker", casework.accept, last["id"])
    pages = [
        await house.manages("social_worker", queries.case_seen, case, numbers=numbers)
        for numbers in (range(1, 51), range(51, 101))
    ]
    assert pages[0].relationships == pages[1].relationships
    assert Relationship.HOLDER in pages[0].relationships
    assert not any(Relationship.HOLDER in one.relationships for one in pages[0].referrals)


async def test_whose_part_is_over_finds_no_page_of_the_case(house: House, visit: Visit) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    [hand_off] = [UUID(ask.hand_off_id) for ask in filed.asks if ask.step == "ZZ-C01"]
    said = casework.Said(reason_code="NO_CAPACITY", note="Both teams are at the flood.")
    await house.manages("social_worker", casework.decline, hand_off, said)
    winnie = await visit("social_worker")
    for address in (f"/cases/{filed.case_id}", f"/cases/{filed.case_id}?from=51"):
        assert (await winnie.see(address)).status == 404
