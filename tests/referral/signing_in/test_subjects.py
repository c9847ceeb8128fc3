"""Who is which subject of a provider: said by an administrator of her agency alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from agencies.identity import digest_of
from tests.cast import House
from tests.referral.signing_in.conftest import bound, known
from tests.referral.web.conftest import Visit
from tests.referral.web.visiting import Visitor

ISSUER = "https://login.ministry.example"


async def binds(client: httpx.AsyncClient, member: UUID, provider: UUID, subject: Any) -> Any:
    told = {"member": str(member), "provider": str(provider), "subject": subject}
    return await client.post(
        "/api/v1/members/subjects", json=told, headers={"Idempotency-Key": f'"{uuid4()}"'}
    )


async def subjects(house: House) -> dict[UUID, str]:
    rows = await house.rows("SELECT member_id, subject FROM agencies.subject")
    return {row["member_id"]: row["subject"] for row in rows}


async def test_an_administrator_binds_and_unbinds_on_a_page(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    provider = await known(house, ISSUER, tmp_path)
    member = house.player("inspector").member_id
    visitor = await visit("agency_admin")
    page = await visitor.see("/members/subjects")
    typed = {"member": str(member), "provider": str(provider), "subject": "00u1"}
    told = await visitor.send(page, "/members/subjects", **typed)
    assert "Bound" in (await visitor.follow(told)).words
    assert await subjects(house) == {member: "00u1"}
    page = await visitor.see("/members/subjects")
    assert "Ines" in page.words
    assert "00u1" in page.words
    told = await visitor.send(page, "/members/subjects")
    assert "Unbound" in (await visitor.follow(told)).words
    assert await subjects(house) == {}
    acts = [row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")]
    assert {"member.subject_bound", "member.subject_unbound"} <= set(acts)


async def test_another_subject_ends_what_the_first_had_open(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    provider = await known(house, ISSUER, tmp_path)
    await bound(house, provider, "inspector", "00u1")
    hers = await visit("inspector")
    await house.rows(
        "UPDATE agencies.session SET provider_id = $1, proof = 'provider'",
        provider,
    )
    client = await house.browser("agency_admin")
    member = house.player("inspector").member_id
    same = await binds(client, member, provider, "00u1")
    assert same.json() == {"outcome": "bound"}
    assert (await hers.see("/hand-offs")).status == 200, "nothing has changed"
    assert (await binds(client, member, provider, "00u2")).json() == {"outcome": "bound"}
    assert (await hers.see("/hand-offs")).status == 303
    assert await subjects(house) == {member: "00u2"}


@pytest.mark.parametrize(
    ("who", "whom", "status"),
    [
        ("inspector", "hotline", 403),
        ("supervisor", "inspector", 403),
        ("agency_admin", "agency_admin", 403),
        ("agency_admin", "city_police", 404),
        ("outsider", "inspector", 403),
    ],
)
async def test_nobody_else_binds_anybody(
    house: House, tmp_path: Path, who: str, whom: str, status: int
) -> None:
    provider = await known(house, ISSUER, tmp_path)
    answer = await binds(await house.browser(who), house.player(whom).member_id, provider, "x")
    assert answer.status_code == status, answer.text
    assert await subjects(house) == {}


async def test_a_token_binds_nobody(house: House, tmp_path: Path) -> None:
    provider = await known(house, ISSUER, tmp_path)
    member = house.player("inspector").member_id
    answer = await binds(house.client("agency_admin"), member, provider, "x")
    assert answer.status_code in {401, 403}
    assert await subjects(house) == {}


async def test_a_proof_a_quarter_of_an_hour_old_binds_nobody(house: House, tmp_path: Path) -> None:
    provider = await known(house, ISSUER, tmp_path)
    client = await house.browser("agency_admin")
    for _ in range(2):
        house.at.forward(minutes=8)
        await client.get("/members")
    answer = await binds(client, house.player("inspector").member_id, provider, "x")
    assert answer.json()["type"] == "/problems/step-up-required"
    assert await subjects(house) == {}


async def test_one_subject_is_one_person(house: House, tmp_path: Path) -> None:
    provider = await known(house, ISSUER, tmp_path)
    await bound(house, provider, "supervisor", "00u1")
    client = await house.browser("agency_admin")
    answer = await binds(client, house.player("inspector").member_id, provider, "00u1")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/subject-taken"


async def test_a_provider_of_the_country_is_not_bound_to_who_works_elsewhere_too(
    house: House, tmp_path: Path
) -> None:
    provider = await known(house, ISSUER, tmp_path, agency=False)
    member, police = house.player("inspector").member_id, house.player("city_police")
    client = await house.browser("agency_admin")
    assert (await binds(client, member, provider, "00u1")).json() == {"outcome": "bound"}
    await house.rows(
        "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from) "
        "SELECT gen_random_uuid(), $1, m.agency_id, m.unit_id, 'OFFICER', '2026-01-05' "
        "FROM agencies.membership m WHERE m.id = $2",
        *(member, police.membership_id),
    )
    answer = await binds(client, member, provider, "00u2")
    assert answer.json()["type"] == "/problems/elsewhere-too"
    assert await subjects(house) == {member: "00u1"}


@pytest.mark.parametrize("subject", ["", "x" * 256, "line\nbreak"])
async def test_what_cannot_be_a_subject_is_refused(
    house: House, tmp_path: Path, subject: str
) -> None:
    provider = await known(house, ISSUER, tmp_path)
    member = house.player("inspector").member_id
    answer = await binds(await house.browser("agency_admin"), member, provider, subject)
    assert answer.status_code == 422
    assert await subjects(house) == {}


async def test_the_second_lock_asks_its_own_tables(house: House, tmp_path: Path) -> None:
    """As the app itself, past every room: a wrong holder binds nobody and sees nobody."""
    provider = await known(house, ISSUER, tmp_path)
    await bound(house, provider, "supervisor", "00u9")
    member = house.player("inspector").member_id
    for holder in (b"\x00" * 32, digest_of("token of agency_admin.zz")):
        async with house.acting("agency_admin") as (session, _):
            for call, wanted in (
                ("agencies.bind_subject($1, $2, $3, 'x', $4)", "unknown"),
                ("agencies.bind_subject($1, $2, $3, NULL, $4)", "unknown"),
            ):
                result = await session.connection.exec_driver_sql(
                    f"SELECT {call}", (holder, member, provider, house.at())
                )
                assert result.scalar() == wanted
            seen = await session.connection.exec_driver_sql(
                "SELECT agencies.bound_subjects($1, $2)::text", (holder, house.at())
            )
            assert seen.scalar() == "[]"
    assert await subjects(house) == {house.player("supervisor").member_id: "00u9"}


async def test_the_choice_of_providers_is_a_page(house: House, tmp_path: Path) -> None:
    visitor = Visitor(house.stranger())
    page = await visitor.see("/sign-in/provider?next=/members")
    assert "No agency has a sign-in" in page.words
    await known(house, ISSUER, tmp_path)
    page = await visitor.see("/sign-in/provider?next=/members")
    assert "Ministry sign-in" in page.words
    assert 'href="/sign-in/provider/labour?next=/members"' in page.answer.text.replace("%2F", "/")


WRONG = {
    "key": ("Big", ISSUER, ()),
    "issuer in the clear": ("labour", "http://login.example.org", ()),
    "issuer with a question": ("labour", f"{ISSUER}?x=1", ()),
    "two factors in other words": ("labour", ISSUER, ("mfa",)),
    "issuer of another": ("another", ISSUER, ()),
    "another issuer": ("labour", "https://evil.example", ()),
}


@pytest.mark.parametrize("what", WRONG)
async def test_an_operator_is_told_what_is_wrong_with_a_provider(
    house: House, tmp_path: Path, what: str
) -> None:
    from agencies.federation import NewProvider
    from agencies.seats import Refused
    from referral import administration

    provider = await known(house, ISSUER, tmp_path)
    key, issuer, factors = WRONG[what]
    given = NewProvider(key, "Other", "ZZ", None, issuer, "referral", "/none", factors)
    assert isinstance(
        await administration.keep_provider(house.database.migrator_url, given), Refused
    )
    [kept] = await administration.providers(house.database.migrator_url)
    assert (kept["key"], kept["issuer"], kept["active"]) == ("labour", ISSUER, True)
    assert await known(house, ISSUER, tmp_path, two_factors=()) == provider, "changed, not doubled"
    unknown = await administration.end_provider(house.database.migrator_url, "nobody")
    assert isinstance(unknown, Refused)
