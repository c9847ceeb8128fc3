"""How a refusal met at the wall is answered: as its door speaks, a problem or a page."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from asgi_correlation_id import correlation_id
from starlette.requests import Request
from starlette.responses import Response

from referral.errors import Refusal

Answering = Callable[[Request, Refusal], Response]


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
