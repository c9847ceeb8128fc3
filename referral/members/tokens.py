"""Tokens for agencies' own systems: a client proves itself, and is given one for an hour.

Who it is is asked of the tables; that it was given a token stands in the log of its membership. It
must never know how a request was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agencies.assertions import Proof
from agencies.identity import Secret, digest_of, new_secret
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import as_json, scalar
from referral.session import Actor, ReadSession


async def keys_of(session: ReadSession, client_id: str, now: datetime) -> list[dict[str, Any]]:
    """The public keys a client signs with; none: it does not sign, or is not there."""
    found = await as_json(session.connection, "SELECT agencies.client_keys($1, $2)", client_id, now)
    keys = found.get("keys", []) if isinstance(found, dict) else []
    return [key for key in keys if isinstance(key, dict)]


async def issue(
    session: ReadSession,
    client_id: str,
    shown: str | Proof,
    scopes: Sequence[str],
    *,
    now: datetime,
) -> tuple[Secret, frozenset[str]] | str:
    """The token and what it reaches, or the error's name (RFC 6749 section 5.2).

    ``shown``: its secret, or its signed proof. ``scopes`` empty: all it was given.
    """
    proof = shown if isinstance(shown, Proof) else None
    secret, token = digest_of(shown) if isinstance(shown, str) else None, new_secret()
    told = await scalar(
        session.connection,
        "SELECT agencies.client_token($1, $2, $3, $4, $5, $6, $7)",
        *(client_id, secret, proof and proof.digest, proof and proof.until),
        *(token.digest, list(scopes), now),
    )
    if told != "issued":
        return str(told)
    row = await as_json(
        session.connection, "SELECT referral.begin_actor($1, $2)", token.digest, now
    )
    actor = Actor.from_row(row)
    await log_own(session, actor, Done.TOKEN_ISSUED, now=now, scopes=sorted(actor.scopes or ()))
    return token, actor.scopes or frozenset()
