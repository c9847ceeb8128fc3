"""A client's own signed proof of who it is, for the token endpoint (``private_key_jwt``).

It names itself twice (issuer and subject), us as its only audience, and an end within ten minutes;
its ``jti`` is good once, which the storage behind it sees to.

Sources: RFC 7523 sections 2.2 and 3, OpenID Connect Core 1.0 section 9.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc.jwt import JWTClaimsRegistry

from agencies.identity import digest_of
from agencies.signatures import LEEWAY, NONSENSE, NotBelievedError, opened

LONGEST_LIFE: Final = timedelta(minutes=10)
KIND: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof as it is remembered: SHA-256 of its id, and how long it must be."""

    digest: bytes
    until: datetime


def proved(
    assertion: str,
    client_id: str,
    keys: Sequence[Mapping[str, Any]],
    audiences: Collection[str],
    at: datetime,
) -> Proof:
    """The proof, rightly signed by this client for us. Raises NotBelievedError otherwise."""
    claims = opened(assertion, keys).claims
    registry = JWTClaimsRegistry(
        int(at.timestamp()),
        LEEWAY,
        iss={"essential": True, "value": client_id},
        sub={"essential": True, "value": client_id},
        aud={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
        until = datetime.fromtimestamp(claims["exp"], UTC)
    except NONSENSE as fault:
        raise NotBelievedError(type(fault).__name__) from None
    audience = claims["aud"][0] if _single(claims["aud"]) else claims["aud"]
    if not isinstance(audience, str) or audience not in audiences:
        raise NotBelievedError("audience")
    if until > at + LONGEST_LIFE + timedelta(seconds=LEEWAY):
        raise NotBelievedError("life")
    if len(claims["jti"]) > _LONGEST:
        raise NotBelievedError("jti")
    return Proof(digest_of(claims["jti"]), until + timedelta(seconds=LEEWAY))


def claimed_by(assertion: str) -> str:
    """Whose proof this says it is: for finding the keys, and believed only after them."""
    try:
        first = assertion.split(".")[1].encode("ascii")
        claims = json.loads(urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
        return str(claims["sub"])[:_LONGEST].replace("\x00", "")
    except (*NONSENSE, IndexError):
        return ""


def _single(audience: object) -> bool:
    return isinstance(audience, list) and len(audience) == 1
