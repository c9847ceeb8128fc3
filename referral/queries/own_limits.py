"""Limits that hang on no hand-off: duties and reviews of the unit that holds somebody, by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """One limit of a referral the unit holds."""

    id: UUID
    case_id: UUID
    referral_id: UUID
    reference: str
    person_number: int
    track: str
    protocol_version: str
    protocol_digest: str
    place: str
    clock: str
    step: str
    state: str
    starts_at: datetime
    due_at: datetime
    immediate: bool
    basis: str
    derivation: tuple[str, ...]

    def late(self, now: datetime) -> bool:
        """Whether it has passed; what stands still has not."""
        return self.state != "paused" and self.due_at < now


# Of a limit that recurs the latest alone: the ones before it have passed and were told.
_OWN = text("""
SELECT * FROM (
    SELECT DISTINCT ON (k.referral_id, k.clock) k.id, k.case_id, k.referral_id, c.reference, p.number AS person_number, r.track, r.protocol_version, r.protocol_digest, c.place,
        k.clock, k.step, k.state, k.starts_at, k.due_at, k.immediate, k.basis, k.derivation
    FROM referral.referral r JOIN referral.clock k ON k.referral_id = r.id JOIN referral.case c ON c.id = r.case_id JOIN referral.person p ON p.id = r.person_id
    WHERE r.holder_unit = :unit AND r.state = 'open' AND k.hand_off_id IS NULL AND k.stopped_at IS NULL AND k.state IN ('running', 'lapsed', 'paused')
    ORDER BY k.referral_id, k.clock, k.starts_at DESC) latest
ORDER BY due_at, id LIMIT :limit
""")


async def own_limits_of(
    session: ReadSession, actor: Actor, *, limit: int = 50, now: datetime
) -> tuple[OwnLimit, ...] | Refusal:
    """What the actor's unit must do as holder, the nearest limit first."""
    refused = await refused_by_role(session, actor, "see_inbox", now)
    if refused is not None:
        return refused
    values = {"unit": actor.unit_id, "limit": limit}
    rows = (await session.connection.execute(_OWN, values)).mappings()
    return tuple(OwnLimit(**{**row, "derivation": tuple(row["derivation"])}) for row in rows)
