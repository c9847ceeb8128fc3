"""Hand-offs as lists and one by one: envelope (G0) and the ground they stand on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from protocols.lifecycle import Act, Kind, Party, State, acts_from
from referral import access, errors
from referral.access.standing import Relationship, relationships_of
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import decoded
from referral.errors import Fault, Refusal
from referral.session import Actor, ReadSession, keys_of

OPEN = ("requested", "received", "accepted", "in-progress", "on-hold")

# A confidential agency appears by its mandate, never by name (security.md 3.2).
_LINE = """
SELECT h.id, h.case_id, h.referral_id, h.batch, c.reference, p.number AS person_number, p.headcount,
    h.track, h.step, h.kind, h.mandate, h.jurisdiction, h.state, h.urgency, h.requested_at, h.received_at,
    h.accepted_at, h.first_contact_at, h.started_at, h.ended_at, h.due_at, h.immediate, h.basis, h.overdue_since,
    h.no_agency, h.attested, h.attestation_confirmed_at, h.imported, h.reason_code, h.outcome, h.version,
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

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """From a row of ``_LINE``."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})

    def overdue(self, now: datetime) -> bool:
        """Past its limit; history has no live clocks."""
        late = self.due_at is not None and self.due_at < now and self.state in OPEN
        return not self.imported and (late or self.overdue_since is not None)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``after`` leads to the next one, if there is one."""

    lines: tuple[HandOffLine, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """A limit with its derivation, line by line, and where it comes from."""

    clock: str
    step: str
    starts_at: datetime
    due_at: datetime
    state: str
    immediate: bool
    basis: str
    derivation: tuple[str, ...]
    calendar: str
    sources: tuple[str, ...]


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


async def inbox_of(
    session: ReadSession,
    actor: Actor,
    *,
    box: str = "in",
    state: str | None = None,
    overdue: bool | None = None,
    after: str | None = None,
    limit: int = 50,
    now: datetime,
) -> Page | Refusal:
    """What was sent to (``in``) or by (``out``) the actor's unit.

    Without ``state`` the in-box shows what is open, most urgent limit first; the out-box everything,
    newest first. ``after`` is the cursor of the page before.
    """
    refused = await refused_by_role(session, actor, "see_inbox", now)
    if refused is not None:
        return refused
    cursor = _cursor(after)
    if after is not None and cursor is None:
        message = "This is no cursor of ours: follow the Link header instead of building addresses."
        return errors.invalid_input([Fault("/after", "unknown", message)])
    wanted = (state,) if state else OPEN
    received = box == "in"
    where = ["h.receiver_unit = :unit" if received else "h.sender_unit = :unit"]
    if received or state:
        where.append("h.state = ANY (:states)")
    if received:
        # The literal list lets the planner use the partial index of open hand-offs.
        where.append(
            "h.state IN ('requested','received','accepted','in-progress','on-hold') "
            "AND NOT h.imported"  # history is nobody's work
            if wanted == OPEN or wanted[0] in OPEN
            else "true"
        )
    if overdue is not None:
        late = "(h.overdue_since IS NOT NULL OR h.due_at < :now) AND NOT h.imported"
        where.append(late if overdue else f"NOT ({late}) IS NOT FALSE")
    key = "coalesce(h.due_at, 'infinity')" if received else "h.requested_at"
    if cursor:
        sign = ">" if received else "<"
        where.append(
            f"({key}, h.id) {sign} (CAST(CAST(:at AS text) AS timestamptz), CAST(:id AS uuid))"
        )
    order = "" if received else " DESC"
    statement = text(
        f"{_LINE} WHERE {' AND '.join(where)} ORDER BY {key}{order}, h.id{order} LIMIT :limit"
    )
    values = {
        "unit": actor.unit_id,
        "agency": actor.agency_id,
        "limit": limit + 1,
        "now": now,
        "states": list(wanted),
        **(cursor or {}),
    }
    used = {name: values[name] for name in values if f":{name}" in statement.text}
    rows = (await session.connection.execute(statement, used)).mappings().all()
    lines = tuple(HandOffLine.of(row) for row in rows[:limit])
    return Page(lines, _after(lines[-1], received=received) if len(rows) > limit else None)


async def refused_by_role(
    session: ReadSession, actor: Actor, action: str, now: datetime
) -> Refusal | None:
    """A question her role may not ask: refused, and in her own stream of the log."""
    refused = access.by_role(actor, action)
    if refused is not None:
        await log_own(session, actor, Done.REFUSED, now=now, tried=action, status=refused.status)
    return refused


def _after(line: HandOffLine, *, received: bool) -> str:
    moment = line.due_at if received else line.requested_at
    told = moment.isoformat() if moment else "infinity"
    return base64.urlsafe_b64encode(orjson.dumps([told, str(line.id)])).decode().rstrip("=")


def _cursor(after: str | None) -> dict[str, Any] | None:
    if after is None:
        return None
    try:
        told, identity = orjson.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        if told != "infinity":
            datetime.fromisoformat(told)
        return {"at": told, "id": UUID(identity)}
    except (ValueError, TypeError, binascii.Error):
        return None


async def lines_in(
    session: ReadSession,
    actor: Actor,
    condition: str,
    **values: Any,
) -> tuple[HandOffLine, ...]:
    """Hand-offs under a condition written in this package, never by a caller outside it."""
    rows = await session.connection.execute(
        text(f"{_LINE} WHERE {condition}"), {"agency": actor.agency_id, **values}
    )
    return tuple(HandOffLine.of(row) for row in rows.mappings())


async def hand_off_seen(
    session: ReadSession, actor: Actor, hand_off_id: UUID
) -> HandOffSeen | Refusal:
    """One hand-off as this actor may see it, or "not found"."""
    found = await lines_in(session, actor, "h.id = :id", id=hand_off_id)
    if not found:
        return errors.not_found()
    line = found[0]
    more = (
        (await session.connection.execute(_MORE, {"id": hand_off_id, "agency": actor.agency_id}))
        .mappings()
        .one()
    )
    parties = await access.standing_in(session, line.case_id)
    relationships = relationships_of(
        actor,
        parties,
        holder_member=more["holder_member"],
        hand_off_id=hand_off_id,
        referral_id=line.referral_id,
    )
    if not relationships:
        return errors.not_found()
    verdict = access.decide("read_facts", relationships, has_reason=False, stepped_up=False)
    facts = (more["person_facts"] or {}) | (more["case_facts"] or {}) if verdict.allow else {}
    if relationships <= {
        Relationship.PENDING_RECIPIENT,
        Relationship.RECIPIENT_SUPERVISOR,
        Relationship.SENDER,
    }:
        facts = _enough_to_answer(facts)
    return HandOffSeen(
        line=line,
        reason=more["reason"],
        travels=tuple(more["travels"]),
        clocks=tuple(_clock(row) for row in more["clocks"] or ()),
        relationships=relationships,
        acts=_acts(actor, line, relationships),
        facts=facts,
        docket=more["docket"],
        notes=await _answers(session, line),
    )


_MORE = text("""
SELECT h.reason, h.travels, r.holder_member,
    (SELECT f.facts FROM referral.case_facts f WHERE f.case_id = h.case_id AND f.person_id = h.person_id) AS person_facts,
    (SELECT f.facts FROM referral.case_facts f WHERE f.case_id = h.case_id AND f.person_id IS NULL) AS case_facts,
    (SELECT d.number FROM referral.docket d WHERE d.hand_off_id = h.id AND d.agency_id = :agency) AS docket,
    (SELECT jsonb_agg(to_jsonb(k) ORDER BY k.due_at) FROM referral.clock k WHERE k.hand_off_id = h.id) AS clocks
FROM referral.hand_off h LEFT JOIN referral.referral r ON r.id = h.referral_id WHERE h.id = :id
""")


def _clock(row: Mapping[str, Any]) -> ClockSeen:
    return ClockSeen(
        clock=row["clock"],
        step=row["step"],
        starts_at=datetime.fromisoformat(row["starts_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        state=row["state"],
        immediate=row["immediate"],
        basis=row["basis"],
        derivation=tuple(row["derivation"]),
        calendar=row["calendar"],
        sources=tuple(row["sources"]),
    )


# Before acceptance: what is needed to answer at all, never names or places (security.md 3.2).
_ANSWERABLE = frozenset(
    {
        "age_band",
        "appears_under_18",
        "danger_now",
        "disability_needs",
        "exploitation_under_way",
        "headcount",
        "high_risk",
        "language",
        "rural_site",
        "sex",
        "transport",
        "travelling_companions",
        "works",
        "hazards",
        "wfcl",
        "night_work",
    }
)


def _enough_to_answer(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name in _ANSWERABLE}


def _acts(
    actor: Actor, line: HandOffLine, relationships: frozenset[Relationship]
) -> tuple[Act, ...]:
    """What both tables allow: the life cycle for the party, the matrix for the person."""
    party = Party.RECEIVER if actor.unit_id == line.receiver_unit else Party.SENDER
    state = State(line.state)
    offered = () if line.imported else acts_from(Kind(line.kind), state, party)
    found = []
    for act in offered:
        if act in {Act.VOID, Act.SEND}:
            continue
        action = act.value
        if act is Act.CANCEL:
            action = "cancel_after_acceptance" if state.answered else "cancel_before_acceptance"
        if access.decide(action, relationships, has_reason=True, stepped_up=True).allow:
            found.append(act)
    return tuple(found)


async def _answers(
    session: ReadSession, line: HandOffLine
) -> tuple[tuple[str, datetime, str], ...]:
    rows = (
        await session.connection.execute(
            text(
                "SELECT id, kind, written_at, content FROM referral.note "
                "WHERE hand_off_id = :id AND kind IN ('decline', 'feedback') ORDER BY written_at"
            ),
            {"id": line.id},
        )
    ).all()
    if not rows:
        return ()
    keys = await case_keys(session, line.case_id)
    key = keys[line.case_id]
    return tuple(
        (
            row.kind,
            row.written_at,
            key.open(row.content, room="note", column="content", row=row.id).decode(),
        )
        for row in rows
    )


async def case_keys(session: ReadSession, case_id: UUID) -> dict[UUID, Any]:
    """Keys of a case the actor's unit is party to, unwrapped."""
    rows = (
        await session.connection.execute(text("SELECT referral.keys_for(:id)"), {"id": case_id})
    ).scalar_one()
    return keys_of(session, decoded(rows))


async def units_named(
    session: ReadSession, actor: Actor, units: Sequence[UUID]
) -> dict[UUID, tuple[str | None, str | None]]:
    """Agency and unit name of units; None where the agency is confidential."""
    rows = await session.connection.execute(
        text(
            "SELECT u.id, CASE WHEN a.confidential AND a.id <> :agency THEN NULL ELSE a.name END AS agency, "
            "CASE WHEN a.confidential AND a.id <> :agency THEN NULL ELSE u.name END AS unit "
            "FROM agencies.unit u JOIN agencies.agency a ON a.id = u.agency_id WHERE u.id = ANY (:units)"
        ),
        {"units": list(units), "agency": actor.agency_id},
    )
    return {row.id: (row.agency, row.unit) for row in rows}
