"""The outer wall: what happens to every request before a room sees it, and to every answer after.

Plain ASGI on purpose: the framework's own middleware class runs everything in a cancel scope of
its own and breaks context variables (security.md 3.4). Nothing here knows what is asked.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from asgi_correlation_id import CorrelationIdMiddleware
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from referral.edge.answering import Answering, busy, problem, unforeseen
from referral.edge.files import SANDBOX, FileSent, file_in, handed_out, identifier
from referral.edge.limits import Bodies, Turnstile
from referral.edge.outside import Outside
from referral.edge.watching import PUBLISHED, STATIC, LastResort, Metrics, Watched
from referral.settings import LOOPBACK, Settings

__all__ = [
    "CONTENT_SECURITY",
    "PUBLIC",
    "SECURITY",
    "STRICT_TRANSPORT",
    "Answering",
    "Bodies",
    "FileSent",
    "LastResort",
    "Metrics",
    "Outside",
    "Turnstile",
    "busy",
    "file_in",
    "handed_out",
    "identifier",
    "problem",
    "unforeseen",
    "wall",
]

WAITING_PER_CONNECTION: Final = 8  # a place waits a few times an act's 10 ms, never the pool's 5 s

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
FILING: Final = ("/api/v1/cases", "/cases", "/cases/draft")  # up to a thousand persons at once
FILES: Final = "*/attachments"
# What the log says to everybody: of nobody, so its rooms may say how long it may be kept.
PUBLIC: Final = (
    *("/audit/checkpoint", "/audit/proof/", "/audit/keys", "/audit/verifier.py"),
    "/audit/cosignatures",
)
STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"


def wall(settings: Settings, metrics: Metrics, answered: Answering) -> list[Middleware]:
    """Everything between the socket and the routes, outermost first.

    ``answered`` gives a refusal the form of its door: a problem, or a page.
    """
    places = settings.pool_size * WAITING_PER_CONNECTION
    return [
        Middleware(CorrelationIdMiddleware, header_name="X-Request-ID"),
        Middleware(Watched, metrics=metrics),
        Middleware(Guarded, by_tls=settings.by_tls),
        *_outside(settings, answered),
        Middleware(LastResort, answered=answered),
        Middleware(
            Bodies,
            limit=settings.body_limit,
            answered=answered,
            larger={
                **{path: max(settings.filing_limit, settings.body_limit) for path in FILING},
                FILES: settings.attachment_limit + settings.body_limit,
            },
        ),
        Middleware(Turnstile, places=places, metrics=metrics, answered=answered),
    ]


def _outside(settings: Settings, answered: Answering) -> list[Middleware]:
    """Where others than this machine can call, what comes in the clear stays outside."""
    return [] if settings.host in LOOPBACK else [Middleware(Outside, answered=answered)]


class Guarded:
    """Puts the security headers on every answer, and keeps answers out of caches."""

    def __init__(self, app: ASGIApp, *, by_tls: bool) -> None:
        """Where browsers come by TLS they are also told never to come without again."""
        self.app = app
        self.headers = dict(SECURITY)
        if by_tls:
            self.headers["Strict-Transport-Security"] = STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and dress the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                sandboxed = headers.get("Content-Security-Policy") == SANDBOX
                headers.update(self.headers)
                if sandboxed:
                    headers["Content-Security-Policy"] = f"{CONTENT_SECURITY}; {SANDBOX}"
                lasting = scope["path"].startswith(PUBLIC) and "Cache-Control" in headers
                lasting = lasting or _public(scope, message)
                if not (lasting or scope["path"].startswith(STATIC)):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, dressing)


def _public(scope: Scope, message: Message) -> bool:
    return bool(scope["path"].startswith(PUBLISHED) and message["status"] == HTTPStatus.OK)
