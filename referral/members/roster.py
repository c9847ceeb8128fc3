"""Who works where: the members a supervisor or an administrator may look after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from referral import access
from referral.database import as_json
from referral.errors import Refusal
from referral.session import Actor, ReadSession, Role

# A supervisor's are those of her unit, an administrator's those of her agency.
_MEMBERS: Final = """
SELECT coalesce(jsonb_agg(line ORDER BY line ->> 'unit', line ->> 'name', line ->> 'role'), '[]') FROM (
    SELECT jsonb_build_object('member_id', a.member_id, 'membership_id', a.membership_id, 'name', a.name,
        'user_name', a.user_name, 'active', a.active, 'kind', a.kind, 'role', a.role, 'unit', a.unit_name,
        'unit_id', a.unit_id, 'since', a.valid_from, 'until', a.valid_until) AS line
    FROM agencies.actor a
    WHERE CASE WHEN $3 THEN a.agency_id = $1 ELSE a.unit_id = $2 END
      AND (a.valid_until IS NULL OR ($4 AT TIME ZONE a.time_zone)::date < a.valid_until)) lines
"""


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One membership of somebody who works here."""

    member_id: UUID
    membership_id: UUID
    name: str
    user_name: str
    active: bool
    kind: str
    role: str
    unit: str
    unit_id: UUID
    since: str
    until: str | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> MemberLine:
        """As the database tells it."""
        ids = {name: UUID(row[name]) for name in ("member_id", "membership_id", "unit_id")}
        return cls(**{**row, **ids})


async def members_of(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[MemberLine, ...] | Refusal:
    """Everybody with a role that has not ended, in her unit or (administrator) her agency."""
    refused = access.by_role(actor, "recover_member")
    if refused is not None:
        return refused
    whole = actor.role is Role.AGENCY_ADMIN
    rows = await as_json(session.connection, _MEMBERS, actor.agency_id, actor.unit_id, whole, now)
    return tuple(MemberLine.of(row) for row in rows)
