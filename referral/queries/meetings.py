"""Meetings a unit convenes or is invited to: the list, and one with agenda, attendance and tasks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from referral import errors
from referral.audit.streams import witness
from referral.database import decoded
from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession, WitnessedRead, keys_of


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """One meeting of a list."""

    id: UUID
    kind: str
    body: str | None
    planned_at: datetime
    held_at: datetime | None
    convenor: str | None
    mine: bool
    version: int


@dataclass(frozen=True, slots=True)
class ItemSeen:
    """What stands on the agenda: opaque, unless the unit is party to it (``known``).

    Without a hand-off it is a limit of the referral itself that is late.
    """

    id: UUID
    hand_off_id: UUID | None
    reference: str
    step: str | None
    mandate: str | None
    since: datetime | None
    known: bool


@dataclass(frozen=True, slots=True)
class AttendanceSeen:
    """An invited unit."""

    unit_id: UUID
    name: str
    attendance: str


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """What was decided."""

    owner_unit: UUID
    owner: str
    due_on: date
    what: str
    item_id: UUID | None


@dataclass(frozen=True, slots=True)
class LateSeen:
    """What is late or left lying in the body's tracks and area and not on the agenda: opaque."""

    reference: str
    track: str
    protocol_version: str
    protocol_digest: str
    step: str
    mandate: str
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class MeetingSeen:
    """One meeting. ``late`` is for who convenes it, until it is held."""

    line: MeetingLine
    items: tuple[ItemSeen, ...]
    units: tuple[AttendanceSeen, ...]
    tasks: tuple[TaskSeen, ...]
    late: tuple[LateSeen, ...] = ()


_NAMED = "CASE WHEN a.confidential AND a.id <> :agency THEN '–' ELSE a.name || ', ' || u.name END"
_LINE = f"""
SELECT m.id, m.kind, m.body, m.planned_at, m.held_at, m.unit_id = :unit AS mine, m.version, {_NAMED} AS convenor
FROM referral.meeting m JOIN agencies.unit u ON u.id = m.unit_id JOIN agencies.agency a ON a.id = u.agency_id
WHERE (m.unit_id = :unit OR EXISTS (SELECT FROM referral.meeting_unit i WHERE i.meeting_id = m.id AND i.unit_id = :unit))
"""  # row security says it too


async def meetings_of(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[MeetingLine, ...] | Refusal:
    """The unit's meetings and those it is invited to, the latest first."""
    refused = await refused_by_role(session, actor, "see_meetings", now)
    if refused is not None:
        return refused
    values = {"unit": actor.unit_id, "agency": actor.agency_id}
    statement = text(f"{_LINE} ORDER BY m.planned_at DESC, m.id LIMIT 200")
    return tuple(
        MeetingLine(**row)
        for row in (await session.connection.execute(statement, values)).mappings()
    )


async def meeting_seen(
    session: WitnessedRead, actor: Actor, meeting_id: UUID, *, now: datetime
) -> MeetingSeen | Refusal:
    """One meeting, or "not found". Opening what was decided leaves an entry in the reader's stream."""
    refused = await refused_by_role(session, actor, "see_meetings", now)
    if refused is not None:
        return refused
    values = {"unit": actor.unit_id, "agency": actor.agency_id, "id": meeting_id}
    found = (
        (await session.connection.execute(text(f"{_LINE} AND m.id = :id"), values))
        .mappings()
        .first()
    )
    if found is None:
        return errors.not_found()
    items = await session.connection.execute(_ITEMS, {"id": meeting_id})
    units = await session.connection.execute(_UNITS, {"id": meeting_id, "agency": actor.agency_id})
    return MeetingSeen(
        line=MeetingLine(**found),
        items=tuple(ItemSeen(**row) for row in items.mappings()),
        units=tuple(AttendanceSeen(**row) for row in units.mappings()),
        tasks=await _tasks(session, actor, meeting_id, now),
        late=await _late(session, meeting_id, now) if found["mine"] else (),
    )


async def _late(session: ReadSession, meeting_id: UUID, now: datetime) -> tuple[LateSeen, ...]:
    asked = text("SELECT referral.agenda_of(:id, :at)")
    found = await session.connection.execute(asked, {"id": meeting_id, "at": now})
    return tuple(
        LateSeen(**row | {"since": datetime.fromisoformat(row["since"])})
        for row in decoded(found.scalar_one())
    )


_ITEMS = text("""
SELECT i.id, i.hand_off_id, i.reference, i.step, i.mandate, i.since, EXISTS (SELECT FROM referral.hand_off h WHERE h.id = i.hand_off_id) AS known
FROM referral.meeting_item i WHERE i.meeting_id = :id ORDER BY i.since NULLS LAST, i.reference, i.id
""")
_UNITS = text(f"""
SELECT x.unit_id, {_NAMED} AS name, x.attendance FROM referral.meeting_unit x JOIN agencies.unit u ON u.id = x.unit_id
    JOIN agencies.agency a ON a.id = u.agency_id WHERE x.meeting_id = :id ORDER BY name, x.unit_id
""")
_TASKS = text(f"""
SELECT t.id, t.owner_unit, {_NAMED} AS owner, t.due_on, t.content, t.item_id FROM referral.meeting_task t JOIN agencies.unit u ON u.id = t.owner_unit
    JOIN agencies.agency a ON a.id = u.agency_id WHERE t.meeting_id = :id ORDER BY t.due_on, t.id
""")


async def _tasks(
    session: WitnessedRead, actor: Actor, meeting_id: UUID, now: datetime
) -> tuple[TaskSeen, ...]:
    values = {"id": meeting_id, "agency": actor.agency_id}
    rows = (await session.connection.execute(_TASKS, values)).all()
    if not rows:
        return ()
    await witness(session, actor, meeting_id, ["G4"], why="convened or invited", now=now)
    asked = text("SELECT referral.meeting_key(:id)")
    row = (await session.connection.execute(asked, {"id": meeting_id})).scalar_one()
    key = keys_of(session, [decoded(row)])[meeting_id]
    return tuple(
        TaskSeen(
            one.owner_unit,
            one.owner,
            one.due_on,
            key.open(one.content, room="meeting_task", column="content", row=one.id).decode(),
            one.item_id,
        )
        for one in rows
    )


async def units_in(
    session: ReadSession, actor: Actor, *, serving: str, chosen: Collection[UUID], now: datetime
) -> tuple[tuple[UUID, str], ...]:
    """Who can be invited: intake units of the country that hold this mandate today, and the chosen.

    Confidential agencies are left out; the JSON door takes their unit, and names them to nobody.
    """
    rows = await session.connection.execute(
        text(
            "SELECT u.id, a.name || ', ' || u.name AS name FROM agencies.unit u "
            "JOIN agencies.agency a ON a.id = u.agency_id WHERE u.country = :country AND u.intake "
            "AND NOT a.confidential AND u.id <> :unit "
            "AND (u.id = ANY (:chosen) OR EXISTS (SELECT FROM agencies.mandate m "
            f"WHERE m.unit_id = u.id AND m.mandate = :serving AND {_TODAY}))"
        ),
        {
            "country": actor.country,
            "unit": actor.unit_id,
            "serving": serving,
            "chosen": list(chosen),
            "day": session.day_in(actor.country, now),
        },
    )
    return tuple(sorted(((row.id, row.name) for row in rows), key=lambda one: one[1]))


async def mandates_of(session: ReadSession, actor: Actor, *, now: datetime) -> tuple[str, ...]:
    """What the actor's own unit is charged with today: as what it can meet."""
    rows = await session.connection.execute(
        text(
            "SELECT DISTINCT m.mandate FROM agencies.mandate m WHERE m.unit_id = :unit "
            f"AND NOT m.fall_back AND m.mandate <> 'NATIONAL_FALL_BACK' AND {_TODAY} ORDER BY 1"
        ),
        {"unit": actor.unit_id, "day": session.day_in(actor.country, now)},
    )
    return tuple(rows.scalars())


_TODAY = "m.valid_from <= :day AND (m.valid_until IS NULL OR :day < m.valid_until)"
