"""What a supervisor asks: what is overdue, and what was accepted and then left.

Over the hand-offs the supervisor's own unit sent or received; history has no live limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.queries.lines import HandOffLine, lines_in
from referral.session import Actor, ReadSession

MINE = "(h.sender_unit = :unit OR h.receiver_unit = :unit)"
_UNDER_WAY = "h.state IN ('requested','received','accepted','in-progress','on-hold')"
_OVERDUE = f"{_UNDER_WAY} AND (h.due_at < :now OR h.overdue_since IS NOT NULL)"
_IDLE = "h.state = 'accepted' AND h.first_contact_at IS NULL AND h.accepted_at < :before"
# Proposed targets are nobody's failure: an agency is late by limits that have a number in law.
_BY_LAW = """EXISTS (SELECT FROM referral.clock k WHERE k.hand_off_id = h.id AND k.basis <> 'assumption'
        AND CASE WHEN num_nonnulls(k.stopped_at) = 1 THEN k.stopped_at > k.due_at ELSE k.state <> 'paused' AND k.due_at <= :now END)"""
_LEFT = text(f"""
SELECT h.receiver_agency AS agency_id, count(*) AS overdue,
    count(*) FILTER (WHERE CASE WHEN h.in_error IS NOT TRUE AND h.kind <> 'notice' THEN {_BY_LAW} END) AS by_law
FROM referral.hand_off h WHERE {MINE} AND NOT h.imported AND {_OVERDUE} GROUP BY 1
""")
# A unit that has left thousands has left many: further than this nobody counts, page by page.
MOST_IDLE: Final = 1000
_LEFT_IDLE = text(f"""
SELECT count(*) FROM (SELECT FROM referral.hand_off h WHERE {MINE} AND NOT h.imported AND {_IDLE} LIMIT {MOST_IDLE + 1}) left_so
""")


@dataclass(frozen=True, slots=True)
class Left:
    """How many are open past a limit, and how many were accepted and then left.

    ``idle``: one more than MOST_IDLE stands for more. ``by_law``: of each agency asked, those past a limit of law or procedure.
    """

    overdue: int
    idle: int
    by_law: Mapping[UUID | None, int]


async def left_in(
    session: ReadSession, actor: Actor, *, now: datetime, days: int = 3
) -> Left | Refusal:
    """How many stand in ``overdue_in`` and ``holder_idle_in``, however many these list."""
    refused = await refused_by_role(session, actor, "see_oversight", now)
    if refused is not None:
        return refused
    values = {"unit": actor.unit_id, "now": now, "before": now - timedelta(days=days)}
    rows = (await session.connection.execute(_LEFT, values)).all()
    idle = (await session.connection.execute(_LEFT_IDLE, values)).scalar_one()
    return Left(
        overdue=sum(row.overdue for row in rows),
        idle=idle,
        by_law={row.agency_id: row.by_law for row in rows},
    )


async def overdue_in(
    session: ReadSession, actor: Actor, *, now: datetime, limit: int = 200
) -> tuple[HandOffLine, ...] | Refusal:
    """Open hand-offs past a limit, the longest first."""
    refused = await refused_by_role(session, actor, "see_oversight", now)
    if refused is not None:
        return refused
    return await lines_in(
        session,
        actor,
        f"{MINE} AND NOT h.imported AND {_OVERDUE} "
        "ORDER BY coalesce(h.overdue_since, h.due_at), h.id LIMIT :limit",
        unit=actor.unit_id,
        now=now,
        limit=limit,
    )


async def holder_idle_in(
    session: ReadSession, actor: Actor, *, now: datetime, days: int = 3, limit: int = 200
) -> tuple[HandOffLine, ...] | Refusal:
    """Accepted, and then nothing: no first contact and no start for ``days``."""
    refused = await refused_by_role(session, actor, "see_oversight", now)
    if refused is not None:
        return refused
    return await lines_in(
        session,
        actor,
        f"{MINE} AND NOT h.imported AND {_IDLE} ORDER BY h.accepted_at, h.id LIMIT :limit",
        unit=actor.unit_id,
        before=now - timedelta(days=days),
        limit=limit,
    )
