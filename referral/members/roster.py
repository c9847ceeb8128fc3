"""Who works where: members, absences, duties and units a supervisor or administrator looks after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from referral import access
from referral.database import as_json
from referral.errors import Refusal
from referral.session import Actor, ReadSession, Role

# A supervisor's are those of her unit ($2), an administrator's ($3) those of her agency ($1).
_SEATS: Final = """
    SELECT a.* FROM agencies.actor a
    WHERE CASE WHEN $3 THEN a.agency_id = $1 ELSE a.unit_id = $2 END
      AND (a.valid_until IS NULL OR ($4 AT TIME ZONE a.time_zone)::date < a.valid_until)
"""
_ROSTER: Final = f"""
WITH seat AS MATERIALIZED ({_SEATS})
SELECT jsonb_build_object(
    'members', (SELECT coalesce(jsonb_agg(jsonb_build_object('member_id', s.member_id, 'membership_id', s.membership_id,
            'name', s.name, 'user_name', s.user_name, 'active', s.active, 'kind', s.kind, 'role', s.role, 'unit', s.unit_name,
            'unit_id', s.unit_id) ORDER BY s.unit_name, s.name, s.role), '[]') FROM seat s),
    'absences', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'membership_id', x.membership_id, 'name', s.name, 'unit', s.unit_name,
            'deputy', d.name, 'first', x.valid_from, 'last', x.valid_until - 1) ORDER BY x.valid_from, s.name), '[]')
        FROM agencies.absence x JOIN seat s ON s.membership_id = x.membership_id LEFT JOIN agencies.actor d ON d.membership_id = x.deputy_id
        WHERE x.valid_until > ($4 AT TIME ZONE s.time_zone)::date),
    'duties', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'membership_id', d.membership_id, 'name', s.name, 'unit', s.unit_name,
            'first', d.valid_from, 'last', d.valid_until - 1) ORDER BY d.valid_from, s.name), '[]')
        FROM agencies.duty d JOIN seat s ON s.membership_id = d.membership_id WHERE d.valid_until > ($4 AT TIME ZONE s.time_zone)::date),
    'grants', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'name', m.name, 'role', g.role, 'unit', u.name, 'asked_by', a.name,
            'mine', a.member_id = $5 OR g.member_id = $5) ORDER BY g.asked_at), '[]')
        FROM agencies.role_grant g JOIN agencies.member m ON m.id = g.member_id JOIN agencies.unit u ON u.id = g.unit_id
        JOIN agencies.actor a ON a.membership_id = g.asked_by WHERE g.agency_id = $1 AND g.answer IS NULL),
    'recoveries', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'name', m.name, 'asked_by', a.name,
            'mine', a.member_id = $5 OR r.member_id = $5) ORDER BY r.asked_at), '[]')
        FROM agencies.recovery_ask r JOIN agencies.member m ON m.id = r.member_id
        JOIN agencies.actor a ON a.membership_id = r.asked_by WHERE r.agency_id = $1 AND r.answer IS NULL AND r.expires_at > $4),
    'units', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', u.id, 'key', u.key, 'name', u.name, 'intake', u.intake) ORDER BY u.key), '[]')
        FROM agencies.unit u WHERE CASE WHEN $3 THEN u.agency_id = $1 ELSE u.id = $2 END))
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


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """Somebody is or will be away, the last day included."""

    id: UUID
    membership_id: UUID
    name: str
    unit: str
    deputy: str | None
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class DutyLine:
    """Somebody is or will be on duty, the last day included."""

    id: UUID
    membership_id: UUID
    name: str
    unit: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A role that waits for a second person; ``mine``: she asked, or it is for her."""

    id: UUID
    name: str
    role: str
    unit: str
    asked_by: str
    mine: bool


@dataclass(frozen=True, slots=True)
class RecoveryLine:
    """A new start that waits for a second person; ``mine``: she asked, or it is hers."""

    id: UUID
    name: str
    asked_by: str
    mine: bool


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A desk; hand-offs arrive at the one with ``intake``."""

    id: UUID
    key: str
    name: str
    intake: bool


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything there is to look after."""

    members: tuple[MemberLine, ...]
    absences: tuple[AbsenceLine, ...]
    duties: tuple[DutyLine, ...]
    grants: tuple[GrantLine, ...]
    recoveries: tuple[RecoveryLine, ...]
    units: tuple[UnitLine, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """As the database tells it."""
        return cls(
            tuple(MemberLine(**_read(one)) for one in row["members"]),
            tuple(AbsenceLine(**_read(one)) for one in row["absences"]),
            tuple(DutyLine(**_read(one)) for one in row["duties"]),
            tuple(GrantLine(**_read(one)) for one in row["grants"]),
            tuple(RecoveryLine(**_read(one)) for one in row["recoveries"]),
            tuple(UnitLine(**_read(one)) for one in row["units"]),
        )


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    """Ids and days as what they are."""
    found = dict(row)
    for name, value in row.items():
        if name == "id" or name.endswith("_id"):
            found[name] = UUID(value)
        elif name in {"first", "last"}:
            found[name] = date.fromisoformat(value)
    return found


_AWAY: Final = """
SELECT jsonb_build_object(
    'absences', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'membership_id', x.membership_id, 'name', s.name, 'unit', s.unit_name,
            'deputy', d.name, 'first', x.valid_from, 'last', x.valid_until - 1) ORDER BY x.valid_from), '[]')
        FROM agencies.absence x JOIN agencies.actor s ON s.membership_id = x.membership_id LEFT JOIN agencies.actor d ON d.membership_id = x.deputy_id
        WHERE x.membership_id = $1 AND x.valid_until > ($3 AT TIME ZONE s.time_zone)::date),
    'deputies', (SELECT coalesce(jsonb_agg(jsonb_build_array(a.membership_id, a.name) ORDER BY a.name), '[]')
        FROM agencies.actor a WHERE a.unit_id = $2 AND a.active AND a.kind = 'person' AND a.role IN ('OFFICER', 'SUPERVISOR')
            AND a.membership_id <> $1 AND (a.valid_until IS NULL OR ($3 AT TIME ZONE a.time_zone)::date < a.valid_until)))
"""


async def away_of(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[tuple[AbsenceLine, ...], list[tuple[str, str]]]:
    """When she herself is or will be away, and who of her unit could stand in (seat, name)."""
    row = await as_json(session.connection, _AWAY, actor.id, actor.unit_id, now)
    absences = tuple(AbsenceLine(**_read(one)) for one in row["absences"])
    return absences, [(seat, name) for seat, name in row["deputies"]]


async def roster_of(session: ReadSession, actor: Actor, *, now: datetime) -> Roster | Refusal:
    """Everybody with a role that has not ended, in her unit or (administrator) her agency."""
    refused = access.by_role(actor, "see_members", now=now)
    if refused is not None:
        return refused
    whole = actor.role is Role.AGENCY_ADMIN
    row = await as_json(
        session.connection,
        _ROSTER,
        *(actor.agency_id, actor.unit_id, whole, now, actor.member_id),
    )
    return Roster.of(row)
