"""Releases: to who prepares and who answers; what is published, to everybody."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from referral import errors
from referral.database import as_json, decoded
from referral.errors import Refusal
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """One release: what, of which period, how it stands. ``mine``: asked for by the reader.

    ``state``: asked (being prepared), prepared, failed, published, handed_over or refused. ``why``:
    it failed. ``attempts``: to prepare it. ``counted``: rows by table; none, and no ``digest``,
    before it is prepared. ``answer``: as ``state``, once a second person has answered.
    """

    id: UUID
    kind: str
    period: str
    state: str
    why: str | None
    attempts: int
    counted: Mapping[str, int]
    digest: str | None
    recipient: str | None
    asked_by: str
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class ReleaseSeen(ReleaseLine):
    """One with its content; of a hand-over the content is not shown on a page (None)."""

    content: bytes | None


@dataclass(frozen=True, slots=True)
class Publication:
    """A published release as everybody may read it; ``content`` of the period asked for."""

    period: str
    published_at: datetime
    digest: str
    content: bytes | None


_LINES = """
SELECT o.id, o.kind, o.period, CASE WHEN f.order_id IS NOT NULL THEN 'failed' WHEN r.id IS NULL THEN 'asked' ELSE coalesce(a.answer, 'prepared') END AS state,
    f.why, (SELECT count(*) FROM referral.release_attempt t WHERE t.order_id = o.id) AS attempts,
    coalesce(r.counted, '{{}}') AS counted, encode(r.digest, 'hex') AS digest, o.recipient, pa.name AS asked_by, o.asked_at,
    a.answer, pb.name AS answered_by, a.answered_at, o.asked_member = :member AS mine{more}
FROM referral.release_order o JOIN agencies.member pa ON pa.id = o.asked_member LEFT JOIN referral.release r ON r.id = o.id
    LEFT JOIN referral.release_failure f ON f.order_id = o.id
    LEFT JOIN referral.release_answer a ON a.release_id = o.id LEFT JOIN agencies.member pb ON pb.id = a.answered_member
WHERE o.country = :country{which}
ORDER BY num_nonnulls(a.answer, f.why), o.asked_at DESC, o.id LIMIT 200
"""
_CONTENT = ", CASE WHEN r.kind = 'public' THEN r.content END AS content"


async def releases_of(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[ReleaseLine, ...] | Refusal:
    """Those of the country, the unanswered first."""
    refused = await refused_by_role(session, actor, "see_releases", now)
    if refused is not None:
        return refused
    asked = text(_LINES.format(more="", which=""))
    told = {"member": actor.member_id, "country": actor.country}
    rows = (await session.connection.execute(asked, told)).mappings()
    return tuple(ReleaseLine(**_plain(row)) for row in rows)


async def release_seen(
    session: ReadSession, actor: Actor, release_id: UUID, *, now: datetime
) -> ReleaseSeen | Refusal:
    """One of the country, as it would be published."""
    refused = await refused_by_role(session, actor, "see_releases", now)
    if refused is not None:
        return refused
    asked = text(_LINES.format(more=_CONTENT, which=" AND o.id = :id"))
    told = {"member": actor.member_id, "country": actor.country, "id": release_id}
    row = (await session.connection.execute(asked, told)).mappings().one_or_none()
    return errors.not_found() if row is None else ReleaseSeen(**_plain(row))


def _plain(row: Any) -> dict[str, Any]:
    return {**row, "counted": decoded(row["counted"])}


async def published_in(
    connection: AsyncConnection, country: str, period: str | None = None
) -> tuple[Publication, ...]:
    """The newest published release of each period of a country, the latest year first."""
    rows = await as_json(connection, "SELECT referral.published($1, $2)", country, period or "")
    return tuple(
        Publication(
            row["period"],
            datetime.fromisoformat(row["published_at"]),
            row["digest"],
            base64.b64decode(row["content"]) if row["content"] else None,
        )
        for row in rows
    )
