"""Signed tokens of others, opened with keys that are known beforehand and with no other.

1. The key is chosen here, from the signer's own published keys; nothing a token brings along
   (``jwk``, ``jku``, ``x5u`` and the like) is looked at, and a token that brings any is refused.
2. Three algorithms, each with its kind of key; ``crit`` is refused whatever it names.
3. What this file must never know: what a token claims, networks, storage.

Sources: RFC 7515 section 4.1, RFC 8725.
"""

from __future__ import annotations

import json
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from joserfc import jwk, jwt
from joserfc.errors import JoseError

LONGEST: Final = 16_000  # characters; real ones have one or two thousand
KINDS: Final = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
LEEWAY: Final = 60  # seconds two clocks may differ
# What a library may say of nonsense; each means the same: no.
NONSENSE: Final = (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError)
_REFUSED: Final = frozenset({"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"})
_PUBLIC: Final = frozenset({"kty", "crv", "n", "e", "x", "y"})
_SHORTEST_RSA: Final = 340  # characters of a modulus of 2,048 bits
_PARTS: Final = 3
_MOST_KEYS: Final = 50


class NotBelievedError(Exception):
    """A token is not what it must be; ``code`` says in one word why."""

    def __init__(self, code: str) -> None:
        """Nothing of the token itself is kept."""
        super().__init__(code)
        self.code = code


class UnknownKeyError(NotBelievedError):
    """No published key fits: the provider may have changed its keys since they were read."""


def opened(token: object, keys: Sequence[Mapping[str, Any]]) -> jwt.Token:
    """Header and claims of a rightly signed token. Raises NotBelievedError for every other."""
    if not isinstance(token, str) or len(token) > LONGEST:
        raise NotBelievedError("size")
    header = _header(token)
    algorithm = header["alg"]
    key = _key(keys, algorithm, header.get("kid"))
    try:
        with warnings.catch_warnings():  # of EdDSA's younger name (RFC 9864)
            warnings.simplefilter("ignore")
            return jwt.decode(token, jwk.import_key(dict(key)), algorithms=[algorithm])
    except NONSENSE as fault:
        raise NotBelievedError(type(fault).__name__) from None


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
