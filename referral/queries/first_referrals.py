"""Imported history: how long from intake to first referral. It has no acceptances to measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class FirstReferral:
    """Imported history by mandate: from intake to first referral, in days."""

    mandate: str
    cases: int
    median_days: float | None
    p90_days: float | None
    before_intake: int


_IMPORTED = text("""
WITH first AS (
    SELECT DISTINCT ON (h.case_id) h.case_id, h.mandate,
        (h.requested_at AT TIME ZONE :zone)::date - (c.occurred_at AT TIME ZONE :zone)::date AS days
    FROM referral.hand_off h JOIN referral.case c ON c.id = h.case_id
    WHERE h.imported AND h.sender_unit = :unit ORDER BY h.case_id, h.opening
)
SELECT mandate, count(*) AS cases, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE days >= 0) AS median_days,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY days) FILTER (WHERE days >= 0) AS p90_days, count(*) FILTER (WHERE days < 0) AS before_intake
FROM first GROUP BY mandate ORDER BY count(*) DESC, mandate
""")


async def imported_first_referrals(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[FirstReferral, ...] | Refusal:
    """Intake to first referral of imported history (it has no acceptances to measure).

    Days are those of the unit's own calendar: most intakes are recorded without an hour.
    """
    refused = await refused_by_role(session, actor, "see_oversight", now)
    if refused is not None:
        return refused
    values = {"unit": actor.unit_id, "zone": actor.time_zone}
    rows = (await session.connection.execute(_IMPORTED, values)).mappings()
    return tuple(FirstReferral(**row) for row in rows)
