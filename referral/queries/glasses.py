"""Glasses that were broken: to who broke them, to their supervisors, and to who protects data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from referral.audit.streams import witness
from referral.database import decoded
from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.session import Actor, WitnessedRead, keys_of
from referral.vault import SubjectKey

ERASED: Final = "Erased with the case."


@dataclass(frozen=True, slots=True)
class GlassSeen:
    """One: who opened which case, from when until when, why, and what the review found."""

    id: UUID
    reference: str | None
    case_id: UUID
    person: str
    agency: str
    opened_at: datetime
    ends_at: datetime
    review_due_at: datetime
    finding: str | None
    reviewed_at: datetime | None
    mine: bool
    reason: str
    words: str | None


_GLASSES = text("""
SELECT g.id, (SELECT c.reference FROM referral.case c WHERE c.id = g.case_id) AS reference, g.case_id, p.name AS person, a.name AS agency, g.opened_at, g.ends_at,
    g.review_due_at, g.finding, g.reviewed_at, g.opened_member = :member AS mine, g.reason, g.words, referral.glass_key(g.id) AS key
FROM referral.glass g JOIN agencies.member p ON p.id = g.opened_member JOIN agencies.agency a ON a.id = g.agency_id
ORDER BY g.reviewed_at IS NOT NULL, g.opened_at DESC, g.id LIMIT 200
""")


async def glasses_of(
    session: WitnessedRead, actor: Actor, *, now: datetime
) -> tuple[GlassSeen, ...] | Refusal:
    """Those the reader may know of, the unreviewed first; one entry, since reasons are opened."""
    refused = await refused_by_role(session, actor, "see_glass", now)
    if refused is not None:
        return refused
    rows = (await session.connection.execute(_GLASSES, {"member": actor.member_id})).mappings()
    found = []
    for row in rows:
        key = keys_of(session, [decoded(row["key"])])[row["id"]] if row["key"] else None
        opened = {name: _words(key, row, name) for name in ("reason", "words")}
        found.append(
            GlassSeen(**{name: row[name] for name in row if name not in {"key", *opened}} | opened)
        )
    for case_id in sorted({one.case_id for one in found}):
        await witness(session, actor, case_id, [], why="glass", now=now)
    return tuple(found)


def _words(key: SubjectKey | None, row: RowMapping, name: str) -> str | None:
    """Why, or what was found; of a case that was erased that it was."""
    if row[name] is None:
        return None
    if key is None:
        return ERASED
    return key.open(row[name], room="glass", column=name, row=row["id"]).decode()
