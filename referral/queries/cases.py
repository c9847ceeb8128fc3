"""A case as one actor may see it: a projection built group by group, never a whole with parts cut out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from referral import access, errors
from referral.access.relationships import Relationship
from referral.audit.streams import witness
from referral.errors import Refusal
from referral.queries.lines import HandOffLine, lines_in
from referral.queries.overrides import overrides_of
from referral.queries.panels import PanelSeen, dissents_of, panels_of
from referral.queries.persons import EVERYBODY, PersonSeen, last_number, persons_of
from referral.queries.referrals import ReferralSeen, referrals_of, related_to
from referral.queries.sealed import case_keys, erased_or_absent, words_of
from referral.session import Actor, ReadSession, WitnessedRead


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
    legal_hold: bool  # one stands; told to whoever holds the case, false to everybody else
    facts: Mapping[str, Any] | None
    workplace: Mapping[str, Any] | None
    persons: tuple[PersonSeen, ...]
    referrals: tuple[ReferralSeen, ...]
    hand_offs: tuple[HandOffLine, ...]
    panels: tuple[PanelSeen, ...]
    relationships: frozenset[Relationship]
    older: tuple[tuple[UUID, str], ...]  # id and reference of the case this one was merged into
    newer: tuple[tuple[UUID, str], ...]  # of those merged into this one
    last_number: int  # of a person: a page of a large group shows fewer
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
    numbers: range = EVERYBODY,
    now: datetime,
) -> CaseSeen | Refusal:
    """The case as this actor may see it, or "not found".

    ``numbers``: only these persons, their referrals and hand-offs are read; nobody else is opened.
    ``groups`` (G2, G3, G4) open sealed parts: that takes a ``WitnessedRead``, and leaves one entry
    in the actor's stream whether they were given or not.
    """
    envelope = (await session.connection.execute(_ENVELOPE, {"id": case_id})).mappings().first()
    if envelope is None:
        if groups:  # somebody tried to open what is not hers to know of
            await witness(session, actor, case_id, [], why="not-found", now=now)
        return await erased_or_absent(session, case_id)
    parties = await access.standing_in(session, case_id, now)
    relationships = await related_to(session, actor, case_id, parties)
    if not relationships:
        return errors.not_found()
    resource = access.Resource.of(relationships, parties)
    context = access.Context.of(actor, reason, now)
    decision = access.decide(actor, "see_envelope", resource, context)
    if not decision.allow:
        return access.refusal_for("see_envelope", decision)
    visible = decision.visible_classes
    allowed, refused = _asked(actor, groups, resource, context)
    if "G2" in allowed and not await _names_may_be_opened(session, case_id):
        refused["G2"] = errors.step_up_required(access.matrix().classes["G2"])
        del allowed["G2"]
    persons = await persons_of(session, case_id, allowed, numbers)
    if "G1" not in visible:
        persons = tuple(replace(one, facts=None, findings=None, overrides=()) for one in persons)
    referrals = await referrals_of(session, actor, case_id, parties, numbers)
    notes = await _notes(session, case_id) if "G4" in allowed else ()
    under_glass = Relationship.BREAK_GLASS in relationships
    if groups:
        if not isinstance(session, WitnessedRead):
            message = "sealed groups are opened by a WitnessedRead only"
            raise TypeError(message)
        why = ",".join(sorted(allowed.values())) or "refused"
        await witness(session, actor, case_id, sorted(allowed), why=why, now=now)
    elif under_glass:  # every read of it, whatever it opens
        await witness(session, actor, case_id, sorted(visible), why="break_glass", now=now)
    return CaseSeen(
        **{name: envelope[name] for name in (*_ENVELOPE_NAMES, "legal_hold")},
        facts=envelope["facts"] if "G1" in visible else None,
        workplace=await _workplace(session, case_id, envelope["workplace"], visible),
        persons=persons,
        referrals=referrals,
        hand_offs=await _lines(session, actor, case_id, referrals, numbers),
        panels=await panels_of(session, case_id),
        relationships=relationships,
        older=await merged_with(session, case_id, "older"),
        newer=await merged_with(session, case_id, "newer"),
        last_number=await last_number(session, case_id),
        notes=notes,
        opened=tuple(sorted(allowed)),
        refused=refused,
    )


async def _workplace(
    session: ReadSession, case_id: UUID, kept: bytes | None, visible: frozenset[str]
) -> Mapping[str, Any] | None:
    """Names and places of G1: sealed, so that no backup keeps them past an erasure."""
    if kept is None or "G1W" not in visible:
        return None
    key = (await case_keys(session, case_id))[case_id]
    found: dict[str, Any] = orjson.loads(
        key.open(kept, room="workplace", column="facts", row=case_id)
    )
    return found


async def merged_with(
    session: ReadSession, case_id: UUID, which: str
) -> tuple[tuple[UUID, str], ...]:
    """Cases filed twice: only those the reader works on as well are named."""
    sides = {"older": ("m.duplicate_of", "m.id"), "newer": ("m.id", "m.duplicate_of")}
    other, own = sides[which]
    asking = text(f"""
        SELECT o.id, o.reference FROM referral.case m JOIN referral.case o ON o.id = {other}
        WHERE {own} = :id AND EXISTS (SELECT FROM referral.party p
            WHERE p.case_id = o.id AND 'G0' = ANY (p.groups)) ORDER BY o.filed_at, o.id
    """)
    return tuple(
        (row.id, row.reference) for row in await session.connection.execute(asking, {"id": case_id})
    )


async def _lines(
    session: ReadSession,
    actor: Actor,
    case_id: UUID,
    referrals: Sequence[ReferralSeen],
    numbers: range,
) -> tuple[HandOffLine, ...]:
    """The hand-offs of these persons: by their referrals, where not everybody is wanted."""
    order = "ORDER BY h.requested_at, h.id"
    if numbers == EVERYBODY:
        return await lines_in(session, actor, f"h.case_id = :id {order}", id=case_id)
    some = [one.id for one in referrals]
    return await lines_in(session, actor, f"h.referral_id = ANY (:some) {order}", some=some)


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
    (SELECT w.facts FROM referral.workplace w WHERE w.case_id = c.id) AS workplace,
    EXISTS (SELECT FROM referral.legal_hold h WHERE h.case_id = c.id AND h.lifted_at IS NULL) AS legal_hold
FROM referral.case c WHERE c.id = :id
""")


def _asked(
    actor: Actor,
    groups: Sequence[str],
    resource: access.Resource,
    context: access.Context,
) -> tuple[dict[str, str], dict[str, Refusal]]:
    """Which groups may be opened (and under which cell), which not and why."""
    actions = access.matrix().classes
    allowed, refused = {}, {}
    for group in groups:
        decision = access.decide(actor, actions[group], resource, context)
        if group in decision.visible_classes:
            allowed[group] = decision.reason_code
        elif decision.allow:
            refused[group] = errors.not_permitted(
                actions[group], "a unit to which this part travels with the protocol's step"
            )
        else:
            refused[group] = access.refusal_for(actions[group], decision)
    return allowed, refused


async def _names_may_be_opened(session: ReadSession, case_id: UUID) -> bool:
    """More than forty persons an hour only with a fresh proof; the database counts."""
    asking = text("SELECT referral.spend_names(:id)")
    return bool((await session.connection.execute(asking, {"id": case_id})).scalar())


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
    keys = await case_keys(session, case_id)
    written = [
        (
            r.kind,
            r.written_at,
            words_of(keys[case_id], r.content, room="note", column="content", row=r.id),
        )
        for r in rows
    ]
    return (
        *written,
        *await dissents_of(session, case_id, keys),
        *await overrides_of(session, case_id, keys),
    )


async def case_with(session: ReadSession, actor: Actor, client_id: UUID) -> UUID | None:
    """The case this unit filed from that device's intake, if it did."""
    return (
        await session.connection.execute(
            text("SELECT id FROM referral.case WHERE client_id = :id AND filed_by_unit = :unit"),
            {"id": client_id, "unit": actor.unit_id},
        )
    ).scalar_one_or_none()
