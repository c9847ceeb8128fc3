"""Who is known already: exact matches only, an agency at most, and a budget on names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral import casework, queries
from referral.casework import Intake, Matches, PersonTold, Said, Sought
from referral.casework.blinding import findable
from referral.errors import Refusal
from referral.session import WitnessedRead, WriteSession
from tests.cast import PLACE, House
from tests.stories.test_break_glass import does as reads_proven
from tests.stories.test_break_glass import notices, proven

WHY = Said(reason="Before her report is filed a second time.")
AMAL = {
    "name": "Amal Doe",
    "born_on": "2016-01-31",
    "document": "ZZ-12345",
    "contact": "+54 11 4321-5678",
}
CHILD = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
NOBODY = Matches((), coordinator=False)
COORDINATOR = Matches((), coordinator=True)


def report(**more: Any) -> Intake:
    """A girl whose name, document and telephone are known."""
    person = PersonTold(facts=more.pop("facts", CHILD), identity=more.pop("identity", AMAL))
    return Intake(
        **{"client_id": uuid4(), "place": PLACE, "reported": "CL", "persons": (person,), **more}
    )


async def seeks(house: House, part: str, said: Any = WHY, **sought: Any) -> Any:
    """With a fresh proof."""
    async with proven(house, part) as (session, actor):
        writing = WriteSession(session.connection, session.vault, session.catalogue, "test")
        return await casework.find_duplicates(
            writing, actor, Sought(**sought), said, now=house.at()
        )


async def opens(house: House, part: str, case_id: UUID) -> Any:
    """The names of a case, without a fresh proof."""
    async with house.acting(part) as (session, actor):
        reading = WitnessedRead(session.connection, session.vault, session.catalogue, "test")
        return await queries.case_seen(reading, actor, case_id, groups=("G2",), now=house.at())


async def test_an_exact_match_names_the_agency_and_nothing_else(house: House) -> None:
    await house.manages("inspector", casework.file, report())
    holder = Matches(("Labour Inspection of the North",), coordinator=False)
    rows = await house.rows("SELECT a.name FROM agencies.agency a WHERE key = 'INSPECTION-ZZ-N'")
    holder = replace(holder, agencies=(rows[0]["name"],))
    for sought in (
        {"name": "DOE, Amal", "born_on": "2016-01-31"},
        {"name": "  amál   doe ", "born_on": "2016-01-31"},
        {"document": "zz 12345"},
        {"telephone": "+541143215678"},
        {"name": "Somebody Else", "born_on": "2001-01-01", "document": "zz12345"},
    ):
        assert await seeks(house, "outsider", **sought) == holder, sought
    for sought in (
        {"name": "Amal Doe", "born_on": "2016-02-01"},
        {"name": "Amal", "born_on": "2016-01-31"},
        {"document": "ZZ-12346"},
        {"telephone": "+54 11 4321-5679"},
    ):
        assert await seeks(house, "outsider", **sought) == NOBODY, sought
    # Of no case of another country, whatever its key.
    async with proven(house, "outsider") as (_, actor):
        assert actor.country == "ZZ"
    stored = await house.rows("SELECT kind, octet_length(value) AS n FROM referral.blind_index")
    assert sorted(row["kind"] for row in stored) == ["document", "name_birth", "telephone"]
    assert {row["n"] for row in stored} == {32}


async def test_it_takes_a_proof_a_reason_enough_to_look_for_and_the_right_role(
    house: House,
) -> None:
    await house.manages("inspector", casework.file, report())
    whole = Sought(document="ZZ-12345")
    stale = await house.does("outsider", casework.find_duplicates, whole, WHY)
    assert stale.type == "step-up-required"
    assert (await seeks(house, "outsider", Said(), document="ZZ-12345")).type == "reason-required"
    for little in ({}, {"name": "Amal Doe"}, {"document": "123"}, {"telephone": "call me"}):
        assert (await seeks(house, "outsider", **little)).type == "invalid-input", little
    for part in ("auditor", "agency_admin", "data_officer"):
        assert (await seeks(house, part, document="ZZ-12345")).type == "not-permitted", part
    rows = await house.rows(
        "SELECT count(*) FROM referral.audit_entry WHERE act = 'member.duplicates_sought'"
    )
    assert rows[0]["count"] == 0
    await seeks(house, "coordinator", document="ZZ-12345")
    rows = await house.rows(
        "SELECT actor FROM referral.audit_entry WHERE act = 'member.duplicates_sought'"
    )
    assert [row["actor"] for row in rows] == [str(house.player("coordinator").membership_id)]


async def test_of_guarded_cases_only_that_the_coordinator_makes_contact(house: House) -> None:
    trafficked = {
        "age": 15,
        "danger_now": True,
        "acts": ["RECRUITMENT"],
        "purposes": ["SEXUAL_EXPLOITATION"],
    }
    await house.manages("inspector", casework.file, report(facts=trafficked, reported="HT"))
    assert await seeks(house, "outsider", document="ZZ-12345") == COORDINATOR
    coordinator = house.player("coordinator").unit_id
    assert await notices(house, "duplicate.possible") == [(coordinator, "COORDINATOR")]

    sealed = {**AMAL, "document": "S-98765"}
    filed = await house.manages("inspector", casework.file, report(identity=sealed))
    referral = UUID(filed.referrals[0].referral_id)
    assert (await seeks(house, "outsider", document="S-98765")).agencies
    names = ("inspector.zz", "supervisor.zz")
    proposal = await house.manages(
        "inspector", casework.propose, referral, "seal", WHY, named=names
    )
    await house.manages(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )
    assert await seeks(house, "outsider", document="S-98765") == COORDINATOR


async def test_whoever_is_kept_out_learns_nothing(house: House) -> None:
    filed = await house.manages("inspector", casework.file, report())
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("inspector", casework.exclude, referral, "person", "outsider.zz", WHY)
    assert await seeks(house, "outsider", document="ZZ-12345") == NOBODY
    assert len(await notices(house, "duplicate.possible")) == 1, "the coordinator is told"


async def test_twenty_look_ups_an_hour(house: House) -> None:
    for _ in range(20):
        assert await seeks(house, "outsider", document="ZZ-12345") == NOBODY
    spent = await seeks(house, "outsider", document="ZZ-12345")
    assert (spent.status, spent.type) == (429, "budget-spent")
    assert await seeks(house, "inspector", document="ZZ-12345") == NOBODY
    house.at.forward(hours=1)
    assert await seeks(house, "outsider", document="ZZ-12345") == NOBODY


async def test_more_than_forty_names_an_hour_take_a_fresh_password_and_are_told(
    house: House,
) -> None:
    people = tuple(
        PersonTold(facts=CHILD, identity={"name": f"Person {number}"}) for number in range(20)
    )
    cases = []
    for _ in range(3):
        filed = await house.manages("inspector", casework.file, report(persons=people))
        cases.append(UUID(filed.case_id))
    for case_id in cases[:2] * 2:  # forty persons, however often
        seen = await opens(house, "inspector", case_id)
        assert seen.opened == ("G2",)
    assert await notices(house, "member.read_budget") == []
    seen = await opens(house, "inspector", cases[2])
    assert seen.opened == ()
    assert seen.refused["G2"].type == "step-up-required"
    assert all(one.identity is None for one in seen.persons)
    unit = house.player("inspector").unit_id
    assert await notices(house, "member.read_budget") == [(unit, "SUPERVISOR")]
    proven_seen = await reads_proven(
        house, "inspector", queries.case_seen, cases[2], groups=("G2",)
    )
    assert proven_seen.opened == ("G2",)
    assert len(await notices(house, "member.read_budget")) == 1, "told once an hour"
    house.at.forward(hours=1, minutes=1)
    seen = await opens(house, "inspector", cases[0])
    assert seen.opened == ("G2",)


async def test_an_outsider_spends_nothing_and_opens_nothing(house: House) -> None:
    filed = await house.manages("inspector", casework.file, report())
    case_id = UUID(filed.case_id)
    assert isinstance(await opens(house, "outsider", case_id), Refusal)
    assert (await opens(house, "social_worker", case_id)).opened == ()
    assert await house.rows("SELECT * FROM referral.spending") == []


@given(st.text(max_size=40), st.dates())
def test_a_name_is_found_however_it_is_written(name: str, born: Any) -> None:
    def forms(told: str) -> set[tuple[str, str]]:
        return set(findable({"name": told, "born_on": born.isoformat()}, "ZZ"))

    plain = " ".join(name.split())
    assert forms(plain) == forms(f"  {plain}  ") == forms(" ".join(reversed(plain.split())))


@pytest.mark.parametrize(
    ("identity", "country", "expected"),
    [
        ({"name": "José Ñandú", "born_on": "2016-01-31"}, "PY", "PY|jose nandu|2016-01-31"),
        (
            {"name": "นางสาว อินทิรา", "born_on": "B.E. 2559-01-31"},
            "TH",
            "TH|นางสาว อินทิรา|2016-01-31",
        ),
        ({"document": "30.123.456"}, "AR", "AR|30123456"),
        ({"papers": "passport N1234567"}, "AR", "AR|PASSPORTN1234567"),
        ({"contact": "neighbour: 011 4321 5678, evenings"}, "AR", "+541143215678"),
        ({"name": "Amal Doe", "born_on": "2016"}, "ZZ", None),
        ({"document": "none"}, "ZZ", None),
        ({}, "ZZ", None),
    ],
)
def test_what_is_looked_for_is_brought_to_one_form(
    identity: dict[str, str], country: str, expected: str | None
) -> None:
    found = [value for _, value in findable(identity, country)]
    assert found == ([expected] if expected else [])
