"""Break-glass: one case, one person, one hour, and everybody who must know is told at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from referral import casework, queries, worker
from referral.casework import Filed, Intake, PersonTold, Said
from referral.database import scalar
from referral.entry import Installation
from referral.errors import Refusal
from referral.session import Actor, WitnessedRead
from tests.cast import PLACE, House, asked

WHY = Said(reason="She called from the station; the one who holds her case is not to be found.")


def girl() -> Intake:
    """A girl with a name, a place and a story."""
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
    person = PersonTold(
        facts=told, identity={"name": "Amal Doe"}, safety={"staying_at": "with the aunt"}
    )
    return Intake(
        client_id=uuid4(),
        place=PLACE,
        reported="CL",
        persons=(person,),
        narrative="Carrying bricks.",
        reporter={"name": "a teacher"},
    )


@asynccontextmanager
async def proven(house: House, part: str) -> AsyncIterator[tuple[WitnessedRead, Actor]]:
    """In her browser, her password just entered: as a page does it."""
    from agencies.identity import digest_of
    from referral.database import as_json

    secret = f"session {uuid4()}"
    await house.rows(
        "SELECT agencies.open_session($1, $2, $3, $4, $5)",
        digest_of(secret),
        house.player(part).membership_id,
        digest_of("unused"),
        house.at(),
        house.at() + timedelta(hours=12),
    )
    async with house.engine.connect() as connection, connection.begin():
        row = await as_json(
            connection, "SELECT referral.begin_actor($1, $2)", digest_of(secret), house.at()
        )
        session = WitnessedRead(
            connection, house.installation.vault, house.installation.catalogue, "test"
        )
        yield session, Actor.from_row(row)


async def does(house: House, part: str, verb: Any, *about: Any, **more: Any) -> Any:
    """As ``House.does``, with a fresh proof."""
    async with proven(house, part) as (session, actor):
        if verb in {casework.break_glass, casework.close_glass, casework.review_glass}:
            from referral.session import WriteSession

            writing = WriteSession(
                session.connection, session.vault, session.catalogue, session.request_id
            )
            return await verb(writing, actor, *about, now=house.at(), **more)
        return await verb(session, actor, *about, now=house.at(), **more)


async def accepted(house: House) -> tuple[Filed, UUID, UUID]:
    """Winnie holds the girl; Paulo supervises her unit."""
    filed: Filed = await house.manages("inspector", casework.file, girl())
    office = asked(filed, "ZZ-C01")
    await house.manages("social_worker", casework.accept, office)
    return filed, UUID(filed.case_id), office


async def notices(house: House, kind: str) -> list[tuple[UUID, str]]:
    """Who was told of this."""
    rows = await house.rows(
        "SELECT to_unit, to_role FROM referral.outbox WHERE kind = $1 ORDER BY to_role", kind
    )
    return [(row["to_unit"], row["to_role"]) for row in rows]


async def reads(house: House) -> int:
    """How many reads are in the log."""
    rows = await house.rows("SELECT count(*) FROM referral.audit_entry WHERE act = 'case.read'")
    return int(rows[0]["count"])


@pytest.fixture
async def colleague(house: House) -> str:
    """Somebody of the agency in another unit, who has no part in any case of Winnie's."""
    await house.rows(
        "WITH u AS (INSERT INTO agencies.unit "
        "(id, agency_id, country, key, name, intake, time_zone) "
        "SELECT gen_random_uuid(), agency_id, country, 'NIGHT', 'Night desk', false, time_zone "
        "FROM agencies.unit WHERE id = $1 RETURNING id) "
        "UPDATE agencies.membership m SET unit_id = u.id FROM u WHERE m.id = $2",
        house.player("social_worker").unit_id,
        house.player("protection_supervisor").membership_id,
    )
    return "protection_supervisor"


async def test_a_colleague_opens_it_and_everybody_is_told(house: House, colleague: str) -> None:
    filed, case_id, office = await accepted(house)
    assert isinstance(await house.does(colleague, queries.case_seen, case_id), Refusal)
    stale = await house.does(colleague, casework.break_glass, filed.reference, WHY)
    assert stale.type == "step-up-required"
    bare = await does(house, colleague, casework.break_glass, filed.reference, Said())
    assert bare.type == "reason-required"
    for part in ("outsider", "prosecutor", "inspector"):
        other = await does(house, part, casework.break_glass, filed.reference, WHY)
        assert other.status == 404, "not a case her agency works on"
    for part in ("coordinator", "auditor", "data_officer", "agency_admin"):
        other = await does(house, part, casework.break_glass, filed.reference, WHY)
        assert other.status == 403, part

    glass = await does(house, colleague, casework.break_glass, filed.reference, WHY, minutes=30)
    assert glass.case_id == str(case_id)
    holder = house.player("social_worker").unit_id
    officer = house.player("data_officer").unit_id
    assert await notices(house, "glass.opened") == [
        (officer, "DATA_PROTECTION_OFFICER"),
        (holder, "SUPERVISOR"),
    ]
    before = await reads(house)
    seen = await does(house, colleague, queries.case_seen, case_id)
    assert {one.value for one in seen.relationships} == {"break_glass"}
    assert await reads(house) == before + 1, "every read, whatever it opens"
    opened = await does(
        house,
        colleague,
        queries.case_seen,
        case_id,
        groups=("G2", "G3", "G4"),
        reason=WHY.reason,
    )
    assert opened.persons[0].identity["name"] == "Amal Doe"
    # What travelled to her agency and no more: where the girl stays did not, nor who reported.
    assert set(opened.opened) == {"G2"}
    bare = await does(house, colleague, queries.case_seen, case_id, groups=("G2",))
    assert bare.refused["G2"].type == "reason-required"
    await does(house, colleague, queries.timeline_of, case_id)
    await does(house, colleague, queries.hand_off_seen, office)
    assert await reads(house) == before + 5
    for act in (casework.accept, casework.start):
        assert (await house.does(colleague, act, office)).status in {403, 409}
    actor = (await _who(house, colleague)).glass
    assert actor is not None
    assert actor[1] == case_id

    # To her alone: no colleague in her unit, and only until the half hour is over.
    house.at.forward(minutes=29)
    assert not isinstance(await house.does(colleague, queries.case_seen, case_id), Refusal)
    house.at.forward(minutes=1)
    for question in (queries.case_seen, queries.timeline_of):
        assert (await house.does(colleague, question, case_id)).status == 404
    async with house.acting(colleague) as (session, who):
        assert who.glass is None
        count = "SELECT count(*) FROM referral.party WHERE case_id = $1"
        assert await scalar(session.connection, count, case_id) == 0
        keys = "SELECT jsonb_array_length(referral.keys_for($1))"
        assert await scalar(session.connection, keys, case_id) == 0


async def _who(house: House, part: str) -> Actor:
    async with house.acting(part) as (_, actor):
        return actor


async def test_one_case_at_a_time_for_an_hour_at_most_and_closed_by_her_own_hand(
    house: House, colleague: str
) -> None:
    filed, case_id, _ = await accepted(house)
    for minutes in (0, 61, -5):
        answer = await does(
            house, colleague, casework.break_glass, filed.reference, WHY, minutes=minutes
        )
        assert answer.type == "invalid-input", minutes
    glass = await does(house, colleague, casework.break_glass, filed.reference, WHY)
    second = await does(house, colleague, casework.break_glass, filed.reference, WHY)
    assert (second.status, second.extra["from"]) == (409, "open")
    house.at.forward(minutes=5)
    closing = UUID(glass.id)
    for part in ("outsider", "data_officer"):
        assert (await does(house, part, casework.close_glass, closing)).status == 404
    await does(house, colleague, casework.close_glass, closing)
    assert (await house.does(colleague, queries.case_seen, case_id)).status == 404
    again = await does(house, colleague, casework.close_glass, closing)
    assert again.extra["from"] == "closed"


async def test_somebody_else_reviews_it_and_never_the_breaker(house: House, colleague: str) -> None:
    filed, _, _ = await accepted(house)
    glass = UUID((await does(house, colleague, casework.break_glass, filed.reference, WHY)).id)
    review = (casework.review_glass, glass, "justified", "The station confirms the call.")
    own = await does(house, colleague, *review)
    assert own.type == "not-permitted"
    for part in ("supervisor", "outsider"):
        other = await does(house, part, *review)
        assert other.status in {403, 404}, part
    listed = await does(house, "data_officer", queries.glasses_of)
    assert [(one.person, one.reason) for one in listed] == [("Paulo Vance", WHY.reason)]
    assert listed[0].reference is None, "who protects data has no part in the case"
    wordless = await does(house, "data_officer", casework.review_glass, glass, "justified", " ")
    assert wordless.type == "reason-required"
    await does(house, "data_officer", *review)
    twice = await does(house, "data_officer", *review)
    assert twice.extra["from"] == "reviewed"
    rows = await house.rows("SELECT opened_member, reviewed_member, finding FROM referral.glass")
    assert rows[0]["finding"] == "justified"
    assert rows[0]["opened_member"] != rows[0]["reviewed_member"]


async def test_unreviewed_after_three_days_it_escalates_once(house: House, colleague: str) -> None:
    filed, _, _ = await accepted(house)
    await does(house, colleague, casework.break_glass, filed.reference, WHY)
    clockwork = Installation(
        house.installation.settings,
        house.worker,
        house.installation.vault,
        house.installation.catalogue,
        house.at,
    )
    house.at.forward(hours=71, minutes=59)
    await worker.turn(clockwork, house.at())
    assert await notices(house, "glass.unreviewed") == []
    house.at.forward(minutes=1)
    for _ in range(3):
        await worker.turn(clockwork, house.at())
    told = await notices(house, "glass.unreviewed")
    assert [role for _, role in told] == ["COORDINATOR", "DATA_PROTECTION_OFFICER"]
    logged = await house.rows(
        "SELECT e.actor, s.kind, s.country FROM referral.audit_entry e "
        "JOIN referral.stream_head s USING (stream_id) WHERE e.act = 'glass.escalated'"
    )
    assert [tuple(row) for row in logged] == [("clockwork", "system", "ZZ")]


async def test_the_third_in_thirty_days_has_the_person_looked_at(
    house: House, colleague: str
) -> None:
    filed, _, _ = await accepted(house)
    for turn in range(3):
        assert (await notices(house, "glass.person_review") == []) is True, turn
        await does(house, colleague, casework.break_glass, filed.reference, WHY, minutes=1)
        house.at.forward(days=1)
    told = await notices(house, "glass.person_review")
    assert [role for _, role in told] == ["DATA_PROTECTION_OFFICER", "SUPERVISOR"]


async def test_a_sealed_case_and_an_exclusion_are_not_broken_open(
    house: House, colleague: str
) -> None:
    filed, case_id, _ = await accepted(house)
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages(
        "social_worker", casework.exclude, referral, "person", f"{colleague}.zz", WHY
    )
    denied = await does(house, colleague, casework.break_glass, filed.reference, WHY)
    absent = await does(house, colleague, casework.break_glass, "ZZ-0000-0000", WHY)
    assert replace(denied) == replace(absent)
    rows = await house.rows("SELECT count(*) FROM referral.glass WHERE case_id = $1", case_id)
    assert rows[0]["count"] == 0


async def test_the_database_refuses_what_python_would_let_pass(
    house: House, colleague: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second lock: no fresh proof, or somebody else's case, and the database says no itself."""
    filed, _, _ = await accepted(house)
    from referral import access

    monkeypatch.setattr(access, "by_role", lambda *_: None)
    with pytest.raises(DBAPIError, match="after a fresh proof"):
        await house.does(colleague, casework.break_glass, filed.reference, WHY)
