"""Asking identity providers over HTTP: whom we may ask, and how much we listen to.

1. The host that was set by the operator, at its own scheme and port; any other only over TLS and
   only where every address of its name is a public one.
2. How a connection is held to what was checked stands in ``reaching``.
3. What this file must never know: what is asked for.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx2

from agencies.reaching import Pinned, RefusedAddressError, Resolve, checked, resolved

__all__ = ["Guarded", "RefusedAddressError", "acceptable_issuer", "allowed", "same_origin"]

_LONGEST: Final = 262_144  # bytes of one answer
_PORTS: Final = {"https": 443, "http": 80}
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def acceptable_issuer(issuer: str) -> bool:
    """Whether this can be a provider's name: TLS, but for one on this very machine."""
    parts = urlsplit(issuer)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    return bool(secure and parts.hostname and not (parts.query or parts.fragment or parts.username))


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


async def allowed(address: str, issuer: str) -> None:
    """Nothing, or RefusedAddressError: inside networks we ask nobody but the issuer itself."""
    parts, own = _split(address, issuer)
    if not own:
        await checked(parts.hostname or "", parts.port or _PORTS["https"])


def _split(address: str, issuer: str) -> tuple[SplitResult, bool]:
    """An address in its parts, and whether it is the issuer's own. Raises RefusedAddressError."""
    try:
        parts = urlsplit(address)
        own = same_origin(address, issuer)
    except ValueError:
        raise RefusedAddressError("no address") from None
    if own and acceptable_issuer(issuer) and not parts.username:
        return parts, True
    if parts.scheme != "https" or not parts.hostname or parts.username:
        raise RefusedAddressError("not over TLS")
    return parts, False


class Guarded(Pinned):
    """A transport that opens only what is allowed for this issuer."""

    def __init__(self, issuer: str, resolve: Resolve = resolved) -> None:
        """Every request of a client of ours passes here."""
        super().__init__(self._addresses, _LONGEST)
        self._issuer, self._resolve = issuer, resolve

    async def _addresses(self, url: httpx2.URL) -> tuple[str, ...]:
        parts, own = _split(str(url), self._issuer)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        if own:
            return await checked(host, port, lambda _: True, self._resolve)
        return await checked(host, port, resolve=self._resolve)
