"""Forged erasures and holds, sent straight to the database; what is destroyed by hand is found."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from referral import casework
from referral.audit import Done
from referral.audit.verify import verify
from referral.casework import Intake, PersonTold, Said
from referral.database import as_json, scalar
from tests.cast import PLACE, House, child_at_work
from tests.referral.forging import (
    Payload,
    adding,
    all_refused,
    caught,
    draft,
    new_id,
    refused,
    rewritten,
    set_in,
    signed,
    without,
)
from tests.stories.test_erased import asks, erased, struck

WHY = Said(reason="She asks for it; nothing is open.")
DOOR = "erase"


@pytest.fixture
async def closed(house: House) -> Any:
    """A girl's case, closed."""
    return await struck(house, await house.manages("inspector", casework.file, child_at_work()))


async def approving(house: House, part: str, filed: Any, proposal: str, **parts: Any) -> Payload:
    """An approval of one's own making, with entries that chain."""
    case_id = UUID(filed.case_id)
    told = (draft(Done.APPROVED, "proposal", proposal), draft(Done.CASE_ERASED, "case", case_id))
    answers = [{"id": proposal, "answer": "approved"}]
    made: dict[str, Any] = {"erasure_answers": answers, **parts}
    return await signed(house, house.player(part), case_id, *told, **made)


async def test_nobody_asks_in_anothers_name_nor_for_what_is_not_over(
    house: House, closed: Any
) -> None:
    asking = (casework.ask_erasure, closed.reference, "REQUEST", WHY)
    honest = await caught(house, "inspector", *asking, door=DOOR)
    chief = house.player("supervisor")
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "by her supervisor": (
                set_in("erasure_asks", asked_by=str(chief.membership_id)),
                "RF028",
            ),
            "so that she may approve it": (set_in("erasure_asks", asked_member=new_id()), "RF028"),
            "of another unit": (set_in("erasure_asks", asked_unit=new_id()), "RF028"),
            "as somebody else": (set_in("erasure_asks", asked_role="SUPERVISOR"), "RF028"),
            "for ever": (set_in("erasure_asks", expires_at="2030-01-01T00:00:00Z"), "RF028"),
            "answered already": (set_in("erasure_asks", answer="approved"), "RF028"),
            "of two persons": (set_in("erasure_asks", about=[new_id(), new_id()]), "RF028"),
            "of nobody": (set_in("erasure_asks", about=[new_id()]), "RF028"),
            "kept long enough, and it was not": (
                set_in("erasure_asks", ground="RETENTION"),
                "RF028",
            ),
            "a seal": (set_in("erasure_asks", act="seal", ground=None), "RF028"),
            "no hold to lift": (
                set_in("erasure_asks", act="lift_hold", ground=None, about=[new_id()]),
                "RF028",
            ),
            "of another case": (set_in("erasure_asks", case_id=new_id()), "RF028"),
            "on no ground": (set_in("erasure_asks", ground=None), "RF028"),
            "not told": (rewritten(act="note.added", object_type="case"), "RF015"),
            "told and not done": (without("erasure_asks", "keys"), "RF015"),
            "a part of something else": (adding(notes=[]), "RF009"),
            "a period that only time sees": (adding(retentions=[]), "RF007"),
        },
        door=DOOR,
    )
    for part in ("outsider", "social_worker"):
        told = draft(Done.PROPOSED, "proposal", honest["erasure_asks"][0]["id"])
        forged = await signed(house, house.player(part), UUID(closed.case_id), told)
        assert await refused(house, part, forged, door=DOOR) == "RF008", part
    told = draft(Done.PROPOSED, "proposal", new_id())
    forged = await signed(house, house.player("coordinator"), UUID(closed.case_id), told)
    assert await refused(house, "coordinator", forged, door=DOOR) == "RF007"


async def test_whoever_asked_or_holds_approves_nothing_and_a_hold_shuts_the_second_lock_too(
    house: House, closed: Any
) -> None:
    case_id = UUID(closed.case_id)
    proposal = (await asks(house, closed)).id

    async def tries(part: str, **parts: Any) -> str | None:
        forged = await approving(house, part, closed, proposal, **parts)
        return await refused(house, part, forged, door=DOOR)

    assert await tries("inspector") == "RF028", "who asked"
    assert await tries("supervisor") == "RF028", "who holds, and protects no data"
    told = (draft(Done.APPROVED, "proposal", proposal),)
    answers = [{"id": proposal, "answer": "approved"}]
    officer = house.player("data_officer")
    silent = await signed(house, officer, case_id, *told, erasure_answers=answers)
    assert await refused(house, "data_officer", silent, door=DOOR) == "RF015", "and says so nowhere"
    refusing = [{"id": proposal, "answer": "refused"}]
    assert await tries("data_officer", erasure_answers=refusing) == "RF015", "told as approved"
    await house.manages("data_officer", casework.set_hold, closed.reference, "Court 7", WHY)
    assert await tries("data_officer") == "RF027", "whatever Python thinks"
    await house.rows("UPDATE referral.case SET legal_hold = false")
    await house.rows("UPDATE referral.referral SET state = 'open'")
    house.honest = False
    assert await tries("data_officer") == "RF028", "a child may need it"
    house.at.forward(days=14)
    assert await tries("data_officer") == "RF028", "too late"


async def test_what_a_hold_denies_is_denied_twice(house: House, monkeypatch: Any) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)
    honest = await caught(house, "inspector", casework.propose, referral, "void", WHY)
    void = await house.manages("inspector", casework.propose, referral, "void", WHY)
    approval = await caught(
        house, "supervisor", casework.answer_proposal, UUID(void.id), WHY, approve=True
    )
    await house.manages("inspector", casework.set_hold, filed.reference, "Court 7", WHY)
    for part, payload in (("inspector", honest), ("supervisor", approval)):
        asked = payload.get("proposals")
        told = [
            draft(Done.PROPOSED, "proposal", asked[0]["id"])
            if asked
            else draft(Done.APPROVED, "proposal", void.id)
        ]
        fresh = await signed(house, house.player(part), UUID(filed.case_id), *told)
        forged = {**payload, "entries": fresh["entries"]}
        assert await refused(house, part, forged) == "RF027", part


async def test_what_was_erased_is_not_written_to_again(house: House, closed: Any) -> None:
    case_id = UUID(closed.case_id)
    referral = UUID(closed.referrals[0].referral_id)
    note = await caught(house, "inspector", casework.add_note, referral, "She is well.")
    await erased(house, closed)
    assert await refused(house, "inspector", note) == "RF008"
    async with house.acting("inspector") as (session, _):
        for asking in ("lock_referral($1, '2026-03-02')", "erasure_key($1)"):
            assert await as_json(session.connection, f"SELECT referral.{asking}", referral) is None
        keys = await as_json(session.connection, "SELECT referral.keys_for($1)", case_id)
        assert keys == []
        lock = "SELECT referral.lock_erasure($1, NULL, NULL)"
        assert await as_json(session.connection, lock, closed.reference) is None


async def test_since_when_it_is_gone_is_told_to_who_had_a_part(house: House, closed: Any) -> None:
    await erased(house, closed)
    for part, told in (("inspector", True), ("social_worker", True), ("outsider", False)):
        async with house.acting(part) as (session, _):
            since = await scalar(
                session.connection, "SELECT referral.gone_since($1)", UUID(closed.case_id)
            )
        assert (since is not None) is told, part


async def test_a_sealed_case_is_gone_for_everybody(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)
    names = ("inspector.zz", "supervisor.zz")
    seal = await house.manages("inspector", casework.propose, referral, "seal", WHY, named=names)
    answer = (casework.answer_proposal, UUID(seal.id), Said())
    await house.manages("supervisor", *answer, approve=True)
    await struck(house, filed)
    await erased(house, filed)
    async with house.acting("inspector") as (session, _):
        since = await scalar(
            session.connection, "SELECT referral.gone_since($1)", UUID(filed.case_id)
        )
    assert since is None


async def test_only_time_sees_that_a_period_is_over(house: House, closed: Any) -> None:
    case_id = UUID(closed.case_id)
    years = "SELECT count(*) FROM referral.kept_long_enough('{\"*\": 0}', $1)"
    async with house.worker.begin() as connection:
        assert await scalar(connection, years, house.at()) == 0, "for no country"
        await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
        assert await scalar(connection, years, house.at()) == 1
        lock = "SELECT referral.lock_kept($1)"
        assert (await as_json(connection, lock, case_id))["reference"] == closed.reference
    async with house.worker.begin() as connection:
        await connection.exec_driver_sql("SELECT referral.begin_worker('TH')")
        assert await as_json(connection, lock, case_id) is None
    for call in (
        "kept_long_enough('{}', now())",
        f"lock_kept('{case_id}')",
        "forget(NULL, '{}', true)",
    ):
        async with house.acting("data_officer") as (session, _):
            driver = (await session.connection.get_raw_connection()).driver_connection
            assert driver is not None
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await driver.fetch(f"SELECT referral.{call}")
            await session.connection.rollback()


async def test_a_body_goes_with_its_case_and_no_other_way(house: House, closed: Any) -> None:
    other = await house.manages("inspector", casework.file, child_at_work())
    await erased(house, closed)
    for statement in (
        "DELETE FROM referral.audit_body WHERE subject = $1",
        "UPDATE referral.audit_body SET content = '' WHERE subject = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await house.rows(statement, UUID(other.case_id))
    house.honest = False
    off = "SET session_replication_role = replica"
    connection = await asyncpg.connect(house.database.superuser_url)
    await connection.execute(off)
    taken = "DELETE FROM referral.audit_body WHERE subject = $1"
    await connection.execute(taken, UUID(other.case_id))
    await connection.close()
    found = (await verify(house.database.url_of("auditor_ro"))).problems
    assert {one.what for one in found} == {"its body is gone, and no erasure says so"}


async def test_of_one_person_go_the_bodies_about_her_up_to_her_erasure(house: House) -> None:
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
    two = (PersonTold(facts=told), PersonTold(facts=told))
    intake = Intake(client_id=uuid4(), place=PLACE, reported="CL", persons=two)
    filed = await house.manages("inspector", casework.file, intake)
    first, second = (UUID(one.referral_id) for one in filed.referrals)
    proposal = await house.manages("inspector", casework.propose, first, "void", WHY)
    answer = (casework.answer_proposal, UUID(proposal.id), Said())
    await house.manages("supervisor", *answer, approve=True)
    await erased(house, filed, number=1)
    assert (await house.does("inspector", casework.add_note, first, "Again.")).status == 403
    gone = await house.rows(
        "SELECT e.object_id FROM referral.audit_entry e WHERE NOT EXISTS "
        "(SELECT FROM referral.audit_body b WHERE b.entry_id = e.id) AND e.object_type = 'referral'"
    )
    assert {row["object_id"] for row in gone} == {first}
    assert (await verify(house.database.url_of("auditor_ro"))).problems == []
    house.honest = False
    taken = (
        "DELETE FROM referral.audit_body b USING referral.audit_entry e WHERE e.id = b.entry_id "
        "AND e.object_id = $1"
    )
    for whose, count in ((second, "about somebody else"), (first, "after her erasure")):
        before = len((await verify(house.database.url_of("auditor_ro"))).problems)
        await house.rows(taken, whose)
        found = (await verify(house.database.url_of("auditor_ro"))).problems
        assert len(found) > before, count
        assert {one.what for one in found} == {"its body is gone, and no erasure says so"}


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("UPDATE referral.case SET erased_at = NULL", "the log says it was erased, and it was not"),
        ("UPDATE referral.person SET erased_at = now()", "it is erased, and the log does not say"),
        ("DELETE FROM referral.erasure", "it stands, or the log tells of it, and not both"),
        ("UPDATE referral.party SET until = NULL", "is erased, and somebody is still party to it"),
        ("DELETE FROM referral.legal_hold", "it stands or is lifted, the log has 1 entries"),
    ],
)
async def test_an_erasure_made_or_unmade_by_hand_is_found(
    house: House, closed: Any, done: str, told: str
) -> None:
    other = await house.manages("inspector", casework.file, child_at_work())
    await house.manages("inspector", casework.set_hold, other.reference, "Court 7", WHY)
    await erased(house, closed)
    assert (await verify(house.database.url_of("auditor_ro"))).problems == []
    house.honest = False
    await house.rows(done)
    found = (await verify(house.database.url_of("auditor_ro"))).problems
    assert any(told in one.what for one in found), found
