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
    """One release: what, of which year, by whom it waits or stands. ``mine``: prepared by the reader.

    ``counted``: rows by table. ``answer``: published, handed_over or refused; None while it waits.
    """

    id: UUID
    kind: str
    year: int
    counted: Mapping[str, int]
    digest: str
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
    """A published release as everybody may read it; ``content`` of the year that was asked for."""

    year: int
    published_at: datetime
    digest: str
    content: bytes | None


_LINES = """
SELECT r.id, r.kind, r.year, r.counted, encode(r.digest, 'hex') AS digest, r.recipient, pa.name AS asked_by, r.asked_at,
    a.answer, pb.name AS answered_by, a.answered_at, r.asked_member = :member AS mine{more}
FROM referral.release r JOIN agencies.member pa ON pa.id = r.asked_member
    LEFT JOIN referral.release_answer a ON a.release_id = r.id LEFT JOIN agencies.member pb ON pb.id = a.answered_member
WHERE r.country = :country{which}
ORDER BY a.answer IS NOT NULL, r.asked_at DESC, r.id LIMIT 200
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
    asked = text(_LINES.format(more=_CONTENT, which=" AND r.id = :id"))
    told = {"member": actor.member_id, "country": actor.country, "id": release_id}
    row = (await session.connection.execute(asked, told)).mappings().one_or_none()
    return errors.not_found() if row is None else ReleaseSeen(**_plain(row))


def _plain(row: Any) -> dict[str, Any]:
    return {**row, "counted": decoded(row["counted"])}


async def published_in(
    connection: AsyncConnection, country: str, year: int | None = None
) -> tuple[Publication, ...]:
    """The newest published release of each year of a country, the latest year first."""
    rows = await as_json(connection, "SELECT referral.published($1, $2)", country, year or 0)
    return tuple(
        Publication(
            row["year"],
            datetime.fromisoformat(row["published_at"]),
            row["digest"],
            base64.b64decode(row["content"]) if row["content"] else None,
        )
        for row in rows
    )
