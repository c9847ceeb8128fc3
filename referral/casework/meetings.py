"""Meetings: a case conference, the monthly task force. Called with an agenda, recorded with tasks.

On the agenda of a body's next meeting stand the hand-offs whose last rung called it; others are added
by who knows of them. A meeting decides nothing by itself: each task has an owner and a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID, uuid4

from referral import access, errors
from referral.audit import Done
from referral.audit.ledger import Ledger, post, sealed
from referral.audit.streams import keep_key, own_stream
from referral.casework.refusing import refuse
from referral.database import as_json, scalar
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
class Met:
    """A meeting was called or recorded."""

    meeting_id: str
    version: int

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """The same answer to the same request."""
        return cls(**stored)


_FACTS = """
SELECT jsonb_build_object(
    'body', $1::text IS NULL OR EXISTS (SELECT FROM agencies.mandate m WHERE m.unit_id = $2 AND m.mandate = $1),
    'units', (SELECT coalesce(jsonb_agg(u.id), '[]') FROM agencies.unit u WHERE u.country = $3 AND u.id = ANY ($4::uuid[])),
    'known', (SELECT coalesce(jsonb_agg(h.id), '[]') FROM referral.hand_off h WHERE h.id = ANY ($5::uuid[])),
    'waiting', (SELECT coalesce(jsonb_agg(DISTINCT o.hand_off_id), '[]') FROM referral.outbox o WHERE o.to_unit = $2 AND o.kind = 'hand_off.agenda'
        AND NOT EXISTS (SELECT FROM referral.meeting_item i WHERE i.hand_off_id = o.hand_off_id AND i.convenor = $2 AND i.since >= o.occurred_at)))
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
    )
    refused = access.by_role(actor, "call_meeting") or _faults(call, facts)
    if refused is not None:
        return await _refused(session, actor, refused, "call_meeting", None, now)
    meeting = uuid4()
    _, wrapped = session.vault.new_key(meeting, "meeting")
    ledger = Ledger(None, now, why=f"role:{actor.role.value}")
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
    for hand_off in sorted({*facts["waiting"], *(str(one) for one in call.hand_offs)}):
        ledger.add("meeting_items", id=str(uuid4()), meeting_id=str(meeting), hand_off_id=hand_off)
    _attend(ledger, actor, meeting, call.invited, "invited")
    ledger.log(Done.MEETING_CALLED, "meeting", meeting, kind=call.kind, body=call.body)
    return await _posted(session, actor, ledger, Met(str(meeting), 1), 201)


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
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('meeting ' || $1::text, 0))::text"
    await scalar(session.connection, lock, str(meeting_id))
    row = await as_json(session.connection, _MEETING, meeting_id)
    refused = access.by_role(actor, "call_meeting") or _not_recordable(actor, row, record, now)
    if refused is not None:
        return await _refused(session, actor, refused, "hold_meeting", meeting_id, now)
    key = keys_of(session, [row["key"]])[meeting_id]
    ledger = Ledger(None, now, why=f"role:{actor.role.value}")
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
    return await _posted(session, actor, ledger, Met(str(meeting_id), 2), 200)


_MEETING = """
SELECT jsonb_build_object('unit_id', m.unit_id, 'held_at', m.held_at, 'key', referral.meeting_key(m.id),
    'units', (SELECT coalesce(jsonb_agg(u.unit_id), '[]') FROM referral.meeting_unit u WHERE u.meeting_id = m.id),
    'items', (SELECT coalesce(jsonb_agg(i.id), '[]') FROM referral.meeting_item i WHERE i.meeting_id = m.id))
FROM referral.meeting m WHERE m.id = $1
"""


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
    for number, task in enumerate(record.tasks):
        if str(task.owner) not in units:
            message = "A task goes to a unit that was invited, or to yours."
            found.append(Fault(f"/tasks/{number}/owner", "unknown", message))
        if task.item is not None and str(task.item) not in row["items"]:
            found.append(Fault(f"/tasks/{number}/item", "unknown", "This is not on the agenda."))
        if not task.what.strip():
            found.append(Fault(f"/tasks/{number}/what", "missing", "Say what is to be done."))
    return errors.invalid_input(found) if found else None


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


async def _posted(
    session: WriteSession, actor: Actor, ledger: Ledger, answer: Met, status: int
) -> Met:
    head, key = await own_stream(session, actor, ledger)
    await post(
        session,
        ledger,
        actor=actor,
        head=head,
        key=key,
        answer=answer.stored(),
        status=status,
        through="convene",
    )
    return answer


async def _refused(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    act: str,
    meeting: UUID | None,
    now: datetime,
) -> Refusal:
    return await refuse(
        session, actor, refusal, act=act, object_type="meeting", object_id=meeting, now=now
    )
