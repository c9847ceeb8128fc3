"""The hand-offs behind a figure: as many as it counts, and none the caller may not see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from referral import errors
from referral.errors import Fault, Refusal
from referral.figures import EVERYTHING, Group, Period
from referral.queries.figure_rows import Whose, narrowed, refused_figures, whose, zone_of
from referral.queries.lines import HandOffLine, lines_in
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class Behind:
    """The hand-offs behind a figure that the caller may see, the newest first; ``after``: cursor."""

    lines: tuple[HandOffLine, ...]
    after: str | None


# What each number counts, as ``referral.figure_cells`` does.
COUNTING: Final = {
    "asked": "true",
    "waiting": "h.state IN ('requested', 'received')",
    "working": "h.state IN ('accepted', 'in-progress', 'on-hold')",
    "declined": "h.state = 'rejected'",
    "completed": "h.state = 'completed'",
    "failed": "h.state = 'failed'",
    "cancelled": "h.state = 'cancelled'",
    "attested": "h.attested",
    "unconfirmed": "h.attested AND h.attestation_confirmed_at IS NULL",
    "returned": "h.accepted_at IS NOT NULL AND h.state IN ('failed', 'cancelled')",
    "asked_again": "h.opening > 1",
    "no_contact": "h.state = 'completed' AND h.first_contact_at IS NULL",
    "errors": """NOT h.attested AND -2147483648 IN (
        referral.span_of(h.requested_at, h.received_at, h.accepted_at, h.ended_at, h.state IN ('rejected', 'completed', 'failed', 'cancelled'), true),
        referral.span_of(h.received_at, h.accepted_at, h.first_contact_at, h.ended_at, h.state IN ('rejected', 'completed', 'failed', 'cancelled'), true),
        referral.span_of(h.accepted_at, h.first_contact_at, NULL, h.ended_at, h.state IN ('rejected', 'completed', 'failed', 'cancelled'), true),
        referral.span_of(h.first_contact_at, CASE WHEN h.state = 'completed' THEN h.ended_at END, NULL, h.ended_at, h.state IN ('rejected', 'completed', 'failed', 'cancelled'), false))""",
    "missed": "NOT h.attested AND referral.missed_a_limit(h.id, :now)",
    "imported": "true",
}
_PERIOD: Final = (
    "h.requested_at >= :begins AND h.requested_at < :ends "
    "AND h.kind <> 'notice' AND h.in_error IS NOT TRUE"
)
_MINE: Final = {
    Whose.UNIT: "(h.receiver_unit = :unit OR h.sender_unit = :unit)",
    Whose.OWN: "(h.receiver_unit = :unit OR h.sender_unit = :unit) "
    "AND (h.receiver_member = :member OR h.sender_member = :member)",
}


async def behind_figure(
    session: ReadSession,
    actor: Actor,
    period: Period,
    *,
    only: Group = EVERYTHING,
    what: str = "asked",
    after: str | None = None,
    limit: int = 50,
    now: datetime,
) -> Behind | Refusal:
    """The hand-offs one number counts. ``what``: a field of ``Counts``, or ``missed``.

    For who works on cases: as many lines as the number says. For who oversees the country: none,
    because she may open none of them.
    """
    refused = await refused_figures(session, actor, period, now)
    cursor = _cursor(after)
    if refused is None and (what not in COUNTING or (after is not None and cursor is None)):
        wrong = "/what" if what not in COUNTING else "/after"
        message = f"Follow the links; a number is one of: {', '.join(COUNTING)}."
        refused = errors.invalid_input([Fault(wrong, "unknown", message)])
    if refused is not None or whose(actor) is Whose.COUNTRY:
        return refused or Behind((), None)
    wanted, values = narrowed(only, "h", agency_id="receiver_agency", version="protocol_version")
    begins, ends = period.moments(zone_of(session, actor))
    values |= {"begins": begins, "ends": ends, "unit": actor.unit_id, "most": limit + 1}
    values |= {"member": actor.id} if whose(actor) is Whose.OWN else {}
    values |= {"now": now} if what == "missed" else {}
    further = "AND (h.requested_at, h.id) < (:at, :id)" if cursor else ""
    lines = await lines_in(
        session,
        actor,
        f"{_MINE[whose(actor)]} AND {_PERIOD} AND {'' if what == 'imported' else 'NOT '}h.imported "
        f"AND {COUNTING[what]} {wanted} {further} ORDER BY h.requested_at DESC, h.id DESC LIMIT :most",
        **values,
        **(cursor or {}),
    )
    last = lines[limit - 1] if len(lines) > limit else None
    return Behind(lines[:limit], f"{last.requested_at.isoformat()}~{last.id}" if last else None)


def _cursor(after: str | None) -> dict[str, Any] | None:
    at, _, identity = (after or "").partition("~")
    try:
        return {"at": datetime.fromisoformat(at), "id": UUID(identity)}
    except ValueError:
        return None
