"""Who may know of a case beyond its parts: the seal, the exclusions, what two persons are deciding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from referral import access, errors
from referral.audit.streams import witness
from referral.errors import Refusal
from referral.queries.referrals import ReferralSeen, referrals_of
from referral.queries.sealed import case_keys, words_of
from referral.session import Actor, WitnessedRead


@dataclass(frozen=True, slots=True)
class ExclusionSeen:
    """Somebody who is kept out: a person or an agency, since when and why."""

    id: UUID
    kind: str
    name: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ProposalSeen:
    """What one has asked for and another is to approve. ``mine``: asked by the reader herself."""

    id: UUID
    act: str
    named: tuple[str, ...]
    older: str | None  # reference of the case to merge into
    asked_at: datetime
    expires_at: datetime
    answer: str | None
    mine: bool
    reason: str


@dataclass(frozen=True, slots=True)
class NeedToKnow:
    """The seal with those named on it, the exclusions in force, and what waits for a second person."""

    case_id: UUID
    reference: str
    sealed: bool
    named: tuple[str, ...]
    exclusions: tuple[ExclusionSeen, ...]
    proposals: tuple[ProposalSeen, ...]
    referrals: tuple[ReferralSeen, ...]


_CASE = text("""
SELECT c.reference, c.sealed, coalesce((SELECT array_agg(p.name ORDER BY p.name) FROM referral.seal s JOIN agencies.member p ON p.id = ANY (s.named)
    WHERE s.case_id = c.id AND s.lifted_at IS NULL), '{}') AS named FROM referral.case c WHERE c.id = :id
""")
_EXCLUSIONS = text("""
SELECT x.id, x.kind, coalesce(p.name, CASE WHEN a.confidential AND a.id <> :agency THEN '–' ELSE a.name END) AS name, x.at, x.reason FROM referral.exclusion x
    LEFT JOIN agencies.member p ON p.id = x.excluded LEFT JOIN agencies.agency a ON a.id = x.excluded
WHERE x.case_id = :id AND x.lifted_at IS NULL ORDER BY x.at, x.id
""")
_PROPOSALS = text("""
SELECT q.id, q.act, q.asked_at, q.expires_at, q.answer, q.asked_member = :member AS mine, q.reason,
    coalesce((SELECT array_agg(p.name ORDER BY p.name) FROM agencies.member p WHERE p.id = ANY (q.about)), '{}') AS named,
    (SELECT o.reference FROM referral.case o WHERE q.act = 'merge' AND o.id = q.about[1]) AS older
FROM referral.proposal q WHERE q.case_id = :id AND q.act NOT IN ('remove', 'bundle', 'erase', 'lift_hold') ORDER BY q.asked_at DESC, q.id
""")


async def need_to_know(
    session: WitnessedRead, actor: Actor, case_id: UUID, *, now: datetime
) -> NeedToKnow | Refusal:
    """To whoever holds the case; the reasons are opened, and the log keeps that they were."""
    parties = await access.standing_in(session, case_id, now)
    referrals = await referrals_of(session, actor, case_id, parties)
    relationships = frozenset().union(*(one.relationships for one in referrals))
    resource = access.Resource.of(relationships, parties)
    decision = access.decide(actor, "approve", resource, access.NOTHING_SHOWN)
    if not decision.allow:
        await witness(session, actor, case_id, [], why=decision.reason_code, now=now)
        return access.refusal_for("approve", decision)
    values = {"id": case_id, "agency": actor.agency_id, "member": actor.member_id}

    async def rows(statement: Any) -> list[RowMapping]:
        used = {name: values[name] for name in values if f":{name}" in statement.text}
        return list((await session.connection.execute(statement, used)).mappings())

    case = await rows(_CASE)
    if not case:
        return errors.not_found()
    exclusions, proposals = await rows(_EXCLUSIONS), await rows(_PROPOSALS)
    if exclusions or proposals:
        await witness(session, actor, case_id, ["G4"], why=decision.reason_code, now=now)
    key = (await case_keys(session, case_id))[case_id]

    def why(row: RowMapping, room: str) -> str:
        return words_of(key, row["reason"], room=room, column="reason", row=row["id"])

    return NeedToKnow(
        case_id=case_id,
        reference=case[0]["reference"],
        sealed=case[0]["sealed"],
        named=tuple(case[0]["named"]),
        exclusions=tuple(
            ExclusionSeen(**{**row, "reason": why(row, "exclusion")}) for row in exclusions
        ),
        proposals=tuple(
            ProposalSeen(**{**row, "named": tuple(row["named"]), "reason": why(row, "proposal")})
            for row in proposals
        ),
        referrals=tuple(one for one in referrals if access.offered("exclude", one.relationships)),
    )
