"""Filed twice: the newer case points to the older one, and nobody sees more than she saw before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from referral import casework, queries
from referral.casework import Intake, PersonTold, Said
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import Desk, problem
from tests.referral.web.visiting import Visitor

WHY = Said(reason="The hotline and the market patrol met the same girl.")


async def filed(house: House, part: str = "inspector", intake: Intake | None = None) -> Any:
    """One report, a little later than the one before it."""
    house.at.forward(minutes=5)
    return await house.manages(part, casework.file, intake or child_at_work())


def referral(report: Any) -> UUID:
    return UUID(report.referrals[0].referral_id)


async def merged(house: House, newer: Any, older: Any) -> Any:
    """Asked for by the inspector, approved by her supervisor."""
    proposal = await house.manages(
        "inspector", casework.propose, referral(newer), "merge", WHY, older=older.reference
    )
    return await house.manages(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )


async def states(house: House, report: Any) -> list[tuple[str, str | None]]:
    rows = await house.rows(
        "SELECT state, outcome FROM referral.referral WHERE case_id = $1 ORDER BY track",
        UUID(report.case_id),
    )
    return [(row["state"], row["outcome"]) for row in rows]


async def test_two_persons_merge_the_newer_into_the_older(house: House) -> None:
    older, newer = await filed(house), await filed(house)
    about = (casework.propose, referral(newer), "merge")
    assert (await house.does("inspector", *about, Said(), older=older.reference)).status == 403
    for part, status in (("outsider", 404), ("social_worker", 403)):
        answer = await house.does(part, *about, WHY, older=older.reference)
        assert answer.status == status, part
    proposal = await house.manages("inspector", *about, WHY, older=older.reference.lower())
    answering = (casework.answer_proposal, UUID(proposal.id), Said())
    assert (await house.does("inspector", *answering, approve=True)).type == "not-permitted"
    assert (await house.does("outsider", *answering, approve=True)).status == 404
    assert await states(house, newer) == [("open", None)]
    await house.manages("supervisor", *answering, approve=True)

    assert await states(house, newer) == [("closed", "MERGED")]
    assert await states(house, older) == [("open", None)]
    seen = await house.manages("inspector", queries.case_seen, UUID(newer.case_id))
    assert seen.older == ((UUID(older.case_id), older.reference),)
    seen = await house.manages("inspector", queries.case_seen, UUID(older.case_id))
    assert seen.newer == ((UUID(newer.case_id), newer.reference),)
    assert len(seen.persons) == 1
    told = await house.rows(
        "SELECT to_unit FROM referral.outbox "
        "WHERE kind = 'hand_off.cancelled' AND hand_off_id = $1",
        asked(newer, "ZZ-C01"),
    )
    assert [one["to_unit"] for one in told] == [house.player("social_worker").unit_id]


async def test_parties_of_one_see_nothing_of_the_other(house: House) -> None:
    older, newer = await filed(house), await filed(house)
    office = asked(older, "ZZ-C01")
    note = Said(reason_code="NO_CAPACITY", note="Both our teams are at the flood.")
    await house.manages("social_worker", casework.decline, office, note)
    await merged(house, newer, older)
    for report in (older, newer):
        gone = await house.does("social_worker", queries.case_seen, UUID(report.case_id))
        assert gone.status == 404
        assert (await house.does("outsider", queries.case_seen, UUID(report.case_id))).status == 404
    # Who was asked about the newer one keeps that hand-off; where it leads she is not told.
    lines = await house.manages("inspector", queries.timeline_of, UUID(newer.case_id))
    [line] = [one for one in lines if one.act == "case.merged"]
    assert (line.from_, line.to) == (None, None)


async def test_whom_the_directorate_works_for_on_the_older_one_it_is_not_named(
    house: House,
) -> None:
    """A party of the newer case alone reads that it was merged, and not into which."""
    older = await filed(house)
    newer = await filed(house)
    await house.rows(
        "INSERT INTO referral.party (id, case_id, referral_id, country, unit_id, relationship, "
        "groups, since) VALUES (gen_random_uuid(), $1, $2, 'ZZ', $3, 'past_holder', '{G0}', $4)",
        *(UUID(newer.case_id), referral(newer), house.player("directorate").unit_id, house.at()),
    )
    house.honest = False  # a past holder nobody made
    await merged(house, newer, older)
    seen = await house.manages("directorate", queries.case_seen, UUID(newer.case_id))
    assert seen.older == ()
    assert (await house.does("directorate", queries.case_seen, UUID(older.case_id))).status == 404


async def test_what_only_the_newer_one_has_goes_on(house: House) -> None:
    def told(*names: str) -> Intake:
        facts = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
        intake = child_at_work()
        persons = tuple(
            PersonTold(facts=facts, identity={"name": name, "born_on": "2016-01-31"})
            for name in names
        )
        return Intake(
            client_id=intake.client_id, place=intake.place, reported="CL", persons=persons
        )

    older = await filed(house, intake=told("Amal Doe"))
    newer = await filed(house, intake=told("Amal Doe", "Bita Roe"))
    await merged(house, newer, older)
    assert sorted(await states(house, newer)) == [("closed", "MERGED"), ("open", None)]
    [left] = await house.rows(
        "SELECT p.number FROM referral.referral r JOIN referral.person p ON p.id = r.person_id "
        "WHERE r.case_id = $1 AND r.state = 'open'",
        UUID(newer.case_id),
    )
    assert left["number"] == 2


async def test_only_into_an_older_one_whose_lead_the_unit_holds(house: House) -> None:
    foreign = await filed(house, "hotline")
    older, newer = await filed(house), await filed(house)
    about = (casework.propose, referral(newer), "merge", WHY)
    codes = []
    for reference in (foreign.reference, "ZZ-0000-0000", newer.reference, ""):
        answer = await house.does("inspector", *about, older=reference)
        codes.append((answer.status, answer.extra["errors"][0]["code"]))
    assert codes == [(422, "unknown")] * 4, "of another unit, of nobody, itself: the same answer"
    backwards = await house.does(
        "inspector", casework.propose, referral(older), "merge", WHY, older=newer.reference
    )
    assert backwards.status == 409
    await merged(house, newer, older)
    third = await filed(house)
    chained = await house.does(
        "inspector", casework.propose, referral(third), "merge", WHY, older=newer.reference
    )
    assert chained.status == 409, "a pointer leads to no pointer"


async def test_taken_over_meanwhile_it_is_not_merged(house: House) -> None:
    older, newer = await filed(house), await filed(house)
    proposal = await house.manages(
        "inspector", casework.propose, referral(newer), "merge", WHY, older=older.reference
    )
    await house.manages("social_worker", casework.accept, asked(older, "ZZ-C01"))
    late = await house.does(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )
    assert (late.status, late.extra["from"]) == (409, "moved")
    assert await states(house, newer) == [("open", None)]


@pytest.fixture
def desk(house: House) -> Desk:
    """Clients for the doors."""
    return Desk(house)


async def test_over_json_and_as_a_page(house: House, desk: Desk) -> None:
    older = await desk.files()
    house.at.forward(minutes=5)
    newer = await desk.files()
    path = f"referrals/{newer['referrals'][0]['referral_id']}/proposals"
    body = {"act": "merge", "older": older["reference"], "reason": WHY.reason}
    problem(await desk.sends("outsider", path, body), 404, "not-found")
    done = await desk.sends("inspector", path, body)
    assert done.status_code == 200, done.text
    chief = Visitor(await house.browser("supervisor"))
    page = await chief.see(f"/cases/{newer['case_id']}/need-to-know")
    assert older["reference"] in page.words
    [answering] = [form.action for form in page.forms if "/proposals/" in form.action]
    await chief.follow(await chief.send(page, answering, answer="approve"))
    page = await chief.see(f"/cases/{newer['case_id']}")
    assert f"Filed twice; see {older['reference']}" in page.words
    assert f"/cases/{older['case_id']}" in page.answer.text
    page = await chief.see(f"/cases/{older['case_id']}")
    assert f"Filed again as {newer['reference']}" in page.words
    case = (await desk.reads("inspector", f"cases/{newer['case_id']}")).json()
    assert case["older"] == [{"id": older["case_id"], "reference": older["reference"]}]
