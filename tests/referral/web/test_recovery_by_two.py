"""Who watches over others is given a new start by two, and only the second sees the secret."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.cast import House
from tests.referral.web.conftest import Visit
from tests.referral.web.test_members import does
from tests.referral.web.test_recovery import secret_in
from tests.referral.web.visiting import Seen, Visitor

ROLES = ("SUPERVISOR", "AUDITOR", "DATA_PROTECTION_OFFICER", "AGENCY_ADMIN")


async def colleague(house: House, role: str) -> UUID:
    """Somebody of Ada's agency with this role and a password."""
    member = uuid4()
    await house.rows(
        "INSERT INTO agencies.member (id, country, kind, user_name, name, active, password_hash) "
        "SELECT $1, 'ZZ', 'person', 'nora.zz', 'Nora Quill', true, password_hash "
        "FROM agencies.member WHERE user_name = 'inspector.zz'",
        member,
    )
    await house.rows(
        "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from) "
        "SELECT gen_random_uuid(), $1, agency_id, unit_id, $2, valid_from FROM agencies.membership "
        "WHERE id = $3",
        *(member, role, house.player("agency_admin").membership_id),
    )
    return member


async def asks(visitor: Visitor, member: UUID) -> Seen:
    return await does(visitor, f"/members/{member}/recovery")


async def waiting(house: House) -> UUID:
    [row] = await house.rows("SELECT id FROM agencies.recovery_ask WHERE answer IS NULL")
    found: UUID = row["id"]
    return found


async def untouched(house: House, member: UUID) -> bool:
    """Her password stands, and no secret was given."""
    rows = await house.rows("SELECT password_hash FROM agencies.member WHERE id = $1", member)
    given = await house.rows("SELECT 1 FROM agencies.enrolment WHERE member_id = $1", member)
    return rows[0]["password_hash"] is not None and not given


@pytest.mark.parametrize("role", ROLES)
async def test_one_asks_and_another_confirms_and_sees_the_secret(
    house: House, visit: Visit, role: str
) -> None:
    ada, solomon = await visit("agency_admin"), await visit("supervisor")
    member = await colleague(house, role)
    asked = await asks(ada, member)
    assert asked.place == "/members?done=recovery-asked"
    assert "setting up a new sign-in" not in asked.words
    assert await untouched(house, member)
    address = f"/members/recoveries/{await waiting(house)}/answer"
    assert not (await ada.see("/members")).offers(address), "she has asked herself"
    assert (await does(ada, address, answer="agree")).status == 403
    assert await untouched(house, member)
    outsider = await visit("protection_supervisor")
    assert (await does(outsider, address, answer="agree")).status == 404
    assert await untouched(house, member)

    assert (await solomon.see("/members")).offers(address)
    done = await does(solomon, address, answer="agree")
    secret = secret_in(done)
    assert "Nora Quill" in done.words
    assert not await untouched(house, member)
    for visitor in (ada, solomon):
        assert secret not in (await visitor.see("/members")).answer.text
    assert (await does(solomon, address, answer="agree")).status == 404, "once"
    stranger = Visitor(house.stranger())
    page = await stranger.see("/sign-in/given")
    begun = await stranger.send(page, "/sign-in/given", user_name="nora.zz", secret=secret)
    assert begun.status == 303
    acts = {row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")}
    assert {"member.recovery_asked", "member.recovered"} <= acts


async def test_refused_or_run_out_everything_stays_as_it_was(house: House, visit: Visit) -> None:
    ada, solomon = await visit("agency_admin"), await visit("supervisor")
    member = await colleague(house, "AUDITOR")
    await asks(ada, member)
    assert (await asks(ada, member)).status == 409, "it waits already"
    address = f"/members/recoveries/{await waiting(house)}/answer"
    refused = await does(solomon, address, answer="refuse")
    assert refused.place == "/members?done=recovery-refused"
    assert await untouched(house, member)
    await asks(ada, member)
    late = f"/members/recoveries/{await waiting(house)}/answer"
    house.at.forward(hours=72)
    solomon, ada = await visit("supervisor"), await visit("agency_admin")
    assert (await does(solomon, late, answer="agree")).status == 404
    assert not (await solomon.see("/members")).offers(late)
    assert await untouched(house, member)
    assert (await asks(ada, member)).place == "/members?done=recovery-asked"


async def test_nobody_confirms_her_own(house: House, visit: Visit) -> None:
    ada, solomon = await visit("agency_admin"), await visit("supervisor")
    await asks(ada, house.player("supervisor").member_id)
    address = f"/members/recoveries/{await waiting(house)}/answer"
    assert (await does(solomon, address, answer="agree")).status == 403
    assert await untouched(house, house.player("supervisor").member_id)


async def test_of_an_officer_one_is_enough(house: House, visit: Visit) -> None:
    member = await colleague(house, "OFFICER")
    assert secret_in(await asks(await visit("agency_admin"), member))
    assert await house.rows("SELECT 1 FROM agencies.recovery_ask") == []


async def test_confirming_takes_a_fresh_proof(house: House, visit: Visit) -> None:
    ada, solomon = await visit("agency_admin"), await visit("supervisor")
    member = await colleague(house, "AUDITOR")
    await asks(ada, member)
    address = f"/members/recoveries/{await waiting(house)}/answer"
    house.at.forward(minutes=14)
    await solomon.see("/members")
    house.at.forward(minutes=2)
    assert (await does(solomon, address, answer="agree")).place == "/step-up?next=/members"
    assert await untouched(house, member)
