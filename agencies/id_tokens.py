"""What an identity provider says of somebody, believed only if all of it is right.

1. The signature comes first (``agencies.signatures``), by one of the provider's published keys.
2. Issuer, audience and nonce are equal or wrong; times are compared with the moment handed in.
3. What this file must never know: networks, storage, who is who here.

Source: OpenID Connect Core 1.0 section 3.1.3.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from authlib.oidc.core import CodeIDToken

from agencies.identity import STEP_UP_AGE
from agencies.signatures import LEEWAY, NONSENSE, NotBelievedError, opened

_LONGEST_SUBJECT: Final = 255  # OpenID Connect Core, section 2


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer to one question must be; ``fresh``: proved less than 15 minutes before."""

    issuer: str
    client_id: str
    nonce: str
    at: datetime
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody, as her provider knows her. ``proved_at`` None: it does not say when."""

    subject: str
    proved_at: datetime | None
    said: frozenset[str]  # "acr=…" and "amr=…"


def believed(
    token: object,
    keys: Sequence[Mapping[str, Any]],
    expected: Expected,
    access_token: str | None = None,
) -> Told:
    """What the token says. Raises NotBelievedError for every other one."""
    found = opened(token, keys)
    try:
        claims = _claims(found.claims, found.header, expected, access_token)
    except NONSENSE as fault:
        raise NotBelievedError(type(fault).__name__) from None
    return _told(claims, expected)


def _claims(
    found: dict[str, Any], header: dict[str, Any], expected: Expected, access_token: str | None
) -> CodeIDToken:
    claims = CodeIDToken(
        found,
        header,
        options={
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
            "nonce": {"essential": True, "value": expected.nonce},
        },
        params={
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": access_token,
            "max_age": int(STEP_UP_AGE.total_seconds()) if expected.fresh else None,
        },
    )
    claims.validate(now=int(expected.at.timestamp()), leeway=LEEWAY)
    return claims


def _told(claims: CodeIDToken, expected: Expected) -> Told:
    subject = claims["sub"]
    if not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise NotBelievedError("subject")
    proved_at = _proved(claims.get("auth_time"), expected.at)
    if expected.fresh and (proved_at is None or proved_at <= expected.at - STEP_UP_AGE):
        raise NotBelievedError("stale")
    methods = claims.get("amr") or []
    said = {f"amr={method}" for method in methods if isinstance(method, str)}
    if isinstance(claims.get("acr"), str):
        said.add(f"acr={claims['acr']}")
    return Told(subject, proved_at, frozenset(said))


def _proved(told: object, at: datetime) -> datetime | None:
    """When she last proved who she is; a moment that is still to come is refused."""
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, int):
        raise NotBelievedError("auth_time")
    try:
        moment = datetime.fromtimestamp(told, UTC)
    except (OverflowError, OSError, ValueError):
        raise NotBelievedError("auth_time") from None
    if moment > at + timedelta(seconds=LEEWAY):
        raise NotBelievedError("auth_time")
    return moment
