"""A seal and a named exclusion: two persons decide, and whoever is not named finds nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from referral import casework, queries
from referral.casework import Said
from referral.errors import Refusal
from referral.queries.need_to_know import need_to_know
from tests.cast import House, asked, child_at_work

WHY = Said(reason="A colleague of the unit is the owner's brother.")
NAMES = ("inspector.zz", "supervisor.zz")


async def finds(house: House, part: str, case_id: UUID) -> bool:
    """Whether she finds the case: by its page, its timeline, its row."""
    seen = await house.does(part, queries.case_seen, case_id)
    line = await house.does(part, queries.timeline_of, case_id)
    assert isinstance(seen, Refusal) is isinstance(line, Refusal)
    if isinstance(seen, Refusal):
        assert seen.status == 404
    async with house.acting(part) as (session, _):
        rows = await session.connection.exec_driver_sql(
            "SELECT count(*) FROM referral.case WHERE id = $1", (case_id,)
        )
        assert bool(rows.scalar()) is not isinstance(seen, Refusal), part
    return not isinstance(seen, Refusal)


async def sealed(house: House, *names: str) -> tuple[Any, UUID, UUID]:
    """A case that bears a seal with these user names on it."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    case_id, referral = UUID(filed.case_id), UUID(filed.referrals[0].referral_id)
    proposal = await house.manages(
        "inspector", casework.propose, referral, "seal", WHY, named=names
    )
    await house.manages(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )
    return filed, case_id, referral


async def test_one_asks_and_another_approves_and_then_only_those_named_see_it(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    case_id, referral = UUID(filed.case_id), UUID(filed.referrals[0].referral_id)
    assert await finds(house, "supervisor", case_id)
    unreasoned = await house.does(
        "inspector", casework.propose, referral, "seal", Said(), named=NAMES[:1]
    )
    assert unreasoned.type == "reason-required"
    outsider = await house.does("outsider", casework.propose, referral, "seal", WHY, named=NAMES)
    assert outsider.status == 404
    proposal = await house.manages(
        "inspector", casework.propose, referral, "seal", WHY, named=NAMES[:1]
    )
    assert await finds(house, "supervisor", case_id), "nothing happens before it is approved"
    identity = UUID(proposal.id)
    own = await house.does("inspector", casework.answer_proposal, identity, Said(), approve=True)
    assert own.type == "not-permitted"
    stranger = await house.does(
        "outsider", casework.answer_proposal, identity, Said(), approve=True
    )
    assert stranger.status == 404

    await house.manages("supervisor", casework.answer_proposal, identity, Said(), approve=True)
    assert await finds(house, "inspector", case_id)
    assert not await finds(house, "supervisor", case_id), "she is not named on it"
    again = await house.does("supervisor", casework.answer_proposal, identity, Said(), approve=True)
    assert again.status == 404
    for verb in (casework.add_note, casework.record_voice):
        more: dict[str, Any] = {"reached": True} if verb is casework.record_voice else {}
        words = () if more else ("A note",)
        denied = await house.does("supervisor", verb, referral, *words, WHY, **more)
        assert denied.status == 404


async def test_a_seal_must_leave_somebody_of_every_unit_that_works_on_the_case(
    house: House,
) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)

    async def faults(*names: str) -> list[str]:
        answer = await house.does("inspector", casework.propose, referral, "seal", WHY, named=names)
        return [fault["code"] for fault in answer.extra["errors"]]

    assert await faults() == ["missing"]
    assert await faults("nobody.zz") == ["unknown"]
    assert await faults("inspector.ar") == ["unknown"], "of another country"
    assert await faults("social_worker.zz") == ["unit-without"]


async def test_who_accepts_a_sealed_case_is_on_the_seal_and_her_unit_is_not(house: House) -> None:
    filed, case_id, _ = await sealed(house, *NAMES)
    office = asked(filed, "ZZ-C01")
    # Who is asked reads no name and no place, and must be able to answer.
    assert await finds(house, "social_worker", case_id)
    await house.manages("social_worker", casework.accept, office)
    assert await finds(house, "social_worker", case_id)
    assert not await finds(house, "protection_supervisor", case_id)
    assert not await finds(house, "outsider", case_id)
    assert await finds(house, "inspector", case_id), "past holder, named"
    async with house.acting("social_worker") as (session, _):
        row = await session.connection.exec_driver_sql(
            "SELECT count(*) FROM referral.person_identity WHERE case_id = $1", (case_id,)
        )
        assert row.scalar() == 1


async def test_two_persons_take_a_seal_off(house: House) -> None:
    _, case_id, referral = await sealed(house, *NAMES[:1])
    assert not await finds(house, "supervisor", case_id)
    # She alone is on it: nobody else of the unit can approve, and so somebody must be named first.
    proposal = await house.manages("inspector", casework.propose, referral, "unseal", WHY)
    denied = await house.does(
        "supervisor", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )
    assert denied.status == 404
    _, other, second = await sealed(house, *NAMES)
    proposal = await house.manages("supervisor", casework.propose, second, "unseal", WHY)
    await house.manages(
        "inspector", casework.answer_proposal, UUID(proposal.id), Said(), approve=True
    )
    seen = await house.manages("supervisor", need_to_know, other)
    assert (seen.sealed, seen.named) == (False, ())
    assert {one.answer for one in seen.proposals} == {"approved"}


async def test_a_refusal_and_three_days_of_silence_end_a_proposal(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    case_id, referral = UUID(filed.case_id), UUID(filed.referrals[0].referral_id)
    for_seal = {"named": NAMES[:1]}
    first = await house.manages("inspector", casework.propose, referral, "seal", WHY, **for_seal)
    await house.manages(
        "supervisor", casework.answer_proposal, UUID(first.id), Said(), approve=False
    )
    twice = await house.does(
        "supervisor", casework.answer_proposal, UUID(first.id), Said(), approve=True
    )
    assert (twice.status, twice.extra["from"]) == (409, "refused")
    second = await house.manages("inspector", casework.propose, referral, "seal", WHY, **for_seal)
    house.at.forward(hours=72)
    late = await house.does(
        "supervisor", casework.answer_proposal, UUID(second.id), Said(), approve=True
    )
    assert (late.status, late.extra["from"]) == (409, "expired")
    assert await finds(house, "supervisor", case_id)


async def test_a_person_is_kept_out_at_once_and_let_in_again_by_two(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    case_id, referral = UUID(filed.case_id), UUID(filed.referrals[0].referral_id)
    office = asked(filed, "ZZ-C01")
    out = await house.manages(
        "inspector", casework.exclude, referral, "person", "social_worker.zz", WHY
    )
    assert not await finds(house, "social_worker", case_id)
    inbox = await house.manages("social_worker", queries.inbox_of)
    assert inbox.lines == ()
    for act in (casework.accept, casework.acknowledge):
        assert (await house.does("social_worker", act, office)).status == 404
    assert await finds(house, "protection_supervisor", case_id), "her colleague works on"
    await house.manages("protection_supervisor", casework.accept, office)
    assert not await finds(house, "social_worker", case_id), "in parts that came later too"

    with pytest.raises(AssertionError, match="not-found"):
        await house.manages("social_worker", need_to_know, case_id)
    held = await house.manages("protection_supervisor", need_to_know, case_id)
    assert [(one.kind, one.name) for one in held.exclusions] == [("person", "Winnie Sato")]
    assert held.exclusions[0].reason == WHY.reason
    assert str(held.exclusions[0].id) == out.id


async def test_an_excluded_agency_is_never_asked_again(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    case_id, referral = UUID(filed.case_id), UUID(filed.referrals[0].referral_id)
    office = asked(filed, "ZZ-C01")
    out = await house.manages(
        "inspector", casework.exclude, referral, "agency", "CHILDREN-ZZ-N", WHY
    )
    assert out.left == (str(office),), "what waits there is named: nobody can answer it"
    for part in ("social_worker", "protection_supervisor"):
        assert not await finds(house, part, case_id)
    twice = await house.does(
        "inspector", casework.exclude, referral, "agency", "CHILDREN-ZZ-N", WHY
    )
    assert twice.extra["from"] == "excluded"
    # Another office of the same mandate is asked, or the national one; never this.
    again = await house.manages("inspector", casework.amend, referral, {"danger_now": True})
    units = {ask.unit_id for ask in again.asks}
    assert str(house.player("social_worker").unit_id) not in units
    rows = await house.rows(
        "SELECT count(*) FROM referral.party WHERE case_id = $1 AND barred = '{}'", case_id
    )
    assert rows[0]["count"] == 0


async def test_a_track_that_opens_later_does_not_ask_it_either(house: House) -> None:
    """What is learned afterwards makes it trafficking too: another force is asked."""
    told = {"acts": ["RECRUITMENT"], "purposes": ["FORCED_LABOUR"], "danger_now": True}

    async def asks(*excluded: str) -> set[str]:
        filed = await house.manages("inspector", casework.file, child_at_work())
        referral = UUID(filed.referrals[0].referral_id)
        for name in excluded:
            await house.manages("inspector", casework.exclude, referral, "agency", name, WHY)
        done = await house.manages("inspector", casework.amend, referral, told)
        return {ask.unit_id for ask in done.asks}

    police = str(house.player("city_police").unit_id)
    assert police in await asks()
    assert police not in await asks("POLICE-ZZ-N")


async def test_who_holds_is_not_excluded_and_nobody_excludes_herself(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)
    for kind, name, code in (
        ("agency", "INSPECTION-ZZ-N", "transition-not-allowed"),
        ("person", "inspector.zz", "transition-not-allowed"),
        ("person", "nobody.zz", "invalid-input"),
        ("agency", "NOWHERE", "invalid-input"),
    ):
        answer = await house.does("inspector", casework.exclude, referral, kind, name, WHY)
        assert answer.type == code, name
    chief = await house.manages(
        "inspector", casework.exclude, referral, "person", "supervisor.zz", WHY
    )
    lifting = await house.manages(
        "inspector",
        casework.propose,
        referral,
        "lift_exclusion",
        WHY,
        exclusion=UUID(chief.id),
    )
    denied = await house.does(
        "supervisor", casework.answer_proposal, UUID(lifting.id), Said(), approve=True
    )
    assert denied.status == 404, "whoever is kept out does not let herself in"
