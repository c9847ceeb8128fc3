"""Sending to an address that somebody else has typed: where we go, and how long we stay.

1. TLS to a host, at a port, that the operator has listed; never to an address in numbers. What the
   name stands for must be public, and is what is opened (``agencies.reaching``).
2. For training alone, and only where the operator says so, this very machine counts too.
3. No redirect is followed. Of an answer its status is looked at, and nothing else is read.
4. What this file must never know: what is sent, and for whom.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

import httpx2

from agencies import hosts
from agencies.reaching import (
    Pinned,
    RefusedAddressError,
    Resolve,
    checked,
    is_loopback,
    is_public,
    resolved,
)

SECONDS: Final = 15.0  # for everything: name, connection, TLS, sending, status
_LOOK: Final = 5.0  # seconds for a name, while somebody waits
LONGEST: Final = 500  # characters of an address
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PRINTED: Final = re.compile(r"[!-~]+")
_LONGEST_WAIT: Final = timedelta(days=1)


class Came(StrEnum):
    """What became of one attempt; a word of ours, never of the other side."""

    TAKEN = "taken"
    REDIRECTED = "redirected"
    GONE = "gone"
    DECLINED = "declined"  # 4xx
    BUSY = "busy"  # 429, 503
    FAULTY = "faulty"  # 5xx
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "certificate_refused"
    UNREADABLE = "unreadable"  # no HTTP
    NOT_ALLOWED = "address_refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """``wait``: how long the other side asks to be left alone."""

    came: Came
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where this installation may go: hosts with their ports, and perhaps this machine.

    ``seconds``: for one sending, with all that belongs to it. ``trusted``: whose certificates
    count, where not the usual ones.
    """

    hosts: frozenset[tuple[str, int]]
    loopback: bool = False
    seconds: float = SECONDS
    resolve: Resolve = field(default=resolved, repr=False)
    trusted: ssl.SSLContext | None = field(default=None, repr=False)


class UnfitAddressError(Exception):
    """An address we do not send to; the text says why, and what to do."""


def fit(address: str, reach: Reach) -> httpx2.URL:
    """The address, read once: what was looked at is what is used. Raises UnfitAddressError."""
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError):
        url = None
    if url is None or not url.host or not _PRINTED.fullmatch(address) or len(address) > LONGEST:
        raise UnfitAddressError(
            f"Write one address, such as https://cases.example.org/hooks, of at most {LONGEST} "
            "characters. Write a name in other letters in its xn-- form."
        )
    if url.userinfo or url.fragment:
        raise UnfitAddressError("Leave out user name, password and what follows #.")
    if reach.loopback and url.host in _LOCAL and url.scheme in {"http", "https"}:
        return url
    if url.scheme != "https":
        raise UnfitAddressError("Begin with https://: else others can read what is sent.")
    if not hosts.NAME.fullmatch(url.host):
        raise UnfitAddressError("Give the host's name, in full; not its number.")
    port = url.port or hosts.TLS
    if (url.host, port) not in reach.hosts:
        raise UnfitAddressError(
            f"{url.host} (port {port}) is not among the hosts this service may send to. Ask its "
            "operator to add it: referral webhooks allow."
        )
    return url


async def found(url: httpx2.URL, reach: Reach) -> tuple[str, ...]:
    """The addresses of a fit address's host. Raises RefusedAddressError, OSError."""
    here = reach.loopback and url.host in _LOCAL
    port = url.port or (hosts.TLS if url.scheme == "https" else 80)
    return await checked(url.host, port, is_loopback if here else is_public, reach.resolve)


async def look(address: str, reach: Reach) -> None:
    """Whether an address may be kept at all. Raises UnfitAddressError."""
    url = fit(address, reach)
    try:
        async with asyncio.timeout(_LOOK):
            await found(url, reach)
    except RefusedAddressError:
        raise UnfitAddressError(
            f"{url.host} leads into a private network, or to this machine: such a place is not "
            "sent to. Give a host that is reached from outside."
        ) from None
    except OSError:  # TimeoutError is one
        raise UnfitAddressError(
            f"The name {url.host} is not known. Correct it, or try again once it is."
        ) from None


async def send(address: str, headers: Mapping[str, str], body: bytes, reach: Reach) -> Answer:
    """One POST, and what became of it. Whatever the other side does, it ends in time."""

    async def find(url: httpx2.URL) -> tuple[str, ...]:
        return await found(url, reach)

    try:
        url = fit(address, reach)
        async with asyncio.timeout(reach.seconds), Pinned(find, 0, reach.trusted) as transport:
            told = await transport.handle_async_request(
                httpx2.Request("POST", url, headers=headers, content=body)
            )
    except (UnfitAddressError, RefusedAddressError):
        return Answer(Came.NOT_ALLOWED)
    except (TimeoutError, httpx2.TimeoutException):
        return Answer(Came.TIMED_OUT)
    except httpx2.ConnectError as fault:
        return Answer(Came.UNTRUSTED if _by_certificate(fault) else Came.UNREACHABLE)
    except (OSError, httpx2.NetworkError):
        return Answer(Came.UNREACHABLE)
    except httpx2.HTTPError:
        return Answer(Came.UNREADABLE)
    return Answer(_meant(told.status_code), _asked(told))


def _by_certificate(fault: BaseException | None) -> bool:
    while fault is not None:
        if isinstance(fault, ssl.SSLError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def _meant(status: int) -> Came:
    if status in {410, 429, 503}:
        return Came.GONE if status == httpx2.codes.GONE else Came.BUSY
    hundreds = {2: Came.TAKEN, 3: Came.REDIRECTED, 4: Came.DECLINED, 5: Came.FAULTY}
    return hundreds.get(status // 100, Came.UNREADABLE)


def _asked(told: httpx2.Response) -> timedelta | None:
    """What ``Retry-After`` says in seconds; a day at most."""
    seconds = told.headers.get("retry-after", "")
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 10):  # noqa: PLR2004
        return None
    return min(timedelta(seconds=int(seconds)), _LONGEST_WAIT)
