"""Limits before anybody works: how large a body, how long it may take, how many at once.

Bodies are read here, so that no slow sender ever holds a connection to the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from referral.edge.answering import Answering, busy, too_large, too_slow
from referral.edge.watching import LASTING, UNGUARDED, Metrics

BODY_SECONDS: Final = 20.0
THROWN_AWAY: Final = 64_000_000  # bytes read of what is too large, so that its sender hears why


class _GoneError(Exception):
    """Whoever was sending has hung up."""


class Bodies:
    """Reads a body whole, up to a limit in bytes and seconds, before anybody works on it."""

    def __init__(
        self,
        app: ASGIApp,
        answered: Answering,
        limit: int,
        seconds: float = BODY_SECONDS,
        larger: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Refuse what is larger than ``limit`` bytes or takes longer than ``seconds``.

        ``larger``: path -> limit, where more than one thing at a time comes in; a path that begins
        with ``*`` is the end of one.
        """
        self.app, self.answered, self.limit, self.seconds = app, answered, limit, seconds
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the app a body that is complete."""
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds):
                limit = self._limit(scope["path"])
                body = await self._read(scope, receive, limit)
        except _GoneError:
            return  # half a request is none: it must never be acted upon
        except TimeoutError:
            await self.answered(Request(scope), too_slow(self.seconds))(scope, receive, send)
            return
        if body is None:
            await self.answered(Request(scope), too_large(limit))(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)

    def _limit(self, path: str) -> int:
        """In bytes."""
        fits = [limit for end, limit in self.larger.items() if path == end or _ends(path, end)]
        return max(fits, default=self.limit)

    async def _read(self, scope: Scope, receive: Receive, limit: int) -> bytes | None:
        """The body; None when it is too large, whether it was declared or comes in pieces.

        What is too large is read on and thrown away: a connection closed on a sender who is still
        sending loses the answer.
        """
        large = _declared(scope) > limit
        if large and "100-continue" in Headers(scope=scope).get("expect", "").lower():
            return None  # it is waiting to be asked for the rest
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if large or size > limit:
                large = True
                parts.clear()
            if not message.get("more_body", False) or size > THROWN_AWAY:
                return None if large else b"".join(parts)


def _ends(path: str, end: str) -> bool:
    return end.startswith("*") and path.endswith(end[1:])


def _declared(scope: Scope) -> int:
    """The declared length in bytes; more than any limit when it is no number."""
    declared = Headers(scope=scope).get("content-length", "0")
    return int(declared) if declared.isdecimal() and len(declared) < 16 else THROWN_AWAY  # noqa: PLR2004


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


def _replayed(body: bytes, receive: Receive) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    given = False

    async def replay() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class Turnstile:
    """Lets in only as many as the connections can serve soon; whoever is turned away may come back.

    A queue that grows makes everybody late; a 503 with Retry-After makes a few come again.
    """

    def __init__(self, app: ASGIApp, answered: Answering, places: int, metrics: Metrics) -> None:
        """Let in at most ``places`` at once."""
        self.app, self.answered, self.places, self.metrics = app, answered, places, metrics
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a place, or be asked to come back; health checks and who only waits need none."""
        if scope["type"] != "http" or scope["path"] in {*UNGUARDED, LASTING}:
            await self.app(scope, receive, send)
            return
        if self.inside >= self.places:
            await self.answered(Request(scope), busy())(scope, receive, send)
            return
        self.inside += 1
        self.metrics.inside.set(self.inside)
        try:
            await self.app(scope, receive, send)
        finally:
            self.inside -= 1
            self.metrics.inside.set(self.inside)
