"""Consents of a case: for what, to whom, until when; what was said is sealed (G4) and witnessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from referral import access, errors
from referral.errors import Refusal
from referral.queries.referrals import related_to
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class ConsentSeen:
    """One consent. ``receiver`` is None where the agency's name is hidden (a shelter)."""

    id: UUID
    referral_id: UUID
    purpose: str
    receiver_agency: UUID
    receiver: str | None
    groups: tuple[str, ...]
    given_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    stands: bool


_CONSENTS = text("""
SELECT c.id, c.referral_id, c.purpose, c.receiver_agency, CASE WHEN a.confidential AND a.id <> :agency THEN NULL ELSE a.name END AS receiver,
    c.groups, c.given_at, c.expires_at, c.withdrawn_at
FROM referral.consent c JOIN agencies.agency a ON a.id = c.receiver_agency WHERE c.case_id = :case ORDER BY c.given_at DESC, c.id
""")


async def consents_of(
    session: ReadSession, actor: Actor, case_id: UUID, *, now: datetime
) -> tuple[ConsentSeen, ...] | Refusal:
    """Every consent of the case, the newest first; or "not found"."""
    parties = await access.standing_in(session, case_id, now)
    relationships = await related_to(session, actor, case_id, parties)
    resource = access.Resource.of(relationships, parties)
    decision = access.decide(actor, "see_consents", resource, access.NOTHING_SHOWN)
    if not decision.allow:
        return access.refusal_for("see_consents", decision) if relationships else errors.not_found()
    asked = {"case": case_id, "agency": actor.agency_id}
    rows = (await session.connection.execute(_CONSENTS, asked)).mappings()
    return tuple(
        ConsentSeen(
            **{**row, "groups": tuple(row["groups"])},
            stands=row["withdrawn_at"] is None and row["expires_at"] > now,
        )
        for row in rows
    )


_RECEIVERS = text("""
SELECT DISTINCT a.id, CASE WHEN a.confidential AND a.id <> :agency THEN NULL ELSE a.name END AS name, h.mandate
FROM referral.hand_off h JOIN agencies.agency a ON a.id = h.receiver_agency WHERE h.case_id = :case
""")


async def receivers_in(
    session: ReadSession, actor: Actor, case_id: UUID
) -> tuple[tuple[UUID, str | None, str], ...]:
    """Agencies that hand-offs of the case are addressed to: id, name unless hidden, mandate."""
    asked = {"case": case_id, "agency": actor.agency_id}
    rows = await session.connection.execute(_RECEIVERS, asked)
    return tuple(sorted(((row.id, row.name, row.mandate) for row in rows), key=str))
