"""Sessions and tokens: the app may use them through functions, and may not look at them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies import identity
from agencies.duties import Role, Scope
from agencies.identity import Secret, new_secret
from agencies.members import Added, add
from agencies.seats import Seat
from tests.agencies.conftest import TODAY

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
END = NOW + identity.SESSION_ABSOLUTE
FACTORS = {
    *("begin_ceremony", "in_ceremony", "take_challenge", "end_ceremony", "factors_of"),
    *("passkey_material", "use_passkey", "keep_passkey", "code_material", "begin_codes"),
    *("keep_codes", "use_code", "drop_factor", "set_password", "own_sessions", "change_seat"),
    *("end_own_sessions", "own_devices", "register_device", "forget_device", "last_recovery"),
    *("recover", "may_recover", "use_enrolment", "admit_member", "give_role", "answer_grant"),
    *("end_role", "set_active", "note_absence", "end_absence", "put_on_duty", "end_duty"),
    *("keep_unit", "acting_holder", "must_ask", "ask_recovery", "answer_recovery"),
    "may_take_charge",
    *("known_subject", "proved_elsewhere", "bind_subject"),
    *("bound_subjects", "client_keys", "client_token", "scim_users", "scim_groups", "scim_create"),
    *("scim_change", "scim_active", "scim_bind", "scim_join", "scim_leave"),
    *("seats_in", "units_with", "member_at", "look_at_session"),
}
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43


@pytest.fixture
async def officer(directory: AsyncConnection) -> UUID:
    """A membership in force."""
    seat = Seat("HOTLINE", Role.OFFICER)
    added = await add(directory, "ZZ", "hana", "Hana", seat, TODAY, password_hash=HASH)
    assert isinstance(added, Added)
    await directory.commit()
    return added.membership_id


async def one(connection: AsyncConnection, sql: str, **given: object) -> Any:
    return await connection.scalar(text(sql), given)


async def opened(connection: AsyncConnection, who: UUID, at: datetime = NOW) -> Secret:
    secret = new_secret()
    sql = "SELECT agencies.open_session(:id, :who, :csrf, :at, :until)"
    given: Mapping[str, object] = {
        "id": secret.digest,
        "who": who,
        "csrf": new_secret().digest,
        "at": at,
        "until": at + identity.SESSION_ABSOLUTE,
    }
    assert await connection.scalar(text(sql), given) is True
    return secret


async def touched(connection: AsyncConnection, secret: Secret, at: datetime) -> Row[Any] | None:
    sql = text("SELECT * FROM agencies.touch_session(:id, :at)")
    return (await connection.execute(sql, {"id": secret.digest, "at": at})).one_or_none()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM agencies.session",
        "SELECT * FROM agencies.api_token",
        "SELECT password_hash FROM agencies.member",
        "SELECT * FROM agencies.member",
        "DELETE FROM agencies.session",
        "UPDATE agencies.member SET active = true",
        "UPDATE agencies.mandate SET priority = 0",
        "INSERT INTO agencies.grouping VALUES ('ZZ-N', 'ZZ-RIVER')",
        "UPDATE agencies.membership SET role = 'SUPERVISOR'",
        "TRUNCATE agencies.membership",
        "CREATE TABLE agencies.mine (x int)",
        "CREATE FUNCTION agencies.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT agencies.in_standing(gen_random_uuid(), now())",
    ],
)
async def test_the_app_may_neither_look_nor_write(connection: AsyncConnection, sql: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await connection.execute(text(sql))


async def test_the_app_reads_who_is_who_without_their_secrets(
    officer: UUID, connection: AsyncConnection
) -> None:
    found = await connection.execute(
        text("SELECT name, agency_key, role, time_zone FROM agencies.actor")
    )
    assert [tuple(row) for row in found] == [("Hana", "HOTLINE", "OFFICER", "UTC")]


async def test_every_definer_function_has_a_fixed_path_and_is_closed_to_the_public(
    directory: AsyncConnection,
) -> None:
    found = await directory.execute(
        text(
            "SELECT p.proname, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE'),"
            " pg_get_userbyid(p.proowner) FROM pg_proc p"
            " WHERE p.pronamespace = 'agencies'::regnamespace AND p.prosecdef ORDER BY 1"
        )
    )
    rows = [tuple(row) for row in found]
    assert {row[0] for row in rows} == {
        *("end_session", "issue_token", "open_session", "renew_session", "revoke_token"),
        *("sign_in_material", "touch_session", "use_token"),
        *FACTORS,
    }
    path = ["search_path=pg_catalog, pg_temp"]
    assert {(tuple(row[1]), row[2], row[3]) for row in rows} == {
        (tuple(path), False, "referral_owner")
    }


async def test_no_function_is_open_to_the_public(directory: AsyncConnection) -> None:
    sql = (
        "SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'agencies'::regnamespace"
        " AND has_function_privilege('public', p.oid, 'EXECUTE')"
    )
    assert await one(directory, sql) == 0


async def test_signing_in_finds_the_hash_whatever_the_letters(
    officer: UUID, connection: AsyncConnection
) -> None:
    sql = text("SELECT * FROM agencies.sign_in_material(:name)")
    row = (await connection.execute(sql, {"name": "HANA"})).one()
    assert (row.password_hash, row.active) == (HASH, True)
    assert (await connection.execute(sql, {"name": "nobody"})).one_or_none() is None


async def test_a_session_is_known_by_its_secret_alone(
    officer: UUID, connection: AsyncConnection
) -> None:
    secret = await opened(connection, officer)
    found = await touched(connection, secret, NOW)
    assert found is not None
    assert (found.membership_id, found.authenticated_at) == (officer, NOW)
    assert await touched(connection, new_secret(), NOW) is None


async def test_a_session_left_idle_is_over(officer: UUID, connection: AsyncConnection) -> None:
    secret = await opened(connection, officer)
    almost = NOW + identity.SESSION_IDLE - timedelta(seconds=1)
    assert await touched(connection, secret, almost)
    assert await touched(connection, secret, almost + timedelta(minutes=14))
    assert await touched(connection, secret, almost + timedelta(minutes=30)) is None


async def test_a_session_ends_after_twelve_hours_however_busy(
    officer: UUID, connection: AsyncConnection
) -> None:
    secret = await opened(connection, officer)
    at = NOW
    while at + timedelta(minutes=10) < END:
        at += timedelta(minutes=10)
        assert await touched(connection, secret, at)
    assert await touched(connection, secret, END) is None


async def test_no_session_may_be_opened_for_longer(
    officer: UUID, connection: AsyncConnection
) -> None:
    with pytest.raises(IntegrityError, match="session_check"):
        await one(
            connection,
            "SELECT agencies.open_session(:id, :who, :id, :at, :until)",
            id=new_secret().digest,
            who=officer,
            at=NOW,
            until=END + timedelta(seconds=1),
        )


async def test_a_fresh_proof_gives_a_new_id_and_kills_the_old_one(
    officer: UUID, connection: AsyncConnection
) -> None:
    old, new = await opened(connection, officer), new_secret()
    later = NOW + timedelta(minutes=10)
    sql = "SELECT agencies.renew_session(:old, :new, :at)"
    assert await one(connection, sql, old=old.digest, new=new.digest, at=later) == officer
    assert await touched(connection, old, later) is None
    found = await touched(connection, new, later)
    assert found is not None
    assert (found.authenticated_at, found.expires_at) == (later, END)
    again = new_secret().digest
    assert await one(connection, sql, old=old.digest, new=again, at=later) is None


async def test_signing_out_ends_the_session(officer: UUID, connection: AsyncConnection) -> None:
    secret = await opened(connection, officer)
    assert await one(connection, "SELECT agencies.end_session(:id)", id=secret.digest)
    assert await touched(connection, secret, NOW) is None
    assert not await one(connection, "SELECT agencies.end_session(:id)", id=secret.digest)


async def test_a_role_that_ended_ends_its_sessions_at_midnight_of_its_unit(
    directory: AsyncConnection, officer: UUID, connection: AsyncConnection
) -> None:
    await directory.execute(
        text("UPDATE agencies.unit SET time_zone = 'Asia/Bangkok' WHERE key = 'INTAKE'")
    )
    await directory.execute(
        text("UPDATE agencies.membership SET valid_until = :day"), {"day": date(2026, 3, 3)}
    )
    await directory.commit()
    midnight = datetime(2026, 3, 2, 17, tzinfo=UTC)  # seven hours ahead of UTC
    secret = await opened(connection, officer, midnight - timedelta(minutes=5))
    assert await touched(connection, secret, midnight - timedelta(seconds=1))
    assert await touched(connection, secret, midnight) is None


async def test_nobody_signs_in_under_a_role_not_yet_given(
    officer: UUID, connection: AsyncConnection
) -> None:
    before = NOW - timedelta(days=1)
    sql = "SELECT agencies.open_session(:id, :who, :id, :at, :until)"
    given = {"id": new_secret().digest, "at": before, "until": before + timedelta(hours=1)}
    assert await one(connection, sql, who=officer, **given) is False
    assert await one(connection, sql, who=uuid4(), **given) is False


async def test_sessions_that_ran_out_are_swept_when_another_opens(
    officer: UUID, directory: AsyncConnection, connection: AsyncConnection
) -> None:
    await opened(connection, officer, NOW)
    await opened(connection, officer, NOW + timedelta(hours=13))
    await connection.commit()
    assert await one(directory, "SELECT count(*) FROM agencies.session") == 1


async def test_a_token_carries_its_scopes_until_its_end(
    officer: UUID, connection: AsyncConnection
) -> None:
    secret = new_secret()
    until = NOW + timedelta(days=30)
    issue = "SELECT agencies.issue_token(:id, :who, 'import', :scopes, :at, :until)"
    given = {"who": officer, "scopes": [Scope.CASES_READ.value], "at": NOW, "until": until}
    assert await one(connection, issue, id=secret.digest, **given)
    sql = text("SELECT scopes FROM agencies.use_token(:id, :at)")
    found = [
        (await connection.execute(sql, {"id": secret.digest, "at": at})).scalar_one_or_none()
        for at in (NOW, until - timedelta(seconds=1), until)
    ]
    assert found == [["cases:read"], ["cases:read"], None]


async def test_a_revoked_token_is_dead(officer: UUID, connection: AsyncConnection) -> None:
    secret = new_secret()
    issue = "SELECT agencies.issue_token(:id, :who, 'x', ARRAY['audit:read'], :at, :until)"
    await one(connection, issue, id=secret.digest, who=officer, at=NOW, until=END)
    revoke = "SELECT agencies.revoke_token(:id, :at)"
    assert await one(connection, revoke, id=secret.digest, at=NOW) is True
    assert await one(connection, revoke, id=secret.digest, at=NOW) is False
    used = "SELECT count(*) FROM agencies.use_token(:id, :at)"
    assert await one(connection, used, id=secret.digest, at=NOW) == 0


async def test_a_token_that_would_be_over_already_is_not_issued(
    officer: UUID, connection: AsyncConnection
) -> None:
    issue = "SELECT agencies.issue_token(:id, :who, 'x', ARRAY['audit:read'], :at, :at)"
    assert not await one(connection, issue, id=new_secret().digest, who=officer, at=NOW)


async def test_the_database_knows_the_same_scopes(
    officer: UUID, connection: AsyncConnection
) -> None:
    issue = "SELECT agencies.issue_token(:id, :who, 'x', :scopes, :at, :until)"
    given = {"who": officer, "at": NOW, "until": END}
    every = [scope.value for scope in Scope]
    assert await one(connection, issue, id=new_secret().digest, scopes=every, **given)
    with pytest.raises(IntegrityError, match="api_token_scopes_check"):
        await one(connection, issue, id=new_secret().digest, scopes=["cases:delete"], **given)


async def test_the_database_knows_the_same_roles(directory: AsyncConnection) -> None:
    written = await one(
        directory,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name",
        name="membership_role_check",
    )
    assert {role for role in Role if f"'{role}'" in written} == set(Role)
    assert written.count("::text") == len(Role) + written.count("role)::text")
