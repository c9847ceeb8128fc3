"""Hand-offs that were made together, for several persons, and are one line of the inbox."""

from __future__ import annotations

from uuid import UUID

from referral import errors
from referral.errors import Refusal
from referral.queries.lines import HandOffLine, lines_in
from referral.session import Actor, ReadSession


async def batch_of(
    session: ReadSession, actor: Actor, batch: UUID
) -> tuple[HandOffLine, ...] | Refusal:
    """Every hand-off of a batch that this unit sent or was sent, by number of the person."""
    lines = await lines_in(
        session,
        actor,
        "h.batch = :batch AND (h.receiver_unit = :unit OR h.sender_unit = :unit) "
        "ORDER BY p.number, h.id",
        batch=batch,
        unit=actor.unit_id,
    )
    return lines or errors.not_found()
