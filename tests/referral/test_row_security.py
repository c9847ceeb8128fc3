"""The second lock, tried as the app itself: SQL under ``begin_actor``, no room of ours between.

Who may see which field group at which moment is written here by hand from security.md 3.2, a third
time beside the matrix and the policies: two of the three must be wrong for a leak to pass.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from referral import casework
from referral.casework import Filed, Intake, PersonTold, Said
from referral.database import as_json, scalar
from tests.cast import PLACE, House, asked

NO_CAPACITY = Said(reason_code="NO_CAPACITY", note="Both our teams are at the flood.")

# What is asked for rows to tell whether somebody sees a group: all of it must agree. ``WORDS`` are
# those of a decline or a feedback (of its two parties only), ``LOG`` the case's headers.
GROUPS = {
    "ENV": ("case WHERE id = $1", "person WHERE case_id = $1"),
    "G0": tuple(f"{name} WHERE case_id = $1" for name in ("referral", "clock", "event")),
    "G1": tuple(f"{name} WHERE case_id = $1" for name in ("case_facts", "screening", "household")),
    "G1W": ("workplace WHERE case_id = $1",),
    "G2": ("person_identity WHERE case_id = $1",),
    "G3": ("person_safety WHERE case_id = $1",),
    "G4": (
        "person_narrative WHERE case_id = $1",
        "note WHERE case_id = $1 AND kind IN ('narrative', 'note')",
    ),
    "G5": ("reporter WHERE case_id = $1",),
    "WORDS": ("note WHERE case_id = $1 AND kind IN ('decline', 'feedback')",),
    "LOG": ("audit_entry WHERE object_id = $1 AND act = 'case.filed'",),
}
NOTHING: frozenset[str] = frozenset()
OWN = frozenset({"ENV"})
ENVELOPE = frozenset({"ENV", "G0", "LOG"})
FACTS = ENVELOPE | {"G1"}
TASK = FACTS | {"G1W"}  # the workplace is names and places: not before a part in the work
EVERYTHING = TASK | {"G2", "G3", "G4", "G5"}
# ZZ-C01 carries G0-G2, ZZ-C07 (the shelter) G0-G3, ZZ-C06 (the court) G0-G2; ZZ-C04 the facts.
WITH_NAME = TASK | {"G2"}
WITH_PLACE = WITH_NAME | {"G3"}


def full_report(place: str = PLACE) -> Intake:
    """A girl of ten at a kiln, with something in every field group."""
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other", "injured": True}
    girl = PersonTold(
        facts=told,
        identity={"name": "Amal Doe"},
        safety={"staying_at": "behind the market"},
        household=1,
    )
    return Intake(
        client_id=uuid4(),
        place=place,
        reported="CL",
        persons=(girl,),
        narrative="Ten years old, carrying bricks.",
        reporter={"name": "a teacher"},
        workplace={"employer": "the kiln"},
    )


async def seen_by(house: House, part: str, case_id: UUID, country: str = "zz") -> frozenset[str]:
    """Which groups of this case this person can select at all."""
    found = set()
    async with house.acting(part, country) as (session, _):
        for group, sources in GROUPS.items():
            counted = {
                source: await scalar(
                    session.connection, f"SELECT count(*) FROM referral.{source}", case_id
                )
                for source in sources
            }
            assert len({count > 0 for count in counted.values()}) == 1, (part, group, counted)
            found |= {group} if any(counted.values()) else set()
    return frozenset(found)


async def hand_offs_seen_by(house: House, part: str, case_id: UUID) -> set[UUID]:
    """The hand-offs of the case this person can select."""
    async with house.acting(part) as (session, _):
        rows = await as_json(
            session.connection,
            "SELECT coalesce(jsonb_agg(id), '[]') FROM referral.hand_off WHERE case_id = $1",
            case_id,
        )
    return {UUID(row) for row in rows}


async def expect(house: House, case_id: UUID, **wanted: frozenset[str]) -> None:
    """Everybody of the cast is asked; who is not named must see nothing."""
    cast = [key.removesuffix(".zz") for key in house.players if key.endswith(".zz")]
    found = {part: await seen_by(house, part, case_id) for part in cast}
    found |= {
        f"{part}_ar": await seen_by(house, part, case_id, "ar") for part in ("inspector", "auditor")
    }
    wrong = {
        part: {"more": sorted(seen - right), "less": sorted(right - seen)}
        for part, seen in found.items()
        if seen != (right := wanted.get(part, NOTHING))
    }
    assert not wrong, wrong


async def filed_case(house: House) -> tuple[Filed, UUID, UUID]:
    """The full report, and the hand-off by which the office is asked."""
    filed: Filed = await house.manages("inspector", casework.file, full_report())
    return filed, UUID(filed.case_id), asked(filed, "ZZ-C01")


# Headers of their own country, never a case.
LOOKS = dict.fromkeys(("auditor", "data_officer"), frozenset({"LOG"}))


async def test_accepted_and_passed_on(house: House) -> None:
    _filed, case_id, office = await filed_case(house)
    holds = {"inspector": EVERYTHING, "supervisor": EVERYTHING}
    asks = {"social_worker": FACTS, "protection_supervisor": FACTS}
    await expect(house, case_id, **holds, **asks, **LOOKS)
    await house.manages("social_worker", casework.acknowledge, office)
    await expect(house, case_id, **holds, **asks, **LOOKS)

    accepted = await house.manages("social_worker", casework.accept, office)
    # Who sent it knows that it was accepted; facts and names are no longer hers.
    was = {"inspector": ENVELOPE, "supervisor": ENVELOPE}
    holds = {"social_worker": WITH_NAME, "protection_supervisor": WITH_NAME}
    await expect(house, case_id, **was, **holds, prosecutor=FACTS, **LOOKS)
    prosecutor = asked(accepted, "ZZ-C04")
    await house.manages("prosecutor", casework.accept, prosecutor)
    await expect(house, case_id, **was, **holds, prosecutor=TASK, **LOOKS)

    referral = UUID(accepted.referral_id)
    assessed = await house.manages(
        "social_worker", casework.record_event, referral, "ZZ-C02 SEPARATION_NEEDED"
    )
    asks = {"court": FACTS, "shelter_worker": FACTS, "prosecutor": TASK}
    await expect(house, case_id, **was, **holds, **asks, **LOOKS)
    await house.manages("court", casework.accept, asked(assessed, "ZZ-C06"))
    await house.manages("shelter_worker", casework.accept, asked(assessed, "ZZ-C07"))
    was |= {"social_worker": ENVELOPE, "protection_supervisor": ENVELOPE}
    now = {"court": WITH_NAME, "shelter_worker": WITH_PLACE}
    await expect(house, case_id, **was, **now, prosecutor=TASK, **LOOKS)
    # A task that has ended leaves its own hand-off, and nothing of what comes after.
    await house.manages("prosecutor", casework.start, prosecutor)
    done = Said(outcome="INVESTIGATION_OPENED", note="File 12.", reason="done")
    await house.manages("prosecutor", casework.complete, prosecutor, done)
    was |= {part: ENVELOPE | {"WORDS"} for part in ("social_worker", "protection_supervisor")}
    await expect(house, case_id, **was, **now, prosecutor=OWN | {"WORDS"}, **LOOKS)
    assert await hand_offs_seen_by(house, "prosecutor", case_id) == {prosecutor}


async def test_declined(house: House) -> None:
    _filed, case_id, office = await filed_case(house)
    declined = await house.manages("social_worker", casework.decline, office, NO_CAPACITY)
    holds = {"inspector": EVERYTHING, "supervisor": EVERYTHING}
    holds = {part: seen | {"WORDS"} for part, seen in holds.items()}  # why it was declined
    was = {"social_worker": OWN | {"WORDS"}, "protection_supervisor": OWN | {"WORDS"}}
    await expect(house, case_id, **holds, **was, directorate=FACTS, **LOOKS)
    await house.manages("directorate", casework.accept, asked(declined, "ZZ-C01"))
    sent = {"inspector": ENVELOPE | {"WORDS"}, "supervisor": ENVELOPE | {"WORDS"}}
    await expect(house, case_id, **sent, **was, directorate=WITH_NAME, prosecutor=FACTS, **LOOKS)
    assert await hand_offs_seen_by(house, "social_worker", case_id) == {office}
    async with house.acting("social_worker") as (session, _):
        kinds = "SELECT coalesce(jsonb_agg(kind), '[]') FROM referral.note WHERE case_id = $1"
        assert await as_json(session.connection, kinds, case_id) == ["decline"]


async def test_superseded(house: House) -> None:
    told = {"age": 15, "danger_now": True, "acts": ["RECRUITMENT"], "purposes": ["FORCED_LABOUR"]}
    safety = {"staying_at": "the bar itself"}
    person = PersonTold(facts=told, identity={"name": "Amal Doe"}, safety=safety, household=1)
    intake = Intake(
        client_id=uuid4(), place=PLACE, reported="HT", persons=(person,), workplace={"kind": "bar"}
    )
    filed = await house.manages("inspector", casework.file, intake)
    case_id = UUID(filed.case_id)
    city, river = (
        next(
            UUID(ask.hand_off_id)
            for ask in filed.asks
            if (ask.step, ask.mandate) == ("ZZ-T01", who)
        )
        for who in ("POLICE", "RIVER_POLICE")
    )
    assert await seen_by(house, "city_police", case_id) == FACTS
    await house.manages("river_police", casework.accept, river)
    # A rival force that came second must not learn who has the child now.
    assert await seen_by(house, "city_police", case_id) == OWN
    assert await hand_offs_seen_by(house, "city_police", case_id) == {city}
    assert await seen_by(house, "river_police", case_id) == TASK | {"G3"}  # where, not who


async def test_two_countries_never_see_each_other(house: House) -> None:
    _, here, _ = await filed_case(house)
    there = await house.manages("inspector", casework.file, full_report("AR-N"), country="ar")
    for part in ("inspector", "auditor", "social_worker", "supervisor"):
        assert await seen_by(house, part, UUID(there.case_id)) == NOTHING
        assert await seen_by(house, part, here, "ar") == NOTHING
        async with house.acting(part) as (session, _):
            countries = (
                "SELECT coalesce(jsonb_agg(DISTINCT country), '[]') FROM referral.audit_entry"
            )
            assert set(await as_json(session.connection, countries)) <= {"ZZ"}


async def test_what_stands_is_locked_only_for_those_who_may_act(house: House) -> None:
    filed, _case_id, office = await filed_case(house)
    referral = UUID(filed.referrals[0].referral_id)
    declined = await house.manages("social_worker", casework.decline, office, NO_CAPACITY)
    again = asked(declined, "ZZ-C01")

    async def locks(part: str, statement: str, thing: UUID) -> Any:
        async with house.acting(part) as (session, _):
            return await as_json(session.connection, statement, thing, house.at().date())

    hand_off = "SELECT referral.lock_hand_off($1, $2)"
    whole = "SELECT referral.lock_referral($1, $2)"
    for part in ("outsider", "agency_admin", "auditor", "coordinator", "prosecutor"):
        for thing in (office, again):
            assert await locks(part, hand_off, thing) is None, part
        assert await locks(part, whole, referral) is None, part
    # Who has declined finds her own hand-off and nothing else; no facts, no keys of persons.
    assert await locks("social_worker", hand_off, again) is None
    assert await locks("social_worker", whole, referral) is None
    own = await locks("social_worker", hand_off, office)
    assert [row["id"] for row in own["hand_offs"]] == [str(office)]
    assert (own["facts"], own["hidden"], own["clocks"]) == ([], [], [])
    assert {key["kind"] for key in own["keys"]} == {"case"}
    # Nor does any act of hers tell who has the child by now.
    await house.manages("directorate", casework.accept, again)
    numbered = await house.manages("social_worker", casework.set_docket, office, "S-4/26")
    assert numbered.holder_unit == str(house.player("inspector").unit_id)
    own = await locks("social_worker", hand_off, office)
    assert str(house.player("directorate").unit_id) not in str(own)


async def test_keys_follow_what_may_be_read(house: House) -> None:
    _filed, case_id, office = await filed_case(house)

    async def kinds(part: str) -> set[str]:
        async with house.acting(part) as (session, _):
            keys = await as_json(session.connection, "SELECT referral.keys_for($1)", case_id)
        return {key["kind"] for key in keys}

    assert await kinds("inspector") == {"case", "person"}
    assert await kinds("social_worker") == {"case"}  # asked: she reads no name yet
    for part in ("outsider", "agency_admin", "auditor", "coordinator"):
        assert await kinds(part) == set(), part
    await house.manages("social_worker", casework.accept, office)
    assert await kinds("social_worker") == {"case", "person"}
    assert await kinds("inspector") == {"case"}


async def test_notices_and_docket_numbers_are_for_those_who_work_on_cases(house: House) -> None:
    _filed, _case_id, office = await filed_case(house)
    await house.manages("social_worker", casework.accept, office)
    await house.manages("inspector", casework.set_docket, office, "I-7/26")
    for part, expected in (("inspector", True), ("supervisor", True), ("agency_admin", False)):
        async with house.acting(part) as (session, _):
            for table in ("referral.outbox", "referral.docket"):
                count = await scalar(session.connection, f"SELECT count(*) FROM {table}")
                assert bool(count) is expected, (part, table)


async def test_without_a_context_there_is_nothing(house: House) -> None:
    await filed_case(house)
    tables = await house.rows(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        "WHERE schemaname = 'referral' AND has_table_privilege('referral_app', "
        "format('%I.%I', schemaname, tablename), 'SELECT')"
    )
    assert len(tables) > 15
    connection = await asyncpg.connect(house.database.url)
    try:
        for row in tables:
            assert await connection.fetchval(f"SELECT count(*) FROM {row['name']}") == 0, row[
                "name"
            ]
        for call in (
            "lock_hand_off(gen_random_uuid(), '2026-03-02')",
            "begin_actor('\\x00', now())",
        ):
            assert await connection.fetchval(f"SELECT referral.{call}") is None
        with pytest.raises(asyncpg.PostgresError, match="nobody is acting"):
            await connection.execute("SELECT referral.carry_out('{}')")
    finally:
        await connection.close()


async def test_a_context_does_not_outlive_its_transaction(house: House) -> None:
    """Neither a commit, nor a fault, nor a request cancelled midway leaves anything in the pool."""
    await filed_case(house)

    async def visit(turn: int) -> None:
        async with house.acting("inspector") as (session, _):
            assert await scalar(session.connection, "SELECT count(*) FROM referral.case") == 1
            if turn % 3 == 1:
                raise RuntimeError
            if turn % 3 == 2:
                await session.connection.exec_driver_sql("SELECT pg_sleep(5)")

    async def visited(turn: int) -> None:
        with contextlib.suppress(RuntimeError, TimeoutError):
            await asyncio.wait_for(visit(turn), 0.3 if turn % 3 == 2 else 5)

    for turn in range(9):
        await visited(turn)
    for _ in range(8):
        async with house.engine.connect() as connection, connection.begin():
            context = (
                "SELECT concat_ws('', "
                + ", ".join(
                    f"current_setting('referral.{name}', true)"
                    for name in ("country", "unit", "agency", "membership", "role")
                )
                + ")"
            )
            assert await scalar(connection, context) == ""
            assert await scalar(connection, "SELECT count(*) FROM referral.case") == 0
