"""The conversation with an identity provider: its description, its keys, a code for a token.

1. Only the issuer's own host is asked, or a public one over TLS; nothing is followed elsewhere, and
   an address inside a network is never opened on a provider's word.
2. Every answer is bounded in size and time. A provider that is down keeps nobody else waiting.
3. State, nonce and verifier are made here and kept by the caller, bound to one browser.
4. What this file must never know: members, sessions, pages.

Sources: OpenID Connect Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (issuer in the answer), RFC 9700.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import httpx2
import orjson
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from agencies.fetching import Guarded, RefusedAddressError, allowed
from agencies.id_tokens import Expected, Told, believed
from agencies.identity import STEP_UP_AGE
from agencies.signatures import NotBelievedError, UnknownKeyError

_SECONDS: Final = 5.0  # one answer
_ALTOGETHER: Final = 10.0  # description, keys and token
_DESCRIBED: Final = timedelta(hours=1)
_KEYS: Final = timedelta(minutes=10)
_AGAIN: Final = timedelta(seconds=30)  # unknown keys are looked for once in this time
_FRESH: Final = str(int(STEP_UP_AGE.total_seconds()))
_STATED: Final = ("client_secret_basic", "client_secret_post")


class ProviderDownError(Exception):
    """It does not answer, or not as a provider does; nobody was let in."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One identity provider, as the operator has set it. ``agency_id`` None: the whole country."""

    id: UUID
    key: str
    name: str
    country: str
    agency_id: UUID | None
    issuer: str
    client_id: str
    secret_file: str
    two_factors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """What waits for an answer: kept with us, never in an address but for ``state``."""

    provider: str
    state: str
    nonce: str
    verifier: str
    onward: str
    fresh: bool

    @classmethod
    def new(cls, provider: str, onward: str, *, fresh: bool) -> Self:
        """256 random bits each; the verifier has 64 characters (RFC 7636 asks for 43 to 128)."""
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        return cls(provider, state, nonce, secrets.token_urlsafe(48), onward, fresh)

    def stored(self) -> bytes:
        """To be kept with the browser's ceremony."""
        return orjson.dumps(asdict(self))

    @classmethod
    def read(cls, stored: bytes) -> Self:
        """As it was kept."""
        return cls(**orjson.loads(stored))


@dataclass(slots=True)
class _Known:
    """What a provider has published: where things are, its keys, and when they were read."""

    described: dict[str, Any]
    described_at: datetime
    keys: list[dict[str, Any]] = field(default_factory=list)
    keys_at: datetime | None = None


@dataclass(slots=True)
class Conversations:
    """What this process knows of providers; everything in it is public."""

    known: dict[str, _Known] = field(default_factory=dict)

    async def address(self, provider: Provider, begun: Begun, redirect: str, now: datetime) -> str:
        """Where the browser is sent. Raises ProviderDownError."""
        async with _bounded(), _client(provider, redirect) as client:
            known = await self._described(client, provider, now)
            more = {"prompt": "login", "max_age": _FRESH} if begun.fresh else {}
            url, _ = client.create_authorization_url(
                known.described["authorization_endpoint"],
                state=begun.state,
                nonce=begun.nonce,
                code_verifier=begun.verifier,
                **more,
            )
        return str(url)

    async def told(
        self, provider: Provider, begun: Begun, code: str, redirect: str, now: datetime
    ) -> Told:
        """Whom the code is about. Raises ProviderDownError and NotBelievedError."""
        async with _bounded(), _client(provider, redirect) as client:
            known = await self._described(client, provider, now)
            methods = known.described.get("token_endpoint_auth_methods_supported")
            stated = methods if isinstance(methods, list) else []
            fitting = (method for method in _STATED if method in stated)
            client.token_endpoint_auth_method = next(fitting, _STATED[0])
            try:
                token = await client.fetch_token(
                    known.described["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                )
            except OAuthError:
                raise NotBelievedError("code") from None
            wanted = Expected(provider.issuer, provider.client_id, begun.nonce, now, begun.fresh)
            given, access = token.get("id_token"), token.get("access_token")
            try:
                return believed(given, await self._keys(client, known, now, _KEYS), wanted, access)
            except UnknownKeyError:
                return believed(given, await self._keys(client, known, now, _AGAIN), wanted, access)

    async def _described(
        self, client: AsyncOAuth2Client, provider: Provider, now: datetime
    ) -> _Known:
        known = self.known.get(provider.issuer)
        if known is not None and now - known.described_at < _DESCRIBED:
            return known
        place = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        described = await _json(client, place)
        if described.get("issuer") != provider.issuer:
            raise ProviderDownError("it calls itself by another name than was set")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            await allowed(str(described.get(name, "")), provider.issuer)
        known = self.known[provider.issuer] = _Known(described, now)
        return known

    async def _keys(
        self, client: AsyncOAuth2Client, known: _Known, now: datetime, age: timedelta
    ) -> list[dict[str, Any]]:
        if known.keys_at is None or now - known.keys_at >= age:
            published = (await _json(client, known.described["jwks_uri"])).get("keys")
            listed = published if isinstance(published, list) else []
            known.keys = [key for key in listed if isinstance(key, dict)]
            known.keys_at = now
        return known.keys

    def names_itself(self, provider: Provider) -> bool:
        """Whether it puts its issuer into every answer (RFC 9207)."""
        known = self.known.get(provider.issuer)
        name = "authorization_response_iss_parameter_supported"
        return known is not None and known.described.get(name) is True


@asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    """Whatever a provider does wrong is one thing: it is down."""
    try:
        async with asyncio.timeout(_ALTOGETHER):
            yield
    except (httpx2.HTTPError, httpx2.InvalidURL, RefusedAddressError, OSError) as fault:
        raise ProviderDownError(type(fault).__name__) from None
    except ValueError as fault:  # no JSON
        raise ProviderDownError(f"unreadable: {type(fault).__name__}") from None


@asynccontextmanager
async def _client(provider: Provider, redirect: str) -> AsyncIterator[AsyncOAuth2Client]:
    secret = await asyncio.to_thread(Path(provider.secret_file).read_text, "utf-8")
    async with AsyncOAuth2Client(
        client_id=provider.client_id,
        client_secret=secret.strip(),
        redirect_uri=redirect,
        scope="openid",
        code_challenge_method="S256",
        transport=Guarded(provider.issuer),
        timeout=_SECONDS,
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


async def _json(client: AsyncOAuth2Client, address: str) -> dict[str, Any]:
    answer = await client.request("GET", address, withhold_token=True)
    if answer.status_code != httpx2.codes.OK:
        raise ProviderDownError(f"it answers {answer.status_code}")
    found = answer.json()
    if not isinstance(found, dict):
        raise ProviderDownError("its answer is none of its kind")
    return found
