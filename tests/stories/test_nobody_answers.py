"""Nobody answers: a reminder, an alert, the next one asked, and the log says when it was due."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from referral import casework, queries
from referral.casework.clockwork import lapse
from referral.database import scalar
from referral.session import WriteSession
from tests.cast import House, asked, child_at_work


async def let_time_pass(house: House) -> list[datetime]:
    """Fire every rung that is due by now, one after the other, as the worker does."""
    fired: list[datetime] = []
    while True:
        due = await house.rows(
            "SELECT id, country FROM referral.clock WHERE next_at <= $1 "
            "AND state = 'running' ORDER BY next_at, id LIMIT 1",
            house.at(),
        )
        if not due:
            return fired
        engine = house.worker
        async with engine.connect() as connection, connection.begin():
            await scalar(connection, "SELECT referral.begin_worker($1)", due[0]["country"])
            session = WriteSession(
                connection, house.installation.vault, house.installation.catalogue, "worker"
            )
            rung = await lapse(session, due[0]["id"], now=house.at())
            assert rung is not None
            fired.append(rung)


async def test_silence_escalates_and_the_child_stays_held(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    first = asked(filed, "ZZ-C01")
    start = house.at()

    house.at.forward(hours=13)
    await let_time_pass(house)
    acts = await _acts(house, filed.case_id)
    assert "hand_off.reminded" in acts
    assert "hand_off.overdue" not in acts

    # Noticed a day late: the log says when it was due.
    house.at.forward(hours=48)
    await let_time_pass(house)
    late = await house.rows(
        "SELECT header::jsonb ->> 'occurred_at' AS due FROM referral.audit_entry "
        "WHERE act = 'hand_off.overdue' AND object_id = $1 ORDER BY seq LIMIT 1",
        first,
    )
    assert (datetime.fromisoformat(late[0]["due"]) - start).total_seconds() == 24 * 3600
    for part in ("supervisor", "protection_supervisor"):
        overdue = await house.manages(part, queries.overdue_in)
        assert first in [line.id for line in overdue], part

    # The national directorate was asked beside the silent office; either may still accept.
    again = await house.rows(
        "SELECT id FROM referral.hand_off WHERE case_id = $1 AND step = 'ZZ-C01' AND id <> $2",
        UUID(filed.case_id),
        first,
    )
    assert len(again) == 1
    accepted = await house.manages("directorate", casework.accept, again[0]["id"])
    assert str(first) in accepted.superseded
    holder = await house.rows(
        "SELECT holder_unit FROM referral.referral WHERE case_id = $1", UUID(filed.case_id)
    )
    assert {row["holder_unit"] for row in holder} == {house.player("directorate").unit_id}


async def test_whoever_asked_is_told_at_each_rung_and_then_both_supervisors(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    silent = asked(filed, "ZZ-C01")
    sender, receiver = (house.player(part).unit_id for part in ("inspector", "social_worker"))
    heard = []
    for hours in (12, 12, 12, 12, 24):  # 50, 100, 150, 200 and 300 % of 24 hours
        house.at.forward(hours=hours)
        await let_time_pass(house)
        rows = await house.rows(
            "SELECT kind, to_unit, to_role FROM referral.outbox WHERE hand_off_id = $1"
            " AND occurred_at = $2",
            silent,
            house.at(),
        )
        heard.append({(row["to_unit"], row["to_role"], row["kind"]) for row in rows})
    for told in heard:
        assert [kind for unit, role, kind in told if (unit, role) == (sender, None)]
    reminder, alert, fall_back, escalated, agenda = heard
    assert (receiver, None, "hand_off.reminded") in reminder
    assert not [role for _, role, _ in reminder if role]
    for told in (alert, fall_back, escalated, agenda):
        supervisors = {(unit, role) for unit, role, _ in told if role}
        assert supervisors == {(sender, "SUPERVISOR"), (receiver, "SUPERVISOR")}
    council = house.player("coordinator").unit_id
    assert council in {unit for unit, _, _ in escalated} & {unit for unit, _, _ in agenda}
    # Each of them once, however many reasons there are to tell her.
    assert all(len({(unit, role) for unit, role, _ in told}) == len(told) for told in heard)


async def _acts(house: House, case_id: str) -> list[str]:
    rows = await house.rows(
        "SELECT e.act FROM referral.audit_entry e JOIN referral.stream_head s USING (stream_id) "
        "WHERE s.subject = $1 ORDER BY e.seq",
        UUID(case_id),
    )
    return [row["act"] for row in rows]
