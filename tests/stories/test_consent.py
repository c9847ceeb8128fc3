"""Consent opens what rests on it, ends it at once when taken back, and never outlives its day."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from protocols.country import Caregiver, Voice
from referral import casework, queries
from referral.casework import Acted, LawfulBasis, Said, Withdrawn
from referral.consent import Form, Given, Purpose, Statement
from referral.errors import Refusal
from tests.cast import House, asked, child_at_work

REASON = Said(reason="As the law says.")


def given(house: House, **changed: Any) -> Given:
    """A girl of ten and her aunt agree, in writing."""
    told = Given(
        purpose=Purpose.SERVICES,
        groups=("G2", "G3"),
        given_at=house.at(),
        expires_at=house.at() + timedelta(days=90),
        form=Form.WRITTEN,
        language="en",
        statements=tuple(Statement),
        child=Voice.ASSENT,
        caregiver=Caregiver.CONSENT,
    )
    return replace(told, **changed)


async def resting_on_consent(house: House) -> tuple[UUID, UUID, UUID]:
    """Filed on the ground of consent: case, referral, the hand-off to child protection."""
    intake = replace(child_at_work(), lawful_basis=LawfulBasis.CONSENT)
    filed = await house.manages("inspector", casework.file, intake)
    hand_off = asked(filed, "ZZ-C01")
    [row] = await house.rows("SELECT referral_id FROM referral.hand_off WHERE id = $1", hand_off)
    return UUID(filed.case_id), row["referral_id"], hand_off


async def agency_of(house: House, part: str) -> UUID:
    """Where this part works."""
    async with house.acting(part) as (_, actor):
        return actor.agency_id


async def records(house: House, part: str, referral: UUID, **changed: Any) -> Any:
    agency = await agency_of(house, "social_worker")
    return await house.does(
        part, casework.record_consent, referral, agency, given(house, **changed)
    )


async def sees_identity(house: House, part: str, case: UUID) -> bool:
    seen = await house.opens(part, queries.case_seen, case, groups=["G2"], reason="To help")
    assert not isinstance(seen, Refusal), seen
    return bool(seen.persons[0].identity)


async def the_consent(house: House) -> UUID:
    [row] = await house.rows("SELECT id FROM referral.consent")
    found: UUID = row["id"]
    return found


async def test_without_consent_the_holder_does_not_learn_who_she_is(house: House) -> None:
    case, referral, hand_off = await resting_on_consent(house)
    await house.manages("social_worker", casework.accept, hand_off)
    assert not await sees_identity(house, "social_worker", case)

    # Recorded by who holds her now, it opens what the step lets travel, and nothing beyond it.
    recorded = await records(house, "social_worker", referral)
    assert isinstance(recorded, Acted), recorded
    assert await sees_identity(house, "social_worker", case)

    # Taken back: closed in the same act, the holder is still the holder, and everybody is told.
    consent = await the_consent(house)
    back = await house.manages("social_worker", casework.withdraw_consent, consent)
    assert isinstance(back, Withdrawn)
    assert back.ended == (str(hand_off),)
    assert [one.groups for one in back.held] == [("G0", "G1")]
    assert not await sees_identity(house, "social_worker", case)
    told = await house.rows("SELECT to_unit FROM referral.outbox WHERE kind = 'consent.withdrawn'")
    assert {row["to_unit"] for row in told} == {house.player("social_worker").unit_id}

    # Twice is told, not done twice.
    again = await house.does("social_worker", casework.withdraw_consent, consent)
    assert isinstance(again, Refusal)
    assert again.status == 409


async def test_a_consent_given_before_is_there_at_acceptance_and_ends_on_its_day(
    house: House,
) -> None:
    case, referral, hand_off = await resting_on_consent(house)
    assert isinstance(await records(house, "inspector", referral), Acted)
    await house.manages("social_worker", casework.accept, hand_off)
    assert await sees_identity(house, "social_worker", case)
    house.at.forward(days=91)
    assert not await sees_identity(house, "social_worker", case)
    [line] = await house.does("social_worker", queries.consents_of, case)
    assert not line.stands
    assert line.withdrawn_at is None


async def test_a_consent_to_another_agency_or_for_research_opens_nothing_here(house: House) -> None:
    case, referral, hand_off = await resting_on_consent(house)
    await house.manages("social_worker", casework.accept, hand_off)
    elsewhere = await agency_of(house, "prosecutor")
    other = await house.does(
        "social_worker", casework.record_consent, referral, elsewhere, given(house)
    )
    assert isinstance(other, Acted)
    assert isinstance(
        await records(house, "social_worker", referral, purpose=Purpose.RESEARCH), Acted
    )
    assert not await sees_identity(house, "social_worker", case)


async def test_another_basis_is_the_supervisors_and_opens_what_the_step_says(house: House) -> None:
    case, referral, hand_off = await resting_on_consent(house)
    await house.manages("social_worker", casework.accept, hand_off)
    basis, law = LawfulBasis.LEGAL_OBLIGATION, "Child Protection Act, art. 9"
    refused = await house.does("social_worker", casework.change_basis, referral, basis, law, REASON)
    assert isinstance(refused, Refusal)
    assert refused.status == 403
    nameless = await house.does(
        "protection_supervisor", casework.change_basis, referral, basis, " ", REASON
    )
    assert isinstance(nameless, Refusal)
    assert nameless.extra["errors"][0]["pointer"] == "/reference"
    changed = await house.manages(
        "protection_supervisor", casework.change_basis, referral, basis, law, REASON
    )
    assert isinstance(changed, Acted)
    assert await sees_identity(house, "social_worker", case)
    back = await house.manages(
        "protection_supervisor", casework.change_basis, referral, LawfulBasis.CONSENT, "", REASON
    )
    assert isinstance(back, Acted)
    assert not await sees_identity(house, "social_worker", case)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"child": Voice.EXPLAIN}, "/child"),
        ({"caregiver": Caregiver.NONE}, "/caregiver"),
        ({"caregiver": Caregiver.AGREEMENT}, "/caregiver"),
        ({"statements": tuple(Statement)[1:]}, "/statements"),
        ({"groups": ()}, "/groups"),
        ({"groups": ("G5",)}, "/groups"),
        ({"form": Form.SPOKEN_WITH_WITNESS}, "/witness"),
        ({"language": " "}, "/language"),
    ],
)
async def test_what_lacks_something_is_no_consent(
    house: House, changed: dict[str, Any], pointer: str
) -> None:
    _, referral, _ = await resting_on_consent(house)
    refused = await records(house, "inspector", referral, **changed)
    assert isinstance(refused, Refusal)
    assert [one["pointer"] for one in refused.extra["errors"]] == [pointer]
    assert await house.rows("SELECT FROM referral.consent") == []


async def test_where_no_caregiver_can_somebody_else_decides_and_says_why(house: House) -> None:
    _, referral, _ = await resting_on_consent(house)
    aunt = {"caregiver": Caregiver.NONE, "otherwise": "The aunt owns the kiln; the judge decided."}
    assert isinstance(await records(house, "inspector", referral, **aunt), Acted)


async def test_only_who_holds_her_records_and_strangers_find_nothing(house: House) -> None:
    case, referral, _ = await resting_on_consent(house)
    for part, status in (("social_worker", 403), ("outsider", 404), ("agency_admin", 404)):
        refused = await records(house, part, referral)
        assert isinstance(refused, Refusal), part
        assert refused.status == status, part
    assert isinstance(await records(house, "inspector", referral), Acted)
    consent = await the_consent(house)
    for part in ("outsider", "auditor"):
        gone = await house.does(part, casework.withdraw_consent, consent)
        assert isinstance(gone, Refusal)
        assert gone.status == 404
        listed = await house.does(part, queries.consents_of, case)
        assert isinstance(listed, Refusal)
        assert listed.status == 404


async def test_who_was_asked_may_take_down_a_withdrawal_too(house: House) -> None:
    _, referral, _ = await resting_on_consent(house)
    await records(house, "inspector", referral)
    consent = await the_consent(house)
    back = await house.manages("social_worker", casework.withdraw_consent, consent)
    assert isinstance(back, Withdrawn)
    assert back.ended == ()  # nobody had accepted yet
    told = await house.rows("SELECT to_unit FROM referral.outbox WHERE kind = 'consent.withdrawn'")
    assert {row["to_unit"] for row in told} == {house.player("inspector").unit_id}


async def test_a_withdrawal_and_an_acceptance_at_once_end_with_nothing_open(house: House) -> None:
    case, referral, hand_off = await resting_on_consent(house)
    await records(house, "inspector", referral)
    consent = await the_consent(house)
    withdrawn, accepted = await asyncio.gather(
        house.does("protection_supervisor", casework.withdraw_consent, consent),
        house.does("social_worker", casework.accept, hand_off),
    )
    assert isinstance(withdrawn, Withdrawn), withdrawn
    assert isinstance(accepted, Acted), accepted
    assert withdrawn.ended in {(), (str(hand_off),)}  # told which came first
    assert not await sees_identity(house, "social_worker", case)
