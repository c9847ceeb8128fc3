"""The token endpoint for agencies' own systems: OAuth 2.0 client credentials, nothing else.

1. A client proves itself by its secret (HTTP Basic) or by its signature (``private_key_jwt``).
2. What it is given is opaque, good for an hour, bound to one membership and its scopes, and never
   counts as anybody's presence.
3. Errors are shaped as RFC 6749 section 5.2 says; whether a client exists shows in none of them.
4. What this file must never know: cases, members.

Sources: RFC 6749 sections 2.3.1, 4.4, 5; RFC 7523 section 2.2; RFC 6750.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_plus

from asgi_correlation_id import correlation_id
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from agencies import assertions
from agencies.assertions import Proof, proved
from agencies.signatures import NotBelievedError
from referral import members
from referral.edge.attempts import attempts_of
from referral.entry import Installation, installation_of
from referral.session import ReadSession

router = APIRouter(include_in_schema=False)  # described by RFC 6749, not by our own reference

PATH: Final = "/oauth/token"
SECONDS: Final = 3600
_LONGEST: Final = 20_000  # characters of a field; an assertion has some hundred
_WORDS: Final = {
    "invalid_request": "The form lacks something, or says something twice.",
    "invalid_client": "The client is not known, or has not proved itself.",
    "unsupported_grant_type": "Only client_credentials is given here.",
    "invalid_scope": "The client was not given this scope.",
    "slow_down": "Too many attempts: wait as Retry-After says.",
}


class WrongError(Exception):
    """The error to be named."""

    def __init__(self, name: str) -> None:
        """One of RFC 6749's."""
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a token: by whom, shown how, for what."""

    client_id: str
    secret: str | None
    assertion: str | None
    scopes: list[str]


@router.post(PATH)
async def token(request: Request) -> Response:
    """A token for an agency's system, for an hour."""
    installation, now = installation_of(request), installation_of(request).clock()
    by_header = "authorization" in request.headers
    address = request.client.host if request.client else "unknown"
    try:
        asked = await _asked(request)
        wait = attempts_of(request).begin(f"client {asked.client_id}", address, now)
        if wait is not None:
            answer = wrong("slow_down", 429)
            answer.headers["Retry-After"] = str(max(60, round(wait.total_seconds())))
            return answer
        given, scopes = await _issued(request, installation, asked, now)
    except WrongError as fault:
        return wrong(fault.name, by_header=by_header)
    attempts_of(request).succeed(f"client {asked.client_id}", address)
    told = {"access_token": given, "token_type": "Bearer", "expires_in": SECONDS}
    return _answer({**told, "scope": " ".join(sorted(scopes))}, 200)


def wrong(name: str, status: int | None = None, *, by_header: bool = False) -> JSONResponse:
    """An error as RFC 6749 shapes it."""
    code = status or (401 if name == "invalid_client" else 400)
    answer = _answer({"error": name, "error_description": _WORDS[name]}, code)
    if by_header and name == "invalid_client":
        answer.headers["WWW-Authenticate"] = 'Basic realm="referral", charset="UTF-8"'
    return answer


def _answer(told: dict[str, Any], status: int) -> JSONResponse:
    return JSONResponse(told, status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _asked(request: Request) -> Asked:
    fields = await _fields(request)
    basic = _basic(request.headers.get("authorization"))
    assertion = fields.get("client_assertion")
    if (basic is None) == (assertion is None):
        raise WrongError("invalid_client" if basic is None else "invalid_request")
    if fields.get("grant_type") != "client_credentials":
        raise WrongError("unsupported_grant_type" if "grant_type" in fields else "invalid_request")
    scopes = fields.get("scope", "").split()
    if basic is not None:
        return Asked(basic[0], basic[1], None, scopes)
    if fields.get("client_assertion_type") != assertions.KIND:
        raise WrongError("invalid_request")
    return Asked(assertions.claimed_by(assertion or ""), None, assertion, scopes)


async def _fields(request: Request) -> dict[str, str]:
    """Every field once, as text."""
    try:
        async with request.form(max_files=0, max_fields=20) as form:
            found = {name: str(value) for name, value in form.items()}
            several = len(form.multi_items()) != len(found)
    except (ValueError, UnicodeDecodeError):
        raise WrongError("invalid_request") from None
    if several or any(len(text) > _LONGEST or "\x00" in text for text in found.values()):
        raise WrongError("invalid_request")
    return found


def _basic(header: str | None) -> tuple[str, str] | None:
    """Client and secret; each was written as a form writes it before (RFC 6749 section 2.3.1)."""
    if header is None:
        return None
    scheme, _, rest = header.partition(" ")
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise WrongError("invalid_client") from None
    client, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon or "\x00" in text:
        raise WrongError("invalid_client")
    return unquote_plus(client), unquote_plus(secret)


async def _issued(
    request: Request, installation: Installation, asked: Asked, now: datetime
) -> tuple[str, frozenset[str]]:
    async with installation.engine.connect() as connection, connection.begin():
        session = ReadSession(
            connection, installation.vault, installation.catalogue, correlation_id.get() or ""
        )
        shown: str | Proof = asked.secret or ""
        if asked.assertion is not None:
            keys = await members.client_keys(session, asked.client_id, now)
            here = _audiences(request, installation)
            try:
                shown = proved(asked.assertion, asked.client_id, keys, here, now)
            except NotBelievedError:
                raise WrongError("invalid_client") from None
        found = await members.issue_token(session, asked.client_id, shown, asked.scopes, now=now)
    if isinstance(found, str):
        raise WrongError(found)
    return found[0].text, found[1]


def _audiences(request: Request, installation: Installation) -> set[str]:
    """What a client may call us: where browsers find us, or this very address of it."""
    site = installation.settings.site
    if site is None:
        site = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return {site, f"{site}{PATH}"}
