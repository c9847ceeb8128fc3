"""What is seen of requests: counts, times, one log line; no identities, no queries, no words."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from referral.edge.answering import Answering, unforeseen
from referral.logs import fault_of

_LOG = structlog.get_logger("referral.edge")

STATIC: Final = "/static/"
# What everybody may read says itself how long it may be kept, unless it is a refusal.
PUBLISHED: Final = ("/published/", "/api/v1/published/")
LASTING: Final = "/notices/stream"  # waits, and holds no connection: it has places of its own
UNGUARDED: Final = frozenset({"/health/live", "/health/ready", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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
