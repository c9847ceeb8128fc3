"""What panels decided about a case; who sat, where the narrative may be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from referral import access
from referral.audit.streams import witness
from referral.errors import Refusal
from referral.queries.referrals import related_to
from referral.queries.sealed import case_keys
from referral.session import Actor, ReadSession, WitnessedRead
from referral.vault import SubjectKey


@dataclass(frozen=True, slots=True)
class PanelSeen:
    """One decision: which step, which outcome, which mandates sat and how many agreed."""

    id: UUID
    referral_id: UUID
    step: str
    outcome: str
    occurred_at: datetime
    present: tuple[str, ...]
    agreeing: int
    quorum: int
    agree: int


async def panels_of(session: ReadSession, case_id: UUID) -> tuple[PanelSeen, ...]:
    """Every decision of a case, in order; row security shows them to its parties."""
    rows = await session.connection.execute(
        text(
            "SELECT id, referral_id, step, outcome, occurred_at, present, agreeing, quorum, agree "
            "FROM referral.panel_decision WHERE case_id = :id ORDER BY occurred_at, id"
        ),
        {"id": case_id},
    )
    return tuple(PanelSeen(**{**row, "present": tuple(row["present"])}) for row in rows.mappings())


@dataclass(frozen=True, slots=True)
class SeatSeen:
    """Who sat for a mandate, how she voted, and why she dissents: sealed, and opened here.

    ``agency``: of a member of the service; None where it is confidential, or she is from outside.
    """

    decision_id: UUID
    mandate: str
    vote: str | None
    membership: UUID | None
    name: str | None
    agency: str | None
    dissent: str | None
    signed_at: datetime | None


async def seats_of(
    session: WitnessedRead, actor: Actor, case_id: UUID, *, reason: str | None, now: datetime
) -> tuple[SeatSeen, ...] | Refusal:
    """Every seat of the case's panels, to who may read the narrative or convened them; witnessed."""
    parties = await access.standing_in(session, case_id, now)
    relationships = await related_to(session, actor, case_id, parties)
    resource = access.Resource.of(relationships, parties)
    decision = access.decide(actor, "read_panel", resource, access.Context.of(actor, reason, now))
    opened = ["G4"] if decision.allow else []
    await witness(session, actor, case_id, opened, why=decision.reason_code, now=now)
    if not decision.allow:
        return access.refusal_for("read_panel", decision)
    return await _seats(session, case_id, await case_keys(session, case_id))


async def dissents_of(
    session: ReadSession, case_id: UUID, keys: Mapping[UUID, SubjectKey]
) -> list[tuple[str, datetime, str]]:
    """Who sat, voted and dissented, as words of the narrative (G4): opened with it, never alone."""
    told = {panel.id: panel for panel in await panels_of(session, case_id)}
    return [
        (
            "panel",
            told[seat.decision_id].occurred_at,
            f"{told[seat.decision_id].step}, {seat.mandate}: "
            f"{', '.join(one for one in (seat.name, seat.agency, seat.vote) if one)}."
            f"{' Signed.' if seat.signed_at else ''} {seat.dissent or ''}".rstrip(),
        )
        for seat in await _seats(session, case_id, keys)
        if seat.vote is not None
    ]


async def _seats(
    session: ReadSession, case_id: UUID, keys: Mapping[UUID, SubjectKey]
) -> tuple[SeatSeen, ...]:
    rows = await session.connection.execute(
        text(
            "SELECT s.id, s.decision_id, s.mandate, s.vote, s.membership, s.name, s.dissent, s.signed_at, p.name AS member, "
            "CASE WHEN NOT a.confidential THEN a.name END AS agency FROM referral.panel_member s "
            "LEFT JOIN agencies.membership m ON m.id = s.membership LEFT JOIN agencies.member p ON p.id = m.member_id "
            "LEFT JOIN agencies.agency a ON a.id = m.agency_id WHERE s.case_id = :id ORDER BY s.decision_id, s.mandate"
        ),
        {"id": case_id},
    )

    def opened(row: RowMapping, column: str) -> str | None:
        if row[column] is None:
            return None
        room = {"room": "panel_member", "column": column, "row": row["id"]}
        return keys[case_id].open(row[column], **room).decode()

    return tuple(
        SeatSeen(
            **{name: row[name] for name in ("decision_id", "mandate", "vote", "membership")},
            name=opened(row, "name") or row["member"],
            agency=row["agency"],
            dissent=opened(row, "dissent"),
            signed_at=row["signed_at"],
        )
        for row in rows.mappings()
    )
