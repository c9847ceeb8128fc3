"""Hand-offs as lines of a list: the envelope (G0), and nothing a list must not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import RowMapping, text

from referral.session import Actor, ReadSession

OPEN = ("requested", "received", "accepted", "in-progress", "on-hold")


# A confidential agency appears by its mandate, never by name (security.md 3.2).
LINE = """
SELECT h.id, h.case_id, h.referral_id, h.batch, c.reference, p.number AS person_number, p.headcount,
    h.track, h.protocol_version, h.protocol_digest, h.step, h.kind, h.mandate, h.jurisdiction, h.state, h.urgency, h.requested_at, h.received_at,
    h.accepted_at, h.first_contact_at, h.started_at, h.ended_at, h.due_at, h.immediate, h.basis, h.overdue_since,
    h.no_agency, h.no_decline, h.attested, h.attestation_confirmed_at, h.imported, h.reason_code, h.outcome, h.version,
    h.cancellation_asked_at, h.review_at, h.sender_unit, h.receiver_unit, h.receiver_member, c.place,
    CASE WHEN sa.confidential AND sa.id <> :agency THEN NULL ELSE sa.name END AS sender_agency,
    CASE WHEN ra.confidential AND ra.id <> :agency THEN NULL ELSE ra.name END AS receiver_agency,
    CASE WHEN ra.confidential AND ra.id <> :agency THEN NULL ELSE ru.name END AS receiver_unit_name
FROM referral.hand_off h
    JOIN referral.case c ON c.id = h.case_id
    JOIN referral.person p ON p.id = h.person_id
    JOIN agencies.unit su ON su.id = h.sender_unit JOIN agencies.agency sa ON sa.id = su.agency_id
    JOIN agencies.unit ru ON ru.id = h.receiver_unit JOIN agencies.agency ra ON ra.id = ru.agency_id
"""


@dataclass(frozen=True, slots=True)
class HandOffLine:
    """One line of an inbox or a list. Names of confidential agencies are None."""

    id: UUID
    case_id: UUID
    referral_id: UUID
    batch: UUID
    reference: str
    person_number: int
    headcount: int
    track: str
    protocol_version: str
    protocol_digest: str
    step: str
    kind: str
    mandate: str
    jurisdiction: str
    state: str
    urgency: str
    requested_at: datetime
    received_at: datetime | None
    accepted_at: datetime | None
    first_contact_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    immediate: bool
    basis: str | None
    overdue_since: datetime | None
    no_agency: bool
    no_decline: bool
    attested: bool
    attestation_confirmed_at: datetime | None
    imported: bool
    reason_code: str | None
    outcome: str | None
    version: int
    cancellation_asked_at: datetime | None
    review_at: datetime | None
    sender_unit: UUID
    receiver_unit: UUID
    receiver_member: UUID | None
    place: str
    sender_agency: str | None
    receiver_agency: str | None
    receiver_unit_name: str | None
    together: int = 1  # how many this line stands for: of one batch, in the same state

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """From a row of ``LINE``."""
        return cls(**{field.name: row[field.name] for field in fields(cls) if field.name in row})

    def overdue(self, now: datetime) -> bool:
        """Past its limit; history has no live clocks."""
        late = self.due_at is not None and self.due_at < now and self.state in OPEN
        return not self.imported and (late or self.overdue_since is not None)


async def lines_in(
    session: ReadSession,
    actor: Actor,
    condition: str,
    **values: Any,
) -> tuple[HandOffLine, ...]:
    """Hand-offs under a condition written in this package, never by a caller outside it."""
    rows = await session.connection.execute(
        text(f"{LINE} WHERE {condition}"), {"agency": actor.agency_id, **values}
    )
    return tuple(HandOffLine.of(row) for row in rows.mappings())


async def units_named(
    session: ReadSession, actor: Actor, units: Sequence[UUID]
) -> dict[UUID, tuple[str | None, str | None]]:
    """Agency and unit name of units; None where the agency is confidential."""
    rows = await session.connection.exec_driver_sql(
        "SELECT u.id, CASE WHEN a.confidential AND a.id <> $2 THEN NULL ELSE a.name END AS agency, "
        "CASE WHEN a.confidential AND a.id <> $2 THEN NULL ELSE u.name END AS unit "
        "FROM agencies.unit u JOIN agencies.agency a ON a.id = u.agency_id WHERE u.id = ANY ($1)",
        (list(units), actor.agency_id),
    )
    return {row.id: (row.agency, row.unit) for row in rows}
