"""Asking others over HTTP without being led about: whom we may ask, and how much we listen to.

1. The host that was set by the operator, at its own scheme and port; any other only over TLS and
   only where every address of its name is a public one.
2. No redirect is followed, no proxy of the environment is used, no more is read than the limit.
3. What this file must never know: what is asked for.

Residual: a name may be resolved otherwise a moment later; then the certificate must still be right.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx2

_LONGEST: Final = 262_144  # bytes of one answer
_PORTS: Final = {"https": 443, "http": 80}
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates count; made once, for it takes longer than a request."""
    return httpx2.create_ssl_context(trust_env=False)


class RefusedAddressError(Exception):
    """An address we do not open."""


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
    try:
        parts = urlsplit(address)
        own = same_origin(address, issuer)
    except ValueError:
        raise RefusedAddressError("no address") from None
    if own and acceptable_issuer(issuer) and not parts.username:
        return
    if parts.scheme != "https" or not parts.hostname or parts.username:
        raise RefusedAddressError("not over TLS")
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        parts.hostname, parts.port or _PORTS["https"], type=socket.SOCK_STREAM
    )
    if not found or not all(ip_address(entry[4][0]).is_global for entry in found):
        raise RefusedAddressError("not a public address")


class Guarded(httpx2.AsyncBaseTransport):
    """A transport that opens only what is allowed and reads only so much of it."""

    def __init__(self, issuer: str) -> None:
        """Every request of a client of ours passes here."""
        self._issuer = issuer
        self._inner = httpx2.AsyncHTTPTransport(verify=_trusted(), trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One answer, whole; an answer that is packed or too long is none."""
        await allowed(str(request.url), self._issuer)
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        try:
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise RefusedAddressError("a packed answer")
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > _LONGEST:
                    raise RefusedAddressError("too long an answer")
        finally:
            await answer.aclose()
        return httpx2.Response(
            answer.status_code, headers=answer.headers, content=bytes(body), request=request
        )

    async def aclose(self) -> None:
        """Nothing stays open."""
        await self._inner.aclose()
