"""What is not known opens doors, and never closes one: parents, missing facts, only a place."""

from __future__ import annotations

from uuid import UUID, uuid4

from referral import casework, queries
from referral.casework import Intake, Said
from referral.errors import Refusal
from tests.cast import PLACE, House, asked, child_at_work


def steps(answer: object) -> set[str]:
    """The steps an answer opened."""
    return {ask.step for ask in answer.asks}  # type: ignore[attr-defined]


async def test_no_prosecutor_where_the_parent_benefits(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work(beneficiary="parent"))
    accepted = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    assert "ZZ-C04" not in steps(accepted)
    inbox = await house.manages("prosecutor", queries.inbox_of)
    assert inbox.lines == ()

    # The page can say why: the rule stands beside the referral.
    case = await house.does("social_worker", queries.case_seen, UUID(filed.case_id))
    withheld = {one["mandate"]: one["reason"]["rule"] for one in case.referrals[0].withheld}
    assert "PROSECUTION" in withheld


async def test_an_unknown_fact_opens_and_is_asked_for(house: House) -> None:
    intake = child_at_work()
    person = intake.persons[0]
    facts = {name: value for name, value in person.facts.items() if name != "beneficiary"}
    intake = casework.Intake(
        client_id=uuid4(), place=PLACE, reported="CL", persons=(casework.PersonTold(facts=facts),)
    )
    filed = await house.manages("inspector", casework.file, intake)
    assert "beneficiary" in {one["fact"] for one in filed.referrals[0].needed}
    accepted = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    prosecutor = asked(accepted, "ZZ-C04")  # unknown opens

    # Learned later: it was the father. Nobody had accepted, so the complaint is taken back.
    amended = await house.manages(
        "social_worker",
        casework.amend,
        UUID(accepted.referral_id),
        {"beneficiary": "parent"},
    )
    assert str(prosecutor) in amended.superseded
    row = await house.rows("SELECT state FROM referral.hand_off WHERE id = $1", prosecutor)
    assert row[0]["state"] == "cancelled"


async def test_a_report_with_only_a_place(house: House) -> None:
    intake = Intake(client_id=uuid4(), place=PLACE)
    filed = await house.manages("hotline", casework.file, intake)
    assert filed.persons[0].findings["CL"]["result"] == "insufficient"
    assert len(filed.referrals) == 1
    assert filed.referrals[0].triage
    assert filed.asks, "somebody has to look: a triage step with a holder and a clock"
    assert all(ask.due_at for ask in filed.asks)


async def test_nobody_serves_the_place_and_filing_is_not_refused(house: House) -> None:
    # The West has no child protection office: the national directorate is its declared fall-back.
    intake = child_at_work()
    west = Intake(client_id=uuid4(), place="ZZ-W", reported="CL", persons=intake.persons)
    filed = await house.manages("hotline", casework.file, west)
    directorate = house.player("directorate").unit_id
    assert UUID(filed.asks[0].unit_id) == directorate


async def test_a_place_that_does_not_exist_says_so(house: House) -> None:
    refused = await house.does("inspector", casework.file, Intake(client_id=uuid4(), place="ZZ-Q"))
    assert refused.status == 422
    assert refused.extra["errors"][0]["pointer"] == "/place"


async def test_a_failed_shelter_keeps_the_child_until_the_next_says_yes(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    accepted = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    referral = UUID(accepted.referral_id)
    assessed = await house.manages(
        "social_worker", casework.record_event, referral, "ZZ-C02 SEPARATION_NEEDED"
    )
    shelter = asked(assessed, "ZZ-C07")
    placed = await house.manages("shelter_worker", casework.accept, shelter)
    house_of_lantern = str(house.player("shelter_worker").unit_id)
    assert placed.holder_unit == house_of_lantern
    await house.manages("shelter_worker", casework.start, shelter)

    said = Said(reason_code="UNSAFE", note="The employer was seen at the gate.")
    failed = await house.manages("shelter_worker", casework.fail, shelter, said)
    assert failed.state == "failed"
    assert failed.holder_unit == house_of_lantern, "the child stays with somebody"
    again = asked(failed, "ZZ-C07")

    taken = await house.manages("social_worker", casework.accept, again)
    assert taken.holder_unit == str(house.player("social_worker").unit_id)


async def test_a_confidential_shelter_is_never_named(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    accepted = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    await house.manages(
        "social_worker",
        casework.record_event,
        UUID(accepted.referral_id),
        "ZZ-C02 SEPARATION_NEEDED",
    )
    async with house.acting("social_worker") as (session, actor):
        case = await queries.case_seen(session, actor, UUID(filed.case_id), now=house.at())
        timeline = await queries.timeline_of(session, actor, UUID(filed.case_id), now=house.at())
    assert not isinstance(case, Refusal)
    shelters = [line for line in case.hand_offs if line.mandate == "SHELTER"]
    assert [line.receiver_agency for line in shelters] == [None]
    assert "House of the Lantern" not in str(case) + str(timeline)


async def test_persons_identified_later_become_persons_of_their_own(house: House) -> None:
    # Somebody reports "about three children"; two days later the office knows who they are.
    intake = Intake(client_id=uuid4(), place=PLACE, reported="CL", facts={"headcount": 3})
    filed = await house.manages("hotline", casework.file, intake)
    placeholder = filed.referrals[0]
    accepted = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))

    house.at.forward(days=2)
    girls = [
        casework.PersonTold(facts={"age": age, "works": True, "econ_hours": 30}) for age in (9, 11)
    ]
    known = await house.manages(
        "social_worker", casework.identify, UUID(accepted.referral_id), girls
    )
    assert not known.closed, "one of the three is still unknown"
    third = [casework.PersonTold(facts={"age": 13, "works": True, "econ_hours": 30})]
    rest = await house.manages(
        "social_worker", casework.identify, UUID(accepted.referral_id), third
    )
    assert rest.closed

    rows = await house.rows(
        "SELECT r.state, r.holder_unit, p.identified FROM referral.referral r "
        "JOIN referral.person p ON p.id = r.person_id WHERE r.case_id = $1",
        UUID(filed.case_id),
    )
    hers = house.player("social_worker").unit_id
    assert sorted((row["identified"], row["state"]) for row in rows) == [
        (False, "closed"),
        (True, "open"),
        (True, "open"),
        (True, "open"),
    ]
    assert {row["holder_unit"] for row in rows} == {hers}
    assert placeholder.triage


async def test_new_facts_bring_a_child_under_another_track(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    accepted = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    # She tells that somebody brought her here to work.
    amended = await house.manages(
        "social_worker",
        casework.amend,
        UUID(accepted.referral_id),
        {"acts": ["RECRUITMENT", "TRANSPORTATION"], "purposes": ["FORCED_LABOUR"]},
    )
    assert {ask.track for ask in amended.asks} >= {"trafficking"}
    tracks = await house.rows(
        "SELECT track, lead FROM referral.referral WHERE case_id = $1 ORDER BY track",
        UUID(filed.case_id),
    )
    assert [(row["track"], row["lead"]) for row in tracks] == [
        ("child_protection", True),
        ("trafficking", False),
    ]
