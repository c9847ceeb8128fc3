"""Removals that were asked for: to coordinators and whoever protects data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from referral.audit.streams import witness
from referral.database import decoded
from referral.errors import Refusal
from referral.queries.glasses import ERASED
from referral.queries.inbox import refused_by_role
from referral.session import Actor, WitnessedRead, keys_of


@dataclass(frozen=True, slots=True)
class RemovalSeen:
    """One: who is to be removed, why, who answered. ``mine``: asked by the reader herself."""

    id: UUID
    case_id: UUID
    name: str
    asked_at: datetime
    expires_at: datetime
    answer: str | None
    mine: bool
    reason: str


_REMOVALS = text("""
SELECT q.id, q.case_id, coalesce(p.name, a.name) AS name, q.asked_at, q.expires_at, q.answer, q.asked_member = :member AS mine, q.reason,
    referral.removal_key(q.id) AS key
FROM referral.proposal q LEFT JOIN agencies.member p ON p.id = q.about[1] LEFT JOIN agencies.agency a ON a.id = q.about[1]
WHERE q.act = 'remove' ORDER BY q.answer IS NOT NULL, q.asked_at DESC, q.id LIMIT 200
""")


async def removals_of(
    session: WitnessedRead, actor: Actor, *, now: datetime
) -> tuple[RemovalSeen, ...] | Refusal:
    """Those of the country, the unanswered first; an entry for each, since reasons are opened."""
    refused = await refused_by_role(session, actor, "see_removals", now)
    if refused is not None:
        return refused
    rows = (await session.connection.execute(_REMOVALS, {"member": actor.member_id})).mappings()
    found = []
    for row in rows:
        reason = ERASED
        if row["key"] is not None:
            key = keys_of(session, [decoded(row["key"])])[row["id"]]
            place = {"room": "proposal", "column": "reason", "row": row["id"]}
            reason = key.open(row["reason"], **place).decode()
        shown = {name: row[name] for name in row if name not in {"key", "reason"}}
        found.append(RemovalSeen(**shown, reason=reason))
    for case_id in sorted({one.case_id for one in found}):
        await witness(session, actor, case_id, [], why="removal", now=now)
    return tuple(found)
