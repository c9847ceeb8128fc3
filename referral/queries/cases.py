"""A case as one actor may see it: a projection built group by group, never a whole with parts cut out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from referral import access, errors
from referral.access.standing import Relationship, relationships_of
from referral.audit.streams import witness
from referral.errors import Refusal
from referral.queries.hand_offs import HandOffLine, case_keys, lines_in
from referral.session import Actor, ReadSession, WitnessedRead


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """One person; ``identity`` and ``safety`` only when they were asked for and allowed."""

    id: UUID
    number: int
    role: str
    identified: bool
    headcount: int
    facts: Mapping[str, Any] | None
    findings: Mapping[str, Any] | None
    identity: Mapping[str, Any] | None = None
    safety: Mapping[str, Any] | None = None
    narrative: Mapping[str, Any] | None = None  # facts of G4: pregnant, injured …


@dataclass(frozen=True, slots=True)
class ReferralSeen:
    """One referral: track, holder, what is still needed, who was not asked and why."""

    id: UUID
    person_id: UUID
    track: str
    protocol_version: str
    protocol_digest: str
    state: str
    lead: bool
    triage: bool
    holder_agency: str | None
    holder_unit: UUID
    holder_since: datetime
    holder_member: UUID | None
    lawful_basis: str
    needed: Sequence[Mapping[str, Any]]
    withheld: Sequence[Mapping[str, Any]]
    outcome: str | None
    closed_at: datetime | None
    relationships: frozenset[Relationship]


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """The case: envelope, and the groups the actor may see."""

    id: UUID
    reference: str
    country: str
    place: str
    urgency: str
    reported: str | None
    filed_at: datetime
    occurred_at: datetime
    occurred_precision: str
    imported: bool
    version: int
    warnings: Sequence[Mapping[str, Any]]
    voice_contact_at: datetime | None
    voice_attempts: int
    facts: Mapping[str, Any] | None
    workplace: Mapping[str, Any] | None
    persons: tuple[PersonSeen, ...]
    referrals: tuple[ReferralSeen, ...]
    hand_offs: tuple[HandOffLine, ...]
    relationships: frozenset[Relationship]
    notes: tuple[tuple[str, datetime, str], ...] = ()
    opened: tuple[str, ...] = ()  # which of G2-G5 this answer holds
    refused: Mapping[str, Refusal] = field(default_factory=dict)  # asked for, not given, why


async def case_seen(
    session: ReadSession,
    actor: Actor,
    case_id: UUID,
    *,
    groups: Sequence[str] = (),
    reason: str | None = None,
    now: datetime,
) -> CaseSeen | Refusal:
    """The case as this actor may see it, or "not found".

    ``groups`` (G2, G3, G4) open sealed parts: that takes a ``WitnessedRead``, and leaves one entry
    in the actor's stream whether they were given or not.
    """
    envelope = (await session.connection.execute(_ENVELOPE, {"id": case_id})).mappings().first()
    if envelope is None:
        return errors.not_found()
    parties = await access.standing_in(session, case_id)
    referrals = await _referrals(session, actor, case_id, parties)
    relationships = frozenset().union(*(one.relationships for one in referrals))
    if not relationships:
        return errors.not_found()
    allowed, refused = _asked(actor, groups, relationships, reason, now)
    persons = await _persons(session, case_id, allowed)
    notes = await _notes(session, case_id) if "G4" in allowed else ()
    if groups:
        if not isinstance(session, WitnessedRead):
            message = "sealed groups are opened by a WitnessedRead only"
            raise TypeError(message)
        why = ",".join(sorted(allowed.values())) or "refused"
        await witness(session, actor, case_id, sorted(allowed), why=why, now=now)
    return CaseSeen(
        **{name: envelope[name] for name in _ENVELOPE_NAMES},
        facts=envelope["facts"],
        workplace=envelope["workplace"],
        persons=persons,
        referrals=referrals,
        hand_offs=await lines_in(
            session, actor, "h.case_id = :id ORDER BY h.requested_at, h.id", id=case_id
        ),
        relationships=relationships,
        notes=notes,
        opened=tuple(sorted(allowed)),
        refused=refused,
    )


_ENVELOPE_NAMES = (
    "id",
    "reference",
    "country",
    "place",
    "urgency",
    "reported",
    "filed_at",
    "occurred_at",
    "occurred_precision",
    "imported",
    "version",
    "warnings",
    "voice_contact_at",
    "voice_attempts",
)

_ENVELOPE = text(f"""
SELECT {", ".join(f"c.{name}" for name in _ENVELOPE_NAMES)},
    (SELECT f.facts FROM referral.case_facts f WHERE f.case_id = c.id AND f.person_id IS NULL) AS facts,
    (SELECT w.facts FROM referral.workplace w WHERE w.case_id = c.id) AS workplace
FROM referral.case c WHERE c.id = :id
""")

_REFERRALS = text("""
SELECT r.*, CASE WHEN a.confidential AND a.id <> :agency THEN NULL ELSE a.name END AS holder_agency
FROM referral.referral r JOIN agencies.unit u ON u.id = r.holder_unit JOIN agencies.agency a ON a.id = u.agency_id
WHERE r.case_id = :id ORDER BY r.lead DESC, r.opened_at, r.id
""")


async def _referrals(
    session: ReadSession,
    actor: Actor,
    case_id: UUID,
    parties: Any,
) -> tuple[ReferralSeen, ...]:
    rows = (
        await session.connection.execute(_REFERRALS, {"id": case_id, "agency": actor.agency_id})
    ).mappings()
    return tuple(
        ReferralSeen(
            **{
                name: row[name]
                for name in ReferralSeen.__dataclass_fields__
                if name != "relationships"
            },
            relationships=relationships_of(
                actor, parties, holder_member=row["holder_member"], referral_id=row["id"]
            ),
        )
        for row in rows
    )


def _asked(
    actor: Actor,
    groups: Sequence[str],
    relationships: frozenset[Relationship],
    reason: str | None,
    now: datetime,
) -> tuple[dict[str, str], dict[str, Refusal]]:
    """Which groups may be opened (and under which cell), which not and why."""
    actions = {"G2": "read_identity", "G3": "read_safety", "G4": "read_narrative"}
    allowed, refused = {}, {}
    for group in groups:
        verdict = access.decide(
            actions[group],
            relationships,
            has_reason=bool(reason),
            stepped_up=access.stepped_up(actor, now),
        )
        if verdict.allow:
            allowed[group] = verdict.why
        else:
            refused[group] = access.refusal_for(actions[group], verdict)
    return allowed, refused


_PERSONS = text("""
SELECT p.id, p.number, p.role, p.identified, p.headcount,
    (SELECT f.facts FROM referral.case_facts f WHERE f.case_id = p.case_id AND f.person_id = p.id) AS facts,
    (SELECT s.findings FROM referral.screening s WHERE s.person_id = p.id ORDER BY s.at DESC LIMIT 1) AS findings,
    (SELECT i.content FROM referral.person_identity i WHERE i.person_id = p.id) AS identity,
    (SELECT i.facts FROM referral.person_identity i WHERE i.person_id = p.id) AS identity_facts,
    (SELECT s.content FROM referral.person_safety s WHERE s.person_id = p.id) AS safety,
    (SELECT s.facts FROM referral.person_safety s WHERE s.person_id = p.id) AS safety_facts,
    (SELECT n.content FROM referral.person_narrative n WHERE n.person_id = p.id) AS narrative,
    (SELECT n.facts FROM referral.person_narrative n WHERE n.person_id = p.id) AS narrative_facts
FROM referral.person p WHERE p.case_id = :id ORDER BY p.number
""")


async def _persons(
    session: ReadSession, case_id: UUID, allowed: Mapping[str, str]
) -> tuple[PersonSeen, ...]:
    rows = (await session.connection.execute(_PERSONS, {"id": case_id})).mappings().all()
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
                for name in ("id", "number", "role", "identified", "headcount", "facts", "findings")
            },
            identity=opened(row, "G2", "identity", "person_identity"),
            safety=opened(row, "G3", "safety", "person_safety"),
            narrative=opened(row, "G4", "narrative", "person_narrative"),
        )
        for row in rows
    )


async def _notes(session: ReadSession, case_id: UUID) -> tuple[tuple[str, datetime, str], ...]:
    rows = (
        await session.connection.execute(
            text(
                "SELECT id, kind, written_at, content FROM referral.note WHERE case_id = :id "
                "AND kind IN ('narrative', 'note') ORDER BY written_at"
            ),
            {"id": case_id},
        )
    ).all()
    if not rows:
        return ()
    key = (await case_keys(session, case_id))[case_id]
    return tuple(
        (
            r.kind,
            r.written_at,
            key.open(r.content, room="note", column="content", row=r.id).decode(),
        )
        for r in rows
    )


async def case_with(session: ReadSession, actor: Actor, client_id: UUID) -> UUID | None:
    """The case this unit filed from that device's intake, if it did."""
    return (
        await session.connection.execute(
            text("SELECT id FROM referral.case WHERE client_id = :id AND filed_by_unit = :unit"),
            {"id": client_id, "unit": actor.unit_id},
        )
    ).scalar_one_or_none()
