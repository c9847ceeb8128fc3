"""Meetings: a case conference, the monthly task force. Called with an agenda, recorded with tasks.

On the agenda of a body's next meeting stand the hand-offs whose last rung called it; others are added
by who knows of them. A meeting decides nothing by itself: each task has an owner and a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from referral import access, errors
from referral.audit import Done
from referral.audit.ledger import Ledger, sealed
from referral.audit.streams import keep_key
from referral.casework import together
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of


@dataclass(frozen=True, slots=True)
class Call:
    """What is called: kind, the mandate it meets as, when, who is invited, what is added."""

    kind: str
    planned_at: datetime
    body: str | None = None
    invited: Sequence[UUID] = ()
    hand_offs: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What was decided: who does it until when."""

    owner: UUID
    due_on: date
    what: str
    item: UUID | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What came of a meeting: when it was held, who came, which tasks were given."""

    held_at: datetime
    present: Sequence[UUID] = ()
    tasks: Sequence[Task] = ()


@dataclass(frozen=True, slots=True)
class Met(together.Kept):
    """A meeting was called or recorded."""

    meeting_id: str
    version: int


_FACTS = """
SELECT jsonb_build_object(
    'body', $1::text IS NULL OR EXISTS (SELECT FROM agencies.mandate m WHERE m.unit_id = $2 AND m.mandate = $1
        AND NOT m.fall_back AND m.mandate <> 'NATIONAL_FALL_BACK' AND m.valid_from <= $6 AND (m.valid_until IS NULL OR $6 < m.valid_until)),
    'units', (SELECT coalesce(jsonb_agg(u.id), '[]') FROM agencies.unit u WHERE u.country = $3 AND u.id = ANY ($4::uuid[])),
    'known', (SELECT coalesce(jsonb_agg(h.id), '[]') FROM referral.hand_off h WHERE h.id = ANY ($5::uuid[])),
    'waiting', (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('hand_off_id', o.hand_off_id, 'case_id', o.case_id)), '[]') FROM referral.outbox o
        WHERE o.to_unit = $2 AND o.kind = 'hand_off.agenda' AND NOT EXISTS (SELECT FROM referral.meeting_item i
            WHERE i.case_id = o.case_id AND i.hand_off_id IS NOT DISTINCT FROM o.hand_off_id AND i.convenor = $2 AND i.since >= o.occurred_at)))
"""


async def call_meeting(
    session: WriteSession, actor: Actor, call: Call, *, now: datetime
) -> Met | Refusal:
    """Call a meeting. What was escalated to the unit's agenda since the last one is on it."""
    facts = await as_json(
        session.connection,
        _FACTS,
        call.body,
        actor.unit_id,
        actor.country,
        list(call.invited),
        list(call.hand_offs),
        session.day_in(actor.country, now),
    )
    refused = access.by_role(actor, "call_meeting") or _faults(call, facts)
    if refused is not None:
        return await _refused(session, actor, refused, act="call_meeting", about=None, now=now)
    meeting = uuid4()
    _, wrapped = session.vault.new_key(meeting, "meeting")
    ledger = together.own_ledger(actor, now)
    keep_key(ledger, wrapped, None)
    ledger.add(
        "meetings",
        id=str(meeting),
        country=actor.country,
        kind=call.kind,
        body=call.body,
        unit_id=str(actor.unit_id),
        called_by=str(actor.id),
        called_at=now.isoformat(),
        planned_at=call.planned_at.isoformat(),
        version=1,
    )
    escalated = {one["hand_off_id"] for one in facts["waiting"]}
    added = [{"hand_off_id": str(one)} for one in set(call.hand_offs) if str(one) not in escalated]
    for item in (*facts["waiting"], *added):
        ledger.add("meeting_items", id=str(uuid4()), meeting_id=str(meeting), **item)
    _attend(ledger, actor, meeting, call.invited, "invited")
    ledger.log(Done.MEETING_CALLED, "meeting", meeting, kind=call.kind, body=call.body)
    return await together.posted(session, actor, ledger, "meeting", Met(str(meeting), 1), 201)


def _faults(call: Call, facts: Mapping[str, Any]) -> Refusal | None:
    found = []
    if not facts["body"]:
        message = "Your unit is not charged with this; leave it out, or name a mandate it holds."
        found.append(Fault("/body", "unknown", message))
    if len(facts["units"]) != len(set(call.invited)):
        found.append(Fault("/invited", "unknown", "There is no such unit in this country."))
    if len(facts["known"]) != len(set(call.hand_offs)):
        message = "Only what your unit knows of can be put on its agenda."
        found.append(Fault("/hand_offs", "unknown", message))
    return errors.invalid_input(found) if found else None


async def hold_meeting(
    session: WriteSession, actor: Actor, meeting_id: UUID, record: Record, *, now: datetime
) -> Met | Refusal:
    """Record who came and which tasks were given; once, by the unit that convened."""
    await together.lock(session, "meeting", meeting_id)
    row = await as_json(session.connection, _MEETING, meeting_id, actor.unit_id)
    refused = access.by_role(actor, "call_meeting") or _not_recordable(actor, row, record, now)
    if refused is not None:
        return await _refused(
            session, actor, refused, act="hold_meeting", about=meeting_id, now=now
        )
    key = keys_of(session, [row["key"]])[meeting_id]
    ledger = together.own_ledger(actor, now)
    ledger.add("meeting_records", id=str(meeting_id), held_at=record.held_at.isoformat())
    invited = {UUID(one) for one in row["units"]}
    _attend(ledger, actor, meeting_id, [*record.present], "present")
    _attend(ledger, actor, meeting_id, sorted(invited - set(record.present)), "absent")
    for task in record.tasks:
        task_id = uuid4()
        content = sealed(
            key, task.what.encode(), room="meeting_task", column="content", row=task_id
        )
        ledger.add(
            "meeting_tasks",
            id=str(task_id),
            meeting_id=str(meeting_id),
            country=actor.country,
            convenor=str(actor.unit_id),
            item_id=str(task.item) if task.item else None,
            owner_unit=str(task.owner),
            due_on=task.due_on.isoformat(),
            key_version=key.version,
            content=content,
        )
    ledger.log(
        Done.MEETING_HELD,
        "meeting",
        meeting_id,
        occurred_at=record.held_at,
        tasks=len(record.tasks),
    )
    return await together.posted(session, actor, ledger, "meeting", Met(str(meeting_id), 2), 200)


_MEETING = """
SELECT jsonb_build_object('unit_id', m.unit_id, 'held_at', m.held_at, 'key', referral.meeting_key(m.id),
    'units', (SELECT coalesce(jsonb_agg(u.unit_id), '[]') FROM referral.meeting_unit u WHERE u.meeting_id = m.id),
    'items', (SELECT coalesce(jsonb_agg(i.id), '[]') FROM referral.meeting_item i WHERE i.meeting_id = m.id))
FROM referral.meeting m WHERE m.id = $1
    AND (m.unit_id = $2 OR EXISTS (SELECT FROM referral.meeting_unit u WHERE u.meeting_id = m.id AND u.unit_id = $2))
"""
_refused = partial(together.refused, kind="meeting")


def _not_recordable(
    actor: Actor, row: Mapping[str, Any] | None, record: Record, now: datetime
) -> Refusal | None:
    if row is None:
        return errors.not_found()
    if row["unit_id"] != str(actor.unit_id):
        return errors.not_permitted("hold_meeting", "the unit that convened it")
    if row["held_at"] is not None:
        explanation = "It is recorded already. Call another one for what is still open."
        return errors.not_allowed_now("held", "hold_meeting", [], explanation)
    found = []
    if record.held_at > now:
        found.append(Fault("/held_at", "future", "This is in the future."))
    units = {*row["units"], str(actor.unit_id)}
    if not {str(one) for one in record.present} <= units:
        found.append(Fault("/present", "unknown", "Only who was invited can have come."))
    found += _task_faults(record, units, row["items"])
    return errors.invalid_input(found) if found else None


def _task_faults(record: Record, units: set[str], items: Sequence[str]) -> list[Fault]:
    found = []
    for number, task in enumerate(record.tasks):
        at = f"/tasks/{number}"
        if str(task.owner) not in units:
            message = "A task goes to a unit that was invited, or to yours."
            found.append(Fault(f"{at}/owner", "unknown", message))
        if task.item is not None and str(task.item) not in items:
            found.append(Fault(f"{at}/item", "unknown", "This is not on the agenda."))
        if task.due_on < _day_before(record.held_at):
            message = "This is before the meeting. Give the day by which it is to be done."
            found.append(Fault(f"{at}/due", "past", message))
        if not task.what.strip():
            found.append(Fault(f"{at}/what", "missing", "Say what is to be done."))
    return found


def _day_before(held_at: datetime) -> date:
    """The earliest day it can still have been anywhere when the meeting was held (UTC-12)."""
    return (held_at.astimezone(UTC) - timedelta(hours=12)).date()


def _attend(
    ledger: Ledger, actor: Actor, meeting: UUID, units: Sequence[UUID], attendance: str
) -> None:
    for unit in sorted(set(units)):
        ledger.add(
            "meeting_units",
            id=str(uuid4()),
            meeting_id=str(meeting),
            country=actor.country,
            convenor=str(actor.unit_id),
            unit_id=str(unit),
            attendance=attendance,
        )
