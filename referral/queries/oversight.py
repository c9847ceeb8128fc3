"""What a supervisor asks: how long answers take, what is overdue, what was accepted and then left.

Figures are over the hand-offs the supervisor's own unit sent or received. Attested acts and imported
history are counted apart; what was entered in error is not counted; negative times are data errors and are reported, never averaged in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.queries.lines import HandOffLine, lines_in
from referral.session import Actor, ReadSession

_MINE = "(h.sender_unit = :unit OR h.receiver_unit = :unit)"


_TIMES = text(f"""
SELECT CASE WHEN a.confidential AND a.id <> :agency THEN h.mandate ELSE a.name END AS agency, count(*) AS asked,
    count(h.accepted_at) AS accepted, count(*) FILTER (WHERE h.state = 'rejected') AS declined,
    count(*) FILTER (WHERE h.state IN ('requested', 'received')) AS waiting,
    count(*) FILTER (WHERE h.overdue_since IS NOT NULL OR (h.due_at < :now AND h.state IN ('requested','received','accepted','in-progress','on-hold'))) AS overdue,
    count(*) FILTER (WHERE h.attested) AS attested,
    count(*) FILTER (WHERE h.accepted_at < h.received_at OR h.received_at < h.requested_at) AS data_errors,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY h.received_at - h.requested_at) FILTER (WHERE h.received_at >= h.requested_at AND NOT h.attested) AS to_received,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY h.accepted_at - h.received_at) FILTER (WHERE h.accepted_at >= h.received_at AND NOT h.attested) AS median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY h.accepted_at - h.received_at) FILTER (WHERE h.accepted_at >= h.received_at AND NOT h.attested) AS p90,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY h.first_contact_at - h.accepted_at) FILTER (WHERE h.first_contact_at >= h.accepted_at) AS to_contact
FROM referral.hand_off h JOIN agencies.agency a ON a.id = h.receiver_agency
WHERE {_MINE} AND NOT h.imported AND h.in_error IS NOT TRUE AND h.kind <> 'notice'
GROUP BY 1 ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """One receiving agency: counts, and medians as durations (None when nothing was answered)."""

    agency: str
    asked: int
    accepted: int
    declined: int
    waiting: int
    overdue: int
    attested: int
    data_errors: int
    to_received: timedelta | None
    median: timedelta | None  # received to accepted
    p90: timedelta | None
    to_contact: timedelta | None  # accepted to first contact with the person


async def response_times_in(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[ResponseTimes, ...] | Refusal:
    """Received-to-accepted times by agency."""
    refused = await refused_by_role(session, actor, "see_oversight", now)
    if refused is not None:
        return refused
    values = {"unit": actor.unit_id, "agency": actor.agency_id, "now": now}
    rows = (await session.connection.execute(_TIMES, values)).mappings()
    return tuple(ResponseTimes(**row) for row in rows)


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
        f"{_MINE} AND NOT h.imported "
        "AND h.state IN ('requested','received','accepted','in-progress','on-hold') "
        "AND (h.due_at < :now OR h.overdue_since IS NOT NULL) "
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
        f"{_MINE} AND NOT h.imported AND h.state = 'accepted' AND h.first_contact_at IS NULL "
        "AND h.accepted_at < :before ORDER BY h.accepted_at, h.id LIMIT :limit",
        unit=actor.unit_id,
        before=now - timedelta(days=days),
        limit=limit,
    )
