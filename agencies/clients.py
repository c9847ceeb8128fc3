"""Agencies' own systems as an operator enters them: who asks for tokens, proved how, for what.

1. Only a member of kind system has a client: a person signs in.
2. Ending a client ends its tokens.
3. The connection must be the owner's (the migration role).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.duties import scopes_from
from agencies.identity import new_secret
from agencies.models import ApiToken, Client, Member, Membership
from agencies.seats import Refused, open_on
from agencies.signatures import KINDS


@dataclass(frozen=True, slots=True)
class NewClient:
    """What the system is told once; no ``secret`` where it signs."""

    client_id: str
    secret: str | None
    scopes: tuple[str, ...]


async def add(
    connection: AsyncConnection,
    user_name: str,
    scopes: Iterable[str],
    keys: dict[str, Any] | None,
    at: datetime,
) -> NewClient | Refused:
    """A client for the one seat this system has. Raises ValueError for a scope."""
    allowed = sorted(scopes_from(scopes))
    if keys is not None and not _public(keys):
        told = (
            "Public keys are a JSON Web Key Set of RSA, P-256 or Ed25519 keys, and no private one."
        )
        return Refused("keys-malformed", told)
    seats = await connection.scalars(
        select(Membership.id)
        .join(Member, Member.id == Membership.member_id)
        .where(Member.user_name == user_name.lower(), Member.kind == "system", open_on(at.date()))
    )
    found = seats.all()
    if len(found) != 1:
        told = f"{user_name} is no system with one role here: members add --system makes one."
        return Refused("no-system", told)
    secret = None if keys else new_secret()
    client_id = f"{user_name.lower()[:60]}.{uuid4().hex[:12]}"
    await connection.execute(
        insert(Client).values(
            client_id=client_id,
            membership_id=found[0],
            secret_hash=secret.digest if secret else None,
            keys=keys,
            scopes=allowed,
            active=True,
        )
    )
    return NewClient(client_id, secret.text if secret else None, tuple(allowed))


def _public(keys: dict[str, Any]) -> bool:
    """Whether these are public keys of kinds we read, and nothing private is among them."""
    try:
        kinds = {(key["kty"], key.get("crv")) for key in keys["keys"]}
        if not kinds <= set(KINDS.values()):
            return False
        found = KeySet.import_key_set(keys).keys  # type: ignore[arg-type]  # whatever was in the file
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return bool(found) and not any(one.is_private for one in found)


async def end(connection: AsyncConnection, client_id: str, at: datetime) -> int | Refused:
    """Out of use; how many tokens ended with it."""
    ended = update(Client).where(Client.client_id == client_id).values(active=False)
    if (await connection.execute(ended.returning(Client.client_id))).one_or_none() is None:
        return Refused("unknown-client", f"No client is called {client_id}.")
    revoked = update(ApiToken).where(
        ApiToken.client_id == client_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > at
    )
    tokens = await connection.execute(revoked.values(revoked_at=at).returning(ApiToken.id_hash))
    return len(tokens.all())
