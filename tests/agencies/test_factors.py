"""The second lock before accounts and people: asked as the app itself, past every room of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.duties import GRANTED_BY_TWO, Role
from agencies.identity import new_secret
from agencies.members import Added, add
from agencies.seats import Seat
from tests.agencies.conftest import TODAY
from tests.agencies.test_credentials import HASH, NOW, one, opened

GOOD = {"given", "asked", "ended", "done", "noted", "added", "renamed", "refused", True}


async def seated(
    directory: AsyncConnection, name: str, role: Role = Role.OFFICER, agency: str = "HOTLINE"
) -> Added:
    found = await add(directory, "ZZ", name, name, Seat(agency, role), TODAY, password_hash=HASH)
    assert isinstance(found, Added), found
    await directory.commit()
    return found


def attempts(subject: Added, unit: Any) -> dict[str, dict[str, Any]]:
    """Everything that changes somebody, each as it would be called."""
    day, later = TODAY, TODAY + timedelta(days=3)
    new, digest = uuid4(), new_secret().digest
    return {
        "keep_passkey(:h, :c, :c, 0, 'x', :at)": {"c": b"credential"},
        "begin_codes(:h, :n, :c, 1, :c, :at)": {"n": new, "c": b"sealed"},
        "keep_codes(:h, :n, 1, :at)": {"n": new},
        "drop_factor(:h, NULL, :at)": {},
        "set_password(:h, :p, :at)": {"p": HASH},
        "register_device(:h, :d, 'x', :at)": {"d": digest},
        "recover(:h, :m, :d, :at, :at)": {"m": subject.member_id, "d": digest},
        "admit_member(:h, :n, 'nora', 'Nora', :d, :at, :at)": {"n": new, "d": digest},
        "give_role(:h, :n, :m, :u, 'OFFICER', :at)": {"n": new, "m": subject.member_id, "u": unit},
        "end_role(:h, :s, :at)": {"s": subject.membership_id},
        "set_active(:h, :m, false, :at)": {"m": subject.member_id},
        "note_absence(:h, :n, :s, :f, :l, NULL, :at)": {
            "n": new,
            "s": subject.membership_id,
            "f": day,
            "l": later,
        },
        "put_on_duty(:h, :n, :s, :f, :l, :at)": {
            "n": new,
            "s": subject.membership_id,
            "f": day,
            "l": later,
        },
        "keep_unit(:h, :n, 'NIGHT', 'Night', :at)": {"n": new},
    }


async def tried(connection: AsyncConnection, holder: bytes, at: Any, subject: Added) -> set[str]:
    """What this holder gets done to somebody; each attempt is taken back again."""
    unit = await connection.scalar(
        text("SELECT unit_id FROM agencies.membership WHERE id = :s"), {"s": subject.membership_id}
    )
    done = set()
    for call, given in attempts(subject, unit).items():
        nested = await connection.begin_nested()
        answer = await one(connection, f"SELECT agencies.{call}", h=holder, at=at, **given)
        if answer in GOOD:
            done.add(call.partition("(")[0])
        await nested.rollback()
    return done


OWN = {"keep_passkey", "begin_codes", "set_password", "register_device"}


async def test_a_secret_nobody_has_changes_nobody(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    subject = await seated(directory, "hana")
    assert await tried(connection, new_secret().digest, NOW, subject) == set()


async def test_an_officer_changes_her_own_account_and_nobody_else(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    own, subject = await seated(directory, "hana"), await seated(directory, "ines")
    secret = await opened(connection, own.membership_id)
    assert await tried(connection, secret.digest, NOW, subject) == OWN


async def test_a_supervisor_helps_her_unit_and_an_administrator_runs_her_agency(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    subject = await seated(directory, "ines")
    foreign = await seated(directory, "carl", agency="POLICE-ZZ-N")
    watch = {"recover", "note_absence", "put_on_duty"}
    run = {"admit_member", "end_role", "set_active", "keep_unit"}
    for role, expected in ((Role.SUPERVISOR, watch), (Role.AGENCY_ADMIN, watch | run)):
        seat = await seated(directory, role.value.lower(), role)
        secret = await opened(connection, seat.membership_id)
        assert await tried(connection, secret.digest, NOW, subject) - OWN == expected
        beyond = {"admit_member", "keep_unit"} & expected
        assert await tried(connection, secret.digest, NOW, foreign) - OWN == beyond


async def test_after_fifteen_minutes_without_a_proof_hardly_anything_is_left(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    subject = await seated(directory, "ines")
    seat = await seated(directory, "ada", Role.AGENCY_ADMIN)
    secret = await opened(connection, seat.membership_id)
    await one(
        connection,
        "SELECT count(*) FROM agencies.touch_session(:h, :at)",
        h=secret.digest,
        at=NOW + timedelta(minutes=14),
    )
    late = NOW + timedelta(minutes=15)
    left = await tried(connection, secret.digest, late, subject)
    assert left == {"note_absence", "put_on_duty"}


async def test_what_a_right_password_began_is_no_enrolment(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    own = await seated(directory, "hana")
    for purpose, expected in (("second", set()), ("enrol", OWN - {"register_device"})):
        holder = new_secret().digest
        await one(
            connection,
            "SELECT agencies.begin_ceremony(:h, :what, :m, NULL, :at, :until)",
            h=holder,
            what=purpose,
            m=own.member_id,
            at=NOW,
            until=NOW + timedelta(minutes=10),
        )
        assert await tried(connection, holder, NOW, own) == expected
        assert await tried(connection, holder, NOW + timedelta(minutes=10), own) == set()


async def test_a_ceremony_is_over_within_a_quarter_of_an_hour(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    own = await seated(directory, "hana")
    with pytest.raises(IntegrityError, match="15 minutes"):
        await one(
            connection,
            "SELECT agencies.begin_ceremony(:h, 'enrol', :m, NULL, :at, :until)",
            h=new_secret().digest,
            m=own.member_id,
            at=NOW,
            until=NOW + timedelta(minutes=16),
        )


@pytest.mark.parametrize("role", sorted(GRANTED_BY_TWO | {Role.AGENCY_ADMIN}))
async def test_the_database_asks_for_two_where_the_rule_does(
    directory: AsyncConnection, connection: AsyncConnection, role: Role
) -> None:
    subject = await seated(directory, "ines")
    seat = await seated(directory, "ada", Role.AGENCY_ADMIN)
    secret = await opened(connection, seat.membership_id)
    unit = await one(
        connection, "SELECT unit_id FROM agencies.membership WHERE id = :s", s=seat.membership_id
    )
    told = await one(
        connection,
        "SELECT agencies.give_role(:h, :n, :m, :u, :r, :at)",
        h=secret.digest,
        n=uuid4(),
        m=subject.member_id,
        u=unit,
        at=NOW,
        r=role.value,
    )
    assert told == "asked"


@pytest.mark.parametrize(
    "sql",
    [
        *(f"SELECT * FROM agencies.{table}" for table in ("passkey", "code_generator")),
        *(f"SELECT * FROM agencies.{table}" for table in ("ceremony", "enrolment", "device")),
        *(f"DELETE FROM agencies.{table}" for table in ("absence", "duty", "role_grant")),
        "DELETE FROM agencies.recovery_ask",
        "SELECT agencies.account_of('\\x00', now())",
        "SELECT agencies.seat(gen_random_uuid(), NULL, NULL, NULL, 'SUPERVISOR', now())",
        "SELECT agencies.forget_codes(gen_random_uuid(), false)",
        "SELECT agencies.begin_anew(gen_random_uuid(), NULL, NULL, now(), now())",
    ],
)
async def test_the_app_may_neither_look_nor_write(connection: AsyncConnection, sql: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await connection.execute(text(sql))
