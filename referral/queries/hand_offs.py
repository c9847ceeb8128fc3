"""One hand-off as one actor sees it: envelope, ground, limits, possible acts, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from protocols.lifecycle import Act, Kind, Party, State, acts_from
from referral import access, errors
from referral.access.relationships import Relationship, relationships_of
from referral.audit.streams import witness
from referral.errors import Refusal
from referral.queries.clocks import CLOCK, ClockSeen, clock_seen
from referral.queries.lines import HandOffLine, lines_in
from referral.queries.sealed import answers_to, docket_opened, erased_or_absent
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class HandOffSeen:
    """One hand-off: envelope, ground, limits, what the actor may do, and what the parties said."""

    line: HandOffLine
    reason: Mapping[str, Any]
    travels: tuple[str, ...]
    clocks: tuple[ClockSeen, ...]
    relationships: frozenset[Relationship]
    acts: tuple[Act, ...]
    facts: Mapping[str, Any]
    docket: str | None
    notes: tuple[tuple[str, datetime, str], ...]  # kind, when, words: of its two parties only
    alternates: tuple[str, ...] = ()


async def hand_off_seen(
    session: ReadSession, actor: Actor, hand_off_id: UUID, *, now: datetime
) -> HandOffSeen | Refusal:
    """One hand-off as this actor may see it, or "not found"."""
    found = await lines_in(session, actor, "h.id = :id", id=hand_off_id)
    if not found:
        return await erased_or_absent(session, hand_off_id)
    line = found[0]
    more = (
        (await session.connection.execute(_MORE, {"id": hand_off_id, "agency": actor.agency_id}))
        .mappings()
        .one()
    )
    parties = await access.standing_in(session, line.case_id, now)
    relationships = relationships_of(
        actor,
        parties,
        holder_member=more["holder_member"],
        hand_off_id=hand_off_id,
        referral_id=line.referral_id,
    )
    if not relationships:
        return errors.not_found()
    resource = access.Resource.of(relationships, parties)
    decision = access.decide(actor, "see_envelope", resource, access.NOTHING_SHOWN)
    if not decision.allow:
        return access.refusal_for("see_envelope", decision)
    if Relationship.BREAK_GLASS in relationships:
        await witness(session, actor, line.case_id, ["G0", "G1"], why="break_glass", now=now)
    facts = (more["person_facts"] or {}) | (more["case_facts"] or {})
    return HandOffSeen(
        line=line,
        reason=more["reason"],
        travels=tuple(more["travels"]),
        clocks=tuple(clock_seen(row) for row in more["clocks"] or ()),
        relationships=relationships,
        acts=_acts(actor, line, relationships),
        facts=facts if "G1" in decision.visible_classes else {},
        docket=await docket_opened(session, line, more["docket"]),
        notes=await answers_to(session, line),
    )


_MORE = text(f"""
SELECT h.reason, h.travels, agencies.acting_holder(r.holder_member, (SELECT referral.my_membership()), (SELECT referral.my_moment())) AS holder_member,
    (SELECT f.facts FROM referral.case_facts f WHERE f.case_id = h.case_id AND f.person_id = h.person_id) AS person_facts,
    (SELECT f.facts FROM referral.case_facts f WHERE f.case_id = h.case_id AND f.person_id IS NULL) AS case_facts,
    (SELECT d.number FROM referral.docket d WHERE d.hand_off_id = h.id AND d.agency_id = :agency) AS docket,
    (SELECT jsonb_agg({CLOCK} ORDER BY k.due_at) FROM referral.clock k WHERE k.hand_off_id = h.id) AS clocks
FROM referral.hand_off h LEFT JOIN referral.referral r ON r.id = h.referral_id WHERE h.id = :id
""")


def _acts(
    actor: Actor, line: HandOffLine, relationships: frozenset[Relationship]
) -> tuple[Act, ...]:
    """What both tables allow: the life cycle for the party, the matrix for the person."""
    party = Party.RECEIVER if actor.unit_id == line.receiver_unit else Party.SENDER
    state = State(line.state)
    offered = () if line.imported else acts_from(Kind(line.kind), state, party)
    found = []
    for act in offered:
        if act in {Act.VOID, Act.SEND} or (act is Act.DECLINE and line.no_decline):
            continue
        action = act.value
        if act is Act.CANCEL:
            action = "cancel_after_acceptance" if state.answered else "cancel_before_acceptance"
        if access.offered(action, relationships):
            found.append(act)
    return tuple(found)
