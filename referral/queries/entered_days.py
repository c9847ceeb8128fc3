"""Days entered into the calendars of a running service: read anew by whoever has read fewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from protocols.catalogue import Catalogue
from protocols.entered_days import EnteredDay
from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession

_DAYS: Final = """
SELECT d.calendar, d.place, d.day, d.closed, c.name FROM referral.calendar_day d JOIN referral.calendar_change c ON c.id = d.change_id
WHERE d.country = $1 ORDER BY d.number
"""
_CHANGES: Final = text("""
SELECT c.id, c.kind, c.name, c.source, c.entered_at, c.looked_at, array_agg(d.calendar ORDER BY d.number) AS calendars, array_agg(d.place ORDER BY d.number) AS places,
    array_agg(d.day ORDER BY d.number) AS days, array_agg(d.closed ORDER BY d.number) AS closed
FROM referral.calendar_change c JOIN referral.calendar_day d ON d.change_id = c.id GROUP BY c.id ORDER BY max(d.number) DESC LIMIT 200
""")


class Lawful(Protocol):
    """What holds the law: an installation."""

    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class DayEntered:
    """One day of a change; ``place`` is empty for the whole country."""

    calendar: str
    place: str
    day: date
    closed: bool


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """What was entered, from which source, and whether running limits were looked through."""

    id: UUID
    kind: str
    name: str
    source: str
    entered_at: datetime
    looked_at: datetime | None
    days: tuple[DayEntered, ...]


async def keep_up(
    connection: AsyncConnection, holder: Lawful, country: str, number: int
) -> Catalogue:
    """The law with all days that are entered by now; ``number``: how many that is."""
    if len(holder.catalogue.calendars(country).entered) != number:
        rows = (await connection.exec_driver_sql(_DAYS, (country,))).mappings().all()
        # From what stands after the wait: another country's days, or new law, may have come.
        holder.catalogue = holder.catalogue.with_days(country, [EnteredDay(**row) for row in rows])
    return holder.catalogue


async def calendar_changes(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[ChangeSeen, ...] | Refusal:
    """What was entered for the actor's country, the latest first."""
    refused = await refused_by_role(session, actor, "change_calendar", now)
    if refused is not None:
        return refused
    rows = await session.connection.execute(_CHANGES)
    return tuple(
        ChangeSeen(
            row.id,
            row.kind,
            row.name,
            row.source,
            row.entered_at,
            row.looked_at,
            tuple(
                DayEntered(*one)
                for one in zip(row.calendars, row.places, row.days, row.closed, strict=True)
            ),
        )
        for row in rows
    )
