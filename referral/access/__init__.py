"""Need-to-know: the one decision, the matrix it reads, and the ways a room asks for it.

``hand_off_for`` and ``referral_for`` lock the case, work out how the actor is related to it, and
return what stands, or a refusal: "not found" for what she may not know of, "not permitted" for what
she may see but not do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from referral import errors
from referral.access.deciding import (
    EVERYTHING_SHOWN,
    HIDDEN,
    LEGAL_HOLD,
    NOTHING_SHOWN,
    OUTSIDE,
    Context,
    Decision,
    Resource,
    decide,
    stepped_up,
)
from referral.access.matrix import Matrix, Need, conflict, doors, matrix
from referral.access.relationships import Relationship, live
from referral.access.standing import Locked
from referral.database import as_json
from referral.errors import Refusal
from referral.session import Actor, ReadSession, WriteSession

__all__ = [
    "EVERYTHING_SHOWN",
    "NOTHING_SHOWN",
    "OUTSIDE",
    "Context",
    "Decision",
    "Locked",
    "Matrix",
    "Need",
    "Resource",
    "by_role",
    "check",
    "conflict",
    "decide",
    "doors",
    "hand_off_for",
    "matrix",
    "needs_reason",
    "offered",
    "referral_for",
    "refusal_for",
    "standing_in",
    "stepped_up",
]

_WORDS: Final = {
    Relationship.PENDING_RECIPIENT: "the unit that was asked",
    Relationship.RECIPIENT_SUPERVISOR: "the supervisor of the unit that was asked",
    Relationship.HOLDER: "the person who holds the case",
    Relationship.HOLDERS_UNIT: "the unit that holds the case",
    Relationship.UNIT_SUPERVISOR: "the supervisor of the unit that holds the case",
    Relationship.PAST_HOLDER: "a former holder",
    Relationship.PARTICIPANT: "the unit that has the task",
    Relationship.SENDER: "the unit that sent it",
    Relationship.PAST_RECIPIENT: "a unit that was asked before",
    Relationship.BREAK_GLASS: "somebody who has opened the case in an emergency",
}


def by_role(
    actor: Actor, action: str, reason: str | None = None, now: datetime | None = None
) -> Refusal | None:
    """Outside a case the role decides; ``now`` where a cell may ask for a fresh proof."""
    context = Context.of(actor, reason, now) if now is not None else NOTHING_SHOWN
    decision = decide(actor, action, OUTSIDE, context)
    missing = decision.obligations - {Need.SECOND_PERSON}
    if decision.allow or (decision.obligations and not missing):
        return None  # a second person is asked for by the act itself, once somebody has begun it
    if missing:
        return refusal_for(action, decision)
    row = matrix().by_role[action]
    return errors.not_permitted(action, ", ".join(sorted(role.value for role in row)))


def refusal_for(action: str, decision: Decision) -> Refusal:
    """What to tell somebody who may know of the case."""
    if decision.reason_code in HIDDEN:
        return errors.not_found()
    if decision.reason_code == LEGAL_HOLD:
        return errors.legal_hold(action)
    if Need.STEP_UP in decision.obligations:
        return errors.step_up_required(action)
    if Need.REASON in decision.obligations:
        return errors.reason_required(action)
    row = matrix().on_a_case.get(action, {})
    return errors.not_permitted(action, ", ".join(_WORDS[who] for who in row))


def check(
    actor: Actor,
    locked: Locked,
    action: str,
    *,
    reason: str | None,
    now: datetime,
    second_person: bool = False,
) -> Decision | Refusal:
    """Judge one action on what stands."""
    context = Context(bool(reason), stepped_up(actor, now), second_person)
    decision = decide(actor, action, locked.resource(actor), context)
    return decision if decision.allow else refusal_for(action, decision)


def offered(action: str, relationships: Iterable[Relationship]) -> bool:
    """Whether some cell allows it, with all it asks for: what a page offers. It grants nothing."""
    row = matrix().on_a_case[action]
    return any(who in row for who in relationships)


def needs_reason(action: str, relationships: Iterable[Relationship]) -> bool:
    """Whether a page must ask for a reason: no cell of hers does without."""
    row = matrix().on_a_case[action]
    return all(Need.REASON in row[who] for who in relationships if who in row)


async def hand_off_for(
    session: WriteSession, actor: Actor, hand_off_id: UUID, now: datetime
) -> Locked | None:
    """The hand-off and its referral, under lock; None when it is not the actor's to know of."""
    on = session.day_in(actor.country, now)
    row = await as_json(
        session.connection, "SELECT referral.lock_hand_off($1, $2)", hand_off_id, on
    )
    return None if row is None else Locked.from_row(row, hand_off_id)


async def referral_for(
    session: WriteSession, actor: Actor, referral_id: UUID, now: datetime
) -> Locked | None:
    """The referral, under lock; None when it is not the actor's to know of."""
    on = session.day_in(actor.country, now)
    row = await as_json(
        session.connection, "SELECT referral.lock_referral($1, $2)", referral_id, on
    )
    return None if row is None else Locked.from_row(row, None)


async def standing_in(
    session: ReadSession, case_id: UUID, now: datetime
) -> list[Mapping[str, Any]]:
    """The actor's unit's parties to a case, as row security shows them (no lock)."""
    return live(
        await as_json(
            session.connection,
            "SELECT coalesce(jsonb_agg(jsonb_build_object('relationship', relationship, "
            "'referral_id', referral_id, 'hand_off_id', hand_off_id, 'groups', groups, "
            "'barred', barred, 'sealed', sealed, 'named', named, 'expires_at', "
            "CASE WHEN isfinite(expires_at) THEN expires_at END)), '[]') "
            "FROM referral.party WHERE case_id = $1 "
            "AND unit_id = (SELECT referral.my_unit()) AND until IS NULL",
            case_id,
        ),
        now,
    )
