"""Erasures asked for, legal holds, periods that are over, and what is gone: to whom it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from referral.audit.streams import witness
from referral.database import decoded
from referral.errors import Refusal
from referral.queries.glasses import ERASED
from referral.queries.inbox import refused_by_role
from referral.queries.sealed import words_of
from referral.session import Actor, WitnessedRead, keys_of


@dataclass(frozen=True, slots=True)
class AskedErasure:
    """One proposal: an erasure, or the lifting of a hold. ``mine``: asked by the reader herself.

    ``number``: of one person of the case; of the notes about the whole case ``notes_gone`` go with
    her, and ``notes_left`` stay. ``reference`` is None once the case was erased.
    """

    id: UUID
    case_id: UUID
    act: str
    reference: str | None
    number: int | None
    ground: str | None
    asked_at: datetime
    expires_at: datetime
    answer: str | None
    mine: bool
    notes_gone: int
    notes_left: int
    reason: str


@dataclass(frozen=True, slots=True)
class HoldSeen:
    """One legal hold, with why it was set and on what it rests."""

    id: UUID
    case_id: UUID
    reference: str | None
    set_at: datetime
    lifted_at: datetime | None
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class PeriodOver:
    """A case that has been kept as long as its country says."""

    case_id: UUID
    reference: str | None
    closed_at: datetime
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """What was erased: a case, or one person of it by number."""

    id: UUID
    case_id: UUID
    reference: str
    number: int | None
    ground: str
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Erasures:
    """All of it as this reader may know it, the newest first."""

    asked: tuple[AskedErasure, ...]
    holds: tuple[HoldSeen, ...]
    due: tuple[PeriodOver, ...]
    gone: tuple[Gone, ...]


_ASKED: Final = text("""
SELECT q.id, q.case_id, q.act, q.ground, q.asked_at, q.expires_at, q.answer,
    q.asked_member = :member AS mine, q.reason AS words, referral.erasure_key(q.id) AS key
FROM referral.proposal q WHERE q.act IN ('erase', 'lift_hold')
ORDER BY q.answer IS NOT NULL, q.asked_at DESC, q.id LIMIT 200
""")
_HOLDS: Final = text("""
SELECT q.id, q.case_id, q.set_at, q.lifted_at, q.content AS words, referral.erasure_key(q.id) AS key
FROM referral.legal_hold q ORDER BY q.lifted_at IS NOT NULL, q.set_at DESC, q.id LIMIT 200
""")
_DUE: Final = text("""
SELECT q.case_id, q.reference, q.closed_at, q.noted_at FROM referral.retention q
WHERE NOT EXISTS (SELECT FROM referral.erasure e WHERE e.case_id = q.case_id AND e.person_id IS NULL)
ORDER BY q.noted_at DESC, q.case_id LIMIT 200
""")
_GONE: Final = text("""
SELECT e.id, e.case_id, e.reference, e.number, e.ground, e.erased_at FROM referral.erasure e
ORDER BY e.erased_at DESC, e.id LIMIT 200
""")


async def erasures_of(session: WitnessedRead, actor: Actor, *, now: datetime) -> Erasures | Refusal:
    """What row security shows of all this; an entry for each case whose reasons are opened."""
    refused = await refused_by_role(session, actor, "see_erasures", now)
    if refused is not None:
        return refused

    async def rows(statement: Any, **values: Any) -> list[RowMapping]:
        return list((await session.connection.execute(statement, values)).mappings())

    asked = tuple(_asked(session, row) for row in await rows(_ASKED, member=actor.member_id))
    holds = tuple(_hold(session, row) for row in await rows(_HOLDS))
    opened = {one.case_id for one in asked} | {one.case_id for one in holds}
    for case_id in sorted(opened):
        await witness(session, actor, case_id, [], why="erasure", now=now)
    return Erasures(
        asked,
        holds,
        tuple(PeriodOver(**row) for row in await rows(_DUE)),
        tuple(Gone(**row) for row in await rows(_GONE)),
    )


def _asked(session: WitnessedRead, row: RowMapping) -> AskedErasure:
    key = decoded(row["key"]) or {}
    words = _opened(session, row, key, "proposal", "reason")
    about: dict[str, Any] = {name: key.get(name) for name in ("reference", "number")}
    about |= {name: key.get(name, 0) for name in ("notes_gone", "notes_left")}
    return AskedErasure(**_beside(row), **about, reason=words or ERASED)


def _hold(session: WitnessedRead, row: RowMapping) -> HoldSeen:
    key = decoded(row["key"]) or {}
    words = _opened(session, row, key, "legal_hold", "content")
    told = {"reason": ERASED, "source": ERASED} if words is None else orjson.loads(words)
    return HoldSeen(**_beside(row), reference=key.get("reference"), **told)


def _beside(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in row if name not in {"key", "words"}}


def _opened(
    session: WitnessedRead, row: RowMapping, key: Mapping[str, Any], room: str, column: str
) -> str | None:
    """The words; None when they went with their case."""
    if not key:
        return None
    found = keys_of(session, [key])[row["id"]]
    return words_of(found, row["words"], room=room, column=column, row=row["id"])
