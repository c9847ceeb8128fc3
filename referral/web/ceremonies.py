"""What a browser has begun and not finished: a right password, an enrolment, a challenge.

1. It is bound to a cookie of its own, which opens nothing: no page takes it for a session.
2. A challenge is taken back with the first answer, right or wrong, and is good for none after it.
3. What this file must never know: forms, cases.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from asgi_correlation_id import correlation_id
from fastapi import Request, Response

from agencies.identity import Secret, digest_of, new_secret
from agencies.passkeys import new_challenge
from referral.database import as_json, scalar
from referral.entry import Installation, installation_of
from referral.session import ReadSession

COOKIE: Final = "referral_start"
PATIENCE: Final = timedelta(minutes=10)


class Purpose(StrEnum):
    """What was begun."""

    SECOND = "second"  # the password was right, the second factor is asked for
    ENROL = "enrol"  # she may enrol, and nothing else
    ASSERT = "assert"  # a passkey was asked for
    CREATE = "create"  # a passkey is being made
    PROVIDER = "provider"  # her agency's provider was asked who she is


@asynccontextmanager
async def asking(installation: Installation) -> AsyncIterator[ReadSession]:
    """A transaction of nobody in particular yet."""
    async with installation.engine.connect() as connection, connection.begin():
        yield ReadSession(
            connection, installation.vault, installation.catalogue, correlation_id.get() or ""
        )


def started_in(request: Request) -> str | None:
    """The secret of what this browser has begun."""
    return request.cookies.get(installation_of(request).cookie_called(COOKIE))


async def begin(session: ReadSession, purpose: Purpose, member_id: UUID, now: datetime) -> Secret:
    """Something new is under way; the secret goes into the browser's cookie."""
    secret = new_secret()
    await _write(session, secret.digest, purpose, member_id, None, now)
    return secret


async def challenge(
    session: ReadSession, holder: str, purpose: Purpose, member_id: UUID | None, now: datetime
) -> bytes:
    """A fresh challenge for this holder; the one before it is void."""
    made = new_challenge()
    await _write(session, digest_of(holder), purpose, member_id, made, now)
    return made


async def wait_for(
    session: ReadSession, member_id: UUID | None, stored: bytes, now: datetime
) -> Secret:
    """A provider was asked; what its answer must fit is kept, for this browser alone."""
    secret = new_secret()
    await _write(session, secret.digest, Purpose.PROVIDER, member_id, stored, now)
    return secret


async def _write(
    session: ReadSession,
    holder: bytes,
    purpose: Purpose,
    member_id: UUID | None,
    made: bytes | None,
    now: datetime,
) -> None:
    await scalar(
        session.connection,
        "SELECT agencies.begin_ceremony($1, $2, $3, $4, $5, $6)",
        *(holder, purpose.value, member_id, made, now, now + PATIENCE),
    )


async def under_way(
    session: ReadSession, holder: str | None, purpose: Purpose, now: datetime
) -> UUID | None:
    """Whom this browser is about to be, if it has begun this."""
    if not holder:
        return None
    found: UUID | None = await scalar(
        session.connection,
        "SELECT agencies.in_ceremony($1, $2, $3)",
        *(digest_of(holder), purpose.value, now),
    )
    return found


async def take(
    session: ReadSession, holder: str, purpose: Purpose, now: datetime
) -> tuple[bytes, UUID | None] | None:
    """The challenge that was out, and whom it was for, if for somebody; it is void from now on."""
    row = await as_json(
        session.connection,
        "SELECT jsonb_build_object('challenge', encode(t.challenge, 'hex'), 'member', t.member_id) "
        "FROM agencies.take_challenge($1, $2, $3) t",
        *(digest_of(holder), purpose.value, now),
    )
    if row is None:
        return None
    return bytes.fromhex(row["challenge"]), UUID(row["member"]) if row["member"] else None


async def end(session: ReadSession, holder: str) -> None:
    """All of it is over."""
    await scalar(session.connection, "SELECT agencies.end_ceremony($1)", digest_of(holder))


def keep(installation: Installation, answer: Response, secret: str) -> Response:
    """The cookie of something begun."""
    answer.set_cookie(
        installation.cookie_called(COOKIE),
        secret,
        max_age=int(PATIENCE.total_seconds()),
        path="/",
        secure=installation.settings.by_tls,
        httponly=True,
        samesite="lax",
    )
    return answer


def drop(installation: Installation, answer: Response) -> Response:
    """The cookie is of no more use."""
    answer.delete_cookie(
        installation.cookie_called(COOKIE),
        path="/",
        secure=installation.settings.by_tls,
        httponly=True,
        samesite="lax",
    )
    return answer
