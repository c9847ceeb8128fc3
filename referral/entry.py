"""What every request gets: one transaction, who is calling, and the time.

The only room (with the worker and the command line) that reads a clock. The transaction is
committed *before* the answer leaves (``scope="function"``), so that nobody is told "accepted" by a
commit that then fails; a refusal is a value and commits its log entry; only faults roll back.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

from asgi_correlation_id import correlation_id
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from agencies.identity import digest_of
from protocols.catalogue import Catalogue
from referral import errors
from referral.attachments.scanning import Scan, without
from referral.audit.key_files import SigningKey
from referral.clock import utc_now
from referral.database import as_json, decoded
from referral.errors import Refusal, RefusedError
from referral.notices import Channel
from referral.notices.live import Live
from referral.queries.entered_days import keep_up
from referral.session import Actor, Claim, ReadSession, WitnessedRead, WriteSession
from referral.settings import Settings
from referral.vault import Vault

S = TypeVar("S", bound=ReadSession)

COOKIE = "referral_session"
_STATE_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SAME_SITE = frozenset({"same-origin", "none"})


@dataclass(slots=True)
class Installation:
    """Made once at the outermost door: settings, connections, keys, the law, the clock.

    Only the law is ever replaced, whole, when new versions are read (``referral.renewing``).
    """

    settings: Settings
    engine: AsyncEngine
    vault: Vault
    catalogue: Catalogue
    clock: Callable[[], datetime] = utc_now
    scan: Scan = without
    promiser: SigningKey | None = None  # who signs the promises of acceptances
    reporter: AsyncEngine | None = None  # counts for releases, and reads nothing
    channels: tuple[Channel, ...] = ()  # how people are told; without any, by the list here
    live: Live = field(default_factory=Live)  # pages that wait for their number to change

    @property
    def cookie(self) -> str:
        """The session cookie's name; ``__Host-`` wherever the browser will keep it (TLS)."""
        return self.cookie_called(COOKIE)

    def cookie_called(self, name: str) -> str:
        """A cookie's name: ``__Host-`` binds it to this host and to TLS."""
        return f"__Host-{name}" if self.settings.by_tls else name


@dataclass(frozen=True, slots=True)
class Call(Generic[S]):
    """One request that got in. ``stored``: the answer this very request was given before."""

    session: S
    actor: Actor
    now: datetime
    installation: Installation
    secret: str
    stored: Mapping[str, Any] | None = None
    csrf: str = ""
    unread: int = 0  # notices, as a page shows them; up to a hundred


class _Entered(NamedTuple):
    """Who got in, over which connection; ``claimed``: what is known of the key she sent."""

    connection: AsyncConnection
    actor: Actor
    secret: str
    claimed: Any
    unread: int


def installation_of(request: Request) -> Installation:
    """The installation behind this request."""
    found: Installation = request.app.state.installation
    return found


def credential_of(request: Request) -> tuple[str, bool]:
    """The secret that came with a request, and whether a browser sent it by itself (cookie)."""
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip(), False
    cookie = request.cookies.get(installation_of(request).cookie)
    if cookie:
        return cookie, True
    raise RefusedError(not_signed_in())


def not_signed_in() -> Refusal:
    """Nobody is signed in here; pages answer with the sign-in page instead."""
    return Refusal(
        401,
        "not-signed-in",
        "Please sign in",
        "Your session has ended, or this request came without a sign-in or a bearer token. "
        "Sign in and repeat; what you had typed is still in your browser.",
        headers={"WWW-Authenticate": 'Bearer realm="referral"'},
    )


def refuse_cross_site(request: Request) -> None:
    """A browser says where a request comes from: only our own pages may change anything.

    Fetch Metadata first, the Origin header where a browser does not send it.
    """
    if request.method not in _STATE_CHANGING:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if site in _SAME_SITE or (site is None and origin in (None, own)):
        return
    raise RefusedError(
        Refusal(
            403,
            "cross-site",
            "This came from another website",
            "Nothing was changed. Open the page here and send the form again.",
        )
    )


def csrf_of(secret: str) -> str:
    """The form token of a session: derived from its secret, so that nothing more is stored."""
    return hashlib.sha256(f"form token v1 {secret}".encode()).hexdigest()


@asynccontextmanager
async def _entered(request: Request, claim: Claim | None = None) -> AsyncIterator[_Entered]:
    installation = installation_of(request)
    secret, by_cookie = credential_of(request)
    if by_cookie:
        refuse_cross_site(request)
    async with installation.engine.connect() as connection, connection.begin():
        key = claim.key_hash if claim else None
        begun = (
            await connection.exec_driver_sql(
                "SELECT referral.begin_actor($1, $2), "
                "CASE WHEN $3::bytea IS NULL THEN NULL ELSE referral.claim_key($3) END, "
                "CASE WHEN $4 THEN referral.unread_notices() ELSE 0 END",
                (digest_of(secret), installation.clock(), key, by_cookie),
            )
        ).one()
        told, claimed, unread = tuple(begun)
        if told is None:
            raise RefusedError(not_signed_in())
        row = decoded(told)
        actor = Actor.from_row(row)
        await keep_up(connection, installation, actor.country, row["days"])
        yield _Entered(connection, actor, secret, decoded(claimed), unread)


def _call(
    request: Request,
    kind: type[S],
    entered: _Entered,
    stored: Mapping[str, Any] | None = None,
) -> Call[S]:
    connection, actor, secret = entered.connection, entered.actor, entered.secret
    installation = installation_of(request)
    session = kind(
        connection, installation.vault, installation.catalogue, correlation_id.get() or ""
    )
    csrf = csrf_of(secret)
    now = installation.clock()
    return Call(session, actor, now, installation, secret, stored, csrf, entered.unread)


async def _reading(request: Request) -> AsyncIterator[Call[ReadSession]]:
    async with _entered(request) as entered:
        yield _call(request, ReadSession, entered)


async def _witnessed(request: Request) -> AsyncIterator[Call[WitnessedRead]]:
    async with _entered(request) as entered:
        yield _call(request, WitnessedRead, entered)


async def _writing(request: Request) -> AsyncIterator[Call[WriteSession]]:
    async with _entered(request) as entered:
        yield _call(request, WriteSession, entered)


# For a door that lets somebody in by a session or otherwise, and so cannot declare this one.
entered_to_write = asynccontextmanager(_writing)


async def _acting(request: Request) -> AsyncIterator[Call[WriteSession]]:
    claim = await claim_of(request)
    async with _entered(request, claim) as entered:
        stored = stored_answer(entered.claimed, claim)
        call = _call(request, WriteSession, entered, stored)
        call.session.claim = claim
        yield call


async def claim_of(request: Request) -> Claim:
    """The Idempotency-Key header (draft 07: a quoted string) and what it is bound to."""
    return claim_for(key_of(request), request.method, request.url.path, await request.body())


def key_of(request: Request) -> str:
    """The Idempotency-Key a program sent. Raises when there is none."""
    given = request.headers.get("idempotency-key", "").strip().strip('"')
    if not given or len(given) > 200:  # noqa: PLR2004 - a UUID has 36
        raise RefusedError(errors.key_missing())
    return given


def claim_for(key: str, method: str, path: str, body: bytes) -> Claim:
    """Bind a key to one request; method and path belong to its scope."""
    scope = f"{method} {path}\n"
    return Claim(
        hashlib.sha256(f"{scope}{key}".encode()).digest(),
        hashlib.sha256(scope.encode() + body).digest(),
    )


async def claimed(call: Call[WriteSession], claim: Claim) -> Call[WriteSession]:
    """The call working on a key, with the answer this very request was given before."""
    found = await as_json(call.session.connection, "SELECT referral.claim_key($1)", claim.key_hash)
    stored = stored_answer(found, claim)
    call.session.claim = claim
    return replace(call, stored=stored)


def stored_answer(found: Mapping[str, Any], claim: Claim) -> Mapping[str, Any] | None:
    """The answer to be given again, or None when this key is new. Raises for misuse."""
    if found["state"] == "in-use":
        raise RefusedError(errors.key_in_use())
    if found["state"] == "free":
        return None
    if found["request_hash"] != claim.request_hash.hex():
        raise RefusedError(errors.key_reused())
    answer: Mapping[str, Any] = found["answer"]
    return answer


Reading = Annotated[Call[ReadSession], Depends(_reading, scope="function")]
Witnessed = Annotated[Call[WitnessedRead], Depends(_witnessed, scope="function")]
Writing = Annotated[Call[WriteSession], Depends(_writing, scope="function")]
Acting = Annotated[Call[WriteSession], Depends(_acting, scope="function")]


def needs_scope(call: Call[Any], scope: str) -> None:
    """A token may do only what it was issued for; sessions are bound by no scope."""
    if call.actor.scopes is None or scope in call.actor.scopes:
        return
    raise RefusedError(
        Refusal(
            403,
            "scope-missing",
            "This token was not issued for that",
            f"It lacks the scope “{scope}”. Ask your agency's administrator for another token.",
            {"needed_scope": scope},
        )
    )
