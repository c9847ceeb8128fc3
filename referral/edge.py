"""The outer wall: what happens to every request before a room sees it, and to every answer after.

Plain ASGI on purpose: the framework's own middleware class runs everything in a cancel scope of
its own and breaks context variables (security.md 3.4). Bodies are read here, with a limit and a
time, so that no slow sender ever holds a connection to the database. Nothing here knows what is
asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

import orjson
import structlog
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from referral.errors import Refusal
from referral.logs import fault_of
from referral.settings import Environment, Settings

_LOG = structlog.get_logger("referral.edge")

Answering = Callable[[Request, Refusal], Response]

STATIC: Final = "/static/"
UNGUARDED: Final = frozenset({"/health/live", "/health/ready", "/metrics"})
WAITING_PER_CONNECTION: Final = 8  # a place waits a few times an act's 10 ms, never the pool's 5 s
BODY_SECONDS: Final = 20.0
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# security.md 6.3. Nothing inline, nothing from elsewhere, nobody may frame us.
CONTENT_SECURITY: Final = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"),
        *("font-src 'self'", "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'"),
        *("base-uri 'none'", "require-trusted-types-for 'script'", "trusted-types referral"),
    )
)
SECURITY: Final = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"


@dataclass(frozen=True)
class Metrics:
    """Counts without identities: labels are methods, route templates and statuses."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    inside: Gauge = field(init=False)

    def __post_init__(self) -> None:
        """Register with this installation's own registry."""
        made = {
            "requests": Counter(
                "referral_requests",
                "Requests answered",
                ("method", "route", "status"),
                registry=self.registry,
            ),
            "seconds": Histogram(
                "referral_request_seconds",
                "Time to answer",
                ("method", "route"),
                registry=self.registry,
            ),
            "inside": Gauge(
                "referral_requests_inside", "Requests being worked on", registry=self.registry
            ),
        }
        for name, metric in made.items():
            object.__setattr__(self, name, metric)


def wall(settings: Settings, metrics: Metrics, answered: Answering) -> list[Middleware]:
    """Everything between the socket and the routes, outermost first.

    ``answered`` gives a refusal the form of its door: a problem, or a page.
    """
    places = settings.pool_size * WAITING_PER_CONNECTION
    return [
        Middleware(CorrelationIdMiddleware, header_name="X-Request-ID"),
        Middleware(Watched, metrics=metrics),
        Middleware(Guarded, production=settings.environment is Environment.PRODUCTION),
        Middleware(LastResort, answered=answered),
        Middleware(Bodies, limit=settings.body_limit, answered=answered),
        Middleware(Turnstile, places=places, metrics=metrics, answered=answered),
    ]


class Watched:
    """Counts, times and logs every answer, by route template: no identity, no query string."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Count with these metrics."""
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and look at the clock."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self._note(scope, status, perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_of(scope)
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(method, route).observe(seconds)
        if scope["path"] not in UNGUARDED:
            _LOG.info(
                "answered", method=method, route=route, status=status, seconds=round(seconds, 4)
            )


def route_of(scope: Scope) -> str:
    """The template of the route that answered, never the address as it was asked for."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return f"{STATIC}{{path}}" if scope["path"].startswith(STATIC) else "unmatched"


class Guarded:
    """Puts the security headers on every answer, and keeps answers out of caches."""

    def __init__(self, app: ASGIApp, *, production: bool) -> None:
        """In production a browser is also told never to come without TLS again."""
        self.app = app
        self.headers = dict(SECURITY)
        if production:
            self.headers["Strict-Transport-Security"] = STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and dress the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                if not scope["path"].startswith(STATIC):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, dressing)


class LastResort:
    """What nobody foresaw becomes a 500 without details; what happened is in the log, wordless."""

    def __init__(self, app: ASGIApp, answered: Answering) -> None:
        """Stand behind this app."""
        self.app, self.answered = app, answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and catch what falls."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def starting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, starting)
        except Exception as fault:
            _LOG.error("fault", route=route_of(scope), **fault_of(fault))
            if started:
                raise
            await self.answered(Request(scope), unforeseen())(scope, receive, send)


class _GoneError(Exception):
    """Whoever was sending has hung up."""


class Bodies:
    """Reads a body whole, up to a limit in bytes and seconds, before anybody works on it."""

    def __init__(
        self, app: ASGIApp, answered: Answering, limit: int, seconds: float = BODY_SECONDS
    ) -> None:
        """Refuse what is larger than ``limit`` bytes or takes longer than ``seconds``."""
        self.app, self.answered, self.limit, self.seconds = app, answered, limit, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the app a body that is complete."""
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds):
                body = await self._read(scope, receive)
        except _GoneError:
            return  # half a request is none: it must never be acted upon
        except TimeoutError:
            await self.answered(Request(scope), too_slow(self.seconds))(scope, receive, send)
            return
        if body is None:
            await self.answered(Request(scope), too_large(self.limit))(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None when it is too large, whether it was declared or comes in pieces."""
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self.limit:
            return None
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.limit:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)


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
        """Take a place, or be asked to come back; health checks need none."""
        if scope["type"] != "http" or scope["path"] in UNGUARDED:
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


def problem(request: Request | None, refusal: Refusal) -> Response:
    """A refusal as an RFC 9457 answer; ``instance`` is the address, without its query."""
    known = request is not None and request.scope.get("route") is not None
    instance = request.scope["path"] if request is not None and known else None
    return Response(
        orjson.dumps(refusal.problem(instance)),
        refusal.status,
        headers=dict(refusal.headers),
        media_type="application/problem+json",
    )


def busy(seconds: int = 1) -> Refusal:
    """Too many at once, or two acts in each other's way: the same request will do later."""
    return Refusal(
        503,
        "busy",
        "Too much is going on at this moment",
        "Nothing was changed. Repeat the same request, with the same Idempotency-Key, after the "
        "time in Retry-After; if somebody is in danger now, telephone.",
        headers={"Retry-After": str(seconds)},
    )


def too_large(limit: int) -> Refusal:
    """The body has more bytes than the installation accepts."""
    return Refusal(
        413,
        "too-large",
        "What you sent is too large",
        f"At most {limit:,} bytes are read and nothing was filed. Send less text at once: a case "
        "can be filed first and added to later.",
        {"limit": limit},
        {"Connection": "close"},
    )


def too_slow(seconds: float) -> Refusal:
    """The body did not come."""
    return Refusal(
        408,
        "too-slow",
        "Your request did not arrive completely",
        f"It took longer than {seconds:.0f} seconds; nothing was filed. Repeat it with the same "
        "Idempotency-Key when the connection is better.",
        headers={"Connection": "close"},
    )


def unforeseen() -> Refusal:
    """Our fault. No details: they are in the log under the request's id."""
    return Refusal(
        500,
        "unforeseen",
        "Something went wrong on our side",
        "Nothing was changed. Repeat the request with the same Idempotency-Key; if it happens "
        "again, give your administrator the request number: it leads to what happened.",
        {"request": correlation_id.get()},
    )
