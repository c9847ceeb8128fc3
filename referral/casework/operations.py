"""Operations: a joint visit, a rescue. Sealed, and known only to the persons named in it.

What, where, when and who are one sealed text under a key of its own; no list shows a date. It ends
in a filing of a participant's unit (of one person or a thousand), or it is aborted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

import orjson

from referral import access, errors
from referral.audit import Done
from referral.audit.ledger import Ledger, post, sealed
from referral.audit.streams import keep_key, own_stream
from referral.casework.refusing import refuse
from referral.database import as_json, scalar
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
class Operated:
    """An operation was planned, ended or aborted."""

    operation_id: str
    state: str
    version: int

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """The same answer to the same request."""
        return cls(**stored)


_NAMED = (
    "SELECT coalesce(jsonb_object_agg(m.id, p.name || ', ' || u.name), '{}') "
    "FROM agencies.membership m JOIN agencies.member p ON p.id = m.member_id "
    "JOIN agencies.unit u ON u.id = m.unit_id "
    "WHERE m.id = ANY ($1::uuid[]) AND u.country = $2 AND p.active"
)


async def plan_operation(
    session: WriteSession, actor: Actor, plan: Plan, *, now: datetime
) -> Operated | Refusal:
    """Plan one; from then on only those named know of it."""
    members = {actor.id, *plan.participants}
    named = await as_json(session.connection, _NAMED, sorted(members), actor.country)
    refused = access.by_role(actor, "plan_operation")
    if refused is None and len(named) != len(members):
        message = "There is no such membership in this country, or it has ended."
        refused = errors.invalid_input([Fault("/participants", "unknown", message)])
    if refused is not None:
        return await _refused(session, actor, refused, "plan_operation", None, now)
    operation = uuid4()
    key, wrapped = session.vault.new_key(operation, "operation")
    content = {
        "kind": plan.kind,
        "planned_at": plan.planned_at.isoformat(),
        "place": plan.place,
        "what": plan.what,
        "who": sorted(named.values()),
    }
    ledger = Ledger(None, now, why=f"role:{actor.role.value}")
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
    return await _posted(session, actor, ledger, Operated(str(operation), "planned", 1), 201)


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
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('operation ' || $1::text, 0))::text"
    await scalar(session.connection, lock, str(operation_id))
    row = await as_json(session.connection, _OPERATION, operation_id, case_id, actor.unit_id)
    refused = access.by_role(actor, "plan_operation") or _not_endable(row, words, case_id)
    if refused is not None:
        return await _refused(session, actor, refused, "end_operation", operation_id, now)
    key = keys_of(session, [row["key"]])[operation_id]
    state = "ended" if case_id else "aborted"
    ledger = Ledger(None, now, why="participant")
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
    return await _posted(session, actor, ledger, Operated(str(operation_id), state, 2), 200)


_OPERATION = (
    "SELECT jsonb_build_object('state', o.state, 'key', referral.operation_key(o.id), "
    "'filed', EXISTS (SELECT FROM referral.case c WHERE c.id = $2 AND c.filed_by_unit = $3)) "
    "FROM referral.operation o WHERE o.id = $1"
)


def _not_endable(row: Mapping[str, Any] | None, words: str, case_id: UUID | None) -> Refusal | None:
    if row is None:
        return errors.not_found()
    if row["state"] != "planned":
        explanation = "It is over. Plan another one for what is still to be done."
        return errors.not_allowed_now(row["state"], "end_operation", [], explanation)
    if case_id is not None and not row["filed"]:
        message = "Name a case that your own unit has filed from it."
        return errors.invalid_input([Fault("/case_id", "unknown", message)])
    if case_id is None and not words.strip():
        return errors.invalid_input([Fault("/words", "missing", "Say why it is aborted.")])
    return None


async def _posted(
    session: WriteSession, actor: Actor, ledger: Ledger, answer: Operated, status: int
) -> Operated:
    head, key = await own_stream(session, actor, ledger)
    await post(
        session,
        ledger,
        actor=actor,
        head=head,
        key=key,
        answer=answer.stored(),
        status=status,
        through="operate",
    )
    return answer


async def _refused(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    act: str,
    operation: UUID | None,
    now: datetime,
) -> Refusal:
    return await refuse(
        session, actor, refusal, act=act, object_type="operation", object_id=operation, now=now
    )
