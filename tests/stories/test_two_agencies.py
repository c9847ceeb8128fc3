"""Several agencies at once: who was first, who is left out, and two tracks that do not touch."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

from referral import casework, queries
from referral.casework import Acted, Intake, PersonTold, Said
from referral.errors import Refusal
from tests.cast import PLACE, House, asked


def held_by_force(**facts: Any) -> Intake:
    """A girl of fifteen, recruited for sexual exploitation, in danger now."""
    told = {
        "age": 15,
        "danger_now": True,
        "acts": ["RECRUITMENT"],
        "purposes": ["SEXUAL_EXPLOITATION"],
        **facts,
    }
    return Intake(client_id=uuid4(), place=PLACE, reported="HT", persons=(PersonTold(facts=told),))


def asked_of(answer: Any, step: str, mandate: str) -> UUID:
    """The hand-off to this mandate at this step."""
    found = [a.hand_off_id for a in answer.asks if (a.step, a.mandate) == (step, mandate)]
    assert found, [(a.step, a.mandate) for a in answer.asks]
    return UUID(found[0])


async def test_two_forces_race_and_one_wins(house: House) -> None:
    filed = await house.manages("inspector", casework.file, held_by_force())
    city = asked_of(filed, "ZZ-T01", "POLICE")
    river = asked_of(filed, "ZZ-T01", "RIVER_POLICE")

    answers = await asyncio.gather(
        house.does("city_police", casework.accept, city),
        house.does("river_police", casework.accept, river),
    )
    won = [answer for answer in answers if isinstance(answer, Acted)]
    lost = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(won) == len(lost) == 1
    assert lost[0].status == 409
    assert lost[0].extra["from"] == "cancelled"

    # The log shows one custody move, and who came second is told why its hand-off is over.
    moves = await house.rows(
        "SELECT count(*) FROM referral.audit_entry WHERE act = 'referral.custody_moved'"
    )
    assert moves[0]["count"] == 1
    loser = await house.rows(
        "SELECT reason_code FROM referral.hand_off WHERE id = ANY($1) AND state = 'cancelled'",
        [city, river],
    )
    assert [row["reason_code"] for row in loser] == ["SUPERSEDED"]


async def test_the_same_acceptance_twice_is_one(house: House) -> None:
    filed = await house.manages("inspector", casework.file, held_by_force())
    city = asked_of(filed, "ZZ-T01", "POLICE")
    answers = await asyncio.gather(
        *(house.does("city_police", casework.accept, city) for _ in range(5))
    )
    assert sum(isinstance(answer, Acted) for answer in answers) == 1


async def test_a_named_force_is_excluded(house: House) -> None:
    # Somebody says that officers of the city police are part of it.
    facts = {"collusion_alleged": True, "named_agencies": ["POLICE-ZZ-N"]}
    filed = await house.manages("inspector", casework.file, held_by_force(**facts))

    units = {ask.unit_id for ask in filed.asks}
    assert str(house.player("city_police").unit_id) not in units
    inbox = await house.manages("city_police", queries.inbox_of)
    assert inbox.lines == ()
    case = await house.does("city_police", queries.case_seen, UUID(filed.case_id))
    assert case.status == 404
    # Filing was not refused for it: somebody else is asked.
    assert asked_of(filed, "ZZ-T01", "RIVER_POLICE") in {UUID(a.hand_off_id) for a in filed.asks}


async def test_two_tracks_are_accepted_by_two_agencies(house: House) -> None:
    filed = await house.manages(
        "inspector", casework.file, held_by_force(works=True, beneficiary="other")
    )
    assert {one.track for one in filed.referrals} == {"trafficking", "child_protection"}
    leads = [one.track for one in filed.referrals if one.lead]
    assert leads == ["trafficking"]

    river = asked_of(filed, "ZZ-T01", "RIVER_POLICE")
    children = asked(filed, "ZZ-C01")
    police = await house.manages("river_police", casework.accept, river)
    social = await house.manages("social_worker", casework.accept, children)
    assert str(children) not in police.superseded

    holders = await house.rows(
        "SELECT track, holder_unit FROM referral.referral WHERE case_id = $1",
        UUID(filed.case_id),
    )
    assert {row["track"]: row["holder_unit"] for row in holders} == {
        "trafficking": house.player("river_police").unit_id,
        "child_protection": house.player("social_worker").unit_id,
    }
    assert social.holder_unit == str(house.player("social_worker").unit_id)


async def test_a_judge_answers_by_telephone(house: House) -> None:
    filed = await house.manages(
        "inspector", casework.file, held_by_force(works=True, separation_needed=True)
    )
    children = asked(filed, "ZZ-C01")
    accepted = await house.manages("social_worker", casework.accept, children)
    referral = UUID(accepted.referral_id)
    assessed = await house.manages(
        "social_worker", casework.record_event, referral, "ZZ-C02 SEPARATION_NEEDED"
    )
    court = asked(assessed, "ZZ-C06")

    # Nobody in particular counts for nothing.
    said = Said(reason="The duty judge has no connection.")
    anonymous = await house.does("social_worker", casework.attest, court, casework.Act.ACCEPT, said)
    assert anonymous.status == 422

    said = Said(
        reason="The duty judge has no connection.",
        attested_by="Judge C. Teo",
        attested_on="directory number 4400",
    )
    by_voice = await house.manages(
        "social_worker", casework.attest, court, casework.Act.ACCEPT, said
    )
    assert by_voice.state == "accepted"
    seen = await house.sees("social_worker", court)
    assert seen.line.attested
    assert seen.line.attestation_confirmed_at is None

    await house.manages("court", casework.confirm_attestation, court)
    seen = await house.sees("court", court)
    assert seen.line.attestation_confirmed_at == house.at()
