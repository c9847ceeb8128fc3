"""The referrals of a case: track, holder, what is still needed, who was not asked and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from referral.access.relationships import Relationship, relationships_of
from referral.queries.clocks import ClockSeen, own_clocks
from referral.queries.persons import EVERYBODY
from referral.session import Actor, ReadSession


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
    place: str  # where the person was found: a province may order otherwise
    clocks: tuple[ClockSeen, ...] = ()  # of the holder's own, that hang on no hand-off


_COLUMNS = set(ReferralSeen.__dataclass_fields__) - {"relationships", "clocks"}
# A limit of the holder's own is her unit's business: who has passed the person on steers no more.
_WHO_HOLDS = frozenset(
    {Relationship.HOLDER, Relationship.HOLDERS_UNIT, Relationship.UNIT_SUPERVISOR}
)
_REFERRALS = text("""
SELECT r.*, (SELECT c.place FROM referral.case c WHERE c.id = r.case_id) AS place, CASE WHEN a.confidential AND a.id <> :agency THEN NULL ELSE a.name END AS holder_agency,
    agencies.acting_holder(r.holder_member, (SELECT referral.my_membership()), (SELECT referral.my_moment())) AS in_charge
FROM referral.referral r JOIN agencies.unit u ON u.id = r.holder_unit JOIN agencies.agency a ON a.id = u.agency_id
    JOIN referral.person p ON p.id = r.person_id
WHERE r.case_id = :id AND p.case_id = :id AND p.number BETWEEN :first AND :last ORDER BY r.lead DESC, r.opened_at, r.id
""")


async def referrals_of(
    session: ReadSession,
    actor: Actor,
    case_id: UUID,
    parties: Any,
    numbers: range = EVERYBODY,
) -> tuple[ReferralSeen, ...]:
    """The referrals of persons with these numbers, the lead first, and how the actor is related."""
    values: dict[str, Any] = {"id": case_id, "agency": actor.agency_id}
    values |= {"first": numbers.start, "last": numbers.stop - 1}
    rows = (await session.connection.execute(_REFERRALS, values)).mappings()
    holding, anywhere = _parts(actor, parties)
    found = tuple(
        ReferralSeen(
            **{name: row[name] for name in _COLUMNS},
            relationships=anywhere
            | relationships_of(
                actor,
                holding.get(str(row["id"]), ()),
                holder_member=row["in_charge"],
                referral_id=row["id"],
            ),
        )
        for row in rows
    )
    held = [one.id for one in found if one.relationships & _WHO_HOLDS]
    clocks = await own_clocks(session, held)
    return tuple(replace(one, clocks=clocks.get(one.id, ())) for one in found)


async def related_to(
    session: ReadSession, actor: Actor, case_id: UUID, parties: Any
) -> frozenset[Relationship]:
    """How the actor is related to any referral of the case, without reading them all.

    Whose part is over (OWN) keeps her own hand-off and sees no referral any more.
    """
    if not any("G0" in party["groups"] for party in parties):
        return frozenset()
    holding, anywhere = _parts(actor, parties)
    asked = text(
        "SELECT r.id, agencies.acting_holder(r.holder_member, (SELECT referral.my_membership()), "
        "(SELECT referral.my_moment())) AS in_charge "
        "FROM referral.referral r WHERE r.case_id = :id AND r.id = ANY (:held)"
    )
    values = {"id": case_id, "held": [UUID(one) for one in holding]}
    rows = (await session.connection.execute(asked, values)).all()
    return anywhere.union(
        *(
            relationships_of(
                actor,
                holding[str(row.id)],
                holder_member=row.in_charge,
                referral_id=row.id,
            )
            for row in rows
        )
    )


def _parts(actor: Actor, parties: Any) -> tuple[dict[str, list[Any]], frozenset[Relationship]]:
    """What is held or was, by referral; every other part counts for the whole case."""
    holding: dict[str, list[Any]] = {}
    others = []
    for party in parties:
        if party["relationship"] in {"holder", "past_holder", "break_glass"}:
            holding.setdefault(party["referral_id"], []).append(party)
        else:
            others.append(party)
    return holding, relationships_of(actor, others, holder_member=None)
