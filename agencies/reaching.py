"""Opening what a name stands for without being led about: what was checked is what is opened.

1. A name is resolved once, and every address it has must be allowed; the connection then goes to
   one of those very addresses. Certificate and ``Host`` stay the name's, so nothing can be put
   between the check and the connection by resolving the name otherwise a moment later.
2. No redirect is followed, no proxy of the environment is used, no more is read than was said.
3. What this file must never know: who is asked, and for what.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx2

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]
Find = Callable[[httpx2.URL], Awaitable[tuple[str, ...]]]

_UNICAST: Final = IPv6Network("2000::/3")  # what of IPv6 is assigned to the public internet at all
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are IPv4
_ONE_EACH: Final = httpx2.Limits(max_keepalive_connections=0)


class RefusedAddressError(Exception):
    """An address we do not open."""


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates count; made once, for it takes longer than a request."""
    return httpx2.create_ssl_context(trust_env=False)


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, whatever it is wrapped in.

    Raises ValueError for what is no address.
    """
    address: Address = ip_address(text)
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(str(inner))
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that would be reached in the end, where IPv6 only carries one."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def is_loopback(text: str) -> bool:
    """Whether an address is this very machine."""
    return ip_address(text).is_loopback


async def resolved(host: str, port: int) -> tuple[str, ...]:
    """Every address of a name, as the system has it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked(
    host: str, port: int, allow: Callable[[str], bool] = is_public, resolve: Resolve = resolved
) -> tuple[str, ...]:
    """The addresses of a name, each allowed. Raises RefusedAddressError, and OSError: no such name.

    One that is not allowed is enough: who controls the name chooses which is taken.
    """
    try:
        found = await resolve(host, port)
        if found and all(allow(one) for one in found):
            return found
    except ValueError:  # no name, no address
        pass
    raise RefusedAddressError("not a public address")


class Pinned(httpx2.AsyncBaseTransport):
    """A transport that opens only addresses that ``find`` has found, and reads only so much.

    ``longest`` bytes of an answer; 0: its status is all that is looked at. A connection serves one
    request: another name at the same address would otherwise come in on this one's certificate.
    """

    def __init__(self, find: Find, longest: int, verify: ssl.SSLContext | None = None) -> None:
        """Every request of a client of ours passes here."""
        self._find, self._longest = find, longest
        self._inner = httpx2.AsyncHTTPTransport(
            verify=verify or trusted(), trust_env=False, limits=_ONE_EACH
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One answer, whole; an answer that is packed or too long is none."""
        addresses = await self._find(request.url)
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._first_of(request, addresses)
        try:
            body = await self._body(answer) if self._longest else b""
        finally:
            await answer.aclose()
        headers = answer.headers.copy()
        headers.pop("content-encoding", None)  # a body that was not read is not unpacked either
        return httpx2.Response(answer.status_code, headers=headers, content=body, request=request)

    async def _first_of(
        self, request: httpx2.Request, addresses: tuple[str, ...]
    ) -> httpx2.Response:
        *others, last = (_at(request, address) for address in addresses)
        for pinned in others:
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue  # nothing was sent yet
        return await self._inner.handle_async_request(last)

    async def _body(self, answer: httpx2.Response) -> bytes:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise RefusedAddressError("a packed answer")
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > self._longest:
                raise RefusedAddressError("too long an answer")
        return bytes(body)

    async def aclose(self) -> None:
        """Nothing stays open."""
        await self._inner.aclose()


def _at(request: httpx2.Request, address: str) -> httpx2.Request:
    """The same request to this address; the name stays in ``Host`` and in the certificate."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode()},
    )
