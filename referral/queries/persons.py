"""The persons of a case, each with the field groups this answer may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from referral.queries.sealed import case_keys
from referral.session import ReadSession


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """One person; ``identity`` and ``safety`` only when they were asked for and allowed."""

    id: UUID
    number: int
    role: str
    identified: bool
    headcount: int
    erased_at: datetime | None
    facts: Mapping[str, Any] | None
    findings: Mapping[str, Any] | None
    identity: Mapping[str, Any] | None = None
    safety: Mapping[str, Any] | None = None
    narrative: Mapping[str, Any] | None = None  # facts of G4: pregnant, injured …
    overrides: Sequence[Mapping[str, Any]] = ()  # topic, engine, result, at: a person knew better


_PERSONS = text("""
SELECT p.id, p.number, p.role, p.identified, p.headcount, p.erased_at,
    (SELECT f.facts FROM referral.case_facts f WHERE f.case_id = p.case_id AND f.person_id = p.id) AS facts,
    (SELECT s.findings FROM referral.screening s WHERE s.person_id = p.id ORDER BY s.at DESC LIMIT 1) AS findings,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('topic', o.topic, 'engine', o.engine, 'result', o.result, 'at', o.at) ORDER BY o.at), '[]')
        FROM referral.screening_override o WHERE o.case_id = p.case_id AND o.person_id = p.id AND o.result <> 'erased') AS overrides,
    (SELECT i.content FROM referral.person_identity i WHERE i.person_id = p.id) AS identity,
    (SELECT i.facts FROM referral.person_identity i WHERE i.person_id = p.id) AS identity_facts,
    (SELECT s.content FROM referral.person_safety s WHERE s.person_id = p.id) AS safety,
    (SELECT s.facts FROM referral.person_safety s WHERE s.person_id = p.id) AS safety_facts,
    (SELECT n.content FROM referral.person_narrative n WHERE n.person_id = p.id) AS narrative,
    (SELECT n.facts FROM referral.person_narrative n WHERE n.person_id = p.id) AS narrative_facts
FROM referral.person p WHERE p.case_id = :id AND p.number BETWEEN :first AND :last ORDER BY p.number
""")
EVERYBODY: Final = range(1, 32768)  # numbers of persons are smallint


async def last_number(session: ReadSession, case_id: UUID) -> int:
    """The highest number of a person: how many there are, for whoever pages through a group."""
    asked = text(
        "SELECT p.number FROM referral.person p WHERE p.case_id = :id ORDER BY p.number DESC LIMIT 1"
    )
    found = (await session.connection.execute(asked, {"id": case_id})).scalar_one_or_none()
    return found or 0


async def persons_of(
    session: ReadSession,
    case_id: UUID,
    allowed: Mapping[str, str],
    numbers: range = EVERYBODY,
) -> tuple[PersonSeen, ...]:
    """The persons with these numbers, with facts and findings, and of sealed groups what is allowed."""
    values = {"id": case_id, "first": numbers.start, "last": numbers.stop - 1}
    rows = (await session.connection.execute(_PERSONS, values)).mappings().all()
    keys = await case_keys(session, case_id) if allowed else {}

    def opened(row: RowMapping, group: str, name: str, room: str) -> dict[str, Any] | None:
        if group not in allowed:
            return None
        found: dict[str, Any] = {}
        for column, sealed in (("content", row[name]), ("facts", row[f"{name}_facts"])):
            if sealed is not None:
                clear = keys[row["id"]].open(sealed, room=room, column=column, row=row["id"])
                found |= orjson.loads(clear)
        return found

    return tuple(
        PersonSeen(
            **{
                name: row[name]
                for name in (
                    *("id", "number", "role", "identified", "headcount", "erased_at"),
                    *("facts", "findings", "overrides"),
                )
            },
            identity=opened(row, "G2", "identity", "person_identity"),
            safety=opened(row, "G3", "safety", "person_safety"),
            narrative=opened(row, "G4", "narrative", "person_narrative"),
        )
        for row in rows
    )
