"""Operations somebody takes part in: a list without dates, and one opened, which the log keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from referral import errors
from referral.audit.streams import witness
from referral.database import decoded
from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession, WitnessedRead, keys_of


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One operation of a list: that there is one, and whether it is over. Never when or where."""

    id: UUID
    state: str
    case_id: UUID | None
    version: int


@dataclass(frozen=True, slots=True)
class OperationSeen:
    """One operation, opened by one of its participants."""

    line: OperationLine
    content: Mapping[str, Any]  # kind, planned_at, place, what, who
    ending: str | None


# Row security says it too; whoever is not named in it finds nothing, should one of the two be wrong.
_MINE = "EXISTS (SELECT FROM referral.operation_participant p WHERE p.operation_id = o.id AND p.membership = :me)"
_LINE = (
    "SELECT o.id, o.state, o.case_id, o.version FROM referral.operation o "
    f"WHERE o.content <> '' AND {_MINE}"
)


async def operations_of(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[OperationLine, ...] | Refusal:
    """Those this person is named in, in no order that says when they are."""
    refused = await refused_by_role(session, actor, "plan_operation", now)
    if refused is not None:
        return refused
    rows = await session.connection.execute(
        text(f"{_LINE} ORDER BY o.state DESC, o.id"), {"me": actor.id}
    )
    return tuple(OperationLine(**row) for row in rows.mappings())


async def operation_seen(
    session: WitnessedRead, actor: Actor, operation_id: UUID, *, now: datetime
) -> OperationSeen | Refusal:
    """One operation, or "not found"; opening it leaves an entry in the reader's stream."""
    asked = text(
        "SELECT o.id, o.state, o.case_id, o.version, o.content, o.ending, "
        f"referral.operation_key(o.id) AS key FROM referral.operation o "
        f"WHERE o.id = :id AND o.content <> '' AND {_MINE}"
    )
    values = {"id": operation_id, "me": actor.id}
    row = (await session.connection.execute(asked, values)).mappings().first()
    why = "not-found" if row is None else "participant"
    await witness(session, actor, operation_id, [] if row is None else ["G4"], why=why, now=now)
    if row is None:
        return errors.not_found()
    key = keys_of(session, [decoded(row["key"])])[operation_id]
    clear = key.open(row["content"], room="operation", column="content", row=operation_id)
    ending = row["ending"]
    return OperationSeen(
        OperationLine(row["id"], row["state"], row["case_id"], row["version"]),
        orjson.loads(clear),
        key.open(ending, room="operation", column="ending", row=operation_id).decode()
        if ending
        else None,
    )


async def memberships_named(
    session: ReadSession, actor: Actor, user_names: list[str], *, now: datetime
) -> dict[str, UUID]:
    """User names of the country as memberships of people who work on cases, and still do.

    Of somebody with several the one that began last: where she works now.
    """
    rows = await session.connection.execute(
        text(
            "SELECT p.user_name, m.id FROM agencies.member p JOIN agencies.membership m ON m.member_id = p.id "
            "WHERE p.country = :country AND p.active AND p.user_name = ANY (:names) AND m.role IN ('OFFICER', 'SUPERVISOR') "
            "AND m.valid_from <= :day AND (m.valid_until IS NULL OR :day < m.valid_until) ORDER BY m.valid_from, m.id"
        ),
        {
            "country": actor.country,
            "names": [name.lower() for name in user_names],
            "day": session.day_in(actor.country, now),
        },
    )
    return {row.user_name: row.id for row in rows}
