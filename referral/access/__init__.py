"""May she? One pure decision from the matrix, and the two ways a room asks for it.

``decide`` reads no table and no clock; default is no. ``hand_off_for`` and ``referral_for`` lock
the case, work out how the actor is related to it, and return what stands, or a refusal: "not found"
for what she may not know of, "not permitted" for what she may see but not do. The same cells exist
a second time as row security in SQL, written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from referral import errors
from referral.access.relationships import Relationship
from referral.access.standing import Locked
from referral.database import as_json
from referral.errors import Refusal
from referral.session import Actor, ReadSession, Role, WriteSession

STEP_UP = timedelta(minutes=15)

_WORDS = {
    Relationship.PENDING_RECIPIENT: "the unit that was asked",
    Relationship.RECIPIENT_SUPERVISOR: "the supervisor of the unit that was asked",
    Relationship.HOLDER: "the person who holds the case",
    Relationship.HOLDERS_UNIT: "the unit that holds the case",
    Relationship.UNIT_SUPERVISOR: "the supervisor of the unit that holds the case",
    Relationship.PAST_HOLDER: "a former holder",
    Relationship.PARTICIPANT: "the unit that has the task",
    Relationship.SENDER: "the unit that sent it",
    Relationship.PAST_RECIPIENT: "a unit that was asked before",
}


class Need(StrEnum):
    """What a cell of the matrix asks for besides the relationship."""

    REASON = "R"
    STEP_UP = "S"
    SECOND_PERSON = "2"


@dataclass(frozen=True, slots=True)
class Matrix:
    """The two tables: action -> relationship -> needs, action -> role -> needs."""

    on_a_case: Mapping[str, Mapping[Relationship, frozenset[Need]]]
    by_role: Mapping[str, Mapping[Role, frozenset[Need]]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allowed or not, why (a code for the log), and what is still missing."""

    allow: bool
    why: str
    missing: frozenset[Need] = frozenset()


@cache
def matrix() -> Matrix:
    """The matrix file, read once. Raises ValueError on a word it does not know."""
    raw = yaml.safe_load(Path(__file__).with_name("matrix.yaml").read_bytes())
    return Matrix(
        {
            action: {Relationship(who): _needs(str(cell)) for who, cell in row.items()}
            for action, row in raw["on_a_case"].items()
        },
        {
            action: {Role(who): _needs(str(cell)) for who, cell in row.items()}
            for action, row in raw["by_role"].items()
        },
    )


def _needs(cell: str) -> frozenset[Need]:
    return frozenset(Need(letter) for letter in cell if letter != "Y")


def decide(
    action: str,
    relationships: Iterable[Relationship],
    *,
    has_reason: bool,
    stepped_up: bool,
) -> Verdict:
    """May an actor with these relationships do this? The best of her relationships counts."""
    row = matrix().on_a_case[action]
    offers = [(who, row[who]) for who in relationships if who in row]
    if not offers:
        return Verdict(allow=False, why="no-cell")
    lacks = {
        who: frozenset(
            need
            for need in needs
            if not (need is Need.REASON and has_reason)
            and not (need is Need.STEP_UP and stepped_up)
        )
        for who, needs in offers
    }
    best = min(lacks, key=lambda who: len(lacks[who]))
    return Verdict(allow=not lacks[best], why=best.value, missing=lacks[best])


def stepped_up(actor: Actor, now: datetime) -> bool:
    """A password within the last 15 minutes; a token never counts."""
    return actor.authenticated_at is not None and now - actor.authenticated_at < STEP_UP


def by_role(actor: Actor, action: str) -> Refusal | None:
    """Outside a case the role alone decides."""
    row = matrix().by_role[action]
    if actor.role in row:
        return None
    return errors.not_permitted(action, ", ".join(sorted(role.value for role in row)))


def refusal_for(action: str, verdict: Verdict) -> Refusal:
    """What to tell somebody who may know of the case."""
    if Need.STEP_UP in verdict.missing:
        return errors.step_up_required(action)
    if Need.REASON in verdict.missing:
        return errors.reason_required(action)
    who = ", ".join(_WORDS[who] for who in matrix().on_a_case[action])
    return errors.not_permitted(action, who)


def check(
    actor: Actor, locked: Locked, action: str, *, reason: str | None, now: datetime
) -> Verdict | Refusal:
    """Judge one action on what stands."""
    relationships = locked.relationships(actor)
    if not relationships:
        return errors.not_found()
    verdict = decide(
        action, relationships, has_reason=bool(reason), stepped_up=stepped_up(actor, now)
    )
    return verdict if verdict.allow else refusal_for(action, verdict)


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


async def standing_in(session: ReadSession, case_id: UUID) -> list[dict[str, Any]]:
    """The actor's unit's parties to a case, as row security shows them (no lock)."""
    return list(
        await as_json(
            session.connection,
            "SELECT coalesce(jsonb_agg(jsonb_build_object('relationship', relationship, "
            "'referral_id', referral_id, 'hand_off_id', hand_off_id, 'groups', groups)), '[]') "
            "FROM referral.party WHERE case_id = $1 "
            "AND unit_id = (SELECT referral.my_unit()) AND until IS NULL",
            case_id,
        )
    )
