"""What an identity provider says of somebody, believed only if all of it is right.

1. The key is chosen here, from the provider's own published keys; nothing a token brings along
   (``jwk``, ``jku``, ``x5u`` and the like) is looked at, and a token that brings any is refused.
2. Three algorithms, each with its kind of key; ``crit`` is refused whatever it names.
3. Issuer, audience and nonce are equal or wrong; times are compared with the moment handed in.
4. What this file must never know: networks, storage, who is who here.

Sources: OpenID Connect Core 1.0 section 3.1.3.7, RFC 7515 section 4.1, RFC 8725.
"""

from __future__ import annotations

import json
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from agencies.identity import STEP_UP_AGE

LONGEST: Final = 16_000  # characters; real ones have one or two thousand
KINDS: Final = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
LEEWAY: Final = 60  # seconds two clocks may differ
_REFUSED: Final = frozenset({"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"})
_SHORTEST_RSA: Final = 340  # characters of a modulus of 2,048 bits
_PARTS: Final = 3
_MOST_KEYS: Final = 50
_LONGEST_SUBJECT: Final = 255  # OpenID Connect Core, section 2


class NotBelievedError(Exception):
    """A token is not what it must be; ``code`` says in one word why."""

    def __init__(self, code: str) -> None:
        """Nothing of the token itself is kept."""
        super().__init__(code)
        self.code = code


class UnknownKeyError(NotBelievedError):
    """No published key fits: the provider may have changed its keys since they were read."""


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
    if not isinstance(token, str) or len(token) > LONGEST:
        raise NotBelievedError("size")
    header = _header(token)
    algorithm = header["alg"]
    key = _key(keys, algorithm, header.get("kid"))
    try:
        with warnings.catch_warnings():  # of EdDSA's younger name (RFC 9864)
            warnings.simplefilter("ignore")
            found = jwt.decode(token, jwk.import_key(dict(key)), algorithms=[algorithm])
        claims = _claims(found.claims, found.header, expected, access_token)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as fault:
        raise NotBelievedError(type(fault).__name__) from None
    return _told(claims, expected)


def _header(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        first = parts[0].encode("ascii")
        header = json.loads(urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
    except (ValueError, RecursionError):
        raise NotBelievedError("unreadable") from None
    if len(parts) != _PARTS or not isinstance(header, dict):
        raise NotBelievedError("unreadable")
    if header.keys() & _REFUSED:
        raise NotBelievedError("header")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in KINDS:
        raise NotBelievedError("algorithm")
    if kid is not None and not isinstance(kid, str):
        raise NotBelievedError("header")
    return header


def _key(keys: Sequence[Mapping[str, Any]], algorithm: str, kid: str | None) -> Mapping[str, Any]:
    """The one published key this token can have been signed with; two would be one too many."""
    kind, curve = KINDS[algorithm]
    fitting = [
        key
        for key in list(keys)[:_MOST_KEYS]
        if (key.get("kty"), key.get("crv")) == (kind, curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
        and (kind != "RSA" or len(str(key.get("n", ""))) >= _SHORTEST_RSA)
    ]
    if len(fitting) != 1:
        raise UnknownKeyError("key")
    return {name: value for name, value in fitting[0].items() if name in _PUBLIC}


_PUBLIC: Final = frozenset({"kty", "crv", "n", "e", "x", "y"})


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
