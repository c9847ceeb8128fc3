"""Operations: a joint visit, a rescue. Sealed, and known only to the persons named in it.

What, where, when and who are one sealed text under a key of its own; no list shows a date. It ends
in a filing of a participant's unit (of one person or a thousand), or it is aborted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import orjson

from referral import access, errors
from referral.audit import Done
from referral.audit.ledger import sealed
from referral.audit.streams import keep_key
from referral.casework import together
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned; ``participants`` are memberships, the planner among them or not."""

    kind: str
    planned_at: datetime
    place: str
    what: str
    participants: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Operated(together.Kept):
    """An operation was planned, ended or aborted."""

    operation_id: str
    state: str
    version: int


# Only who works on cases and still does; a confidential agency is named to nobody, not even here.
_NAMED = """
SELECT coalesce(jsonb_object_agg(m.id, p.name || CASE WHEN a.confidential THEN '' ELSE ', ' || a.name END), '{}')
FROM agencies.membership m JOIN agencies.member p ON p.id = m.member_id JOIN agencies.agency a ON a.id = m.agency_id
WHERE m.id = ANY ($1::uuid[]) AND p.country = $2 AND p.active AND m.role IN ('OFFICER', 'SUPERVISOR')
    AND m.valid_from <= $3 AND (m.valid_until IS NULL OR $3 < m.valid_until)
"""


async def plan_operation(
    session: WriteSession, actor: Actor, plan: Plan, *, now: datetime
) -> Operated | Refusal:
    """Plan one; from then on only those named know of it."""
    members = {actor.id, *plan.participants}
    day = session.day_in(actor.country, now)
    named = await as_json(session.connection, _NAMED, sorted(members), actor.country, day)
    refused = access.by_role(actor, "plan_operation") or _faults(plan, members, named)
    if refused is not None:
        return await _refused(session, actor, refused, act="plan_operation", about=None, now=now)
    operation = uuid4()
    key, wrapped = session.vault.new_key(operation, "operation")
    content = {
        "kind": plan.kind,
        "planned_at": plan.planned_at.isoformat(),
        "place": plan.place,
        "what": plan.what,
        "who": sorted(named.values()),
    }
    ledger = together.own_ledger(actor, now)
    keep_key(ledger, wrapped, None)
    ledger.add(
        "operations",
        id=str(operation),
        country=actor.country,
        unit_id=str(actor.unit_id),
        planned_by=str(actor.id),
        state="planned",
        version=1,
        key_version=key.version,
        content=sealed(
            key, orjson.dumps(content), room="operation", column="content", row=operation
        ),
    )
    for member in sorted(members):
        ledger.add(
            "operation_participants",
            id=str(uuid4()),
            operation_id=str(operation),
            country=actor.country,
            membership=str(member),
        )
    ledger.log(Done.OPERATION_PLANNED, "operation", operation, participants=len(members))
    answer = Operated(str(operation), "planned", 1)
    return await together.posted(session, actor, ledger, "operation", answer, 201)


def _faults(plan: Plan, members: set[UUID], named: Mapping[str, str]) -> Refusal | None:
    found = [
        Fault(f"/{name}", "missing", "Fill this in: who takes part must know.")
        for name in ("place", "what")
        if not getattr(plan, name).strip()
    ]
    if len(named) != len(members):
        message = "Nobody who works on cases in this country has this membership, or it has ended."
        found.append(Fault("/participants", "unknown", message))
    return errors.invalid_input(found) if found else None


async def end_operation(
    session: WriteSession,
    actor: Actor,
    operation_id: UUID,
    words: str,
    *,
    case_id: UUID | None = None,
    now: datetime,
) -> Operated | Refusal:
    """End it in a case the actor's unit has filed; without one it is aborted, with the reason."""
    await together.lock(session, "operation", operation_id)
    row = await as_json(
        session.connection, _OPERATION, operation_id, case_id, actor.unit_id, actor.id
    )
    refused = access.by_role(actor, "plan_operation") or _not_endable(row, words, case_id)
    if refused is not None:
        return await _refused(
            session, actor, refused, act="end_operation", about=operation_id, now=now
        )
    key = keys_of(session, [row["key"]])[operation_id]
    state = "ended" if case_id else "aborted"
    ledger = together.own_ledger(actor, now, "participant")
    ledger.add(
        "operation_ends",
        id=str(operation_id),
        state=state,
        case_id=str(case_id) if case_id else None,
        ending=sealed(key, words.encode(), room="operation", column="ending", row=operation_id)
        if words
        else None,
    )
    done = Done.OPERATION_ENDED if case_id else Done.OPERATION_ABORTED
    ledger.log(done, "operation", operation_id, from_="planned", to=state)
    answer = Operated(str(operation_id), state, 2)
    return await together.posted(session, actor, ledger, "operation", answer, 200)


_OPERATION = """
WITH mine AS (
    SELECT o.state, referral.operation_key(o.id) AS key FROM referral.operation o WHERE o.id = $1
        AND EXISTS (SELECT FROM referral.operation_participant p WHERE p.operation_id = o.id AND p.membership = $4)
)
SELECT jsonb_build_object('state', m.state, 'key', m.key, 'filed', EXISTS (SELECT FROM referral.case c
    WHERE c.id = $2 AND c.filed_by_unit = $3 AND c.filed_at >= (m.key ->> 'since')::timestamptz)) FROM mine m
"""
_refused = partial(together.refused, kind="operation")


def _not_endable(row: Mapping[str, Any] | None, words: str, case_id: UUID | None) -> Refusal | None:
    if row is None:
        return errors.not_found()
    if row["state"] != "planned":
        explanation = "It is over. Plan another one for what is still to be done."
        return errors.not_allowed_now(row["state"], "end_operation", [], explanation)
    if case_id is not None and not row["filed"]:
        message = "Name a case that your own unit has filed since it was planned."
        return errors.invalid_input([Fault("/case_id", "unknown", message)])
    if case_id is None and not words.strip():
        return errors.invalid_input([Fault("/words", "missing", "Say why it is aborted.")])
    return None
