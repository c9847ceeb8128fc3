"""Identity providers as the pages need them: which there are, and who somebody is who comes back.

What this file must never know: forms, cases, how a provider is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import Request

from agencies.providers import Conversations, Provider
from referral.database import as_json, scalar
from referral.session import ReadSession

_PROVIDERS: Final = (
    "SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.country, p.name), '[]') "
    "FROM agencies.provider p WHERE p.active AND ($1::text IS NULL OR p.key = $1)"
)


async def providers(session: ReadSession, key: str | None = None) -> list[Provider]:
    """Those in use, or the one with this key."""
    rows = await as_json(session.connection, _PROVIDERS, key)
    return [_provider(row) for row in rows]


def _provider(row: Mapping[str, Any]) -> Provider:
    agency = row["agency_id"]
    return Provider(
        id=UUID(row["id"]),
        key=row["key"],
        name=row["name"],
        country=row["country"],
        agency_id=UUID(agency) if agency else None,
        issuer=row["issuer"],
        client_id=row["client_id"],
        secret_file=row["secret_file"],
        two_factors=tuple(row["two_factors"]),
    )


async def known(session: ReadSession, provider: Provider, subject: str) -> UUID | None:
    """Which member the provider's subject is; None when nobody is bound to it."""
    found: UUID | None = await scalar(
        session.connection, "SELECT agencies.known_subject($1, $2)", provider.id, subject
    )
    return found


def conversations_of(request: Request) -> Conversations:
    """What this process has read of providers."""
    state = request.app.state
    if not hasattr(state, "conversations"):
        state.conversations = Conversations()
    found: Conversations = state.conversations
    return found
