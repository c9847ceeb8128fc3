"""What senders did in others' names, and what came back to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from referral.errors import Refusal
from referral.figures import Figure, Period
from referral.figures.floor import hidden, tens
from referral.figures.measures import Cut
from referral.queries.figure_rows import Whose, refused_figures, whose, zone_of
from referral.queries.oversight_figures import figures_by
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class SenderActs:
    """One sender: what it answered in others' names, and what of it nobody has confirmed."""

    unit: str  # name, or the mandate of a confidential one
    attested: int | None
    unconfirmed: int | None
    oldest_unconfirmed: datetime | None


@dataclass(frozen=True, slots=True)
class Returns:
    """What came back: ``returned`` and ``asked_again`` of each group's counts.

    ``re_entries``: new referrals that follow a closed one, opened in the period.
    """

    by_agency: tuple[Figure, ...]
    re_entries: int | None
    by_track: tuple[tuple[str, int | None], ...]


# Of her own unit what she may see; of the country the counts alone.
_ATTESTED: Final = {
    Whose.UNIT: """SELECT h.sender_unit AS unit_id, count(*) AS attested, count(*) FILTER (WHERE h.attestation_confirmed_at IS NULL) AS unconfirmed,
            min(h.requested_at) FILTER (WHERE h.attestation_confirmed_at IS NULL) AS oldest
        FROM referral.hand_off h WHERE (h.sender_unit = :unit OR h.receiver_unit = :unit) AND h.requested_at >= :begins AND h.requested_at < :ends
            AND h.attested AND NOT h.imported AND h.kind <> 'notice' AND h.in_error IS NOT TRUE {narrower} GROUP BY 1""",
    Whose.COUNTRY: "SELECT * FROM referral.attested_in_country(:begins, :ends)",
}
_RE_ENTRIES: Final = {
    Whose.UNIT: """SELECT r.track, count(*) AS entries FROM referral.referral r
        WHERE r.holder_unit = :unit AND r.opened_at >= :begins AND r.opened_at < :ends AND r.follows IS NOT NULL
            AND (r.outcome IN ('ENTERED_IN_ERROR', 'MERGED')) IS NOT TRUE {narrower} GROUP BY 1 ORDER BY 1""",
    Whose.COUNTRY: "SELECT * FROM referral.re_entries_in_country(:begins, :ends) ORDER BY 1",
}
_HERS: Final = {
    _ATTESTED[Whose.UNIT]: "AND (h.sender_member = :member OR h.receiver_member = :member)",
    _RE_ENTRIES[Whose.UNIT]: "AND r.holder_member = :member",
}


async def attested_in(
    session: ReadSession, actor: Actor, period: Period, *, now: datetime
) -> tuple[SenderActs, ...] | Refusal:
    """Answers given in another's name, per sender, and how many still wait for confirmation."""
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    found = await _counted(session, actor, _ATTESTED, period)
    names = await _units_named(session, actor, [row.unit_id for row in found])
    floor = whose(actor) is Whose.COUNTRY
    told = [
        SenderActs(
            names[row.unit_id],
            hidden(row.attested) if floor else row.attested,
            hidden(row.unconfirmed) if floor else row.unconfirmed,
            None if floor and hidden(row.unconfirmed) is None else row.oldest,
        )
        for row in found
    ]
    return tuple(sorted(told, key=lambda one: (-(one.unconfirmed or 0), one.unit)))


async def returns_in(
    session: ReadSession, actor: Actor, period: Period, *, cut: Cut = Cut.AGENCY, now: datetime
) -> Returns | Refusal:
    """What came back after it was taken, and who came again after closure."""
    found = await figures_by(session, actor, cut, period, now=now)
    if isinstance(found, Refusal):
        return found
    entries = await _counted(session, actor, _RE_ENTRIES, period)
    floor = whose(actor) is Whose.COUNTRY
    by_track = tuple((r.track, hidden(r.entries) if floor else r.entries) for r in entries)
    known = [count for _, count in by_track if count is not None]
    whole = sum(row.entries for row in entries)
    if floor:
        whole = tens(whole) if len(known) < len(by_track) else hidden(whole)
    return Returns(found.groups, whole, by_track)


async def _counted(
    session: ReadSession, actor: Actor, statements: dict[Whose, str], period: Period
) -> Sequence[Row[Any]]:
    begins, ends = period.moments(zone_of(session, actor))
    values: dict[str, Any] = {"begins": begins, "ends": ends}
    asked = statements[Whose.COUNTRY]
    if whose(actor) is not Whose.COUNTRY:
        own = whose(actor) is Whose.OWN
        values |= {"unit": actor.unit_id, **({"member": actor.id} if own else {})}
        narrower = _HERS[statements[Whose.UNIT]] if own else ""
        asked = statements[Whose.UNIT].format(narrower=narrower)
    return (await session.connection.execute(text(asked), values)).all()


# A confidential agency appears as its mandate, never by name (security.md 3.2).
_UNITS: Final = """
SELECT u.id, CASE WHEN a.confidential AND a.id <> $2
    THEN coalesce((SELECT min(m.mandate) FROM agencies.mandate m WHERE m.unit_id = u.id), a.type) ELSE a.name || ', ' || u.name END AS name
FROM agencies.unit u JOIN agencies.agency a ON a.id = u.agency_id WHERE u.id = ANY ($1)
"""


async def _units_named(
    session: ReadSession, actor: Actor, units: Sequence[UUID]
) -> dict[UUID, str]:
    rows = await session.connection.exec_driver_sql(_UNITS, (list(units), actor.agency_id))
    return {row.id: row.name for row in rows}
