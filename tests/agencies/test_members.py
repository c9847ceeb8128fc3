"""Who works where in which role: added, changed, disabled, and never both judge and judged."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.duties import SEPARATE_DUTIES, Role
from agencies.grants import Grant, change_role, give_role
from agencies.identity import new_secret
from agencies.members import Added, Kind, add, disable
from agencies.seats import Refused, Seat
from tests.agencies.conftest import TODAY

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = date(2026, 6, 1)
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43


async def added(
    connection: AsyncConnection, role: Role = Role.OFFICER, user_name: str = "ines"
) -> Added:
    found = await add(
        connection, "ZZ", user_name, "Ines", Seat("HOTLINE", role), TODAY, password_hash=HASH
    )
    assert isinstance(found, Added), found
    return found


async def roles_of(connection: AsyncConnection, member: UUID, on: date) -> set[str]:
    found = await connection.execute(
        text(
            "SELECT role FROM agencies.membership WHERE member_id = :member AND valid_from <= :on"
            " AND (valid_until IS NULL OR :on < valid_until)"
        ),
        {"member": member, "on": on},
    )
    return set(found.scalars())


def code(found: object) -> str:
    assert isinstance(found, Refused), found
    return found.code


async def test_a_member_works_at_the_intake_unit_unless_another_is_named(
    directory: AsyncConnection,
) -> None:
    await added(directory)
    auditor = Seat("COUNCIL", Role.AUDITOR, "AUDIT")
    await add(directory, "ZZ", "abel", "Abel", auditor, TODAY)
    found = await directory.execute(
        text("SELECT user_name, unit_key, role FROM agencies.actor ORDER BY 1")
    )
    assert [tuple(row) for row in found] == [
        ("abel", "AUDIT", "AUDITOR"),
        ("ines", "INTAKE", "OFFICER"),
    ]


@pytest.mark.parametrize("user_name", ["Ines", "i nes", "", "i", "ines\n", "i" * 101, "<ines>"])
async def test_a_user_name_is_plain_and_small(directory: AsyncConnection, user_name: str) -> None:
    seat = Seat("HOTLINE", Role.OFFICER)
    assert code(await add(directory, "ZZ", user_name, "X", seat, TODAY)) == "user-name-malformed"


async def test_two_members_never_share_a_user_name(directory: AsyncConnection) -> None:
    await added(directory)
    seat = Seat("POLICE-ZZ-N", Role.OFFICER)
    assert code(await add(directory, "ZZ", "ines", "Other", seat, TODAY)) == "user-name-taken"


@pytest.mark.parametrize(
    ("seat", "refusal"),
    [
        (Seat("NOBODY", Role.OFFICER), "unknown-agency"),
        (Seat("HOTLINE", Role.OFFICER, "NIGHT"), "unknown-unit"),
    ],
)
async def test_a_seat_must_exist(directory: AsyncConnection, seat: Seat, refusal: str) -> None:
    assert code(await add(directory, "ZZ", "ines", "Ines", seat, TODAY)) == refusal


async def test_nobody_is_seated_in_another_country(directory: AsyncConnection) -> None:
    seat = Seat("HOTLINE", Role.OFFICER)
    assert code(await add(directory, "AR", "ines", "Ines", seat, TODAY)) == "unknown-agency"


async def test_a_system_has_no_password(directory: AsyncConnection) -> None:
    seat = Seat("HOTLINE", Role.OFFICER)
    refused = await add(
        directory, "ZZ", "robot", "Robot", seat, TODAY, password_hash=HASH, kind=Kind.SYSTEM
    )
    assert code(refused) == "system-has-no-password"
    assert isinstance(
        await add(directory, "ZZ", "robot", "Robot", seat, TODAY, kind=Kind.SYSTEM), Added
    )


@pytest.mark.parametrize(
    ("held", "wanted"), sorted((a, b) for pair in SEPARATE_DUTIES for a in pair for b in pair - {a})
)
async def test_separate_duties_are_refused_as_a_value(
    directory: AsyncConnection, held: Role, wanted: Role
) -> None:
    member = await added(directory, held)
    refused = await give_role(directory, member.member_id, Seat("COUNCIL", wanted), TODAY)
    assert code(refused) == "duties-conflict"
    assert await roles_of(directory, member.member_id, TODAY) == {held}


@pytest.mark.parametrize(
    ("held", "wanted"), sorted((a, b) for pair in SEPARATE_DUTIES for a in pair for b in pair - {a})
)
async def test_the_database_refuses_separate_duties_too(
    directory: AsyncConnection, held: Role, wanted: Role
) -> None:
    member = await added(directory, held)
    with pytest.raises(IntegrityError, match="may not be in one hand"):
        await directory.execute(
            text(
                "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role,"
                " valid_from) SELECT gen_random_uuid(), member_id, agency_id, unit_id, :role,"
                " valid_from FROM agencies.membership WHERE id = :held"
            ),
            {"role": wanted, "held": member.membership_id},
        )


async def test_an_officer_may_be_supervisor_elsewhere(directory: AsyncConnection) -> None:
    member = await added(directory)
    seat = Seat("POLICE-ZZ-N", Role.SUPERVISOR)
    assert isinstance(await give_role(directory, member.member_id, seat, TODAY), UUID)
    assert await roles_of(directory, member.member_id, TODAY) == {"OFFICER", "SUPERVISOR"}


async def test_the_same_role_in_the_same_unit_is_held_once(directory: AsyncConnection) -> None:
    member = await added(directory)
    seat = Seat("HOTLINE", Role.OFFICER)
    assert code(await give_role(directory, member.member_id, seat, TODAY)) == "already-held"
    assert code(await give_role(directory, uuid4(), seat, TODAY)) == "unknown-member"


async def test_an_overlapping_membership_is_refused_by_the_database(
    directory: AsyncConnection,
) -> None:
    member = await added(directory)
    with pytest.raises(IntegrityError, match="exclusion constraint"):
        await directory.execute(
            text(
                "INSERT INTO agencies.membership SELECT gen_random_uuid(), member_id, agency_id,"
                " unit_id, role, '2027-01-01' FROM agencies.membership WHERE id = :held"
            ),
            {"held": member.membership_id},
        )


async def test_a_changed_role_is_a_new_membership_from_that_day(directory: AsyncConnection) -> None:
    member = await added(directory)
    new = await change_role(directory, member.membership_id, Role.SUPERVISOR, LATER)
    assert isinstance(new, UUID)
    assert new != member.membership_id
    assert await roles_of(directory, member.member_id, date(2026, 5, 31)) == {"OFFICER"}
    assert await roles_of(directory, member.member_id, LATER) == {"SUPERVISOR"}
    assert code(await change_role(directory, new, Role.SUPERVISOR, LATER)) == "already-held"
    old = await change_role(directory, member.membership_id, Role.OFFICER, LATER)
    assert code(old) == "unknown-membership"


async def test_a_role_may_change_on_the_day_it_was_given(directory: AsyncConnection) -> None:
    member = await added(directory)
    await change_role(directory, member.membership_id, Role.STATISTICIAN, TODAY)
    assert await roles_of(directory, member.member_id, TODAY) == {"STATISTICIAN"}


async def test_an_administrator_may_become_auditor_only_by_laying_the_other_down(
    directory: AsyncConnection,
) -> None:
    member = await added(directory, Role.AGENCY_ADMIN)
    changed = await change_role(directory, member.membership_id, Role.AUDITOR, LATER)
    assert isinstance(changed, UUID)
    assert await roles_of(directory, member.member_id, LATER) == {"AUDITOR"}


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER])
async def test_a_weighty_role_is_granted_by_two(directory: AsyncConnection, role: Role) -> None:
    first, second = uuid4(), uuid4()
    member = await added(directory)
    seat = Seat("POLICE-ZZ-N", role)
    for grant in (Grant(first), Grant(first, first)):
        refused = await give_role(directory, member.member_id, seat, TODAY, grant)
        assert code(refused) == "second-person-needed"
    given = await give_role(directory, member.member_id, seat, TODAY, Grant(first, second))
    assert isinstance(given, UUID)


async def test_an_ordinary_role_is_granted_by_one(directory: AsyncConnection) -> None:
    member = await added(directory)
    seat = Seat("POLICE-ZZ-N", Role.OFFICER)
    assert isinstance(
        await give_role(directory, member.member_id, seat, TODAY, Grant(uuid4())), UUID
    )


async def test_disabling_ends_every_session_and_token_at_once(
    directory: AsyncConnection, connection: AsyncConnection
) -> None:
    member = await added(directory)
    session, token = new_secret(), new_secret()
    given = {"session": session.digest, "token": token.digest, "who": member.membership_id}
    times = {"at": NOW, "until": datetime(2026, 3, 2, 20, tzinfo=UTC)}
    await directory.commit()
    await connection.execute(
        text(
            "SELECT agencies.open_session(:session, :who, :session, :at, :until),"
            " agencies.issue_token(:token, :who, 'import', ARRAY['cases:write'], :at, :until)"
        ),
        given | times,
    )
    await connection.commit()
    assert await disable(directory, member.member_id, NOW)
    await directory.commit()
    found = await connection.execute(
        text(
            "SELECT (SELECT count(*) FROM agencies.touch_session(:session, :at)),"
            " (SELECT count(*) FROM agencies.use_token(:token, :at)),"
            " (SELECT active FROM agencies.sign_in_material('ines'))"
        ),
        {"session": session.digest, "token": token.digest, "at": NOW},
    )
    assert tuple(found.one()) == (0, 0, False)


async def test_nobody_can_be_disabled_who_is_not_there(directory: AsyncConnection) -> None:
    assert not await disable(directory, uuid4(), NOW)
